"""Answers of a token endpoint over a real socket: one clear error each, one redemption."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from entra_oauth.channels.base import Channels
from entra_oauth.errors import (
    AuthorityError,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    UnexpectedAnswer,
)
from entra_oauth.flows.authorization_code import redeem
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.messages import HttpRequest, encode_form
from kit.back_channels import a_back
from kit.canaries import (
    ACCESS_TOKEN,
    CODE,
    REFRESH_TOKEN,
    TENANT,
    VERIFIER,
    hardened_request,
    refused,
)
from kit.played_channels import FakeFront
from kit.servers.raw_server import RawServer, Script, answer, answering, hearing, saying

GOOD: dict[str, object] = {
    "token_type": "Bearer",
    "access_token": ACCESS_TOKEN,
    "expires_in": 3599,
    "refresh_token": REFRESH_TOKEN,
}


@pytest.fixture
def channels() -> Iterator[Channels]:
    with a_back() as back:
        yield Channels(front=FakeFront(lambda url: [], []), back=back, now=lambda: 1000.0)


def redeemed_at(server: RawServer, channels: Channels, *, timeout_s: float = 5.0) -> TokenResponse:
    request = hardened_request(authority=Authority(server.url, TENANT), response_mode="query")
    query = encode_form((("code", CODE), ("state", request.state)))
    callback = HttpRequest(method="GET", url=f"{request.redirect_uri}?{query}")
    response = AuthorizationResponse.read(callback, answering=request)
    return redeem(response, channels, timeout_s=timeout_s)


def members(*without: str, **other: object) -> bytes:
    return json.dumps({k: v for k, v in {**GOOD, **other}.items() if k not in without}).encode()


def typed(body: bytes, kind: str, *, status: str = "200 OK") -> bytes:
    return answer(body, status=status).replace(b"application/json", kind.encode(), 1)


READABLE: dict[str, tuple[bytes, float | None]] = {
    "as it should be": (answer(members()), 4599.0),
    "a content type with a charset": (typed(members(), "application/json; charset=utf-8"), 4599.0),
    "a content type in capitals": (typed(members(), "Application/JSON"), 4599.0),
    "bearer in lower case": (answer(members(token_type="bearer")), 4599.0),
    "a lifetime as text": (answer(members(expires_in="60")), 1060.0),
    "no lifetime": (answer(members("expires_in")), None),  # Unknown, not nothing
    "members that nobody knows": (answer(members(ext_expires_in=1, foci="1")), 4599.0),
    "compressed": (answer(gzip.compress(members()), more="Content-Encoding: gzip\r\n"), 4599.0),
}


@pytest.mark.parametrize(("message", "expires_at"), READABLE.values(), ids=READABLE.keys())
def test_a_good_answer_is_read(
    message: bytes, expires_at: float | None, channels: Channels
) -> None:
    with RawServer(answering(message)) as server:
        tokens = redeemed_at(server, channels)
    assert (tokens.access_token, tokens.refresh_token) == (ACCESS_TOKEN, REFRESH_TOKEN)
    assert (tokens.token_type, tokens.expires_at) == ("Bearer", expires_at)
    (sent,) = server.requests
    assert sent.startswith(f"POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in sent
    assert f"code_verifier={VERIFIER}".encode() in sent


OAUTH_ERROR = json.dumps(
    {
        "error": "invalid_grant",
        "error_description": "AADSTS70008: The code has expired.\u001b[2J\u202e\r\nTrace ID: x",
        "error_codes": [70008],
        "suberror": "bad_token",
        "correlation_id": "7f6e5d4c-1111-4222-8333-444455556666",
        "claims": '{"access_token": {}}',
    }
).encode()
HTML = b"<html><body>Sign in to the Wi-Fi</body></html>"
MOVED = "Location: https://elsewhere.example/token\r\n"

BAD: dict[str, tuple[Script, type[EntraOAuthError]]] = {
    # JSON, an object, strict UTF-8, each member once, no NaN.
    "HTML": (answering(typed(HTML, "text/html")), UnexpectedAnswer),
    "HTML that says it is JSON": (answering(answer(HTML)), UnexpectedAnswer),
    "JSON that says it is text": (answering(typed(members(), "text/plain")), UnexpectedAnswer),
    "no content type": (
        answering(answer(members()).replace(b"Content-Type: application/json\r\n", b"")),
        UnexpectedAnswer,
    ),
    "nothing": (answering(answer(b"")), UnexpectedAnswer),
    "a list": (answering(answer(b"[" + members() + b"]")), UnexpectedAnswer),
    "null": (answering(answer(b"null")), UnexpectedAnswer),
    "half an object": (answering(answer(members()[:-1])), UnexpectedAnswer),
    "two objects": (answering(answer(members() * 2)), UnexpectedAnswer),
    "UTF-16": (answering(answer(members().decode().encode("utf-16"))), UnexpectedAnswer),
    "bytes that are no UTF-8": (
        answering(answer(members(), more="").replace(b"Bearer", b"B\xe9arer", 1)),
        UnexpectedAnswer,
    ),
    "a member twice": (
        answering(answer(b'{"token_type": "mac", ' + members()[1:])),
        UnexpectedAnswer,
    ),
    "NaN": (answering(answer(members(x=float("nan")))), UnexpectedAnswer),
    "nested without an end": (answering(answer(b"[" * 100_000)), UnexpectedAnswer),
    "no access token": (answering(answer(members("access_token"))), UnexpectedAnswer),
    "an empty access token": (answering(answer(members(access_token=""))), UnexpectedAnswer),
    "a number as access token": (answering(answer(members(access_token=7))), UnexpectedAnswer),
    "a line break in it": (answering(answer(members(access_token="a\r\nX: y"))), UnexpectedAnswer),
    "no token type": (answering(answer(members("token_type"))), UnexpectedAnswer),
    "another token type": (answering(answer(members(token_type="mac"))), UnexpectedAnswer),
    "a lifetime of nothing": (answering(answer(members(expires_in=0))), UnexpectedAnswer),
    "a negative lifetime": (answering(answer(members(expires_in=-1))), UnexpectedAnswer),
    "a lifetime without an end": (
        answering(answer(members().replace(b"3599", b"1e999"))),
        UnexpectedAnswer,
    ),
    "a lifetime that is none": (answering(answer(members(expires_in="soon"))), UnexpectedAnswer),
    "a lifetime that is true": (answering(answer(members(expires_in=True))), UnexpectedAnswer),
    "an error beside the tokens": (answering(answer(members(error="no"))), AuthorityError),
    "an error": (answering(answer(OAUTH_ERROR, status="400 Bad Request")), AuthorityError),
    "an error with a good status": (answering(answer(OAUTH_ERROR)), AuthorityError),
    "an error that is no text": (
        answering(answer(b'{"error": {"a": 1}}', status="400 Bad Request")),
        AuthorityError,
    ),
    "another place, 302": (answering(answer(status="302 Found", more=MOVED)), UnexpectedAnswer),
    "another place, 307": (answering(answer(status="307 T", more=MOVED)), UnexpectedAnswer),
    "another place, with tokens": (
        answering(answer(members(), status="308 P", more=MOVED)),
        UnexpectedAnswer,
    ),
    "429 with a page": (
        answering(typed(HTML, "text/html", status="429 Too Many")),
        UnexpectedAnswer,
    ),
    "429 with an error": (
        answering(
            answer(
                b'{"error": "temporarily_unavailable"}',
                status="429 Too Many",
                more="Retry-After: 7\r\n",
            )
        ),
        AuthorityError,
    ),
    "503": (answering(typed(HTML, "text/html", status="503 Busy")), UnexpectedAnswer),
    "500 with tokens": (answering(answer(members(), status="500 Oh")), UnexpectedAnswer),
    "silence": (hearing, DeadlineExceeded),
    "5 MB": (answering(answer(members(x="y" * 5_000_000))), UnexpectedAnswer),
    "5 MB in 5 KB": (
        answering(answer(gzip.compress(b" " * 5_000_000), more="Content-Encoding: gzip\r\n")),
        UnexpectedAnswer,
    ),
    "a truncated answer": (saying(answer(members())[:-5]), ExchangeBroken),
}


@pytest.mark.parametrize(("script", "kind"), BAD.values(), ids=BAD.keys())
def test_a_bad_answer_is_one_clear_error_and_the_code_was_sent_once(
    script: Script, kind: type[EntraOAuthError], channels: Channels
) -> None:
    with RawServer(script) as server:
        with refused(kind) as caught:
            redeemed_at(server, channels, timeout_s=0.5 if script is hearing else 20.0)
        assert len(server.requests) == 1
    assert caught.value.exit_code in (3, 6)


def test_an_error_keeps_all_that_entra_said_without_its_control_characters(
    channels: Channels,
) -> None:
    script = answering(answer(OAUTH_ERROR, status="400 Bad Request"))
    with RawServer(script) as server, refused(AuthorityError) as caught:
        redeemed_at(server, channels)
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert (error.stage, error.error, error.error_codes) == ("token", "invalid_grant", (70008,))
    assert (error.suberror, error.http_status) == ("bad_token", 400)
    assert error.correlation_id == "7f6e5d4c-1111-4222-8333-444455556666"
    assert error.claims == '{"access_token": {}}'
    assert "The code has expired.<ESC>[2J<U+202E>" in error.description


def test_how_long_to_wait_is_kept_and_not_waited(channels: Channels) -> None:
    busy = answer(
        b'{"error": "temporarily_unavailable"}', status="429 T", more="Retry-After: 3000\r\n"
    )
    with RawServer(answering(busy)) as server:
        with refused(AuthorityError) as caught:
            redeemed_at(server, channels)
        assert len(server.requests) == 1
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.retry_after_s == 3000.0
