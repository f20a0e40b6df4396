"""audit timeline, as it is typed, and the page that tells of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.recording.save import save
from entra_oauth.recording.step import Level
from kit import needs
from kit.audit import timelines
from kit.command_line import call, error_of
from kit.project import pages

PAGE = pages.page("docs/timeline.md")
EXAMPLES = pages.ROOT / "examples" / "timeline"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in: an honest sign-in, its log, and its browser's file."""
    monkeypatch.chdir(tmp_path)
    scene = timelines.honest()
    save(scene.recording, tmp_path / "rec", level=Level.NONE, created_at=scene.now)
    (tmp_path / "browser.har").write_text(json.dumps(scene.har()), encoding="utf-8")
    scene.later(9_000)
    scene.write_log(tmp_path / "log.json")
    return tmp_path


def test_the_list_the_answer_and_exit_code_0(folder: Path) -> None:
    ran = call("audit", "timeline", "rec", "--har", "browser.har", "--sign-ins", "log.json")
    assert ran.code == 0
    assert "browser    authorization response (step 2)  [by state]" in ran.out
    assert "[by uti]" in ran.out
    assert "Was this code redeemed by anyone else? No." in ran.out


def test_a_row_that_is_too_long_goes_on_further_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = call("audit", "timeline", "rec", "--sign-ins", "log.json").out.splitlines()
    (row,) = (n for n, line in enumerate(lines) if "an app handed something in" in line)
    assert max(map(len, lines)) <= 80
    assert lines[row + 1].startswith("    ")


def test_without_a_log_it_is_undecidable_and_exit_code_9(folder: Path) -> None:
    ran = call("audit", "timeline", "rec")
    assert ran.code == 9
    assert "Undecidable. No sign-in log was given." in ran.out


def test_json_has_the_same(folder: Path) -> None:
    ran = call("audit", "timeline", "rec", "--sign-ins", "log.json", "-o", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["answers"][0]["answer"]) == (0, "no")
    assert [each["source"] for each in found["events"]].count("Entra") == 2


def test_html_is_one_file_without_a_script_or_an_address(folder: Path) -> None:
    ran = call("audit", "timeline", "rec", "--sign-ins", "log.json", "-o", "html")
    assert ran.code == 0
    assert ran.out.startswith("<!doctype html>")
    assert "<script" not in ran.out
    assert not re.search(r"(?:src|href)=\"(?!#)", ran.out)
    assert "events from the recording and Entra’s sign-in log, in UTC" in ran.out, "no browser's"


def test_no_secret_of_the_recording_is_shown(folder: Path) -> None:
    case = timelines.honest().case
    redirect = next(item for item in case.items if item.kind.value == "redirect")
    assert len(redirect.get("code") or "") > 40
    for form in ("text", "json", "html"):
        ran = call("audit", "timeline", "rec", "--har", "browser.har", "-o", form)
        text = (folder / "rec" / "002.redirect.request.bin").read_bytes().decode()
        for value in re.findall(r"(?:code|state)=([^& ]+)", text):
            assert value not in ran.out


def test_text_of_strangers_moves_no_terminal_and_makes_no_markup(folder: Path) -> None:
    log = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    for row in log["value"]:
        row["resourceDisplayName"] = "\x1b[2J\u202e<script>alert(1)</script>"
        row["ipAddress"] = "1\n2\x07"
    (folder / "hostile.json").write_text(json.dumps(log), encoding="utf-8")
    for form in ("text", "json", "html"):
        ran = call("audit", "timeline", "rec", "--sign-ins", "hostile.json", "-o", form)
        assert ran.code == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", ran.out)
        if form == "html":
            assert "<script" not in ran.out


def test_the_word_of_the_exporter_is_taken(folder: Path) -> None:
    young = json.loads((folder / "log.json").read_text(encoding="utf-8"))
    young["value"] = [row for row in young["value"] if "T12:" in row["createdDateTime"]]
    (folder / "young.json").write_text(json.dumps(young), encoding="utf-8")
    ran = ("audit", "timeline", "rec", "--sign-ins", "young.json")
    assert "Undecidable until 2026-01-01 14:10:0" in call(*ran).out
    assert call(*ran, "--exported-at", "2026-01-01T15:00:00Z").code == 0
    assert call(*ran, "--exported-at", "2026-01-01T14:00:00Z").code == 9


REFUSED = [
    ((), 2, "needs a recording"),
    (("nowhere",), 8, "cannot be read"),
    (("rec", "--sign-ins", "nowhere"), 8, "cannot be read"),
    (("rec", "--sign-ins", "browser.har"), 2, "no sign-in log"),
    (("rec", "--sign-ins", "cut.json"), 2, "no sign-in log"),
    (("rec", "--har", "log.json"), 2, ""),
    (("rec", "--har", "nowhere"), 8, "cannot be read"),
    (("rec", "--exported-at", "yesterday"), 2, "no time in UTC"),
    (("text",), 2, "neither a HAR file"),
]


@pytest.mark.parametrize(("arguments", "code", "why"), REFUSED)
def test_what_cannot_be_joined_is_refused(
    arguments: tuple[str, ...], code: int, why: str, folder: Path
) -> None:
    (folder / "cut.json").write_bytes((folder / "log.json").read_bytes()[:-400])
    (folder / "text").write_text("nothing", encoding="utf-8")
    ran = call("audit", "timeline", *arguments)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert why in error_of(ran)[0]
    assert "Next: " in ran.err


@needs.posix
def test_the_commands_of_the_page_run_and_the_examples_say_what_they_are(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples" / "timeline")
    python = f"{shlex.quote(sys.executable)} -P -m entra_oauth"
    environ = {"PATH": os.defpath, "HOME": str(tmp_path), "PYTHONPATH": str(pages.ROOT)}
    outs = []
    for command in pages.commands(PAGE):
        done = subprocess.run(
            command.replace("entra-oauth", python, 1),
            shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), command
        outs.append(done.stdout)
    assert "anyone else? No." in outs[0]
    assert "cannot tell yet" in outs[1]
    assert outs[2] == "look at it\n"
    page = (tmp_path / "timeline.html").read_text(encoding="utf-8")
    assert "Yes" in page
    assert "PRACTICE" in page
