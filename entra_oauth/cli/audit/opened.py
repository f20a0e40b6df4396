"""What a verb was given to look at: a recording's folder, or another program's file.

Of a file it is what an import would keep. That is made in memory, the secrets are taken out
there, and nothing is written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import now
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import dataclass, field
from entra_oauth.recording.compare.named_step import split_name
from entra_oauth.recording.facts import facts_of
from entra_oauth.recording.har.har_select import Import, import_foreign, numbered_as_in_file
from entra_oauth.recording.importing.memory_need import check_need, need_mib
from entra_oauth.recording.importing.readers import read_foreign
from entra_oauth.recording.redaction.secrets import live_secrets
from entra_oauth.recording.save import live_in
from entra_oauth.recording.step import Evidence, Level, Step
from entra_oauth.recording.store import load

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console
    from entra_oauth.cli.verbs.audit_verbs import MemoryOptions
    from entra_oauth.recording.importing.entries import ForeignFile

__all__ = ["Opened", "import_of", "open_named", "opened", "read_told", "step_of", "tell_need"]

_TOLD_MIB = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A recording to look at."""

    evidence: Evidence
    live: dict[str, str] = field(repr=False)
    """The secrets that nothing which is handed on may hold, with their kinds."""
    kind: str = ""
    """The kind of file that it was read from; empty for a folder."""


def opened(place: Path, memory: MemoryOptions, console: Console) -> Opened:
    """The recording of a folder, or of a file. Raises `UsageError`, `LocalError`.

    The steps of a file have the numbers of its entries.
    """
    if not os.path.isfile(place):
        evidence = load(place)
        return Opened(evidence=evidence, live=live_in(evidence))
    file = read_told(place, memory, console)
    done = import_of(file, Level.SECRETS)
    return Opened(
        evidence=numbered_as_in_file(done), live=live_secrets(done.recording), kind=file.kind
    )


def open_named(name: str, memory: MemoryOptions, console: Console) -> tuple[Opened, int | None]:
    """The same by `rec`, `rec#4` or `x.har#4`, and the number that stands there."""
    path, number = split_name(name)
    return opened(path, memory, console), number


def read_told(path: Path, memory: MemoryOptions, console: Console) -> ForeignFile:
    """The exchanges of a file, once a large need of memory is told. Raises as `opened` does."""
    tell_need(path, memory, console)
    return read_foreign(path, max_mib=memory.max_memory)


def tell_need(path: Path, memory: MemoryOptions, console: Console) -> None:
    """Say what memory a large file takes. Raises `UsageError` if that is not allowed."""
    try:
        size = path.stat().st_size if os.path.isfile(path) else 0
    except OSError:
        return  # reading it says what is wrong
    check_need(size, memory.max_memory)
    if need_mib(size) > _TOLD_MIB:
        console.say(f"This takes about {need_mib(size):,} MiB of memory.")


def step_of(found: Opened, place: Path, number: int) -> Step:
    """A step by its number. Raises `UsageError`."""
    step = found.evidence.step(number)
    if step is not None:
        return step
    have = len(found.evidence.steps)
    there = f"no step {number}; it has {have}"
    if found.kind:
        there = f"no entry {number} that belongs to a sign-in; {have} do"
    raise UsageError(
        f"This {found.kind or 'recording'} has {there}.",
        advice=f"See them: entra-oauth audit show {plain(str(place))}",
    )


def import_of(file: ForeignFile, level: Level) -> Import:
    """The file as a recording of now. Raises `UsageError` if there is no sign-in in it."""
    facts = facts_of(os.environ, verb="audit import") | {"imported": _about(file)}
    return import_foreign(file, level=level, created_at=now(), facts=facts)


def _about(file: ForeignFile) -> dict[str, Any]:
    version = {"format": file.kind, "version": file.version}
    if file.har is not None:
        version = {"har": file.version}
    return {"creator": file.creator, **version, "entries": len(file.entries)}
