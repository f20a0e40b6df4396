"""All readers alike: known by content, and no bytes whatever break one or come out in an error."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.errors import EntraOAuthError, UsageError
from entra_oauth.recording.importing.entries import MAX_ENTRIES, ForeignFile, refuse_many
from entra_oauth.recording.importing.readers import READERS, is_foreign
from kit.canaries import assert_clean
from kit.command_line import call
from kit.foreign.files import (
    MESSAGES,
    brought,
    burp,
    cassette,
    curl_trace,
    curl_verbose,
    flows,
    har_zip,
    saz,
)

SAMPLES = {
    "zipped HAR": (har_zip(), "HAR file"),
    "SAZ": (saz(), "session archive of Fiddler (SAZ)"),
    "curl --trace": (curl_trace(), "trace of curl"),
    "curl -v": (curl_verbose(), "output of curl -v"),
    "mitmproxy": (flows(), "flow file of mitmproxy"),
    "Burp": (burp(), "file of Burp's saved items"),
    "vcrpy": (cassette(), "cassette of vcrpy"),
}
EACH = pytest.mark.parametrize("name", SAMPLES)
PACKINGS = [
    bytes,
    gzip.compress,
    zlib.compress,
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.decode().encode("utf-16"),
]


@EACH
def test_a_file_is_known_by_what_is_in_it(name: str) -> None:
    data, kind = SAMPLES[name]
    assert is_foreign(data)
    file = brought(data)
    assert file.kind == kind
    assert [entry.request.path.rpartition("/")[2] for entry in file.entries] == [
        "authorize",
        "",
        "token",
    ]
    assert sum(reader.start.match(data) is not None for reader in READERS) == 1


@pytest.mark.parametrize("name", ["curl --trace", "Burp", "vcrpy"])
@pytest.mark.parametrize("pack", PACKINGS)
def test_it_is_known_however_it_is_packed(name: str, pack: object) -> None:
    assert callable(pack)
    packed = pack(SAMPLES[name][0])
    assert is_foreign(packed)
    assert len(brought(packed).entries) == 3


@pytest.mark.parametrize("data", [b"", b"hello", b"https://a/", MESSAGES[2][1], b"<html>", b"*"])
def test_what_is_no_file_of_another_program_is_none(data: bytes) -> None:
    assert not is_foreign(data)


def _read(data: bytes) -> ForeignFile | None:
    """What is read, or None where it was refused: in words that hold nothing of the file."""
    refusal: EntraOAuthError | None = None
    try:
        return brought(data)
    except EntraOAuthError as error:
        refusal = error
    assert_clean(refusal)
    assert refusal.what.endswith(".")
    assert refusal.advice.endswith(".")
    return None


@EACH
@given(data=st.data())
@settings(max_examples=30)
def test_a_file_that_is_cut_off_is_refused_or_says_that_it_may_be(
    name: str, data: st.DataObject
) -> None:
    whole = SAMPLES[name][0]
    cut = data.draw(st.integers(1, len(whole) - 2))
    read = _read(whole[:cut])
    if read is None:
        return
    assert name in ("curl --trace", "curl -v")
    said = any("it may be cut off" in line for line in read.not_kept)
    # Between two exchanges nothing tells that there was to be another.
    assert said or len(read.entries) == whole[:cut].count(b"left intact")


@EACH
@given(data=st.data())
@settings(max_examples=40)
def test_bytes_changed_anywhere_break_no_reader(name: str, data: st.DataObject) -> None:
    changed = bytearray(SAMPLES[name][0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    _read(bytes(changed))


STARTS = [b"PK\x03\x04", b"== Info: ", b"=> Send header, 3 bytes (0x3)\n", b"* Trying \n", b"> "]
STARTS += [b"9:9:websocket;", b'<items burpVersion="1">', b"interactions:\n", b'{"interactions": ']
STARTS += [b'{"log": ', b"\x1f\x8b", b"\x78\x9c", b"\xff\xfe", b""]


@given(st.sampled_from(STARTS), st.binary(max_size=80))
def test_no_bytes_whatever_break_a_reader(start: bytes, rest: bytes) -> None:
    _read(start + rest)


@EACH
def test_of_a_file_that_is_cut_off_nothing_is_written(name: str, tmp_path: Path) -> None:
    file, folder = tmp_path / "x", tmp_path / "rec"
    whole = SAMPLES[name][0]
    file.write_bytes(whole[: len(whole) * 2 // 3])
    ran = call("audit", "import", str(file), "-o", str(folder))
    if name == "curl -v":  # nothing tells a head that is cut from one that is short
        return
    assert ran.code == 2, ran.both
    assert_clean(ran.both)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_more_entries_than_are_read_are_refused() -> None:
    refuse_many(MAX_ENTRIES, "file")
    with pytest.raises(UsageError, match="more than 50,000 entries"):
        refuse_many(MAX_ENTRIES + 1, "file")
