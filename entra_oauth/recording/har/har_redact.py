"""Other people's HAR files with their secrets taken out, and a report of what was done.

A HAR is rebuilt from the members that are understood. Whatever else it holds, programs'
own additions above all, is left out, and the report says so.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from entra_oauth.errors import SecurityError
from entra_oauth.protocol.messages import host_of
from entra_oauth.recording.har.har_authority import entries_remark
from entra_oauth.recording.har.har_cleaner import HarCleaner, HarReport, Progress, tell_nobody
from entra_oauth.recording.har.har_members import members_at, objects, text_at
from entra_oauth.recording.har.har_read import entries_in
from entra_oauth.recording.har.written_har import har_bytes
from entra_oauth.recording.redaction.last_guard import clean_members
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.redaction.walked_parts import Parts
from entra_oauth.recording.step import Level

__all__ = ["redact_har"]


def redact_har(
    har: dict[str, Any], level: Level, progress: Progress = tell_nobody
) -> tuple[bytes, HarReport]:
    """The clean file and the report. Raises `SecurityError` if a secret is still in there.

    `progress` is told how many of how many entries were walked over, which is done twice.
    """
    with _no_collector():
        return _redacted(har, level, progress)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Nothing here goes in circles: looking for such would walk over the file again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _redacted(har: dict[str, Any], level: Level, progress: Progress) -> tuple[bytes, HarReport]:
    parts = Parts(level=level, key=secrets.token_bytes(32))
    HarCleaner(parts, progress).har(har)
    entries = objects(har["log"]["entries"])
    # What was a secret in one place is looked for in every other.
    known = parts.again({host_of(text_at(members_at(each, "request"), "url")) for each in entries})
    second = HarCleaner(parts, progress)
    clean = second.har(har)
    second.report.authority = entries_remark(entries_in(har["log"]), text_at(har["log"], "comment"))
    if second.report.authority:
        clean["log"]["comment"] = second.report.authority
    data = har_bytes(clean)
    search = LeakSearch(known if level is not Level.NONE else ())
    if search.is_in_json(data):
        second.report.removed["last"] += 1
        data = har_bytes(clean_members(clean, search))
        if search.is_in_json(data):
            raise SecurityError(
                "The clean file was not written: it would still have held a secret.",
                advice="Please report which program made this HAR. Do not hand the original on.",
            )
    return data, second.report
