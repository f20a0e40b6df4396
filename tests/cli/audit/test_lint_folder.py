"""audit lint FOLDER -o jsonl: rows on standard output, progress for people, one exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kit import needs
from kit.audit.corpus import make_corpus
from kit.command_line import call, error_of
from kit.recordings import PLANTED

BARE = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=a"


def test_each_line_is_a_row_and_the_sum_is_said(tmp_path: Path) -> None:
    folder = make_corpus(tmp_path / "all", 30)
    ran = call("audit", "lint", str(folder), "-o", "jsonl", "--jobs", "2")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 9
    assert len({row["file"] for row in rows}) == 30
    assert sum(row["outcome"] == "error" for row in rows) == 10
    assert "Judged: 30. Findings: " in ran.err
    assert "Could not be judged: 10." in ran.err
    assert not any(secret in ran.both for secret in PLANTED)


def test_the_exit_code_is_that_of_the_worst_or_of_what_could_not_be_judged(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(BARE)
    lines = call("audit", "lint", str(tmp_path), "-o", "jsonl").out.splitlines()
    found = [json.loads(line) for line in lines]
    levels = {row["severity"] for row in found}
    assert "error" in levels
    off = tmp_path.parent / "policy.toml"
    rules = {row["rule"] for row in found if row["severity"] == "error"}
    off.write_text("[levels]\n" + "".join(f'{rule} = "note"\n' for rule in rules))
    quiet = ("audit", "lint", str(tmp_path), "-o", "jsonl", "--policy", str(off))
    assert call(*quiet).code == 0
    assert call(*quiet, "--fail-on", "note").code == 9
    (tmp_path / "b").write_text("")
    assert call(*quiet).code == 9


def test_a_folder_of_recordings_is_told_the_option_that_judges_them(tmp_path: Path) -> None:
    make_corpus(tmp_path / "all", 30)
    ran = call("audit", "lint", str(tmp_path / "all"))
    assert (ran.code, ran.out) == (2, "")
    assert "is no recording: it has no SHA256SUMS" in ran.err
    assert "-o jsonl" in ran.err


def test_an_empty_folder_has_no_rows(tmp_path: Path) -> None:
    ran = call("audit", "lint", str(tmp_path), "-o", "jsonl", "--jobs", "2")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "what", "advice"),
    [
        (("{}", "--jobs", "2"), "--jobs is for a folder", "Add -o jsonl"),
        (("{}", "--jobs", "0", "-o", "jsonl"), "--jobs", ""),
        (("{}/none", "-o", "jsonl"), "does not exist", "Name the folder"),
        (("{}", "-o", "jsonl", "--policy", "{}/none"), "none", ""),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str, ...], what: str, advice: str, tmp_path: Path
) -> None:
    ran = call("audit", "lint", *(each.format(tmp_path) for each in arguments))
    said = error_of(ran)
    assert ran.code in (2, 8)
    assert what in said[0]
    assert advice in said[1]
    assert ran.out == ""


@needs.posix
def test_memory_does_not_grow_with_the_number_of_recordings(tmp_path: Path) -> None:
    """In the command's own process and in the one that judges: ten times as many need no more."""
    script = (
        "import resource, sys; from entra_oauth.cli import main; main(sys.argv[1:]); "
        "of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN); "
        "print(*(resource.getrusage(each).ru_maxrss for each in of), file=sys.stderr)"
    )
    most = []
    for count in (300, 3000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:05d}").write_text(BARE)
        command = [sys.executable, "-c", script, *("audit", "lint", str(folder), "-o", "jsonl")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.count("\n") >= count
        most.append([int(each) for each in done.stderr.splitlines()[-1].split()])
    for few, many in zip(*most, strict=True):
        assert many - few < 3 * 1024  # KiB; the names alone take some
