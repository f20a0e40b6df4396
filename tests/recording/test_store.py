"""A recording on disk: whole or not at all, and read with suspicion."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.errors import EntraOAuthError, LocalError, SecurityError, UsageError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Times, Wire
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.files import check_sums, files_of
from entra_oauth.recording.step import Claim, Evidence, LedgerEntry, Level, Seen, steps_of
from entra_oauth.recording.store import check_target, load, read_files, write

POST = b"POST /t/oauth2/v2.0/token HTTP/1.1\r\nHost: login.example\r\nContent-Length: 3\r\n\r\na=b"
OK = b"HTTP/1.1 200 OK\r\ncontent-TYPE:  application/json\r\nContent-Length: 2\r\n\r\n{}"
LINK = Wire(
    sent=POST,
    received=OK,
    peer="192.0.2.1:443",
    proxy="http://proxy.example:3128",
    tls_version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    certificates=(b"\x30\x03\x02\x01\x05",),
    tunnel_sent=b"CONNECT login.example:443 HTTP/1.1\r\n\r\n",
    times=Times(dns=0.001, connect=0.002, send=0.0, wait=0.1),
)
RECORDING = Recording(
    (
        Exchange(
            event=FrontEvent(Occurred.ASKED),
            request=HttpRequest(method="GET", url="https://login.example/authorize?state=x"),
            response=None,
            started_at=1.0,
            ended_at=1.0,
        ),
        Exchange(
            event=FrontEvent(Occurred.REFUSED, "not ours"),
            request=HttpRequest(
                method="GET",
                url="http://localhost:1/?x",
                headers=(("Host", "localhost:1"),),
                raw=b"GET /?x HTTP/1.1\r\nHost:localhost:1\r\n\r\n",
            ),
            response=HttpResponse(status=400),
            started_at=2.0,
            ended_at=2.0,
        ),
        Exchange(
            request=HttpRequest(method="POST", url="https://login.example/t/oauth2/v2.0/token"),
            response=HttpResponse(status=200, body=b"{}", wire=LINK),
            started_at=3.0,
            ended_at=4.0,
            wire=LINK,
        ),
    )
)
EVIDENCE = Evidence(
    steps=steps_of(RECORDING),
    created_at=5.0,
    level=Level.SECRETS,
    claims=(Claim(name="state-equal", verdict="yes", detail="Equal.", steps=(1, 2)),),
    ledger=(LedgerEntry(kind="state", length=43, tag="0123456789", steps=(1,), sha256="0" * 64),),
    facts={"python": "3.11"},
    not_seen=("The browser's part.",),
)


def written(folder: Path) -> Path:
    write(files_of(EVIDENCE), folder)
    return folder


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    assert load(written(tmp_path / "rec")) == EVIDENCE


def test_steps_hold_the_bytes_of_the_wire_and_say_where_they_are_from() -> None:
    authorize, refused, token = EVIDENCE.steps
    assert [(s.number, s.name, s.channel) for s in EVIDENCE.steps] == [
        (1, "authorize", "front"),
        (2, "redirect-refused", "front"),
        (3, "token", "back"),
    ]
    assert (authorize.request.seen, authorize.response.seen) == (Seen.ADDRESS, Seen.NOTHING)
    assert refused.request.data == b"GET /?x HTTP/1.1\r\nHost:localhost:1\r\n\r\n"
    assert refused.response.data.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (token.request.data, token.response.data) == (POST, OK)
    assert token.http_request.body == b"a=b"
    assert token.http_response is not None
    assert token.http_response.headers[0] == ("content-TYPE", "application/json")
    assert (token.link.sent, token.link.received) == (b"", b"")


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = written(tmp_path / "rec")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    names = sorted(path.name for path in folder.iterdir())
    assert [name for name in names if not name.startswith("certificate-")] == [
        "001.authorize.url",
        "002.redirect-refused.request.bin",
        "002.redirect-refused.response.bin",
        "003.token.request.bin",
        "003.token.response.bin",
        "SHA256SUMS",
        "VERIFY.txt",
        "recording.json",
    ]
    assert len(names) == 9


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum (coreutils)")
def test_sha256sum_agrees_until_one_bit_is_changed(tmp_path: Path) -> None:
    folder = written(tmp_path / "rec")
    command = ["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 0
    path = folder / "003.token.response.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"|")
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
    assert done.returncode == 1


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    assert load(written(tmp_path / "rec")) == EVIDENCE


@pytest.mark.skipif(os.name == "nt", reason="there a rename does not replace an empty folder")
def test_an_empty_folder_is_there_at_each_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rec").mkdir()
    monkeypatch.setattr(Path, "rmdir", lambda folder: pytest.fail("it was taken away first"))
    assert load(written(tmp_path / "rec")) == EVIDENCE


def _link(at: Path) -> None:
    (at.parent / "real").mkdir()
    at.symlink_to(at.parent / "real")


def _occupied(at: Path) -> None:
    at.mkdir()
    (at / "mine").write_text("mine")


def _read_only(at: Path) -> None:
    at.parent.chmod(0o500)


REFUSED: list[tuple[Callable[[Path], object], str]] = [
    (_link, "is a link"),
    (lambda at: at.symlink_to("nowhere"), "is a link"),
    (_occupied, "is not empty"),
    (lambda at: at.write_text("x"), "is not a folder"),
    (os.mkfifo, "is not a folder"),
    (lambda at: at.parent.rmdir(), "the folder above it does not exist"),
    pytest.param(  # type: ignore[list-item]
        _read_only,
        "cannot be written to",
        marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere"),
    ),
]


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_a_place_that_cannot_be_used_is_refused_and_left_as_it_was(
    make: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    above = tmp_path / "above"
    above.mkdir()
    make(above / "rec")
    before = sorted(tmp_path.rglob("*"))
    for attempt in (check_target, written):
        with pytest.raises(LocalError, match=said):
            attempt(above / "rec")
    assert sorted(tmp_path.rglob("*")) == before
    if above.exists():
        above.chmod(0o700)


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    for attempt in (check_target, written):
        with pytest.raises(LocalError, match=r"The recording cannot be written to .*too long"):
            attempt(tmp_path / ("x" * 300))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_looked_into_is_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "rec").mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(LocalError, match=r"cannot be written to .*: Permission denied"):
        check_target(tmp_path / "rec")


def test_each_file_and_then_its_folder_are_on_the_disk_before_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, int]] = []

    def sync(fd: int) -> None:
        assert not (tmp_path / "rec").exists()
        status = os.fstat(fd)
        synced.append((stat.S_ISDIR(status.st_mode), status.st_size))

    monkeypatch.setattr(os, "fsync", sync)
    files = files_of(EVIDENCE)
    write(files, tmp_path / "rec")
    assert synced[:-1] == [(False, len(data)) for data in files.values()]
    assert synced[-1][0]


def test_an_empty_folder_in_one_that_cannot_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rec").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for folder in (tmp_path / "rec", tmp_path / "other"):
        with pytest.raises(LocalError, match="the folder above it cannot be written to"):
            check_target(folder)


_FULL = """
import resource, sys, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
from pathlib import Path
from entra_oauth.errors import LocalError
from entra_oauth.recording.store import write
try:
    write({"one": b"x" * 50, "two": b"x" * 5000}, Path(sys.argv[1]))
except LocalError as error:
    print(error)
"""


def test_a_full_disk_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "rec")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "The recording cannot be written to" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_whoever_stops_the_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(fd: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "rec")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stopped", "seen"), [(OSError(28, "No space"), LocalError), (KeyboardInterrupt(), None)]
)
def test_a_half_that_somebody_else_took_away_changes_nothing_of_what_is_told(
    stopped: BaseException,
    seen: type[BaseException] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(fd: int) -> None:
        (half,) = tmp_path.iterdir()
        shutil.rmtree(half)
        raise stopped

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(seen or type(stopped)):
        written(tmp_path / "rec")
    assert list(tmp_path.iterdir()) == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _rehash(folder: Path) -> None:
    """The work of a careful forger: change a step, and make the list fit."""
    path = folder / "recording.json"
    path.write_bytes(path.read_bytes().replace(b'"started_at": 3.0', b'"started_at": 2.5'))
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in sorted(files.items())
        if name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))
    check_sums({p.name: p.read_bytes() for p in folder.iterdir()})


CHANGED: list[tuple[Callable[[Path], object], type[EntraOAuthError], str]] = [
    (lambda at: _flip(at / "003.token.response.bin"), SecurityError, "003.token.response.bin is"),
    (lambda at: _flip(at / "recording.json"), SecurityError, "recording.json is not"),
    (lambda at: _flip(at / "VERIFY.txt"), SecurityError, "VERIFY.txt is not"),
    (lambda at: (at / "VERIFY.txt").unlink(), SecurityError, "VERIFY.txt is missing"),
    (lambda at: (at / "more.bin").write_text("x"), SecurityError, "was added"),
    (lambda at: (at / "SHA256SUMS").write_text("x\n"), SecurityError, "A line of SHA256SUMS"),
    (lambda at: (at / "SHA256SUMS").unlink(), UsageError, "has no SHA256SUMS"),
    (lambda at: (at / "recording.json").unlink(), UsageError, "recording.json is missing"),
    (lambda at: (at / "sub").mkdir(), UsageError, "no ordinary file"),
    (lambda at: (at / "link").symlink_to("recording.json"), UsageError, "no ordinary file"),
    (_rehash, SecurityError, "the chain is broken"),
]


@pytest.mark.parametrize(("change", "error", "said"), CHANGED)
def test_a_recording_changed_by_hand_is_not_read(
    change: Callable[[Path], object], error: type[EntraOAuthError], said: str, tmp_path: Path
) -> None:
    folder = written(tmp_path / "rec")
    change(folder)
    with pytest.raises(error, match=said):
        load(folder)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(UsageError):
            load(folder)


def test_a_folder_that_may_not_be_looked_into_is_not_called_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    # As root sees every file, the system's refusal is played.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(LocalError, match="cannot be read: Permission denied"):
        load(tmp_path)


def test_a_folder_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.recording.store.MAX_BYTES", 1000)
    with pytest.raises(UsageError, match="larger than a recording"):
        read_files(written(tmp_path / "rec"))


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "entra-oauth/recording/2"}',
        '{"schema": "entra-oauth/recording/1"}',
        "[]",
        "{",
        "{}",
        '{"schema": "entra-oauth/recording/1", "steps": 3, "last": ""}',
    ],
)
def test_another_form_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder = tmp_path / "rec"
    write(
        {"recording.json": text.encode(), "SHA256SUMS": f"{digest}  recording.json\n".encode()},
        folder,
    )
    with pytest.raises(UsageError, match="does not have the form"):
        load(folder)


def test_the_same_recording_gives_the_same_bytes() -> None:
    assert files_of(EVIDENCE) == files_of(replace(EVIDENCE))
