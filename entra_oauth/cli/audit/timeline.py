"""audit timeline: recording, browser and Entra's sign-in log in one list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.audit.inputs import har_case, named
from entra_oauth.audit.timeline.exported_log import read_export
from entra_oauth.audit.timeline.join_sources import log_filter, timeline_of
from entra_oauth.audit.timeline.sign_in_rows import time_of
from entra_oauth.audit.timeline.timeline_page import timeline_page
from entra_oauth.audit.timeline.timeline_text import as_json, is_calm, timeline_lines
from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.cli.session.wrap import hanging, prose, width
from entra_oauth.errors import UsageError
from entra_oauth.recording.importing.given import read_file
from entra_oauth.recording.story import evidence_remark

if TYPE_CHECKING:
    from entra_oauth.audit.case import Case
    from entra_oauth.audit.timeline.sign_in_rows import SignInRow
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import TimelineOptions

__all__ = ["run"]

NOT_CALM = 9


def run(options: TimelineOptions, session: Session) -> int:
    """Join them. Returns 0 only where nobody else redeemed the code, and that is known."""
    console = session.console
    if not options.recording:
        raise UsageError(
            "audit timeline needs a recording.",
            advice="Name it: entra-oauth audit timeline rec --sign-ins export.json",
        )
    exported_at = _time(options.exported_at)
    tell_need(Path(options.recording), options.memory, console)
    case = named(options.recording, max_mib=options.memory.max_memory)
    browser = _browser(options, console)
    seen = log_filter(case, browser)

    def concerns(row: SignInRow) -> bool:
        return any(each.concerns(row) for each in seen)

    log = read_export(Path(options.sign_ins), concerns) if options.sign_ins else None
    remark = evidence_remark(case.evidence)
    found = timeline_of(case, browser, log, exported_at=exported_at, remark=remark)
    if options.output == "html":
        console.result_bytes(timeline_page(found).encode("utf-8", "backslashreplace"))
    elif console.as_json:
        console.result_json(as_json(found))
    else:
        for line in timeline_lines(found):
            console.result(hanging(line, width()) if line.startswith(" ") else _prose(line))
    if log is not None and log.unreadable:
        console.say(f"{log.unreadable:,} rows of the log have no time in UTC and were left out.")
    return 0 if is_calm(found) else NOT_CALM


def _prose(line: str) -> str:
    return prose(line, indent=0, columns=width()) if line else ""


def _browser(options: TimelineOptions, console: Console) -> Case | None:
    if not options.har:
        return None
    tell_need(Path(options.har), options.memory, console)
    data = read_file(Path(options.har), max_mib=options.memory.max_memory)
    return har_case(data)


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    at = time_of(text)
    if at is None:
        raise UsageError(
            "--exported-at is no time in UTC.", advice="Write it so: 2026-01-31T14:30:00Z"
        )
    return at
