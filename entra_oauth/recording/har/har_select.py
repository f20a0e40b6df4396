"""The OAuth exchanges of somebody's file as a recording, and what was left out of it.

The pages on which a person signs in are left out: they hold the password, and are the
authority's own affair. So is whatever else a browser fetched meanwhile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import FORM, host_of, parse_form
from entra_oauth.protocol.request_object import parameters_of, pushed_by
from entra_oauth.recording.har.har_authority import file_remark
from entra_oauth.recording.recognise import is_answer, kind_of, leads_to
from entra_oauth.recording.record import Recording
from entra_oauth.recording.save import evidence_of

if TYPE_CHECKING:
    from entra_oauth.recording.importing.entries import Entry, ForeignFile
    from entra_oauth.recording.step import Evidence, Level

__all__ = ["Import", "import_foreign", "numbered_as_in_file"]

_NAMES = {"metadata": "openid-configuration"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A file's recording, and the account of its entries."""

    recording: Recording
    """With its secrets. To be redacted before it is written."""
    evidence: Evidence
    taken: tuple[tuple[int, str], ...]
    """Numbers of the entries in the file, and what each is, in the order of the steps."""
    left: tuple[tuple[str, int], ...]
    """Hosts, and how many of their entries were left out."""
    unusable: tuple[int, ...]
    """Numbers of entries that are no exchanges."""


def import_foreign(
    file: ForeignFile, *, level: Level, created_at: float, facts: dict[str, Any]
) -> Import:
    """Pick the OAuth exchanges out, and take their secrets out.

    Raises `UsageError` if there are none. `created_at` is in seconds since 1970.
    """
    taken: list[tuple[Entry, str]] = []
    left: Counter[str] = Counter()
    pushed = dict(p for e in file.entries if (p := pushed_by(e.request, e.response)) is not None)
    asked = [e.request for e in file.entries if kind_of(e.request) == "authorize"]
    told = [parameters_of(parse_form(each.query), pushed.get).fields for each in asked]
    uris = [value for each in told for name, value in each if name == "redirect_uri"]
    tokens = [e for e in file.entries if kind_of(e.request) == "token"]
    places = {leads_to(e.request.url, e.response) for e in tokens} - {""}
    for entry in file.entries:
        kind = kind_of(entry.request)
        if kind in (None, "api") and is_answer(entry.request, uris):
            kind = "redirect"
        if kind is None and entry.request.url.partition("?")[0] in places:
            kind = "followed"  # it may have carried code and secret to another place
        kind = kind or _beside_oauth(entry)
        if kind is None:
            left[plain(host_of(entry.request.url), limit=100) or "no host"] += 1
        else:
            taken.append((entry, kind))
    if not taken:
        raise UsageError(
            f"There is no OAuth exchange among the {len(file.entries):,} of this {file.kind}.",
            advice="Record again from before the sign-in until it has ended, with the log kept "
            "over page changes.",
        )
    taken.sort(key=lambda pair: pair[0].started_at)
    recording = Recording(tuple(_exchange(entry, kind) for entry, kind in taken))
    remark = file_remark(file)  # entries that are left out can tell it, and the file itself
    facts = facts | ({"authority": remark} if remark else {})
    evidence = evidence_of(recording, level=level, created_at=created_at, facts=facts)
    steps = [
        replace(step, link=replace(entry.link, certificates=()))
        for step, (entry, _) in zip(evidence.steps, taken, strict=True)
    ]
    origin = f"It was made from {file.origin}: what that left out is not here."
    evidence = replace(
        evidence, steps=tuple(steps), not_seen=(*evidence.not_seen, origin, *file.not_kept)
    )
    return Import(
        recording=recording,
        evidence=evidence,
        taken=tuple((entry.number, kind) for entry, kind in taken),
        left=tuple(left.most_common()),
        unusable=file.unusable,
    )


def _beside_oauth(entry: Entry) -> str | None:
    """The word for a message that belongs to a sign-in though it has no endpoint of OAuth's: a
    request that is pushed (RFC 9126 §2), an app's proof to anybody (RFC 7521 §4.2), an API's
    metadata (RFC 9728 §3)."""
    request = entry.request
    if pushed_by(request, entry.response) is not None:
        return "pushed"
    if "/.well-known/oauth-protected-resource" in request.path:
        return "api-metadata"
    is_form = (request.header("content-type") or "").lower().startswith(FORM)
    names = {name for name, _ in parse_form(request.body.decode("latin-1"))} if is_form else set()
    return "proof" if "client_assertion" in names else None


def numbered_as_in_file(done: Import) -> Evidence:
    """The recording with the numbers of the file's entries in the place of its own."""
    numbers = {at: entry for at, (entry, _) in enumerate(done.taken, start=1)}
    evidence = done.evidence

    def named(steps: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(numbers.get(step, step) for step in steps))

    return replace(
        evidence,
        steps=tuple(replace(step, number=numbers[step.number]) for step in evidence.steps),
        claims=tuple(replace(claim, steps=named(claim.steps)) for claim in evidence.claims),
        ledger=tuple(replace(entry, steps=named(entry.steps)) for entry in evidence.ledger),
    )


def _exchange(entry: Entry, kind: str) -> Exchange:
    event = {"authorize": Occurred.ASKED, "redirect": Occurred.ACCEPTED}.get(kind)
    request = entry.request
    wire = None
    whole = bool(entry.received) or entry.response is None
    if entry.sent and whole and (event is None or entry.received):
        wire = replace(entry.link, sent=entry.sent, received=entry.received)
    elif entry.sent and event is not None and not entry.received:
        request = replace(request, raw=entry.sent)
    return Exchange(
        event=None if event is None else FrontEvent(event),
        purpose="" if kind == "api" else _NAMES.get(kind, kind),
        request=request,
        response=entry.response,
        started_at=entry.started_at,
        ended_at=entry.started_at + entry.duration_s,
        wire=wire,
    )
