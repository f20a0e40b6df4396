"""The pages that people see, as a real Chromium lays them out and axe-core judges them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from entra_oauth.channels.base import Outcome
from entra_oauth.channels.listener import landing_pages
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.foreign.chromium import Page
from kit.foreign.looks import axe_complaints, fits
from kit.foreign.person import sign_in, type_in

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]

LONG = "a-name-without-a-blank." * 12

# ---- the listener's pages ----------------------------------------------------------

_SUCCESS = Outcome(
    succeeded=True,
    headline="Signed in as alice@contoso-practice.example",
    detail="The token has arrived in the program that asked for it.",
    advice="You can close this window.",
)
_FAILURE = Outcome(
    succeeded=False,
    headline="Not signed in",
    detail="The authority refused the code (invalid_grant): AADSTS70008: It has expired.\n" + LONG,
    advice="Start the sign-in again.",
    reference="Correlation ID: 0f4e0c5a-3c0e-4a30-8a3f-6a1c3b7a9f10, Time: 2026-11-25 07:32:08Z",
)

LISTENER: dict[str, Callable[[], HttpResponse]] = {
    "success": lambda: landing_pages.done(_SUCCESS),
    "failure": lambda: landing_pages.done(_FAILURE),
    "stopped": lambda: landing_pages.page("stopped"),
    "still-waiting": lambda: landing_pages.page("still waiting"),
    "already-answered": lambda: landing_pages.page("already answered"),
    "not-found": lambda: landing_pages.page("not found"),
    "wrong-method": lambda: landing_pages.page("wrong method", (("Allow", "POST"),)),
    "wrong-kind": lambda: landing_pages.page("wrong kind"),
}


@pytest.fixture
def listener() -> Iterator[str]:
    """Where the listener's pages are served, each under its name."""

    def handle(request: HttpRequest) -> HttpResponse:
        return LISTENER[request.path.strip("/")]()

    with LoopbackHost(handle) as host:
        yield f"http://localhost:{host.port}"


# ---- the practice tenant's pages ---------------------------------------------------


def _authorize(hosted: Hosted, **changes: str) -> str:
    query = {
        "client_id": ARTICLE_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": "http://localhost:9",
        "response_mode": "query",
        "scope": f"{DATABRICKS}/.default openid offline_access",
        "state": "s" * 200,
    }
    return f"{hosted.authority_url()}/oauth2/v2.0/authorize?{urlencode({**query, **changes})}"


def _sign_in_page(page: Page, hosted: Hosted) -> None:
    page.open(_authorize(hosted))


def _wrong_password(page: Page, hosted: Hosted) -> None:
    _sign_in_page(page, hosted)
    type_in(page, "wrong")
    page.enter()
    page.wait_for("!!document.querySelector('[role=alert]')")


def _consent(page: Page, hosted: Hosted) -> None:
    sign_in(page, _authorize(hosted))


def _pick_an_account(page: Page, hosted: Hosted) -> None:
    _consent(page, hosted)
    page.open(_authorize(hosted, prompt="select_account"))


def _error(page: Page, hosted: Hosted) -> None:
    page.open(_authorize(hosted, redirect_uri=f"https://app.example/{'path' * 50}"))


def _back_to_the_app(page: Page, hosted: Hosted) -> None:
    page.call("Emulation.setScriptExecutionDisabled", {"value": True})
    page.open(_authorize(hosted, response_mode="form_post", prompt="none"))
    page.wait_for_heading("Back to the app")
    page.call("Emulation.setScriptExecutionDisabled", {"value": False})


def _somebody(page: Page, url: str, name: str) -> None:
    page.open(url)
    type_in(page, name=f"{name}@contoso-practice.example")
    page.press("button[value=signin]")


def _second_step(page: Page, hosted: Hosted) -> None:
    _somebody(page, _authorize(hosted), "carol")


def _second_step_denied(page: Page, hosted: Hosted) -> None:
    _second_step(page, hosted)
    page.press("button[value=deny]")
    page.wait_for("!!document.querySelector('[role=alert]')")


def _admin_needed(page: Page, hosted: Hosted) -> None:
    _somebody(page, _authorize(hosted, scope="Directory.Read.All"), "alice")


def _for_everybody(page: Page, hosted: Hosted) -> None:
    query = urlencode({"client_id": ARTICLE_CLIENT_ID, "redirect_uri": "http://localhost:9"})
    _somebody(page, f"{hosted.authority_url()}/adminconsent?{query}", "trent")


def _wrong_code(page: Page, hosted: Hosted) -> None:
    page.open(f"{hosted.base_url}/devicelogin")
    page.type("#otc", "WRONGCODE")
    page.enter()
    page.wait_for("!!document.querySelector('[role=alert]')")


def _confirm(page: Page, hosted: Hosted) -> None:
    form = {"client_id": ARTICLE_CLIENT_ID, "scope": f"{DATABRICKS}/.default"}
    request = HttpRequest(
        method="POST",
        url=f"{hosted.authority_url()}/oauth2/v2.0/devicecode",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=urlencode(form).encode(),
    )
    shown = json.loads(http_send(request).body)
    page.open(shown["verification_uri"])
    page.type("#otc", shown["user_code"])
    page.press("button[value=next]")
    type_in(page)
    page.press("button[value=signin]")


def _device_declined(page: Page, hosted: Hosted) -> None:
    _confirm(page, hosted)
    page.press("button[value=cancel]:not([formnovalidate])")


def _device_done(page: Page, hosted: Hosted) -> None:
    _confirm(page, hosted)
    page.press("button[value=continue]")
    page.press("button[value=accept]")


def _path(path: str) -> Callable[[Page, Hosted], None]:
    return lambda page, hosted: page.open(f"{hosted.base_url}{path}")


PRACTICE: dict[str, tuple[str, Callable[[Page, Hosted], None]]] = {
    "sign-in": ("Sign in", _sign_in_page),
    "wrong-password": ("Sign in", _wrong_password),
    "consent": ("Permissions requested", _consent),
    "pick-an-account": ("Pick an account", _pick_an_account),
    "back-to-the-app": ("Back to the app", _back_to_the_app),
    "error": ("This sign-in cannot go on", _error),
    "second-step": ("Approve the sign-in request", _second_step),
    "second-step-denied": ("Approve the sign-in request", _second_step_denied),
    "admin-needed": ("Need admin approval", _admin_needed),
    "for-everybody": ("Permissions requested", _for_everybody),
    "enter-code": ("Enter code", _path("/devicelogin")),
    "wrong-code": ("Enter code", _wrong_code),
    "confirm": ("Are you trying to sign in to Practice native app?", _confirm),
    "device-declined": ("Nothing was granted", _device_declined),
    "device-done": ("You are signed in", _device_done),
    "start": ("A practice tenant", _path("/")),
    "fidelity": ("How real is it?", _path("/fidelity")),
    "not-there": ("Nothing here", _path("/nothing")),
    "signed-out": ("You are signed out", _path(f"/{ARTICLE_TENANT_ID}/oauth2/v2.0/logout")),
}

# ---- what is looked at -------------------------------------------------------------


@pytest.mark.parametrize("name", LISTENER)
def test_a_page_of_the_listener_fits_and_follows_the_colours(
    name: str, page: Page, listener: str
) -> None:
    page.open(f"{listener}/{name}")
    fits(page)


@pytest.mark.parametrize("name", PRACTICE)
def test_a_page_of_the_practice_tenant_fits_and_follows_the_colours(
    name: str, page: Page, hosted: Hosted
) -> None:
    heading, go = PRACTICE[name]
    go(page, hosted)
    page.wait_for_heading(heading)
    fits(page)


@needs.node_package("axe-core")
@pytest.mark.parametrize("name", LISTENER)
def test_axe_finds_nothing_on_a_page_of_the_listener(name: str, page: Page, listener: str) -> None:
    page.open(f"{listener}/{name}")
    assert axe_complaints(page) == []


@needs.node_package("axe-core")
@pytest.mark.parametrize("name", PRACTICE)
def test_axe_finds_nothing_on_a_page_of_the_practice_tenant(
    name: str, page: Page, hosted: Hosted
) -> None:
    heading, go = PRACTICE[name]
    go(page, hosted)
    page.wait_for_heading(heading)
    assert axe_complaints(page) == []


@needs.node_package("axe-core")
def test_axe_finds_what_is_wrong(page: Page) -> None:
    """A control: pale words and a field without a name, in one of the two schemes only."""
    source = (
        "<style>body{background:#fff}h1{color:#888}p{color:#999}"
        "@media (prefers-color-scheme:dark){body{background:#111}}</style>"
        "<html lang=en><title>T</title><main><h1>Hello</h1><p>Pale</p><input></main>"
    )
    page.evaluate(f"document.write({json.dumps(source)})")
    found = axe_complaints(page)
    assert {each.partition(":")[0] for each in found if "label" in each} == {
        "320 light",
        "320 dark",
        "1280 light",
        "1280 dark",
    }
    assert {each.partition(":")[0] for each in found if "color-contrast" in each} == {
        "320 light",
        "1280 light",
    }
