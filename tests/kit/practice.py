"""Talking to a practice tenant in the tests, without a socket and without the client."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from entra_oauth.practice.browser.user_agent import BrowserPage, PracticeBrowser
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse

BASE = "https://login.microsoftonline.com"
ALICE = "alice@contoso-practice.example"
BOB = "bob@contoso-practice.example"
CAROL = "carol@contoso-practice.example"
TRENT = "trent@contoso-practice.example"
PASSWORD = "practice"
WEB = "5eb00000-0000-4000-8000-000000000002"
SPA = "5ba00000-0000-4000-8000-000000000003"
SINGLE = "51f61e00-0000-4000-8000-000000000004"
DAEMON = "da3e0000-0000-4000-8000-000000000005"
MIDDLE = "3dd1e000-0000-4000-8000-000000000006"
FAMILY = "fa311700-0000-4000-8000-000000000007"
SIBLING = "fa311700-0000-4000-8000-000000000008"
SECRET = "practice-secret"
SCOPE = f"{DATABRICKS}/.default"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
NOON = 1_767_268_800.0  # 2026-01-01 12:00:00Z

Changes = Mapping[str, str | None]
"""Values to set; None leaves the parameter out."""


def changed(base: dict[str, str], changes: Changes) -> str:
    fields = {**base, **changes}
    return urlencode({name: value for name, value in fields.items() if value is not None})


def authorize_url(changes: Changes | None = None, *, tenant: str = ARTICLE_TENANT_ID) -> str:
    """The article's URL, with changes."""
    query = {
        "client_id": ARTICLE_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": "http://localhost",
        "response_mode": "query",
        "scope": SCOPE,
        "state": "12345",
    }
    return f"{BASE}/{tenant}/oauth2/v2.0/authorize?{changed(query, changes or {})}"


@dataclass
class Kit:
    """One tenant with a clock that stands still, and one browser."""

    tenant: PracticeTenant = field(default_factory=lambda: PracticeTenant(clock=lambda: NOON))
    user: str = ALICE
    password: str = PASSWORD
    consents: bool = True
    cancels: bool = False
    approves: bool = True
    received: list[HttpRequest] = field(default_factory=list)
    """The requests that reached the redirect URI."""

    def __post_init__(self) -> None:
        self.browser = PracticeBrowser(
            self._send,
            self.user,
            self.password,
            consents=self.consents,
            cancels=self.cancels,
            approves=self.approves,
        )

    def _send(self, request: HttpRequest) -> HttpResponse:
        if request.url.startswith(f"{BASE}/"):
            return self.tenant.handle(request)
        self.received.append(request)
        return HttpResponse(status=200, body=b"<h1>the app</h1>")

    def get(self, url: str, *headers: tuple[str, str]) -> HttpResponse:
        return self.tenant.handle(HttpRequest(method="GET", url=url, headers=headers))

    def post(self, url: str, form: str, *headers: tuple[str, str]) -> HttpResponse:
        return self.tenant.handle(
            HttpRequest(
                method="POST",
                url=url,
                headers=(("Content-Type", FORM), *headers),
                body=form.encode(),
            )
        )

    def ask(
        self,
        form: Changes,
        *headers: tuple[str, str],
        tenant: str = ARTICLE_TENANT_ID,
        version: int = 2,
    ) -> HttpResponse:
        """Any token request, at the endpoint of either version."""
        path = "oauth2/v2.0/token" if version == 2 else "oauth2/token"
        return self.post(f"{BASE}/{tenant}/{path}", changed({}, form), *headers)

    def as_user(self, user: str, *, user_code: str = "") -> PracticeBrowser:
        """A browser of its own for somebody."""
        return PracticeBrowser(
            self._send,
            user,
            self.password,
            consents=self.consents,
            cancels=self.cancels,
            approves=self.approves,
            user_code=user_code,
        )

    def open(
        self, changes: Changes | None = None, *, tenant: str = ARTICLE_TENANT_ID
    ) -> BrowserPage:
        return self.browser.open(authorize_url(changes, tenant=tenant))

    def code(self, changes: Changes | None = None, *, tenant: str = ARTICLE_TENANT_ID) -> str:
        return reply(self.open(changes, tenant=tenant))["code"]

    def redeem(
        self,
        code: str,
        changes: Changes | None = None,
        *headers: tuple[str, str],
        tenant: str = ARTICLE_TENANT_ID,
    ) -> HttpResponse:
        """The article's token request, with changes."""
        body = {
            "client_id": ARTICLE_CLIENT_ID,
            "scope": SCOPE,
            "code": code,
            "redirect_uri": "http://localhost",
            "grant_type": "authorization_code",
            "state": "12345",
        }
        url = f"{BASE}/{tenant}/oauth2/v2.0/token"
        return self.post(url, changed(body, changes or {}), *headers)

    def tokens(
        self, changes: Changes | None = None, redeem: Changes | None = None
    ) -> dict[str, Any]:
        """A whole sign-in: what the token endpoint answered."""
        response = self.redeem(self.code(changes), redeem)
        assert response.status == 200, response.body
        return body_of(response)


def consented() -> PracticeTenant:
    """A tenant in which an administrator has agreed to everything."""
    return PracticeTenant(directory=DEFAULT.with_admin_consent(), clock=lambda: NOON)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token; nobody's signature is checked."""
    return _part(token, 1)


def header_of(token: str) -> dict[str, Any]:
    return _part(token, 0)


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert isinstance(content, dict)
    return content


def body_of(response: HttpResponse) -> dict[str, Any]:
    """The JSON object of an answer."""
    content = json.loads(response.body)
    assert isinstance(content, dict)
    return content


def reply(page: BrowserPage) -> dict[str, str]:
    """The fields that came to the redirect URI in the address; each stands once."""
    parts = urlsplit(page.url)
    query = parse_qs(parts.query or parts.fragment, keep_blank_values=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def refused(response: HttpResponse) -> tuple[int, str, int]:
    """Status, `error` and AADSTS number of a refusal at the token endpoint."""
    body = body_of(response)
    assert "access_token" not in body
    (number,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    return response.status, body["error"], number
