"""The exchange of RFC 8693 at Databricks: the request, the endpoint's address, and each answer."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from entra_oauth.errors import (
    AuthorityError,
    DestinationRefused,
    EntraOAuthError,
    SecurityError,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows.exchange_at_workspace import exchange_token
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token_exchange import (
    ExchangeRequest,
    ExchangeTarget,
    account_meant,
)
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries
from kit.canaries import TENANT
from kit.grants import NOW, World, json_reply

HOST = "https://adb-1234567890123456.7.azuredatabricks.net"
ENDPOINT = f"{HOST}/oidc/v1/token"
DAEMON = "da3e0000-0000-4000-8000-000000000005"
FOUND = json_reply({"token_endpoint": ENDPOINT})
ENTRA = Authority.of(TENANT)


def _jwt(**claims: object) -> str:
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{body}.c2ln"


SUBJECT = _jwt(exp=NOW + 3600, sub="CanarySubject")
OWN = _jwt(exp=NOW + 3500, sub=DAEMON)
GOOD: dict[str, Any] = {"access_token": OWN, "token_type": "Bearer", "expires_in": 3500}


def _exchange(world: World, target: ExchangeTarget | None = None, subject: str = SUBJECT) -> Any:
    target = target or ExchangeTarget.of(HOST, client_id=DAEMON)
    return exchange_token(subject, target, ENTRA, world.channels)


def test_the_request_has_the_fields_of_databricks_own_client_in_its_order() -> None:
    world = World([FOUND, json_reply(GOOD | {"expires_in": "3500", "scope": "all-apis"})])
    tokens = _exchange(world)
    asked, sent = world.requests
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.url == f"{HOST}/oidc/.well-known/oauth-authorization-server"
    assert SUBJECT not in str(asked.headers)
    assert (sent.method, sent.url) == ("POST", ENDPOINT)
    assert sent.body.decode() == (
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&scope=all-apis"
        "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
        f"&subject_token={SUBJECT}&client_id={DAEMON}"
    )
    assert sent.header("Authorization") is None
    assert (tokens.access_token, tokens.expires_in, tokens.refresh_token) == (OWN, 3500, None)


def test_for_a_person_no_client_is_named() -> None:
    world = World([FOUND, json_reply(GOOD)])
    _exchange(world, ExchangeTarget.of(HOST))
    assert "client_id" not in world.requests[1].body.decode()


def test_an_account_is_asked_under_its_id() -> None:
    host = "https://accounts.azuredatabricks.net"
    endpoint = f"{host}/oidc/accounts/acc-1/v1/token"
    world = World([json_reply({"token_endpoint": endpoint}), json_reply(GOOD)])
    _exchange(world, ExchangeTarget.of(host, account_id="acc-1"))
    asked, sent = world.requests
    assert asked.url == f"{host}/oidc/accounts/acc-1/.well-known/oauth-authorization-server"
    assert sent.url == endpoint


@pytest.mark.parametrize(
    ("url", "more", "error"),
    [
        (None, {}, UsageError),
        ("https://evil.example", {}, DestinationRefused),
        ("https://adb-1.7.azuredatabricks.net.evil.example", {}, DestinationRefused),
        ("http://adb-1.7.azuredatabricks.net", {}, UsageError),
        ("https://u@adb-1.7.azuredatabricks.net", {}, UsageError),
        (HOST, {"account_id": "acc-1"}, UsageError),
        ("https://accounts.azuredatabricks.net", {}, UsageError),
        ("https://accounts.azuredatabricks.net", {"account_id": "../x"}, UsageError),
        (HOST, {"client_id": "a&b=c"}, UsageError),
    ],
)
def test_there_is_no_target_but_a_workspace_or_an_account(
    url: str | None, more: dict[str, str], error: type[EntraOAuthError]
) -> None:
    with canaries.refused(error):
        ExchangeTarget.of(url, **more)


ELSEWHERE = [
    ("https://evil.example/oidc/v1/token", DestinationRefused),
    ("http://adb-1234567890123456.7.azuredatabricks.net/oidc/v1/token", DestinationRefused),
    (f"{HOST}.evil.example/oidc/v1/token", DestinationRefused),
    (f"{HOST}:8443/oidc/v1/token", DestinationRefused),
    (f"{HOST}@evil.example/token", DestinationRefused),
    ("https://adb-9.9.azuredatabricks.net/oidc/v1/token", DestinationRefused),
    (f"{HOST}/oidc/v1/token?to=evil", UnexpectedAnswer),
    (f"{HOST}/oidc/v1/token#x", UnexpectedAnswer),
    (HOST, UnexpectedAnswer),
    (5, UnexpectedAnswer),
    (None, UnexpectedAnswer),
]


@pytest.mark.parametrize(("endpoint", "error"), ELSEWHERE)
def test_an_endpoint_at_another_host_gets_nothing(
    endpoint: object, error: type[EntraOAuthError]
) -> None:
    world = World([json_reply({"token_endpoint": endpoint}), json_reply(GOOD)])
    with canaries.refused(error) as caught:
        _exchange(world)
    assert len(world.requests) == 1
    assert canaries.found_in(caught.value, [SUBJECT]) == []


def _plain(status: int, body: str, kind: str = "text/plain") -> HttpResponse:
    return HttpResponse(status=status, headers=(("Content-Type", kind),), body=body.encode())


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=302, headers=(("Location", "https://evil.example/"),)),
        HttpResponse(status=404, body=b"<html>"),
        _plain(200, "{", "application/json"),
        HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b'{"a": 1}'),
        json_reply({"token_endpoint": ENDPOINT}, status=500),
    ],
)
def test_a_workspace_without_metadata_gets_nothing(answer: HttpResponse) -> None:
    world = World([answer] * 3)
    with canaries.refused(UnexpectedAnswer):
        _exchange(world)
    assert {request.method for request in world.requests} == {"GET"}


REFUSED = [
    (json_reply({"error": "invalid_grant", "error_description": "No policy."}, status=401), 3),
    (json_reply({"errorCode": "INVALID_GRANT", "errorSummary": "No policy."}, status=400), 3),
    (json_reply({"error": "access_denied", "error_description": SUBJECT}, status=403), 3),
    (json_reply({"error": "invalid_grant"}), 3),
    (_plain(401, "Invalid credentials."), 3),
    (_plain(401, f"You sent {SUBJECT}."), 3),
    (_plain(400, '{"error": "invalid_grant"}'), 3),
    (_plain(401, "{", "application/json"), 3),
    (_plain(200, "{", "application/json"), 6),
    (HttpResponse(status=302, headers=(("Location", "https://evil.example/"),)), 6),
    (_plain(200, "<html>Sign in", "text/html"), 6),
    (_plain(200, json.dumps(GOOD)), 6),
    (json_reply({"errorCode": "INVALID_GRANT"}), 3),
    (json_reply(GOOD, status=201), 6),
    (json_reply(GOOD | {"access_token": None}), 6),
    (json_reply(GOOD | {"access_token": ""}), 6),
    (json_reply(GOOD | {"access_token": "tökén"}), 6),
    (json_reply(GOOD | {"access_token": "a\x7f"}), 6),
    (json_reply(GOOD | {"access_token": 5}), 6),
    (json_reply(GOOD | {"access_token": "a\r\nb"}), 6),
    (json_reply(GOOD | {"access_token": "a b"}), 6),
    (json_reply(GOOD | {"token_type": "mac"}), 6),
    (json_reply(GOOD | {"expires_in": None}), 6),
    (json_reply(GOOD | {"expires_in": True}), 6),
    (json_reply(GOOD | {"expires_in": -5}), 6),
    (json_reply(GOOD | {"expires_in": 10**10}), 6),
    (json_reply(GOOD | {"expires_in": "10000000000"}), 6),
    (json_reply(GOOD | {"expires_in": "9" * 5000}), 6),
    (json_reply(GOOD | {"expires_in": "3500 "}), 6),
    (json_reply(GOOD | {"expires_in": "٣٥٠٠"}), 6),
    (json_reply(GOOD | {"expires_in": 59}), 5),
    (json_reply(GOOD | {"expires_in": 0}), 5),
    (json_reply(GOOD | {"access_token": _jwt(exp=NOW - 5, sub=DAEMON)}), 5),
    (json_reply(GOOD | {"access_token": _jwt(exp=NOW + 3500, sub="mallory")}), 5),
]


@pytest.mark.parametrize(("answer", "code"), REFUSED)
def test_an_answer_that_is_no_token_is_a_plain_error(answer: HttpResponse, code: int) -> None:
    world = World([FOUND, answer])
    with pytest.raises(EntraOAuthError) as caught:
        _exchange(world)
    assert caught.value.exit_code == code, caught.value
    assert caught.value.advice.endswith(".")
    assert len(world.requests) == 2
    assert canaries.found_in(caught.value, [SUBJECT, OWN]) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, UnexpectedAnswer),
        (399, UnexpectedAnswer),
        (400, AuthorityError),
        (403, AuthorityError),
        (404, UnexpectedAnswer),
        (405, AuthorityError),
        (428, AuthorityError),
        (429, UnexpectedAnswer),
        (430, AuthorityError),
        (499, AuthorityError),
        (500, UnexpectedAnswer),
    ],
)
def test_a_status_alone_says_whether_it_was_refused(
    status: int, kind: type[EntraOAuthError]
) -> None:
    request = ExchangeRequest(endpoint=ENDPOINT, subject_token=SUBJECT)
    with canaries.refused(kind) as caught:
        request.read(_plain(status, "No."), received_at=NOW)
    assert ("it is a redirect" in caught.value.what) is (status < 400)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REFUSED[0][0], "(invalid_grant, HTTP 401): No policy."),
        (REFUSED[1][0], "(INVALID_GRANT, HTTP 400): No policy."),
        (REFUSED[4][0], "(HTTP 401, HTTP 401): Invalid credentials."),
        (
            json_reply(
                {"error": "", "errorCode": "E", "errorSummary": 5, "message": "m"}, status=400
            ),
            "(E, HTTP 400): m.",
        ),
        (json_reply({"x": 1}, status=400), "(HTTP 400, HTTP 400), and gave no reason."),
    ],
)
def test_each_dialect_of_a_refusal_is_read(answer: HttpResponse, said: str) -> None:
    with canaries.refused(AuthorityError) as caught:
        _exchange(World([FOUND, answer]))
    assert said in str(caught.value)
    assert caught.value.what.startswith(f"{HOST.partition('//')[2]} refused to exchange")
    assert "federation policy" in caught.value.advice


def test_what_may_pass_is_tried_again() -> None:
    world = World([FOUND, _plain(503, "busy"), json_reply(GOOD)])
    assert _exchange(world).access_token == OWN
    assert len(world.requests) == 3


@pytest.mark.parametrize("left", [59, 0, -3600])
def test_a_token_in_its_last_minute_is_not_exchanged(left: int) -> None:
    world = World([FOUND, json_reply(GOOD)])
    with canaries.refused(UsageError) as caught:
        _exchange(world, subject=_jwt(exp=NOW + left))
    assert "less than 60 seconds" in str(caught.value)
    assert world.requests == []


def test_a_real_token_goes_to_no_practice_workspace_and_to_no_other_cloud() -> None:
    for host in ("http://localhost:8443", "https://adb-1.1.databricks.azure.cn"):
        world = World([FOUND, json_reply(GOOD)])
        with canaries.refused(DestinationRefused):
            _exchange(world, ExchangeTarget.of(host))
        assert world.requests == []


def test_no_text_of_the_values_shows_a_token() -> None:
    request = ExchangeRequest(endpoint=ENDPOINT, subject_token=SUBJECT)
    assert SUBJECT not in repr(request)
    answer = request.read(json_reply(GOOD), received_at=NOW)
    assert OWN not in repr(answer)
    with canaries.refused(SecurityError):
        request.read(json_reply(GOOD | {"expires_in": 59}), received_at=NOW)


@pytest.mark.parametrize(
    ("life_s", "ends_in", "used"),
    [(60, None, True), (59, None, False), (3500, 60, True), (3500, 59, False)],
)
def test_a_token_of_a_minute_is_used_and_one_of_less_is_not(
    life_s: int, ends_in: int | None, used: bool
) -> None:
    own = _jwt(sub=DAEMON) if ends_in is None else _jwt(sub=DAEMON, exp=NOW + ends_in)
    world = World([FOUND, json_reply(GOOD | {"access_token": own, "expires_in": life_s})])
    if used:
        assert _exchange(world).access_token == own
        return
    with canaries.refused(SecurityError):
        _exchange(world)


@pytest.mark.parametrize(
    "own",
    ["opaque", _jwt(exp=NOW + 3500), _jwt(exp=True), _jwt(exp="1"), _jwt(sub=5), _jwt(sub=DAEMON)],
)
def test_a_token_that_does_not_say_whose_it_is_is_used(own: str) -> None:
    assert _exchange(World([FOUND, json_reply(GOOD | {"access_token": own})])).access_token == own


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (None, True),
        ("https://accounts.azuredatabricks.net", True),
        ("accounts.azuredatabricks.net", True),
        (HOST, False),
        ("https://adb-1.7.azuredatabricks.net/accounts.", False),
    ],
)
def test_an_accounts_id_counts_where_no_workspace_is_named(url: str | None, meant: bool) -> None:
    assert account_meant(url, "acc-1") == ("acc-1" if meant else None)
    assert account_meant(url, None) is None


def test_a_workspaces_token_is_for_it_alone_and_an_accounts_for_each_of_its_workspaces() -> None:
    workspace = ExchangeTarget.of(HOST)
    assert workspace.takes(f"{HOST.upper()}/api/2.0/clusters/list")
    assert not workspace.takes("https://adb-9.9.azuredatabricks.net/api")
    account = ExchangeTarget.of("https://accounts.azuredatabricks.net", account_id="acc-1")
    assert account.takes("https://adb-9.9.azuredatabricks.net/api")


def test_at_a_host_of_no_cloud_an_account_may_be_named() -> None:
    practice = ExchangeTarget.of("http://localhost:8443", account_id="acc-1")
    assert practice.issuer_path == "oidc/accounts/acc-1"
    assert practice.key == "-> http://localhost:8443/acc-1 *"
    assert ExchangeTarget.of(HOST, client_id=DAEMON).key == f"-> {HOST}/ {DAEMON}"


@pytest.mark.parametrize("life", [10**10 - 1, "9999999999", 9999999999.5])
def test_the_longest_life_of_a_token_has_ten_digits(life: object) -> None:
    assert _exchange(World([FOUND, json_reply(GOOD | {"expires_in": life})])).expires_in == (
        10**10 - 1
    )


@pytest.mark.parametrize(("name", "most"), [("error", 80), ("error_description", 300)])
def test_the_words_of_a_refusal_are_cut_at_their_length(name: str, most: int) -> None:
    request = ExchangeRequest(endpoint=ENDPOINT, subject_token=SUBJECT)
    member = "description" if name == "error_description" else name
    for length in (most, most + 1):
        answer = json_reply({"error": "invalid_grant"} | {name: "x" * length}, status=400)
        with pytest.raises(AuthorityError) as caught:
            request.read(answer, received_at=NOW)
        assert getattr(caught.value, member) == "x" * most + "…" * (length - most)


@pytest.mark.parametrize(("length", "cut"), [(300, False), (301, True)])
def test_the_scope_that_was_granted_is_cut_at_300_characters(length: int, cut: bool) -> None:
    tokens = _exchange(World([FOUND, json_reply(GOOD | {"scope": "s" * length})]))
    assert tokens.scope == "s" * 300 + "…" * cut
    for scope in ("", 5, None):
        assert _exchange(World([FOUND, json_reply(GOOD | {"scope": scope})])).scope is None


def test_the_type_of_an_answer_is_read_in_any_case_and_without_its_parameters() -> None:
    kind = " Application/JSON ; charset=utf-8"
    world = World([FOUND, _plain(200, json.dumps(GOOD), kind)])
    assert _exchange(world).access_token == OWN


@pytest.mark.parametrize("token", ["", "a b", "a\n", "é"])
def test_what_is_no_token_is_not_sent(token: str) -> None:
    with canaries.refused(UsageError):
        ExchangeRequest(endpoint=ENDPOINT, subject_token=token).to_http()
