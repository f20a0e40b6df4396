"""`learn --page`, `demo --page` and `audit show --page` as commands: an address, and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from entra_oauth.practice import http_send
from entra_oauth.protocol.messages import FORM, HttpRequest
from kit import needs
from kit import recordings as kit

pytestmark = needs.posix

_PROGRAM = [sys.executable, "-Werror", "-m", "entra_oauth"]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*_PROGRAM, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """The address that stands on a line of its own."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http://localhost:"):
            return line.strip()
    raise AssertionError(process.communicate())


def until(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    assert any(words in line for line in process.stdout)


def field(text: str, name: str) -> str:
    return text.partition(f'name="{name}" value="')[2].partition('"')[0]


def get(url: str) -> str:
    return http_send(HttpRequest(method="GET", url=url)).body.decode()


def test_page_and_terminal_lead_one_chapter_and_neither_loses_anything() -> None:
    with started("learn", "4", "--page", "--no-curl") as process:
        url = address(process)
        until(process, "Step 1 of 8")
        assert process.stdin is not None
        process.stdin.write("\n")
        until(process, "Step 2 of 8")
        page = get(url)
        assert "Step 2 of 8" in page
        form = {"token": field(page, "token"), "turn": field(page, "turn"), "command": "hint"}
        sent = HttpRequest(
            method="POST",
            url=f"{url.removesuffix('flow')}answer",
            headers=(("Content-Type", FORM),),
            body=urlencode(form).encode(),
        )
        assert http_send(sent).status == 303
        assert http_send(sent).status == 409  # the page of before, a second time
        process.stdin.write("my line of before\n")
        until(process, "Step 2 of 8")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=90)
    assert "your line was not used" in err
    assert "Your place is kept" in err
    assert "Traceback" not in out + err
    assert process.returncode == 130


def test_quit_in_the_terminal_ends_it() -> None:
    with started("learn", "--page") as process:
        url = address(process)
        assert "Chapters and labs" in get(url)
        out, err = process.communicate("quit\n", timeout=90)
    assert (process.returncode, "Traceback" in out + err) == (0, False)


@pytest.mark.parametrize("procedure", ["article", "hardened"])
def test_the_demo_is_shown_on_a_page_and_its_messages_can_be_sent_again(procedure: str) -> None:
    with started("demo", "--page", "--procedure", procedure) as process:
        url = address(process)
        page = get(f"{url}flow")
        assert "Ask for a code" in page
        assert "Send to the practice tenant" in page
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)
    assert "Traceback" not in err
    assert process.returncode == 130


def test_a_recording_is_shown_on_a_page_without_secrets(tmp_path: Path) -> None:
    kit.written(tmp_path / "rec")
    with started("audit", "show", str(tmp_path / "rec"), "--page") as process:
        url = address(process)
        page = get(f"{url}flow")
        assert urlsplit(url).hostname == "localhost"
        assert "and never sent" in page
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=90)
    assert process.returncode == 130
