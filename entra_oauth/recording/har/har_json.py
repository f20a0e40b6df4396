"""The object that a HAR file is, before anything in it is looked at."""

from __future__ import annotations

import json
from typing import Any

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.other_formats import other_format, plain_text
from entra_oauth.recording.importing.memory_need import (
    USUAL_MIB,
    check_need,
    check_unpacked,
    most_bytes,
)

__all__ = ["har_object"]


def har_object(data: bytes, *, max_mib: int = USUAL_MIB) -> dict[str, Any]:
    """The object that a HAR file is. Raises `UsageError` that says what is wrong with it.

    `max_mib` is the memory that reading or cleaning it may need, in MiB.
    """
    advice = "Export it again from the browser or proxy, as HAR 1.2."
    unpacked = plain_text(data, limit=most_bytes(max_mib))
    if unpacked is None:
        packing = "gzip" if data.startswith(b"\x1f") else "zlib"
        raise UsageError(f"The file is {packing}, but broken.", advice=advice)
    if unpacked is data:
        check_need(len(data), max_mib)
    check_unpacked(unpacked, max_mib)
    data = unpacked
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
