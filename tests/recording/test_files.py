"""A recording as files, pure: what is written is read again, and another form is refused."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.protocol.messages import Times, Wire
from entra_oauth.recording.files import check_sums, evidence_from, files_of, pem
from entra_oauth.recording.step import Claim, Evidence, LedgerEntry, Level
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


def test_what_is_no_json_is_not_written() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            files_of(replace(EVIDENCE, created_at=value))


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


# ---- the list of hashes -----------------------------------------------------------------

Change = Callable[[dict[str, bytes]], object]
GOOD_LINE = "0" * 64 + "  added\n"


def sums(files: dict[str, bytes], change: Callable[[str], str]) -> None:
    files["SHA256SUMS"] = change(files["SHA256SUMS"].decode()).encode()


LISTS: list[tuple[Change, str]] = [
    (lambda f: sums(f, lambda t: t + "x\n"), "A line of SHA256SUMS is not as it was written."),
    (lambda f: sums(f, lambda t: t.replace("  ", " ", 1)), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t.upper()), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t + GOOD_LINE[1:]), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t + t.splitlines()[0] + "\n"), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t + GOOD_LINE.replace("added", "../up")), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t + GOOD_LINE.replace("added", ".dot")), "A line of SHA256SUMS"),
    (lambda f: sums(f, lambda t: t + GOOD_LINE.replace("added", "a" * 122)), "A line of SHA256"),
    (lambda f: sums(f, lambda t: t + GOOD_LINE), "added is missing."),
    (lambda f: f.pop("VERIFY.txt"), "VERIFY.txt is missing."),
    (lambda f: f.update(more=b""), "A file was added that SHA256SUMS does not name: more."),
    (lambda f: f.update({"VERIFY.txt": b"x"}), "VERIFY.txt is not what SHA256SUMS says."),
    (lambda f: f.pop("SHA256SUMS"), "A file was added that SHA256SUMS does not name: 001."),
]


@pytest.mark.parametrize("number", range(len(LISTS)))
def test_the_files_are_exactly_those_of_the_list(number: int) -> None:
    change, said = LISTS[number]
    files = files_of(EVIDENCE)
    change(files)
    with pytest.raises(SecurityError) as caught:
        check_sums(files)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "._recording.json", "desktop.ini"])
def test_litter_of_the_system_is_named_as_such(name: str) -> None:
    with pytest.raises(SecurityError) as caught:
        check_sums({**files_of(EVIDENCE), name: b"x"})
    assert f"lies {name}. Systems leave such files" in str(caught.value)
    assert "Delete it" in str(caught.value)
    with pytest.raises(SecurityError, match=r"A file was added .* not name: zzz"):
        check_sums({**files_of(EVIDENCE), name: b"x", "zzz": b"x"})


def test_a_seal_is_the_one_file_that_the_list_cannot_name() -> None:
    files = files_of(EVIDENCE)
    check_sums(files)
    check_sums({**files, "SHA256SUMS.sig": b"seal"})
    assert evidence_from({**files, "SHA256SUMS.sig": b"seal"}) == EVIDENCE
    lines = files["SHA256SUMS"].decode().splitlines()
    names = [line[66:] for line in lines]
    assert names == sorted(name for name in files if name != "SHA256SUMS")
    longest = "a" * 121
    with_long = {**files, longest: b""}
    sums(with_long, lambda t: f"{t}{hashlib.sha256(b'').hexdigest()}  {longest}\n")
    check_sums(with_long)


def test_without_its_record_it_is_no_recording() -> None:
    files = files_of(EVIDENCE)
    del files["recording.json"]
    with pytest.raises(UsageError, match=r"recording\.json is missing"):
        evidence_from(files)


# ---- what is written --------------------------------------------------------------------


def test_a_certificate_is_text_of_64_characters_in_a_line() -> None:
    text = pem(bytes(range(97))).decode().splitlines()
    assert (text[0], text[-1]) == ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
    assert [len(line) for line in text[1:-1]] == [64, 64, 4]
    assert ssl.PEM_cert_to_DER_cert(pem(bytes(range(97))).decode()) == bytes(range(97))


@pytest.mark.parametrize("text", [b"AA*AA", b"AAA", b"AAAA\nB"])
def test_a_certificate_that_is_none_is_no_part_of_a_recording(text: bytes) -> None:
    first = EVIDENCE.steps[2]
    link = Wire(peer="192.0.2.1:443", certificates=(b"one" * 40,))
    files = files_of(replace(EVIDENCE, steps=(replace(first, link=link),)))
    (name,) = (name for name in files if name.startswith("certificate-"))
    whole = files[name]
    files[name] = b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----\n"
    new, old = (hashlib.sha256(data).hexdigest() for data in (files[name], whole))
    sums(files, lambda lines: lines.replace(old, new))
    with pytest.raises(UsageError, match="does not have the form"):
        evidence_from(files)


def test_all_that_is_known_of_a_connection_is_read_again() -> None:
    link = Wire(
        peer="192.0.2.1:443",
        proxy="http://proxy.example",
        tls_version="TLSv1.3",
        cipher="c",
        alpn="http/1.1",
        certificates=(b"one" * 40, b"two"),
        reused=True,
        times=Times(dns=1.0, connect=2.0, tunnel=3.0, tls=4.0, send=5.0, wait=6.0, receive=7.0),
        tunnel_sent=b"CONNECT \xff",
        tunnel_received=b"HTTP/1.1 200 \xfe",
    )
    first = EVIDENCE.steps[2]
    half = replace(first.request, original_size=None, changes=("chunks", "trailer"))
    step = replace(first, link=link, failure="Broken", attempt=2, request=half, note="\u00e9")
    claim = Claim(name="n", verdict="v", detail="d", steps=(1, 2))
    entry = LedgerEntry(kind="at", length=None, tag="", steps=(3,), sha256=None)
    whole = Evidence(
        steps=(step,),
        created_at=1.5,
        level=Level.PII,
        claims=(claim,),
        ledger=(entry, replace(entry, length=5, tag="t", sha256="s")),
        facts={"a": [1, None]},
        not_seen=("This.",),
    )
    files = files_of(whole)
    assert evidence_from(files) == whole
    assert files["recording.json"].isascii()
    assert files["recording.json"].endswith(b"}\n")
    again = files_of(replace(whole, steps=(replace(step, link=replace(link, reused=False)),)))
    assert not evidence_from(again).steps[0].link.reused


def test_only_where_nothing_was_taken_out_there_is_a_warning() -> None:
    for level in Level:
        text = files_of(replace(EVIDENCE, level=level))["VERIFY.txt"].decode()
        assert text.startswith("WARNING: nothing was taken out") is (level is Level.NONE)
        assert "sha256sum" in text


def test_an_address_is_a_file_of_its_own_kind() -> None:
    files = files_of(EVIDENCE)
    assert [name for name in files if name.endswith(".url")] == ["001.authorize.url"]
    assert "003.token.request.bin" in files


@pytest.mark.parametrize("number", [0, 3])
def test_a_step_that_was_changed_breaks_the_chain(number: int) -> None:
    files = files_of(EVIDENCE)
    record = json.loads(files["recording.json"])
    record["steps"][number]["note"] = "another"
    files["recording.json"] = _text(record)
    names = sorted(name for name in files if name != "SHA256SUMS")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    files["SHA256SUMS"] = "".join(lines).encode()
    with pytest.raises(SecurityError, match="the chain is broken"):
        evidence_from(files)


def test_no_repr_of_a_recording_shows_its_bytes() -> None:
    for shown in (EVIDENCE, *EVIDENCE.steps, *(step.request for step in EVIDENCE.steps)):
        assert "client_id" not in repr(shown)
        assert "CONNECT" not in repr(shown)


def test_only_the_seals_by_sign_in_are_counted_and_not_what_lies_beside_them() -> None:
    files = {
        **files_of(EVIDENCE),
        "SHA256SUMS.sig": b"s",
        "SHA256SUMS.sign-in-1.json": b"{}",
        "SHA256SUMS.sign-in-1.json.tsr": b"t",
        "SHA256SUMS.sign-in-12.json": b"{}",
    }
    manifest = evidence_from(files).manifest
    assert manifest is not None
    assert (manifest.sums, manifest.signature, manifest.sign_ins) == (files["SHA256SUMS"], b"s", 2)
    plain = evidence_from(files_of(EVIDENCE)).manifest
    assert plain is not None
    assert (plain.signature, plain.sign_ins) == (None, 0)
