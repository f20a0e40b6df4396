"""The shape of Microsoft Graph's answers, good and bad.

https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from entra_oauth.moments import utc
from entra_oauth.practice.directory.model import GRAPH
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.protocol.messages import Fields

__all__ = ["GraphRefusal", "graph_error", "graph_json", "graph_octets"]

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}
_JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
    "charset=utf-8"
)
_CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
    f'authorize", client_id="{GRAPH}"'
)


class GraphRefusal(Exception):
    """A no of Graph's. Stays inside this room."""

    def __init__(
        self, status: int, code: str, message: str, *, challenge: str | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.challenge = challenge
        """The `WWW-Authenticate` header of a 401, if it is not the usual one."""


def graph_json(call: Call, content: dict[str, object]) -> HttpResponse:
    """A JSON answer with the annotations that clients read."""
    return _answer(call, 200, _JSON, json.dumps(content).encode("utf-8"))


def graph_octets(call: Call, media_type: str, octets: bytes) -> HttpResponse:
    """The content of something that is not JSON."""
    return _answer(call, 200, media_type, octets)


def graph_error(call: Call, no: GraphRefusal) -> HttpResponse:
    """An error: a code for programs, a message for people, and ids for Microsoft's support."""
    # fidelity: graph-error
    inner = {
        "date": f"{utc(call.now):%Y-%m-%dT%H:%M:%S}",
        "request-id": call.trace_id,
        "client-request-id": _client_id(call),
    }
    content = {"error": {"code": no.code, "message": no.message, "innerError": inner}}
    extra = (("WWW-Authenticate", no.challenge or _CHALLENGE),) if no.status == 401 else ()
    return _answer(call, no.status, "application/json", json.dumps(content).encode("utf-8"), extra)


def _client_id(call: Call) -> str:
    return call.correlation_id if call.echoes_correlation else call.trace_id


def _answer(
    call: Call, status: int, media_type: str, octets: bytes, extra: Fields = ()
) -> HttpResponse:
    server = {"DataCenter": "Practice", "Slice": "E", "Ring": "0", "ScaleUnit": "000"}
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            ("Cache-Control", "no-cache"),
            ("Content-Type", media_type),
            ("Vary", "Accept-Encoding"),
            ("Strict-Transport-Security", "max-age=31536000"),
            ("request-id", call.trace_id),
            ("client-request-id", _client_id(call)),
            ("x-ms-ags-diagnostic", json.dumps({"ServerInfo": server}, separators=(",", ":"))),
            ("X-Content-Type-Options", "nosniff"),
            *extra,
        ),
        body=octets,
    )
