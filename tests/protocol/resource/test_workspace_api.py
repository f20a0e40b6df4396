"""A workspace call as a message, and every shape of its refusals in words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import ApiRefused, DestinationRefused, UsageError, plain
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, HttpResponse
from entra_oauth.protocol.resource.workspace_api import ApiCall, resource_id
from kit import canaries

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
URL = "https://adb-1.2.azuredatabricks.net/api/2.0/clusters/list"
RESOURCE = "/subscriptions/s/resourcegroups/g/providers/microsoft.databricks/workspaces/w"
NOW = 1_767_268_800.0


def call(**changes: Any) -> ApiCall:
    values: dict[str, Any] = {
        "method": "GET",
        "url": URL,
        "access_token": canaries.ACCESS_TOKEN,
        "scopes": ("databricks",),
        "authority": Authority.of(canaries.TENANT),
    }
    return ApiCall(**values | changes)


def test_the_articles_request_is_made() -> None:
    assert call().to_http() == HttpRequest(
        method="GET",
        url=URL,
        headers=(
            ("User-Agent", USER_AGENT),
            ("Accept", "application/json"),
            ("Authorization", f"Bearer {canaries.ACCESS_TOKEN}"),
        ),
    )


def test_the_articles_header_names_the_workspaces_resource() -> None:
    message = call(resource_id=resource_id("s", "g", "w")).to_http()
    assert message.header("X-Databricks-Azure-Workspace-Resource-Id") == RESOURCE


def test_a_body_is_json_and_goes_as_it_is() -> None:
    message = call(method="POST", body=b'{"a": 1 }').to_http()
    assert message.body == b'{"a": 1 }'
    assert message.header("Content-Type") == "application/json"


def test_no_repr_shows_the_token_or_the_body() -> None:
    canaries.assert_clean(repr(call(method="POST", body=canaries.CODE.encode())))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"method": "TRACE"}, UsageError),
        ({"method": "get"}, UsageError),
        ({"method": "GET\r\nX: y"}, UsageError),
        ({"body": b"{}"}, UsageError),
        ({"access_token": ""}, UsageError),
        ({"access_token": f"{canaries.ACCESS_TOKEN}\n"}, UsageError),
        ({"access_token": f"Bearer {canaries.ACCESS_TOKEN}"}, UsageError),
        ({"access_token": f"{canaries.ACCESS_TOKEN}é"}, UsageError),
        ({"resource_id": "/subscriptions/s"}, UsageError),
        ({"resource_id": f"{RESOURCE}/more"}, UsageError),
        ({"resource_id": f"{RESOURCE}\r\nX: y"}, UsageError),
        ({"url": "https://evil.example/"}, DestinationRefused),
        ({"url": "http://adb-1.2.azuredatabricks.net/"}, DestinationRefused),
        ({"scopes": ("graph",)}, DestinationRefused),
        (
            {"access_token": canaries.jwt({}, {"aud": "https://management.azure.com/"})},
            DestinationRefused,
        ),
    ],
    ids=str,
)
def test_what_must_not_be_sent_cannot_be_made(
    changes: dict[str, Any], error: type[UsageError | DestinationRefused]
) -> None:
    with canaries.refused(error):
        call(**changes)


@pytest.mark.parametrize("part", ["", "a/b", "a b", "ä", "a\n"])
def test_a_part_of_a_resource_id_that_is_none_is_refused(part: str) -> None:
    with canaries.refused(UsageError):
        resource_id("s", part, "w")


# ------------------------------------------------------- what a refusal means


def reply(
    status: int, body: bytes | dict[str, Any] = b"", *headers: tuple[str, str]
) -> HttpResponse:
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    return HttpResponse(status=status, headers=headers, body=content)


def token(**claims: Any) -> str:
    return canaries.jwt({"alg": "RS256"}, {"aud": DATABRICKS, "exp": NOW + 600} | claims)


def refused(answer: HttpResponse, **changes: Any) -> ApiRefused:
    made = call(**changes)
    refusal = made.refusal(answer, now=NOW)
    assert refusal is not None
    canaries.assert_clean(refusal)
    assert made.access_token not in str(refusal)
    assert str(refusal) == plain(str(refusal), limit=10_000)
    assert refusal.http_status == answer.status
    assert refusal.exit_code == 1
    return refusal


HTML = ("Content-Type", "text/html; charset=utf-8")
INVALID = {"error_code": 403, "message": "Invalid access token."}
NOT_A_USER = b"<html><head><title>E</title></head><pre>Error 403 User not authorized.</pre></html>"
WRONG_AUD = (
    b"<html><title>Error 400</title><pre>io.jsonwebtoken.IncorrectClaimException: Expected aud "
    b"claim to be: 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d, but was: https://x.example/.</pre>"
)

MEANINGS: list[tuple[HttpResponse, dict[str, Any], str, str]] = [
    (reply(400, WRONG_AUD), {}, "wrong audience", "--scope databricks"),
    (
        reply(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "No id"}),
        {},
        "No id",
        "path",
    ),
    (reply(401), {}, "does not take the token", "entra-oauth login"),
    (reply(401), {"access_token": token(exp=NOW - 90)}, "expired 90 s ago", "entra-oauth token"),
    (reply(403, INVALID), {"access_token": token(exp=NOW - 600)}, "expired 10 min ago", "token"),
    (reply(401), {"access_token": token(nbf=NOW + 600)}, "good in 10 min only", "date and time"),
    (reply(403, INVALID), {}, "of another tenant", "--workspace-url https://adb-1.2."),
    (reply(403, NOT_A_USER), {}, "no member of the workspace", "--workspace-resource-id"),
    (reply(403, NOT_A_USER), {"resource_id": RESOURCE}, "not Contributor or Owner", "resource id"),
    (reply(403, {"error_code": "PERMISSION_DENIED", "message": "No."}), {}, "may not do", "Ask"),
    (reply(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "x"}), {}, "no such path", "path"),
    (reply(409, {"message": "There."}), {}, "It says: There.", "path"),
    (reply(429), {}, "too many requests", "Wait"),
    (reply(500, {"error": "1.2 style"}), {}, "It says: 1.2 style", "Wait"),
    (reply(503, b"TEMPORARILY_UNAVAILABLE: later"), {}, "TEMPORARILY_UNAVAILABLE: later", "Wait"),
    (reply(403, {"detail": "no", "status": "403"}), {}, "It says: no", "Ask"),
    (reply(302, b"", ("Location", "https://evil.example/")), {}, "redirects elsewhere", "address"),
    (reply(304), {}, "redirects elsewhere", "address"),
    (reply(200, b"<html>", HTML), {}, "does not take the token", "entra-oauth login"),
    (reply(303, b"", ("Location", "/login.html?next=x")), {}, "does not take the token", "login"),
    (reply(400, b"Invalid Token"), {}, "does not take the token", "entra-oauth decode"),
    (reply(400, b"Invalid Token"), {"access_token": token(exp=NOW - 90)}, "expired 90 s ago", ""),
    (reply(400, b"<html>No.", HTML), {}, "does not understand", "path"),
    *(
        (answer, {"is_exchanged": True}, "though it was exchanged", "the federation policy names")
        for answer in (
            reply(401),
            reply(403, INVALID),
            reply(200, b"<html>", HTML),
            reply(400, b"Invalid Token"),
        )
    ),
    (
        reply(401),
        {"is_exchanged": True, "access_token": token(exp=NOW - 90)},
        "expired 90 s ago",
        "Exchange anew, with --force-refresh",
    ),
    (reply(404), {"is_exchanged": True}, "no such path", "path"),
]


@pytest.mark.parametrize(("answer", "changes", "what", "advice"), MEANINGS)
def test_each_refusal_says_what_it_means_and_what_to_do(
    answer: HttpResponse, changes: dict[str, Any], what: str, advice: str
) -> None:
    refusal = refused(answer, **changes)
    assert what in refusal.what
    assert advice in refusal.advice
    assert f"adb-1.2.azuredatabricks.net answered HTTP {answer.status}" in refusal.what
    assert refusal.claims is None


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_good_answer_is_no_refusal(status: int) -> None:
    assert call().refusal(reply(status, b"<html>"), now=NOW) is None
    other = call(url="https://adb-1.2.azuredatabricks.net/x")
    assert other.refusal(reply(status, b"<html>", HTML), now=NOW) is None


@pytest.mark.parametrize(
    "body",
    [
        canaries.ACCESS_TOKEN.encode(),
        json.dumps({"message": f"Bad: {canaries.ACCESS_TOKEN}"}).encode(),
        f"<pre>{canaries.ACCESS_TOKEN}</pre>".encode(),
    ],
)
def test_a_workspace_that_repeats_the_token_is_not_quoted(body: bytes) -> None:
    assert "<hidden>" in refused(reply(400, body)).what


def test_control_characters_of_an_answer_are_shown_by_name() -> None:
    assert "<ESC>[2J" in refused(reply(400, {"message": "\x1b[2J\u202e"})).what


# ------------------------------------------------------- the claims challenge

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'


def challenge(claims: str, *, error: str = "insufficient_claims") -> tuple[str, str]:
    return (
        "WWW-Authenticate",
        f'Bearer realm="", authorization_uri="https://x.example", error="{error}", '
        f'claims="{claims}"',
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ODD = '{"access_token":{"x":{"value":"??>>~~ÿ"}}}'


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ((challenge(encoded(CLAIMS)),), CLAIMS),
        ((challenge(url_safe(ODD)),), ODD),
        ((("WWW-Authenticate", 'Bearer realm="x"'), challenge(encoded(CLAIMS))), CLAIMS),
    ],
)
def test_a_challenge_is_ready_for_the_next_sign_in(
    headers: tuple[tuple[str, str], ...], claims: str
) -> None:
    refusal = refused(reply(401, b"", *headers))
    assert refusal.claims == claims
    assert f"entra-oauth login --claims '{claims}'" in refusal.advice


@pytest.mark.parametrize(
    "header",
    [
        challenge(encoded(CLAIMS), error="invalid_token"),
        challenge("not base64!"),
        challenge(encoded("not json")),
        challenge(encoded('["no object"]')),
        challenge(encoded('{"a":"\x1b[2J"}')),
        challenge(encoded('{"a":"\u202e"}')),
        challenge(encoded(json.dumps({"a": "x" * 10_000}))),
        challenge(""),
    ],
    ids=lambda header: header[1][-30:],
)
def test_a_challenge_that_cannot_be_passed_on_is_none(header: tuple[str, str]) -> None:
    assert refused(reply(401, b"", header)).claims is None


@given(
    st.integers(300, 599),
    st.binary(max_size=200),
    st.lists(st.tuples(st.just("WWW-Authenticate"), st.text(max_size=60)), max_size=2),
)
def test_no_answer_breaks_the_explanation(
    status: int, body: bytes, headers: list[tuple[str, str]]
) -> None:
    refused(HttpResponse(status=status, body=body, headers=tuple(headers)))
