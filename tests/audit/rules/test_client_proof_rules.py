"""Each rule about who a token request is from, at its limits and where that is hidden."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.recording import Exchange
from kit.audit.judged import AT, CLIENT, ENDPOINTS, case, jwt, said, token, words

ELSEWHERE = "https://login.example/connect/token"
LOOPBACK = "http://localhost:8400"
ASSERTED = {"client_assertion": "a.b.c"}
ANY = {"scope": "x"}
SECRET = {"client_secret": "s3cret"}


def basic(name: str = CLIENT, secret: str = "s3cret") -> str:
    return f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"


def sent(authorization: str = "", cookie: str = "", **fields: Any) -> Exchange:
    """A token request with these headers."""
    asked = token(**fields)
    added = [(n, v) for n, v in (("Authorization", authorization), ("Cookie", cookie)) if v]
    return replace(asked, request=replace(asked.request, headers=(*asked.request.headers, *added)))


def one(rule: str, *headers: str, **fields: str) -> str:
    (word,) = words(rule, case(sent(*headers, **fields)))
    return word


# ---- TR12: one way ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "fields", "word"),
    [
        ("", {}, "undecidable"),
        ("", ANY, "pass"),
        ("", SECRET, "pass"),
        ("", ASSERTED, "pass"),
        (basic(), ANY, "pass"),
        ("Bearer x", SECRET, "pass"),
        ("", SECRET | ASSERTED, "error"),
        (basic(), SECRET, "error"),
        (basic().lower(), ASSERTED, "error"),
        (basic(), {"client_secret": ""}, "error"),
        ("Basic ~basic~", SECRET, "error"),
    ],
)
def test_a_client_says_who_it_is_in_one_way(
    authorization: str, fields: dict[str, str], word: str
) -> None:
    assert one("TR12", authorization, **fields) == word


def test_the_ways_are_named() -> None:
    (sentence,) = said("TR12", case(sent(basic(), **SECRET, **ASSERTED)))
    assert sentence == "It uses client_secret and client_assertion and Authorization: Basic."


# ---- TR13: nothing that was meant for another -------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "cookie", "fields", "word"),
    [
        ("", "", {"client_id": CLIENT}, "pass"),
        ("", "fpc=abc", {"client_id": CLIENT}, "error"),
        ("", "fpc=abc", SECRET, "not applicable"),
        ("", "fpc=abc", ASSERTED, "not applicable"),
        (basic(), "fpc=abc", {"client_id": CLIENT}, "not applicable"),
        ("", "", SECRET, "not applicable"),
        ("", "", ASSERTED, "not applicable"),
        ("Bearer x", "", {"client_id": CLIENT}, "error"),
        ("Bearer x", "", {}, "error"),
        ("Bearer x", "fpc=abc", {"client_id": CLIENT}, "error"),
        ("Bearer x", "", SECRET, "not applicable"),
        (basic(), "", {}, "not applicable"),
        (basic("another"), "", {}, "not applicable"),
        (basic(), "", {"client_id": CLIENT}, "not applicable"),
        (basic(CLIENT.upper()), "", {"client_id": CLIENT}, "not applicable"),
        (basic().replace("Basic", "BASIC"), "", {"client_id": CLIENT}, "not applicable"),
        (basic("another"), "", {"client_id": CLIENT}, "error"),
        (basic("another"), "", {"client_id": CLIENT} | SECRET, "not applicable"),
        ("Basic ~basic~", "", {"client_id": CLIENT}, "undecidable"),
        ("Basic !", "", {"client_id": CLIENT}, "undecidable"),
        (f"{basic()}!", "", {"client_id": CLIENT}, "undecidable"),
        ("Basic /w==", "", {"client_id": CLIENT}, "undecidable"),
    ],
)
def test_a_public_client_sends_no_credentials_of_another(
    authorization: str, cookie: str, fields: dict[str, str], word: str
) -> None:
    assert one("TR13", authorization, cookie, **fields) == word


def test_what_else_was_sent_is_named() -> None:
    assert said("TR13", case(sent("", "a=b"))) == ["It sends a cookie."]
    assert said("TR13", case(sent("Bearer x"))) == ["It sends an Authorization header."]
    (sentence,) = said("TR13", case(sent(basic("another"), client_id=CLIENT)))
    assert sentence == "It sends credentials of somebody else than the client."


# ---- TR14: a secret that fits -----------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "fields", "word"),
    [
        ("", ANY, "not applicable"),
        ("", ASSERTED, "not applicable"),
        ("", ASSERTED | {"redirect_uri": LOOPBACK}, "not applicable"),
        ("", SECRET, "note"),
        ("", SECRET | ASSERTED, "note"),
        ("", SECRET | {"redirect_uri": "https://app.example/"}, "note"),
        ("", SECRET | {"redirect_uri": LOOPBACK}, "warning"),
        ("", SECRET | {"redirect_uri": "http://127.0.0.1/"}, "warning"),
        (basic(), ANY, "pass"),
        (basic(), {"client_id": CLIENT}, "pass"),
        (basic(), {"redirect_uri": LOOPBACK}, "warning"),
        (basic(), {"client_id": CLIENT, "redirect_uri": LOOPBACK}, "warning"),
        (basic("another"), {"client_id": CLIENT}, "not applicable"),
        (basic("another"), {"client_id": CLIENT} | SECRET, "note"),
        (basic("another"), {"client_id": CLIENT} | ASSERTED, "not applicable"),
        ("Basic ~basic~", {"client_id": CLIENT}, "undecidable"),
        ("Basic ~basic~", ANY, "pass"),
        ("Basic ~basic~", {"client_id": CLIENT} | SECRET, "note"),
    ],
)
def test_an_apps_secret_is_judged_by_the_kind_of_app(
    authorization: str, fields: dict[str, str], word: str
) -> None:
    assert one("TR14", authorization, **fields) == word


# ---- TR15: encoded before it becomes Basic ----------------------------------------------


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ("s3cret", "pass"),
        ("a-b_c.d~e", "pass"),
        ("a%2Bb%25c%3a", "pass"),
        *((f"a{sign}b", "warning") for sign in "+:&= "),
        ("a%", "warning"),
        ("a%2", "warning"),
        ("a%2g", "warning"),
        ("a%g2", "warning"),
    ],
)
def test_a_secret_is_encoded_before_it_becomes_basic(secret: str, word: str) -> None:
    assert one("TR15", basic(secret=secret)) == word
    assert one("TR15", basic(secret=secret).replace(" ", "  ")) == word


@pytest.mark.parametrize(
    ("authorization", "word"),
    [
        ("", "not applicable"),
        ("Bearer a+b", "not applicable"),
        ("Basic ~basic~", "undecidable"),
        ("Basic !", "undecidable"),
        (f"  {basic(secret='a+b')}  ", "warning"),
    ],
)
def test_only_basic_that_can_be_read_is_judged(authorization: str, word: str) -> None:
    assert one("TR15", authorization) == word


# ---- TR20: an assertion -----------------------------------------------------------------

APPS = "client_credentials"
GOOD: dict[str, Any] = {
    "iss": CLIENT,
    "sub": CLIENT,
    "aud": f"{ENDPOINTS}/token",
    "iat": AT,
    "exp": AT + 600,
    "jti": "j",
}


def assertion(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """An assertion; a claim that is None is left out."""
    made = {n: v for n, v in (GOOD | claims).items() if v is not None}
    return jwt({"alg": "PS256"} if header is None else header, made)


def asserted(text: str, url: str = f"{ENDPOINTS}/token") -> str:
    (word,) = words("TR20", case(token(url=url, grant_type=APPS, client_assertion=text)))
    return word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not applicable"),
        (assertion(), "pass"),
        ("no.jwt", "warning"),
        ("~jwt~", "undecidable"),
        ("jwt~0123456789~~~~~~~~~~~~~~", "undecidable"),
    ],
)
def test_an_assertion_is_a_jwt(text: str, word: str) -> None:
    assert asserted(text) == word


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"alg": "RS256"}, "pass"),
        ({"alg": "ES256"}, "pass"),
        ({"alg": "HS256"}, "warning"),
        ({"alg": "HS512"}, "warning"),
        ({"alg": "none"}, "error"),
        ({"alg": "NONE"}, "error"),
        ({"alg": 7}, "error"),
        ({}, "error"),
    ],
)
def test_an_assertion_is_signed_with_a_key_pair(header: dict[str, Any], word: str) -> None:
    assert asserted(assertion(header)) == word


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"aud": ENDPOINTS.replace("/oauth2/v2.0", "/v2.0")}, "pass"),
        ({"aud": "https://elsewhere.example/token"}, "warning"),
        ({"aud": "~aud~"}, "pass"),
        ({"aud": ["https://elsewhere.example/token", f"{ENDPOINTS}/token"]}, "pass"),
        ({"aud": ["https://elsewhere.example/token"]}, "warning"),
        ({"aud": None}, "warning"),
        ({"aud": 7}, "warning"),
        ({"aud": []}, "warning"),
        ({"iss": "~id~"}, "undecidable"),
        ({"iss": None}, "not applicable"),
        ({"sub": None}, "not applicable"),
        ({"iat": AT - 60, "exp": AT + 600}, "pass"),
        ({"iat": AT - 61, "exp": AT + 600}, "warning"),
        ({"iat": None, "nbf": AT - 61}, "warning"),
        ({"iat": None, "nbf": AT}, "pass"),
        ({"iat": None, "exp": AT + 660}, "pass"),
        ({"iat": None, "exp": AT + 661}, "warning"),
        ({"exp": None}, "warning"),
        ({"exp": "soon"}, "warning"),
        ({"jti": None}, "warning"),
        ({"jti": ""}, "warning"),
        ({"jti": 7}, "warning"),
    ],
)
def test_an_assertion_is_for_this_endpoint_short_lived_and_named(
    claims: dict[str, Any], word: str
) -> None:
    assert asserted(assertion(**claims)) == word


def test_another_issuers_token_is_judged_only_where_it_is_not_federation() -> None:
    federated = assertion(iss="https://token.example", sub="job", exp=AT + 86_400)
    assert asserted(federated) == "not applicable"
    assert asserted(federated, ELSEWHERE) == "warning"


def twice(first: str, second: str, url: str = f"{ENDPOINTS}/token") -> list[str]:
    asked = [
        token(url=url, at=AT + at, grant_type=APPS, client_assertion=each)
        for at, each in enumerate((first, second))
    ]
    return words("TR20", case(*asked))


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (assertion(), assertion(jti="k"), "pass"),
        (assertion(), assertion(exp=AT + 599), "warning"),
        (assertion(), assertion(), "pass"),
        (assertion(), assertion(jti="~jti~"), "undecidable"),
        (assertion(), "~jwt~", "pass"),
    ],
)
def test_a_jti_is_used_once_and_msal_may_send_an_assertion_again(
    first: str, second: str, word: str
) -> None:
    assert twice(first, second)[0] == word


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"iat": AT - 800, "exp": AT - 299}, "pass"),
        ({"iat": AT - 800, "exp": AT - 300}, "error"),
        ({"iat": AT - 86_400, "exp": AT - 86_000}, "error"),
        ({"nbf": AT + 300}, "pass"),
        ({"nbf": AT + 301}, "error"),
    ],
)
def test_an_assertion_is_good_when_it_is_sent(claims: dict[str, Any], word: str) -> None:
    asked = token(grant_type=APPS, client_assertion=assertion(**claims))
    assert words("TR20", case(asked)) == [word]
    late = word == "error"
    assert late is bool(said("TR20", case(asked))[0])
    assert words("TR20", case(asked, planned=True)) == ["pass"], "it was not sent yet"
    at_no_time = token(at=0.0, grant_type=APPS, client_assertion=assertion(**claims))
    assert words("TR20", case(at_no_time)) == ["pass"], "nobody knows when that was"


def test_elsewhere_the_same_assertion_is_not_sent_again() -> None:
    mine = assertion(aud=ELSEWHERE)
    assert twice(mine, mine, ELSEWHERE) == ["warning", "warning"]


def test_a_request_without_an_assertion_may_stand_before_two_with_the_same() -> None:
    asked = [token(at=AT - 1, grant_type="password")]
    asked += [token(at=AT + at, client_assertion=assertion()) for at in range(2)]
    assert words("TR20", case(*asked)) == ["not applicable", "pass", "pass"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x", "It is no JWT."),
        (assertion({"alg": "HS256"}), "Its algorithm is HS256."),
        (assertion({"alg": "none"}), "It is not signed."),
        (assertion(exp=AT - 600), "It was over when it was sent (exp)."),
        (assertion(nbf=AT + 600), "It is not good yet (nbf)."),
        (assertion(aud="https://x.example"), "Its audience is not this endpoint."),
        (assertion(exp=None), "It has no end (exp)."),
        (assertion(exp=AT + 900), "It is good for more than ten minutes."),
        (assertion(jti=None), "It has no jti."),
    ],
)
def test_the_fault_of_an_assertion_is_named(text: str, sentence: str) -> None:
    assert said("TR20", case(token(client_assertion=text))) == [sentence]
