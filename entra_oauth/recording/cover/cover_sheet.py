"""The cover sheet as rows of a name and a sentence, made of what is kept under the seal.

Two rows are not under it and cannot be: the hash of the list of hashes, and the seal itself.
Words of a recording are anybody's; whoever shows these rows escapes them.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from entra_oauth.moments import utc
from entra_oauth.recording.cover.seen_words import hides_a_length, is_as_sent
from entra_oauth.recording.facts import DEFAULT
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.step import Level, Seen
from entra_oauth.recording.story import FORGERY, cast_of, evidence_remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.recording.step import Evidence, Half

__all__ = ["HOLDS", "ON_THE_SHEET", "cover_rows", "made_by", "seen_by"]

HOLDS = {
    Level.SECRETS: "secrets were taken out; people and tenants are named",
    Level.PII: "secrets and names of people and tenants were taken out",
    Level.NONE: "NOTHING was taken out: it holds codes and tokens",
}
ON_THE_SHEET = frozenset(
    (
        *("program", "settings", "variables", "recorded_on", "authority", "client"),
        *("watched_program", "watched_command", "seen_at", "imported"),
    )
)
"""Facts that the sheet tells whole."""
_FEW = ("Program watched", "Library", "List of hashes", "Seal", "Machine and user")


def cover_rows(
    evidence: Evidence, *, seal: str = "", short: bool = False
) -> tuple[tuple[str, str], ...]:
    """The rows. `seal` is a sentence on the seal; without it, the sheet says that nobody looked.

    `short`: only those that a list of the steps does not say.
    """
    rows = [(name, text) for name, text in _rows(evidence, seal) if text]
    return tuple(row for row in rows if row[0] in _FEW) if short else tuple(rows)


def _rows(evidence: Evidence, seal: str) -> Iterator[tuple[str, str]]:
    facts = evidence.facts
    client = _dict(facts.get("client"))
    yield "Recorded", _when(evidence)
    yield "With", made_by(evidence)
    yield "Program watched", _command(facts)
    yield "Library", _own_words(client.get("library"))
    yield "Program calls itself", _own_words(client.get("program_calls_itself"))
    yield "Browser calls itself", _own_words(client.get("browser_calls_itself"))
    settings = _settings(facts.get("settings"))
    own = settings.pop(DEFAULT, [])
    given = [f"from {source}: {', '.join(those)}" for source, those in settings.items()]
    yield "Settings given", "; ".join(given)
    yield "Settings by default", ", ".join(own)
    yield "Settings found", "" if _dict(facts.get("imported")) else _found(facts)
    yield "Authority", _authority(evidence)
    yield "Seen by", seen_by(evidence)
    yield "Bytes", _bytes(evidence)
    yield "Contents", _contents(evidence)
    yield "Not seen", " ".join(evidence.not_seen)
    yield "Machine and user", _machine(_dict(facts.get("recorded_on")))
    yield "List of hashes", _manifest(evidence)
    yield "Seal", _seal(evidence, seal)


def made_by(evidence: Evidence) -> str:
    """Program, version and verb that made it."""
    program = _dict(evidence.facts.get("program"))
    named = (_text(program.get(name)) for name in ("name", "version", "verb"))
    return " ".join(word for word in named if word) or "entra-oauth"


def seen_by(evidence: Evidence) -> str:
    """The place at which it was recorded, or the file that it was made from."""
    imported = _dict(evidence.facts.get("imported"))
    if imported:
        creator = _text(imported.get("creator")) or "a program that it does not name"
        return f"Not by this program: it was made from a file of {creator}."
    if evidence.facts.get("seen_at"):
        return "The practice tenant, where the requests arrived."
    return "The program itself, at its own sockets."


def _authority(evidence: Evidence) -> str:
    if remark := evidence_remark(evidence):
        return f"{remark} {FORGERY}"
    known = cast_of(evidence.steps).authorities
    return f"Microsoft Entra ID, by its address: {', '.join(sorted(known))}" if known else ""


def _when(evidence: Evidence) -> str:
    at = f"{_time(evidence.created_at)} UTC"
    if _dict(evidence.facts.get("imported")):
        at = f"Imported {at}"
    times = [step.started_at for step in evidence.steps if step.started_at > 0]
    if not times:
        return at
    last = max(step.ended_at for step in evidence.steps)
    return f"{at}; the messages from {_time(min(times))} to {_time(last)} UTC"


def _time(at: float) -> str:
    return str(utc(at).replace(microsecond=0, tzinfo=None))


def _command(facts: dict[str, Any]) -> str:
    words = facts.get("watched_command")
    if not isinstance(words, list):
        return _text(facts.get("watched_program"))
    hidden = any(str(word).endswith("characters)") for word in words)
    note = ". Of what may be a secret only the length is here" if hidden else ""
    return " ".join(map(_text, words)) + note


def _own_words(names: object) -> str:
    listed = [_text(each) for each in names if each] if isinstance(names, list) else []
    return f"{', '.join(listed)} (its own word)" if listed else ""


def _settings(settings: object) -> dict[str, list[str]]:
    """Those of each place from which they came."""
    by_source: dict[str, list[str]] = {}
    for each in settings if isinstance(settings, list) else ():
        about = _dict(each)
        words = " ".join(filter(None, (_text(about.get(name)) for name in ("name", "value"))))
        by_source.setdefault(_text(about.get("from")) or "an unknown place", []).append(words)
    return by_source


def _found(facts: dict[str, Any]) -> str:
    parts = []
    if names := facts.get("variables"):
        parts.append(f"variables {', '.join(map(_text, names))}")
    trusted = _text(_dict(facts.get("certificates")).get("from"))
    if trusted:
        parts.append(f"certificates from {trusted}")
    if facts.get("tls_keys_written"):
        parts.append("TLS keys were written to a file")
    return "; ".join(parts)


def _bytes(evidence: Evidence) -> str:
    halves = [half for step in evidence.steps for half in (step.request, step.response)]
    kinds = Counter(_kind(half) for half in halves if half.seen is not Seen.NOTHING)
    unseen = len(halves) - kinds.total()
    parts = [f"{count} {kind}" for kind, count in kinds.items()]
    parts += [f"{unseen} not seen"] if unseen else []
    hidden = sum(map(hides_a_length, halves))
    more = f" In {hidden} of them the length of a secret is hidden too." if hidden else ""
    return f"Of the requests and answers: {', '.join(parts)}.{more}" if parts else ""


def _kind(half: Half) -> str:
    if half.seen is Seen.WIRE:
        whole = "as they were on the wire"
        return whole if is_as_sent(half) else f"{whole} but for what was taken out"
    if half.seen is Seen.REBUILT:
        return "put together from their parts"
    return "known by their address only"


def _contents(evidence: Evidence) -> str:
    if evidence.level is Level.NONE or not evidence.ledger:
        return f"{HOLDS[evidence.level]}."
    hidden = sum(entry.length is None for entry in evidence.ledger)
    count = len(evidence.ledger)
    gone = f"{count} value{'' if count == 1 else 's'}"
    lengths = f", {hidden} of them with their length hidden" if hidden else ""
    return f"{HOLDS[evidence.level]}; {gone} in all{lengths}."


def _machine(about: dict[str, Any]) -> str:
    return f"{_text(about.get('machine'))}, {_text(about.get('user'))}" if about else ""


def _manifest(evidence: Evidence) -> str:
    if evidence.manifest is None:
        return ""
    return f"{SUMS}, whose own SHA-256 is {sha256(evidence.manifest.sums).hexdigest()}"


def _seal(evidence: Evidence, seal: str) -> str:
    if seal or evidence.manifest is None:
        return seal
    sealed = evidence.manifest.signature or evidence.manifest.sign_ins
    return "Nobody looked at it." if sealed else "Not sealed."


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
