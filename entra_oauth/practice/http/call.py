"""One request as the tenant reads it: its own parsing, its own ids.

The client of this package parses forms too. The two share no code for that, on
purpose: a mistake made once must not be made on both ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from entra_oauth.practice.http.refusals import refuse
from entra_oauth.protocol.messages import split_origin

if TYPE_CHECKING:
    from entra_oauth.practice.http.chance import Chance
    from entra_oauth.protocol.messages import Fields, HttpRequest

__all__ = ["Call", "Parameters", "read_call"]

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200


@dataclass(frozen=True)
class Parameters:
    """Names and values of a query or a form, in order; each name may stand once."""

    fields: Fields = field(default=(), repr=False)
    broken: bool = False
    """True if the text could not be parsed at all."""

    def get(self, name: str) -> str | None:
        """The value; an empty one counts as absent. Twice: AADSTS9000411."""
        if self.broken:
            raise refuse(9002313)
        values = self._by_name.get(name, ())
        if len(values) > 1:
            raise refuse(9000411, name)  # fidelity: repeated-parameter
        return values[0] or None if values else None

    def need(self, name: str) -> str:
        """The value, or AADSTS900144."""
        value = self.get(name)
        if value is None:
            raise refuse(900144, name)
        return value

    def has(self, name: str) -> bool:
        """True if it was sent at all, even empty."""
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, value in self.fields:
            found[name] = (*found.get(name, ()), value)
        return found


def _parameters(text: str) -> Parameters:
    if not text:
        return Parameters()
    pieces = text.split("&")
    if len(pieces) > _MOST_FIELDS:
        return Parameters(broken=True)
    fields = []
    for piece in pieces:
        if piece:
            name, _, value = piece.partition("=")
            plain = "%" not in piece and "+" not in piece
            fields.append((name, value) if plain else (_decoded(name), _decoded(value)))
    return Parameters(tuple(fields))


def _decoded(text: str) -> str:
    return unquote(text.replace("+", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, with everything that was read from it once."""

    request: HttpRequest
    base_url: str
    """Scheme, host and port by which the client reached us, without a slash."""
    segments: tuple[str, ...]
    """The parts of the path, still percent-encoded."""
    query: Parameters
    form: Parameters
    now: float
    """Seconds since 1970 on the tenant's clock."""
    trace_id: str
    """Entra's id of this request (`x-ms-request-id`)."""
    correlation_id: str
    """The client's id of it (`client-request-id`), or one made here."""
    echoes_correlation: bool
    trailer: str = " "
    """The separator of the parts of an error's description."""

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def origin(self) -> str | None:
        """The `Origin` header, which a browser's script cannot leave out."""
        return self.request.header("Origin")

    def cookie(self, name: str) -> str | None:
        """The first cookie of that name."""
        for key, value in self.request.headers:
            if key.lower() == "cookie":
                for piece in value.split(";"):
                    found, _, text = piece.strip().partition("=")
                    if found == name:
                        return text
        return None


def read_call(request: HttpRequest, *, chance: Chance, now: float, trailer: str = " ") -> Call:
    """Read one request. Raises ValueError for a URL that is none."""
    origin, target = split_origin(request.url)
    path, _, query = target.partition("?")
    sent_id = request.header("client-request-id") or ""
    echoes = _GUID.fullmatch(sent_id) is not None
    return Call(
        request=request,
        base_url=_checked(origin),
        segments=tuple(path.split("/")[1:]),
        query=_parameters(query),
        form=_read_form(request),
        now=now,
        trace_id=chance.trace_id(),
        correlation_id=sent_id if echoes else chance.guid(),
        echoes_correlation=echoes,
        trailer=trailer,
    )


@lru_cache(maxsize=64)
def _checked(origin: str) -> str:
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}"


def _read_form(request: HttpRequest) -> Parameters:
    content_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if content_type != _FORM:
        # fidelity: wrong-content-type - the body is not looked at, so every field is missing
        return Parameters()
    try:
        return _parameters(request.body.decode("utf-8"))
    except UnicodeDecodeError:
        return Parameters(broken=True)
