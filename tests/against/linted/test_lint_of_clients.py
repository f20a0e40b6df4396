"""What the linter finds on clients that others wrote.

The findings were written down, with their reasons, from each client's source and from what
it sends, and not from what the linter said. The recording is the practice tenant's own log: what
arrived there.
So the redirect to the client's listener is not in it. Where the authority's answer leads there, it
is found in that; where a page posts it, its absence is a finding of its own (HR03).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.recognise import kind_of
from kit import needs
from kit.foreign.programs import DAEMON, ISSUER, SECRET, WORKSPACE, Cloud, cloud
from kit.practice import ALICE, PASSWORD, SCOPE, authorize_url, reply

pytestmark = [pytest.mark.against, needs.posix]

Found = dict[str, str]


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


EVENTS = {
    "authorize": FrontEvent(Occurred.ASKED),
    "redirect": FrontEvent(Occurred.ACCEPTED),
    "page": FrontEvent(Occurred.PAGE),
}


def _recording(cloud: Cloud) -> Recording:
    """What the tenant saw; the pages on which the person signed in are the browser's."""
    exchanges = []
    for number, (request, response) in enumerate(cloud.tenant.log):
        kind = kind_of(request)
        exchanges.append(
            Exchange(
                event=EVENTS.get(kind or "page"),
                purpose=kind or "",
                request=request,
                response=response,
                started_at=cloud.tenant.now() + number / 20,
                ended_at=cloud.tenant.now() + number / 20 + 0.01,
            )
        )
    return Recording(tuple(exchanges))


def _found(cloud: Cloud) -> Found:
    report = lint(case_of(_recording(cloud)), today=date(2026, 11, 25))
    return {judged.rule.id: judged.severity.value for judged in report.failures()}


NOT_SEEN: Found = {"HR03": "note"}  # the redirect went to the client's own listener
LOCALHOST: Found = {"AR16": "note"}  # its redirect URI is http://localhost:PORT
IN_THE_ADDRESS: Found = {"AR18": "note"}  # no response_mode, so query; but with PKCE S256
# x-client-sku, x-client-ver, x-client-os and x-client-current-telemetry.
TELEMETRY: Found = {"TR26": "note"}

MSAL: dict[str, tuple[tuple[str, ...], Found]] = {
    # form_post, S256, a state of 22 characters (16 bytes), a hashed nonce; keys are not fetched,
    # so the signature is undecidable.
    "interactive": ((ARTICLE_CLIENT_ID,), NOT_SEEN | LOCALHOST | TELEMETRY),
    # The same, and a refresh for the same scope by the same client.
    "refresh": ((ARTICLE_CLIENT_ID,), NOT_SEEN | LOCALHOST | TELEMETRY),
    "device": ((ARTICLE_CLIENT_ID,), TELEMETRY),
    # RFC 9700 §2.4 forbids the grant.
    "password": ((ARTICLE_CLIENT_ID, ALICE, PASSWORD), TELEMETRY | {"TR16": "error"}),
    # The secret is in the body, as Entra documents it.
    "secret": ((DAEMON, SECRET), TELEMETRY | {"TR14": "note"}),
}


@needs.python("msal", group="interop")
@pytest.mark.parametrize("way", MSAL)
def test_msal(way: str, clouds: Cloud) -> None:
    (client, *rest), expected = MSAL[way]
    clouds.python("use_msal.py", way, client, ARTICLE_TENANT_ID, *rest).answer()
    assert _found(clouds) == expected


@needs.python("azure.identity", pypi="azure-identity", group="interop")
def test_azure_identity(clouds: Cloud) -> None:
    clouds.python("use_azure_identity.py", "browser", ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID).answer()
    # It is msal beneath, and asks for form_post as well.
    expected = NOT_SEEN | LOCALHOST | TELEMETRY
    assert _found(clouds) == expected


def test_authlib(clouds: Cloud) -> None:
    clouds.python("use_authlib.py", ISSUER, ARTICLE_CLIENT_ID, SCOPE).answer()
    # A state of 30 letters and digits, S256, a nonce, the ID token's keys fetched.
    assert _found(clouds) == LOCALHOST | IN_THE_ADDRESS


@needs.python("requests_oauth2client", group="interop")
def test_requests_oauth2client(clouds: Cloud) -> None:
    clouds.python("use_requests_oauth2client.py", ISSUER, ARTICLE_CLIENT_ID, SCOPE).answer()
    # Discovery, S256, state and nonce of 32 bytes: all by itself.
    assert _found(clouds) == LOCALHOST | IN_THE_ADDRESS


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
def test_databricks_sdk(clouds: Cloud) -> None:
    clouds.python("use_databricks.py", "external-browser", WORKSPACE, ARTICLE_CLIENT_ID).answer()
    # S256 and a state of 16 bytes; the token goes to the workspace only.
    assert _found(clouds) == LOCALHOST | IN_THE_ADDRESS


@needs.curl
def test_curl_as_the_article_has_it(clouds: Cloud) -> None:
    def send(request: HttpRequest) -> HttpResponse:
        if "login.microsoftonline.com" in request.url:
            return clouds.tenant.handle(request)
        return HttpResponse(status=200)

    page = PracticeBrowser(send, ALICE, PASSWORD).open(authorize_url())
    fields = {
        "client_id": ARTICLE_CLIENT_ID,
        "scope": SCOPE.replace("/", "%2F"),
        "code": reply(page)["code"],
        "redirect_uri": "http%3A%2F%2Flocalhost",
        "grant_type": "authorization_code",
        "state": "12345",
    }
    address = f"https://login.microsoftonline.com/{ARTICLE_TENANT_ID}/oauth2/v2.0/token"
    command = ["curl", "-sS", "--fail", "-X", "POST", address]
    command += ["-H", "Content-Type: application/x-www-form-urlencoded"]
    command += [word for name, value in fields.items() for word in ("-d", f"{name}={value}")]
    done = subprocess.run(command, env=clouds.environ, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    # No PKCE, a state of five digits, the code in the address, the state sent on.
    expected = {"AR04": "error", "AR08": "error", "AR18": "warning", "TR18": "note"}
    assert _found(clouds) == LOCALHOST | expected
