"""Each rule about what an authorize request asks for, at its limits and where it is hidden."""

from __future__ import annotations

from typing import Any

import pytest

from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.protocol.messages import FORM, encode_form
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, step
from kit.audit.judged import AT, ENDPOINTS, TENANT, authorize, case, redirect, said, token, words

CODE = "authorization_code"


def one(rule: str, **fields: Any) -> str:
    (word,) = words(rule, case(authorize(**({"client_id": "x"} | fields))))
    return word


def written(query: str) -> Exchange:
    """An authorize request with this query, as it is."""
    return step("authorize", "GET", f"{ENDPOINTS}/authorize?{query}", at=AT - 20)


# ---- AR01: https ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "word"),
    [
        ("https://login.example", "pass"),
        ("HTTPS://login.example", "pass"),
        ("https://localhost", "pass"),
        ("http://login.example", "error"),
        ("http://localhost:8000", "note"),
        ("http://127.0.0.1", "note"),
        ("http://localhost.evil.example", "error"),
        ("ftp://login.example", "error"),
    ],
)
def test_the_request_goes_over_https(origin: str, word: str) -> None:
    asked = authorize(url=f"{origin}/t/oauth2/v2.0/authorize", client_id="x")
    assert words("AR01", case(asked)) == [word]


# ---- AR02, AR03: what comes back --------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "access", "id_token"),
    [
        ("code", "pass", "pass"),
        ("code token", "warning", "pass"),
        ("token", "warning", "pass"),
        ("code id_token", "pass", "note"),
        ("id_token", "pass", "note"),
        ("code id_token token", "warning", "note"),
        ("", "error", "pass"),
        (" ", "error", "pass"),
    ],
)
def test_no_token_comes_back_in_the_address(kinds: str, access: str, id_token: str) -> None:
    assert one("AR02", response_type=kinds) == access
    assert one("AR03", response_type=kinds, redirect_uri="http://localhost") == id_token
    assert one("AR03", response_type=kinds, redirect_uri="https://a.b/") == "not applicable"


def test_to_a_single_page_app_a_token_in_the_address_is_forbidden() -> None:
    page = "https://app.example/cb"
    asked = authorize(client_id="x", response_type="code token", redirect_uri=page)
    fields = encode_form((("grant_type", CODE), ("redirect_uri", page))).encode()
    headers = (("Content-Type", FORM), ("Origin", "https://app.example"))
    by_script = step("token", "POST", f"{ENDPOINTS}/token", headers=headers, body=fields, at=AT)
    assert words("AR02", case(asked, by_script)) == ["error"]
    assert words("AR02", case(asked)) == ["warning"]


def test_without_a_response_type_no_id_token_is_asked_for() -> None:
    assert one("AR02") == "error"
    assert one("AR03", redirect_uri="com.example.app:/cb") == "pass"


def test_none_is_told_from_a_token() -> None:
    def sentence(**fields: Any) -> list[str]:
        return said("AR02", case(authorize(client_id="x", **fields)))

    assert sentence() == ["There is no response_type."]
    asked = sentence(response_type="token")
    assert asked == ["It asks for an access token in the address."]


# ---- AR20: secrets ----------------------------------------------------------------------

SECRETS = (
    *("client_secret", "password", "assertion", "client_assertion", "token"),
    *("access_token", "refresh_token", "code_verifier"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_in_the_address(name: str) -> None:
    assert one("AR20", **{name: "v"}) == "error"
    assert one("AR20", **{name: ""}) == "pass"
    fields: dict[str, Any] = {"client_id": "x", name: "v"}
    assert said("AR20", case(authorize(**fields))) == [f"{name} is in the address."]


@pytest.mark.parametrize("name", ["code_challenge", "state", "nonce", "id_token_hint"])
def test_what_belongs_there_is_no_secret(name: str) -> None:
    assert one("AR20", **{name: "v"}) == "pass"


def test_a_secret_in_a_form_is_not_in_the_address() -> None:
    asked = step(
        "authorize",
        "POST",
        f"{ENDPOINTS}/authorize?client_id=x",
        headers=(("Content-Type", FORM),),
        body=encode_form((("client_secret", "v"),)).encode(),
    )
    assert words("AR20", case(asked)) == ["pass"]


# ---- AR21: each once --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("client_id=x&scope=a", "pass"),
        ("client_id=x&scope=a&scope=b", "error"),
        ("client_id=x&scope=a&scope=a", "error"),
        ("client_id=x&scope=&scope=", "error"),
        ("client_id=x&Scope=a&scope=a", "pass"),
    ],
)
def test_each_parameter_stands_once(query: str, word: str) -> None:
    assert words("AR21", case(written(query))) == [word]


def test_the_parameter_is_named_unless_its_name_is_long() -> None:
    short, long = "n" * 39, "n" * 40
    assert said("AR21", case(written(f"client_id=x&{short}=1&{short}=2&{short}=3"))) == [
        f"{short} stands 3 times."
    ]
    assert said("AR21", case(written(f"client_id=x&{long}=1&{long}=2"))) == [
        "a parameter stands 2 times."
    ]


def test_the_fields_of_a_posted_request_stand_once_too() -> None:
    def posted(body: bytes) -> list[str]:
        headers = (("Content-Type", FORM),)
        url = f"{ENDPOINTS}/authorize"
        return words("AR21", case(step("authorize", "POST", url, headers=headers, body=body)))

    assert posted(b"client_id=x&scope=a&scope=b") == ["error"]
    assert posted(b"client_id=x&scope=a") == ["pass"]


# ---- AR22: one resource -----------------------------------------------------------------

A, B = "https://a.example", "https://b.example"


@pytest.mark.parametrize(
    ("scope", "word"),
    [
        (f"{A}/.default", "pass"),
        (f"{A}/.default openid profile offline_access", "pass"),
        (f"{A}/read {A}/write", "pass"),
        (f"{A}/read {A}//write", "pass"),
        (f"{A}/read {A.upper()}/write", "pass"),
        ("User.Read Mail.Read", "pass"),
        ("openid", "pass"),
        (f"{A}/read {B}/read", "warning"),
        (f"{A}/read User.Read", "warning"),
        (f"{A}/.default {A}/read", "warning"),
        (f"{A}/.default {A}//.default", "pass"),
        ("", "warning"),
        ("~scp~", "undecidable"),
        ("openid scp~0123456789~~", "undecidable"),
    ],
)
def test_the_scope_names_one_resource_and_mixes_nothing(scope: str, word: str) -> None:
    assert one("AR22", scope=scope) == word


def test_the_fault_of_the_scope_is_named() -> None:
    def sentence(scope: str) -> list[str]:
        return said("AR22", case(authorize(client_id="x", scope=scope)))

    assert sentence("") == ["It is empty or missing."]
    assert sentence(f"{A}/x {B}/x User.Read") == ["It names 3 resources."]
    assert sentence(f"{A}/.default {A}/x") == ["It mixes .default with single permissions."]


# ---- AR23: a refresh token as asked -----------------------------------------------------


def redeemed(*answers: dict[str, Any], scope: str = "a offline_access") -> list[str]:
    asked = [authorize(scope=scope, state="s"), redirect(code="c", state="s")]
    asked += [
        token(members, grant_type=CODE, code="c", at=AT + at) for at, members in enumerate(answers)
    ]
    return words("AR23", case(*asked))


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ([{"access_token": "at", "refresh_token": "rt"}], "pass"),
        ([{"access_token": "at"}], "note"),
        ([{"error": "invalid_grant"}], "undecidable"),
        ([{}], "undecidable"),
        ([], "undecidable"),
        ([{"error": "e"}, {"access_token": "at", "refresh_token": "rt"}], "pass"),
        ([{"access_token": "at"}, {"access_token": "at", "refresh_token": "rt"}], "pass"),
        ([{"error": "e", "refresh_token": "rt"}, {"access_token": "at"}], "note"),
    ],
)
def test_who_asks_for_offline_access_gets_a_refresh_token(
    answers: list[dict[str, Any]], word: str
) -> None:
    assert redeemed(*answers) == [word]
    assert redeemed(*answers, scope="a") == ["not applicable"]
    assert redeemed(*answers, scope="offline_access.read") == ["not applicable"]


def test_what_is_planned_has_no_answer_yet() -> None:
    planned = case(authorize(scope="offline_access"), planned=True)
    assert words("AR23", planned) == ["not applicable"]


def test_a_refresh_in_the_same_sign_in_is_not_its_answer() -> None:
    steps = [authorize(scope="offline_access", state="s"), redirect(code="c", state="s")]
    first = {"access_token": "at", "refresh_token": "rt"}
    steps.append(token({"access_token": "at"}, grant_type=CODE, code="c"))
    steps.append(token(first, at=AT + 9, grant_type="refresh_token", refresh_token="r"))
    assert words("AR23", case(*steps)) == ["note"]


# ---- AR24: a tenant ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (f"{ENDPOINTS}/authorize", "pass"),
        (f"{LOGIN}/contoso.example/oauth2/v2.0/authorize", "pass"),
        *(
            (f"{LOGIN}/{name}/oauth2/v2.0/authorize", "note")
            for name in ("common", "organizations", "consumers", "Common")
        ),
        (f"{LOGIN}/{TENANT}/oauth2/authorize", "pass"),
        ("https://login.example/common/oauth2/v2.0/authorize", "note"),
        ("https://login.example/common/oauth2/authorize", "not applicable"),
    ],
)
def test_the_tenant_is_named(url: str, word: str) -> None:
    assert words("AR24", case(authorize(url=url, client_id="x"))) == [word]


# ---- AR25: a person ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["login_hint", "username", "domain_hint"])
def test_the_address_names_no_person(name: str) -> None:
    assert one("AR25", **{name: "ada@contoso.example"}) == "note"
    assert one("AR25", **{name: ""}) == "pass"
    fields: dict[str, Any] = {"client_id": "x", name: "ada"}
    assert said("AR25", case(authorize(**fields))) == [f"{name} is there."]
    assert one("AR25", request="a.b.c.d.e") == "undecidable"
    assert one("AR25", request_uri="urn:x") == "pass", "it is not in the address"
    assert one("AR25", request_uri="urn:x", **{name: "ada@contoso.example"}) == "note"


def test_without_a_scope_no_resource_is_named_and_no_refresh_token_asked_for() -> None:
    assert (one("AR22"), one("AR23")) == ("warning", "not applicable")


def test_of_a_long_name_that_stands_twice_the_place_is_cut() -> None:
    twice = f"&{'n' * 99}=1" * 2
    asked = step("authorize", "GET", f"{ENDPOINTS}/authorize?client_id=x{twice}")
    (verdict,) = BY_ID["AR21"].judge(case(asked))
    assert verdict.where == f"/request/query/{'n' * 99}"[:80]


@pytest.mark.parametrize("rule", ["AR01", "AR02", "AR03", *(f"AR2{n}" for n in range(6))])
def test_without_an_authorize_request_nothing_is_judged(rule: str) -> None:
    assert words(rule, case(token(grant_type="password"))) == ["not applicable"]
    assert words(rule, case(token(grant_type=CODE, code="c"))) == ["undecidable"]


# ---- AR28, TR27: a resource beside the scope ------------------------------------------------

OWN = "api://5eb00000-0000-4000-8000-0000000000aa"
SERVER = "https://mcp.example/mcp"
GRAPH = "https://graph.microsoft.com"
GUID = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
PAIRS = [
    (f"{OWN}/read", "", "not applicable"),
    (f"{OWN}/read", OWN, "pass"),
    (f"{OWN}/read {OWN}/write openid offline_access", OWN, "pass"),
    (f"{SERVER}/read", SERVER, "pass"),
    (f"{GRAPH}/User.Read", GRAPH, "pass"),
    (f"{GRAPH}/User.Read", f"{GRAPH}/", "pass"),
    (f"{GRAPH}//.default", GRAPH, "pass"),
    ("User.Read", f"{GRAPH}/", "pass"),
    (f"{OWN}/read", f"{OWN}/", "warning"),
    (f"{OWN}/read", OWN.upper(), "warning"),
    (f"{OWN}/read", SERVER, "warning"),
    (f"{OWN}/read", GRAPH, "warning"),
    (f"{OWN}/read {GRAPH}/User.Read", OWN, "warning"),
    ("mcp.read", SERVER, "warning"),
    (f"{GUID}/.default", "https://azuredatabricks.net/", "undecidable"),
    ("openid offline_access", OWN, "undecidable"),
    ("", OWN, "undecidable"),
    (f"{OWN}/read", "~res~", "undecidable"),
    ("~scp~", OWN, "undecidable"),
]


@pytest.mark.parametrize(("scope", "resource", "word"), PAIRS)
def test_an_authorize_request_is_judged(scope: str, resource: str, word: str) -> None:
    assert words("AR28", case(authorize(client_id="x", scope=scope, resource=resource))) == [word]


@pytest.mark.parametrize(("scope", "resource", "word"), PAIRS)
def test_a_token_request_is_judged(scope: str, resource: str, word: str) -> None:
    form = (("grant_type", "refresh_token"), ("scope", scope), ("resource", resource))
    body = encode_form(form).encode()
    headers = (("Content-Type", FORM),)
    asked = step("token", "POST", f"{ENDPOINTS}/token", headers=headers, body=body, at=AT)
    assert words("TR27", case(asked)) == [word]


def test_version_1_and_others_have_a_resource_of_their_own() -> None:
    for path in ("t/oauth2/authorize", "authorize"):
        asked = authorize(url=f"https://login.example/{path}", scope="a/b", resource=SERVER)
        assert words("AR28", case(asked)) == ["not applicable"]


def test_the_number_is_named() -> None:
    asked = authorize(client_id="x", scope="mcp.read", resource=SERVER)
    assert said("AR28", case(asked)) == ["It is not what the scopes begin with."]
