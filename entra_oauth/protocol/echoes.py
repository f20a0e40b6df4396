"""Secrets that an answer repeats, found in whatever spelling and hidden."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["hide", "spellings"]

_HIDDEN = "<hidden>"
_SHORTEST = 8
"""Characters of a secret that is hidden: a shorter one could be a part of an ordinary word."""
_LONG = 16
"""Letters and digits of a secret of which parts are hidden too. Of a shorter one, such as a
password, parts could be ordinary words."""
_PART = 12
"""Letters and digits in a row that are such a part."""


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, should an authority repeat one. Entra does not.

    Of a long one no twelve letters and digits in a row are left either: backwards, in other case,
    or taken apart by blanks or whatever else is no letter and no digit. What an authority makes of
    it by a code of its own is not found.
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) < _SHORTEST:
            continue
        data = secret.encode("utf-8", "surrogatepass")
        forms = (secret, *(spelt.decode("ascii") for spelt in spellings(data)))
        for each in forms:
            text = text.replace(each, _HIDDEN)
        text = _without_parts(text, forms)
    return text


def _without_parts(text: str, forms: tuple[str, ...]) -> str:
    if len(_letters(forms[0])) < _LONG:
        return text
    both_ways = [way for form in map(_letters, forms) for way in (form, form[::-1])]
    parts = {form[at : at + _PART] for form in both_ways for at in range(len(form) - _PART + 1)}
    places = [at for at, letter in enumerate(text) if letter.isascii() and letter.isalnum()]
    letters = _letters(text)
    ends = -1
    spans: list[tuple[int, int]] = []
    for at in range(len(letters) - _PART + 1):
        if letters[at : at + _PART] not in parts:
            continue
        if at <= ends:  # it goes on from the part before
            spans[-1] = (spans[-1][0], places[at + _PART - 1] + 1)
        else:
            spans.append((places[at], places[at + _PART - 1] + 1))
        ends = at + _PART
    edges = [(0, 0), *spans, (len(text), len(text))]
    return _HIDDEN.join(text[before[1] : after[0]] for before, after in pairwise(edges))


def _letters(text: str) -> str:
    """The letters and digits of ASCII alone, in lower case."""
    return "".join(each for each in text if each.isascii() and each.isalnum()).lower()


def spellings(secret: bytes) -> Iterator[bytes]:
    """Base64 at each of three alignments, in both alphabets, without its uncertain ends; hex."""
    # Three bytes make four characters. Inside a longer text a secret begins at the first, the
    # second or the third byte of such a group, and each gives other characters. The
    # characters at its ends hold bits of its neighbours too, so they are cut off.
    for before in range(3):
        text = b64encode(b"\0" * before + secret)
        sure = text[(0, 2, 3)[before] : 8 * (before + len(secret)) // 6]
        yield sure
        yield sure.replace(b"+", b"-").replace(b"/", b"_")
    yield secret.hex().encode("ascii")
    yield secret.hex().upper().encode("ascii")
