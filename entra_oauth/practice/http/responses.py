"""Building answers: the headers Entra sends, refusals, redirects, and reply encoding."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from entra_oauth.moments import utc
from entra_oauth.practice.http.refusals import entra_time
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.markup import Html
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.http.refusals import Refused
    from entra_oauth.protocol.messages import Fields

__all__ = [
    "as_fields",
    "as_json",
    "dated",
    "document",
    "empty_answer",
    "encode_reply",
    "json_answer",
    "page_answer",
    "redirect_answer",
    "text_answer",
]

_PLAIN = re.compile(r"[A-Za-z0-9_.-]*", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}


def _common(call: Call) -> Fields:
    """The headers of every answer of Entra's (recorded Feb 2025)."""  # fidelity: headers
    return (
        ("Cache-Control", "no-store, no-cache"),
        ("Pragma", "no-cache"),
        ("Expires", "-1"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("X-Content-Type-Options", "nosniff"),
        ("P3P", 'CP="DSP CUR OTPi IND OTRi ONL FIN"'),
        ("X-XSS-Protection", "0"),
        ("x-ms-request-id", call.trace_id),
        ("x-ms-ests-server", "2.1.0.0 - PRACTICE"),
        ("x-ms-srs", "1.P"),
        *((("client-request-id", call.correlation_id),) if call.echoes_correlation else ()),
    )


def json_answer(
    status: int, text: str, call: Call, *, telemetry: str, extra: Fields = ()
) -> HttpResponse:
    """A JSON answer. `telemetry` is `x-ms-clitelem`: version, error, suberror, age, ring."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            *_common(call),
            ("Content-Type", "application/json; charset=utf-8"),
            ("x-ms-clitelem", telemetry),
            *extra,
        ),
        body=text.encode("utf-8"),
    )


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
    cause = (f"Practice fault in force: {refused.fault}.",) if refused.fault else ()
    return separator.join((refused.text, *cause, *trailer))


def text_answer(status: int, text: str, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """A plain sentence: what a throttled client gets in place of JSON."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(*_common(call), ("Content-Type", "text/plain; charset=utf-8"), *extra),
        body=text.encode("utf-8"),
    )


def page_answer(
    status: int, document: Html, call: Call, *, policy: str, extra: Fields = ()
) -> HttpResponse:
    """A page. `policy` is its Content-Security-Policy."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            *_common(call),
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            ("Referrer-Policy", "strict-origin-when-cross-origin"),
            ("X-Frame-Options", "DENY"),
            *extra,
        ),
        body=document.encode("utf-8"),
    )


def empty_answer(call: Call, *, extra: Fields = ()) -> HttpResponse:
    """`200` without a body."""
    return HttpResponse(status=200, reason=_REASONS[200], headers=(*_common(call), *extra))


def document(content: dict[str, object], *, extra: Fields = ()) -> HttpResponse:
    """A public JSON document, which any page may read and everybody may keep for a day."""
    return HttpResponse(
        status=200,
        reason="OK",
        headers=(
            ("Cache-Control", "max-age=86400, private"),
            ("Content-Type", "application/json; charset=utf-8"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
            ("X-Content-Type-Options", "nosniff"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, OPTIONS"),
            ("P3P", 'CP="DSP CUR OTPi IND OTRi ONL FIN"'),
            *extra,
        ),
        body=json.dumps(content, separators=(",", ":")).encode("utf-8"),
    )


def redirect_answer(location: str, call: Call, *, extra: Fields = ()) -> HttpResponse:
    """`302` with an empty body, as Entra's."""
    return HttpResponse(
        status=302, reason=_REASONS[302], headers=(*_common(call), ("Location", location), *extra)
    )


def dated(answer: HttpResponse, now: float) -> HttpResponse:
    """`answer` with the time of its making (RFC 9110 §6.6.1). `now`: seconds since 1970."""
    return HttpResponse(
        status=answer.status,
        reason=answer.reason,
        headers=(*answer.headers, ("Date", _http_date(int(now)))),
        body=answer.body,
    )


@lru_cache(maxsize=1)
def _http_date(second: int) -> str:
    # Not by strftime, whose names are those of the locale, nor by email.utils, which is slow
    # to import.
    at = utc(second)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"
    )


def encode_reply(fields: Fields) -> str:
    """A query as .NET's `HttpUtility.UrlEncode` writes it.

    Blanks become `+`, hexadecimal digits are lower case, `!*()` stay, `~` does
    not: seen in Entra's own redirects, and a trap for parsers.
    """  # fidelity: reply-encoding
    return "&".join(f"{_dotnet(name)}={_dotnet(value)}" for name, value in fields)


def _dotnet(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    # quote_plus writes upper-case hex; literals hold no '%', so every triple is an escape.
    pieces = quote_plus(text, safe="!*()", errors="replace").replace("~", "%7e").split("%")
    return pieces[0] + "".join(f"%{p[:2].lower()}{p[2:]}" for p in pieces[1:])
