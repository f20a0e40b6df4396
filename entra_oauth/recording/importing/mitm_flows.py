"""mitmproxy's flow files: one dictionary for each flow, one after another.

The headers are those of the wire. Bodies are too, but for their chunks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import Fields, Times, Wire
from entra_oauth.recording.importing.containers.tnetstring import Tagged, tagged_values
from entra_oauth.recording.importing.entries import (
    Entry,
    ForeignFile,
    GivenFile,
    clean_headers,
    refuse_many,
    request_of,
    response_of,
)

__all__ = ["START", "read_mitm_flows"]

START = re.compile(rb"[1-9][0-9]{0,8}:(?:[0-9]{1,9}:)?[a-z_]{2,40}[;,]")
_KIND = "flow file of mitmproxy"
_OLDEST, _NEWEST = 4, 21
_AGAIN = "Save the flows again: mitmdump -nr FILE -w NEW"
_AS_HAR = "or as HAR: mitmdump -nr FILE --set hardump=NEW.har"
_VERSION = re.compile(r"HTTP/[0-9](?:\.[0-9])?")


def read_mitm_flows(given: GivenFile) -> ForeignFile:
    """The exchanges of a flow file. Raises `UsageError` with the place in it."""
    advice = f"{_AGAIN}, {_AS_HAR}."
    flows = tagged_values(given.data, name=_KIND, advice=advice)
    refuse_many(len(flows), _KIND)
    entries: list[Entry] = []
    unusable: list[int] = []
    remarks: list[str] = []
    versions: set[int] = set()
    others: Counter[str] = Counter()
    for number, flow in enumerate(flows, start=1):
        if not isinstance(flow, dict):
            raise UsageError(
                f"Flow {number} of the {_KIND} is none.", advice=f"{_AGAIN}, {_AS_HAR}."
            )
        versions.add(_version(flow, number))
        if (kind := _text(flow.get("type"))) != "http":
            others[plain(kind, limit=20) if re.fullmatch("[a-z]+", kind) else "other"] += 1
            continue
        entry = _entry(number, flow)
        if entry is None:
            unusable.append(number)
        else:
            entries.append(entry)
        remarks += _remarks(number, flow)
    version = str(max(versions, default=_NEWEST))
    left = [f"Flows of {kind} are no exchanges: {n} were left out." for kind, n in others.items()]
    return ForeignFile(
        kind=_KIND,
        origin=f"a {_KIND}, version {version}",
        version=version,
        creator="mitmproxy",
        entries=tuple(entries),
        unusable=tuple(unusable),
        not_kept=("mitmproxy keeps no chunks, and no bytes of HTTP/2.", *left, *remarks[:50]),
    )


def _version(flow: Mapping[str, Tagged], number: int) -> int:
    version = flow.get("version")
    if isinstance(version, list):  # before format 4: the program's own, [0, 18] …
        version = 0
    if not isinstance(version, int) or version < _OLDEST:
        raise UsageError(
            f"Flow {number} of the {_KIND} is of a form that is too old, or of none.",
            advice=f"{_AGAIN}, with a mitmproxy of today.",
        )
    if version > _NEWEST:
        raise UsageError(
            f"Flow {number} of the {_KIND} is of form {version % 10**6}; up to {_NEWEST} is read.",
            advice=f"Update entra-oauth, {_AS_HAR}.",
        )
    return version


def _remarks(number: int, flow: Mapping[str, Tagged]) -> list[str]:
    lines = []
    if flow.get("backup"):
        lines.append(f"Entry {number} was changed by hand in mitmproxy after it was recorded.")
    parts = (flow, _members(flow, "request"), _members(flow, "response"))
    if any(part.get("is_replay") for part in parts):
        lines.append(f"Entry {number} was sent, or answered, once more by mitmproxy itself.")
    return lines


def _entry(number: int, flow: Mapping[str, Tagged]) -> Entry | None:
    asked, came = _members(flow, "request"), _members(flow, "response")
    headers = _headers(asked)
    content = asked.get("content")
    body = content if isinstance(content, bytes) else b""
    request = request_of(_text(asked.get("method")), _url(asked, headers), headers, body)
    if request is None:
        return None
    response = None
    status = came.get("status_code")
    if isinstance(status, int) and 100 <= status <= 599:
        answer = came.get("content")
        response = response_of(
            status,
            _text(came.get("reason")),
            _headers(came),
            answer if isinstance(answer, bytes) else b"",
        )
    began = _time(asked.get("timestamp_start"))
    ended = _time(came.get("timestamp_end")) or _time(asked.get("timestamp_end"))
    version = _text(asked.get("http_version"))
    return Entry(
        number=number,
        request=request,
        response=response,
        started_at=began,
        duration_s=max(0.0, ended - began) if began and ended else 0.0,
        http_version=version if _VERSION.fullmatch(version) else "HTTP/1.1",
        link=_link(flow, asked, came),
        body_exact=isinstance(content, bytes),
    )


def _url(asked: Mapping[str, Tagged], headers: Fields) -> str:
    """As the client named the host: mitmproxy may have sent it on to another."""
    named = next((value for name, value in headers if name.lower() == "host"), "")
    host, port, scheme = (_text(asked.get(name)) for name in ("host", "port", "scheme"))
    if not (named := _text(asked.get("authority")) or named) and host:
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        usual = {"http": "80", "https": "443"}.get(scheme) == port
        named = shown if usual else f"{shown}:{port}"
    return f"{scheme}://{named}{_text(asked.get('path'))}" if scheme and named else ""


def _link(
    flow: Mapping[str, Tagged], asked: Mapping[str, Tagged], came: Mapping[str, Tagged]
) -> Wire:
    server = _members(flow, "server_conn")
    peer = next(
        (
            p
            for name in ("peername", "ip_address", "address")
            if isinstance(p := server.get(name), list)
        ),
        [],
    )
    host, port = (_text(each) for each in (*peer, "", "")[:2])
    host = f"[{host}]" if ":" in host else host
    sent = _between(asked.get("timestamp_start"), asked.get("timestamp_end"))
    waited = _between(asked.get("timestamp_end"), came.get("timestamp_start"))
    took = _between(came.get("timestamp_start"), came.get("timestamp_end"))
    return Wire(
        peer=plain(f"{host}:{port}", limit=80) if host else None,
        tls_version=_word(server.get("tls_version")),
        cipher=_word(server.get("cipher") or server.get("cipher_name")),
        alpn=_word(server.get("alpn")),
        times=Times(send=sent, wait=waited, receive=took),
    )


def _headers(message: Mapping[str, Tagged]) -> Fields:
    listed = message.get("headers")
    pairs = listed if isinstance(listed, list) else []
    return clean_headers(
        (_latin(pair[0]), _latin(pair[1]))
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2
    )


# ---- values ---------------------------------------------------------------------------


def _members(value: Mapping[str, Tagged], name: str) -> dict[str, Tagged]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _latin(value: Tagged) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else _text(value)


def _text(value: Tagged) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _word(value: Tagged) -> str | None:
    return plain(_text(value), limit=60) or None


def _time(value: Tagged) -> float:
    is_time = isinstance(value, int | float) and 0 < value < 1e11
    return float(value) if is_time and isinstance(value, int | float) else 0.0


def _between(began: Tagged, ended: Tagged) -> float | None:
    first, last = _time(began), _time(ended)
    return last - first if first and last >= first else None
