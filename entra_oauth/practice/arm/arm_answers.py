"""The shape of Azure Resource Manager's answers, good and bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from entra_oauth.moments import utc
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.protocol.messages import Fields

__all__ = ["arm_error", "arm_json"]

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
}


def arm_json(call: Call, content: dict[str, object], *, status: int = 200) -> HttpResponse:
    """A JSON answer with the headers that Azure sends."""
    # fidelity: arm-headers
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
            ("Expires", "-1"),
            ("Content-Type", "application/json; charset=utf-8"),
            ("x-ms-request-id", call.trace_id),
            ("x-ms-correlation-request-id", call.trace_id),
            ("x-ms-routing-request-id", f"PRACTICE:{utc(call.now):%Y%m%dT%H%M%SZ}:{call.trace_id}"),
            ("x-ms-ratelimit-remaining-tenant-reads", "249"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=json.dumps(content).encode("utf-8"),
    )


def arm_error(
    call: Call, status: int, code: str, message: str, *, extra: Fields = ()
) -> HttpResponse:
    """An error: a code for programs, a message for people."""
    answer = arm_json(call, {"error": {"code": code, "message": message}}, status=status)
    return HttpResponse(
        status=answer.status,
        reason=answer.reason,
        headers=(*answer.headers, *extra),
        body=answer.body,
    )
