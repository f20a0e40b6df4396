"""Other people's HAR files with their secrets taken out, and a report of what was done.

A HAR is rebuilt from the members that are understood. Whatever else it holds, programs'
own additions above all, is left out, and the report says so.
"""

from __future__ import annotations

import gc
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from entra_oauth.errors import SecurityError, UsageError
from entra_oauth.protocol.messages import host_of
from entra_oauth.recording.har.har_cleaner import HarCleaner, HarReport, Progress, tell_nobody
from entra_oauth.recording.har.har_members import members_at, objects, text_at
from entra_oauth.recording.har.memory_need import check_need, most_bytes
from entra_oauth.recording.har.other_formats import other_format, plain_text
from entra_oauth.recording.har.written_har import har_bytes
from entra_oauth.recording.importing.entries import MAX_FILE_BYTES
from entra_oauth.recording.redaction.last_guard import clean_members
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.redaction.walked_parts import Parts
from entra_oauth.recording.step import Level

__all__ = ["read_har", "redact_har"]


def read_har(data: bytes, *, max_mib: int | None = None) -> dict[str, Any]:
    """The object that a HAR file is. Raises `UsageError` that says what is wrong with it.

    `max_mib` is the memory that cleaning it may need; without it the file is only read, and
    may have `MAX_FILE_BYTES`.
    """
    limit = MAX_FILE_BYTES if max_mib is None else most_bytes(max_mib)
    advice = "Export it again from the browser or proxy, as HAR 1.2."
    unpacked = plain_text(data, limit=limit)
    if unpacked is None:
        packing = "gzip" if data.startswith(b"\x1f") else "zlib"
        raise UsageError(f"The file is {packing}, but broken.", advice=advice)
    data = unpacked
    if max_mib is not None:
        check_need(len(data), max_mib)
    elif len(data) > limit:
        raise UsageError(
            f"The file is larger than {MAX_FILE_BYTES // 2**20} MiB.",
            advice="Export only the requests of the sign-in.",
        )
    problem = "It is not JSON"
    value: object = None
    try:
        value = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError:
        problem = "It is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"It is malformed or breaks off at character {error.pos:,}"
    except (RecursionError, ValueError):
        problem = "It is nested too deeply, or holds a number out of all range"
    if not isinstance(value, dict) or not isinstance(value.get("log"), dict):
        if isinstance(value, dict | list):
            problem = "It has no member log"
        named, way = other_format(data) or (problem, advice)
        raise UsageError(f"This is no HAR file. {named}.", advice=way)
    if not isinstance(value["log"].get("entries"), list):
        raise UsageError("This HAR has no list of entries.", advice=advice)
    return value


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
