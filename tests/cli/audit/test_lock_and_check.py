"""audit lock and audit check, as they are typed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.recording.save import save
from entra_oauth.recording.step import Level
from kit import needs, recordings
from kit.audit.clients_in_memory import by_authlib, by_us
from kit.command_line import call, error_of
from kit.practice import NOON
from kit.project import pages
from kit.sweep import found_in_files

PAGE = pages.page("docs/contract.md")
GUARD = pages.ROOT / "examples" / "guard"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with three recordings of one client, and one of another."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        save(by_us(number), tmp_path / f"rec{number}", level=Level.SECRETS, created_at=NOON)
    save(by_authlib(0), tmp_path / "other", level=Level.SECRETS, created_at=NOON)
    return tmp_path


def test_a_contract_is_written_and_the_next_recording_keeps_it(folder: Path) -> None:
    made = call("audit", "lock", "rec0", "rec1", "-o", "oauth.lock")
    assert (made.code, made.out) == (0, "")
    assert "learned from 2 recordings" in made.err
    assert (folder / "oauth.lock").stat().st_mode & 0o777 == 0o600
    checked = call("audit", "check", "rec2", "--against", "oauth.lock")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out == "Nothing differs from the contract in 4 messages.\n"


def test_another_client_ends_with_exit_code_9_in_each_form(folder: Path) -> None:
    assert call("audit", "lock", "rec0", "-o", "oauth.lock").code == 0
    check = ("audit", "check", "other", "--against", "oauth.lock")
    told = call(*check)
    assert told.code == 9
    assert "parameter response_mode removed (it was form_post)" in told.out
    found = call(*check, "--json")
    assert found.code == 9
    assert json.loads(found.out)["verdict"] == "different"
    assert json.loads(call(*check, "-o", "json").out) == json.loads(found.out)
    log = call(*check, "-o", "sarif")
    assert log.code == 9
    assert json.loads(log.out)["runs"][0]["results"]


def test_without_a_file_the_contract_goes_to_standard_output(folder: Path) -> None:
    made = call("audit", "lock", "rec0")
    assert made.code == 0
    assert 'format = "entra-oauth lock"' in made.out


def test_of_one_recording_it_is_said_what_cannot_be_told(folder: Path) -> None:
    assert "name two or more" in call("audit", "lock", "rec0", "-o", "oauth.lock").err


def test_no_file_is_overwritten(folder: Path) -> None:
    (folder / "oauth.lock").write_text("mine", encoding="utf-8")
    refused = call("audit", "lock", "rec0", "-o", "oauth.lock")
    assert refused.code == 8
    assert (folder / "oauth.lock").read_text(encoding="utf-8") == "mine"


def test_no_secret_of_a_whole_recording_is_in_the_folder_with_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recordings.written(tmp_path / "rec", recordings.recording(hardened=True), level=Level.NONE)
    (tmp_path / "made").mkdir()
    assert call("audit", "lock", "rec", "rec", "-o", "made/oauth.lock").code == 0
    assert found_in_files(tmp_path / "made", recordings.PLANTED) == []


REFUSED = [
    (("audit", "lock"), 2, "needs a recording"),
    (("audit", "lock", "nowhere", "-o", "oauth.lock"), 8, "cannot be read"),
    (("audit", "lock", "text", "-o", "oauth.lock"), 2, "neither a HAR file"),
    (("audit", "lock", "broken", "-o", "oauth.lock"), 5, ""),
    (("audit", "check", "rec0"), 2, "a recording and a contract"),
    (("audit", "check", "--against", "good.lock"), 2, "a recording and a contract"),
    (("audit", "check", "rec0", "--against", "nowhere"), 8, "cannot be read"),
    (("audit", "check", "rec0", "--against", "text"), 2, "no contract that can be read"),
    (("audit", "check", "rec0", "--against", "cut.lock"), 5, "changed, or cut"),
    (("audit", "check", "rec0", "--against", "bit.lock"), 5, "changed, or cut"),
    (("audit", "check", "rec0", "--against", "large.lock"), 2, "larger than"),
    (("audit", "check", "broken", "--against", "good.lock"), 5, ""),
    (("audit", "check", "text", "--against", "good.lock"), 2, "neither a HAR file"),
]


def test_what_cannot_be_compared_is_refused_and_nothing_is_written(folder: Path) -> None:
    assert call("audit", "lock", "rec0", "rec1", "-o", "good.lock").code == 0
    good = (folder / "good.lock").read_bytes()
    (folder / "text").write_text("nothing", encoding="utf-8")
    (folder / "cut.lock").write_bytes(good[: len(good) * 2 // 3])
    (folder / "bit.lock").write_bytes(good.replace(b'"S256"', b'"S257"', 1))
    (folder / "large.lock").write_bytes(good + b"#" * 2_000_000)
    shutil.copytree("rec1", "broken")
    step = next((folder / "broken").glob("*.token.request.bin"))
    step.write_bytes(step.read_bytes().replace(b"client_id", b"client_ie"))
    before = sorted(path.name for path in folder.iterdir())
    for arguments, code, why in REFUSED:
        ran = call(*arguments)
        assert (ran.code, ran.out) == (code, ""), (arguments, ran.err)
        assert why in error_of(ran)[0], arguments
        assert "Next: " in ran.err
    assert sorted(path.name for path in folder.iterdir()) == before


# ---- the page, and the example ----------------------------------------------------------


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = command.replace("entra-oauth", f"{shlex.quote(sys.executable)} -P -m entra_oauth")
    line = line.replace("python3 ", f"{shlex.quote(sys.executable)} -P ")
    environ = {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(pages.ROOT)}
    return subprocess.run(
        line, shell=True, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@needs.posix
def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    shutil.copytree(GUARD, tmp_path / "examples" / "guard")
    commands = pages.commands(PAGE)
    assert len(commands) == 5
    for command in commands:
        done = _run(command, tmp_path)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert json.loads((tmp_path / "check.sarif").read_text())["runs"][0]["results"] == []


@needs.posix
def test_the_example_guards_its_client(tmp_path: Path) -> None:
    """As the workflow runs it; then with a client that asks for another response mode."""
    guard = shutil.copytree(GUARD, tmp_path / "guard")
    lines = [
        line.partition("run: ")[2]
        for line in (guard / "workflow.yml").read_text(encoding="utf-8").splitlines()
        if "- run: entra-oauth" in line
    ]
    assert [_run(line, guard).returncode for line in lines] == [0, 0]
    client = guard / "client.py"
    old = '"response_type": "code",'
    text = client.read_text(encoding="utf-8")
    assert old in text
    client.write_text(text.replace(old, f'{old} "response_mode": "query",'), encoding="utf-8")
    shutil.rmtree(guard / "rec")
    assert [_run(line, guard).returncode for line in lines] == [0, 9]
    told = _run(lines[1].partition(" -o ")[0], guard)
    assert told.stdout.splitlines() == [
        "step 1   authorization request: parameter response_mode added: query",
        "",
        "1 thing differs from the contract.",
    ]
