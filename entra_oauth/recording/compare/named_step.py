"""Requests by their names: a step, an entry of a HAR file, a raw file, a reference.

rec#4          the request of step 4 of the recording in the folder rec
x.har#3        the third entry of a HAR file
a.request.bin  a request as it was on the wire
article:curl   a reference (see `entra_oauth.recording.compare.references`)
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import split_origin
from entra_oauth.recording.compare import references
from entra_oauth.recording.compare.layers import Side
from entra_oauth.recording.files import RECORDING
from entra_oauth.recording.har.har_authority import file_remark
from entra_oauth.recording.har.har_write import recording_id
from entra_oauth.recording.importing.entries import Entry, ForeignFile
from entra_oauth.recording.importing.given import given_file
from entra_oauth.recording.importing.memory_need import USUAL_MIB
from entra_oauth.recording.importing.readers import is_foreign, read_given
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Evidence, Level, Seen, Step, rebuilt
from entra_oauth.recording.store import load
from entra_oauth.recording.story import evidence_remark

__all__ = ["Source", "masking", "named_step", "pair", "shown", "split_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A request, and the recording that it is a step of, if it is one."""

    side: Side
    step: Step | None = None
    evidence: Evidence | None = None


def pair(a: str, b: str, *, max_mib: int = USUAL_MIB) -> tuple[Side, Side]:
    """Both sides by their names. Raises `UsageError`, `LocalError`, `SecurityError`.

    A reference is made to fit the other side, so not both can be `article:curl`. `max_mib` is
    the memory that reading a file may need, in MiB.
    """
    kinds = [references.is_reference(name) and not os.path.exists(name) for name in (a, b)]
    if all(kinds):
        fixed = [_as_captured(name) for name in (a, b)]
        return fixed[0], fixed[1]
    if kinds[0]:
        other = _source(b, max_mib)
        return _reference(a, other), other.side
    if kinds[1]:
        other = _source(a, max_mib)
        return other.side, _reference(b, other)
    return _source(a, max_mib).side, _source(b, max_mib).side


def _as_captured(name: str) -> Side:
    """Of two references, the article's request is the one with the article's values."""
    if name != references.ARTICLE:
        return references.captured(name)
    return replace(references.captured("curl:7.88"), label=name)


def _reference(name: str, other: Source) -> Side:
    if name != references.ARTICLE:
        return references.captured(name, against=other.side)
    if other.step is None or other.evidence is None:
        return references.rendered_alone(other.side)
    return references.rendered(other.step, other.evidence, other.side)


def split_name(name: str) -> tuple[Path, int | None]:
    """`rec#4` as a path and a number. Raises `UsageError` for what is no number."""
    path, mark, number = name.rpartition("#")
    if not mark:
        return Path(name), None
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 7):
        if os.path.exists(name):
            return Path(name), None
        raise UsageError(
            f"{plain(name, limit=80)} does not end in a number.",
            advice="Write rec#4 for step 4 of the recording in the folder rec.",
        )
    return Path(path), int(number)


def named_step(name: str) -> tuple[Evidence, Step]:
    """A step of a recording by `rec#4`. Raises `UsageError`."""
    path, number = split_name(name)
    evidence = load(path)
    if number is None:
        raise UsageError(
            f"{plain(str(path))} is a whole recording; one step is wanted.",
            advice=f"Name it: {_choice(path, evidence)}.",
        )
    step = evidence.step(number)
    if step is None:
        raise UsageError(
            f"{plain(str(path))} has no step {number}.", advice=f"Use {_choice(path, evidence)}."
        )
    return evidence, step


def _choice(path: Path, evidence: Evidence) -> str:
    shown = [
        f"{plain(str(path))}#{s.number} ({plain(s.name, limit=40)})" for s in evidence.steps[:12]
    ]
    return ", ".join(shown) or "another recording: this one is empty"


def _source(name: str, max_mib: int) -> Source:
    path, number = split_name(name)
    if os.path.isdir(path):
        evidence, step = named_step(name)
        return Source(side=_step_side(name, evidence, step), step=step, evidence=evidence)
    given = given_file(path, max_mib=max_mib)
    if number is None and not is_foreign(given.data):
        return Source(side=_raw_side(name, path, given.data))
    file = read_given(given)
    if number is None:
        raise UsageError(
            f"{plain(str(path))} is a {file.kind}; one entry is wanted.",
            advice=f"Name it, such as {plain(str(path))}#3.",
        )
    return Source(side=_entry_side(name, file, number))


def _step_side(name: str, evidence: Evidence, step: Step) -> Side:
    half = step.request
    data = half.data
    if half.seen is Seen.ADDRESS:
        data = rebuilt(step.http_request)
    elif half.seen is Seen.NOTHING:
        raise UsageError(
            f"Step {step.number} holds no request: nothing was sent.", advice="Name another step."
        )
    return Side(
        label=name,
        message=split_message(data),
        exact=half.seen is Seen.WIRE,
        origin="" if evidence.level is Level.NONE else recording_id(evidence),
        tags={entry.tag: entry.length for entry in evidence.ledger if entry.tag},
        link=step.link,
        corrected=frozenset(half.changes),
        authority=evidence_remark(evidence),
        remark="" if half.seen is Seen.WIRE else "put together again, not as it was on the wire",
    )


def _entry_side(name: str, file: ForeignFile, number: int) -> Side:
    entry = next((each for each in file.entries if each.number == number), None)
    if entry is None:
        raise UsageError(
            f"The {file.kind} has no exchange {number}.", advice=_those_there(file.entries)
        )
    if entry.sent:
        message, remark = split_message(entry.sent), ""
    else:
        message = split_message(rebuilt(entry.request))
        remark = f"from a {file.kind}, which does not keep bytes"
    return Side(
        label=name,
        message=message,
        exact=bool(entry.sent),
        body_exact=entry.body_exact,
        origin=entry.recording,
        tags=entry.tags,
        link=entry.link,
        authority=file_remark(file),
        remark=remark,
    )


def _those_there(entries: tuple[Entry, ...]) -> str:
    first = f"; the first is number {entries[0].number}" if entries else ""
    return f"It has {len(entries)}{first}."


def _raw_side(name: str, path: Path, data: bytes) -> Side:
    message = split_message(data)
    if not message.whole or len(message.start.split(b" ")) != 3:
        raise UsageError(
            f"{plain(str(path))} is no HTTP request.",
            advice="Name a file with the bytes of one, from its request line to its body.",
        )
    side = Side(label=name, message=message)
    if (path.parent / RECORDING).is_file():  # one of a recording's own files
        evidence = load(path.parent)
        tags = {entry.tag: entry.length for entry in evidence.ledger if entry.tag}
        return replace(
            side, origin=recording_id(evidence), tags=tags, authority=evidence_remark(evidence)
        )
    return side


def masking() -> Redactor:
    """Takes the secrets out of what is shown; equal values look equal in one run."""
    return Redactor(level=Level.SECRETS, key=secrets.token_bytes(32))


def shown(redactor: Redactor, where: str, name: str, value: str) -> str:
    """One value as it may be shown; see `compare.compare`."""
    if where == "header":
        return redactor.header(name, value).text
    if where == "parameter":
        return redactor.parameter(name, value).text
    origin, target = split_origin(value)
    return redactor.url(target if not origin else value).text
