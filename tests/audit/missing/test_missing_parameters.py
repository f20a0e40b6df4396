"""What a message does not say, or says with nothing, stops no rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange, Recording
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, CLIENT, ENDPOINTS, TENANT, authorize, call, jwt, redirect, token

FIELDS: dict[str, dict[str, Any]] = {
    "authorize": {
        **{"client_id": CLIENT, "response_type": "code", "redirect_uri": "http://localhost:8400"},
        **{"scope": "openid offline_access User.Read", "state": "s" * 43, "nonce": "n" * 43},
        **{"code_challenge": "c" * 43, "code_challenge_method": "S256", "response_mode": "query"},
        **{"resource": "https://graph.microsoft.com", "prompt": "consent", "domain_hint": "d"},
        **{"login_hint": "somebody", "claims": "{}"},
    },
    "redirect": {
        **{"code": "co", "state": "s" * 43, "iss": f"{LOGIN}/{TENANT}/v2.0", "error": "e"},
        **{"error_description": "d", "session_state": "x", "client_info": "y"},
    },
    "token": {
        **{"grant_type": "authorization_code", "code": "co", "client_id": CLIENT},
        **{"redirect_uri": "http://localhost:8400", "code_verifier": "v" * 43, "scope": "openid"},
        **{"client_secret": "x", "resource": "https://graph.microsoft.com", "state": "s"},
        **{"client_assertion": jwt({"alg": "RS256"}, {"iss": CLIENT, "sub": CLIENT, "aud": LOGIN})},
        **{"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    },
    "refresh": {
        **{"grant_type": "refresh_token", "refresh_token": "rt", "client_id": CLIENT},
        "scope": "User.Read",
    },
    "exchange": {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "a.b.c",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "assertion": "a.b.c",
        "requested_token_use": "on_behalf_of",
    },
    "poll": {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "d" * 60,
        "client_id": CLIENT,
    },
}
CLAIMS: dict[str, Any] = {
    **{"iss": f"{LOGIN}/{TENANT}/v2.0", "tid": TENANT, "aud": CLIENT, "sub": "s", "oid": "o"},
    **{"exp": AT + 3600, "iat": AT, "nbf": AT, "nonce": "n" * 43, "azp": CLIENT, "at_hash": "h"},
    **{"c_hash": "h", "scp": "User.Read", "alg": "RS256", "kid": "1"},
}
MEMBERS: dict[str, Any] = {
    **{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "scope": "User.Read"},
    **{"refresh_token": "rt", "id_token": "it", "access_token": "at", "foci": "1"},
    **{"error": "e", "error_description": "AADSTS54005: d", "error_codes": [54005]},
    **{"device_code": "d" * 60, "user_code": "ABCD1234", "interval": 5, "verification_uri": LOGIN},
    **{"issuer": f"{LOGIN}/{TENANT}/v2.0", "token_endpoint": LOGIN, "resource": LOGIN, "keys": []},
}
HEADERS = ["content-type", "cache-control", "pragma", "location", "www-authenticate", "date"]
NAMES = sorted({n for fields in FIELDS.values() for n in fields} | set(CLAIMS) | set(MEMBERS))


class Sayings:
    """The messages of some sign-ins, of which some things are not said, or with nothing."""

    def __init__(self, left_out: set[str], emptied: set[str]) -> None:
        self._left_out, self._emptied = left_out, emptied

    def fields(self, name: str) -> dict[str, Any]:
        return self._less(FIELDS[name])

    def _less(self, named: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in named.items() if name not in self._left_out}
        return {name: "" if name in self._emptied else value for name, value in kept.items()}

    def answer(self, status: int = 200) -> HttpResponse:
        claims = self._less(CLAIMS)
        members = MEMBERS | {"id_token": jwt(claims, claims), "access_token": jwt(claims, claims)}
        plain = json_answer(self._less(members), status)
        headers = (*plain.headers, ("Location", LOGIN), ("WWW-Authenticate", "Bearer"))
        kept = self._less({name.lower(): value for name, value in headers})
        return replace(plain, headers=tuple(kept.items()))

    def exchanges(self) -> list[Exchange]:
        known = f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration"
        api = call("Bearer at", at=AT + 9)
        return [
            step("openid-configuration", "GET", known, response=self.answer(), at=AT - 30),
            replace(authorize(**self.fields("authorize")), response=self.answer(302)),
            authorize(at=AT - 19, url="https://login.other.example/a", **self.fields("authorize")),
            redirect(**self.fields("redirect")),
            token(response=self.answer(), **self.fields("token")),
            token(response=self.answer(400), at=AT + 1, **self.fields("token")),
            token(response=self.answer(), at=AT + 2, **self.fields("refresh")),
            token(response=self.answer(), at=AT + 3, **self.fields("exchange")),
            step(
                "devicecode", "POST", f"{ENDPOINTS}/devicecode", response=self.answer(), at=AT + 4
            ),
            token(response=self.answer(), at=AT + 5, **self.fields("poll")),
            step(
                "metadata",
                "GET",
                "https://a.example/.well-known/oauth-protected-resource",
                response=self.answer(),
                at=AT + 8,
            ),
            replace(api, response=self.answer(401)),
            replace(api, response=self.answer(302), started_at=AT + 10, ended_at=AT + 10),
        ]


def judged(left_out: set[str], emptied: set[str]) -> set[str]:
    """The rules that said something."""
    case = case_of(Recording(tuple(Sayings(left_out, emptied).exchanges())))
    return {each.rule.id for each in lint(case, today=date(2026, 11, 25)).judged}


ALL = {rule.id for rule in RULES}


@pytest.mark.parametrize("name", [*NAMES, *HEADERS])
def test_every_rule_says_something_where_one_thing_is_not_said(name: str) -> None:
    assert judged({name}, set()) == ALL


@pytest.mark.parametrize("kept", ["grant_type", "client_id", "response_type", "code", "state", ""])
def test_every_rule_says_something_where_next_to_nothing_is_said(kept: str) -> None:
    less = {*NAMES, *HEADERS} - {kept}
    assert judged(less, set()) == judged(set(), less) == ALL
