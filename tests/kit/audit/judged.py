"""Small exchanges made by hand, and the word of one rule for each step."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import date
from typing import Any

from entra_oauth.audit import Judged, lint
from entra_oauth.audit.case import Case
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.protocol.messages import FORM, HttpResponse, encode_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import Claim, Evidence, Level, steps_of
from kit.audit.exchanges import LOGIN, json_answer, step

__all__ = [
    "AT",
    "CLIENT",
    "ENDPOINTS",
    "TENANT",
    "authorize",
    "call",
    "case",
    "claim",
    "jwt",
    "redirect",
    "said",
    "token",
    "words",
]

TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
ENDPOINTS = f"{LOGIN}/{TENANT}/oauth2/v2.0"
AT = 1_000_000.0
"""Seconds since 1970: the moment of the token request."""


def authorize(
    *, at: float = AT - 20, url: str = f"{ENDPOINTS}/authorize", **fields: str
) -> Exchange:
    """An authorize request with these parameters."""
    return step("authorize", "GET", f"{url}?{encode_form(tuple(fields.items()))}", at=at)


def redirect(*, at: float = AT - 10, **fields: str) -> Exchange:
    """A redirect that the listener took."""
    return step("accepted", "GET", f"http://localhost/?{encode_form(tuple(fields.items()))}", at=at)


def token(
    members: dict[str, Any] | None = None,
    *,
    at: float = AT,
    url: str = f"{ENDPOINTS}/token",
    response: HttpResponse | None = None,
    **fields: str,
) -> Exchange:
    """A token request with these fields. `members` are those of a good answer."""
    return step(
        "token",
        "POST",
        url,
        headers=(("Content-Type", FORM),),
        body=encode_form(tuple(fields.items())).encode(),
        response=json_answer(members) if members is not None else response,
        at=at,
    )


def call(
    authorization: str, *, at: float = AT + 10, url: str = "https://adb.example/api"
) -> Exchange:
    """A request to an API."""
    return step("api", "GET", url, headers=(("Authorization", authorization),), at=at)


def jwt(header: dict[str, Any], claims: dict[str, Any], signature: str = "c2ln") -> str:
    """A token of these parts."""
    parts = (urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    return ".".join([*(part.rstrip(b"=").decode() for part in parts), signature])


def claim(name: str, verdict: str, *steps: int) -> Claim:
    """Something that the recorder saw."""
    return Claim(name=name, verdict=verdict, detail="", steps=steps)


def case(*exchanges: Exchange, claims: tuple[Claim, ...] = (), planned: bool = False) -> Case:
    """The exchanges with these claims, and no others: as of a recording that was redacted."""
    evidence = Evidence(
        steps=steps_of(Recording(exchanges)), created_at=0.0, level=Level.SECRETS, claims=claims
    )
    return Case(evidence=evidence, planned=planned)


def words(rule: str, judged: Case) -> list[str]:
    """For each step `pass`, `undecidable`, `not applicable`; or how bad it is: `error` …"""
    return [
        each.severity.value if each.verdict.kind is VerdictKind.FAIL else each.verdict.kind.value
        for each in _judged(rule, judged)
    ]


def said(rule: str, judged: Case) -> list[str]:
    """The sentences of the verdicts."""
    return [each.verdict.text for each in _judged(rule, judged)]


def _judged(rule: str, judged: Case) -> tuple[Judged, ...]:
    return lint(judged, today=date(2026, 11, 25), rules=[BY_ID[rule]]).judged
