"""Rules about who is meant, each with right and wrong recordings, and where it must stay quiet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.protocol.messages import FORM, HttpResponse, encode_form
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, ENDPOINTS, TENANT, authorize, case, jwt, said, token, words

CODE = "authorization_code"
EVIL = "https://evil.example"

# ---- TR28: somebody else was quicker with the code (ConsentFix) -----------------------------


def redeemed(code: str, *numbers: int, at: float = AT, description: str = "") -> Exchange:
    """A redemption; with numbers it was refused with them."""
    members: dict[str, Any] = {"token_type": "Bearer", "access_token": "opaque"}
    if numbers or description:
        members = {"error": "invalid_grant", "error_codes": list(numbers)}
        members["error_description"] = description or f"AADSTS{numbers[0]}: refused."
    answer = json_answer(members, 400 if numbers or description else 200)
    return token(grant_type=CODE, code=code, response=answer, at=at)


SPENT = [
    ([redeemed("c1")], ["pass"]),
    ([redeemed("c1", 54005)], ["warning"]),
    ([redeemed("c1", description="AADSTS54005: OAuth2 code was already redeemed.")], ["warning"]),
    ([redeemed("c1", 54005, description="It was redeemed.")], ["warning"]),
    ([redeemed("c1", 70008)], ["pass"]),
    ([redeemed("c1", description="See AADSTS540051 and others.")], ["pass"]),
    ([redeemed("c1"), redeemed("c1", 54005, at=AT + 1)], ["pass", "not applicable"]),
    ([redeemed("c1", 50058), redeemed("c1", 54005, at=AT + 1)], ["pass", "not applicable"]),
    ([redeemed("c1"), redeemed("c2", 54005, at=AT + 1)], ["pass", "warning"]),
    ([redeemed("<code>"), redeemed("c2", 54005, at=AT + 1)], ["pass", "undecidable"]),
    (
        [redeemed("c1"), token(response=redeemed("c", 54005).response, grant_type=CODE, at=AT + 1)],
        ["pass", "warning"],
    ),
    ([token(grant_type="refresh_token", refresh_token="r")], ["not applicable"]),
    ([token(grant_type=CODE, code="c1")], ["undecidable"]),
    ([token(grant_type=CODE, code="c1", response=HttpResponse(status=400))], ["undecidable"]),
    ([token(grant_type=CODE, code="c1", response=HttpResponse(status=200))], ["pass"]),
]


@pytest.mark.parametrize(("exchanges", "expected"), SPENT)
def test_a_code_that_was_spent_before_it_was_sent_is_told(
    exchanges: list[Exchange], expected: list[str]
) -> None:
    if exchanges[0].response is None and expected == ["not applicable"]:
        exchanges = [replace(exchanges[0], response=json_answer({"access_token": "x"}))]
    assert words("TR28", case(*exchanges)) == expected


def test_an_attempt_that_failed_on_the_way_counts_as_sent() -> None:
    lost = replace(redeemed("c1"), response=None, failure="TimedOut")
    assert words("TR28", case(lost, redeemed("c1", 54005, at=AT + 1))) == [
        "undecidable",
        "not applicable",
    ]


# ---- TR29: a proof is handed to another authority (audience injection) ----------------------

TOKEN_ENDPOINT = f"{ENDPOINTS}/token"
OTHER = "https://login.partner.example"


def proof(audience: object, **claims: object) -> str:
    """The app's own proof for that audience."""
    return jwt({"alg": "PS256"}, {"iss": "app", "sub": "app", "aud": audience, **claims})


def proving(url: str, assertion: str) -> Exchange:
    """A form with a proof, to any address."""
    fields = (("client_id", "app"), ("client_assertion", assertion))
    body = encode_form(fields).encode()
    return step("par", "POST", url, headers=(("Content-Type", FORM),), body=body, at=AT)


def metadata(origin: str, issuer: str | None = None, **more: str) -> Exchange:
    """What an authority publishes at its own host."""
    url = f"{origin}/.well-known/openid-configuration"
    answer = json_answer({"issuer": issuer or origin, **more})
    return step("openid-configuration", "GET", url, response=answer, at=AT - 60)


PROOFS = [
    (proving(TOKEN_ENDPOINT, proof(TOKEN_ENDPOINT)), "pass"),
    (proving(TOKEN_ENDPOINT, proof(f"{LOGIN}/{TENANT}/v2.0")), "pass"),
    (proving(TOKEN_ENDPOINT, proof("https://login.windows.net/t/oauth2/token")), "pass"),
    (proving(TOKEN_ENDPOINT, proof(["https://elsewhere.example", TOKEN_ENDPOINT])), "pass"),
    (proving(f"{EVIL}/par", proof(f"{EVIL}/token")), "pass"),
    (proving(f"{EVIL}/par", proof(TOKEN_ENDPOINT)), "error"),
    (proving(f"{EVIL}/par", proof([TOKEN_ENDPOINT])), "error"),
    (proving("https://login.microsoftonline.us/t/token", proof(TOKEN_ENDPOINT)), "undecidable"),
    (proving(f"{EVIL}/par", proof("https://honest.example")), "undecidable"),
    (proving("https://westus.login.microsoft.com/t/token", proof(TOKEN_ENDPOINT)), "undecidable"),
    (proving("https://t.ciamlogin.com/t/token", proof(TOKEN_ENDPOINT)), "undecidable"),
    (proving("http://localhost:8400/t/oauth2/v2.0/token", proof(TOKEN_ENDPOINT)), "undecidable"),
    (proving(TOKEN_ENDPOINT, proof("api://AzureADTokenExchange", sub="b")), "not applicable"),
    (proving(TOKEN_ENDPOINT, proof("api://app")), "not applicable"),
    (proving(f"{EVIL}/par", proof(TOKEN_ENDPOINT, sub="somebody-else")), "not applicable"),
    (proving(f"{EVIL}/par", proof("~aud~")), "undecidable"),
    (proving(f"{EVIL}/par", proof(TOKEN_ENDPOINT, iss=None)), "not applicable"),
    (proving(f"{EVIL}/par", proof(TOKEN_ENDPOINT, sub=None)), "not applicable"),
    (proving(f"{EVIL}/par", proof(TOKEN_ENDPOINT, sub="~sub~")), "undecidable"),
    (proving(f"{EVIL}/par", "<assertion>"), "undecidable"),
    (proving(f"{EVIL}/par", "no-jwt"), "not applicable"),
    (proving(f"{EVIL}/par", proof(7)), "not applicable"),
]


@pytest.mark.parametrize(("exchange", "word"), PROOFS)
def test_a_proof_that_is_sent_to_another_authority_is_told(exchange: Exchange, word: str) -> None:
    assert words("TR29", case(exchange)) == [word]


def test_an_authority_may_have_its_endpoint_at_another_host_if_it_says_so() -> None:
    sent = proving("https://oauth2.partner.example/token", proof(OTHER))
    good = metadata(OTHER, token_endpoint="https://oauth2.partner.example/token")
    assert words("TR29", case(good, sent)) == ["pass"]
    assert words("TR29", case(metadata(OTHER), sent)) == ["undecidable"]
    not_its_own = metadata(
        EVIL, issuer=OTHER, token_endpoint="https://oauth2.partner.example/token"
    )
    assert words("TR29", case(not_its_own, sent)) == ["undecidable"]


def test_an_authority_that_publishes_another_s_endpoint_is_given_no_proof_for_it() -> None:
    told = metadata(EVIL, token_endpoint="https://honest.example/token")
    sent = proving(f"{EVIL}/par", proof("https://honest.example/token"))
    assert words("TR29", case(told, sent)) == ["error"]
    assert said("TR29", case(told, sent)) == ["It is for honest.example, and goes to evil.example."]


def test_without_a_proof_nothing_is_judged() -> None:
    assert words("TR29", case(token(grant_type=CODE, code="c"))) == ["not applicable"]


# ---- AR29: two authorities, one redirect URI (mix-up, cross-tool take-over) -----------------

BACK = "https://agent.example/cb"
ELSEWHERE = f"{OTHER}/authorize"


def attempt(url: str, state: str, uri: str = BACK, at: float = AT - 20) -> Exchange:
    return authorize(
        url=url, at=at, client_id="x", response_type="code", redirect_uri=uri, state=state
    )


def answered(state: str, at: float, **more: str) -> Exchange:
    fields = encode_form(tuple({"code": f"c-{state}", "state": state, **more}.items()))
    return step("accepted", "GET", f"{BACK}?{fields}", at=at)


def two(uri: str = BACK, url: str = ELSEWHERE, state: str = "two") -> list[Exchange]:
    return [
        attempt(f"{ENDPOINTS}/authorize", "one", uri, AT - 40),
        attempt(url, state, uri, AT - 20),
    ]


TOGETHER = [
    ([*two(), answered("one", AT - 30), answered("two", AT - 10)], ["warning"]),
    ([*two(), answered("one", AT - 30)], ["warning"]),
    ([*two(), answered("one", AT - 30, iss=LOGIN), answered("two", AT - 10, iss=OTHER)], ["pass"]),
    ([*two(), answered("one", AT - 30), answered("two", AT - 10, iss=OTHER)], ["warning"]),
    (two(), ["undecidable"]),
    (two(uri="http://localhost:8400/"), ["undecidable"]),
    (
        [*two("http://localhost:8400/"), answered("one", AT - 30), answered("two", AT - 10)],
        ["undecidable"],
    ),
    ([*two(""), answered("one", AT - 30), answered("two", AT - 10)], ["not applicable"]),
    ([*two("~url~"), answered("one", AT - 30), answered("two", AT - 10)], ["not applicable"]),
    (two(url="https://login.windows.net/t/oauth2/v2.0/authorize"), ["not applicable"]),
    (two(url=f"{LOGIN}/another-tenant/oauth2/v2.0/authorize"), ["not applicable"]),
    (two(state="one"), ["not applicable"]),
    (
        [authorize(url=u, client_id="x", state=u) for u in (ELSEWHERE, f"{EVIL}/a")],
        ["not applicable"],
    ),
    ([authorize(url=u, redirect_uri=BACK) for u in (ELSEWHERE, f"{EVIL}/a")], ["not applicable"]),
    ([authorize(url=ELSEWHERE, redirect_uri=BACK), attempt(f"{EVIL}/a", "two")], ["undecidable"]),
    ([two()[0], attempt(ELSEWHERE, "two", f"{BACK}/other")], ["not applicable"]),
    ([two()[0], attempt(ELSEWHERE, "~st~")], ["not applicable"]),
    ([two()[0]], ["not applicable"]),
]


@pytest.mark.parametrize(("exchanges", "expected"), TOGETHER)
def test_two_authorities_with_one_redirect_uri_are_told(
    exchanges: list[Exchange], expected: list[str]
) -> None:
    assert words("AR29", case(*exchanges)) == expected


# ---- RS07: an API that says it is another ---------------------------------------------------

WEATHER, MAIL = "https://weather.example", "https://mail.example"
PLACE = "/.well-known/oauth-protected-resource"


def published(resource: object, url: str = f"{WEATHER}{PLACE}/mcp", at: float = AT) -> Exchange:
    return step("metadata", "GET", url, response=json_answer({"resource": resource}), at=at)


def bearer(url: str, at: float = AT + 5) -> Exchange:
    return step("call", "GET", url, headers=(("Authorization", "Bearer opaque"),), at=at)


def refused(url: str, points_to: str) -> Exchange:
    headers = (("WWW-Authenticate", f'Bearer resource_metadata="{points_to}"'),)
    return step("call", "GET", url, response=HttpResponse(status=401, headers=headers), at=AT - 5)


NAMED = [
    ([published(f"{WEATHER}/mcp")], "pass"),
    ([published(WEATHER.upper())], "pass"),
    ([published(f"{WEATHER}/")], "pass"),
    ([published(MAIL)], "warning"),
    ([published(MAIL), bearer(f"{WEATHER}/mcp")], "error"),
    ([published(MAIL), bearer(f"{WEATHER}/mcp", at=AT)], "error"),
    ([published(MAIL), bearer(f"{MAIL}/api")], "warning"),
    ([published(MAIL), authorize(client_id="x", resource=MAIL, at=AT + 1)], "error"),
    ([published(MAIL), authorize(client_id="x", resource=WEATHER, at=AT + 1)], "warning"),
    ([bearer(f"{WEATHER}/mcp", at=AT - 5), published(MAIL)], "warning"),
    ([published("~url~")], "undecidable"),
    ([published(MAIL, url=f"http://localhost:3000{PLACE}")], "undecidable"),
    ([published("http://127.0.0.1:3000/mcp")], "undecidable"),
    ([published(None)], "not applicable"),
    ([published(MAIL, url=f"{WEATHER}/other")], "not applicable"),
]


@pytest.mark.parametrize(("exchanges", "word"), NAMED)
def test_an_api_that_says_it_is_another_is_told(exchanges: list[Exchange], word: str) -> None:
    assert words("RS07", case(*exchanges)) == [word]


def test_metadata_at_another_host_are_those_of_the_api_that_named_their_address() -> None:
    there = f"https://meta.example{PLACE}/weather"
    named = refused(f"{WEATHER}/mcp", there)
    assert words("RS07", case(named, published(f"{WEATHER}/mcp", url=there))) == ["pass"]
    assert words("RS07", case(named, published(MAIL, url=there))) == ["warning"]
    assert said("RS07", case(named, published(MAIL, url=there))) == ["It names mail.example."]
    on_this_machine = refused("http://localhost:3000/mcp", there)
    assert words("RS07", case(on_this_machine, published(MAIL, url=there))) == ["undecidable"]
