"""A person signs in with a real Chromium, through the real command line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import PracticeTenant
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.command_line import free_port
from kit.foreign.chromium import Page
from kit.foreign.command import Command, at
from kit.foreign.person import (
    ALICE,
    codes_of,
    origin_of,
    sign_in,
    sign_in_and_consent,
    state_of,
    type_in,
)
from kit.practice import SCOPE

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]

FORM_POST = ("login", "--response-mode", "form_post")
QUERY = ("login", "--response-mode", "query")


def _verb(name: str) -> tuple[str, ...]:
    if name == "mirror":
        return ("mirror", "--port", free_port())
    return {"login": ("login",), "login query": QUERY}[name]


@pytest.mark.parametrize("verb", ["login", "login query", "mirror"])
def test_a_sign_in_ends_with_a_token_and_no_code_in_the_address_bar(
    verb: str, page: Page, tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    with Command(tmp_path, *_verb(verb), *at(hosted.base_url), "-o", "json") as command:
        url = command.address()
        sign_in_and_consent(page, url)
        done = command.finish()
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    who = None if verb == "mirror" else ALICE
    assert (answer["token_type"], answer["username"]) == ("Bearer", who)
    page.wait_for_heading(f"Signed in as {who}" if who else "Signed in")
    assert "The token has arrived in the program that asked for it." in page.text

    (code,) = codes_of(tenant)
    here = urlsplit(page.address)
    assert f"{here.scheme}://{here.netloc}" == origin_of(url)
    assert here.path.startswith("/done/")
    assert (here.query, here.fragment) == ("", "")
    assert [each for each in page.history if each.startswith(origin_of(url))] == [page.address]
    assert [each for each in page.history if state_of(url) in each] == [url]
    source = str(page.evaluate("document.documentElement.outerHTML + document.referrer"))
    for secret in (code, state_of(url), answer["access_token"]):
        assert secret not in source
        assert secret not in "".join(page.history).replace(url, "")
    assert page.problems == []


@pytest.mark.parametrize("verb", [FORM_POST, QUERY])
def test_neither_reload_nor_back_sends_anything_again(
    verb: tuple[str, ...], page: Page, tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    with Command(tmp_path, *verb, *at(hosted.base_url)) as command:
        url = command.address()
        sign_in_and_consent(page, url)
        assert command.finish().code == 0
    page.wait_for_heading(f"Signed in as {ALICE}")
    landed = urlsplit(page.address)
    at_the_tenant = len(tenant.log)
    came: list[HttpRequest] = []

    def whoever_has_the_port_next(request: HttpRequest) -> HttpResponse:
        came.append(request)
        return HttpResponse(status=200, body=b"<h1>somebody else</h1>")

    assert landed.port
    with LoopbackHost(whoever_has_the_port_next, port=landed.port):
        page.reload()
        page.wait_for_heading("somebody else")
        page.back()
        page.wait_for("!location.pathname.startsWith('/done/') && document.readyState=='complete'")
    visits = [each for each in came if each.path != "/favicon.ico"]
    assert [(each.method, each.path, each.query, each.body) for each in visits] == [
        ("GET", landed.path, "", b"")
    ]
    told = repr([each.headers for each in visits])
    assert codes_of(tenant)[0] not in told
    assert state_of(url) not in told
    assert len(tenant.log) == at_the_tenant


@pytest.mark.parametrize("verb", [FORM_POST, QUERY])
def test_a_reply_that_the_browser_delivers_twice_is_used_once(
    verb: tuple[str, ...], page: Page, tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    tenant.faults.add("redirect twice first=/favicon.ico")
    with Command(tmp_path, *verb, *at(hosted.base_url)) as command:
        sign_in_and_consent(page, command.address())
        done = command.finish()
    assert done.code == 0, done.err
    assert len(codes_of(tenant)) == 1
    page.wait_for_heading("Back to the app, on purpose not as usual")
    assert page.evaluate("document.querySelectorAll('iframe').length") == 3


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_real_browser_visits_the_app_as_often_as_the_fault_says(
    mode: str, page: Page, tenant: PracticeTenant, hosted: Hosted
) -> None:
    tenant.faults.add("redirect twice first=/favicon.ico?stray")
    came: list[HttpRequest] = []

    def app(request: HttpRequest) -> HttpResponse:
        came.append(request)
        return HttpResponse(status=200, body=b"<!doctype html><title>the app</title>")

    with LoopbackHost(app) as host:
        query = {
            "client_id": ARTICLE_CLIENT_ID,
            "response_type": "code",
            "redirect_uri": f"http://localhost:{host.port}",
            "response_mode": mode,
            "scope": SCOPE,
        }
        sign_in_and_consent(
            page, f"{hosted.authority_url()}/oauth2/v2.0/authorize?{urlencode(query)}"
        )
        page.wait_for_heading("Back to the app, on purpose not as usual")
        deadline = time.monotonic() + 20
        while len(came) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
    stray = [each for each in came if each.path == "/favicon.ico"]
    first, second = (each for each in came if each.path == "/")
    assert [each.query for each in stray] == ["stray"]
    assert "code=" in first.query + first.body.decode()
    assert (first.method, first.url, first.body) == (second.method, second.url, second.body)
    assert page.problems == []


def test_a_wrong_password_is_said_and_the_right_one_gets_through(
    page: Page, hosted: Hosted, tmp_path: Path
) -> None:
    with Command(tmp_path, "login", *at(hosted.base_url)) as command:
        page.open(command.address())
        type_in(page, "wrong")
        page.press("button[value=signin]")
        page.wait_for("document.querySelector('[role=alert]')?.innerText.includes('AADSTS50126')")
        assert command.running()
        type_in(page)
        page.enter()
        page.wait_for_heading("Permissions requested")
        page.press("button[value=accept]")
        done = command.finish()
    assert done.code == 0, done.err
    page.wait_for_heading(f"Signed in as {ALICE}")
    assert page.problems == []


@pytest.mark.parametrize("verb", [FORM_POST, QUERY])
def test_a_cancelled_sign_in_is_told_by_the_command_and_by_the_page(
    verb: tuple[str, ...], page: Page, hosted: Hosted, tmp_path: Path
) -> None:
    with Command(tmp_path, *verb, *at(hosted.base_url)) as command:
        page.open(command.address())
        page.press("button[value=cancel]")
        done = command.finish()
    assert (done.code, done.out) == (3, "")
    page.wait_for_heading("Not signed in")
    assert "access_denied" in page.text
    _says_the_same(page, done.err)
    assert urlsplit(page.address).query == ""
    assert page.problems == []


@pytest.mark.parametrize("verb", [FORM_POST, QUERY])
def test_a_declined_consent_is_told_by_the_command_and_by_the_page(
    verb: tuple[str, ...], page: Page, hosted: Hosted, tmp_path: Path
) -> None:
    with Command(tmp_path, *verb, *at(hosted.base_url)) as command:
        sign_in(page, command.address())
        page.press("button[value=decline]")
        done = command.finish()
    assert (done.code, done.out) == (3, "")
    page.wait_for_heading("Not signed in")
    assert "AADSTS65004" in page.text
    _says_the_same(page, done.err)
    assert urlsplit(page.address).query == ""
    assert page.problems == []


def _says_the_same(page: Page, err: str) -> None:
    """The page has the sentences of the command's last lines."""
    lines = err.splitlines()
    what = next(line for line in lines if line.startswith("error: "))
    advice = next(line for line in lines if line.startswith("Next: "))
    assert what.removeprefix("error: ") in page.text
    assert advice.removeprefix("Next: ") in page.text


def test_a_code_that_has_expired_is_told_on_the_page_that_was_held(
    page: Page, tenant: PracticeTenant, tmp_path: Path
) -> None:
    def an_hour_later(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/token"):
            tenant.advance(3600)
        return tenant.handle(request)

    with (
        LoopbackHost(an_hour_later) as host,
        Command(tmp_path, "login", *at(f"http://localhost:{host.port}")) as command,
    ):
        sign_in_and_consent(page, command.address())
        done = command.finish()
    assert (done.code, done.out) == (3, "")
    page.wait_for_heading("Not signed in")
    assert "AADSTS70008" in page.text
    assert "What to do next" in page.text
    assert "Correlation ID" in page.text
    _says_the_same(page, done.err)
    assert page.problems == []


MARKUP = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


@pytest.mark.parametrize(
    ("status", "kind", "body", "code"),
    [
        (400, "application/json", json.dumps({"error": MARKUP, "error_description": MARKUP}), 3),
        (502, "text/html", f"<h1>Bad gateway</h1>{MARKUP}", 6),
    ],
    ids=["an error with markup", "the page of a proxy"],
)
def test_what_the_token_endpoint_says_is_shown_as_text(
    status: int, kind: str, body: str, code: int, page: Page, tenant: PracticeTenant, tmp_path: Path
) -> None:
    def badly(request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/token"):
            headers = (("Content-Type", kind),)
            return HttpResponse(status=status, headers=headers, body=body.encode())
        return tenant.handle(request)

    with (
        LoopbackHost(badly) as host,
        Command(tmp_path, "login", *at(f"http://localhost:{host.port}")) as command,
    ):
        sign_in_and_consent(page, command.address())
        done = command.finish()
    assert (done.code, done.out) == (code, "")
    page.wait_for_heading("Not signed in")
    assert page.evaluate("document.title") == "Not signed in – entra-oauth"
    assert page.evaluate("document.querySelectorAll('img, script').length") == 0
    assert (MARKUP in page.text) == (status == 400)
    assert str(status) in page.text or status == 400
    _says_the_same(page, done.err)
    assert page.problems == []


class _SlowToken:
    """A tenant whose token endpoint answers when it is allowed to."""

    def __init__(self, tenant: PracticeTenant) -> None:
        self._tenant = tenant
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/token"):
            self.asked.set()
            assert self.may_answer.wait(30)
        return self._tenant.handle(request)


def test_the_last_page_is_held_until_the_code_has_been_redeemed(
    page: Page, tenant: PracticeTenant, tmp_path: Path
) -> None:
    slow = _SlowToken(tenant)
    with (
        LoopbackHost(slow) as host,
        Command(tmp_path, "login", *at(f"http://localhost:{host.port}")) as command,
    ):
        sign_in_and_consent(page, command.address())
        assert slow.asked.wait(30)
        time.sleep(0.5)
        asked_for = page.requests[-1]["url"]
        assert urlsplit(asked_for).path.startswith("/done/")
        assert asked_for not in page.history
        slow.may_answer.set()
        assert command.finish().code == 0
    page.wait_for_heading(f"Signed in as {ALICE}")
    assert page.address == asked_for
    assert page.problems == []


def test_an_impatient_reload_brings_a_second_code_which_nobody_uses(
    page: Page, tenant: PracticeTenant, tmp_path: Path
) -> None:
    slow = _SlowToken(tenant)
    with (
        LoopbackHost(slow) as host,
        Command(tmp_path, "login", *at(f"http://localhost:{host.port}")) as command,
    ):
        sign_in_and_consent(page, command.address())
        assert slow.asked.wait(30)
        page.reload()
        page.wait_for_heading("This sign-in has had its answer")
        assert command.running()
        slow.may_answer.set()
        done = command.finish()
    assert done.code == 0, done.err
    assert len(codes_of(tenant)) == 1
