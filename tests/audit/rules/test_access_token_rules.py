"""Each rule about the access token and the requests that carry it, at its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, step
from kit.audit.judged import AT, CLIENT, TENANT, authorize, call, case, jwt, said, token, words

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
OTHER = "b2bc2d34-5e67-8f89-01ab-c2345d6c78de"
GRAPH = "https://graph.microsoft.com"
WORKSPACE = "https://adb-1.1.azuredatabricks.net/api"
CODE = "authorization_code"
AUTH = f"{LOGIN}/{TENANT}/oauth2/v2.0"


def access(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    return jwt({"alg": "RS256"} if header is None else header, claims)


def got(claims: dict[str, Any], asked_for: str = "", **members: Any) -> Exchange:
    asked: dict[str, Any] = {"scope": asked_for} if asked_for else {}
    return token({"access_token": access(claims), **members}, grant_type=CODE, **asked)


@pytest.mark.parametrize("rule", ["AT01", "AT02", "AT03"])
@pytest.mark.parametrize(
    ("value", "word"),
    [
        (5, "not applicable"),
        ("opaque", "not applicable"),
        ("a.b", "not applicable"),
        ("~at~", "undecidable"),
        ("at~0123456789~~~", "undecidable"),
        ("eyJ0...x", "undecidable"),
    ],
)
def test_a_token_that_cannot_be_read_is_opaque_or_was_taken_out(
    rule: str, value: Any, word: str
) -> None:
    assert words(rule, case(token({"access_token": value}, scope="x/.default"))) == [word]
    assert words(rule, case(token(grant_type=CODE))) == ["not applicable"]


AUDIENCES = [
    (DATABRICKS, f"{DATABRICKS}/.default", "pass"),
    (DATABRICKS.upper(), f"{DATABRICKS}/.default", "pass"),
    (DATABRICKS, f"api://{DATABRICKS}/.default", "pass"),
    (DATABRICKS, f"openid {DATABRICKS}/.default", "pass"),
    (f"api://{DATABRICKS}", f"{DATABRICKS}/.default", "pass"),
    (f"api://{DATABRICKS.upper()}", f"api://{DATABRICKS}/.default", "pass"),
    (OTHER, f"{DATABRICKS}/.default", "warning"),
    (OTHER, f"{TENANT}/.default", "warning"),
    (OTHER.upper(), f"api://{OTHER}/.default", "pass"),
    (GRAPH, "https://api.example/read", "undecidable"),
    ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "https://vault.azure.net/.default", "pass"),
    ("https://api.example/", "https://api.example/read", "pass"),
    (GRAPH, f"{DATABRICKS}/.default", "warning"),
    (f"{GRAPH}/", f"{GRAPH}/.default", "pass"),
    ("00000003-0000-0000-c000-000000000000", f"{GRAPH}/.default", "pass"),
    ("https://api.example", "https://api.example/read", "pass"),
    (OTHER, "https://api.example/read", "undecidable"),
    (DATABRICKS, "openid profile email offline_access address phone", "undecidable"),
    (DATABRICKS, "", "undecidable"),
    (DATABRICKS, "~scope~/.default", "undecidable"),
    (None, f"{DATABRICKS}/.default", "undecidable"),
    ([DATABRICKS], f"{DATABRICKS}/.default", "undecidable"),
    ("aud~0123456789~", f"{DATABRICKS}/.default", "undecidable"),
]


@pytest.mark.parametrize(("audience", "scope", "word"), AUDIENCES)
def test_the_audience_is_the_resource(audience: Any, scope: str, word: str) -> None:
    assert words("AT01", case(got({"aud": audience}, scope))) == [word]
    if scope:
        begun = authorize(client_id=CLIENT, scope=scope)
        assert words("AT01", case(begun, got({"aud": audience}))) == [word]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (DATABRICKS, "https://azuredatabricks.net"),
        ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "https://management.azure.com"),
        ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "https://management.core.windows.net"),
    ],
)
def test_each_name_of_a_known_api_is_that_api(one: str, other: str) -> None:
    assert words("AT01", case(got({"aud": one}, f"{other}/.default"))) == ["pass"]
    assert words("AT01", case(got({"aud": f"{other}/"}, f"{one}/.default"))) == ["pass"]


@pytest.mark.parametrize(
    ("life", "expires_in", "word"),
    [
        (3600, 3600, "pass"),
        (3300, 3600, "pass"),
        (3299, 3600, "warning"),
        (4260, 3600, "pass"),
        (4261, 3600, "warning"),
        (3600, "3600", "pass"),
        (3600, "3600.5", "pass"),
        (3600, 3600.5, "pass"),
        (3600, "soon", "not applicable"),
        (3600, "1.2.3", "not applicable"),
        (3600, "3600\u00b2", "not applicable"),
        (3600, [3600], "not applicable"),
        (3600, "", "not applicable"),
        (3600, True, "not applicable"),
        (3600, None, "not applicable"),
        (None, 3600, "not applicable"),
    ],
)
def test_both_ends_agree(life: int | None, expires_in: Any, word: str) -> None:
    claims = {"iat": AT} | ({"exp": AT + life} if life is not None else {})
    assert words("AT02", case(got(claims, expires_in=expires_in))) == [word]
    assert words("AT02", case(got({"exp": AT}, expires_in=expires_in))) == ["not applicable"]


def test_both_lives_are_told_as_they_are() -> None:
    for life in (3000, 4200 + 600):
        found = said("AT02", case(got({"iat": AT, "exp": AT + life}, expires_in=3600)))
        assert found == [f"From iat to exp it is {life} seconds, and expires_in is 3600."]


@pytest.mark.parametrize(
    ("asked", "scp", "granted", "word"),
    [
        ("User.Read", "User.Read", None, "pass"),
        ("user.read", "USER.READ", None, "pass"),
        (f"{GRAPH}/User.Read", "User.Read", None, "pass"),
        ("User.Read", "User.Read Mail.Send", None, "warning"),
        ("User.Read", "User.Read Mail.Send", f"{GRAPH}/mail.send", "pass"),
        ("User.Read", "User.Read mail.send", f"{GRAPH}/Mail.Send", "pass"),
        ("User.Read", "User.Read openid profile email offline_access address phone", None, "pass"),
        (f"{GRAPH}/.default", "User.Read Mail.Send", None, "pass"),
        ("x.default", "User.Read", None, "warning"),
        ("User.Read", None, None, "pass"),
        ("~scope~", "User.Read", None, "undecidable"),
        ("openid", "User.Read", None, "undecidable"),
        ("", "User.Read", None, "undecidable"),
    ],
)
def test_the_token_says_no_more_than_was_asked(
    asked: str, scp: str | None, granted: str | None, word: str
) -> None:
    members = {"scope": granted} if granted is not None else {}
    claims = {"scp": scp} if scp is not None else {}
    assert words("AT03", case(got(claims, asked, **members))) == [word]


@pytest.mark.parametrize(
    ("alg", "word"), [("none", "warning"), ("NONE", "warning"), ("x", "pass"), (5, "pass")]
)
def test_the_token_is_signed(alg: Any, word: str) -> None:
    asked = token({"access_token": access({}, {"alg": alg})}, scope="x/.default")
    assert words("AT03", case(asked)) == [word]


def at(url: str, authorization: str = "Bearer t", status: int = 200, **headers: str) -> Exchange:
    exchange = call(authorization, url=url)
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return replace(exchange, response=HttpResponse(status=status, headers=given))


def test_the_token_is_in_the_header_and_goes_over_https() -> None:
    assert words("RS01", case(at("https://adb.example/api"))) == ["pass"]
    assert words("RS01", case(at("https://adb.example/api?access_token=t"))) == ["error"]
    assert words("RS01", case(at("https://adb.example/api?access_token="))) == ["pass"]
    assert words("RS01", case(at("https://adb.example/api?limit=5"))) == ["pass"]
    for url, word in (
        ("https://adb.example/api", "pass"),
        ("HTTPS://adb.example/api", "pass"),
        ("http://localhost/api", "pass"),
        ("http://adb.example/api", "error"),
    ):
        assert words("RS02", case(at(url))) == [word], url
        raw = replace(case(at(url)), scheme_known=False)
        assert words("RS02", raw) == ["undecidable"]


ISSUED = {"iss": f"https://sts.windows.net/{TENANT}/", "aud": DATABRICKS}


@pytest.mark.parametrize(
    ("claims", "url", "word"),
    [
        (ISSUED, WORKSPACE, "pass"),
        (ISSUED | {"iss": f"{LOGIN}/{TENANT}/v2.0"}, WORKSPACE, "pass"),
        (ISSUED | {"aud": f"{DATABRICKS}/"}, WORKSPACE, "pass"),
        (ISSUED, "https://evil.example/api", "error"),
        (ISSUED | {"aud": OTHER}, "https://evil.example/api", "undecidable"),
        (ISSUED | {"aud": ""}, WORKSPACE, "undecidable"),
        (ISSUED | {"aud": 5}, WORKSPACE, "undecidable"),
        (ISSUED | {"aud": "a b"}, WORKSPACE, "undecidable"),
        (ISSUED | {"aud": "~aud~"}, WORKSPACE, "undecidable"),
        ({"aud": DATABRICKS}, WORKSPACE, "undecidable"),
        ({"aud": DATABRICKS, "iss": ""}, WORKSPACE, "undecidable"),
        (ISSUED | {"iss": "https://x.example/a b"}, WORKSPACE, "undecidable"),
        (ISSUED, "http://localhost/api", "undecidable"),
    ],
)
def test_a_token_goes_to_a_host_of_its_audience(
    claims: dict[str, Any], url: str, word: str
) -> None:
    assert words("RS03", case(at(url, f"Bearer {access(claims)}"))) == [word]
    assert words("RS03", case(at(url, "Bearer opaque"))) == ["undecidable"]


def test_what_was_asked_for_tells_where_an_opaque_token_goes() -> None:
    def going(url: str, scope: str = f"{DATABRICKS}/.default", at_host: str = "") -> list[str]:
        asked_at = AUTH.replace(LOGIN, at_host) if at_host else AUTH
        begun = authorize(client_id=CLIENT, scope=scope, url=f"{asked_at}/authorize")
        answer = token({"access_token": "opaque"}, grant_type=CODE, url=f"{asked_at}/token")
        return words("RS03", case(begun, answer, at(url, "bearer opaque")))

    assert going(WORKSPACE) == ["pass"]
    assert going("https://evil.example/api") == ["error"]
    assert going("https://evil.example/api", "https://api.example/read") == ["undecidable"]
    bus = "80a10ef9-8168-493d-abf9-3297c4ef6e3c"  # known, but not its hosts
    assert going("https://evil.example/api", f"{bus}/.default") == ["undecidable"]
    assert going("http://localhost/api") == ["error"]
    assert going("http://localhost/api", "https://api.example/read") == ["error"]
    practice = "http://localhost:8400"
    assert going("https://evil.example/api", at_host=practice) == ["error"]
    assert going("https://evil.example/api", "https://api.example/read", practice) == ["error"]
    begun = authorize(client_id=CLIENT, scope=f"{DATABRICKS}/.default")
    masked = access(ISSUED | {"aud": "~aud~"})
    answer = token({"access_token": masked}, grant_type=CODE)
    for url, word in ((WORKSPACE, "pass"), ("https://evil.example/api", "error")):
        assert words("RS03", case(begun, answer, at(url, f"Bearer {masked}"))) == [word]
    assert going("https://evil.example/api", f"{DATABRICKS.upper()}/.default") == ["error"]
    assert going("https://evil.example/api", f"{GRAPH.upper()}/.default") == ["error"]
    assert going(WORKSPACE, "openid") == ["undecidable"]
    assert going(WORKSPACE, "~scope~/.default") == ["undecidable"]
    assert going("https://evil.example/api", "~scope~/.default", practice) == ["undecidable"]


def test_the_sentence_begins_with_a_capital_and_ends_once() -> None:
    (text,) = said("RS03", case(at("https://evil.example/api", f"Bearer {access(ISSUED)}")))
    assert text[:1].isupper()
    assert text.endswith(".")
    assert not text.endswith("..")


EVIL = "https://evil.example/take"


def followed(
    status: int = 302,
    location: str | None = EVIL,
    later: str = EVIL,
    tokens: tuple[str, str] = ("Bearer t", "Bearer t"),
) -> list[str]:
    headers = {"Location": location} if location is not None else {}
    first = at("https://adb.example/api", tokens[0], status, **headers)
    second = at(later, tokens[1])
    return words("RS04", case(first, replace(second, started_at=AT + 11)))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "error"),
        ({"status": 300}, "error"),
        ({"status": 399}, "error"),
        ({"status": 299}, "pass"),
        ({"status": 400}, "pass"),
        ({"location": None}, "pass"),
        ({"location": "/take"}, "pass"),
        ({"location": "/take", "later": "https://adb.example/take"}, "pass"),
        ({"location": "//evil.example/take"}, "error"),
        ({"location": f"{EVIL}?a=b", "later": f"{EVIL}?a=c"}, "error"),
        ({"later": f"{EVIL}n"}, "pass"),
        ({"location": "https://adb.example/x", "later": "https://adb.example/x"}, "pass"),
        ({"tokens": ("Bearer t", "Bearer u")}, "pass"),
        ({"tokens": ("Bearer at~0123456789~", "Bearer at~0123456789~")}, "error"),
        ({"tokens": ("Bearer ~at~", "Bearer ~at~")}, "undecidable"),
    ],
)
def test_the_token_does_not_follow_a_redirect(changes: dict[str, Any], word: str) -> None:
    assert followed(**changes) == [word, "pass"]


def test_the_authority_that_was_asked_counts_before_the_one_that_the_token_names() -> None:
    practice = "http://localhost:8400/t/oauth2/v2.0"
    begun = authorize(client_id=CLIENT, url=f"{practice}/authorize")
    answer = token({"access_token": access(ISSUED)}, grant_type=CODE, url=f"{practice}/token")
    shown = at(WORKSPACE, f"Bearer {access(ISSUED)}")
    assert words("RS03", case(begun, answer, shown)) == ["error"]
    assert words("RS03", case(shown)) == ["pass"]


def test_a_call_without_an_answer_led_nowhere() -> None:
    assert words("RS04", case(call("Bearer t"))) == ["not applicable"]
    led = HttpResponse(status=302, headers=(("Location", EVIL),))
    assert words("RS04", case(token(response=led, grant_type="password"))) == ["not applicable"]
    masked = at("https://a.example/api", "Bearer ~at~", 302, Location=EVIL)
    page = step("page", "GET", EVIL, at=AT + 11)
    assert words("RS04", case(masked, page)) == ["pass"], "a page carries no token"
    before = replace(at(EVIL), started_at=AT + 9)
    assert words("RS04", case(before, at("https://a.example/api", status=302, Location=EVIL))) == [
        "pass",
        "pass",
    ]


@pytest.mark.parametrize(
    ("shown", "word"),
    [("at", "pass"), ("rt", "error"), ("old", "error"), ("it", "error"), ("~at~", "undecidable")],
)
def test_only_access_tokens_are_shown(shown: str, word: str) -> None:
    members = {"access_token": "at", "refresh_token": "rt", "id_token": "it"}
    asked = token(members, grant_type="refresh_token", refresh_token="old")
    assert words("RS05", case(asked, call(f"Bearer {shown}"))) == [word]
    assert words("RS05", case(call(f"Bearer {shown}"))) == ["pass"]
    in_address = at(f"https://adb.example/api?access_token={shown}", "")
    assert words("RS05", case(asked, in_address)) == [word]


def test_the_sentence_names_the_token_and_a_hidden_one_does_not_hide_it() -> None:
    hidden = token({"refresh_token": "~rt~"}, grant_type=CODE, at=AT - 1)
    asked = token({"id_token": "it"}, grant_type=CODE)
    assert said("RS05", case(hidden, asked, call("Bearer it"))) == ["It is an ID token."]
    assert words("RS05", case(hidden, asked, call("Bearer x"))) == ["undecidable"]


@pytest.mark.parametrize(
    ("status", "header", "word"),
    [
        (401, 'Bearer error="x"', "pass"),
        (401, "bearer", "pass"),
        (401, "Basic", "warning"),
        (401, "x Bearer", "warning"),
        (401, None, "warning"),
        (400, None, "not applicable"),
        (403, None, "not applicable"),
    ],
)
def test_a_refusal_says_bearer(status: int, header: str | None, word: str) -> None:
    headers = {"WWW_Authenticate": header} if header is not None else {}
    assert words("RS06", case(at("https://adb.example/api", status=status, **headers))) == [word]
    alone = call("Bearer t")
    assert words("RS06", case(alone)) == ["undecidable"]
    assert words("RS06", case(alone, planned=True)) == ["not applicable"]
