"""A command that prints a federated token: what is run, how long, and what of it is believed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from entra_oauth.errors import LocalError, UsageError
from entra_oauth.flows.proofs.federated_command import FederatedCommand, words_of
from kit import canaries, needs
from kit.canaries import CLIENT_ID
from kit.grants import NOW

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"


def _printing(script: str, *, longest_s: float = 10.0) -> str:
    words = (sys.executable, "-I", "-c", script)
    command = FederatedCommand(words, dict(os.environ), longest_s=longest_s)
    return dict(command.prove(CLIENT_ID, "a", now=NOW).fields)["client_assertion"]


def test_the_command_is_run_for_each_request(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    script = f"open({str(runs)!r}, 'a').write('x'); print('{JWT}')"
    assert [_printing(script), _printing(script)] == [JWT, JWT]
    assert runs.read_text() == "xx"


def test_the_command_gets_its_words_as_they_are_and_nothing_to_read() -> None:
    script = f"import sys; assert sys.stdin.read() == ''; print(sys.argv[1] + '{JWT[1:]}')"
    words = (sys.executable, "-I", "-c", script, "e", "$(touch x); *")
    assert FederatedCommand(words, dict(os.environ)).token() == JWT


REFUSED = [
    ("print()", UsageError, "is empty"),
    ("print('a b')", UsageError, "no JWT"),
    ("print('x' * 70_000)", UsageError, "larger than 64 KiB"),
    ("import sys; print('x' * 10**7); sys.exit(3)", UsageError, "larger than 64 KiB"),
    (f"print('{JWT}'); raise SystemExit(3)", LocalError, "ended with 3"),
    ("import os; os.write(1, bytes([255, 254, 0]))", UsageError, "neither UTF-8"),
]


@pytest.mark.parametrize(("script", "error", "said"), REFUSED)
def test_what_the_command_does_instead_is_named(
    script: str, error: type[UsageError], said: str
) -> None:
    with canaries.refused(error) as caught:
        _printing(script)
    assert said in str(caught.value)
    assert JWT not in str(caught.value)


def test_what_the_command_says_beside_its_token_is_not_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with canaries.refused(LocalError) as caught:
        _printing("import sys; print('CanarySaid', file=sys.stderr); sys.exit(1)")
    assert "CanarySaid" not in f"{caught.value}{capfd.readouterr()}"


@needs.posix
@pytest.mark.parametrize(
    "script",
    [
        "import time; time.sleep(60)",
        # What it has started keeps the pipe open when it has ended itself.
        "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('x', flush=True)",
    ],
)
def test_a_command_that_does_not_end_is_stopped_with_all_that_it_started(script: str) -> None:
    began = time.monotonic()
    with canaries.refused(LocalError) as caught:
        _printing(script, longest_s=1.0)
    assert "did not end in 1 seconds" in str(caught.value)
    assert time.monotonic() - began < 20


def test_a_program_that_is_not_there_is_a_local_error() -> None:
    with canaries.refused(LocalError) as caught:
        FederatedCommand(("no-such-program-here", "x"), dict(os.environ)).token()
    assert "no-such-program-here) cannot be started" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "spire-agent api", '"a"', "[]", '["a", 1]', '["a", ""]', '["a\\u0000"]', "[" * 9999],
)
def test_a_command_that_is_no_list_of_words_is_refused(text: str) -> None:
    with canaries.refused(UsageError) as caught:
        words_of(text)
    assert "no JSON list of words" in str(caught.value)


def test_a_list_of_words_is_a_command() -> None:
    assert words_of('["a", "b c", "-d"]') == ("a", "b c", "-d")
