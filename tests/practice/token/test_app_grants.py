"""Apps that speak for themselves, and the ways in which they prove who they are."""

from __future__ import annotations

import base64
import importlib
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.client_keys import ClientCertificate
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import (
    ARTICLE_CLIENT_ID,
    ARTICLE_TENANT_ID,
    DATABRICKS,
    FederatedCredential,
)
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpResponse
from kit import needs
from kit.practice import (
    BASE,
    DAEMON,
    MIDDLE,
    NOON,
    SCOPE,
    SECRET,
    Changes,
    Kit,
    body_of,
    claims_of,
    header_of,
    refused,
)

FORM: Changes = {
    "grant_type": "client_credentials",
    "client_id": DAEMON,
    "scope": SCOPE,
    "client_secret": SECRET,
}
MANAGEMENT = "https://management.core.windows.net/"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_URL = f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"


def test_an_app_gets_a_token_for_itself_and_nothing_else() -> None:
    response = Kit().ask(FORM)
    body = body_of(response)
    assert list(body) == ["token_type", "expires_in", "ext_expires_in", "access_token"]
    assert (body["expires_in"], body["ext_expires_in"]) == (3599, 3599)
    claims = claims_of(body["access_token"])
    assert claims["aud"] == DATABRICKS
    assert claims["appid"] == DAEMON
    assert claims["appidacr"] == "1"
    assert claims["sub"] == claims["oid"]
    assert claims["exp"] - claims["iat"] == 3900
    assert {"scp", "upn", "unique_name", "name", "amr"}.isdisjoint(claims)
    assert "x5t" in header_of(body["access_token"])


def test_the_token_for_an_api_of_version_2_has_the_claims_that_were_captured() -> None:
    body = body_of(Kit().ask({**FORM, "scope": f"api://{MIDDLE}/.default"}))
    claims = claims_of(body["access_token"])
    captured = "aio aud azp azpacr exp iat iss nbf oid rh sub tid uti ver xms_ftd"
    assert " ".join(sorted(claims)) == captured
    assert claims["aud"] == MIDDLE
    assert claims["iss"] == f"{BASE}/{ARTICLE_TENANT_ID}/v2.0"
    assert set(header_of(body["access_token"])) == {"alg", "typ", "kid"}


def test_a_secret_may_come_by_the_authorization_header() -> None:
    pair = base64.b64encode(f"{DAEMON}:{SECRET}".encode()).decode()
    form: Changes = {**FORM, "client_id": None, "client_secret": None}
    assert Kit().ask(form, ("Authorization", f"Basic {pair}")).status == 200
    wrong = base64.b64encode(f"{DAEMON}:no".encode()).decode()
    response = Kit().ask(form, ("Authorization", f"Basic {wrong}"))
    assert refused(response) == (401, "invalid_client", 7000215)


def test_oidc_words_beside_the_scope_do_not_matter() -> None:
    body = body_of(Kit().ask({**FORM, "scope": f"{SCOPE} openid profile offline_access"}))
    assert {"id_token", "refresh_token", "scope"}.isdisjoint(body)


@pytest.mark.parametrize(
    ("changes", "tenant", "expected"),
    [
        ({"scope": None}, ARTICLE_TENANT_ID, (400, "invalid_request", 900144)),
        ({"client_secret": None}, ARTICLE_TENANT_ID, (401, "invalid_client", 7000218)),
        ({"client_secret": "no"}, ARTICLE_TENANT_ID, (401, "invalid_client", 7000215)),
        (
            {"client_secret": "practice-secret-of-last-year"},
            ARTICLE_TENANT_ID,
            (401, "invalid_client", 7000222),
        ),
        (
            {"scope": f"{DATABRICKS}/user_impersonation"},
            ARTICLE_TENANT_ID,
            (400, "invalid_scope", 1002012),
        ),
        ({"scope": "openid"}, ARTICLE_TENANT_ID, (400, "invalid_scope", 1002012)),
        ({"scope": "User.Read"}, ARTICLE_TENANT_ID, (400, "invalid_scope", 1002012)),
        (
            {"scope": f"{SCOPE} https://graph.microsoft.com/.default"},
            ARTICLE_TENANT_ID,
            (400, "invalid_scope", 70011),
        ),
        ({"scope": "api://nothing/.default"}, ARTICLE_TENANT_ID, (400, "invalid_resource", 500011)),
        ({"resource": "https://x.example"}, ARTICLE_TENANT_ID, (400, "invalid_target", 9010010)),
        ({"client_id": ARTICLE_CLIENT_ID}, ARTICLE_TENANT_ID, (401, "invalid_client", 7000215)),
        ({"claims": "[]"}, ARTICLE_TENANT_ID, (400, "invalid_request", 9002313)),
        ({}, "common", (400, "invalid_request", 50194)),
        ({"client_id": MIDDLE}, "common", (400, "invalid_request", 50059)),
        ({"client_id": MIDDLE}, "organizations", (400, "invalid_request", 50059)),
    ],
)
def test_an_app_is_refused(changes: Changes, tenant: str, expected: tuple[int, str, int]) -> None:
    assert refused(Kit().ask({**FORM, **changes}, tenant=tenant)) == expected


def test_a_browsers_script_may_not_ask_as_an_app() -> None:
    response = Kit().ask(FORM, ("Origin", "https://x.example"))
    assert refused(response) == (400, "invalid_request", 9002326)


# ---- certificates ----------------------------------------------------------------------


@cache
def _certificate() -> tuple[PracticeTenant, ClientCertificate]:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent(), clock=lambda: NOON)
    return tenant, tenant.certificate_of(DAEMON)


def _assertion(
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    *,
    key: str | None = None,
) -> str:
    """Signed by joserfc, which the tenant does not use."""
    from joserfc import jws
    from joserfc.jwk import RSAKey

    _, own = _certificate()
    now = int(NOON)
    body = {
        "aud": TOKEN_URL,
        "iss": DAEMON,
        "sub": DAEMON,
        "jti": "1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        **(claims or {}),
    }
    head = {"alg": "PS256", "typ": "JWT", "x5t#S256": own.sha256, **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False)
    signer = RSAKey.import_key(key or own.private_key)
    payload = json.dumps({n: v for n, v in body.items() if v is not None})
    return jws.serialize_compact(head, payload, signer, registry=registry)


def _prove(assertion: str, changes: Changes | None = None) -> HttpResponse:
    form: Changes = {
        **FORM,
        "client_secret": None,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        **(changes or {}),
    }
    return Kit(_certificate()[0]).ask(form)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"alg": "RS256"},
        {"x5t#S256": None, "x5t": "sha1", "alg": "RS256"},
        {"x5t#S256": None, "x5t": "sha1"},
        {"x5t#S256": "padded"},
        {"x5t#S256": None, "x5t": "sha1=", "alg": "RS256"},
        {"kid": "anything"},
        {"x5c": ["ignored"]},
    ],
)
def test_an_app_may_prove_itself_by_its_certificate(header: dict[str, Any]) -> None:
    own = _certificate()[1]
    words = {"sha1": own.sha1, "sha1=": f"{own.sha1}=", "padded": f"{own.sha256}="}
    filled = {
        name: words.get(value, value) if isinstance(value, str) else value
        for name, value in header.items()
    }
    response = _prove(_assertion(header=filled))
    assert response.status == 200, response.body
    assert claims_of(body_of(response)["access_token"])["appidacr"] == "2"
    assert body_of(response)["expires_in"] == 3599


@pytest.mark.parametrize(
    ("claims", "header", "number"),
    [
        ({"sub": "another"}, {}, 50048),
        ({"iss": MIDDLE, "sub": MIDDLE}, {}, 50027),
        ({"aud": "https://elsewhere.example/token"}, {}, 50027),
        ({"aud": None}, {}, 50027),
        ({"exp": int(NOON) - 301}, {}, 700024),
        ({"exp": None}, {}, 700024),
        ({"exp": "tomorrow"}, {}, 700024),
        ({"nbf": int(NOON) + 301}, {}, 700024),
        ({}, {"x5t#S256": "A" * 43}, 700027),
        ({}, {"x5t#S256": None, "x5t": "A" * 27}, 700027),
        ({}, {"x5t#S256": None, "x5t": ""}, 700027),
        ({}, {"alg": "PS512"}, 700027),
    ],
)
def test_a_certificates_assertion_is_refused(
    claims: dict[str, Any], header: dict[str, Any], number: int
) -> None:
    assert refused(_prove(_assertion(claims, header))) == (401, "invalid_client", number)


@pytest.mark.parametrize(
    "aud",
    [
        TOKEN_URL,
        f"{BASE}/{ARTICLE_TENANT_ID}/oauth2/token",
        f"{BASE}/contoso-practice.example/oauth2/v2.0/token",
        f"{BASE}/{ARTICLE_TENANT_ID}/v2.0",
    ],
)
def test_an_assertion_may_name_the_endpoint_by_any_of_its_names(aud: str) -> None:
    assert _prove(_assertion({"aud": aud})).status == 200


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("x", 50027),
        ("x.y.z", 50027),
        ("\u00e9.\u00e9.\u00e9", 50027),
        ("e30.e30.", 50027),
        ("W10.W10.AA", 50027),
        ("e30.e30.AA", 700211),
        ("." * 5000, 50027),
    ],
)
def test_what_is_no_assertion_is_refused(text: str, number: int) -> None:
    assert refused(_prove(text)) == (401, "invalid_client", number)


def test_another_key_does_not_sign_for_the_app() -> None:
    other = PracticeTenant(seed=3, clock=lambda: NOON).certificate_of(DAEMON)
    assert refused(_prove(_assertion(key=other.private_key)))[2] == 700027


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_assertion_type": None}, (400, "invalid_request", 900144)),
        ({"client_assertion_type": "password"}, (400, "invalid_request", 90023)),
    ],
)
def test_the_assertions_type_must_be_said(changes: Changes, expected: tuple[int, str, int]) -> None:
    assert refused(_prove(_assertion(), changes)) == expected


def test_a_certificate_of_the_directory_works_like_one_made_here() -> None:
    own = _certificate()[1]
    apps = tuple(
        replace(app, own_certificate=False, certificates=(own.certificate,))
        if app.client_id == DAEMON
        else app
        for app in DEFAULT.apps
    )
    tenant = PracticeTenant(directory=replace(DEFAULT, apps=apps), clock=lambda: NOON)
    form: Changes = {
        **FORM,
        "client_secret": None,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": _assertion(),
    }
    assert Kit(tenant).ask(form).status == 200
    with pytest.raises(UsageError, match="no certificate"):
        tenant.certificate_of(DAEMON)


def test_a_made_certificate_is_sound_and_stays_the_same_for_one_tenant() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    tenant, own = _certificate()
    assert tenant.certificate_of(DAEMON) == own
    assert own.private_key not in repr(own)
    certificate = x509.load_pem_x509_certificate(own.certificate.encode())
    assert base64.urlsafe_b64decode(own.sha1 + "=") == certificate.fingerprint(SHA1())
    assert base64.urlsafe_b64decode(own.sha256 + "=") == certificate.fingerprint(SHA256())
    assert bytes.fromhex(own.thumbprint) == certificate.fingerprint(SHA1())


def test_the_certificate_of_a_seed_repeats() -> None:
    first, second = (PracticeTenant(seed=5).certificate_of(DAEMON) for _ in range(2))
    assert first == second
    assert PracticeTenant().certificate_of(DAEMON) != first


@pytest.mark.parametrize("client_id", [MIDDLE, "nobody"])
def test_an_app_without_one_has_no_certificate(client_id: str) -> None:
    with pytest.raises(UsageError):
        PracticeTenant().certificate_of(client_id)
    with pytest.raises(UsageError):
        PracticeTenant().federated_token(client_id)


# ---- another issuer's word --------------------------------------------------------------


def test_an_app_may_show_another_issuers_token_and_gets_a_day() -> None:
    tenant = _certificate()[0]
    response = _prove(tenant.federated_token(DAEMON))
    body = body_of(response)
    assert body["expires_in"] == 86_399
    assert claims_of(body["access_token"])["appidacr"] == "2"


@pytest.mark.parametrize(
    ("trusted", "number"),
    [
        ({"issuer": "https://another.example"}, 700211),
        ({"subject": "repo:contoso/practice:ref:refs/heads/Main"}, 700213),
        ({"audience": "api://elsewhere"}, 700212),
    ],
)
def test_another_issuers_token_must_fit(trusted: dict[str, str], number: int) -> None:
    made = _certificate()[0].federated_token(DAEMON)
    apps = tuple(
        replace(app, federated=(replace(app.federated[0], **trusted),)) if app.federated else app
        for app in DEFAULT.apps
    )
    tenant = PracticeTenant(directory=replace(DEFAULT, apps=apps), clock=lambda: NOON)
    form: Changes = {
        **FORM,
        "client_secret": None,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": made,
    }
    assert refused(Kit(tenant).ask(form)) == (401, "invalid_client", number)


def test_another_issuers_token_dies_and_cannot_be_forged() -> None:
    tenant = _certificate()[0]
    assert refused(_prove(tenant.federated_token(DAEMON, life_s=-301)))[2] == 700024
    head, body, _ = tenant.federated_token(DAEMON).split(".")
    assert refused(_prove(f"{head}.{body}.AAAA"))[2] == 50027


def test_an_apps_own_token_may_stand_for_it_elsewhere_and_a_persons_may_not() -> None:
    """Workload identity from Entra itself."""
    issuer = f"{BASE}/{ARTICLE_TENANT_ID}/v2.0"
    kit = Kit(_certificate()[0])
    own = body_of(kit.ask({**FORM, "scope": f"api://{MIDDLE}/.default"}))["access_token"]
    scope = f"api://{MIDDLE}/access_as_user"
    persons = kit.tokens({"scope": scope}, {"scope": scope})["access_token"]
    for token, expected in ((own, 200), (persons, 401)):
        trusted = FederatedCredential(
            issuer=issuer, subject=claims_of(token)["sub"], audience=MIDDLE
        )
        apps = tuple(
            replace(app, federated=(trusted,)) if app.client_id == DAEMON else app
            for app in DEFAULT.apps
        )
        tenant = PracticeTenant(directory=replace(DEFAULT, apps=apps), clock=lambda: NOON)
        form: Changes = {
            **FORM,
            "client_secret": None,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": token,
        }
        response = Kit(tenant).ask(form)
        assert response.status == expected, response.body
        if expected == 401:
            assert refused(response)[2] == 700229


# ---- believed by others --------------------------------------------------------------------


@pytest.mark.against
@needs.python("jwt", pypi="PyJWT")
def test_pyjwt_verifies_app_tokens_and_its_assertion_is_accepted() -> None:
    jwt: Any = importlib.import_module("jwt")  # may be absent

    tenant, own = _certificate()
    now = int(NOON)
    claims = {"aud": TOKEN_URL, "iss": DAEMON, "sub": DAEMON, "nbf": now, "exp": now + 600}
    assertion = jwt.encode(
        claims, own.private_key, algorithm="PS256", headers={"x5t#S256": own.sha256}
    )
    form = {"scope": f"api://{MIDDLE}/.default"}
    body = body_of(_prove(assertion, form))
    keys = body_of(Kit(tenant).get(f"{BASE}/{ARTICLE_TENANT_ID}/discovery/v2.0/keys"))
    read = jwt.decode(
        body["access_token"],
        jwt.PyJWK(keys["keys"][0]),
        algorithms=["RS256"],
        audience=MIDDLE,
        issuer=f"{BASE}/{ARTICLE_TENANT_ID}/v2.0",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert read["azpacr"] == "2"
