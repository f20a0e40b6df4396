"""Finds: the values that must go from a text, and their replacements."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from entra_oauth.protocol.glossary.secrecy import is_plain_name
from entra_oauth.recording.redaction.json_tree import NotJson, parse

__all__ = [
    "KIND_WORDS",
    "LONG",
    "PLACEHOLDER",
    "PLACEHOLDERS",
    "Find",
    "Settled",
    "apply",
    "cleaned_jwt",
    "is_taken_out",
    "looks_secret",
    "mask",
    "placeholder",
    "settled",
    "tag_of",
    "unsigned_jwt",
]

_ROUNDS = 5
"""Times that a text is looked through before it goes whole."""
LONG = 16
"""Characters from which on a value is replaced by one of its own length."""
PLACEHOLDER = re.compile(r"[a-z]{1,5}~[0-9a-f]{10}~*|~[a-z]{1,5}~")
PLACEHOLDERS = re.compile(rf"(?:{PLACEHOLDER.pattern}~*)+")
"""Values that were taken out, one behind the other."""
KIND_WORDS = {
    "asrt": "assertions",
    "at": "access tokens",
    "auth": "Authorization headers",
    "body": "bodies that were taken out whole",
    "ck": "cookies",
    "code": "codes",
    "dev": "device codes",
    "dpop": "DPoP proofs",
    "idt": "ID tokens",
    "info": "client_info",
    "jar": "request objects",
    "key": "keys",
    "last": "texts in which the last search found a secret",
    "name": "names that could be values",
    "nonce": "nonces",
    "num": "numbers",
    "otp": "one-time codes",
    "page": "scripts and comments in pages",
    "pic": "pictures",
    "pii": "names of people and tenants",
    "pkce": "code verifiers",
    "pw": "passwords",
    "rt": "refresh tokens",
    "saml": "SAML messages",
    "sec": "client secrets",
    "sess": "session identifiers",
    "sig": "signatures",
    "state": "states",
    "user": "user codes",
    "val": "values under names that are not known",
}
"""Each kind of value that is taken out, as people read it."""
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
            shown.append(_encoded(clean(_json_object(part))))
        except (ValueError, NotJson):
            return None
    room = len(token) - len(shown[0]) - len(shown[1]) - 2
    if room < LONG:
        return None
    return ".".join([*shown, placeholder("sig", token, room, key)])


def cleaned_jwt(token: str, *, clean: Callable[[str], str]) -> str | None:
    """A JWT whose signature was taken out before, of the same length; None if that cannot be made.

    It is the same where there is nothing to clean.
    """
    *parts, mark = token.split(".")
    try:
        shown = [_encoded(clean(_json_object(part))) for part in parts]
    except (ValueError, NotJson):
        return None
    room = len(token) - sum(map(len, shown)) - len(shown)
    mark = mark.rstrip("~")
    return ".".join([*shown, mark.ljust(room, "~")]) if room >= len(mark) else None


def _json_object(part: str) -> str:
    """The text of an object that is a part of a JWT. Raises `ValueError` if it is none."""
    inner = urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
    if _encoded(inner) != part or parse(inner).kind != "object":
        raise ValueError("no object in the usual encoding")
    return inner


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


# ---- twice is once ---------------------------------------------------------------------


class Settled(NamedTuple):
    """A text that stays as it is when it is looked through again."""

    text: str
    finds: list[Find]
    earlier: list[Find]
    """Finds of the times before the last, which may be in wider ones now."""


def settled(text: str, look: Callable[[str], list[Find] | None], key: bytes) -> Settled | None:
    """The text without what is found, and without what is found in that, and so on.

    A replacement can make another thing of its neighbour: a tag that goes leaves the words at
    both its sides as one. None if it takes too long, or if `look` no longer understands it.
    """
    found, earlier = look(text), list[Find]()
    for _ in range(_ROUNDS):
        if found is None:
            return None
        clean, counted = apply(text, found, key)
        if _stays(text, counted):
            return Settled(clean, counted, earlier)
        more = look(clean)
        if more is None:
            return None
        again, more = apply(clean, more, key)
        if again == clean:
            return Settled(clean, counted, earlier)
        # Of two of one width the later one counts: the other had its turn.
        found = [*_placed_before((text, clean), counted, more, key), *counted]
        earlier += counted
    return None


def _stays(text: str, finds: list[Find]) -> bool:
    """True if it is plain without looking: nothing was found, all of it, or members of JSON."""
    if not finds:
        return True
    if finds[0].end - finds[0].start == len(text.strip()):
        return finds[0].text is None
    return text.lstrip()[:1] in ("{", "[") and all(_is_member(text, each) for each in finds)


def _is_member(text: str, find: Find) -> bool:
    """True for all of a string of JSON that is no name, and none that gives others a meaning."""
    start, end, kind = find[:3]
    if kind == "num":
        return True
    if kind == "name" or text[start - 1 : start] != '"' or text[end : end + 1] != '"':
        return False
    return "name" not in text[max(0, start - 12) : start].lower()


def _placed_before(
    texts: tuple[str, str], first: list[Find], more: list[Find], key: bytes
) -> Iterator[Find]:
    """Finds in what came out of the `first` ones, as finds of the text before.

    What has a part of a replacement has all that it replaced.
    """
    before, after = texts
    ends: list[int] = []  # of the replacements, where they stand now
    moved = 0
    for find in first:
        moved += len(replacement(find, key)) - (find.end - find.start)
        ends.append(find.end + moved)
    for each in more:
        start = _place_before(first, ends, each.start, is_end=False)
        end = _place_before(first, ends, each.end, is_end=True)
        if before[start:end] == after[each.start : each.end]:
            yield each._replace(start=start, end=end)
        else:
            yield Find(start, end, each.kind, before[start:end], each.masked)


def _place_before(first: list[Find], ends: list[int], at: int, *, is_end: bool) -> int:
    index = bisect_right(ends, at - is_end)
    before = at - (ends[index - 1] - first[index - 1].end if index else 0)
    if index < len(first) and before + (not is_end) > first[index].start:
        return first[index].end if is_end else first[index].start
    return before
