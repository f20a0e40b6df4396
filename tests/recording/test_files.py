"""A recording as files, pure: what is written is read again, and another form is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.recording.files import evidence_from, files_of
from entra_oauth.recording.step import Evidence
from kit import recordings as kit

EVIDENCE = kit.evidence()


def forged(change: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """The files after a change to the record, with chain and list of hashes made to fit."""
    files = files_of(EVIDENCE)
    record = json.loads(files["recording.json"])
    change(record)
    previous = "0" * 64
    for entry in record["steps"]:
        entry["prev"] = previous
        previous = hashlib.sha256(_text(entry)).hexdigest()
    record["last"] = previous
    files["recording.json"] = _text(record)
    names = sorted(name for name in files if name != "SHA256SUMS")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return {**files, "SHA256SUMS": "".join(lines).encode()}


def _text(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=True).encode() + b"\n"


def test_what_is_written_is_read_again() -> None:
    assert evidence_from(files_of(EVIDENCE)) == EVIDENCE
    assert evidence_from(forged(lambda record: None)) == EVIDENCE
    empty = Evidence(steps=(), created_at=1.0, level=EVIDENCE.level)
    assert evidence_from(files_of(empty)) == empty


def test_a_half_that_is_absent_has_neither_file_nor_hash() -> None:
    record = json.loads(files_of(EVIDENCE)["recording.json"])
    absent = record["steps"][0]["response"]
    assert (absent["file"], absent["sha256"], absent["seen"]) == (None, None, "nothing")
    there = record["steps"][2]["response"]
    data = files_of(EVIDENCE)[there["file"]]
    assert there["sha256"] == hashlib.sha256(data).hexdigest()


def _half(number: int, name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda record: record["steps"][number]["response"].update({name: value})


WRONG: list[Callable[[dict[str, Any]], object]] = [
    lambda record: record.update(schema="entra-oauth/recording/2"),
    lambda record: record.update(level="some"),
    lambda record: record.update(created_at="x"),
    lambda record: record.update(facts=5),
    lambda record: record.update(not_seen=[5]),
    *(
        lambda record, name=name: record["claims"][0].update({name: 5})
        for name in ("name", "verdict", "detail", "steps")
    ),
    *(lambda record, name=name: record["ledger"][0].update({name: 5}) for name in ("kind", "tag")),
    lambda record: record["ledger"][0].update(sha256=5),
    lambda record: record["ledger"][0].update(length="x"),
    *(
        lambda record, name=name: record["steps"][0].update({name: 5})
        for name in ("name", "channel", "note", "method", "url", "failure")
    ),
    lambda record: record["steps"][0].update(channel="side"),
    lambda record: record["steps"][0].update(number="x"),
    *(
        lambda record, name=name: record["steps"][2]["link"].update({name: 5})
        for name in ("peer", "proxy", "tls_version", "cipher", "alpn", "tunnel_sent")
    ),
    lambda record: record["steps"][2]["link"]["times_s"].update(dns="x"),
    lambda record: record["steps"][2]["link"]["times_s"].pop("dns"),
    _half(0, "file", "003.token.response.bin"),
    _half(2, "file", None),
    _half(2, "seen", "nothing"),
    _half(2, "seen", "x"),
    _half(2, "original_size", "x"),
    _half(2, "changes", [5]),
    _half(2, "file", "not-there.bin"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_value_of_another_kind_is_refused(number: int) -> None:
    with pytest.raises(UsageError, match="does not have the form"):
        evidence_from(forged(WRONG[number]))


def test_a_file_whose_hash_the_record_does_not_name_is_refused() -> None:
    for number, digest in ((2, "0" * 64), (2, None)):
        with pytest.raises(SecurityError, match=r"003\.token\.response\.bin is not what"):
            evidence_from(forged(_half(number, "sha256", digest)))


def test_a_chain_that_is_cut_at_its_end_is_found() -> None:
    files = files_of(EVIDENCE)
    record = json.loads(files["recording.json"])
    record["steps"].pop()
    files["recording.json"] = _text(record)
    names = sorted(name for name in files if name != "SHA256SUMS")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    files["SHA256SUMS"] = "".join(lines).encode()
    with pytest.raises(SecurityError, match="the chain is broken"):
        evidence_from(files)
