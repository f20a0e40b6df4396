"""ID tokens from the sign-in page: openid-client asks for them, and requests as ASP.NET's do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.practice.directory.defaults import read_directory
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import FORM, HttpRequest
from kit import needs
from kit.foreign.programs import Cloud, cloud
from kit.practice import ALICE, BASE, NOON, SECRET, WEB, Kit, body_of, claims_of

pytestmark = pytest.mark.against


# ---- npm's openid-client -------------------------------------------------------------------


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def _arguments(made: Cloud, way: str) -> tuple[str, ...]:
    return (f"{made.base_url}/{ARTICLE_TENANT_ID}/v2.0", WEB, SECRET, way, "/web")


@needs.posix
@needs.node_package("openid-client")
@pytest.mark.parametrize(("way", "redeemed"), [("hybrid", 1), ("id_token", 0)])
def test_openid_client_is_content_with_the_id_token(way: str, redeemed: int, clouds: Cloud) -> None:
    answer = clouds.node("use_openid_hybrid.mjs", *_arguments(clouds, way)).answer()
    assert answer["username"] == ALICE
    assert (answer["access_token"] is not None) == bool(redeemed)
    assert clouds.asked("/token") == redeemed


@needs.posix
@needs.node_package("openid-client")
@pytest.mark.parametrize(
    ("way", "fault", "said"),
    [
        ("hybrid", "redirect id_token.c_hash=AAAA", "c_hash"),
        ("hybrid", "redirect id_token.c_hash=", "c_hash"),
        ("hybrid", "csrf-state", "state"),
        ("hybrid", "stolen-code", "c_hash"),
        ("id_token", "redirect id_token.nonce=x", "nonce"),
        ("id_token", "redirect id_token.aud=x", "aud"),
        ("id_token", "redirect id_token.iss=https://x.example", "iss"),
        ("id_token", "redirect id_token.exp=-3600", "exp"),
        ("id_token", "redirect id_token.alg=none", "alg"),
        ("id_token", "redirect signature=broken", "signature"),
    ],
)
def test_openid_client_refuses_an_id_token_that_is_wrong(
    way: str, fault: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    ended = clouds.node("use_openid_hybrid.mjs", *_arguments(clouds, way))
    assert ended.code != 0
    assert said in ended.err
    assert "username" not in ended.out


# ---- ASP.NET ---------------------------------------------------------------------------------

SITE = f"""
[[apps]]
client_id = "{WEB}"
name = "A site of ASP.NET"
secret = "{SECRET}"
id_tokens = true
redirects = [{{ uri = "https://localhost/signin-oidc", platform = "web" }}]
"""
TICKS = "639028656000000000.Njg2YTVhOTctMDQyZS00NTYxLWE4NmMtMDJiNTFjYTYwNDBl"
"""A nonce of its shape: a time in ticks, a point, and random octets in base64."""
STATE = "CfDJ8" + "N0-_" * 100


def _authorize(response_type: str, path: str = "oauth2/v2.0") -> str:
    """The parameters of its handler, in its order, with what Microsoft.Identity.Web adds."""
    return (
        f"{BASE}/{ARTICLE_TENANT_ID}/{path}/authorize?client_id={WEB}"
        f"&redirect_uri=https%3A%2F%2Flocalhost%3A44321%2Fsignin-oidc"
        f"&response_type={response_type.replace(' ', '%20')}&scope=openid%20profile"
        f"&response_mode=form_post&nonce={TICKS}&client_info=1"
        f"&x-client-brkrver=IDWeb.3.8.2.0&state={STATE}"
        "&x-client-SKU=ID_NET8_0&x-client-ver=8.0.1.0"
    )


def _signed_in(url: str) -> tuple[Kit, HttpRequest]:
    book = read_directory(SITE, admin_consent=True)
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    kit.browser.open(url)
    (received,) = kit.received
    return kit, received


@pytest.mark.parametrize("response_type", ["id_token", "code id_token"])
@pytest.mark.parametrize(("path", "version"), [("oauth2/v2.0", "2.0"), ("oauth2", "1.0")])
def test_the_handler_of_asp_net_gets_what_it_checks(
    response_type: str, path: str, version: str
) -> None:
    kit, received = _signed_in(_authorize(response_type, path))
    assert urlsplit(received.url).path == "/signin-oidc"
    assert received.header("Content-Type") == FORM
    sent = {name: value for name, (value,) in parse_qs(received.body.decode()).items()}
    claims = claims_of(sent["id_token"])
    assert sent["state"] == STATE
    assert (claims["nonce"], claims["aud"], claims["ver"]) == (TICKS, WEB, version)
    # Its validator demands these five of every ID token, and c_hash beside a code.
    assert {"aud", "exp", "iat", "iss", "sub"} <= set(claims)
    if response_type == "id_token":
        assert set(sent) == {"id_token", "client_info", "state", "session_state"}
        return
    half = hashlib.sha256(sent["code"].encode("ascii")).digest()[:16]
    assert claims["c_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    form = {
        "client_id": WEB,
        "client_secret": SECRET,
        "code": sent["code"],
        "grant_type": "authorization_code",
        "redirect_uri": "https://localhost:44321/signin-oidc",
    }
    body = body_of(kit.ask(form, version=int(version[0])))
    back = claims_of(body["id_token"])
    assert (back["sub"], back["nonce"]) == (claims["sub"], TICKS)
