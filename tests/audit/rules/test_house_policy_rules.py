"""Each rule of a house's policy: what is allowed, in any case, and what is hidden or not named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.policy import Policy
from entra_oauth.protocol.messages import Wire
from entra_oauth.recording import Exchange
from kit.audit.judged import (
    CLIENT,
    ENDPOINTS,
    TENANT,
    authorize,
    call,
    case,
    redirect,
    said,
    token,
    words,
)

IDS = [f"PL0{number}" for number in range(1, 9)]


def under(policy: Policy, rule: str, *exchanges: Exchange) -> list[str]:
    return words(rule, replace(case(*exchanges), policy=policy))


@pytest.mark.parametrize("rule", IDS)
def test_without_a_word_of_the_policy_a_rule_is_silent(rule: str) -> None:
    asked = authorize(client_id=CLIENT, scope="a")
    silent = "no policy says anything of it"
    assert said(rule, case(asked)) == [silent]
    assert said(rule, replace(case(asked), policy=Policy())) == [silent]


POLICY = Policy(
    tenants=(TENANT,),
    clouds=("public", "usgov"),
    clients=(CLIENT,),
    scopes=("a.read", "openid"),
    grants=("authorization_code", "device_code"),
    response_modes=("form_post",),
    proxies=("http://proxy.example:8080",),
)


IN_A_JWT = authorize(client_id=CLIENT, request="a.b.c.d.e")
"""It says the rest where it cannot be read."""


def at(url: str) -> Exchange:
    return authorize(url=url, client_id=CLIENT)


@pytest.mark.parametrize(
    ("rule", "asked", "word"),
    [
        ("PL01", at(f"{ENDPOINTS}/authorize"), "pass"),
        ("PL01", at(f"{ENDPOINTS.replace(TENANT, TENANT.upper())}/authorize"), "pass"),
        ("PL01", at(f"{ENDPOINTS.replace(TENANT, 'common')}/authorize"), "error"),
        ("PL01", at(f"{ENDPOINTS.replace(TENANT, '~pii~')}/authorize"), "undecidable"),
        ("PL01", at("https://login.example/authorize"), "not applicable"),
        ("PL02", at(f"{ENDPOINTS}/authorize"), "pass"),
        ("PL02", at("https://login.microsoftonline.us/t/oauth2/v2.0/authorize"), "pass"),
        ("PL02", at("https://login.chinacloudapi.cn/t/oauth2/v2.0/authorize"), "error"),
        ("PL02", at("https://login.example/t/oauth2/v2.0/authorize"), "error"),
        ("PL03", authorize(client_id=CLIENT.upper()), "pass"),
        ("PL03", authorize(client_id="another"), "error"),
        ("PL03", authorize(client_id="~pii~"), "undecidable"),
        ("PL03", authorize(scope="x"), "not applicable"),
        ("PL04", authorize(scope="openid a.read"), "pass"),
        ("PL04", authorize(scope="A.Read"), "pass"),
        ("PL04", authorize(scope="a.read a.write"), "error"),
        ("PL04", authorize(client_id="x"), "not applicable"),
        ("PL05", token(grant_type="authorization_code"), "pass"),
        ("PL05", token(grant_type="urn:ietf:params:oauth:grant-type:device_code"), "pass"),
        ("PL05", token(grant_type="password"), "error"),
        ("PL05", token(client_id="x"), "not applicable"),
        ("PL06", authorize(client_id="x", response_mode="form_post"), "pass"),
        ("PL06", authorize(client_id="x", response_mode="query"), "error"),
        ("PL06", authorize(client_id="x"), "error"),
        *((rule, IN_A_JWT, "pass") for rule in ("PL01", "PL02", "PL03")),
        *((rule, IN_A_JWT, "undecidable") for rule in ("PL04", "PL06")),
    ],
)
def test_only_what_the_policy_allows_is_asked(rule: str, asked: Exchange, word: str) -> None:
    assert under(POLICY, rule, asked) == [word]


@pytest.mark.parametrize("rule", ["PL01", "PL02", "PL03", "PL04"])
def test_each_request_for_a_token_is_looked_at(rule: str) -> None:
    fields: dict[str, Any] = {"client_id": "another", "scope": "b"}
    common = ENDPOINTS.replace(TENANT, "common").replace("microsoftonline.com", "chinacloudapi.cn")
    steps = (
        authorize(url=f"{common}/authorize", **fields),
        token(url=f"{common}/token", **fields),
        token(url=f"{common}/devicecode", **fields),
    )
    assert under(POLICY, rule, *steps) == ["error"] * 3
    others = (redirect(code="c", scope="b", client_id="another"), call("Bearer x"))
    assert under(POLICY, rule, *others) == ["not applicable"]


def test_grants_are_those_of_token_requests_and_modes_those_of_authorize_requests() -> None:
    asked = authorize(client_id="x", grant_type="password")
    assert under(POLICY, "PL05", asked) == ["not applicable"]
    assert under(POLICY, "PL06", token(response_mode="query")) == ["not applicable"]


def test_a_policy_may_be_written_in_capitals() -> None:
    loud = Policy(clients=(CLIENT.upper(),), tenants=(TENANT.upper(),), scopes=("A.READ",))
    asked = authorize(client_id=CLIENT, scope="a.read")
    assert [under(loud, rule, asked) for rule in ("PL01", "PL03", "PL04")] == [["pass"]] * 3


def test_what_is_not_allowed_is_named() -> None:
    asked = authorize(client_id="x", scope="a.read a.write b.write")
    assert said("PL04", replace(case(asked), policy=POLICY)) == ["a.write is not allowed."]
    elsewhere = at("https://login.example/t/oauth2/v2.0/authorize")
    assert said("PL02", replace(case(elsewhere), policy=POLICY)) == [
        "no known cloud is not allowed."
    ]


# ---- TLS and proxies --------------------------------------------------------------------


def over(url: str = f"{ENDPOINTS}/token", **link: Any) -> Exchange:
    return replace(token(url=url, client_id="x"), wire=Wire(sent=b"GET / HTTP/1.1\r\n\r\n", **link))


@pytest.mark.parametrize(
    ("version", "floor", "word"),
    [
        ("TLSv1.2", (1, 2), "pass"),
        ("TLSv1.2", (1, 3), "error"),
        ("TLSv1.3", (1, 3), "pass"),
        ("TLSv1.3", (1, 2), "pass"),
        ("TLSv1", (1, 0), "pass"),
        ("TLSv1", (1, 1), "error"),
        ("TLSv1.1", (1, 1), "pass"),
        ("SSLv3", (1, 0), "error"),
        ("sslv3", (1, 0), "error"),
        ("", (1, 2), "undecidable"),
        ("new", (1, 2), "undecidable"),
    ],
)
def test_tls_is_of_the_policys_version(version: str, floor: tuple[int, int], word: str) -> None:
    policy = Policy(tls_floor=floor)
    assert under(policy, "PL07", over(tls_version=version)) == [word]
    upper = over(ENDPOINTS.replace("https", "HTTPS") + "/token", tls_version=version)
    assert under(policy, "PL07", upper) == [word]


def test_tls_is_that_of_our_own_requests() -> None:
    policy = Policy(tls_floor=(1, 3))
    assert under(policy, "PL07", authorize(client_id="x")) == ["not applicable"]
    assert under(policy, "PL07", token(client_id="x")) == ["undecidable"]
    plain = over("http://localhost/t/oauth2/v2.0/token", tls_version="TLSv1")
    assert under(policy, "PL07", plain) == ["not applicable"]
    assert under(policy, "PL07", plain, over(tls_version="TLSv1")) == ["error"]


@pytest.mark.parametrize(
    ("proxy", "allowed", "word"),
    [
        ("http://proxy.example:8080", POLICY.proxies, "pass"),
        ("HTTP://Proxy.Example:8080", POLICY.proxies, "pass"),
        ("http://elsewhere:3128", POLICY.proxies, "error"),
        ("http://elsewhere:3128", (), "error"),
        ("~pii~", (), "undecidable"),
        ("", (), "not applicable"),
    ],
)
def test_only_proxies_of_the_policy_are_used(
    proxy: str, allowed: tuple[str, ...] | None, word: str
) -> None:
    link: dict[str, Any] = {"proxy": proxy} if proxy else {}
    assert under(Policy(proxies=allowed), "PL08", over(**link)) == [word]
    assert under(Policy(proxies=allowed), "PL08", call("Bearer x")) == ["not applicable"]
