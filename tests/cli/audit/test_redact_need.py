"""audit redact tells what it needs, stops above what is allowed, and says how far it is."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from entra_oauth.cli.audit import redact
from entra_oauth.recording.har.memory_need import USUAL_MIB, most_bytes, need_mib
from kit.command_line import call


def har(size: int = 0, entries: int = 1) -> bytes:
    entry = {"request": {"method": "GET", "url": "https://a.example/"}, "comment": "a " * size}
    return json.dumps({"log": {"version": "1.2", "entries": [entry] * entries}}).encode()


def cleaned(tmp_path: Path, data: bytes, *words: str) -> tuple[int, str]:
    (tmp_path / "x.har").write_bytes(data)
    out = tmp_path / "clean.har"
    ran = call("audit", "redact", str(tmp_path / "x.har"), "-o", str(out), *words)
    assert out.exists() == (ran.code == 0)
    return ran.code, ran.err


def test_the_need_grows_with_the_file() -> None:
    assert need_mib(0) == 0
    assert need_mib(1) == 1
    assert need_mib(60 * 2**20) == 600
    assert need_mib(most_bytes(USUAL_MIB)) == USUAL_MIB == 1024
    assert need_mib(most_bytes(7)) == 7


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_needs_more_than_is_allowed_stops(pack: type[bytes], tmp_path: Path) -> None:
    data = har(300_000)  # 600 kB
    code, said = cleaned(tmp_path, pack(data), "--max-memory", "1")
    assert code == 2
    assert "needs about" in said
    assert "MiB of memory, and 1 are allowed" in said
    assert "--max-memory" in said.partition("Next:")[2]
    assert cleaned(tmp_path, pack(data), "--max-memory", "6")[0] == 0


def test_a_large_need_is_told_and_a_small_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "MiB" not in cleaned(tmp_path, har())[1]
    monkeypatch.setattr(redact, "_TOLD_MIB", 5)
    (tmp_path / "clean.har").unlink()
    assert "This takes about 6 MiB of memory." in cleaned(tmp_path, har(300_000))[1]


def test_progress_is_told_of_what_takes_longer_than_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr(redact, "monotonic", lambda: next(seconds) / 2)
    code, said = cleaned(tmp_path, har(entries=9))
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("Walk")] == [
        "Walk 1 of 2: entry 2 of 9.",
        "Walk 2 of 2: entry 3 of 9.",
    ]


def test_no_progress_is_told_of_what_is_quick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redact, "monotonic", lambda: 0.0)
    assert "Walk" not in cleaned(tmp_path, har(entries=9))[1]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16", "utf-8"])
def test_what_is_written_is_utf_8_whatever_the_terminal_has(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    words = "Gr\u00fc\u00dfe, \u6f22\u5b57"
    entry = {"request": {"method": "GET", "url": "https://a.example/"}, "comment": words}
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    done = subprocess.run(
        [sys.executable, "-m", "entra_oauth", "audit", "redact", str(file)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert words.encode() in done.stdout
    assert json.loads(done.stdout.decode("utf-8"))["log"]["entries"][0]["comment"] == words


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    ran = call("audit", "redact", str(tmp_path / "none.har"))
    assert ran.code != 0
    assert "cannot be read" in ran.err
