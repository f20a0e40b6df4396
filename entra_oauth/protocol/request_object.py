"""The parameters of an authorize request, wherever it says them.

They stand in its address, or in a request object: a JWT in `request` (RFC 9101), or what was pushed
before, which `request_uri` names (RFC 9126). There the address has little more than `client_id`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import FORM, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = ["AskedParameters", "parameters_of", "pushed_by"]

_NOT_PUSHED = "what request_uri names holds the parameters, and was not seen"
_NOT_READ = "the request object holds the parameters, and cannot be read here"


@dataclass(frozen=True, slots=True)
class AskedParameters:
    """What an authorize request asks for."""

    fields: Fields = field(repr=False)
    """The parameters; of two with one name the first counts."""
    elsewhere: str = ""
    """The reason why they cannot be told, as half a sentence; empty where they can."""


def parameters_of(fields: Fields, pushed: Callable[[str], Fields | None]) -> AskedParameters:
    """Read what an address asks for. `pushed` gives what was pushed before, by `request_uri`.

    What is in a request object counts before what stands beside it. RFC 9101 §5 lets only that
    count, OpenID Connect Core §6.1 the others too.
    """
    named = dict(reversed(fields))
    if uri := named.get("request_uri"):
        before = pushed(uri)
        if before is None:
            return AskedParameters(fields, _NOT_PUSHED)
        inside = parameters_of(_without("request_uri", before), pushed)
        return AskedParameters((*inside.fields, *fields), inside.elsewhere)
    if token := named.get("request"):
        claims = _claims(token)
        if claims is None:
            return AskedParameters(fields, _NOT_READ)
        return AskedParameters((*claims, *fields))
    return AskedParameters(fields)


def pushed_by(request: HttpRequest, response: HttpResponse | None) -> tuple[str, Fields] | None:
    """The `request_uri` that an authority gave to what was pushed, and that; else None."""
    by_form = (request.header("content-type") or "").lower().startswith(FORM)
    if response is None or not by_form or b'"request_uri"' not in response.body:
        return None
    try:
        uri = read_object(response.body).get("request_uri")
    except ValueError:
        return None
    fields = parse_form(request.body.decode("utf-8", "replace"))
    return (uri, fields) if isinstance(uri, str) and uri else None


def _without(name: str, fields: Fields) -> Fields:
    return tuple(pair for pair in fields if pair[0] != name)


def _claims(token: str) -> Fields | None:
    """The claims of a JWT as parameters; None if it is encrypted, taken out, or none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    part = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = read_object(urlsafe_b64decode(part.encode("ascii")))
    except ValueError:
        return None
    return tuple((name, _as_text(value)) for name, value in claims.items())


def _as_text(value: Any) -> str:
    """A claim as it would stand in an address: OpenID Connect's `claims` is JSON in both."""
    return value if isinstance(value, str) else json.dumps(value)
