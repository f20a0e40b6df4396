"""Cases from files and words: a recording, another program's file, an address, a request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.case import Case, case_of_evidence, claims_by_step, with_sound_claims
from entra_oauth.audit.classify import StepKind, items_of
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import HttpRequest, parse_form
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.har.har_authority import file_remark
from entra_oauth.recording.importing.entries import Entry, ForeignFile, GivenFile
from entra_oauth.recording.importing.given import given_file
from entra_oauth.recording.importing.memory_need import USUAL_MIB
from entra_oauth.recording.importing.readers import is_foreign, read_given
from entra_oauth.recording.raw import split_message
from entra_oauth.recording.recognise import kind_of
from entra_oauth.recording.step import Evidence, Half, Level, Seen, Step, steps_of
from entra_oauth.recording.store import load

if TYPE_CHECKING:
    from entra_oauth.audit.policy import Policy

__all__ = ["address_case", "given_case", "har_case", "named", "planned", "raw_case"]

_FRONT = ("authorize", "redirect")
_EVENTS = {"authorize": FrontEvent(Occurred.ASKED), "redirect": FrontEvent(Occurred.ACCEPTED)}
_PARAMETERS = frozenset(
    ("client_id", "response_type", "code", "error", "state", "grant_type", "access_token")
)


def named(word: str, *, policy: Policy | None = None, max_mib: int = USUAL_MIB) -> Case:
    """The case that a word names. Raises `UsageError`, `LocalError` and `SecurityError`.

    The word is a folder, a file, or an address; a file is one of another program's (a HAR
    file for one), an address, or one request with its head and body. `max_mib` is the memory
    that reading a file may need, in MiB.
    """
    path = Path(word)
    if "://" in word and not os.path.exists(path):
        return address_case(word, policy=policy)
    if os.path.isdir(path):
        return case_of_evidence(load(path), policy=policy)
    return given_case(given_file(path, max_mib=max_mib), str(path), policy=policy)


def given_case(given: GivenFile, name: str, *, policy: Policy | None = None) -> Case:
    """The case in the bytes of a file. Raises `UsageError`, in which the file has this name."""
    if is_foreign(given.data):
        return file_case(given, policy=policy)
    start = given.data.lstrip(b"\xef\xbb\xbf \t\r\n")
    text = start.decode("utf-8", "replace")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S*\s*\Z", text):
        return address_case(text.rstrip("\r\n"), policy=policy)
    return raw_case(start, name, policy=policy)


def planned(*requests: HttpRequest, policy: Policy | None = None) -> Case:
    """Requests that were not sent yet, in the order in which they would be."""
    exchanges = []
    for at, request in enumerate(requests, start=1):
        kind = kind_of(request) or ""
        exchanges.append(
            Exchange(
                event=_EVENTS.get(kind),
                purpose=kind or "request",
                request=request,
                response=None,
                started_at=float(at),
                ended_at=float(at),
            )
        )
    return _case(steps_of(Recording(tuple(exchanges))), policy=policy, planned=True)


def _case(steps: tuple[Step, ...], *, policy: Policy | None, planned: bool = False) -> Case:
    evidence = Evidence(steps=steps, created_at=0.0, level=Level.NONE)
    return Case(evidence=with_sound_claims(evidence), policy=policy, planned=planned)


# ---- one address, one request ----------------------------------------------------------


def address_case(url: str, *, policy: Policy | None = None) -> Case:
    """An address by itself. Raises `UsageError` if it is none of OAuth's."""
    request = HttpRequest(method="GET", url=url)
    fields = {name for name, _ in parse_form(request.query)}
    kind = kind_of(request)
    if kind is None and not fields & _PARAMETERS:
        raise UsageError(
            "That address has nothing of OAuth in it.",
            advice="Give an authorize address in quotes, such as entra-oauth authorize-url prints.",
        )
    name = kind or ("redirect" if fields & {"code", "error"} else "authorize")
    step = Step(
        number=1,
        name=name,
        channel="front" if name in _FRONT else "back",
        note="given as an address",
        method="GET",
        url=url,
        request=Half(data=url.encode("utf-8", "replace"), seen=Seen.ADDRESS),
        response=Half(),
        started_at=0.0,
        ended_at=0.0,
    )
    return _case((step,), policy=policy, planned=True)


def raw_case(data: bytes, name: str, *, policy: Policy | None = None) -> Case:
    """One request as bytes: request line, headers, body. Raises `UsageError` if it is none."""
    message = split_message(data)
    words = message.start.decode("latin-1").split(" ")
    host = message.header("host") or ""
    if not message.whole or len(words) != 3 or not words[2].startswith("HTTP/"):
        raise UsageError(
            f"{plain(name)} is neither a HAR file nor an address nor an HTTP request.",
            advice="Give a recording's folder, a HAR file, an authorize address, or a file with "
            "the bytes of one request.",
        )
    whole = "://" in words[1].partition("?")[0]
    request = HttpRequest(
        method=words[0],
        url=words[1] if whole else f"https://{host}{words[1]}",
        headers=message.headers,
        body=message.decoded() or b"",
    )
    case = planned(request, policy=policy)
    return replace(case, scheme_known=whole)


# ---- a file of another program ----------------------------------------------------------


def har_case(data: bytes, *, policy: Policy | None = None) -> Case:
    """All exchanges of a HAR file. Raises `UsageError` if there are none of OAuth's."""
    return file_case(GivenFile(data=data), policy=policy)


def file_case(given: GivenFile, *, policy: Policy | None = None) -> Case:
    """All exchanges of a file. Raises `UsageError` if there are none of OAuth's."""
    file = read_given(given)
    log = file.har["log"] if file.har is not None else {}
    raw = dict(enumerate(log.get("entries", ()), start=1))
    about = {entry.number: _own(raw.get(entry.number)) for entry in file.entries}
    ordered = sorted(file.entries, key=lambda entry: entry.started_at)
    steps = tuple(_step(entry, about[entry.number]) for entry in ordered)
    messages = [item for item in items_of(steps) if item.kind is not StepKind.PAGE]
    if not messages:
        raise UsageError(
            f"There is no OAuth exchange among the {len(raw) or len(steps):,} of this {file.kind}.",
            advice="Record again from before the sign-in until it has ended, with the log kept "
            "over page changes.",
        )
    claims = {number: list(_claims(own)) for number, own in about.items()}
    remark = file_remark(file)
    facts = {"authority": remark} if remark else {}
    evidence = Evidence(steps=steps, created_at=0.0, level=Level.NONE, facts=facts)
    if any(claims.values()):
        evidence = replace(evidence, claims=claims_by_step(claims))
    redaction = log.get("_redaction")
    return Case(
        evidence=with_sound_claims(evidence),
        policy=policy,
        browser_side=_is_browsers(file),
        har=dict(file.har) if file.har is not None else None,
        shareable=isinstance(redaction, dict) and redaction.get("level") != Level.NONE,
    )


def _own(entry: Any) -> dict[str, Any]:
    """The member `_step` of a HAR file of ours; empty in anybody else's."""
    value = entry.get("_step") if isinstance(entry, dict) else None
    return value if isinstance(value, dict) else {}


def _claims(own: dict[str, Any]) -> Iterator[tuple[str, str]]:
    listed = own.get("claims")
    for claim in listed if isinstance(listed, list) else []:
        if isinstance(claim, dict):
            name, verdict = claim.get("name"), claim.get("verdict")
            if isinstance(name, str) and isinstance(verdict, str):
                yield name, verdict


def _step(entry: Entry, own: dict[str, Any]) -> Step:
    kind = kind_of(entry.request) or ""
    exchange = Exchange(
        event=_event(kind, own),
        purpose=kind,
        request=entry.request,
        response=entry.response,
        started_at=entry.started_at,
        ended_at=entry.started_at + entry.duration_s,
    )
    (step,) = steps_of(Recording((exchange,)))
    seen = replace(step.request, seen=Seen.REBUILT) if step.request.data else step.request
    return replace(step, number=entry.number, link=entry.link, request=seen)


def _event(kind: str, own: dict[str, Any]) -> FrontEvent | None:
    """The event at the browser: the one that a file of ours names, else by what was asked."""
    is_front = own.get("channel") == "front"
    if is_front and own.get("name") in [each.value for each in Occurred]:
        return FrontEvent(Occurred(own["name"]))
    return FrontEvent(Occurred.PAGE) if is_front or not kind else _EVENTS.get(kind)


def _is_browsers(file: ForeignFile) -> bool:
    """True if the browser's own requests are there, as its own file has them."""
    return any(
        name.lower() in ("sec-fetch-site", "sec-fetch-mode", "upgrade-insecure-requests")
        for entry in file.entries
        for name, _ in entry.request.headers
    )
