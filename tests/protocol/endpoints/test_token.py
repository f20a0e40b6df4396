from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from authlib.common.urls import url_decode, url_encode
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import (
    AuthorityError,
    EntraOAuthError,
    IdTokenRefused,
    UnexpectedAnswer,
    plain,
)
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.json_response import retry_after_s
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.messages import FORM, USER_AGENT, HttpRequest, HttpResponse, encode_form
from entra_oauth.protocol.scopes import DATABRICKS
from kit import canaries
from kit.canaries import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CODE,
    NONCE,
    REFRESH_TOKEN,
    STATE,
    TENANT,
    VERIFIER,
    article_request,
    hardened_request,
    jwt,
)

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = 1_760_000_000.0
DBX = DATABRICKS.partition("/")[0]


def answered(request: AuthorizationRequest, query: str) -> AuthorizationResponse:
    if request.response_mode == "query":
        message = HttpRequest(method="GET", url=f"http://localhost/?{query}")
    else:
        message = HttpRequest(
            method="POST",
            url="http://localhost/",
            headers=(("Content-Type", FORM),),
            body=query.encode(),
        )
    return AuthorizationResponse.read(message, answering=request)


def article() -> TokenRequest:
    return TokenRequest.redeem(answered(article_request(), f"code={CODE}&state={STATE}"))


def hardened() -> TokenRequest:
    return TokenRequest.redeem(answered(hardened_request(), f"code={CODE}&state={STATE}"))


# The request


@pytest.mark.parametrize("name", ["curl_article", "curl_article_long_code"])
def test_the_article_s_request_is_curl_s_byte_for_byte(name: str) -> None:
    golden = (GOLDEN / f"{name}.request.bin").read_bytes()
    head, _, body = golden.partition(b"\r\n\r\n")
    code = body.decode().split("&code=")[1].partition("&")[0]
    redirect = (GOLDEN / "article_redirect_url.txt").read_text()
    request = article_request(state="12345")
    redirect = redirect.replace("0.ASkAIj...RxgFhSAA", code)
    response = AuthorizationResponse.read(
        HttpRequest(method="GET", url=redirect), answering=request
    )
    message = TokenRequest.redeem(response).to_http(user_agent="curl/7.88.1")
    assert message.body == body
    # The channel adds `Host` first and `Content-Length` last.
    written = [
        "POST /a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/token HTTP/1.1",
        "Host: login.microsoftonline.com",
        *(f"{name}: {value}" for name, value in message.headers),
        f"Content-Length: {len(message.body)}",
    ]
    assert message.method == "POST"
    assert message.url == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert "\r\n".join(written).encode() == head


def test_the_golden_requests_have_the_lengths_that_are_promised() -> None:
    short = (GOLDEN / "curl_article.request.bin").read_bytes()
    long = (GOLDEN / "curl_article_long_code.request.bin").read_bytes()
    assert (len(short), len(short.partition(b"\r\n\r\n")[2])) == (417, 203)
    assert len(long.split(b"&code=")[1].partition(b"&")[0]) == 1204


def test_the_user_agent_names_this_program() -> None:
    for request in (article(), hardened()):
        assert request.to_http().header("User-Agent") == USER_AGENT
    assert USER_AGENT.startswith("entra-oauth/")


def test_hardened_the_verifier_takes_the_place_of_the_state() -> None:
    request = hardened()
    assert request.parameters == (
        ("client_id", CLIENT_ID),
        ("scope", f"{DATABRICKS} openid offline_access"),
        ("code", CODE),
        ("redirect_uri", "http://localhost:8400/back"),
        ("grant_type", "authorization_code"),
        ("code_verifier", VERIFIER),
    )
    assert request.nonce == NONCE
    assert [name for name, _ in request.to_http().headers] == [
        "User-Agent",
        "Accept",
        "Content-Type",
    ]
    assert request.to_http().header("Accept") == "application/json"


def test_nothing_secret_stands_in_the_url_and_no_header_but_curl_s_is_sent() -> None:
    for request in (article(), hardened()):
        message = request.to_http()
        assert canaries.found_in([message.url, message.headers]) == []
        assert message.query == ""


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
# What a code may hold (RFC 6749 app. A.11), less the space.
CODES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=300)


@given(client_id=TEXT.filter(str.strip), state=TEXT, code=CODES)
def test_every_body_is_what_authlib_makes_of_the_same_pairs(
    client_id: str, state: str, code: str
) -> None:
    # the redirect URI of both legs is the same
    for base in (article_request(state=state), hardened_request()):
        request = dataclasses.replace(
            base, client_id=client_id, redirect_uri="https://app.example/b?x=~y%20z"
        )
        query = encode_form((("code", code), ("state", request.state)))
        body = TokenRequest.redeem(answered(request, query)).to_http().body.decode("ascii")
        pairs = [
            ("client_id", client_id),
            ("scope", request.scope),
            ("code", code),
            ("redirect_uri", request.redirect_uri),
            ("grant_type", "authorization_code"),
        ]
        if request.pkce is None:
            pairs.append(("state", state))
        else:
            pairs.append(("code_verifier", request.pkce.verifier))
        assert body == url_encode(pairs)
        assert url_decode(body) == pairs


@pytest.mark.parametrize("raw", ["a%2fb", "a%2Fb", "a/b", "a=b", "%41"])
def test_the_article_sends_the_code_as_it_stood_in_the_address_bar(raw: str) -> None:
    response = answered(article_request(), f"code={raw}&state={STATE}")
    assert f"&code={raw}&".encode() in TokenRequest.redeem(response).to_http().body
    response = answered(hardened_request(), f"code={raw}&state={STATE}")
    assert dict(TokenRequest.redeem(response).parameters)["code"] == response.code


def test_the_repr_of_a_token_request_shows_no_secret_and_it_knows_its_secrets() -> None:
    for request in (article(), hardened()):
        canaries.assert_clean([request, request.to_http()])
    assert set(article().secrets) == {CODE, STATE}
    assert set(hardened().secrets) == {CODE, VERIFIER}


# A good answer


GOOD: dict[str, Any] = {
    "token_type": "Bearer",
    "scope": f"{DBX}/user_impersonation {DBX}/.default",
    "expires_in": 5302,
    "ext_expires_in": 5302,
    "access_token": ACCESS_TOKEN,
    "refresh_token": REFRESH_TOKEN,
}
CLAIMS: dict[str, Any] = {
    "aud": CLIENT_ID,
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "iat": NOW - 300,
    "nbf": NOW - 300,
    "exp": NOW + 3600,
    "nonce": NONCE,
    "preferred_username": "ann@contoso.com",
    "sub": "A" * 43,
    "tid": TENANT,
}
ID_TOKEN = jwt({"alg": "RS256"}, CLAIMS)
JSON = "application/json; charset=utf-8"


def reply(
    body: bytes | dict[str, Any], *, status: int = 200, kind: str = JSON, retry_after: str = ""
) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (("Content-Type", kind), ("Retry-After", retry_after))
    return HttpResponse(status=status, headers=tuple(h for h in headers if h[1]), body=content)


def read(
    answer: HttpResponse, request: TokenRequest | None = None, *, received_at: float = NOW
) -> TokenResponse:
    return TokenResponse.read(answer, answering=request or article(), received_at=received_at)


def but(**changes: object) -> dict[str, Any]:
    """The good answer with some members changed; None takes one away."""
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not None}


def test_a_good_answer_is_read_and_keeps_its_tokens_to_itself() -> None:
    response = read(reply({**GOOD, "id_token": ID_TOKEN}), hardened())
    assert response.token_type == "Bearer"
    assert response.access_token == ACCESS_TOKEN
    assert response.refresh_token == REFRESH_TOKEN
    assert response.id_token == ID_TOKEN
    assert response.scope == GOOD["scope"]
    assert (response.expires_in, response.received_at) == (5302, NOW)
    assert response.expires_at == NOW + 5302
    assert response.identity is not None
    assert response.identity.username == "ann@contoso.com"
    assert response.warnings == ()
    assert canaries.found_in(response, [*canaries.CANARIES, ID_TOKEN]) == []


def test_the_least_that_an_answer_must_hold_is_enough() -> None:
    response = read(reply({"token_type": "bearer", "access_token": "a"}))
    assert response.token_type == "Bearer"
    assert (response.scope, response.refresh_token, response.id_token) == (None, None, None)
    assert (response.identity, response.warnings) == (None, ())
    # unknown, not 0
    assert response.expires_in is None
    assert response.expires_at is None


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON ;charset=x", JSON])
@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER"])
def test_case_and_parameters_of_the_types_do_not_matter(kind: str, token_type: str) -> None:
    assert read(reply(but(token_type=token_type), kind=kind)).token_type == "Bearer"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"1", 1),
        (b"3599", 3599),
        (b"3599.9", 3599),
        (b"1e3", 1000),
        (b'"3599"', 3599),
        (b'"0003599"', 3599),
        (b"9999999999", 9_999_999_999),
        (b"null", None),
    ],
)
def test_a_lifetime_is_a_number_or_digits(value: bytes, seconds: int | None) -> None:
    body = b'{"token_type":"Bearer","access_token":"a","expires_in":%s}' % value
    assert read(reply(body)).expires_in == seconds


@pytest.mark.parametrize(
    ("scope", "asked", "warned"),
    [
        (GOOD["scope"], "article", False),
        (GOOD["scope"], "hardened", False),
        (None, "article", False),
        (f"{DBX}/user_impersonation", "article", False),
        ("https://graph.microsoft.com/User.Read", "article", True),
        ("User.Read", "hardened", True),
        ("openid profile", "hardened", True),
    ],
)
def test_less_than_was_asked_is_a_warning_and_kept_as_granted(
    scope: str | None, asked: str, warned: bool
) -> None:
    request = article() if asked == "article" else hardened()
    response = read(reply({**but(scope=scope), "id_token": jwt({"alg": "RS256"}, CLAIMS)}), request)
    assert response.scope == scope
    assert response.warnings == (
        (f"Less was granted than asked: without {DATABRICKS}.",) if warned else ()
    )


def test_a_named_permission_that_was_not_granted_is_named() -> None:
    request = dataclasses.replace(article(), scopes=("api://x/a", "api://x/b"))
    response = read(reply(but(scope="api://x/b api://x/c")), request)
    assert response.warnings == ("Less was granted than asked: without api://x/a.",)


def test_no_id_token_where_one_was_asked_is_a_warning() -> None:
    assert read(reply(GOOD), hardened()).warnings == (
        "No ID token came, so who signed in is not known.",
    )
    assert read(reply(GOOD), article()).warnings == ()


# What is no answer


def raw(member: str) -> bytes:
    return json.dumps(GOOD).encode()[:-1] + b"," + member.encode() + b"}"


HTML = f"<!doctype html><title>Proxy</title>{ACCESS_TOKEN}".encode()
TEXT_BODY = json.dumps(GOOD).encode()

UNSENDABLE = ("\r\nX: y", "\n", "\x00", "\x1b[2J", "\x7f", "\x9b", "ä", "\u202e", "\ud800")

UNEXPECTED: list[tuple[HttpResponse, str]] = [
    (reply(HTML, kind="text/html; charset=utf-8"), "text/html"),
    (reply(HTML), "malformed"),
    (reply(TEXT_BODY, kind="text/plain"), "text/plain"),
    (reply(TEXT_BODY, kind=""), "no content type"),
    (reply(TEXT_BODY, kind="text/json"), "not JSON"),
    (reply(TEXT_BODY, kind="application/problem+json"), "not JSON"),
    (reply(TEXT_BODY, kind="application/x-www-form-urlencoded"), "not JSON"),
    (reply(TEXT_BODY, kind="\x1b[2J\u202e"), "<ESC>"),
    (reply(b""), "malformed or breaks off at character 0"),
    (reply(b"", kind=""), "0 bytes"),
    (reply(b"   "), "malformed"),
    (reply(TEXT_BODY[:-1]), "breaks off"),
    (reply(TEXT_BODY[:40]), "breaks off"),
    (reply(TEXT_BODY + TEXT_BODY), "malformed"),
    (reply(b"\xef\xbb\xbf" + TEXT_BODY), "malformed"),
    (reply(TEXT_BODY.decode().encode("utf-16")), "not UTF-8"),
    (reply(TEXT_BODY.decode().encode("utf-16-le")), "malformed"),
    (reply(raw('"x":"ä"').decode().encode("latin-1")), "not UTF-8"),
    (reply(b"[" + TEXT_BODY + b"]"), "not an object"),
    (reply(b"null"), "not an object"),
    (reply(b"true"), "not an object"),
    (reply(json.dumps(ACCESS_TOKEN).encode()), "not an object"),
    (reply(b"{}"), "no token_type"),
    (reply(raw('"x":NaN')), "NaN"),
    (reply(raw('"x":-Infinity')), "Infinity"),
    (reply(raw(f'"access_token":"{ACCESS_TOKEN}"')), "a member twice"),
    (reply(raw('"x":{"y":1,"y":1}')), "a member twice"),
    (reply(raw('"x":' + "[" * 100_000 + "]" * 100_000)), "too deeply"),
    (reply(raw('"x":' + "9" * 5000)), "more than 400 digits"),
    (reply(but(token_type=None)), "no token_type"),
    (reply(but(token_type="")), "token_type is not a text"),
    (reply(but(token_type=1)), "token_type is not a text"),
    (reply(but(token_type=["Bearer"])), "token_type is not a text"),
    (reply(but(token_type="MAC")), "not Bearer"),
    (reply(but(token_type="pop")), "not Bearer"),
    (reply(but(token_type="Bearer ")), "not Bearer"),
    (reply(but(token_type="Bearer\r\nX: y")), "cannot be sent"),
    (reply(but(access_token=None)), "no access_token"),
    (reply(raw('"x":1').replace(f'"{ACCESS_TOKEN}"'.encode(), b"null")), "no access_token"),
    (reply(but(access_token="")), "access_token is not a text"),
    (reply(but(access_token=1)), "access_token is not a text"),
    (reply(but(access_token=True)), "access_token is not a text"),
    (reply(but(access_token={"value": ACCESS_TOKEN})), "access_token is not a text"),
    # and every text of it must be fit for a header
    *(
        (reply(but(**{name: f"{ACCESS_TOKEN}{character}"})), f"its {name} holds characters")
        for name in ("access_token", "refresh_token", "id_token", "scope", "token_type")
        for character in UNSENDABLE
    ),
    (reply(but(refresh_token="")), "refresh_token is not a text"),
    (reply(but(refresh_token=1)), "refresh_token is not a text"),
    (reply(but(id_token=1)), "id_token is not a text"),
    (reply(but(scope=["a"])), "scope is not a text"),
    *(
        (reply(raw('"x":1').replace(b"5302,", f"{value},".encode(), 1)), "expires_in")
        for value in (
            *("0", "-1", "-0.0", "0.5", "true", "false", "[]", "{}", '""', '"-1"', '"1.5"'),
            *('"0"', '" 1"', '"1e3"', '"٣"', '"1h"', '"9999999999999"', "10000000000"),
            *("1e400", "-1e400", "9" * 399, f'"{"9" * 5000}"'),
        )
    ),
    *(
        (reply(body, status=status, kind=kind), "redirect")
        for status in (300, 301, 302, 303, 304, 307, 308, 399)
        for body, kind in ((b"", ""), (TEXT_BODY, JSON), (b'{"error":"x"}', JSON))
    ),
    # another status without an OAuth error
    *((reply(GOOD, status=status), "neither") for status in (100, 201, 204, 400, 401, 500, 502)),
    (reply(b"{}", status=500), "neither a token nor an OAuth error"),
    (reply(b'{"message":"x"}', status=500), "neither"),
    (reply(HTML, status=502, kind="text/html"), "HTTP 502 (text/html"),
    (reply(b"", status=500, kind=""), "HTTP 500 (no content type, 0 bytes)"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "word"), UNEXPECTED)
def test_what_is_no_token_answer_is_refused_and_not_repeated(
    answer: HttpResponse, word: str
) -> None:
    for request in (article(), hardened()):
        with canaries.refused(UnexpectedAnswer) as caught:
            read(answer, request)
        assert word in caught.value.what
        assert caught.value.what.startswith("login.microsoftonline.com answered HTTP ")
        assert caught.value.exit_code == 6


@given(st.binary() | st.text('{}[]":,0123456789.eE+-truefalsn \\u', max_size=60).map(str.encode))
def test_whatever_the_bytes_nothing_but_our_own_errors_comes_of_them(body: bytes) -> None:
    with pytest.raises((UnexpectedAnswer, AuthorityError)):
        read(reply(body))


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)


@given(
    st.dictionaries(
        st.sampled_from(
            [*GOOD, "id_token", "error", "error_description", "error_codes", "claims", "suberror"]
        ),
        LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(st.text(), LEAF, max_size=2),
    ),
    st.sampled_from([200, 400, 401, 429, 500, 503]),
    st.text(max_size=12),
)
def test_whatever_the_members_an_answer_is_read_or_refused(
    changes: dict[str, Any], status: int, retry_after: str
) -> None:
    body = json.dumps({**GOOD, **changes}).replace("Infinity", "1e400").encode()
    answer = reply(body, status=status, retry_after=retry_after)
    found: TokenResponse | EntraOAuthError
    try:
        found = read(answer, hardened())
    except (UnexpectedAnswer, AuthorityError, IdTokenRefused) as error:
        found = error
    if isinstance(found, TokenResponse):
        assert status == 200
        assert changes.get("error") is None
        assert found.access_token.isascii()
    else:
        canaries.assert_clean(found)
        assert plain(str(found), limit=10_000) == str(found)


# The authority is busy


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, b"Too many requests", "text/plain"),
        (429, HTML, "text/html"),
        (429, b"", ""),
        (429, b"{}", JSON),
        (429, TEXT_BODY, JSON),
        (429, b"{", JSON),
        (429, b'["error"]', JSON),
        (503, HTML, "text/html"),
        (503, b"{}", JSON),
    ],
)
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("", "Wait 60 seconds"),
        ("7", "Wait 7 seconds"),
        ("0", "Wait 60 seconds"),
        ("99999999", "It asks for a wait of an hour or more: wait, then"),
        ("nonsense", "Wait 60 seconds"),
        (formatdate(NOW + 90, usegmt=True), "Wait 90 seconds"),
        (formatdate(NOW - 90, usegmt=True), "Wait 60 seconds"),
    ],
)
def test_a_busy_authority_says_how_long_to_wait(
    status: int, body: bytes, kind: str, retry_after: str, wait: str
) -> None:
    answer = reply(body, status=status, kind=kind, retry_after=retry_after)
    with canaries.refused(UnexpectedAnswer) as caught:
        read(answer)
    assert f"HTTP {status}: " in caught.value.what
    assert wait in caught.value.advice
    assert "only once" in caught.value.advice


def test_an_oauth_error_of_a_busy_authority_is_one_and_keeps_the_time_to_wait() -> None:
    for status in (429, 503):
        body = {"error": "temporarily_unavailable", "error_description": "AADSTS90055: Busy."}
        error = refusal(reply(body, status=status, retry_after="7"))
        assert (error.http_status, error.retry_after_s) == (status, 7)


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A local time that is not GMT, where the system lets a program choose."""
    if sys.platform == "win32":
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "XXX-13")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        (" ", None),
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("007", 7),
        ("3601", 3600),
        ("9" * 5000, 3600),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("7, 8", None),
        ("Thu, 09 Oct 2025 08:54:50 GMT", 90),
        ("Thursday, 09-Oct-25 08:54:50 GMT", 90),
        ("Thu Oct  9 08:54:50 2025", 90),
        ("Thu, 09 Oct 2025 08:54:50 -0000", 90),
        ("Thu, 09 Oct 2025 10:54:50 +0200", 90),
        ("Thu, 09 Oct 2025 08:52:39 GMT", 0),
        ("Fri, 09 Oct 2026 08:52:39 GMT", 3600),
        ("Thu, 09 Oct 99999 08:54:50 GMT", None),
        ("Thu, 99 Oct 2025 08:54:50 GMT", None),
        ("Thu, 09 Oct 2025 08:54:50 +9999999999", None),
        ("Thu, 09 Oct", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(
    value: str, seconds: float | None, elsewhere: None
) -> None:
    # RFC 9110 §10.2.3: a date means GMT, wherever this machine stands
    assert retry_after_s(reply(b"", retry_after=value), NOW) == seconds


DATE_WORDS = st.sampled_from(
    ["Thu,", "09", "Oct", "2025", "08:54:50", "GMT", "+0000", "-", ":", "("]
)


@given(st.text() | st.lists(DATE_WORDS | st.text(max_size=3), max_size=8).map(" ".join))
def test_any_retry_after_is_a_bounded_number_or_nothing(value: str) -> None:
    seconds = retry_after_s(reply(b"", retry_after=value), NOW)
    assert seconds is None or 0 <= seconds <= 3600


# The authority says no


def refusal(answer: HttpResponse, request: TokenRequest | None = None) -> AuthorityError:
    with canaries.refused(AuthorityError) as caught:
        read(answer, request)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.stage == "token"
    assert caught.value.exit_code == 3
    return caught.value


TRACE, CORRELATION = "d828e473-0000-1111-2222-333344445555", "10148fe9-0000-1111-2222-333344445555"
MOMENT = "2025-02-19 03:49:12Z"
SENTENCE = (
    "AADSTS50076: Due to a configuration change made by your administrator, or because you "
    "moved to a new location, you must use multi-factor authentication to access '6dae42f8'."
)
MFA: dict[str, Any] = {
    "error": "invalid_grant",
    "error_description": f"{SENTENCE} Trace ID: {TRACE} Correlation ID: {CORRELATION} "
    f"Timestamp: {MOMENT}",
    "error_codes": [50076],
    "timestamp": MOMENT,
    "trace_id": TRACE,
    "correlation_id": CORRELATION,
    "error_uri": "https://login.microsoftonline.com/error?code=50076",
    "suberror": "basic_action",
}


@pytest.mark.parametrize("line_break", [" ", "\r\n"])
@pytest.mark.parametrize("bare", [False, True])
def test_entra_s_own_error_is_kept_whole(line_break: str, bare: bool) -> None:
    # both trailers; without the members, the description has it all
    body = {**MFA, "error_description": MFA["error_description"].replace(" Trace", "\r\nTrace")}
    body["error_description"] = (
        f"{SENTENCE}{line_break}Trace ID: {TRACE}{line_break}Correlation ID: {CORRELATION}"
        f"{line_break}Timestamp: {MOMENT}"
    )
    if bare:
        body = {name: body[name] for name in ("error", "error_description")}
    error = refusal(reply(body, status=400))
    assert error.what == f"The authority refused the token (invalid_grant): {SENTENCE}"
    assert (error.error, error.description) == ("invalid_grant", SENTENCE)
    assert error.error_codes == (50076,)
    assert (error.trace_id, error.correlation_id) == (TRACE, CORRELATION)
    assert error.timestamp == MOMENT
    assert error.error_uri == (None if bare else MFA["error_uri"])
    assert error.suberror == (None if bare else "basic_action")
    assert (error.http_status, error.claims, error.retry_after_s) == (400, None, None)
    assert "multi-factor" in error.advice


@pytest.mark.parametrize(
    ("name", "most"),
    [("trace_id", 64), ("correlation_id", 64), ("timestamp", 40), ("suberror", 80)],
)
def test_a_member_of_an_error_is_shown_up_to_its_length(name: str, most: int) -> None:
    for length in (most, most + 1):
        error = refusal(reply({"error": "invalid_grant", name: "5" * length}, status=400))
        assert getattr(error, name) == "5" * most + "…" * (length - most)


@pytest.mark.parametrize(
    ("status", "error", "code", "advice"),
    [
        (401, "invalid_client", 7000218, "Mobile and desktop"),
        (401, "invalid_client", 7000215, "its id"),
        (400, "invalid_resource", 500011, "--scope"),
        (400, "unauthorized_client", 700038, "(client) ID"),
        (400, "unsupported_grant_type", 70003, "grant_type"),
        (400, "invalid_grant", 54005, "once"),
        (400, "invalid_request", 9002327, "Single-page"),
        (500, "server_error", 0, "again"),
        (200, "invalid_grant", 70008, "ten minutes"),
    ],
)
def test_an_oauth_error_counts_whatever_the_status(
    status: int, error: str, code: int, advice: str
) -> None:
    body = {"error": error, "error_description": f"AADSTS{code}: x", "error_codes": [code]}
    found = refusal(reply(body, status=status))
    assert (found.error, found.error_codes, found.http_status) == (error, (code,), status)
    assert advice in found.advice


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("invalid_grant", "invalid_grant"),
        ("", "an error without a name"),
        (False, "an error without a name"),
        ({"code": ["x"]}, "an error without a name"),
        ([], "an error without a name"),
    ],
)
def test_an_error_wins_over_tokens(value: object, shown: str) -> None:
    error = refusal(reply({**GOOD, "error": value}))
    assert error.error == shown
    assert error.what == f"The authority refused the token ({shown}): No reason was given."


def test_an_error_that_is_null_is_none() -> None:
    assert read(reply({**GOOD, "error": None})).access_token == GOOD["access_token"]
    with canaries.refused(UnexpectedAnswer):
        read(reply({"error": None}, status=500))


@pytest.mark.parametrize(
    ("inner", "error", "said"),
    [
        ({"code": "InvalidToken", "message": "Bad tenant."}, "InvalidToken", "Bad tenant."),
        ({"code": 401, "message": "No."}, "401", "No."),
        ({"code": "x"}, "x", "No reason was given."),
        ({"message": "AADSTS50076: Use MFA."}, "an error without a name", "AADSTS50076: Use MFA."),
    ],
)
def test_an_error_in_an_object_of_its_own_keeps_its_message(
    inner: dict[str, object], error: str, said: str
) -> None:
    found = refusal(reply({"error": inner}, status=400))
    assert found.what == f"The authority refused the token ({error}): {said}"
    assert (50076 in found.error_codes) == ("50076" in said)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "said"),
    [
        (403, "application/json", b'{"statusCode":403,"message":"Quota over"}', "Quota over."),
        (429, "application/json", b'{"message":"Slow down."}', "Slow down."),
        (502, "text/html", b"<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway."),
        (502, "text/plain", b"upstream connect error", "upstream connect error."),
        (503, "text/html", b"<html><body>x</body></html>", None),
        (500, "text/plain", b"\x1b[2J", "<ESC>[2J."),
        (500, "text/plain", b"your code was " + CODE.encode(), "your code was <hidden>."),
        (200, "text/plain", b"eyJ.a-token-it.may-be", None),
    ],
)
def test_the_words_of_a_gateway_are_kept(
    status: int, content_type: str, body: bytes, said: str | None
) -> None:
    headers = (("Content-Type", content_type),)
    with canaries.refused(UnexpectedAnswer) as caught:
        read(HttpResponse(status=status, headers=headers, body=body))
    assert (f" It says: {said}" in caught.value.what) == (said is not None)
    assert ("It says" in caught.value.what) == (said is not None)


@pytest.mark.parametrize(
    ("members", "life"),
    [
        ({"expires_in": 600, "expires_on": "1"}, 600),
        ({"expires_on": str(int(NOW) + 3600)}, 3600),
        ({"expires_on": int(NOW) + 3600}, 3600),
        ({"expires_on": "01/20/2026 10:00:00 AM +00:00"}, None),
        ({"expires_on": True}, None),
        ({}, None),
    ],
)
def test_the_moment_of_expiry_stands_in_for_the_seconds(
    members: dict[str, object], life: int | None
) -> None:
    body = {name: value for name, value in GOOD.items() if name != "expires_in"}
    assert read(reply(body | members)).expires_in == life


def test_a_moment_of_expiry_is_by_the_authority_s_clock() -> None:
    body = {name: value for name, value in GOOD.items() if name != "expires_in"}
    body["expires_on"] = int(NOW) + 7200
    slow = reply(body)
    date = ("Date", formatdate(NOW + 3600, usegmt=True))
    assert read(dataclasses.replace(slow, headers=(*slow.headers, date))).expires_in == 3600
    with canaries.refused(UnexpectedAnswer):
        read(reply(body | {"expires_on": int(NOW)}))


CLAIMS_CHALLENGE = '{"access_token":{"polids":{"essential":true,"values":["9ab03e19"]}}}'


@pytest.mark.parametrize(
    ("value", "kept"), [(CLAIMS_CHALLENGE, CLAIMS_CHALLENGE), ({"a": 1}, None), (1, None)]
)
def test_a_claims_challenge_is_kept_as_it_is(value: object, kept: str | None) -> None:
    body = {"error": "interaction_required", "error_codes": [50079], "claims": value}
    assert refusal(reply(body, status=400)).claims == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ([70002, 70008], (70002, 70008)),
        ([], (50076,)),
        (None, (50076,)),
        (70002, (50076,)),
        ("70002", (50076,)),
        ([True, "70002", 1.5, None, [1], 70008], (70008,)),
    ],
)
def test_the_numbers_are_those_of_the_list_or_else_of_the_text(
    value: object, kept: tuple[int, ...]
) -> None:
    assert refusal(reply({**MFA, "error_codes": value}, status=400)).error_codes == kept


TEXT_FIELDS = (
    *("error", "error_description", "suberror", "trace_id", "correlation_id", "timestamp"),
    "error_uri",
)


@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize(
    "nasty", ["\x1b]0;x\x07", "\u202egnp.exe", "\r\nX: y", "\x00", "\x9b2J", "\ud800", "x" * 5000]
)
def test_no_field_brings_control_or_bidi_characters_or_pages_of_text(
    field: str, nasty: str
) -> None:
    error = refusal(reply({**MFA, field: f"a{nasty}b"}, status=400))
    shown = {name: value for name, value in vars(error).items() if isinstance(value, str)}
    assert all(value.isprintable() and len(value) < 2200 for value in shown.values())


@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"x": "y"}, ""])
def test_a_field_of_another_kind_counts_as_left_out(field: str, value: object) -> None:
    if (field, value) == ("error", None):
        return  # no error: see below
    error = refusal(reply({**MFA, field: value}, status=400))
    assert error.what.startswith("The authority refused the token (")


def test_an_authority_that_repeats_our_secrets_does_not_get_them_into_the_error() -> None:
    for request in (article(), hardened()):
        echo = " ".join((CODE, *request.secrets))
        body = dict.fromkeys([*TEXT_FIELDS, "claims"], echo)
        error = refusal(reply(body, status=400), request)
        assert "<hidden>" in error.description
        assert "<hidden>" in (error.claims or "")


def test_a_code_is_hidden_in_either_spelling() -> None:
    code = "0.Canary/Code/" + "Cc1/" * 8
    encoded = code.replace("/", "%2F")
    request = TokenRequest.redeem(answered(article_request(), f"code={encoded}&state={STATE}"))
    with pytest.raises(AuthorityError) as caught:
        read(reply({"error": "x", "error_description": f"{code} {encoded}"}), request)
    assert caught.value.description == "<hidden> <hidden>"
    assert canaries.found_in(caught.value, [code, encoded]) == []


# The ID token in it


@pytest.mark.parametrize(
    "claims",
    [
        {**CLAIMS, "nonce": "another"},
        {**CLAIMS, "aud": "another"},
        {**CLAIMS, "tid": "another"},
        {**CLAIMS, "exp": NOW - 3600},
        {},
    ],
)
def test_an_answer_with_an_id_token_of_somebody_else_is_refused(claims: dict[str, Any]) -> None:
    token = jwt({"alg": "RS256"}, claims)
    with canaries.refused(IdTokenRefused):
        read(reply({**GOOD, "id_token": token}), hardened())


def test_an_id_token_that_nobody_asked_for_is_checked_as_well() -> None:
    assert read(reply({**GOOD, "id_token": ID_TOKEN}), article()).identity is not None
    kind: type[EntraOAuthError] = IdTokenRefused
    with canaries.refused(kind):
        read(reply({**GOOD, "id_token": "x.y.z"}), article())
