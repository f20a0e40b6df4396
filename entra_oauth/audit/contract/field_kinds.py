"""The kind of a value by its name, and the text of it that may be kept.

Names are the glossary's. What it does not know, and what the redaction would take out, is not
kept as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from entra_oauth.audit.contract.names_of_one import NamesOfOne
from entra_oauth.audit.contract.observed import ObservedField
from entra_oauth.audit.contract.wire_contract import FieldPlace, RuleKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.secrecy import (
    Act,
    header_treatment,
    is_cookie_name,
    is_plain_name,
    treatment_of,
)
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level

__all__ = ["FieldReader", "reader_for"]

_TIMES = frozenset(
    ("iat", "nbf", "exp", "auth_time", "expires_on", "expires_at", "not_before", "timestamp")
    + ("date", "last-modified")
)
_NUMBERS = frozenset(("expires_in", "ext_expires_in", "refresh_in", "content-length", "age"))
_VARIES = frozenset(
    ("jti", "uti", "trace_id", "correlation_id", "client-request-id", "x-ms-request-id")
    + ("request-id", "x-ms-correlation-request-id", "x-request-id", "x-correlation-id", "kid")
    + ("x5t", "x5t#s256", "x5c", "at_hash", "c_hash", "x-ms-ests-server", "x-ms-srs")
    + ("x-ms-clitelem", "nel", "report-to", "reporting-endpoints", "etag", "retry-after", "keys")
    + ("x-client-current-telemetry", "x-client-last-telemetry", "message", "detail", "details")
)
_VERSIONED = frozenset(
    ("user-agent", "server", "x-client-ver", "x-client-os", "x-client-cpu", "x-client-sku")
)
_SETS = frozenset(("scope", "scp"))
_SCHEMES = frozenset(("bearer", "basic", "dpop", "pop", "negotiate"))
_ASKED = frozenset((FieldPlace.QUERY, FieldPlace.FORM))
_VERSION = re.compile(r"\d+(?:\.\d+)+[A-Za-z0-9.+_-]*|(?<=/)\d+\b")
_NUMBER_OF_ERROR = re.compile(r"AADSTS[0-9]{4,9}")
_PORT = re.compile(r"(?i)(https?://(?:localhost|127\.0\.0\.1|\[::1\])):[0-9]{1,5}")
_LONG = "(a name that is not kept)"
_SECRET_ACTS = frozenset((Act.SECRET, Act.TOKEN, Act.MASK))
_LONGEST = 600
"""Characters of a text that is kept."""


@dataclass(frozen=True, kw_only=True)
class FieldReader:
    """Reads the fields of one recording."""

    names: NamesOfOne
    _redactor: Redactor = field(repr=False)
    _search: LeakSearch = field(repr=False)

    def field(
        self, place: FieldPlace, name: str, value: str, *, as_json: bool = False
    ) -> ObservedField:
        """One value, with all that is known by its name."""
        is_header = place in (FieldPlace.HEADERS, FieldPlace.ANSWER_HEADERS)
        lower = name.strip().lower()
        spelled = self._name(name)
        if is_header and lower in ("cookie", "set-cookie"):
            return self._cookie(lower, spelled, value)
        key = spelled.lower() if is_header else spelled
        is_scheme = is_header and lower == "authorization" and value.lower() in _SCHEMES
        kind = _kind_of(place, lower, value)
        text = self._text(place, lower, value)
        may_keep = kind is RuleKind.FIXED and self._may_keep(is_header, name, text, as_json)
        if is_scheme:
            kind, may_keep = RuleKind.FIXED, True
        if kind is RuleKind.PERSONAL and text in ("{tenant}", "{client}", "{account}"):
            kind, may_keep = RuleKind.FIXED, True
        if kind is RuleKind.FIXED and not may_keep:
            # One that a tenant or an account stands in tells of them, hashed or not.
            kind = RuleKind.SHAPE if self.names.without(value) == value else RuleKind.PERSONAL
        elif may_keep and lower in _SETS and place not in _ASKED:
            kind, text = RuleKind.WORDS, " ".join(sorted(text.split()))
        return ObservedField(
            name=spelled,
            key=key,
            kind=kind,
            value=value,
            text=text,
            may_keep=may_keep,
            as_json=as_json,
        )

    def address(self, url: str) -> str:
        """An address without its query, or a path, each part of which may be kept."""
        head, slashes, rest = self.names.address(url).partition("://")
        scheme = head if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,40}", head) else "{value}"
        parts = (rest if slashes else head).split("/")
        shown = "/".join(each if self._is_clean(each) else "{value}" for each in parts)
        return f"{scheme}://{shown}" if slashes else shown

    def method(self, method: str) -> str:
        return method if re.fullmatch(r"[A-Z]{1,16}", method) else "{value}"

    def _name(self, name: str) -> str:
        good = name and len(name) <= 80 and is_plain_name(name) and plain(name) == name
        clean = good and not self._search.is_in(name.encode("utf-8", "surrogatepass"))
        return self.names.without(name) if clean else _LONG

    def _cookie(self, lower: str, spelled: str, value: str) -> ObservedField:
        """Names, and of a cookie that is set its attributes; no value, and no time."""
        pieces = [piece.strip() for piece in value.split(";")]
        first = pieces[0].partition("=")[0]
        if lower == "cookie":
            names = [self._cookie_name(piece.partition("=")[0]) for piece in pieces]
            text, key = "; ".join(f"{each}={{value}}" for each in names), lower
        else:
            attributes = [_attribute(piece) for piece in pieces[1:]]
            shown = self._cookie_name(first)
            text = "; ".join((f"{shown}={{value}}", *attributes))
            spelled = f"{spelled} {shown}"
            key = spelled.lower()
        kept = self._is_clean(text)
        return ObservedField(
            name=spelled,
            key=key,
            kind=RuleKind.FIXED if kept else RuleKind.SECRET,
            value=value,
            text=text,
            may_keep=kept,
        )

    def _cookie_name(self, name: str) -> str:
        good = is_cookie_name(name) and plain(name) == name and self._is_clean(name)
        return name if good else _LONG

    def _text(self, place: FieldPlace, lower: str, value: str) -> str:
        if lower == "error_description":
            found = _NUMBER_OF_ERROR.match(value)
            return found[0] if found else ""
        if lower in ("location", "referer", "origin") and place is not FieldPlace.QUERY:
            return self.address(value)
        text = _PORT.sub(r"\1:{port}", self.names.without(value))
        return _VERSION.sub("{version}", text) if lower in _VERSIONED else text

    def _may_keep(self, is_header: bool, name: str, text: str, as_json: bool) -> bool:
        """True for what the redaction would leave as it is, and nothing else."""
        if len(text) > _LONGEST or (not as_json and hidden(text)) or not self._is_clean(text):
            return False
        read = self._redactor.header if is_header else self._redactor.parameter
        return all(read(name, each).text == each for each in _scalars(text, as_json))

    def _is_clean(self, text: str) -> bool:
        return plain(text, limit=_LONGEST) == text and not self._search.is_in(
            text.encode("utf-8", "surrogatepass")
        )


def _kind_of(place: FieldPlace, lower: str, value: str) -> RuleKind:
    if lower in _TIMES or (lower == "expires" and re.search(r"\d\d:\d\d", value)):
        return RuleKind.TIME
    if lower in _NUMBERS:
        return RuleKind.NUMBER
    if lower in _VARIES:
        return RuleKind.VARIES
    if place in (FieldPlace.HEADERS, FieldPlace.ANSWER_HEADERS):
        act = header_treatment(lower).act
    elif place is FieldPlace.CREDENTIALS or lower == "code_challenge":
        return RuleKind.SECRET
    else:
        act = treatment_of(lower).act
    if act in _SECRET_ACTS:
        return RuleKind.SECRET
    return RuleKind.PERSONAL if act is Act.PII else RuleKind.FIXED


def _scalars(text: str, as_json: bool) -> list[str]:
    """The text, or of a list in JSON its members; they are judged one by one."""
    value = json.loads(text) if as_json else text
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return [str(each) for each in value]
    return [text]


def _attribute(piece: str) -> str:
    name, equals, value = piece.partition("=")
    is_free = name.strip().lower() in ("expires", "max-age", "domain")
    return f"{name}={{value}}" if equals and is_free else f"{name}{equals}{value}"


def reader_for(names: NamesOfOne, secrets: Mapping[str, str] | Iterable[str]) -> FieldReader:
    """A reader that keeps none of these secrets."""
    known = dict(secrets) if isinstance(secrets, Mapping) else dict.fromkeys(secrets, "val")
    return FieldReader(
        names=names,
        _redactor=Redactor(level=Level.SECRETS, key=b"\0" * 32, known=known),
        _search=LeakSearch(known),
    )
