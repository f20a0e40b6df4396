"""Finding what must go, in each container that OAuth uses.

Each function looks at a `View` and yields `Find`s, whose places are those of the
outermost text. Containers inside containers are looked into, whatever they are.

Finds may overlap: a value is found by its name, and once more because it looks like a
token. Nothing is decided here; `finds.apply` lets the wider one count.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from entra_oauth.protocol.glossary.secrecy import (
    Act,
    Treatment,
    is_plain_name,
    treatment_in_text,
    treatment_of,
)
from entra_oauth.recording.redaction.finds import (
    LONG,
    PLACEHOLDERS,
    Find,
    apply,
    is_taken_out,
    looks_secret,
    placeholder,
)
from entra_oauth.recording.redaction.json_tree import Node, NotJson, parse
from entra_oauth.recording.redaction.known_secrets import KnownSecrets
from entra_oauth.recording.redaction.views import View, json_string, percent, whole

__all__ = ["HIDDEN", "Finder", "Looked", "find"]

_DEPTH = 12
"""Containers inside one another that are looked into; what lies deeper goes whole."""

# Quantifiers that give nothing back: a hostile page must not make any of these slow.
_JWT = re.compile(r"(?<![A-Za-z0-9_-])ey[A-Za-z0-9_-]{10,}+\.ey[A-Za-z0-9_-]{2,}+\.[A-Za-z0-9_-]*+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>]+")
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,40})\s*[=:]\s*[\"']?([^\s&\"'<>,;]+)")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,40})\s*[=:]\s*[\"']?")
_END_OF_VALUE = re.compile(r"[\s&\"'<>,;]|\Z")
_BEARER = re.compile(r"(?i)\b(bearer|basic|pop|dpop)\s+([A-Za-z0-9._~+/-]{12,}=*)")
_RUN = re.compile(r"[A-Za-z0-9_~+/%-]{20,}={0,2}")
_STEMS = ("oauth2", "v2.0", "discovery", "common", "organizations", "consumers")
"""What follows a tenant in an address of Entra's; and what is no tenant of anybody's."""
HIDDEN = frozenset({Act.SECRET, Act.TOKEN, Act.MASK})
"""What is done with values that are secrets by their names."""
_UNKNOWN = Act.UNKNOWN
_NUMBERS = (Act.KEEP, Act.TEXT, Act.URL, Act.WORD)
"""What is done with values that may be numbers."""
_KEPT = "kid"
"""A name whose values stay."""
_TRUE_OR_FALSE = frozenset({"true", "false", "null", "none", "yes", "no", "on", "off", "0", "1"})


class Looked(NamedTuple):
    """A decoded text that was looked into, and its place in the outermost one, or -1."""

    start: int
    end: int
    text: str

    def __repr__(self) -> str:
        return f"Looked(from {self.start} to {self.end})"


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Looks for what must go. `known` are secrets to be found wherever they stand."""

    key: bytes = field(repr=False)
    people: bool = False
    """Whether what tells of a person goes too."""
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values and their kinds."""
    looked: list[Looked] | None = field(default=None, repr=False)
    """Gets each text that was decoded and looked into, where that is wanted."""

    # ---- one value by its name ---------------------------------------------------

    # What is asked for each value of a large file makes no generator.

    def named(
        self, name: str, value: View, depth: int, siblings: Iterable[str] = ()
    ) -> Iterable[Find]:
        """The value of a parameter or a member of that name."""
        if name.lower() == "code_challenge":
            # Of S256 it is a hash and harmless; else it is the verifier itself.
            rule = Treatment(Act.KEEP) if "S256" in siblings else Treatment(Act.SECRET, "pkce")
        else:
            rule = treatment_of(name)
        return self.ruled(rule, value, depth)

    def ruled(self, rule: Treatment, value: View, depth: int) -> Iterable[Find]:
        """A value, by what is to be done with it."""
        text = value.text
        if not text or is_taken_out(text):
            return ()
        act = rule.act
        if act is _UNKNOWN:
            return () if text.lower() in _TRUE_OR_FALSE else self._unknown(rule.kind, value, depth)
        if act is Act.PII:
            act = Act.SECRET if self.people else Act.KEEP
        if act is Act.TOKEN:
            return (self._token(rule.kind, value),)
        if act is Act.SECRET:
            return (find(rule.kind, value),)
        if act is Act.MASK:
            return (find(rule.kind, value, masked=True),)
        if act in (Act.TEXT, Act.WORD):
            return self.words(value, depth)
        return self.inside(value, depth)

    def _unknown(self, kind: str, value: View, depth: int) -> Iterable[Find]:
        text = value.text.strip()
        looks_like_json = text[:1] in ("{", "[") and text[-1:] in ("}", "]")
        if depth < _DEPTH and looks_like_json:
            try:
                return self.json(value, depth + 1)
            except NotJson:
                return (find(kind, value),)
        if "://" in text and _URL.fullmatch(text):
            return self.url(value, depth + 1)
        return (find(kind, value),)

    def inside(self, value: View, depth: int) -> Iterator[Find]:
        """A value that may stay, unless it holds one that may not."""
        if depth >= _DEPTH:
            yield find("val", value)
            return
        text = value.text.strip()
        yield from self.tokens(value)
        if text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
            try:
                yield from self.json(value, depth + 1)
                return
            except NotJson:
                pass
        yield from self.addresses(value, depth)
        if "=" in text and ("&" in text or _PAIR.fullmatch(text)) and "://" not in text:
            yield from self.form(value, depth + 1)

    def tokens(self, value: View) -> Iterator[Find]:
        """Secrets that are known by themselves, wherever they stand."""
        yield from self.known_in(value)
        for match in _JWT.finditer(value.text):
            if not _is_unsigned(match):
                yield self._token("at", value.cut(*match.span()))
        for match in _BEARER.finditer(value.text):
            yield from self.credentials(value.cut(*match.span()))

    def addresses(self, value: View, depth: int) -> Iterator[Find]:
        """The absolute addresses in a text."""
        for match in _URL.finditer(value.text):
            yield from self.url(value.cut(*match.span()), depth + 1)

    def words(self, value: View, depth: int) -> Iterator[Find]:
        """Text for people: also what only looks like a secret goes."""
        yield from self.inside(value, depth)
        yield from self.looks(value, depth)

    def looks(self, value: View, depth: int, *, shortest: int = 1) -> Iterator[Find]:
        """Text that looks like a secret, by a name of so many characters or by itself."""
        text = value.text
        end, taken = 0, 0
        # A value may hold the next name (`error: db_password=…`). Its end is looked for once.
        for match in _NAME.finditer(text):
            start = match.end()
            if start >= end and (found := _END_OF_VALUE.search(text, start)):
                end = found.start()
            rule = treatment_in_text(match[1])
            if taken <= start < end and len(match[1]) >= shortest and rule.act in HIDDEN:
                yield from self.ruled(rule, value.cut(start, end), depth)
                taken = end
        done = _spans(text)
        starts = [start for start, _ in done]
        for match in _RUN.finditer(text):
            before = bisect_right(starts, match.start()) - 1
            inside = before >= 0 and match.start() < done[before][1]
            if not inside and looks_secret(match[0]):
                yield find("val", value.cut(*match.span()))

    @cached_property
    def _table(self) -> KnownSecrets:
        return KnownSecrets(self.known)

    def known_in(self, value: View) -> Iterator[Find]:
        """Known secrets, wherever they stand."""
        if self.looked is not None and value.text and not isinstance(value.starts, range):
            self.looked.append(Looked(value.starts[0], value.ends[-1], value.text))
        for at, secret in self._table.find(value.text):
            yield find(self.known[secret], value.cut(at, at + len(secret)))

    # ---- containers --------------------------------------------------------------

    def url(self, value: View, depth: int = 0) -> Iterator[Find]:
        """An address, absolute or not."""
        before, fragment = value.partition("#")
        address, query = before.partition("?")
        yield from self.known_in(value)
        scheme, rest = address.partition("://")
        if rest.text:
            authority, _ = rest.partition("/")
            at = authority.text.rfind("@")
            if at > 0:
                yield find("pw", authority.cut(0, at), masked=True)
            yield from self.path(rest.cut(len(authority.text)))
        else:
            yield from self.path(scheme)
        for part in (query, fragment):
            if part.text:
                yield from self.form(part, depth + 1)

    def path(self, path: View) -> Iterator[Find]:
        segments = path.split("/")
        for index, segment in enumerate(segments):
            text = percent(segment)
            if looks_secret(text.text) and not PLACEHOLDERS.fullmatch(text.text):
                yield find("val", text)
            elif (
                self.people
                and text.text
                and text.text not in _STEMS
                and not PLACEHOLDERS.fullmatch(text.text)
                and any(s.text in _STEMS for s in segments[index + 1 : index + 2])
            ):
                yield find("pii", text)

    def form(self, value: View, depth: int = 0) -> Iterator[Find]:
        """`application/x-www-form-urlencoded`, and the query of an address."""
        if depth >= _DEPTH:
            yield find("val", value)
            return
        # Split first, then decode: an & that is percent-encoded belongs to a value.
        pieces = [piece.partition("=") for piece in value.split("&")]
        methods = [
            percent(raw).text for name, raw in pieces if name.text == "code_challenge_method"
        ]
        for raw_name, raw in pieces:
            name = percent(raw_name)
            if name.text and not is_plain_name(name.text) and not PLACEHOLDERS.fullmatch(name.text):
                yield from self.ruled(Treatment(Act.UNKNOWN, "name"), name, depth)
            if raw.text:
                yield from self.named(name.text, percent(raw), depth + 1, methods)

    def json(self, value: View, depth: int = 0) -> Iterable[Find]:
        """A JSON text. Raises `NotJson`, before anything was found."""
        return self._node("", parse(value.text), value, depth)

    def _node(self, name: str, node: Node, value: View, depth: int) -> Iterable[Find]:
        if node.kind == "string":
            return self.named(name, json_string(value.cut(node.start + 1, node.end - 1)), depth)
        if node.kind == "object":
            return self._object(node, value, depth)
        if node.kind == "array":
            return (
                find for child in node.children for find in self._node(name, child, value, depth)
            )
        if node.kind == "number":
            return self._number(name, value.cut(node.start, node.end))
        return ()

    def _object(self, node: Node, value: View, depth: int) -> Iterator[Find]:
        members = []
        for key, child in node.members:
            inner = value.text[key.start + 1 : key.end - 1]
            if "\\" in inner:
                inner = json_string(value.cut(key.start + 1, key.end - 1)).text
            members.append((inner, child))
            if not is_plain_name(inner) and not PLACEHOLDERS.fullmatch(inner):
                place = json_string(value.cut(key.start + 1, key.end - 1))
                yield from self.ruled(Treatment(Act.UNKNOWN, "name"), place, depth)
        named = {name.lower(): child for name, child in members}
        is_key = "kty" in named
        # {"name": "code", "value": "…"} is how HAR and others write a parameter.
        called = named.get("name")
        pair = ""
        if called is not None and called.kind == "string" and "value" in named:
            pair = json_string(value.cut(called.start + 1, called.end - 1)).text
        for name, child in members:
            if is_key and treatment_of(name).act is Act.WORD:
                # Of a key, these are public whatever they are (RFC 7517 §4, RFC 7518 §6).
                yield from self._node(_KEPT, child, value, depth)
            elif pair and name.lower() == "value":
                yield from self._node(pair, child, value, depth)
            elif not (pair and name.lower() == "name" and is_plain_name(pair)):
                yield from self._node(name, child, value, depth)

    def _number(self, name: str, value: View) -> Iterable[Find]:
        act = treatment_of(name).act
        stays = act in _NUMBERS or (act is Act.PII and not self.people)
        if stays or value.text in ("0", "1") or set(value.text) == {"9"}:
            return ()
        start, end = value.place()
        text = "9" * len(value.text) if len(value.text) >= LONG else "0"
        return (Find(start, end, "num", value.text, masked=True, text=text),)

    # ---- tokens ------------------------------------------------------------------

    def credentials(self, value: View) -> Iterator[Find]:
        """The value of `Authorization:`; its scheme stays."""
        scheme, rest = value.partition(" ")
        rest = rest.strip()
        if not rest.text:
            yield from self.ruled(Treatment(Act.SECRET, "auth"), scheme, 0)
        elif not is_taken_out(rest.text):
            basic = scheme.text.lower() == "basic"
            yield find("pw", rest, masked=True) if basic else self._token("at", rest)

    def _token(self, kind: str, value: View) -> Find:
        readable = self._readable(kind, value.text)
        start, end = value.place()
        if readable is not None and end - start == len(readable):
            return Find(start=start, end=end, kind=kind, value=value.text, text=readable)
        return find(kind, value)

    def _readable(self, kind: str, token: str) -> str | None:
        """A JWT of the same length without its signature; None if that cannot be made."""
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
                if urlsafe_b64encode(inner.encode("latin-1")).rstrip(b"=").decode() != part:
                    return None
                if self.looked is not None:
                    self.looked.append(Looked(-1, -1, inner))
                view = whole(inner)
                if parse(inner).kind != "object":
                    return None
                clean, _ = apply(inner, self.json(view), self.key)
            except (ValueError, NotJson):
                return None
            shown.append(urlsafe_b64encode(clean.encode("latin-1")).rstrip(b"=").decode("ascii"))
        room = len(token) - len(shown[0]) - len(shown[1]) - 2
        if room < LONG:
            return None
        return ".".join([*shown, placeholder("sig", token, room, self.key)])


def _spans(text: str) -> list[tuple[int, int]]:
    """The addresses, and the tokens beside them whose signatures were taken out before."""
    tokens = [match.span() for match in _JWT.finditer(text) if _is_unsigned(match)]
    spans: list[tuple[int, int]] = []
    for span in sorted([*tokens, *(match.span() for match in _URL.finditer(text))]):
        if not spans or span[0] >= spans[-1][1]:
            spans.append(span)
    return spans


def _is_unsigned(token: re.Match[str]) -> bool:
    """True if the signature of a JWT was taken out before."""
    return token[0].endswith(".sig") and token.string.startswith("~", token.end())


def find(kind: str, value: View, *, masked: bool = False) -> Find:
    """All of a view, as a value of that kind. Not for an empty one."""
    start, end = value.place()
    return Find(start=start, end=end, kind=kind, value=value.text, masked=masked)
