"""A reader that goes away, as `head` does: the command's verdict is what it would have been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.cli.command_line import dispatch
from entra_oauth.practice import PracticeTenant, serve
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.recording.save import save
from entra_oauth.recording.step import Level
from kit import needs
from kit.audit import timelines
from kit.audit.clients_in_memory import by_authlib, by_us
from kit.audit.corpus import make_corpus
from kit.audit.exchanges import article
from kit.command_line import AT_NOBODY, Ran, Running, call, environment, on_stdin
from kit.practice import ALICE, NOON, PASSWORD
from kit.processes.gone_reader import call_unread, closed_pipe

pytestmark = needs.posix

PRINT = ("mirror", *AT_NOBODY, "--print")
GOOD = [("--help",), ("--version",), ("login", "--help"), PRINT, ("demo",), ("learn", "--list")]
FOUND = [
    ("audit", "lint", "bad"),
    ("audit", "lint", "bad", "-o", "json"),
    ("audit", "lint", "bad", "-o", "sarif"),
    ("audit", "lint", "many", "-o", "jsonl", "--jobs", "2"),
    ("audit", "check", "other", "--against", "oauth.lock"),
    ("audit", "check", "other", "--against", "oauth.lock", "--json"),
    ("audit", "diff", "ours#1", "other#1"),
    ("audit", "diff", "ours#1", "other#1", "-o", "html"),
    ("audit", "timeline", "joined"),
    ("audit", "timeline", "joined", "-o", "html"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what each verb that judges finds something in."""
    place = tmp_path_factory.mktemp("made")
    joined = timelines.honest().recording
    for name, recording in (
        ("bad", article()), ("ours", by_us(0)), ("other", by_authlib(0)), ("joined", joined)
    ):  # fmt: skip
        save(recording, place / name, level=Level.SECRETS, created_at=NOON)
    assert call("audit", "lock", str(place / "ours"), "-o", str(place / "oauth.lock")).code == 0
    make_corpus(place / "many", 30)
    return place


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to stand in."""
    monkeypatch.chdir(made)
    return made


def finish(*arguments: str, **streams: Any) -> Ran:
    with Running(*arguments, **streams) as running:
        return running.finish()


@pytest.mark.parametrize("arguments", FOUND, ids=" ".join)
def test_what_was_found_is_the_exit_code_although_nobody_reads_it(
    arguments: tuple[str, ...], folder: Path
) -> None:
    heard, unheard = call(*arguments), call_unread(*arguments)
    assert (heard.code, heard.out != "") == (9, True)
    assert (unheard.code, unheard.err) == (9, heard.err)


@pytest.mark.parametrize("arguments", [*GOOD, *FOUND[:1]], ids=" ".join)
def test_a_reader_that_has_gone_is_no_error(arguments: tuple[str, ...], folder: Path) -> None:
    with closed_pipe() as pipe:
        ran = finish(*arguments, stdout=pipe)
    assert "Exception" not in ran.err
    assert "error: " not in {line[:7] for line in ran.err.splitlines()}
    assert ran.code == (0 if arguments in GOOD else 9)


def test_a_folder_is_judged_to_its_end_after_its_first_row_was_read(folder: Path) -> None:
    entra = f"{sys.executable} -m entra_oauth audit lint many -o jsonl"
    done = subprocess.run(
        ["sh", "-c", f'{{ {entra}; echo "ended with $?" >&2; }} | head -n 1'],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout)["file"]
    judged, ended = done.stderr.splitlines()
    assert judged.startswith("Judged: 30. Findings: ")
    assert ended == "ended with 9"


def test_tokens_and_recording_are_kept_although_nobody_reads_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_terminal: None
) -> None:
    monkeypatch.chdir(tmp_path)
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted, on_stdin(PASSWORD):
        base = hosted.base_url
        ids = ("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID)
        app = ("--authority-host", base, *ids)
        person = ("--flow", "password", "--username", ALICE, "--password-stdin")
        ran = call_unread("login", *app, *person, "-o", "token", "--record", "kept")
    assert ran.code == 0, ran.err
    assert call("audit", "verify", "kept").code == 0
    assert call("token", *app).code == 0


def test_nobody_to_speak_to_is_no_error() -> None:
    with closed_pipe() as pipe:
        ran = finish(*PRINT, stderr=pipe)
        assert (ran.code, ran.out.count("curl")) == (0, 1)
        assert finish("login", stderr=pipe).code == 2


def test_a_lesson_that_nobody_reads_ends_and_keeps_the_place() -> None:
    read_end, write_end = os.pipe()
    try:
        with closed_pipe() as pipe:
            ran = finish("learn", "1", "--no-pause", stdout=pipe, stdin=read_end)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert (ran.code, ran.err) == (0, "")


def test_a_server_goes_on_serving() -> None:
    with closed_pipe() as pipe, Running("practice", "serve", stdout=pipe) as running:
        running.wait_for("To make it misbehave")
        running.signal(signal.SIGINT)
        assert running.finish().code == dispatch.INTERRUPTED


def test_a_pipe_of_another_program_that_breaks_is_not_taken_for_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(args: object, console: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr("entra_oauth.cli.get_tokens.login.run", fail)
    assert call("login", *AT_NOBODY).code == dispatch.UNEXPECTED


def test_ctrl_c_at_the_end_is_its_exit_code_although_nobody_is_told() -> None:
    stopped = (
        "import entra_oauth.cli as cli\n"
        "def stop(arguments): raise KeyboardInterrupt\n"
        "cli._run = stop\n"
        "cli.program()"
    )
    with closed_pipe() as pipe:
        done = subprocess.run(
            [sys.executable, "-c", stopped],
            env=environment(), stdout=subprocess.PIPE, stderr=pipe, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (130, b"")
