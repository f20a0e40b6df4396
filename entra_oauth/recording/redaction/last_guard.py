"""Taking out what the last search still finds.

The redaction is to leave nothing. Should it have overlooked a secret, this takes it out,
and the search is made again: evidence is not lost for one value in an odd place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from entra_oauth.protocol.messages import split_origin
from entra_oauth.recording.redaction.leak_search import LeakSearch
from entra_oauth.recording.redaction.views import View, html_text, json_string, percent, whole
from entra_oauth.recording.step import Evidence, Half, Step

__all__ = ["all_but_the_rest", "clean_members", "without_leaks", "without_places"]

_GONE = "~last~"
"""The replacement of a text that had to go whole."""
_GONE_BODY = base64.b64encode(_GONE.encode()).decode()


def without_places(data: bytes, search: LeakSearch) -> bytes:
    """The data with `~` in the place of each secret. Its length stays, and so does JSON.

    Empty if that is not enough: all of it has to go.
    """
    if not search.is_in(data):
        return data
    text = data.decode("latin-1")
    clean = bytearray(data)
    for view in _views(whole(text)):
        for start, end in search.places(view.text.encode("latin-1")):
            first, last = view.cut(start, end).place()
            clean[first:last] = b"~" * (last - first)
    done = bytes(clean)
    return done if not search.is_in(done) and _shape(done) == _shape(data) else b""


def _views(outer: View) -> Iterator[View]:
    """A text in the spellings whose places are known."""
    yield outer
    yield percent(outer)
    yield percent(percent(outer))
    yield html_text(outer)
    yield json_string(outer)


def _shape(data: bytes) -> object:
    """The objects and lists of a JSON text, without their names and values."""
    try:
        return _shape_of(json.loads(data))
    except (ValueError, RecursionError):
        return None


def _shape_of(value: object) -> object:
    if isinstance(value, dict):
        return {at: _shape_of(each) for at, each in enumerate(value.values())}
    return [_shape_of(each) for each in value] if isinstance(value, list) else type(value)


# ---- HAR files -------------------------------------------------------------------------


def clean_members(value: Any, search: LeakSearch, name: str = "") -> Any:
    """A HAR file's value of that name without the secrets that still stand in it."""
    if isinstance(value, dict):
        if value.get("encoding") == "base64":
            return value if not search.is_in(_decoded(value)) else {**value, "text": _GONE_BODY}
        return {key: clean_members(each, search, key) for key, each in value.items()}
    if isinstance(value, list):
        return [clean_members(each, search) for each in value]
    if not isinstance(value, str):
        return value
    return _address(value, search) if name == "url" else _text(value, search)


def _decoded(content: dict[str, Any]) -> bytes:
    text = str(content.get("text", "")).encode()
    return text + b"\n" + base64.b64decode(text)


# ---- recordings ------------------------------------------------------------------------


def without_leaks(evidence: Evidence, search: LeakSearch) -> Evidence:
    """The recording without the secrets that still stand in it."""
    return replace(
        evidence,
        steps=tuple(_step(step, search) for step in evidence.steps),
        facts=_value(evidence.facts, search),
        claims=tuple(replace(each, detail=_text(each.detail, search)) for each in evidence.claims),
        not_seen=tuple(_text(each, search) for each in evidence.not_seen),
    )


def all_but_the_rest(evidence: Evidence) -> Evidence:
    """Of the recording no more than its messages' order, times and hosts."""
    return replace(
        evidence,
        steps=tuple(
            replace(
                step,
                url=f"{split_origin(step.url)[0]}/{_GONE}",
                method=step.method if step.method in ("GET", "POST") else "GET",
                note="",
                request=_emptied(step.request),
                response=_emptied(step.response),
                link=replace(step.link, tunnel_sent=b"", tunnel_received=b""),
            )
            for step in evidence.steps
        ),
        facts={},
        claims=(),
        not_seen=("All bytes were taken out: a secret stood in them in a way not known here.",),
    )


def _step(step: Step, search: LeakSearch) -> Step:
    link = step.link
    return replace(
        step,
        url=_address(step.url, search),
        method=_text(step.method, search),
        note=_text(step.note, search),
        request=_half(step.request, search),
        response=_half(step.response, search),
        link=replace(
            link,
            tunnel_sent=without_places(link.tunnel_sent, search),
            tunnel_received=without_places(link.tunnel_received, search),
        ),
    )


def _half(half: Half, search: LeakSearch) -> Half:
    clean = without_places(half.data, search)
    if clean == half.data:
        return half
    return replace(half, data=clean) if clean else _emptied(half)


def _emptied(half: Half) -> Half:
    if not half.data:
        return half
    changes = (*half.changes, "not-understood")
    return replace(half, data=_GONE.encode(), original_size=None, changes=changes)


def _address(url: str, search: LeakSearch) -> str:
    clean = _text(url, search)
    return f"{split_origin(url)[0]}/{_GONE}" if clean == _GONE else clean


def _text(text: str, search: LeakSearch) -> str:
    clean = without_places(text.encode("utf-8", "surrogatepass"), search)
    return clean.decode("utf-8", "replace") if clean or not text else _GONE


def _value(value: Any, search: LeakSearch) -> Any:
    """A JSON value of facts."""
    if isinstance(value, str):
        return _text(value, search)
    if isinstance(value, Mapping):
        return {name: _value(each, search) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_value(each, search) for each in value]
    return value
