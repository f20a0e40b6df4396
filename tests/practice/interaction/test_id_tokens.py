"""ID tokens from the sign-in page: `response_type=id_token`, and the hybrid flow."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.signing.jws import believed
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import (
    ALICE,
    BASE,
    CHALLENGE,
    PASSWORD,
    SCOPE,
    SECRET,
    SPA,
    VERIFIER,
    WEB,
    Changes,
    Kit,
    authorize_url,
    body_of,
    changed,
    claims_of,
    consented,
    reply,
)

HYBRID: Changes = {
    "client_id": WEB,
    "redirect_uri": "http://localhost:5000/web",
    "response_type": "code id_token",
    "response_mode": "fragment",
    "scope": f"openid profile email {SCOPE}",
    "nonce": "n-0S6_WzA2Mj",
}
ALONE: Changes = {**HYBRID, "response_type": "id_token", "scope": "openid profile"}


def test_an_id_token_comes_alone_and_says_who_it_is() -> None:
    sent = reply(Kit(consented()).open(ALONE))
    assert list(sent) == ["id_token", "state", "session_state"]
    claims = claims_of(sent["id_token"])
    assert (claims["aud"], claims["nonce"]) == (WEB, "n-0S6_WzA2Mj")
    assert claims["iss"] == f"{BASE}/{ARTICLE_TENANT_ID}/v2.0"
    assert (claims["ver"], claims["preferred_username"]) == ("2.0", ALICE)
    assert "c_hash" not in claims


@pytest.mark.parametrize("response_type", ["code id_token", "id_token code"])
def test_beside_a_code_it_vouches_for_that_code(response_type: str) -> None:
    kit = Kit(consented())
    sent = reply(kit.open({**HYBRID, "response_type": response_type}))
    assert list(sent) == ["code", "id_token", "state", "session_state"]
    half = hashlib.sha256(sent["code"].encode()).digest()[:16]
    wanted = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    front = claims_of(sent["id_token"])
    assert front["c_hash"] == wanted
    at: Changes = {"client_id": WEB, "redirect_uri": HYBRID["redirect_uri"], "scope": None}
    body = body_of(kit.redeem(sent["code"], {**at, "client_secret": SECRET}))
    back = claims_of(body["id_token"])
    assert {n: back[n] for n in ("sub", "nonce", "aud")} == {
        n: front[n] for n in ("sub", "nonce", "aud")
    }
    assert "c_hash" not in back


def _form(response: HttpResponse) -> dict[str, str]:
    pairs = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', response.body.decode())
    return {name: unescape(value) for name, value in pairs}


def test_it_comes_by_form_post_as_servers_ask_for_it() -> None:
    kit = Kit(consented())
    kit.open({**HYBRID, "response_mode": "form_post"})
    (received,) = kit.received
    fields = parse_qs(received.body.decode())
    assert list(fields) == ["code", "id_token", "state", "session_state"]


def test_without_a_response_mode_it_comes_in_the_fragment() -> None:
    page = Kit(consented()).open({**ALONE, "response_mode": None})
    assert urlsplit(page.url).query == ""
    assert page.url.startswith("http://localhost:5000/web#id_token=")


def test_with_a_session_it_comes_without_a_page() -> None:
    kit = Kit(consented())
    kit.open(ALONE)
    again = kit.open({**ALONE, "prompt": "none", "nonce": "another"})
    assert claims_of(reply(again)["id_token"])["nonce"] == "another"
    assert "error" in reply(Kit(consented()).open({**ALONE, "prompt": "none"}))


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"client_id": ARTICLE_CLIENT_ID, "redirect_uri": "http://localhost"}, "type", 700054),
        ({"client_id": SPA, "redirect_uri": "http://localhost/spa"}, "type", 700054),
        ({"response_type": "token"}, "type", 700051),
        ({"response_type": "id_token token"}, "type", 700051),
        ({"response_type": "code token"}, "type", 700051),
        ({"response_type": "id_token id"}, "type", 70005),
        ({"scope": SCOPE}, "type", 70005),
        ({"response_mode": "query"}, "invalid_request", 70007),
        ({"nonce": None}, "invalid_request", 900144),
        ({"nonce": ""}, "invalid_request", 900144),
    ],
)
@pytest.mark.parametrize("kind", [HYBRID, ALONE], ids=["hybrid", "alone"])
def test_what_is_refused_is_told_in_the_fragment(
    kind: Changes, changes: Changes, error: str, number: int
) -> None:
    location = Kit().get(authorize_url({**kind, **changes})).header("Location") or ""
    assert urlsplit(location).query == ""
    sent = parse_qs(urlsplit(location).fragment)
    assert sent["error"] == [error.replace("type", "unsupported_response_type")]
    assert sent["error_description"][0].startswith(f"AADSTS{number}: ")
    assert sent["state"] == ["12345"]


def test_a_refusal_comes_by_form_post_where_that_was_asked_for() -> None:
    response = Kit().get(authorize_url({**ALONE, "nonce": None, "response_mode": "form_post"}))
    assert _form(response)["error"] == "invalid_request"


def test_the_refusal_of_700054_is_in_entras_words() -> None:
    url = authorize_url({**ALONE, "client_id": SPA, "redirect_uri": "http://localhost/spa"})
    location = Kit().get(url).header("Location") or ""
    said = parse_qs(urlsplit(location).fragment)["error_description"][0]
    assert said.startswith(
        "AADSTS700054: response_type 'id_token' is not enabled for the application."
    )


def test_a_challenge_stays_with_the_code() -> None:
    kit = Kit(consented())
    with_challenge: Changes = {
        **HYBRID,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    code = reply(kit.open(with_challenge))["code"]
    at: Changes = {"client_id": WEB, "client_secret": SECRET, "scope": None}
    at = {**at, "redirect_uri": HYBRID["redirect_uri"]}
    assert kit.redeem(code, at).status == 400
    assert kit.redeem(code, {**at, "code_verifier": VERIFIER}).status == 200


def test_with_v1_it_is_a_token_of_version_1() -> None:
    query: Changes = {**HYBRID, "scope": None, "state": "s", "resource": None}
    url = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/authorize?{changed({}, query)}"
    kit = Kit(consented(), password=PASSWORD)
    sent = reply(kit.browser.open(url))
    claims = claims_of(sent["id_token"])
    assert (claims["ver"], claims["upn"]) == ("1.0", ALICE)
    assert claims["iss"] == f"https://sts.windows.net/{ARTICLE_TENANT_ID}/"
    assert {"c_hash", "nonce"} <= set(claims)


def test_consent_is_asked_as_for_a_code_alone() -> None:
    kit = Kit(consents=False)
    sent = reply(kit.open(HYBRID))
    assert sent["error"] == "access_denied"
    assert "id_token" not in sent


@pytest.mark.parametrize(
    ("fault", "name", "value"),
    [
        ("redirect id_token.nonce=another", "nonce", "another"),
        ("redirect id_token.c_hash=AAAA", "c_hash", "AAAA"),
        ("redirect id_token.c_hash=", "c_hash", None),
        ("token,authorize,page id_token.nonce=another", "nonce", "n-0S6_WzA2Mj"),
    ],
)
def test_a_fault_at_the_redirect_changes_the_token_that_comes_with_it(
    fault: str, name: str, value: str | None
) -> None:
    kit = Kit(consented())
    kit.tenant.faults.add(fault)
    sent = reply(kit.open(HYBRID))
    assert claims_of(sent["id_token"]).get(name) == value
    assert sent["state"] == "12345"


def test_a_fault_at_the_redirect_breaks_its_signature() -> None:
    kit = Kit(consented())
    good = reply(kit.open(ALONE))["id_token"]
    kit.tenant.faults.add("redirect signature=broken")
    bad = reply(kit.open(ALONE))["id_token"]
    assert len(good) == len(bad)
    key = key_for(None).key()
    assert believed(good, key) is not None
    assert believed(bad, key) is None
