"""A contract for the wire, as values: messages, their order, their fields and a rule for each.

It holds names, shapes and relations, and of values only those that are nobody's secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "FieldGroup",
    "FieldPlace",
    "FieldRule",
    "MessageRule",
    "RuleKind",
    "ValueRule",
    "WireContract",
]


class FieldPlace(StrEnum):
    """A list of fields in a message. The value is its key in the file."""

    QUERY = "query"
    FORM = "form"
    HEADERS = "headers"
    CREDENTIALS = "credentials"
    """What an Authorization header holds, by its scheme."""
    ASSERTION = "client_assertion"
    """Header and claims of the JWT that proves the app (RFC 7523)."""
    ANSWER_HEADERS = "answer_headers"
    MEMBERS = "members"
    """Of the JSON object that answers."""
    ID_TOKEN = "id_token"  # noqa: S105 - a word, no password
    """Header and claims of the ID token in the answer."""

    @property
    def word(self) -> str:
        """One field of it, for people."""
        return _WORDS[self]


_WORDS = {
    FieldPlace.QUERY: "parameter",
    FieldPlace.FORM: "form parameter",
    FieldPlace.HEADERS: "header",
    FieldPlace.CREDENTIALS: "credential",
    FieldPlace.ASSERTION: "client assertion's member",
    FieldPlace.ANSWER_HEADERS: "answer's header",
    FieldPlace.MEMBERS: "answer's member",
    FieldPlace.ID_TOKEN: "ID token's member",
}


class RuleKind(StrEnum):
    """The kinds of values that a contract tells apart."""

    FIXED = "fixed"
    """Always this text."""
    WORDS = "words"
    """Always these words, in any order, as the scopes of an answer."""
    HASHED = "sha256"
    """Always the same, and too long to be guessed: its hash is kept."""
    SECRET = "secret"  # noqa: S105 - a word, no password
    """Secret by its name; never kept."""
    PERSONAL = "personal"
    """Tells of a person; never kept."""
    TIME = "time"
    NUMBER = "number"
    VARIES = "varies"
    """Known to be another one each time."""
    SHAPE = "shape"
    """Unknown: letters that it is made of, and its length where that never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """The rule that a value has to follow."""

    kind: RuleKind
    text: str = field(default="", repr=False)
    """The fixed text, the words, the hash, or the letters of a shape."""
    length: int | None = None
    """Characters."""
    same_as: str = ""
    """The field whose value it repeats."""
    s256_in: str = ""
    """The field that holds its SHA-256 (RFC 7636 section 4.6)."""
    as_json: bool = False
    """Not a text in JSON: a number, a list, an object, true, false or null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One parameter, header, member or claim."""

    name: str
    """As it is spelled."""
    rule: ValueRule
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """The fields of one place, in their order."""

    place: FieldPlace
    fields: tuple[FieldRule, ...] = ()
    any_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRule:
    """One request and its answer."""

    name: str
    """Its kind, with a number from the second of that kind on; stands once in a contract."""
    kind: str
    method: str
    address: str
    """Scheme, host and path; `{value}` in the place of a part that changes."""
    status: str
    """Three digits; `none` where no answer came, empty where any may come."""
    exact_request: bool
    """The bytes were seen, so order and spelling of headers are known."""
    exact_answer: bool
    groups: tuple[FieldGroup, ...] = ()
    anywhere: bool = False
    """Its place among the others is free."""
    optional: bool = False
    repeats: bool = False
    """It may come several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireContract:
    """The whole of it."""

    recordings: int
    """The number of those that it was learned from."""
    messages: tuple[MessageRule, ...]
