"""Clients that were not written here sign in unmodified: msal, curl, Chromium."""

from __future__ import annotations

import importlib
import json
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.practice import ALICE, PASSWORD, SCOPE, authorize_url

pytestmark = pytest.mark.against


@needs.python("msal")
@pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended:UserWarning")
@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("tenant_name", [ARTICLE_TENANT_ID, "organizations"])
def test_msal_signs_in_and_refreshes(mode: str, tenant_name: str) -> None:
    msal: Any = importlib.import_module("msal")  # has no types

    with PracticeTenant() as tenant:
        app = msal.PublicClientApplication(
            ARTICLE_CLIENT_ID,
            authority=f"{tenant.base_url}/{tenant_name}",
            instance_discovery=False,
            verify=tenant.ca,
        )
        flow = app.initiate_auth_code_flow(
            [SCOPE], redirect_uri="http://localhost:8400", response_mode=mode
        )
        answer = _answer_of(flow["auth_uri"], tenant.ca)
        result = app.acquire_token_by_auth_code_flow(flow, answer)
        assert result.get("token_type") == "Bearer", result
        assert result["id_token_claims"]["preferred_username"] == ALICE
        (account,) = app.get_accounts()
        assert account["username"] == ALICE
        before = len(tenant.log)
        cached = app.acquire_token_silent([SCOPE], account)
        assert cached is not None
        assert cached["access_token"] == result["access_token"]
        assert len(tenant.log) == before
        fresh = app.acquire_token_silent([SCOPE], account, force_refresh=True)
        assert fresh is not None
        assert fresh["access_token"] != result["access_token"]
        assert "error" in app.acquire_token_by_auth_code_flow(flow, answer)


def _answer_of(url: str, ca: str) -> dict[str, str]:
    """The address of the redirect, with nobody listening there."""
    came: list[HttpRequest] = []

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith("http://localhost:8400"):
            came.append(request)
            return HttpResponse(status=200)
        return http_send(request, ca_file=ca)

    PracticeBrowser(send, ALICE, PASSWORD).open(url)
    text = came[0].body.decode() or urlsplit(came[0].url).query
    return {name: values[0] for name, values in parse_qs(text).items()}


@needs.curl
def test_curl_runs_the_two_steps_of_the_article() -> None:
    with PracticeTenant() as tenant:
        page = PracticeBrowser(_Send(tenant.ca), ALICE, PASSWORD).open(
            authorize_url().replace("https://login.microsoftonline.com", tenant.base_url)
        )
        code = parse_qs(urlsplit(page.url).query)["code"][0]
        form = (
            f"client_id={ARTICLE_CLIENT_ID}&scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"
            f"&code={code}&redirect_uri=http%3A%2F%2Flocalhost&grant_type=authorization_code"
            "&state=12345"
        )
        token = _curl(
            tenant,
            "-X",
            "POST",
            "-H",
            "Content-Type: application/x-www-form-urlencoded",
            f"{tenant.authority}/oauth2/v2.0/token",
            "-d",
            form,
        )
        assert list(token) == [
            "token_type",
            "scope",
            "expires_in",
            "ext_expires_in",
            "access_token",
        ]
        clusters = _curl(
            tenant,
            "-H",
            f"Authorization: Bearer {token['access_token']}",
            f"{tenant.base_url}/api/2.0/clusters/list",
        )
    assert len(clusters["clusters"]) == 2  # type: ignore[arg-type]


class _Send:
    """Carries what goes to the tenant; the redirect to `http://localhost` goes nowhere."""

    def __init__(self, ca: str) -> None:
        self._ca = ca

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.url.startswith("http://localhost/"):
            return HttpResponse(status=200)
        return http_send(request, ca_file=self._ca)


def _curl(tenant: PracticeTenant, *arguments: str) -> dict[str, object]:
    result = subprocess.run(
        [needs.CURL or "curl", "-q", "-sS", "--noproxy", "*", "--cacert", tenant.ca, *arguments],
        capture_output=True,
        check=True,
        timeout=30,
    )
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


@needs.chromium
def test_chromium_sends_the_form_post_page_by_itself(tmp_path: Path) -> None:
    came: list[HttpRequest] = []
    arrived = threading.Event()

    def listen(request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            came.append(request)
            arrived.set()
        return HttpResponse(status=200, body=b"<title>the app</title>")

    with serve(PracticeTenant(), tls=False) as hosted, LoopbackHost(listen) as listener:
        url = authorize_url(
            {
                "response_mode": "form_post",
                "prompt": "none",
                "redirect_uri": f"http://localhost:{listener.port}/",
                "state": 'a b+c/é"<&amp;',
            }
        ).replace("https://login.microsoftonline.com", hosted.base_url)
        result = subprocess.run(
            [
                needs.CHROMIUM or "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--virtual-time-budget=5000",
                "--dump-dom",
                url,
            ],
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert arrived.wait(10), result.stderr.decode(errors="replace")[-2000:]
    fields = parse_qs(came[0].body.decode())
    assert fields["error"] == ["login_required"]
    assert fields["state"] == ['a b+c/é"<&amp;']
    assert b"the app" in result.stdout
