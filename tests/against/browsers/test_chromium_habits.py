"""What real browsers do behind a person's back, and that it neither harms nor delays."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.foreign.chromium import Chromium, Page
from kit.foreign.command import Command, at
from kit.foreign.inside import Attempt, signing_in
from kit.foreign.person import ALICE, codes_of, origin_of, sign_in_and_consent
from kit.servers.raw_peer import connect

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]


def test_a_form_post_from_an_https_page_arrives_with_the_origin_null(
    page: Page, tenant: PracticeTenant
) -> None:
    page.trust_any_certificate()
    with (
        serve(tenant, tls=True) as hosted,
        signing_in(hosted.base_url, ca_bundle=hosted.ca_file) as attempt,
    ):
        assert attempt.url.startswith("https://")
        sign_in_and_consent(page, attempt.url)
        tokens = attempt.tokens()
    assert tokens.identity
    assert tokens.identity.username == ALICE
    assert attempt.answer.method == "POST"
    assert attempt.answer.header("Origin") == "null"
    assert attempt.answer.header("Sec-Fetch-Site") == "cross-site"
    assert attempt.answer.header("Referer") is None
    page.wait_for_heading(f"Signed in as {ALICE}")
    # Chromium notes that the tenant's cookie, which is for https, was not sent to us.
    assert [each for each in page.problems if "CookieIssue" not in each] == []


@pytest.mark.parametrize("response_mode", ["form_post", "query"])
def test_an_authority_out_on_the_internet_can_send_the_browser_to_the_listener(
    response_mode: str, tenant: PracticeTenant, tmp_path: Path
) -> None:
    """Chromium keeps pages of public addresses from asking this machine for anything.

    A redirect or a form of the page itself is let through, and has to be: that is
    how a sign-in comes back. The tenant is declared to be far away here, and so is
    a page that tries to reach the listener by script, as a control.
    """
    came: list[HttpRequest] = []

    def listening(request: HttpRequest) -> HttpResponse:
        came.append(request)
        return HttpResponse(status=204)

    elsewhere = HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"<h1>Hi")
    with ExitStack() as stack:
        hosted = stack.enter_context(serve(tenant, tls=True))
        evil = stack.enter_context(LoopbackHost(lambda request: elsewhere))
        victim = stack.enter_context(LoopbackHost(listening))
        ports = (hosted.port, evil.port)
        public = ",".join(f"127.0.0.1:{port}=public,[::1]:{port}=public" for port in ports)
        assert needs.CHROMIUM
        browser = stack.enter_context(
            Chromium(needs.CHROMIUM, tmp_path, f"--ip-address-space-overrides={public}")
        )
        page = stack.enter_context(browser.page())
        page.open(f"http://localhost:{evil.port}/")
        target = f"http://localhost:{victim.port}/?code=EVIL"
        said = page.evaluate(
            f"fetch('{target}', {{mode: 'no-cors'}}).then(() => 'in', () => 'out')"
        )
        assert (said, came) == ("out", [])

        page.trust_any_certificate()
        attempt = stack.enter_context(
            signing_in(hosted.base_url, response_mode=response_mode, ca_bundle=hosted.ca_file)
        )
        sign_in_and_consent(page, attempt.url)
        attempt.tokens()
        page.wait_for_heading(f"Signed in as {ALICE}")


@pytest.mark.parametrize(("response_mode", "kept"), [("form_post", False), ("query", True)])
def test_only_form_post_keeps_the_code_out_of_the_files_of_the_browser(
    response_mode: str, kept: bool, tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    """With `query` Chromium writes the address with the code into its history file.

    That the browser is sent on at once, and no button leads back, does not help.
    """
    assert needs.CHROMIUM
    home = tmp_path / "home"
    home.mkdir()
    with (
        Chromium(needs.CHROMIUM, home) as browser,
        Command(tmp_path, "login", "--response-mode", response_mode, *at(hosted.base_url)) as login,
    ):
        page = browser.everyday_page()
        url = login.address()
        sign_in_and_consent(page, url)
        assert login.finish().code == 0
        page.wait_for_heading(f"Signed in as {ALICE}")
    (code,) = codes_of(tenant)
    files = {
        file.name: file.read_bytes() for file in (home / "profile").rglob("*") if file.is_file()
    }
    assert [n for n, data in files.items() if origin_of(url).encode() in data], "no history at all"
    found = [name for name, data in files.items() if code[-60:].encode() in data]
    assert ("History" in found) is kept
    assert bool(found) is kept


def test_a_silent_connection_before_the_browser_costs_nothing(page: Page, hosted: Hosted) -> None:
    with signing_in(hosted.base_url) as attempt:
        sign_in_and_consent(page, attempt.url)  # from here on the tenant asks for nothing
        attempt.tokens()
    alone, beside = [], []
    for _ in range(7):
        with signing_in(hosted.base_url) as attempt:
            alone.append(_seconds(page, attempt))
        with signing_in(hosted.base_url) as attempt, ExitStack() as silent:
            for address in ("127.0.0.1", "localhost"):
                silent.enter_context(connect(attempt.port, address))
            beside.append(_seconds(page, attempt))
    without_s, with_s = statistics.median(alone), statistics.median(beside)
    print(f"{without_s * 1000:.1f} ms alone, {with_s * 1000:.1f} ms beside silent connections")
    # The goal is 50 ms. A listener that takes one peer at a time loses seconds.
    assert with_s - without_s < 0.5


def _seconds(page: Page, attempt: Attempt) -> float:
    """What a sign-in takes from the address to the token."""
    start = time.monotonic()
    page.open(attempt.url)
    attempt.tokens()
    return time.monotonic() - start
