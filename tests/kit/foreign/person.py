"""Alice, in front of a real browser, and what she must never leave behind."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from entra_oauth.practice import PracticeTenant
from entra_oauth.protocol.messages import parse_form
from kit.foreign.chromium import Page

__all__ = [
    "ALICE",
    "codes_of",
    "origin_of",
    "sign_in",
    "sign_in_and_consent",
    "state_of",
    "type_in",
]

ALICE = "alice@contoso-practice.example"
PASSWORD = "practice"


def type_in(page: Page, password: str = PASSWORD, *, name: str = ALICE) -> None:
    """User name and password, without pressing anything."""
    page.type("#login", name)
    page.type("#passwd", password)


def sign_in(page: Page, url: str) -> None:
    """As far as the consent page."""
    page.open(url)
    type_in(page)
    page.press("button[value=signin]")
    page.wait_for_heading("Permissions requested")


def sign_in_and_consent(page: Page, url: str) -> None:
    """All that there is to do."""
    sign_in(page, url)
    page.press("button[value=accept]")


def state_of(url: str) -> str:
    """The state of an authorize URL."""
    (state,) = parse_qs(urlsplit(url).query)["state"]
    return state


def origin_of(url: str) -> str:
    """Scheme, host and port of the redirect URI in an authorize URL."""
    (uri,) = parse_qs(urlsplit(url).query)["redirect_uri"]
    return uri.rstrip("/")


def codes_of(tenant: PracticeTenant) -> list[str]:
    """The codes that were handed in at its token endpoint."""
    asked = (request for request, _ in tenant.log if request.path.endswith("/token"))
    return [dict(parse_form(request.body.decode()))["code"] for request in asked]
