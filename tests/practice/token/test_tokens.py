"""The contents of the tokens; software not written here believes their signatures."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import uuid
from typing import Any

import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from entra_oauth.practice.directory.model import (
    ARTICLE_CLIENT_ID,
    ARTICLE_TENANT_ID,
    DATABRICKS,
    GRAPH,
)
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.practice.tenant import PracticeTenant
from kit import needs
from kit.practice import ALICE, BASE, BOB, NOON, SCOPE, WEB, Changes, Kit, body_of

FULL: Changes = {"scope": f"{SCOPE} openid profile email offline_access", "nonce": "n-0S6_WzA2Mj"}


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(content, dict)
    return content


def _keys(kit: Kit) -> dict[str, Any]:
    return body_of(kit.get(f"{BASE}/{ARTICLE_TENANT_ID}/discovery/v2.0/keys"))


def test_the_access_token_for_databricks_is_of_version_1() -> None:
    kit = Kit()
    body = kit.tokens(FULL)
    header, claims = _part(body["access_token"], 0), _part(body["access_token"], 1)
    assert set(header) == {"typ", "alg", "kid", "x5t"}
    assert header["alg"] == "RS256"
    assert header["kid"].startswith("practice-")
    expected = {
        "aud": DATABRICKS,
        "iss": f"https://sts.windows.net/{ARTICLE_TENANT_ID}/",
        "iat": int(NOON) - 300,
        "nbf": int(NOON) - 300,
        "exp": int(NOON) + body["expires_in"] + 1,
        "acr": "1",
        "amr": ["pwd"],
        "appid": ARTICLE_CLIENT_ID,
        "appidacr": "0",
        "name": "Alice Practice",
        "scp": "user_impersonation",
        "tid": ARTICLE_TENANT_ID,
        "unique_name": ALICE,
        "upn": ALICE,
        "ver": "1.0",
    }
    assert {name: claims[name] for name in expected} == expected
    assert len(claims["sub"]) == 43
    assert len(claims["uti"]) == 22


def test_the_id_token_is_of_version_2_and_speaks_to_the_app() -> None:
    body = Kit().tokens(FULL)
    claims = _part(body["id_token"], 1)
    expected = {
        "aud": ARTICLE_CLIENT_ID,
        "iss": f"{BASE}/{ARTICLE_TENANT_ID}/v2.0",
        "iat": int(NOON) - 300,
        "nbf": int(NOON) - 300,
        "exp": int(NOON) + 3600,
        "nonce": "n-0S6_WzA2Mj",
        "preferred_username": ALICE,
        "name": "Alice Practice",
        "email": ALICE,
        "tid": ARTICLE_TENANT_ID,
        "ver": "2.0",
    }
    assert {name: claims[name] for name in expected} == expected
    assert claims["oid"] == _part(body["access_token"], 1)["oid"]
    assert set(_part(body["id_token"], 0)) == {"typ", "alg", "kid"}


def test_profile_and_email_decide_what_the_id_token_tells() -> None:
    claims = _part(Kit().tokens({"scope": f"{SCOPE} openid"})["id_token"], 1)
    assert {"name", "preferred_username", "oid", "email", "nonce"}.isdisjoint(claims)
    assert {"sub", "tid", "aud"} < set(claims)


def test_sub_is_stable_and_differs_from_audience_to_audience_and_person_to_person() -> None:
    first, again, bob = Kit().tokens(FULL), Kit().tokens(FULL), Kit(user=BOB).tokens(FULL)
    assert _part(first["id_token"], 1)["sub"] == _part(again["id_token"], 1)["sub"]
    subs = {
        _part(body[name], 1)["sub"]
        for body in (first, bob)
        for name in ("id_token", "access_token")
    }
    assert len(subs) == 4


def test_uti_is_the_request_id_in_dotnets_byte_order() -> None:
    kit = Kit()
    response = kit.redeem(kit.code())
    uti = _part(body_of(response)["access_token"], 1)["uti"]
    trace = uuid.UUID(bytes_le=base64.urlsafe_b64decode(uti + "=="))
    assert str(trace) == response.header("x-ms-request-id")


def test_a_secret_shows_in_the_token() -> None:
    kit = Kit()
    at = {"client_id": WEB, "redirect_uri": "http://localhost/web"}
    response = kit.redeem(kit.code(at), {**at, "client_secret": "practice-secret"})
    assert _part(body_of(response)["access_token"], 1)["appidacr"] == "1"


@pytest.mark.parametrize(
    ("scope", "audience", "echo", "permissions"),
    [
        ("User.Read", GRAPH, "User.Read", "User.Read"),
        ("openid profile", GRAPH, "openid profile", "openid profile"),
        (
            "https://graph.microsoft.com/User.Read",
            "https://graph.microsoft.com",
            "https://graph.microsoft.com/User.Read",
            "User.Read",
        ),
        (
            "https://management.azure.com/.default",
            "https://management.azure.com",
            "https://management.azure.com/user_impersonation https://management.azure.com/.default",
            "user_impersonation",
        ),
        (
            "https://management.azure.com//.default",
            "https://management.azure.com/",
            "https://management.azure.com//user_impersonation "
            "https://management.azure.com//.default",
            "user_impersonation",
        ),
        (
            f"{DATABRICKS.upper()}/.default",
            DATABRICKS,
            f"{DATABRICKS.upper()}/user_impersonation {DATABRICKS.upper()}/.default",
            "user_impersonation",
        ),
        (
            f"{DATABRICKS}/user_impersonation",
            DATABRICKS,
            f"{DATABRICKS}/user_impersonation",
            "user_impersonation",
        ),
    ],
)
def test_the_scope_decides_the_audience_and_what_is_echoed(
    scope: str, audience: str, echo: str, permissions: str
) -> None:
    body = Kit().tokens({"scope": scope}, {"scope": scope})
    claims = _part(body["access_token"], 1)
    assert (claims["aud"], body["scope"], claims["scp"]) == (audience, echo, permissions)


# ---- believed by others ------------------------------------------------------------


@pytest.mark.against
@needs.python("jwt", pypi="PyJWT")
def test_pyjwt_verifies_both_tokens_with_the_published_key() -> None:
    jwt: Any = importlib.import_module("jwt")  # may be absent

    kit = Kit()
    body = kit.tokens(FULL)
    key = jwt.PyJWK(_keys(kit)["keys"][0])
    for name, audience in (("access_token", DATABRICKS), ("id_token", ARTICLE_CLIENT_ID)):
        claims = jwt.decode(
            body[name],
            key,
            algorithms=["RS256"],
            audience=audience,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        assert claims["tid"] == ARTICLE_TENANT_ID


@pytest.mark.against
def test_joserfc_verifies_both_tokens_and_finds_the_key_by_its_id() -> None:
    kit = Kit()
    body = kit.tokens(FULL)
    keys = KeySet.import_key_set(_keys(kit))  # type: ignore[arg-type]
    registry = joserfc_jwt.JWTClaimsRegistry(
        now=int(NOON),
        aud={"essential": True, "values": [DATABRICKS, ARTICLE_CLIENT_ID]},
        exp={"essential": True},
        nbf={"essential": True},
    )
    for name in ("access_token", "id_token"):
        decoded = joserfc_jwt.decode(body[name], keys, algorithms=["RS256"])
        registry.validate(decoded.claims)


@pytest.mark.against
@needs.python("jwt", pypi="PyJWT")
def test_pyjwt_refuses_a_token_with_one_changed_claim() -> None:
    jwt: Any = importlib.import_module("jwt")  # may be absent

    kit = Kit()
    head, claims, signature = kit.tokens()["access_token"].split(".")
    other = _part(f".{claims}", 1) | {"upn": BOB}
    forged = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
    key = jwt.PyJWK(_keys(kit)["keys"][0])
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{head}.{forged}.{signature}", key, algorithms=["RS256"], audience=DATABRICKS)


# ---- the key -----------------------------------------------------------------------


def test_the_published_key_is_entras_shape_and_matches_its_certificate() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    (key,) = _keys(Kit())["keys"]
    assert set(key) == {"kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer"}
    assert key["issuer"] == f"{BASE}/{{tenantid}}/v2.0"
    assert key["e"] == "AQAB"
    der = base64.b64decode(key["x5c"][0])
    thumb = hashlib.sha1(der).digest()
    assert key["x5t"] == base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()
    public = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(public, RSAPublicKey)
    n = int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="))
    assert public.public_numbers().n == n
    assert n.bit_length() == 2048


def test_the_key_of_a_seed_is_always_the_same_and_a_sound_one() -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    key = key_for(8).key()
    # Recorded once: if this changes, recordings made with a seed no longer repeat.
    assert key.kid == "practice-bsEKuARTJsA4OcVVHeBU5vFq0EI"
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    load_pem_private_key(pem, None)  # OpenSSL checks the primes again
    assert key_for(1).key().kid != key.kid


def test_tenants_without_a_seed_share_one_key_per_process() -> None:
    assert _keys(Kit()) == _keys(Kit())


def _story(seed: int) -> list[bytes]:
    kit = Kit(PracticeTenant(seed=seed, clock=lambda: NOON))
    kit.tokens(FULL)
    kit.open({"response_mode": "form_post"})
    return [b"%d %s %s" % (r.status, repr(r.headers).encode(), r.body) for _, r in kit.tenant.log]


def test_with_a_seed_and_a_clock_that_stands_still_every_byte_repeats() -> None:
    assert _story(7) == _story(7)
    assert _story(7) != _story(8)
