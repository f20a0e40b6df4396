"""The line that a learner typed, before a chapter sees it: a command, an answer, or neither."""

from __future__ import annotations

import re

__all__ = ["COMMANDS", "LONGEST", "command_in", "place_of", "refusal", "tidy", "value_of"]

LONGEST = 8192
"""Characters; the longest right answer is an address with a code in it."""

COMMANDS = ("hint", "answer", "skip", "back", "quit")
_SHORT = {"h": "hint", "s": "skip", "q": "quit", "exit": "quit", "b": "back", "?": "help"}

# A challenge has 43 characters, any of which may be these: a token has a dot, or is longer.
_TOKEN = re.compile(r"(?<![\w-])eyJ(?:[\w-]{10,}\.|[\w-]{41})")
# A letter or a number alone, in brackets or with a sign after it, and then perhaps the words.
_CHOICE = re.compile(r"\(?(?P<mark>[a-f]|[1-6])(?:[).:]+(?: .*)?)?", re.ASCII)
_CODE = re.compile(r"(?:^|[?&])code=[^&\s]{20,}")


def command_in(text: str, *, letters: bool = True) -> str | None:
    """The command that a line is, if it is one. `letters`: whether one letter may be one."""
    word = text.strip().lower()
    if word in COMMANDS or word == "help":
        return word
    short = _SHORT.get(word)
    return short if short and (letters or len(word) > 1 or word == "?") else None


def place_of(text: str, options: tuple[str, ...]) -> int | None:
    """The option that is meant, from 0: by its letter, its number or its words; None for none."""
    given = " ".join(text.lower().split()).rstrip(".")
    for place, words in enumerate(options):
        if given == words.lower().rstrip("."):
            return place
    found = _CHOICE.fullmatch(given)
    if found is None:
        return None
    mark = found["mark"]
    place = int(mark) - 1 if mark.isdecimal() else "abcdef".index(mark)
    return place if 0 <= place < len(options) else None


def value_of(text: str, *names: str) -> str:
    """A value that was typed with its name before it (`"aud": "x",`), without the name."""
    for name in names:
        found = re.fullmatch(rf"[\"'{{\s]*{re.escape(name)}[\"']?\s*[:=]\s*(?P<value>.*)", text)
        if found is not None:
            return found["value"].strip(" \"',}")
    return text


def tidy(text: str) -> str:
    """Without what surrounds a paste: line breaks at its ends, quotes around all of it."""
    text = text.strip()
    for mark in ("'", '"', "`"):
        if len(text) > 1 and text.startswith(mark) and text.endswith(mark):
            text = text[1:-1]
    return text


def refusal(text: str, *, takes_secrets: bool, blank_is_an_answer: bool) -> str | None:
    """The reason why this can be no answer at all; None if it can. Repeats nothing of it."""
    if len(text) > LONGEST:
        return (
            f"That has more than {LONGEST:,} characters; the longest right answer is far shorter. "
            "Was something else in the clipboard? Nothing of it was kept. Type it again."
        )
    if not text.strip():
        return None if blank_is_an_answer else "Nothing was typed. If you are stuck, type hint."
    odd = next((c for c in text if not c.isprintable() and c not in "\r\n\t"), None)
    if odd is not None:
        return (
            f"There is a character in it that cannot be seen (U+{ord(odd):04X}), perhaps from a "
            "key such as an arrow. Type the line again without it."
        )
    if not takes_secrets and (_TOKEN.search(text) or _CODE.search(text)):
        return (
            "That looks like a token or a code, and none is wanted here. It was neither kept nor "
            "sent. If it is a real one, treat it as seen: sign out, and sign in again."
        )
    return None
