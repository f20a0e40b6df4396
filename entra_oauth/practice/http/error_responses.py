"""The two forms in which an app gets a refusal: JSON, and fields for its redirect URI."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.http.refusals import entra_time
from entra_oauth.practice.http.responses import json_answer

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["as_fields", "as_json"]


def as_json(refused: Refused, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """The answer of the token endpoint and of the documents (RFC 6749 §5.2)."""
    kind = refused.kind
    if refused.correlation_id is not None:
        call = replace(
            call,
            correlation_id=refused.correlation_id,
            echoes_correlation=refused.echoes_correlation,
        )
    body: dict[str, object] = {
        "error": refused.error,
        "error_description": _described(refused, call, call.trailer),  # fidelity: error-trailer
        "error_codes": [kind.number],
        "timestamp": entra_time(call.now),
        "trace_id": call.trace_id,
        "correlation_id": call.correlation_id,
    }
    if kind.listed:
        body["error_uri"] = _error_uri(refused, call)  # fidelity: error-uri
    if refused.suberror:
        body["suberror"] = refused.suberror
    if refused.claims:
        body["claims"] = refused.claims
    # fidelity: invalid-client-status
    status = 401 if refused.error == "invalid_client" else kind.status
    text = json.dumps(body, separators=(",", ":"))
    return json_answer(status, text, call, telemetry=f"1,{kind.number},0,,", extra=extra)


def as_fields(refused: Refused, call: Call) -> Fields:
    """The fields for the redirect URI (RFC 6749 §4.1.2.1); `state` is the caller's to add."""
    fields = (
        ("error", refused.error),
        ("error_description", _described(refused, call, "\r\n")),  # fidelity: error-redirect
    )
    return (*fields, ("error_uri", _error_uri(refused, call))) if refused.kind.listed else fields


def _error_uri(refused: Refused, call: Call) -> str:
    return f"{call.base_url}/error?code={refused.kind.number}"


def _described(refused: Refused, call: Call, separator: str) -> str:
    trailer = (
        f"Trace ID: {call.trace_id}",
        f"Correlation ID: {call.correlation_id}",
        f"Timestamp: {entra_time(call.now)}",
    )
    return separator.join((refused.text, *trailer))
