"""npm's @azure/msal-browser, unmodified, in a real Chromium: redirect, popup, silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from entra_oauth.channels.base import now
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.defaults import read_directory
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.practice.server.tls import Certificates
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.foreign.chromium import Chromium, Page
from kit.foreign.person import ALICE, type_in
from kit.practice import SPA

pytestmark = [
    pytest.mark.against,
    needs.chromium,
    needs.node_package("@azure/msal-browser"),
    needs.posix,
]

GRAPH = "https://graph.microsoft.com/User.Read"
HTML = Path(__file__).parents[1] / "clients" / "msal_browser.html"
BRIDGE = (
    b"<!doctype html><title>Back</title><script src=/bridge.js></script>"
    b"<script>msalRedirectBridge.broadcastResponseToMainFrame()</script>"
)


def _app(request: HttpRequest) -> HttpResponse:
    """The page, the page that its redirect URI names, and the library."""
    assert needs.NODE_MODULES
    library = needs.NODE_MODULES / "@azure" / "msal-browser" / "lib"
    files = {
        "/": ("text/html", HTML.read_bytes),
        "/spa": ("text/html", lambda: BRIDGE),
        "/msal.js": ("text/javascript", (library / "msal-browser.min.js").read_bytes),
        "/bridge.js": (
            "text/javascript",
            (library / "redirect-bridge" / "msal-redirect-bridge.min.js").read_bytes,
        ),
    }
    if request.path not in files:
        return HttpResponse(status=404)
    kind, content = files[request.path]
    return HttpResponse(status=200, headers=(("Content-Type", kind),), body=content())


SITE = """
[[apps]]
client_id = "5ba00000-0000-4000-8000-000000000003"
name = "Practice single-page app"
redirects = [
  { uri = "http://localhost/spa", platform = "spa" },
  { uri = "https://localhost/spa", platform = "spa" },
]
"""


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser that takes every certificate, in windows that a page opens too."""
    assert needs.CHROMIUM
    home = tmp_path_factory.mktemp("chromium")
    with Chromium(needs.CHROMIUM, home, "--ignore-certificate-errors") as browser:
        yield browser


@pytest.fixture
def page(trusting: Chromium) -> Iterator[Page]:
    with trusting.page() as page:
        yield page


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=read_directory(SITE, admin_consent=True))


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant) as hosted:  # over TLS: this library takes no other authority
        yield hosted


@contextmanager
def _spa(page: Page, hosted: Hosted, *, tls: bool = True) -> Iterator[Page]:
    """The app's page, ready.

    With TLS, app and tenant are one site to a browser, so that a frame has the tenant's cookies.
    """
    words = "|".join(quote(each, safe="") for each in (hosted.authority_url(), SPA, GRAPH))
    with Certificates(now()) as files, LoopbackHost(_app, tls=files.context if tls else None) as at:
        page.open(f"http{'s' if tls else ''}://localhost:{at.port}/#{words}")
        page.wait_for_heading("Ready")
        yield page


def _came(page: Page, way: str) -> dict[str, Any]:
    page.wait_for(f"document.querySelector('h1')?.innerText === 'Ready' && !!came['{way}']")
    came = page.evaluate(f"came['{way}']")
    assert isinstance(came, dict)
    return came


def _sign_in(page: Page) -> dict[str, Any]:
    page.press("#redirect")
    page.wait_for_heading("Sign in")
    type_in(page)
    page.press("button[value=signin]")
    return _came(page, "redirect")


def test_it_signs_in_by_redirect_then_by_popup_and_silently_both_ways(
    page: Page, hosted: Hosted, tenant: PracticeTenant
) -> None:
    with _spa(page, hosted):
        tokens = [_sign_in(page)]
        for way in ("silent", "popup", "sso"):
            page.press(f"#{way}")
            tokens.append(_came(page, way))
    assert [each.get("username", each) for each in tokens] == [ALICE] * 4
    assert len({each["token"] for each in tokens}) == 4
    asked = [request for request, _ in tenant.log if request.path.endswith("/authorize")]
    assert ["prompt=none" in request.query for request in asked] == [False, False, True]
    kinds = [request.body for request, _ in tenant.log if request.path.endswith("/token")]
    assert [b"grant_type=refresh_token" in body for body in kinds] == [False, True, False, False]


def test_a_refresh_token_that_is_dead_is_replaced_by_a_frame(
    page: Page, hosted: Hosted, tenant: PracticeTenant
) -> None:
    with _spa(page, hosted):
        _sign_in(page)
        tenant.revoke_sessions("alice")
        page.press("#silent")
        assert _came(page, "silent")["username"] == ALICE
    asked = [request.query for request, _ in tenant.log if request.path.endswith("/authorize")]
    assert ["prompt=none" in query for query in asked] == [False, True]


def test_a_frame_of_another_site_has_no_cookies_in_this_browser(page: Page, hosted: Hosted) -> None:
    with _spa(page, hosted, tls=False):
        _sign_in(page)
        page.press("#sso")
        assert _came(page, "sso")["error"] == "login_required"


@pytest.mark.parametrize(
    ("fault", "way", "error"),
    [
        ("redirect aadsts=50058 error=login_required match=prompt:none", "sso", "login_required"),
        ("wrong-nonce", "popup", "nonce_mismatch"),
        ("stolen-code", "popup", "invalid_grant"),
    ],
)
def test_it_gets_nothing_from_a_tenant_that_misbehaves(
    fault: str, way: str, error: str, page: Page, hosted: Hosted, tenant: PracticeTenant
) -> None:
    with _spa(page, hosted):
        _sign_in(page)
        tenant.faults.add(fault)
        page.press(f"#{way}")
        came = _came(page, way)
    assert "token" not in came
    assert came["error"] == error, came
