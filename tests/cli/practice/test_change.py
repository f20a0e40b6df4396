"""practice serve, practice fault and practice clock, as processes and in this one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entra_oauth.cli.session import console
from entra_oauth.cli.session.wrap import beside
from entra_oauth.practice import http_send
from entra_oauth.practice.faults.scenarios import SCENARIOS
from entra_oauth.practice.run.control import Control
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest
from kit import needs
from kit.command_line import call, error_of

PATIENCE_S = 20


@contextmanager
def _serving(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-Werror", "-m", "entra_oauth", "practice", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def _until_told(process: subprocess.Popen[str]) -> str:
    """What it said, up to the line that says how to make it misbehave."""
    assert process.stderr
    said = ""
    while "practice fault" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@needs.posix
def test_a_tenant_that_is_served_is_found_and_changed() -> None:
    with _serving() as (base_url, process):
        _until_told(process)
        ran = call("practice", "fault", "keys", "status=503", "times=1")
        assert (ran.code, ran.out) == (0, "keys status=503 times=1    touched 0\n")
        keys = HttpRequest(method="GET", url=f"{base_url}/common/discovery/v2.0/keys")
        assert [http_send(keys).status for _ in range(2)] == [503, 200]
        ran = call("practice", "fault", "--json")
        assert json.loads(ran.out)["faults"] == [{"fault": "keys status=503 times=1", "touched": 1}]
        assert call("practice", "fault", "--clear").out == ""
        before, after = (call("practice", "clock", *more) for more in ((), ("+86400",)))
        assert (before.code, after.code) == (0, 0)
        assert before.out[:10] < after.out[:10]
        assert json.loads(call("practice", "clock", "-3600", "--json").out)["now"] > 0
    ran = call("practice", "clock")
    assert ran.code == 2
    assert "No practice tenant is running" in ran.err


@needs.posix
def test_a_tenant_that_still_runs_is_found_when_a_later_one_has_ended() -> None:
    with _serving() as (_, first):
        _until_told(first)
        assert call("practice", "fault", "slow").code == 0
        with _serving() as (_, second):
            _until_told(second)
            assert call("practice", "fault").out == "", "the later one is meant"
        assert call("practice", "fault").out.startswith("token delay=10 ")
    assert call("practice", "fault").code == 2


@needs.posix
def test_the_address_of_a_tenant_that_was_killed_is_nobodys() -> None:
    with _serving() as (_, process):
        _until_told(process)
        process.kill()
        process.wait(PATIENCE_S)
        ran = call("practice", "fault")
    assert ran.code == 2
    assert error_of(ran)[0].startswith("No practice tenant is running")


@needs.posix
def test_over_tls_with_a_proxy_it_says_what_to_trust_and_leaves_nothing() -> None:
    with _serving("--tls", "--proxy-port", _free_port()) as (base_url, process):
        assert base_url.startswith("https://localhost:")
        said = _until_told(process)
        ca_file = said.partition("Certificate: ")[2].partition("\n")[0]
        assert stat.S_IMODE(os.stat(ca_file).st_mode) == 0o600
        assert "PRIVATE" not in Path(ca_file).read_text(encoding="ascii")
        assert list(Path(ca_file).parent.iterdir()) == [Path(ca_file)]
        port = int(said.partition("refuses all others: http://127.0.0.1:")[2].partition("\n")[0])
        for url, proxy in ((base_url, None), ("https://login.microsoftonline.com", port)):
            request = HttpRequest(method="GET", url=f"{url}/common/discovery/keys")
            assert http_send(request, ca_file=ca_file, proxy_port=proxy).status == 200
        assert f"--ca-bundle {ca_file}" in said
    assert not Path(ca_file).parent.exists()


def _free_port() -> str:
    from kit.command_line import free_port

    return free_port()


@needs.posix
def test_only_its_owner_can_read_the_control_address() -> None:
    with _serving() as (_, process):
        _until_told(process)
        (kept,) = Path(os.environ["HOME"]).rglob("practice-control")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not kept.exists()


def test_names_and_words_are_told_without_a_tenant() -> None:
    ran = call("practice", "fault", "help")
    assert ran.code == 0
    for name in SCENARIOS:
        assert f"  {name} " in ran.err
    assert "id_token.CLAIM=VALUE" in ran.err
    ran = call("practice", "fault")
    assert ran.code == 2
    assert "No practice tenant is running" in error_of(ran)[0]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_words_of_a_fault_fit_the_terminal_and_none_is_lost(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = call("practice", "fault", "help").err
    monkeypatch.setattr(console, "_columns_of", lambda stream: columns)
    shown = call("practice", "fault", "help").err
    assert shown.split() == whole.split()
    longest = max(shown.splitlines(), key=len)
    assert len(longest) <= columns or len(longest.split()) == 1, longest


def test_a_meaning_goes_on_below_itself_where_there_is_room() -> None:
    row = "    drop, reset         no answer: the connection ends"
    below = "    drop, reset         no answer: the\n                        connection ends"
    assert beside(row, 54) == row
    assert beside(row, 48) == below
    assert beside(row, 40) == "    drop, reset         no answer: the\n      connection ends"


@pytest.fixture
def control() -> Iterator[Control]:
    with Control(PracticeTenant()) as control:
        yield control


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fault", "nonsense"), "neither a place nor the name"),
        (("fault", "csrf-stat"), "Did you mean csrf-state? See the words and the names with: "),
        (("fault", "nonsense"), "with: entra-oauth practice fault help"),
        (("fault", "token", "status=1"), "status is not a number"),
        (("clock", "soon"), "a whole number of seconds"),
        (("clock", "1e9"), "a whole number of seconds"),
    ],
)
def test_what_a_tenant_does_not_take_is_an_error_of_usage(
    words: tuple[str, ...], said: str, control: Control
) -> None:
    ran = call("practice", *words, "--control", control.address)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/#x", "http://evil.example/#x", "x"])
def test_a_control_address_that_is_none_is_refused(address: str) -> None:
    ran = call("practice", "clock", "--control", address)
    assert ran.code in (2, 5, 6)
    assert "Next:" in ran.err


def test_a_fault_that_is_not_understood_stops_serve_before_it_begins() -> None:
    ran = call("practice", "serve", "--fault", "nonsense")
    assert (ran.code, ran.out) == (2, "")


def test_a_directory_that_cannot_be_read_is_an_error_of_this_machine(tmp_path: Path) -> None:
    ran = call("practice", "run", "--directory", str(tmp_path / "none.toml"), "--", "true")
    assert ran.code == 8
    assert "cannot be read" in ran.err


def test_a_person_who_is_not_there_cannot_run_anything() -> None:
    ran = call("practice", "run", "--user", "nobody", "--", "true")
    assert ran.code == 2
    assert "nobody called nobody" in ran.err
    assert "alice@contoso-practice.example, bob@" in ran.err


def test_what_is_in_force_is_told_without_the_grammar(control: Control) -> None:
    address = ("--control", control.address)
    assert call("practice", "fault", "csrf-state", *address).code == 0
    ran = call("practice", "fault", *address)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "id_token.CLAIM" not in ran.err
    assert "entra-oauth practice fault help" in ran.err


@pytest.mark.parametrize(
    ("given", "seconds"), [("+2h", 7200), ("90s", 90), ("-1d", -86_400), ("5m", 300), ("7", 7)]
)
def test_the_clock_takes_hours_and_days(given: str, seconds: int, control: Control) -> None:
    address = ("--control", control.address)
    before = json.loads(call("practice", "clock", "--json", *address).out)["now"]
    # A number with a minus is taken for an option by the parser, unless it is one it knows.
    after = json.loads(call("practice", "clock", "--json", *address, "--", given).out)["now"]
    assert 0 <= after - before - seconds <= 5
