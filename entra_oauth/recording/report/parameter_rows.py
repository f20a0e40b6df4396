"""The parameters of a step as rows: as on the wire, decoded, what each is for, and says who."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from entra_oauth.protocol.glossary.parameters import AT_STEP, CLAIMS, PARAMETERS
from entra_oauth.protocol.messages import FORM, split_form

if TYPE_CHECKING:
    from entra_oauth.recording.step import Step

__all__ = ["ParameterRow", "Table", "tables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One parameter, member or claim."""

    name: str
    raw: str = field(repr=False)
    """As on the wire; empty where it is the same as decoded."""
    value: str = field(repr=False)
    meaning: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows that stand in one place."""

    where: str
    rows: tuple[ParameterRow, ...]


_SOURCES = {
    "access_token": "RFC 6749 §5.1",
    "assertion": "RFC 7523 §2.1",
    "client_assertion": "RFC 7523 §2.2",
    "client_assertion_type": "RFC 7521 §4.2",
    "client_id": "RFC 6749 §2.2",
    "client_info": "Entra",
    "client_secret": "RFC 6749 §2.3.1",
    "code": "RFC 6749 §4.1.2",
    "code_challenge": "RFC 7636 §4.3",
    "code_challenge_method": "RFC 7636 §4.3",
    "code_verifier": "RFC 7636 §4.1",
    "device_code": "RFC 8628 §3.2",
    "domain_hint": "Entra",
    "error": "RFC 6749 §5.2",
    "error_description": "RFC 6749 §5.2",
    "expires_in": "RFC 6749 §5.1",
    "grant_type": "RFC 6749 §4",
    "id_token": "OpenID Connect Core §2",
    "interval": "RFC 8628 §3.2",
    "login_hint": "OpenID Connect Core §3.1.2.1",
    "nonce": "OpenID Connect Core §3.1.2.1",
    "password": "RFC 6749 §4.3.2",
    "prompt": "OpenID Connect Core §3.1.2.1",
    "redirect_uri": "RFC 6749 §3.1.2",
    "refresh_token": "RFC 6749 §1.5, §6",
    "response_mode": "OAuth 2.0 Multiple Response Types §2.1",
    "response_type": "RFC 6749 §3.1.1",
    "scope": "RFC 6749 §3.3",
    "session_state": "OpenID Connect Session Management §2",
    "state": "RFC 6749 §4.1.1, §10.12",
    "token_type": "RFC 6749 §7.1",
    "user_code": "RFC 8628 §3.2",
    "username": "RFC 6749 §4.3.2",
    "verification_uri": "RFC 8628 §3.2",
}
_MORE = {
    "access_token": "the key to the API: whoever holds it may use it",
    "client_info": "which account it is, for Microsoft's own libraries",
    "id_token": "says who signed in, to this app",
    "nonce": "must come back inside the ID token: it ties that to this request",
}
_CLAIM_SOURCES = {
    "aud": "RFC 7519 §4.1.3",
    "exp": "RFC 7519 §4.1.4",
    "iat": "RFC 7519 §4.1.6",
    "iss": "RFC 7519 §4.1.1",
    "jti": "RFC 7519 §4.1.7",
    "nbf": "RFC 7519 §4.1.5",
    "nonce": "OpenID Connect Core §2",
    "sub": "RFC 7519 §4.1.2",
}
_AT = {"authorize": "authorize", "redirect": "redirect", "token": "token"}


def tables(step: Step) -> tuple[Table, ...]:
    """What a step carries: in its address, its form, its answer, and in tokens in there."""
    request, response = step.http_request, step.http_response
    found = [_form("In the address", request.query, step)]
    if (request.header("content-type") or "").lower().startswith(FORM):
        found.append(_form("In the form", request.body.decode("latin-1"), step))
    members = _object(response.body) if response is not None else {}
    if members:
        rows = tuple(_member(name, value) for name, value in members.items())
        found.append(Table(where="In the answer", rows=rows))
    for name in ("access_token", "id_token"):
        token = members.get(name)
        if isinstance(token, str) and (claims := _claims(token)):
            found.append(Table(where=f"Inside the {name} (not verified here)", rows=claims))
    return tuple(table for table in found if table.rows)


def _form(where: str, text: str, step: Step) -> Table:
    rows = []
    for name, raw in split_form(text):
        value = unquote_plus(raw)
        why = AT_STEP.get(_AT.get(step.name, ""), {}).get(name)
        meaning = why.get(value, "") if isinstance(why, dict) else why
        # The narration's words count its own steps; here they have other numbers.
        if not meaning or "step" in meaning:
            meaning = PARAMETERS.get(name) or _MORE.get(name, "")
        rows.append(
            ParameterRow(
                name=name,
                raw=raw if raw != value else "",
                value=value,
                meaning=meaning,
                source=_SOURCES.get(name, ""),
            )
        )
    return Table(where=where, rows=tuple(rows))


def _member(name: str, value: object) -> ParameterRow:
    return ParameterRow(
        name=name,
        raw="",
        value=value if isinstance(value, str) else json.dumps(value),
        meaning=PARAMETERS.get(name) or _MORE.get(name, ""),
        source=_SOURCES.get(name, ""),
    )


def _claims(token: str) -> tuple[ParameterRow, ...]:
    parts = token.split(".")
    if len(parts) != 3:
        return ()
    rows = []
    for part in parts[:2]:
        try:
            claims = _object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        except ValueError:
            return ()
        for name, value in claims.items():
            shown = value if isinstance(value, str) else json.dumps(value)
            meaning, source = CLAIMS.get(name, ""), _CLAIM_SOURCES.get(name, "")
            rows.append(
                ParameterRow(name=name, raw="", value=shown, meaning=meaning, source=source)
            )
    return tuple(rows)


def _object(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
