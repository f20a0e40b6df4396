"""Speaking: styles, streams that fail, errors as text and as JSON."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import entra_oauth
from entra_oauth.cli import main
from entra_oauth.cli.session.console import Console, is_reader_gone, wants_style
from entra_oauth.errors import AuthorityError, LocalError, StateMismatch
from kit import needs
from kit.command_line import AT_NOBODY
from kit.processes.gone_reader import closed_pipe
from kit.processes.ptys import Session


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


STYLES: list[tuple[dict[str, str], bool, bool]] = [
    ({}, True, True),
    ({}, False, False),
    ({"NO_COLOR": "1"}, True, False),
    ({"NO_COLOR": ""}, True, True),
    ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
    ({"CLICOLOR_FORCE": "1"}, False, True),
    ({"CLICOLOR_FORCE": "0"}, False, False),
    ({"CLICOLOR_FORCE": ""}, False, False),
    ({"TERM": "dumb"}, True, False),
    ({"TERM": "xterm"}, True, True),
]


@needs.posix
@pytest.mark.parametrize(("environ", "terminal", "styled"), STYLES)
def test_escape_codes_are_for_those_who_want_them(
    environ: dict[str, str], terminal: bool, styled: bool
) -> None:
    assert wants_style(Stream(terminal=terminal), environ) is styled


def console(*, as_json: bool = False, quiet: bool = False) -> tuple[Console, Stream, Stream]:
    out, err = Stream(terminal=False), Stream(terminal=False)
    return (Console(out=out, err=err, styled=False, as_json=as_json, quiet=quiet), out, err)


ERROR = AuthorityError(
    "The authority said no.",
    advice="Ask.",
    stage="token",
    error="invalid_grant",
    description="AADSTS70008: late.",
    error_codes=(70008,),
    suberror="bad_token",
    claims='{"access_token":{}}',
    trace_id="a",
    correlation_id="b",
    timestamp="c",
    error_uri="d",
)


def test_a_refusal_is_told_with_what_support_will_ask_for() -> None:
    speaker, out, err = console(quiet=True)
    speaker.fail(ERROR)
    first, *between, last = err.getvalue().splitlines()
    assert (first, last) == ("error: The authority said no.", "Next: Ask.")
    assert between[:5] == [
        "  correlation id: b",
        "  trace id: a",
        "  time: c",
        "  suberror: bad_token",
        "  look-up page: d",
    ]
    assert out.getvalue() == ""


def test_a_refusal_as_json_has_all_that_the_authority_sent() -> None:
    speaker, _, err = console(as_json=True)
    speaker.fail(ERROR)
    said = json.loads(err.getvalue())
    assert (
        said
        | {
            "schema": "entra-oauth/error/1",
            "kind": "AuthorityError",
            "what": "The authority said no.",
            "next": "Ask.",
            "exit_code": 3,
            "stage": "token",
            "error": "invalid_grant",
            "error_description": "AADSTS70008: late.",
            "error_codes": [70008],
            "suberror": "bad_token",
            "claims": '{"access_token":{}}',
            "trace_id": "a",
            "correlation_id": "b",
            "timestamp": "c",
            "error_uri": "d",
        }
        == said
    )


def test_another_error_as_json() -> None:
    speaker, _, err = console(as_json=True)
    speaker.fail(StateMismatch("It is not ours: ü.", advice="Wait."))
    assert err.getvalue().isascii()
    assert json.loads(err.getvalue())["exit_code"] == 5


def test_a_stop_is_told_and_is_no_error() -> None:
    speaker, _, err = console()
    speaker.stopped(130)
    assert err.getvalue() == "\nStopped.\nNext: Run the command again when you are ready.\n"
    speaker, _, err = console(as_json=True)
    speaker.stopped(143)
    assert json.loads(err.getvalue())["exit_code"] == 143


def test_quiet_keeps_questions_and_results() -> None:
    speaker, out, err = console(quiet=True)
    speaker.say("one")
    speaker.ask("two")
    speaker.result("three")
    assert (out.getvalue(), err.getvalue()) == ("three\n", "two\n")


def test_style_is_for_the_stream_that_was_looked_at() -> None:
    plain, _, _ = console()
    assert plain.bold("x") + plain.dim("x") == "xx"
    styled = Console(out=sys.stdout, err=sys.stderr, styled=True)
    assert styled.bold("x") == "\x1b[1mx\x1b[0m"
    assert styled.dim("x") == "\x1b[2mx\x1b[0m"


@needs.posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_result_that_cannot_be_written_is_an_error_and_talk_is_not() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        speaker = Console(out=full, err=full, styled=False)
        speaker.say("nobody listens")
        with Path("/dev/full").open("w", encoding="utf-8") as out:
            speaker = Console(out=out, err=full, styled=False)
            with pytest.raises(LocalError, match="No space left on device"):
                speaker.result("x")


@needs.posix
@pytest.mark.parametrize("way", ["result", "result_sentence", "result_bytes", "result_json"])
def test_results_that_nobody_reads_go_nowhere_and_that_is_known(way: str) -> None:
    values = {"result_bytes": b"x" * 100_000, "result_json": {"x": 1}}
    with closed_pipe() as pipe, os.fdopen(os.dup(pipe), "w", encoding="utf-8") as out:
        speaker = replace(Console(out=out, err=io.StringIO(), styled=False), quiet=True)
        assert speaker.is_read
        getattr(replace(speaker), way)(values.get(way, "one"))
        assert not speaker.is_read, "of all consoles that were made from one"
        getattr(speaker, way)(values.get(way, "two"))


@pytest.mark.parametrize(
    ("error", "windows", "gone"),
    [
        (BrokenPipeError(errno.EPIPE, ""), False, True),
        (BrokenPipeError(errno.EPIPE, ""), True, True),
        (OSError(errno.EINVAL, ""), True, True),
        (OSError(errno.EINVAL, ""), False, False),
        (OSError(errno.ENOSPC, ""), True, False),
    ],
)
def test_windows_has_another_number_for_a_reader_that_has_gone(
    error: OSError, windows: bool, gone: bool
) -> None:
    assert is_reader_gone(error, windows=windows) is gone


# ---- lines in a terminal ---------------------------------------------------------------------

ADDRESS = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&state=2"
COMMAND = "entra-oauth login --profile work --scope 'api://x/read y' --tenant contoso.example"
LINES = [
    ("A sentence that is longer than the forty columns of this terminal.", 2),
    (f"Open {ADDRESS} in a browser.", 3),
    (f"Sign in with {COMMAND} (then run this again).", 3),
    (f"  {COMMAND} {COMMAND}", 1),
    ("short", 1),
    ("\nabove\n\nbelow", 4),
]


@pytest.mark.parametrize(("text", "lines"), LINES)
def test_sentences_are_broken_at_spaces_and_what_is_to_be_copied_is_whole(
    text: str, lines: int
) -> None:
    speaker, _, err = console()
    replace(speaker, columns=40).ask(text)
    shown = err.getvalue()
    assert len(shown.splitlines()) == lines, shown
    assert " ".join(shown.split()) == " ".join(text.split())
    assert (ADDRESS in shown, COMMAND in shown) == (ADDRESS in text, COMMAND in text)
    longest = max(len(line) for line in shown.splitlines())
    assert longest <= 40 or ADDRESS in shown or COMMAND in shown


@pytest.mark.parametrize(("text", "lines"), LINES)
def test_nothing_is_broken_in_a_pipe(text: str, lines: int) -> None:
    speaker, out, err = console()
    speaker.ask(text)
    speaker.result_sentence(text)
    assert out.getvalue() == err.getvalue() == f"{text}\n"


def test_the_usual_cause_goes_on_further_in_and_claims_stay_whole() -> None:
    speaker, _, err = console()
    claims = '{"access_token": {"nbf": {"essential": true, "value": "1700000000"}}}'
    refused = AuthorityError(
        "Refused.",
        advice="Do it.",
        stage="token",
        error="invalid_grant",
        cause="One of several things, " * 4,
        claims=claims,
    )
    replace(speaker, columns=40).fail(refused)
    lines = err.getvalue().splitlines()
    assert [line for line in lines if len(line) > 40 and "--claims" not in line] == []
    assert all(line.startswith(("  ", "error: ", "Next: ")) for line in lines)
    assert sum(claims in line for line in lines) == 1


def test_no_json_is_broken() -> None:
    speaker, _, err = console(as_json=True)
    replace(speaker, columns=40).fail(LocalError("What. " * 30, advice="Do. " * 30))
    assert len(err.getvalue().splitlines()) == 1
    assert json.loads(err.getvalue())["kind"] == "LocalError"


@needs.posix
def test_the_width_is_that_of_the_terminal_itself() -> None:
    with Session("from entra_oauth.cli import main\nmain(['login'])\n", columns=50) as session:
        session.wait_for("Next:")
        session.finish()
    lines = session.shown.replace("\r", "").splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 50


# ---- line ends ----------------------------------------------------------------------

COMMANDS = [
    ("--version",),
    ("login", "--help"),
    ("help", "audit"),
    ("explain", "AADSTS50011"),
    ("explain", "AADSTS50011", "--json"),
    ("completion", "powershell"),
    ("mirror", "--print", *AT_NOBODY),
    ("lab", "list"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_results_end_lines_as_everywhere_also_where_text_files_do_otherwise(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows opens standard output as text whose lines end with CR LF."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8", newline="\r\n") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(list(arguments)) == 0
        written = raw.getvalue()
        monkeypatch.undo()
    assert written.endswith(b"\n")
    assert b"\r" not in written


def test_nothing_is_printed_past_the_console() -> None:
    """`print` to standard output is of other programs only, which the labs run."""
    package = Path(entra_oauth.__file__).parent
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and "file" not in [word.arg for word in node.keywords]
    ]
    assert [place for place in found if not place.startswith("lessons/labs/")] == []
