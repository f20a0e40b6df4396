"""How the tenant says no, and the ways a no travels.

A check anywhere in this room raises `Refused`. It never leaves the room: the
endpoint turns it into a JSON answer, a redirect or a page, as Entra does.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.aadsts import KINDS
from entra_oauth.practice.http.responses import json_answer

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.kinds import Kind
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["Refused", "as_fields", "as_json", "refuse", "stamp"]


class Refused(Exception):
    """A request that Entra would refuse too. Stays inside this room."""

    def __init__(self, kind: Kind, text: str, error: str, suberror: str | None) -> None:
        super().__init__(kind.number)
        self.kind = kind
        self.text = text
        self.error = error
        self.suberror = suberror
        self.claims: str | None = None
        """JSON that the app must send back as its `claims` parameter."""
        self.at: Call | None = None
        """The call whose ids the answer carries, if it is not the one that is answered."""


def refuse(
    number: int, *names: str, error: str | None = None, suberror: str | None = None
) -> Refused:
    """The refusal of that number; `names` fill the gaps of its sentence.

    `error` and `suberror` replace the usual values where the same number means
    others at another endpoint.
    """
    kind = KINDS[number]
    text = f"AADSTS{number}: {kind.text.format(*names)}"
    return Refused(kind, text, error or kind.error, suberror or kind.suberror)


def stamp(now: float) -> str:
    """Entra's way to write a time, with a blank and not a `T`."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now))


def _described(refused: Refused, call: Call, separator: str) -> str:
    trailer = (
        f"Trace ID: {call.trace_id}",
        f"Correlation ID: {call.correlation_id}",
        f"Timestamp: {stamp(call.now)}",
    )
    return separator.join((refused.text, *trailer))


def as_json(refused: Refused, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """The answer of the token endpoint and of the documents."""
    kind = refused.kind
    if refused.at is not None:
        call = replace(
            call,
            correlation_id=refused.at.correlation_id,
            echoes_correlation=refused.at.echoes_correlation,
        )
    body: dict[str, object] = {
        "error": refused.error,
        "error_description": _described(refused, call, call.trailer),  # fidelity: error-trailer
        "error_codes": [kind.number],
        "timestamp": stamp(call.now),
        "trace_id": call.trace_id,
        "correlation_id": call.correlation_id,
    }
    if kind.listed:
        body["error_uri"] = f"{call.base_url}/error?code={kind.number}"  # fidelity: error-uri
    if refused.suberror:
        body["suberror"] = refused.suberror
    if refused.claims:
        body["claims"] = refused.claims
    # fidelity: invalid-client-status
    status = 401 if refused.error == "invalid_client" else kind.status
    text = json.dumps(body, separators=(",", ":"))
    return json_answer(status, text, call, telemetry=f"1,{kind.number},0,,", extra=extra)


def as_fields(refused: Refused, call: Call) -> Fields:
    """The fields that are sent to the redirect URI; `state` is the caller's to add."""
    fields = [
        ("error", refused.error),
        ("error_description", _described(refused, call, "\r\n")),  # fidelity: error-redirect
    ]
    if refused.kind.listed:
        fields.append(("error_uri", f"{call.base_url}/error?code={refused.kind.number}"))
    return tuple(fields)
