"""From what passed to a folder that may be handed to anybody.

The order is the point: verdicts that need the secrets are taken first, then the
secrets are taken out, then the finished bytes are searched for them, and only then is
a file written.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.exchange import Exchange
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.recording.claims import claims_of
from entra_oauth.recording.cover.client_library import client_names
from entra_oauth.recording.files import files_of
from entra_oauth.recording.record import Recording
from entra_oauth.recording.redaction.finds import LONG, Find, tag_of
from entra_oauth.recording.redaction.last_guard import all_but_the_rest, without_leaks
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.redaction.people.gathered_names import searched_at_last
from entra_oauth.recording.redaction.people.in_steps import names_in, with_names
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.secrets import live_secrets, refuse_leaks
from entra_oauth.recording.step import Evidence, LedgerEntry, Level, Seen, Step, steps_of
from entra_oauth.recording.store import write
from entra_oauth.recording.story import authority_remark, cast_of, message_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


__all__ = ["evidence_of", "finished_files", "handed_on", "live_in", "save"]


def handed_on(evidence: Evidence) -> Evidence:
    """The same, without secrets. What was redacted already stays as it is."""
    if evidence.level is not Level.NONE:
        return evidence
    redactor = Redactor(
        level=Level.SECRETS, key=secrets.token_bytes(32), known=dict(live_in(evidence))
    )
    steps = tuple(redactor.step(step)[0] for step in evidence.steps)
    return replace(evidence, steps=steps, level=Level.SECRETS)


def live_in(evidence: Evidence) -> dict[str, str]:
    """The secrets of a recording from which nothing was taken out, with their kinds."""
    if evidence.level is not Level.NONE:
        return {}
    exchanges = (
        Exchange(
            request=replace(step.http_request, url=step.url),
            response=step.http_response,
            started_at=step.started_at,
            ended_at=step.ended_at,
        )
        for step in evidence.steps
    )
    return live_secrets(Recording(tuple(exchanges)))


_TOKENS = frozenset({"at", "rt", "idt", "asrt"})
_LONG_TOKEN = 32


def evidence_of(
    recording: Recording,
    *,
    level: Level,
    created_at: float,
    facts: dict[str, Any] | None = None,
    key: bytes | None = None,
) -> Evidence:
    """The recording with its secrets taken out.

    `created_at` is in seconds since 1970. `key` is for tests; otherwise a random one
    is made and thrown away.
    """
    steps = steps_of(recording)
    claims = claims_of(steps)
    redactor = Redactor(
        level=level, key=key or secrets.token_bytes(32), known=live_secrets(recording)
    )
    redactor = with_names(redactor, steps)
    clean: list[Step] = []
    found: list[tuple[int, Find]] = []
    for step in steps:
        done, finds = redactor.step(step)
        clean.append(done)
        found += [(step.number, find) for find in finds]
    return Evidence(
        steps=tuple(clean),
        created_at=created_at,
        level=level,
        claims=tuple(replace(each, detail=redactor.unnamed(each.detail)) for each in claims),
        ledger=_ledger(found, redactor.key),
        facts={**_with_authority(_unnamed(facts or {}, redactor), steps), **_with_client(clean)},
        not_seen=_not_seen_there(steps) if recording.at_authority else _not_seen(steps),
    )


def _with_authority(facts: dict[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    remark = authority_remark(steps)
    return {**facts, "authority": remark} if remark else facts


def _with_client(steps: Sequence[Step]) -> dict[str, Any]:
    names = client_names(steps)
    return {"client": names} if names else {}


def _unnamed(value: Any, redactor: Redactor) -> Any:
    """A JSON value of facts without names of people, at the level at which these go."""
    if isinstance(value, str):
        return redactor.unnamed(value)
    if isinstance(value, dict):
        return {name: _unnamed(each, redactor) for name, each in value.items()}
    return [_unnamed(each, redactor) for each in value] if isinstance(value, list) else value


def _ledger(found: Iterable[tuple[int, Find]], key: bytes) -> tuple[LedgerEntry, ...]:
    places: dict[tuple[str, str], set[int]] = {}
    for number, find in found:
        places.setdefault((find.kind, "" if _is_masked(find) else find.value), set()).add(number)
    return tuple(
        LedgerEntry(
            kind=kind,
            length=len(value) or None,
            tag=tag_of(value, key) if value else "",
            steps=tuple(sorted(steps)),
            sha256=_sha256(value) if kind in _TOKENS and len(value) >= _LONG_TOKEN else None,
        )
        for (kind, value), steps in places.items()
    )


def _is_masked(find: Find) -> bool:
    return find.masked or len(find.value) < LONG


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode("latin-1")).hexdigest()


def _not_seen(steps: Sequence[Step]) -> tuple[str, ...]:
    lines = []
    cast = cast_of(steps)
    pages = any(message_kind(step, cast) is MessageKind.AUTHORITY_PAGE for step in steps)
    if any(step.name == "authorize" for step in steps) and not pages:
        lines.append(
            "Between the authorize URL and the redirect the browser and the authority talk alone: "
            "their requests, cookies and pages are not in this recording."
        )
    if any(step.name == "redirect" and step.request.seen is Seen.ADDRESS for step in steps):
        lines.append("The redirect was pasted: of it only the address is known.")
    if any(step.request.seen is Seen.REBUILT for step in steps):
        lines.append(
            "Some messages were put together from their parts and are not the bytes that were "
            "sent; beside each of them it says so."
        )
    bare = [
        step
        for step in steps
        if step.channel == "back" and step.url.startswith("https:") and not step.link.certificates
    ]
    if any(step.http_response is not None for step in bare):
        lines.append("Of some connections the certificate is not here.")
    elif bare:
        lines.append("Of some connections the certificate is not known: none came to stand.")
    elif any(len(step.link.certificates) == 1 for step in steps):
        lines.append("Of the authority's certificates only its own is here, not those above it.")
    return tuple(lines)


def _not_seen_there(steps: Sequence[Step]) -> tuple[str, ...]:
    """Sentences on all that stays unseen at the authority's side."""
    lines = [
        "This was seen at the authority's side, where the requests arrived: what else the program "
        "did is not here. TLS and certificate are those of its connections to the practice tenant "
        "or to its proxy; of its times, sending is how long a request took to arrive, waiting "
        "how long the tenant took, receiving how long the answer took to leave."
    ]
    asked = any(step.name == "authorize" for step in steps)
    if asked and not any(step.name == "redirect" for step in steps):
        lines.append("How the answer came back to the program was not seen.")
    if any(step.request.seen is not Seen.WIRE for step in steps):
        lines.append("Of some requests only the address is known: they got no answer.")
    return tuple(lines)


def finished_files(evidence: Evidence, recording: Recording) -> dict[str, bytes]:
    """The files as they may be written.

    A secret that the last search finds is taken out, and the search is made again. Raises
    `SecurityError` if a file still holds one.
    """
    if evidence.level is Level.NONE:
        return files_of(evidence)
    known = live_secrets(recording)
    search = _last_search(evidence, recording)
    files = files_of(evidence)
    if _leaks(files, search):
        files = files_of(without_leaks(evidence, search))
        refuse_leaks(files, known)
    return files


def _last_search(evidence: Evidence, recording: Recording) -> LeakSearch:
    if evidence.level is Level.NONE:
        return LeakSearch(())
    names = names_in(steps_of(recording)) if evidence.level is Level.PII else ()
    return LeakSearch({*live_secrets(recording), *searched_at_last(names)})


def _leaks(files: Mapping[str, bytes], search: LeakSearch) -> bool:
    return any(map(search.is_in, files.values()))


def _finished(evidence: Evidence, recording: Recording) -> Evidence:
    """Evidence of our own, which is always written: at worst without any bytes."""
    search = _last_search(evidence, recording)
    if _leaks(files_of(evidence), search):
        evidence = without_leaks(evidence, search)
        if _leaks(files_of(evidence), search):
            evidence = all_but_the_rest(evidence)
    return evidence


def save(
    recording: Recording,
    folder: Path,
    *,
    level: Level,
    created_at: float,
    facts: dict[str, Any] | None = None,
) -> Evidence:
    """Write the recording to a new folder, whole or not at all.

    Raises `LocalError` if it cannot be written, and `SecurityError` if it would still
    hold a secret.
    """
    evidence = evidence_of(recording, level=level, created_at=created_at, facts=facts)
    evidence = _finished(evidence, recording)
    write(finished_files(evidence, recording), folder)
    return evidence
