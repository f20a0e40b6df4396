"""Verbs that read a file tell what it needs, stop above what is allowed, and say how far it is."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from entra_oauth.cli.audit import opened, redact
from entra_oauth.recording.importing.memory_need import USUAL_MIB, most_bytes, need_mib
from kit import needs
from kit.command_line import Ran, call


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
    assert ("needs about 6 MiB" if pack is bytes else "needs more than 1 MiB") in said
    assert "--max-memory" in said.partition("Next:")[2]
    assert cleaned(tmp_path, pack(data), "--max-memory", "6")[0] == 0


OAUTH = (
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=a&response_type=code"
)


def sign_in(size: int) -> bytes:
    """A HAR file of an authorize request, and of so many bytes."""
    entry = {
        "request": {"method": "GET", "url": OAUTH},
        "response": {"status": 200, "headers": []},
        "comment": "".join(map(str, range(size)))[:size],
    }
    return json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()


def zipped_sign_in(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.har", sign_in(size))
    return out.getvalue()


READING = {
    "show": ("FILE",),
    "lint": ("FILE", "--fail-on", "error"),
    "diff": ("FILE#1", "FILE#1"),
    "export": ("FILE", "--as", "http"),
    "import": ("FILE", "-o", "REC"),
    "redact": ("FILE",),
}
"""Each verb that reads another program's file, and its words."""


def read_by(verb: str, tmp_path: Path, allowed: int) -> Ran:
    places = {"FILE": str(tmp_path / "x"), "REC": str(tmp_path / "rec")}
    words = READING[verb]
    for mark, place in places.items():
        words = tuple(word.replace(mark, place) for word in words)
    return call("audit", verb, *words, "--max-memory", str(allowed))


MADE = [(verb, sign_in) for verb in READING]
MADE += [(verb, zipped_sign_in) for verb in READING if verb != "redact"]


@pytest.mark.parametrize(("verb", "make"), MADE)
def test_every_verb_that_reads_a_file_has_the_one_rule(
    verb: str, make: Callable[[int], bytes], tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(make(300_000))
    ran = read_by(verb, tmp_path, 2)
    assert ran.code == 2
    assert ran.out == ""
    assert "The file needs about 3 MiB of memory, and 2 are allowed." in ran.err
    assert "--max-memory 3." in ran.err
    assert not (tmp_path / "rec").exists()
    assert read_by(verb, tmp_path, 3).code in (0, 9)


@pytest.mark.parametrize("verb", READING)
def test_a_file_that_unpacks_to_more_is_refused_without_its_size(verb: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(sign_in(1) + b" " * 900_000))
    ran = read_by(verb, tmp_path, 2)
    assert ran.code == 2
    assert "The file needs more than 2 MiB of memory, which are allowed." in ran.err
    assert "--max-memory 4." in ran.err


@pytest.mark.parametrize("verb", READING)
def test_every_verb_that_reads_a_file_tells_a_large_need(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "_TOLD_MIB", 2)
    (tmp_path / "x").write_bytes(sign_in(300_000))
    said = "This takes about 3 MiB of memory.\n"
    assert read_by(verb, tmp_path, 1024).err.count(said) == (2 if verb == "diff" else 1)


@needs.posix
def test_of_a_pipe_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    writer = threading.Thread(target=fill, args=(tmp_path / "x", sign_in(900_000)))
    writer.start()
    ran = read_by("lint", tmp_path, 2)
    writer.join(60)
    assert not writer.is_alive()
    assert ran.code == 2
    assert "needs more than 2 MiB of memory" in ran.err


def fill(pipe: Path, data: bytes) -> None:
    with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as out:
        out.write(data)


def test_a_large_need_is_told_and_a_small_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "MiB" not in cleaned(tmp_path, har())[1]
    monkeypatch.setattr(opened, "_TOLD_MIB", 5)
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
