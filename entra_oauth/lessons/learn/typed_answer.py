"""What a learner typed, before a chapter sees it: commands, and what cannot be an answer."""

from __future__ import annotations

import re

__all__ = ["COMMANDS", "LONGEST", "command_in", "refusal", "tidy"]

LONGEST = 8192
"""Characters; the longest right answer is an address with a code in it."""

COMMANDS = ("hint", "answer", "skip", "back", "quit")
_SHORT = {"h": "hint", "s": "skip", "q": "quit", "exit": "quit", "b": "back", "?": "help"}

_TOKEN = re.compile(r"eyJ[\w-]{10,}(?:\.[\w-]*)?")
_CODE = re.compile(r"(?:^|[?&])code=[^&\s]{20,}")


def command_in(text: str, *, letters: bool = True) -> str | None:
    """The command that a line is, if it is one. `letters`: whether one letter may be one."""
    word = text.strip().lower()
    if word in COMMANDS or word == "help":
        return word
    short = _SHORT.get(word)
    return short if short and (letters or len(word) > 1 or word == "?") else None


def tidy(text: str) -> str:
    """Without what surrounds a paste: line breaks at its ends, quotes around all of it."""
    text = text.strip()
    for mark in ("'", '"', "`"):
        if len(text) > 1 and text.startswith(mark) and text.endswith(mark):
            text = text[1:-1]
    return text


def refusal(text: str, *, takes_secrets: bool, blank_is_an_answer: bool) -> str | None:
    """Why this cannot be an answer to anything; None if it can. Repeats nothing of it."""
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
