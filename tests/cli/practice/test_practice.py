"""practice serve: an authority on this machine, for whoever wants to try."""

from __future__ import annotations

import signal
import socket
from html import unescape
from pathlib import Path

import pytest

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.browser.user_agent import BrowserPage
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.command_line import (
    CLIENT,
    TENANT,
    Person,
    Running,
    at,
    call,
    error_of,
    free_port,
    on_stdin,
)
from kit.sweep import found_in_files

ALICE = "alice@contoso-practice.example"


def sign_in(url: str) -> BrowserPage:
    return PracticeBrowser(http_send, ALICE, "practice").open(url)


def test_standard_output_is_the_address_and_the_rest_says_how_to_sign_in() -> None:
    port = free_port()
    with Running("practice", "serve", "--port", port) as running:
        assert running.line() == f"http://localhost:{port}\n"
        running.wait_for("practice fault")
        start = http_send(HttpRequest(method="GET", url=f"http://localhost:{port}/"))
        assert start.status == 200
        running.signal(signal.SIGTERM)
        ran = running.finish()
    assert (ran.code, ran.out) == (143, "")
    said = " ".join(ran.err.replace("\\\n", " ").split())
    options = f"--authority-host http://localhost:{port} --tenant {TENANT} --client-id {CLIENT}"
    assert f"entra-oauth login {options}" in said


def test_a_busy_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = call("practice", "serve", "--port", port)
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (8, "")
    assert what == f"Port {port} of this machine is in use by another program."


@needs.posix
@pytest.mark.parametrize(
    ("options", "mode"),
    [
        (["login"], "form_post"),
        (["login", "--response-mode", "query"], "query"),
        (["mirror", "--port", "PORT"], "query"),
    ],
)
def test_two_processes_sign_in_as_the_page_says(
    options: list[str], mode: str, tmp_path: Path
) -> None:
    options = [free_port() if word == "PORT" else word for word in options]
    with Running("practice", "serve", "--quiet") as served:
        base_url = served.line().strip()
        with Running(*options, *at(base_url), "-o", "token", browser=tmp_path) as running:
            person = Person()
            person.see(running.address())
            page = sign_in(person.urls[0])
            ran = running.finish()
        assert (ran.code, ran.out.count("."), ran.out.startswith("eyJ")) == (0, 2, True)
        assert ran.out.strip() not in ran.err
    assert person.asked["response_mode"] == mode
    assert "Signed in" in page.text
    assert "code=" not in page.url
    assert "/done/" in page.url


@needs.posix
def test_the_two_halves_at_the_practice_tenant() -> None:
    with Running("practice", "serve", "--quiet") as served:
        base_url = served.line().strip()
        person = Person()
        person.see(call("authorize-url", *at(base_url), "--procedure", "hardened").out.strip())
        # Nothing listens at the redirect URI: the browser ends on an address, not on a page.
        final = _where_it_ends(person.urls[0])
        with on_stdin(final):
            ran = call("exchange")
        assert (ran.code, ran.out.startswith("eyJ")) == (0, True)
        with on_stdin(ran.out):
            assert "Azure Databricks" in call("decode").out
        with on_stdin(final):
            assert call("exchange").code == 2


class _Ended(Exception):
    """The browser is about to go to the redirect URI."""


def _where_it_ends(url: str) -> str:
    ends: list[str] = []

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith("http://localhost/"):
            ends.append(request.url)
            raise _Ended
        return http_send(request)

    with pytest.raises(_Ended):
        PracticeBrowser(send, ALICE, "practice").open(url)
    return ends[0]


def test_a_refusal_of_the_tenant_is_told_in_its_words(
    monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> None:
    pages: list[BrowserPage] = []
    person = Person()

    def visit(*, again: bool = False) -> None:
        browser = PracticeBrowser(http_send, ALICE, "practice", consents=False)
        pages.append(browser.open(person.urls[0]))

    person.visit = visit  # type: ignore[method-assign]
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    with serve(PracticeTenant(), tls=False) as hosted:
        ran = call("login", *at(hosted.base_url), "--browser", "x")
        person.join()
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (3, "")
    assert "AADSTS65004" in what
    assert "AADSTS65004" in pages[0].text
    assert advice in unescape(pages[0].text)


@needs.posix
def test_a_sign_in_recorded_without_people_names_nobody_in_any_file(tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    with Running("practice", "serve", "--quiet") as served:
        base_url = served.line().strip()
        options = ("--record", str(rec), "--redact", "pii")
        with Running("login", *at(base_url), *options, browser=tmp_path) as running:
            person = Person()
            person.see(running.address())
            page = sign_in(person.urls[0])
            assert running.finish().code == 0
    assert ALICE in page.text
    for ending in ("html", "har", "md"):
        assert call("audit", "export", str(rec), "-o", str(tmp_path / f"out.{ending}")).code == 0
    names = [ALICE, ALICE.upper(), "Alice Practice", "contoso-practice.example"]
    assert found_in_files(tmp_path, names) == []
    assert b"Signed in as" in b"".join(path.read_bytes() for path in rec.iterdir())
