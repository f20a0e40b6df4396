"""The tenant in a `with` block: variables, its browser, and clients that are not ours."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.practice import ALICE, BASE, CAROL, SCOPE, authorize_url

REAL = "https://login.microsoftonline.com"


def test_the_browser_signs_in_and_ends_where_the_app_listens() -> None:
    came: list[HttpRequest] = []

    def listen(request: HttpRequest) -> HttpResponse:
        came.append(request)
        return HttpResponse(status=200, body=b"done")

    with PracticeTenant() as tenant, LoopbackHost(listen) as app:
        there = {"redirect_uri": f"http://localhost:{app.port}/"}
        page = tenant.sign_in(authorize_url(there).replace(REAL, tenant.base_url))
        assert page.text == "done"
        posted = authorize_url({**there, "response_mode": "form_post"})
        tenant.sign_in(posted, "bob@contoso-practice.example")
    assert parse_qs(came[0].query)["state"] == ["12345"]
    assert came[1].body.startswith(b"code=")


def test_where_nobody_listens_the_address_bar_is_what_counts() -> None:
    with PracticeTenant() as tenant:
        nowhere = authorize_url({"redirect_uri": "http://localhost:1/"})
        page = tenant.sign_in(nowhere, "carol")
        assert page.status == 502
        assert urlsplit(page.url).netloc == "localhost:1"
        assert "code=" in page.url
        away = authorize_url({"redirect_uri": f"{REAL}/common/oauth2/nativeclient", "state": "x"})
        assert tenant.sign_in(away).status == 404
        assert tenant.sign_in("https://elsewhere.example/").status == 502


def test_everybody_is_found_by_the_short_name_and_nobody_by_a_wrong_one() -> None:
    tenant = PracticeTenant()
    assert tenant.person("Alice").name == ALICE
    assert tenant.person(CAROL).mfa
    with pytest.raises(UsageError, match="nobody called"):
        tenant.person("nobody")
    with pytest.raises(UsageError, match="not being served"):
        tenant.sign_in(BASE)
    with pytest.raises(UsageError, match="not being served"):
        tenant.env()


def test_the_variables_lead_here() -> None:
    with PracticeTenant() as tenant:
        env = tenant.env()
        assert env["REQUESTS_CA_BUNDLE"] == env["SSL_CERT_FILE"] == tenant.ca
        assert env["AZURE_AUTHORITY_HOST"] == env["DATABRICKS_HOST"] == tenant.base_url
        assert env["AZURE_TENANT_ID"] == ARTICLE_TENANT_ID
        assert all(env.values())


# ---- clients that were not written here ------------------------------------------------------


def _curl(tenant: PracticeTenant, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    pairs = [item for n, v in form.items() for item in ("--data-urlencode", f"{n}={v}")]
    result = subprocess.run(
        [
            needs.CURL or "curl",
            "-q",
            "-sS",
            "--noproxy",
            "*",
            "--cacert",
            tenant.ca,
            "-w",
            "\n%{http_code}",
            f"{tenant.authority}/oauth2/v2.0/{path}",
            *pairs,
        ],
        capture_output=True,
        check=True,
        timeout=30,
    )
    body, _, status = result.stdout.rpartition(b"\n")
    content = json.loads(body)
    assert isinstance(content, dict)
    return int(status), content


@pytest.mark.against
@needs.curl
def test_curl_runs_the_device_flow_by_hand() -> None:
    with PracticeTenant() as tenant:
        _, shown = _curl(tenant, "devicecode", {"client_id": ARTICLE_CLIENT_ID, "scope": SCOPE})
        poll = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": ARTICLE_CLIENT_ID,
            "device_code": shown["device_code"],
        }
        status, pending = _curl(tenant, "token", poll)
        assert (status, pending["error"]) == (400, "authorization_pending")
        assert shown["verification_uri"] == f"{tenant.base_url}/devicelogin"
        assert "You are signed in" in tenant.enter_code(shown["user_code"], "carol").text
        status, tokens = _curl(tenant, "token", poll)
        assert (status, tokens["token_type"]) == (200, "Bearer")
        _, other = _curl(tenant, "devicecode", {"client_id": ARTICLE_CLIENT_ID, "scope": SCOPE})
        tenant.advance(901)
        status, late = _curl(tenant, "token", {**poll, "device_code": other["device_code"]})
        assert (status, late["error"]) == (400, "expired_token")


@pytest.mark.against
@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_authlib_gets_tokens_by_code_refresh_and_for_an_app(method: str) -> None:
    from authlib.integrations.requests_client import OAuth2Session

    from kit.practice import DAEMON, SECRET, WEB

    with PracticeTenant() as tenant:
        session = OAuth2Session(
            WEB,
            SECRET,
            token_endpoint_auth_method=method,
            scope=f"{SCOPE} openid profile offline_access",
            redirect_uri="http://localhost:1/web",
            code_challenge_method="S256",
        )
        session.verify = tenant.ca
        session.trust_env = False
        verifier = "v" * 50
        url, state = session.create_authorization_url(
            f"{tenant.authority}/oauth2/v2.0/authorize", code_verifier=verifier
        )
        # An app's server never sees the empty fragment; authlib would take it for an answer.
        answer = tenant.sign_in(url).url.partition("#")[0]
        endpoint = f"{tenant.authority}/oauth2/v2.0/token"
        token = session.fetch_token(
            endpoint, authorization_response=answer, state=state, code_verifier=verifier
        )
        fresh = session.refresh_token(endpoint, token["refresh_token"])
        assert fresh["access_token"] != token["access_token"]
        clusters = session.get(f"{tenant.base_url}/api/2.1/clusters/list").json()
        assert len(clusters["clusters"]) == 2
        daemon = OAuth2Session(DAEMON, SECRET, token_endpoint_auth_method=method, scope=SCOPE)
        daemon.verify = tenant.ca
        daemon.trust_env = False
        own = daemon.fetch_token(endpoint, grant_type="client_credentials")
        assert own["expires_in"] == 3599
        wrong = OAuth2Session(DAEMON, "x", token_endpoint_auth_method=method, scope=SCOPE)
        wrong.verify = tenant.ca
        wrong.trust_env = False
        with pytest.raises(Exception, match="invalid_client"):
            wrong.fetch_token(endpoint, grant_type="client_credentials")
        session.close()
        daemon.close()
        wrong.close()


@pytest.mark.against
def test_authlib_uses_the_password_grant_and_hears_what_is_wrong() -> None:
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.requests_client import OAuth2Session

    with PracticeTenant() as tenant:
        session = OAuth2Session(ARTICLE_CLIENT_ID, token_endpoint_auth_method="none", scope=SCOPE)
        session.verify = tenant.ca
        session.trust_env = False
        endpoint = f"{tenant.authority}/oauth2/v2.0/token"
        with pytest.raises(OAuthError, match="AADSTS65001"):
            session.fetch_token(endpoint, username=ALICE, password="practice")
        tenant.sign_in(authorize_url({"redirect_uri": "http://localhost:1/"}))
        token = session.fetch_token(endpoint, username=ALICE, password="practice")
        assert token["token_type"] == "Bearer"
        with pytest.raises(OAuthError, match="AADSTS50076"):
            session.fetch_token(endpoint, username=CAROL, password="practice")
        session.close()
