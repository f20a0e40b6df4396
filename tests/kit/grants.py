"""Channels for flows without a browser: a clock that moves by sleeping, answers by function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from entra_oauth.channels.base import Channels, NoFront, look_away
from entra_oauth.errors import EntraOAuthError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.access_request import AccessRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire, parse_form
from entra_oauth.protocol.scopes import DATABRICKS
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, TENANT
from kit.servers import id_token_key

__all__ = [
    "ASSERTION",
    "NOW",
    "PASSWORD",
    "SECRET",
    "SECRETS",
    "USER",
    "World",
    "app",
    "fields",
    "id_token",
    "json_reply",
    "person",
    "refusal",
    "tokens",
]

NOW = 1_760_000_000.0
USER = "ada@example.test"

PASSWORD = "CanaryPassword~" + "p&+%'\"äß " + "Pp7!" * 4
SECRET = "CanarySecret~" + "Cs8." * 8
ASSERTION = "eyJCanaryAssertion" + "As9_" * 8 + ".eyJB.c2ln"
SECRETS = (PASSWORD, SECRET, ASSERTION, REFRESH_TOKEN, ACCESS_TOKEN)

Answer = HttpResponse | EntraOAuthError | BaseException


def person(**changes: Any) -> AccessRequest:
    """The request for a person's token."""
    made: dict[str, Any] = {
        "authority": Authority.of(TENANT),
        "client_id": CLIENT_ID,
        "scopes": ("databricks",),
    }
    return AccessRequest.for_person(**(made | changes))


def app(**changes: Any) -> AccessRequest:
    """The request for an app's own token."""
    made: dict[str, Any] = {
        "authority": Authority.of(TENANT),
        "client_id": CLIENT_ID,
        "scopes": ("databricks",),
    }
    return AccessRequest.for_app(**(made | changes))


def json_reply(
    members: Mapping[str, Any], *headers: tuple[str, str], status: int = 200
) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "application/json; charset=utf-8"), *headers),
        body=json.dumps(members).encode("utf-8"),
    )


def tokens(**changes: Any) -> HttpResponse:
    """A good token answer without an ID token, with changes; None leaves a member out."""
    members: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": f"{DATABRICKS.replace('.default', 'user_impersonation')} {DATABRICKS}",
        "expires_in": 3599,
        "access_token": ACCESS_TOKEN,
        "refresh_token": REFRESH_TOKEN,
    } | changes
    return json_reply({name: value for name, value in members.items() if value is not None})


def refusal(error: str, code: int = 0, *headers: tuple[str, str], **more: Any) -> HttpResponse:
    """An OAuth error as Entra shapes it."""
    members: dict[str, Any] = {
        "error": error,
        "error_description": f"AADSTS{code}: No. Trace ID: t-1 Correlation ID: c-1 "
        "Timestamp: 2025-02-19 03:49:12Z",
        "error_codes": [code],
        "timestamp": "2025-02-19 03:49:12Z",
        "trace_id": "t-1",
        "correlation_id": "c-1",
    } | more
    return json_reply(members, *headers, status=401 if error == "invalid_client" else 400)


def id_token(
    *, by: str = id_token_key.KID, header: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    """A signed ID token that passes, with changes; None leaves a claim out."""
    claims: dict[str, Any] = {
        "aud": CLIENT_ID,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "iat": int(NOW),
        "nbf": int(NOW),
        "exp": int(NOW) + 3600,
        "oid": "5bf4ae9b-d1e2-4d57-a3ab-2d3b3e4b7b5b",
        "preferred_username": USER,
        "sub": "a-subject",
        "tid": TENANT,
        "ver": "2.0",
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return id_token_key.signed(kept, by=by, header=header)


def fields(request: HttpRequest) -> dict[str, str]:
    """The form of a request. Fails if a field stands twice."""
    pairs = parse_form(request.body.decode("ascii"))
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@dataclass
class World:
    """Answers in a row, the last one for ever; a clock that only sleeping moves.

    Answers may be functions of the request. Errors among them are raised.
    """

    answers: Iterable[Answer | Callable[[HttpRequest], HttpResponse]]
    keys: Answer | Callable[[HttpRequest], Answer] | None = None
    """The answer to a request for keys; None: there is no second channel."""
    now: float = NOW
    clock: float = 100.0
    requests: list[HttpRequest] = field(default_factory=list)
    key_requests: list[HttpRequest] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    """The time of each request, by the clock."""
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rest = list(self.answers)

    @property
    def channels(self) -> Channels:
        return Channels(
            front=NoFront(),
            back=_Back(self._answer),
            aside=None if self.keys is None else _Back(self._answer_keys),
            say=self.said.append,
            now=lambda: self.now,
            monotonic=lambda: self.clock,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.clock += seconds
        self.now += seconds

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        self.at.append(self.clock)
        answer = self._rest.pop(0) if len(self._rest) > 1 else self._rest[0]
        if callable(answer):
            return answer(request)
        return _given(answer)

    def _answer_keys(self, request: HttpRequest) -> HttpResponse:
        self.key_requests.append(request)
        assert self.keys is not None
        return _given(self.keys(request) if callable(self.keys) else self.keys)


def _given(answer: Answer) -> HttpResponse:
    if isinstance(answer, BaseException):
        raise answer
    return answer


@dataclass(frozen=True, slots=True)
class _Back:
    respond: Callable[[HttpRequest], HttpResponse]

    def warm(self, url: str) -> NoReturn:
        raise AssertionError("nothing is warmed up here")

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        return self.respond(request)
