"""A recording as files, and files as a recording: pure, without a disk.

`recording.json` holds everything that is not bytes of a message. Each step in it
names the hash of the step before, and `SHA256SUMS` names the hash of every file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict
from importlib import resources
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import SecurityError, UsageError, plain
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import Times, Wire
from entra_oauth.recording.step import (
    CHANNELS,
    Claim,
    Evidence,
    Half,
    LedgerEntry,
    Level,
    Manifest,
    Seen,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RECORDING", "SUMS", "check_sums", "evidence_from", "files_of", "pem"]

SCHEMA = "entra-oauth/recording/1"
RECORDING, SUMS, HOW_TO = "recording.json", "SHA256SUMS", "VERIFY.txt"

_LATER = re.compile(rf"{SUMS}(?:\.sig|\.sign-in-[1-9][0-9]?\.json(?:\.tsr)?)?")
"""What the list of hashes cannot name: itself, and what a seal adds."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_SUM = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")
_FIRST = "0" * 64
_LITTER = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def files_of(evidence: Evidence) -> dict[str, bytes]:
    """Every file of a recording by its name, the list of hashes last."""
    files: dict[str, bytes] = {}
    steps, previous = [], _FIRST
    for step in evidence.steps:
        entry = {**_step(step, files), "prev": previous}
        previous = _hash(_json(entry))
        steps.append(entry)
    files[RECORDING] = _json(
        {
            "schema": SCHEMA,
            "created_at": evidence.created_at,
            "level": evidence.level.value,
            "facts": evidence.facts,
            "not_seen": list(evidence.not_seen),
            "claims": [asdict(claim) for claim in evidence.claims],
            "ledger": [asdict(entry) for entry in evidence.ledger],
            "steps": steps,
            "last": previous,
        }
    )
    files[HOW_TO] = _how_to(evidence.level).encode()
    lines = (f"{_hash(files[name])}  {name}\n" for name in sorted(files))
    return {**files, SUMS: "".join(lines).encode()}


def _step(step: Step, files: dict[str, bytes]) -> dict[str, Any]:
    halves = {}
    for direction, half in (("request", step.request), ("response", step.response)):
        name = None
        if half.seen is not Seen.NOTHING:
            name = step.file_name(direction)
            files[name] = half.data
        halves[direction] = {
            "file": name,
            "sha256": _hash(half.data) if name else None,
            "seen": half.seen.value,
            "original_size": half.original_size,
            "changes": list(half.changes),
        }
    return {
        "number": step.number,
        "name": step.name,
        "channel": step.channel,
        "note": step.note,
        "method": step.method,
        "url": step.url,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "failure": step.failure,
        "attempt": step.attempt,
        **halves,
        "link": _link(step.link, files),
    }


def _link(link: Wire, files: dict[str, bytes]) -> dict[str, Any]:
    names = []
    for der in link.certificates:
        name = f"certificate-{_hash(der)[:16]}.pem"
        files[name] = pem(der)
        names.append(name)
    return {
        "peer": link.peer,
        "proxy": link.proxy,
        "tls_version": link.tls_version,
        "cipher": link.cipher,
        "alpn": link.alpn,
        "certificates": names,
        "kept": link.reused,
        "times_s": asdict(link.times),
        "tunnel_sent": link.tunnel_sent.decode("latin-1"),
        "tunnel_received": link.tunnel_received.decode("latin-1"),
    }


def pem(der: bytes) -> bytes:
    """A certificate as text (RFC 7468)."""
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    ends = "-----{} CERTIFICATE-----"
    return "\n".join([ends.format("BEGIN"), *lines, ends.format("END"), ""]).encode("ascii")


def _der(data: bytes) -> bytes:
    return base64.b64decode(b"".join(data.splitlines()[1:-1]), validate=True)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- reading ------------------------------------------------------------------------


def check_sums(files: Mapping[str, bytes]) -> None:
    """Raise `SecurityError` unless the files are exactly those that the list names."""
    listed: dict[str, str] = {}
    for line in files.get(SUMS, b"").decode("utf-8", "replace").splitlines():
        match = _SUM.fullmatch(line)
        if match is None or not _NAME.fullmatch(match[2]) or match[2] in listed:
            raise _changed(f"A line of {SUMS} is not as it was written.")
        listed[match[2]] = match[1]
    present = {name for name in files if not _LATER.fullmatch(name)}
    if missing := sorted(set(listed) - present):
        raise _changed(f"{plain(missing[0])} is missing.")
    if added := sorted(present - set(listed), key=lambda name: (is_litter(name), name)):
        if is_litter(added[0]):
            raise SecurityError(
                f"Beside the files of this recording lies {plain(added[0])}. Systems leave such "
                "files in folders that are looked at or copied; it is none of the recording's.",
                advice="Delete it, and run this again.",
            )
        raise _changed(f"A file was added that {SUMS} does not name: {plain(added[0])}.")
    for name, digest in listed.items():
        if _hash(files[name]) != digest:
            raise _changed(f"{name} is not what {SUMS} says.")


def is_litter(name: str) -> bool:
    """True for the name of a file that macOS or Windows puts into folders by itself."""
    return name.lower() in _LITTER or name.startswith("._")


def evidence_from(files: Mapping[str, bytes]) -> Evidence:
    """The recording that these files hold; nothing else is read.

    Raises `UsageError` if they hold none, `SecurityError` if one was changed.
    """
    if RECORDING not in files:
        raise _no_recording(f"{RECORDING} is missing")
    check_sums(files)
    try:
        return _read(read_object(files[RECORDING]), files)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _no_recording(f"{RECORDING} does not have the form of {SCHEMA}") from None


def _read(record: dict[str, Any], files: Mapping[str, bytes]) -> Evidence:
    if record["schema"] != SCHEMA:
        raise ValueError("another version")
    previous = _FIRST
    for entry in record["steps"]:
        if entry["prev"] != previous:
            raise _changed("A step was changed, added or taken out: the chain is broken.")
        previous = _hash(_json(entry))
    if record["last"] != previous:
        raise _changed("A step was changed, added or taken out: the chain is broken.")
    return Evidence(
        steps=tuple(_step_from(entry, files) for entry in record["steps"]),
        created_at=float(record["created_at"]),
        level=Level(record["level"]),
        claims=tuple(
            Claim(
                name=_text(each["name"]),
                verdict=_text(each["verdict"]),
                detail=_text(each["detail"]),
                steps=tuple(map(int, each["steps"])),
            )
            for each in record["claims"]
        ),
        ledger=tuple(
            LedgerEntry(
                kind=_text(each["kind"]),
                length=_maybe(int, each["length"]),
                tag=_text(each["tag"]),
                steps=tuple(map(int, each["steps"])),
                sha256=_maybe(_text, each["sha256"]),
            )
            for each in record["ledger"]
        ),
        facts=dict(record["facts"]),
        not_seen=tuple(map(_text, record["not_seen"])),
        manifest=Manifest(
            files[SUMS],
            files.get(f"{SUMS}.sig"),
            sum(name.startswith(f"{SUMS}.sign-in-") and name.endswith(".json") for name in files),
        ),
    )


def _step_from(entry: dict[str, Any], files: Mapping[str, bytes]) -> Step:
    return Step(
        number=int(entry["number"]),
        name=_text(entry["name"]),
        channel=_channel(entry["channel"]),
        note=_text(entry["note"]),
        method=_text(entry["method"]),
        url=_text(entry["url"]),
        request=_half_from(entry["request"], files),
        response=_half_from(entry["response"], files),
        started_at=float(entry["started_at"]),
        ended_at=float(entry["ended_at"]),
        failure=_maybe(_text, entry["failure"]),
        attempt=int(entry["attempt"]),
        link=_link_from(entry["link"], files),
    )


def _half_from(entry: dict[str, Any], files: Mapping[str, bytes]) -> Half:
    name, seen = entry["file"], Seen(entry["seen"])
    if (name is None) != (seen is Seen.NOTHING):
        raise ValueError("a file for nothing")
    data = b"" if name is None else files[name]
    if name is not None and _hash(data) != entry["sha256"]:
        raise _changed(f"{plain(name)} is not what {RECORDING} says.")
    return Half(
        data=data,
        seen=seen,
        original_size=_maybe(int, entry["original_size"]),
        changes=tuple(map(_text, entry["changes"])),
    )


def _link_from(entry: dict[str, Any], files: Mapping[str, bytes]) -> Wire:
    names = ("dns", "connect", "tunnel", "tls", "send", "wait", "receive")
    times = entry["times_s"]
    return Wire(
        peer=_maybe(_text, entry["peer"]),
        proxy=_maybe(_text, entry["proxy"]),
        tls_version=_maybe(_text, entry["tls_version"]),
        cipher=_maybe(_text, entry["cipher"]),
        alpn=_maybe(_text, entry["alpn"]),
        certificates=tuple(_der(files[name]) for name in entry["certificates"]),
        reused=bool(entry["kept"]),
        times=Times(**{name: _maybe(float, times[name]) for name in names}),
        tunnel_sent=_text(entry["tunnel_sent"]).encode("latin-1"),
        tunnel_received=_text(entry["tunnel_received"]).encode("latin-1"),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _channel(value: object) -> str:
    if value not in CHANNELS:
        raise ValueError("no channel that is known")
    return _text(value)


def _maybe(read: Any, value: object) -> Any:
    return None if value is None else read(value)


def _changed(what: str) -> SecurityError:
    return SecurityError(
        f"This recording is not as it was written. {what}",
        advice="Do not rely on it. Ask for another copy, and check that with its seal.",
    )


def _no_recording(why: str) -> UsageError:
    return UsageError(
        f"This is no recording of entra-oauth: {why}.",
        advice="Name a folder that --record has written.",
    )


def _how_to(level: Level) -> str:
    how = resources.files(__package__).joinpath("how_to_verify.txt").read_text("utf-8")
    warning = "WARNING: nothing was taken out of this recording. It holds codes and tokens.\n\n"
    return f"{warning}{how}" if level is Level.NONE else how
