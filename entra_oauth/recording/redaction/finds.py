"""Finds: the values that must go from a text, and their replacements."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple

from entra_oauth.protocol.glossary.secrecy import is_plain_name
from entra_oauth.recording.redaction.json_tree import NotJson, parse

__all__ = [
    "LONG",
    "PLACEHOLDER",
    "PLACEHOLDERS",
    "Find",
    "apply",
    "is_taken_out",
    "looks_secret",
    "mask",
    "placeholder",
    "tag_of",
    "unsigned_jwt",
]

LONG = 16
"""Characters from which on a value is replaced by one of its own length."""
PLACEHOLDER = re.compile(r"[a-z]{1,5}~[0-9a-f]{10}~*|~[a-z]{1,5}~")
PLACEHOLDERS = re.compile(rf"(?:{PLACEHOLDER.pattern}~*)+")
"""Values that were taken out, one behind the other."""
_GUID = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Find(NamedTuple):
    """One value that must go."""

    start: int
    end: int
    kind: str
    value: str
    """Decoded."""
    masked: bool = False
    """Its length must not show."""
    text: str | None = None
    """What to put there, where that was worked out already."""

    def __repr__(self) -> str:
        return f"Find({self.kind} from {self.start} to {self.end})"


def is_taken_out(text: str) -> bool:
    """True if a value was taken out before: a placeholder, or a token without its signature."""
    if "~" not in text:
        return False
    parts = text.split(".")
    readable = len(parts) == 3 and text.startswith("ey") and parts[2].startswith("sig~")
    return PLACEHOLDERS.fullmatch(parts[2] if readable else text) is not None


def looks_secret(run: str) -> bool:
    """True for characters without a blank that are more likely a secret than a word."""
    rest = PLACEHOLDER.sub("", _GUID.sub("", run))
    if len(rest) < LONG:
        return False
    has = (any(c.isdigit() for c in rest), any(c.islower() for c in rest))
    return (all(has) or any(c.isupper() for c in rest[1:])) and not is_plain_name(rest)


def tag_of(value: str, key: bytes) -> str:
    """The same for the same value, and of no use to anybody without the key."""
    return hmac.digest(key, value.encode("latin-1", "replace"), "sha256").hex()[:10]


def mask(kind: str) -> str:
    """The replacement of a value whose length must not show."""
    return f"~{kind}~"


def placeholder(kind: str, value: str, length: int, key: bytes) -> str:
    """The replacement of a long value: of `length` characters, legal in every container."""
    return f"{kind}~{tag_of(value, key)}".ljust(length, "~")


def unsigned_jwt(token: str, *, clean: Callable[[str], str], key: bytes) -> str | None:
    """A JWT of the same length without its signature; None if that cannot be made.

    `clean` redacts the JSON of the two parts in place.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(parts[2]) < LONG * 2:
        return None
    shown = []
    # The parts must come out as long as they went in: what stands around the token counts its
    # bytes. So each is decoded, redacted in place, and encoded again; one whose encoding
    # is not the usual one would not come back the same, and then all of the token goes.
    for part in parts[:2]:
        try:
            inner = urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
            if _encoded(inner) != part or parse(inner).kind != "object":
                return None
            shown.append(_encoded(clean(inner)))
        except (ValueError, NotJson):
            return None
    room = len(token) - len(shown[0]) - len(shown[1]) - 2
    if room < LONG:
        return None
    return ".".join([*shown, placeholder("sig", token, room, key)])


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode("latin-1")).rstrip(b"=").decode("ascii")


def replacement(find: Find, key: bytes) -> str:
    """The text to put in the place of a find."""
    if find.text is not None:
        return find.text
    if find.masked or len(find.value) < LONG:
        return mask(find.kind)
    return placeholder(find.kind, find.value, find.end - find.start, key)


def _outer_first(find: Find) -> tuple[int, int]:
    return find.start, -find.end


def apply(text: str, finds: Iterable[Find], key: bytes) -> tuple[str, list[Find]]:
    """The text without what was found, and the finds that counted, in order.

    Of two that overlap, the wider one counts.
    """
    out: list[str] = []
    counted: list[Find] = []
    at = 0
    for find in sorted(finds, key=_outer_first):
        if find.end <= at:
            continue
        if find.start < at:  # half of it is gone already; the rest must go too
            rest = "~" * (find.end - at)
            find = Find(start=at, end=find.end, kind=find.kind, value=find.value, text=rest)
        out += [text[at : find.start], replacement(find, key)]
        counted.append(find)
        at = find.end
    return "".join([*out, text[at:]]), counted
