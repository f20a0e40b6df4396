"""vcrpy's cassettes, in YAML or JSON: what a Python test asked, and what it was given.

Bodies are mostly unpacked although a header says gzip; lengths are those of before.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import Fields
from entra_oauth.recording.importing.containers.plain_yaml import plain_yaml
from entra_oauth.recording.importing.entries import (
    Entry,
    ForeignFile,
    GivenFile,
    clean_headers,
    refuse_many,
    request_of,
    response_of,
)

__all__ = ["START", "read_vcrpy"]

START = re.compile(
    rb"(?:\s*#[^\n]*\n)*(?:---\s+)?(?:version: *[0-9]{1,4}\s+)?(?:interactions:|- request:)"
    rb'|\s*\{\s*(?:"version"\s*:\s*[0-9]{1,4}\s*,\s*)?"interactions"\s*:'
)
_KIND = "cassette of vcrpy"
_AGAIN = "Record the cassette again with vcrpy 1.0 or later, with plain text or bytes as bodies."


def read_vcrpy(given: GivenFile) -> ForeignFile:
    """The exchanges of a cassette. Raises `UsageError`, and `LocalError` without PyYAML."""
    is_json = given.data.lstrip()[:1] == b"{"
    cassette: Any = (
        _json(given.data) if is_json else plain_yaml(given.data, name=_KIND, advice=_AGAIN)
    )
    if isinstance(cassette, list):
        raise UsageError("It is a cassette of vcrpy before 1.0, which is not read.", advice=_AGAIN)
    version = cassette.get("version") if isinstance(cassette, dict) else None
    listed = cassette.get("interactions") if isinstance(cassette, dict) else None
    if version != 1 or not isinstance(listed, list):
        raise UsageError(
            f"The {_KIND} is of a version that is not known, or has no list of interactions.",
            advice=_AGAIN,
        )
    refuse_many(len(listed), _KIND)
    entries: list[Entry] = []
    unusable: list[int] = []
    for number, each in enumerate(listed, start=1):
        entry = _entry(number, each) if isinstance(each, dict) else None
        if entry is None:
            unusable.append(number)
        else:
            entries.append(entry)
    order = "" if is_json else ", and not the order of headers"
    return ForeignFile(
        kind=_KIND,
        origin=f"a {_KIND}, version 1",
        version="1",
        creator="vcrpy",
        entries=tuple(entries),
        unusable=tuple(unusable),
        not_kept=(f"vcrpy keeps no times, no connection and no bytes of the wire{order}.",),
    )


def _json(data: bytes) -> Any:
    problem = "it is not UTF-8"
    with suppress(UnicodeDecodeError):
        text = data.decode("utf-8")
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"it is malformed or breaks off at character {error.pos:,}"
        except (RecursionError, ValueError):
            problem = "it is nested too deeply, or holds a number out of all range"
    raise UsageError(f"The {_KIND} cannot be read: {problem}.", advice=_AGAIN)


def _entry(number: int, each: Mapping[str, Any]) -> Entry | None:
    asked, came = each.get("request"), each.get("response")
    if not isinstance(asked, dict):
        return None
    method, uri = asked.get("method"), asked.get("uri")
    if not isinstance(method, str) or not isinstance(uri, str):
        return None
    body = _body(asked.get("body"))
    request = request_of(method.upper(), uri, _headers(asked.get("headers")), body or b"")
    if request is None:
        return None
    length = request.header("content-length") not in (None, "0")
    came = came if isinstance(came, dict) else {}
    status = came.get("status")
    status = status if isinstance(status, dict) else {}
    code, reason = status.get("code"), status.get("message")
    response = None
    if isinstance(code, int) and 100 <= code <= 599:
        response = response_of(
            code,
            reason if isinstance(reason, str) else "",
            _headers(came.get("headers")),
            _body(came.get("body")) or b"",
        )
    return Entry(
        number=number,
        request=request,
        response=response,
        started_at=0.0,
        duration_s=0.0,
        body_exact=bool(body) or not length,
    )


def _headers(value: object) -> Fields:
    """Names with a list of values each; older cassettes have one value."""
    pairs: list[tuple[str, str]] = []
    for name, values in value.items() if isinstance(value, dict) else ():
        for each in values if isinstance(values, list) else [values]:
            text = each.decode("latin-1") if isinstance(each, bytes) else each
            if isinstance(text, str):
                pairs.append((name, text))
    return clean_headers(pairs)


def _body(value: object) -> bytes | None:
    """The body of either message: text, bytes, or in a member of its own; None if not kept."""
    if isinstance(value, dict):
        coded = value.get("base64_string")
        if isinstance(coded, str):
            with suppress(ValueError):
                return b64decode(coded)
            return None
        value = value.get("string")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else None
