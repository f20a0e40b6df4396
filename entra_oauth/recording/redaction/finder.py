"""Finding what must go, in each container that OAuth uses.

Each function looks at a `View` and yields `Find`s, whose places are those of the
outermost text. Containers inside containers are looked into, whatever they are.

Finds may overlap: a value is found by its name, and once more because it looks like a
token. Nothing is decided here; `finds.apply` lets the wider one count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from entra_oauth.protocol.glossary.secrecy import Act, Treatment, is_plain_name, treatment_of
from entra_oauth.recording.redaction import free_text
from entra_oauth.recording.redaction.finds import (
    LONG,
    PLACEHOLDERS,
    Find,
    apply,
    cleaned_jwt,
    is_taken_out,
    looks_secret,
    unsigned_jwt,
)
from entra_oauth.recording.redaction.json_tree import Node, NotJson, parse
from entra_oauth.recording.redaction.known_secrets import KnownSecrets
from entra_oauth.recording.redaction.marks.taken_out import is_anothers
from entra_oauth.recording.redaction.people.known_names import KnownNames
from entra_oauth.recording.redaction.views import View, json_string, percent, whole

__all__ = ["Finder", "Looked", "find"]

_DEPTH = 12
"""Containers inside one another that are looked into; what lies deeper goes whole."""

_STEMS = ("oauth2", "v2.0", "discovery", "common", "organizations", "consumers")
"""What follows a tenant in an address of Entra's; and what is no tenant of anybody's."""
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
    names: KnownNames | None = field(default=None, repr=False)
    """Names of people and tenants, to be found wherever they stand."""
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
            return self.unsigned(value) if self.people else ()
        act = rule.act
        if act is _UNKNOWN:
            return () if text.lower() in _TRUE_OR_FALSE else self._unknown(rule.kind, value, depth)
        if act is Act.PII:
            act = Act.SECRET if self.people else Act.KEEP
        if act is Act.TOKEN:
            return (self._token(rule.kind, value),)
        if act is Act.SECRET:
            return (find(rule.kind, value, masked=is_anothers(text)),)
        if act is Act.MASK:
            return (find(rule.kind, value, masked=True),)
        if act in (Act.TEXT, Act.WORD):
            return self.words(value, depth)
        return self.inside(value, depth)

    def _unknown(self, kind: str, value: View, depth: int) -> Iterable[Find]:
        text = value.text.strip()
        if depth < _DEPTH and text[:1] in ("{", "["):
            try:
                return self.json(value, depth + 1)
            except NotJson:
                return (find(kind, value),)
        if free_text.is_address(text):
            return self.url(value, depth + 1)
        return (find(kind, value),)

    def inside(self, value: View, depth: int) -> Iterator[Find]:
        """A value that may stay, unless it holds one that may not."""
        if depth >= _DEPTH:
            yield find("val", value)
            return
        text = value.text.strip()
        yield from self.tokens(value)
        if text[:1] in ("{", "["):
            try:
                yield from self.json(value, depth + 1)
                return
            except NotJson:
                pass
        yield from self.addresses(value, depth)
        if free_text.may_be_form(text):
            yield from self.form(value, depth + 1)

    def tokens(self, value: View) -> Iterator[Find]:
        """Secrets that are known by themselves, wherever they stand."""
        yield from self.known_in(value)
        for place in free_text.tokens(value.text):
            yield self._token("at", value.cut(*place))
        for place in free_text.credentials(value.text):
            yield from self.credentials(value.cut(*place))
        if self.people:
            yield from self.unsigned(value)

    def unsigned(self, value: View) -> Iterator[Find]:
        """Tokens without their signatures whose claims still tell of a person."""
        for place in free_text.unsigned_tokens(value.text):
            token = value.cut(*place)
            readable = cleaned_jwt(token.text, clean=self._clean_json)
            if readable is None:
                yield find("at", token)
            elif readable != token.text:
                start, end = token.place()
                is_plain = end - start == len(token.text)
                yield Find(start, end, "pii", token.text, text=readable if is_plain else None)

    def addresses(self, value: View, depth: int) -> Iterator[Find]:
        """The absolute addresses in a text."""
        for place in free_text.addresses(value.text):
            yield from self.url(value.cut(*place), depth + 1)

    def words(self, value: View, depth: int) -> Iterator[Find]:
        """Text for people: also what only looks like a secret goes."""
        yield from self.inside(value, depth)
        yield from self.looks(value, depth)

    def looks(self, value: View, depth: int, *, shortest: int = 1) -> Iterator[Find]:
        """Text that looks like a secret, by a name of so many characters or by itself."""
        for rule, start, end in free_text.named_secrets(value.text, shortest=shortest):
            yield from self.ruled(rule, value.cut(start, end), depth)
        for place in free_text.secret_runs(value.text):
            yield find("val", value.cut(*place))

    @cached_property
    def _table(self) -> KnownSecrets:
        return KnownSecrets(self.known)

    def known_in(self, value: View) -> Iterator[Find]:
        """Known secrets, wherever they stand."""
        if self.looked is not None and value.text and not isinstance(value.starts, range):
            self.looked.append(Looked(value.starts[0], value.ends[-1], value.text))
        for at, secret in self._table.find(value.text):
            place = value.cut(at, at + len(secret))
            yield find(self.known[secret], place, masked=is_anothers(secret))
        if self.names is not None:
            for place in self.names.places(value):
                yield find("pii", place)

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
            if looks_secret(text.text) and not is_taken_out(text.text):
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
            if not is_plain_name(name.text):
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
            if not is_plain_name(inner):
                place = json_string(value.cut(key.start + 1, key.end - 1))
                yield from self.ruled(Treatment(Act.UNKNOWN, "name"), place, depth)
            elif self.names is not None:
                yield from self.known_in(value.cut(key.start + 1, key.end - 1))
        named = {name.lower(): child for name, child in members}
        is_key = "kty" in named
        # {"name": "code", "value": "…"} is how HAR and others write a parameter.
        called = named.get("name") if "value" in named else None
        pair = ""
        if called is not None and called.kind == "string":
            pair = json_string(value.cut(called.start + 1, called.end - 1)).text
        if not is_key and not pair:
            for name, child in members:
                yield from self._node(name, child, value, depth)
            return
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
        elif is_taken_out(rest.text):
            yield from self.unsigned(rest) if self.people else ()
        else:
            basic = scheme.text.lower() == "basic"
            yield find("pw", rest, masked=True) if basic else self._token("at", rest)

    def _token(self, kind: str, value: View) -> Find:
        readable = unsigned_jwt(value.text, clean=self._clean_json, key=self.key)
        start, end = value.place()
        if readable is not None and end - start == len(readable):
            return Find(start=start, end=end, kind=kind, value=value.text, text=readable)
        return find(kind, value, masked=is_anothers(value.text))

    def _clean_json(self, text: str) -> str:
        if self.looked is not None:
            self.looked.append(Looked(-1, -1, text))
        return apply(text, self.json(whole(text)), self.key)[0]


def find(kind: str, value: View, *, masked: bool = False) -> Find:
    """All of a view, as a value of that kind. Not for an empty one."""
    text, starts, ends = value
    return Find(starts[0], ends[-1], kind, text, masked)
