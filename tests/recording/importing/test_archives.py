"""Zip archives: Playwright's HAR with its bodies in files, and Fiddler's sessions."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.recording.importing.containers.archive import open_archive
from entra_oauth.recording.importing.given import files_beside
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Seen
from kit import needs
from kit.canaries import CODE, refused
from kit.foreign.files import ANSWER, CHUNKED, MESSAGES, PLANTED, brought, har_zip, imported, zipped
from kit.foreign.files import saz as saz_of
from kit.sweep import assert_swept


def test_bodies_in_files_of_their_own_are_put_where_they_belong() -> None:
    file = brought(har_zip())
    assert file.origin == "a zipped HAR file of Playwright, version 1.2"
    authorize, _, token = file.entries
    assert authorize.response is not None
    assert authorize.response.body == b"<html></html>"
    assert token.request.body == MESSAGES[2][1].partition(b"\r\n\r\n")[2]
    assert token.body_exact
    assert token.response is not None
    assert token.response.body == ANSWER


def test_a_body_whose_file_is_not_there_is_one_that_was_not_kept() -> None:
    token = brought(har_zip({})).entries[2]
    assert (token.request.body, token.body_exact) == (b"", False)


@pytest.mark.parametrize("make", [har_zip, saz_of])
def test_what_is_imported_of_an_archive_holds_no_secret(make: object) -> None:
    assert callable(make)
    done = imported(make())
    assert [s.name for s in done.evidence.steps] == ["authorize", "redirect", "token"]
    for data in finished_files(done.evidence, done.recording).values():
        assert_swept(data, [*PLANTED, CODE])


def test_a_session_of_fiddlers_keeps_its_bytes_its_address_and_its_times() -> None:
    file = brought(saz_of())
    assert [entry.number for entry in file.entries] == [2, 3, 4]
    assert [entry.request.url.partition("?")[0] for entry in file.entries] == [
        "https://login.microsoftonline.com/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/authorize",
        "http://localhost:8400/",
        "https://login.microsoftonline.com/a1bc2d34-5e67-8f89-01ab-c2345d6c78de/oauth2/v2.0/token",
    ]
    token = file.entries[2]
    assert (token.sent, token.received) == MESSAGES[2][1:]
    assert token.response is not None
    assert token.response.body == ANSWER
    assert (token.started_at, round(token.duration_s, 3)) == (1795597204.123456, 0.5)
    assert "1 were left out" in file.not_kept[0]
    step = imported(saz_of()).evidence.steps[2]
    assert (step.request.seen, step.response.seen) == (Seen.WIRE, Seen.WIRE)
    assert b"Transfer-Encoding: chunked" in step.response.data


def test_an_absolute_request_line_is_an_address_and_not_what_was_sent_on() -> None:
    sent = MESSAGES[2][1].replace(b"POST /", b"POST https://login.microsoftonline.com/", 1)
    (entry,) = brought(zipped({"raw/07_c.txt": sent, "raw/7_s.txt": CHUNKED})).entries
    assert entry.number == 7
    assert entry.request.url.startswith("https://login.microsoftonline.com/a1bc")
    assert entry.sent == b""
    (step,) = imported(zipped({"raw/07_c.txt": sent, "raw/7_s.txt": CHUNKED})).evidence.steps
    assert (step.request.seen, step.response.seen) == (Seen.REBUILT, Seen.REBUILT)


def test_a_tunnel_says_that_what_follows_is_https() -> None:
    def session(host: str) -> bytes:
        return f"GET /oauth2/token HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    members = {
        "RAW/1_C.TXT": b"CONNECT A.example:8443 HTTP/1.1\r\n\r\n",
        "raw/2_c.txt": session("a.example:8443"),
        "raw/3_c.txt": session("b.example:8443"),
        "raw/4_c.txt": session("c.example"),
        "raw/5_c.txt": session(""),
    }
    file = brought(zipped(members))
    assert [entry.request.url.partition("/oauth2")[0] for entry in file.entries] == [
        "https://a.example:8443",
        "http://b.example:8443",
        "https://c.example",
    ]
    assert file.unusable == (5,)


@pytest.mark.parametrize(
    ("timers", "began", "took"),
    [
        ('ClientBeginRequest="2026-11-25T09:00:00Z"', 1795597200.0, 0.0),
        (
            'ClientBeginRequest="2026-11-25T09:00:00Z" ServerDoneResponse="0001-01-01T00:00:00" '
            'ClientDoneResponse="2026-11-25T09:00:02Z"',
            1795597200.0,
            2.0,
        ),
        ('ClientBeginRequest="0001-01-01T00:00:00"', 0.0, 0.0),
        ('ClientBeginRequest="yesterday"', 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_times_that_were_not_set_are_not_known(timers: str, began: float, took: float) -> None:
    about = f"<Session><SessionTimers {timers}/></Session>".encode()
    (entry,) = brought(zipped({"raw/1_c.txt": MESSAGES[2][1], "raw/1_m.xml": about})).entries
    assert (entry.started_at, entry.duration_s) == (began, took)


def test_a_session_without_an_answer_or_without_sense_is_said() -> None:
    file = brought(
        zipped({"raw/1_c.txt": MESSAGES[2][1], "raw/2_c.txt": b"\0", "raw/3_s.txt": b""})
    )
    assert [(e.number, e.response) for e in file.entries] == [(1, None)]
    assert file.unusable == (2, 3)


def _with(name: str = "x.har", mode: int = 0, data: bytes = b"{}", flags: int = 0) -> bytes:
    """One member under this name, as a program of bad will would write it."""
    out = io.BytesIO()
    about = zipfile.ZipInfo(name)
    about.external_attr = mode << 16
    about.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(about, data)
    packed = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.find(mark) + at] |= flags
    return bytes(packed)


HAR = b'{"log": {"entries": []}}'
REFUSED = [
    (har_zip()[:-30], "cut off or broken: it has no end"),
    (har_zip()[30:], "no HAR file"),
    (b"PK\x03\x04", "cut off or broken: it has no end"),
    (b"PK\x05\x06" + bytes(18), "neither a HAR file"),
    (zipped({"a.txt": b""}), "neither a HAR file"),
    (zipped({"0-meta.json": b"{}"}), "session of Charles"),
    (zipped({"a.har": HAR, "b.har": HAR}), "are 2 HAR files"),
    (zipped({"a.har": b"x"}), "This is no HAR file"),
    (zipped({"a.har": saz_of()}), "Entry 1 of the zip archive is an archive itself"),
    (zipped({f"{n}": b"" for n in range(1_001)}), "more than 1,000 entries"),
    (zipped({"a.har": bytes(2**21)}), "more than 200 times"),
    (_with(""), "neither a HAR file"),
    (_with("../x.har"), "leads out of it"),
    (_with("a/../../x.har"), "leads out of it"),
    (_with("/etc/x.har"), "leads out of it"),
    (_with("C:/x.har"), "leads out of it"),
    (_with("..\\x.har"), "leads out of it"),
    (_with(mode=stat.S_IFLNK | 0o777), "is a link"),
    (_with(flags=1), "is encrypted"),
    (zipped({"a.har": HAR}, zipfile.ZIP_BZIP2), "packed in a way"),
    (zipped({"raw/1_c.txt": b"x", "raw/1_m.xml": b"<a"}), "raw/1_m.xml of the archive cannot be"),
    (
        zipped({"raw/1_c.txt": b"x", "raw/1_m.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "declares an entity",
    ),
]


@pytest.mark.parametrize(("data", "said"), REFUSED)
def test_an_archive_that_is_none_or_would_unfold_is_refused(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        brought(data)
    assert said in caught.value.what


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("entra_oauth.recording.importing.containers.archive.MAX_UNPACKED", 1000)
    with pytest.raises(UsageError, match="unpacks to more than"):
        open_archive(zipped({"a": bytes(600), "b": bytes(600)}))


def test_an_archive_at_each_limit_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(open_archive(zipped({f"{n}": b"" for n in range(1_000)})).names) == 1_000
    monkeypatch.setattr("entra_oauth.recording.importing.containers.archive.MAX_UNPACKED", 1200)
    assert open_archive(zipped({"a": bytes(600), "b": bytes(600)})).read("a") == bytes(600)
    assert open_archive(zipped({"a": b"x"})).read("b") is None


def test_an_archive_with_the_longest_comment_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"x")
        archive.comment = b"c" * 65_535
    assert open_archive(out.getvalue()).read("a") == b"x"


def test_an_archive_that_says_its_number_elsewhere_is_refused() -> None:
    data = zipped({"a": b"x"})
    at = data.rfind(b"PK\x05\x06")
    with pytest.raises(UsageError, match=r"more than 1,000 entries"):
        open_archive(data[:at] + b"PK\x06\x07" + bytes(16) + data[at:])


def test_a_page_of_blanks_is_no_bomb() -> None:
    assert open_archive(zipped({"a": b" " * 65_536})).read("a") == b" " * 65_536
    with pytest.raises(UsageError, match="200 times"):
        open_archive(zipped({"a": b" " * 65_537}))


def test_an_entry_whose_bytes_are_others_than_it_says_is_named() -> None:
    data = zipped({"a.har": HAR, "b.har.txt": b"y" * 50}, zipfile.ZIP_STORED)
    with refused(UsageError) as caught:
        brought(data.replace(b"entries", b"entrieS"))
    assert "Entry 1 of the zip archive cannot be unpacked" in caught.value.what


NOT_FOLLOWED = ["../x", "a/b", "a\\b", "/x", "C:x", ".x", "..", "", "a\0b", "x" * 129, "ünder"]


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_no_name_that_leads_elsewhere_is_followed(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"out of there")
    (tmp_path / "in").mkdir()
    assert files_beside(tmp_path / "in" / "a.har")(name) is None


def test_only_plain_files_beside_it_are_read_and_no_more_than_fits(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(b"1" * 60_000)
    (tmp_path / "b.dat").write_bytes(b"2" * 44_857)  # with the other, all that a MiB is for
    (tmp_path / "c.dat").write_bytes(b"3")
    (tmp_path / "folder").mkdir()
    beside = files_beside(tmp_path / "x.har", max_mib=1)
    assert beside("a.dat") == b"1" * 60_000
    with refused(UsageError) as caught:
        beside("a.dat")
    assert "needs about 2 MiB of memory, and 1 are allowed" in caught.value.what
    assert beside("b.dat") == b"2" * 44_857
    with refused(UsageError):
        beside("c.dat")
    assert beside("folder") is None
    assert beside("missing") is None


@needs.posix
def test_a_link_or_a_pipe_beside_it_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "a.dat")
    os.mkfifo(tmp_path / "pipe")
    beside = files_beside(tmp_path / "x.har")
    assert (beside("link"), beside("pipe")) == (None, None)
