"""Real programs that insist on https at the listener: told of at once, and the wait goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from entra_oauth.channels.base import Outcome
from entra_oauth.channels.listener.listener import Listener, ListeningReceiver
from entra_oauth.errors import StateMismatch
from entra_oauth.protocol.messages import HttpRequest
from kit import needs
from kit.back_channels import eventually
from kit.foreign.chromium import Page

pytestmark = [pytest.mark.against, needs.posix]

STATE = "s" * 43
ENOUGH_S = 10.0


def _read(callback: HttpRequest) -> str:
    if f"state={STATE}" not in callback.query:
        raise StateMismatch("The state is not ours.", advice="Wait.")
    return callback.query.partition("&")[0]


@contextmanager
def _waiting() -> Iterator[tuple[ListeningReceiver, Future[str], list[str]]]:
    told: list[str] = []
    listener = Listener(
        launch=lambda url: True, say=lambda line: None, tell=told.append, response_mode="query"
    )
    with ThreadPoolExecutor(1) as pool, listener.open() as receiver:
        url = f"http://localhost:1/authorize?state={STATE}"
        result = pool.submit(receiver.receive, url, _read, timeout_s=60)
        yield receiver, result, told


@needs.chromium
def test_chromium_opens_the_listener_with_https_and_then_as_it_is_told(page: Page) -> None:
    with _waiting() as (receiver, result, told):
        port = int(receiver.redirect_uri.rpartition(":")[2])
        address = f"localhost:{port}/?code=x&state={STATE}"
        page.open(f"https://{address}")
        assert eventually(lambda: told)
        assert not result.done()
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(page.open, f"http://{address}")
            assert result.result(ENOUGH_S) == "code=x"
            receiver.report_outcome(Outcome(succeeded=True, headline="Signed in"))
            opening.result(ENOUGH_S)
        page.wait_for_heading("Signed in")
    (line,) = told  # Chromium tries it several times
    assert "Change https:// to http://" in line


@needs.program("openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_is_told_in_its_own_words(version: str) -> None:
    with _waiting() as (receiver, result, told):
        port = int(receiver.redirect_uri.rpartition(":")[2])
        ran = subprocess.run(
            ["openssl", "s_client", version, "-connect", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert eventually(lambda: told)
        assert not result.done()
    assert ran.returncode != 0
    assert "alert handshake failure" in ran.stderr
