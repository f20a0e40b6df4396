"""Entra's own error numbers inside an OAuth error.

A description reads `AADSTS50011: text`, followed by a trailer with a trace id, a
correlation id and a time. The trailer's lines end in CR LF in older answers and
are set apart by single spaces in newer ones; both are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Description", "advice_for", "as_sentence", "hide", "read_description"]

_NUMBER = re.compile(r"AADSTS([0-9]{4,9})")
_TRAILER = {
    "trace_id": re.compile(r"Trace ID: ?([0-9A-Za-z-]{1,64})"),
    "correlation_id": re.compile(r"Correlation ID: ?([0-9A-Za-z-]{1,64})"),
    "timestamp": re.compile(r"Timestamp: ?([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z)"),
}
# NOTE: no `\s*` in front, which would look at a long run of spaces once for each of them.
_TRAILER_START = re.compile(r"(?:Trace|Correlation) ID:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An `error_description`, taken apart and safe to print."""

    text: str
    """The sentence for people, without the trailer."""
    codes: tuple[int, ...]
    trace_id: str | None
    correlation_id: str | None
    timestamp: str | None


def read_description(text: str) -> Description:
    """Take an `error_description` apart. Never raises; what is not there is None."""
    found = {
        name: match.group(1) if (match := pattern.search(text)) else None
        for name, pattern in _TRAILER.items()
    }
    sentence = _TRAILER_START.split(text, maxsplit=1)[0]
    return Description(
        text=plain(" ".join(sentence.split())),
        codes=tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(sentence))),
        trace_id=found["trace_id"],
        correlation_id=found["correlation_id"],
        timestamp=found["timestamp"],
    )


def as_sentence(text: str) -> str:
    """The text with a full stop, unless it ends in a mark of its own."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, should an authority repeat one.

    Entra does not. A secret shorter than 16 characters is left alone: it could be
    a part of an ordinary word or number.
    """
    for secret in secrets:
        if len(secret) >= 16:
            text = text.replace(secret, "<hidden>")
    return text


_BY_CODE = {
    50011: "Register this redirect URI under 'Mobile and desktop applications' of the app.",
    50020: "Sign in with an account of this tenant, or be invited to it as a guest.",
    50055: "The password has expired: sign in on the web and change it.",
    50076: "Sign in again in the browser: multi-factor authentication is needed.",
    50079: "Sign in again in the browser: multi-factor authentication must be set up.",
    50105: "Ask an administrator to assign you to the application.",
    53000: "A managed device is required here; only Microsoft's own clients can prove one.",
    53003: "A Conditional Access policy blocks this sign-in: ask an administrator.",
    54005: "Sign in again: a code can be used once only.",
    65001: "Sign in again and consent, or ask an administrator to grant consent.",
    65004: "Consent was declined. Sign in again and accept, or ask an administrator.",
    70008: "Sign in again and finish within ten minutes: the code has expired.",
    70011: "Check --scope: next to a `.default` there can be openid, profile, email and "
    "offline_access, and no other permission.",
    90002: "Check the tenant and the cloud: no such tenant is known to this host.",
    90094: "An administrator must consent to this application.",
    500011: "Check --scope: this tenant does not know the resource.",
    501481: "Sign in again: the code belongs to another attempt than the PKCE verifier.",
    700016: "Check the client id and the tenant: the app is not in this tenant.",
    700025: "This app is public: send no secret.",
    7000218: "The redirect URI is registered under 'Web': move it to "
    "'Mobile and desktop applications'.",
    9002326: "Something added an Origin header to the request, as a web page does: look for a "
    "proxy in between. This redirect URI does not take one.",
    9002327: "The redirect URI is registered under 'Single-page application': move it to "
    "'Mobile and desktop applications'.",
}

_BY_ERROR = {
    "access_denied": "Sign in again and accept, or ask an administrator why it is refused.",
    "consent_required": "Sign in again and consent, or ask an administrator to grant consent.",
    "interaction_required": "Sign in again in the browser.",
    "invalid_client": "Check the client id and how the redirect URI is registered.",
    "invalid_grant": "Sign in again: the code or refresh token is no longer good.",
    "invalid_request": "Check the options against the app registration.",
    "invalid_resource": "Check --scope: this tenant does not know the resource.",
    "invalid_scope": "Check the names after --scope: one is misspelled or not for this app.",
    "login_required": "Sign in again without --prompt none.",
    "server_error": "Try again in a minute; the fault is at the authority.",
    "temporarily_unavailable": "Try again in a minute; the authority is busy.",
    "unauthorized_client": "Check the client id and the tenant.",
}


def advice_for(error: str, codes: tuple[int, ...], *, subcode: str | None = None) -> str:
    """What a person can do about it, in a sentence."""
    if subcode == "cancel":
        return "The sign-in was cancelled in the browser. Start again when you are ready."
    for code in codes:
        if code in _BY_CODE:
            return _BY_CODE[code]
    return _BY_ERROR.get(
        error, "Ask an administrator, who will want the correlation id and the time."
    )
