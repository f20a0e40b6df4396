"""A capture of packets as the exchanges that passed in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import Wire
from entra_oauth.recording.importing.captures.connections import TcpConnection, connections_of
from entra_oauth.recording.importing.captures.follow import (
    Piece,
    StreamPieces,
    pieces_by_connection,
    pieces_of_streams,
)
from entra_oauth.recording.importing.captures.http1_messages import (
    Message,
    OneWay,
    requests_in,
    responses_in,
)
from entra_oauth.recording.importing.captures.http2_messages import sides_of
from entra_oauth.recording.importing.captures.key_log import check_file, check_key_log
from entra_oauth.recording.importing.captures.tshark import Tshark, opened_capture
from entra_oauth.recording.importing.entries import (
    Entry,
    ForeignFile,
    clean_headers,
    entry_of_bytes,
    refuse_many,
    request_of,
    response_of,
)
from entra_oauth.recording.importing.memory_need import USUAL_MIB, most_bytes
from entra_oauth.recording.recognise import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["CAPTURES", "is_capture", "read_capture"]

CAPTURES = (
    b"\x0a\x0d\x0d\x0a",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
)
"""The beginnings of pcapng, and of pcap with both orders of bytes and both units of time."""
KIND = "capture of packets"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """An exchange of a connection; `broken` says which part of it is not whole."""

    entry: Entry | None
    began_at: float
    broken: str = ""
    request: HttpRequest | None = field(default=None, repr=False)


def is_capture(path: Path) -> bool:
    """True if a file begins as a capture does. A file that cannot be read is none."""
    try:
        with open(path, "rb") as file:
            return file.read(4) in CAPTURES
    except OSError:
        return False


def read_capture(path: Path, keys: Path | None, *, max_mib: int = USUAL_MIB) -> ForeignFile:
    """The exchanges of a capture.

    Raises `LocalError` without tshark or a file, `UsageError` for what is no capture, breaks off
    or cannot be opened with these keys, and `SecurityError` for one that was changed.
    """
    check_file(path, most_bytes=most_bytes(max_mib), name="capture")
    if keys is not None:
        check_key_log(keys)
    with opened_capture(path, keys, most_bytes=most_bytes(max_mib)) as tshark:
        version = tshark.version()
        connections = connections_of(tshark)
        usable = [each for each in connections if each.is_open]
        if not usable:
            raise _nothing_open(connections, keys)
        pieces = pieces_by_connection(tshark, usable)
        for each in usable:
            each.check_whole(frozenset(piece.packet for piece in pieces.get(each.stream, ())))
        seen = [*_seen_in_http1(usable, pieces), *_seen_in_http2(tshark, usable)]
    seen.sort(key=lambda one: one.began_at)
    refuse_many(len(seen), KIND)
    _refuse_broken(seen)
    entries = tuple(
        replace(one.entry, number=number)
        for number, one in enumerate(seen, start=1)
        if one.entry is not None
    )
    unusable = tuple(number for number, one in enumerate(seen, start=1) if one.entry is None)
    return ForeignFile(
        kind=KIND,
        origin=f"a capture of packets, opened by TShark {version}".rstrip(),
        version=version,
        creator="TShark",
        entries=entries,
        unusable=unusable,
        not_kept=_not_kept(connections, entries),
    )


def _nothing_open(connections: tuple[TcpConnection, ...], keys: Path | None) -> UsageError:
    closed = sum(each.is_tls for each in connections)
    if not closed:
        return UsageError(
            "In this capture is neither TLS nor HTTP.",
            advice="Capture from before the program connects, on the interface that it uses.",
        )
    some = f"{closed:,} connection{'s' if closed > 1 else ''}"
    if keys is None:
        return UsageError(
            f"In this capture is TLS ({some}), and no key log was given.",
            advice="Give it: entra-oauth audit import FILE --keys KEYLOG -o rec",
        )
    return UsageError(
        f"This key log opens none of the capture's TLS ({some}): it is another program's or "
        "another time's, or the capture began after the connection did.",
        advice="Capture again from before the program starts, with SSLKEYLOGFILE set for it.",
    )


def _refuse_broken(seen: list[_Seen]) -> None:
    """Of what belongs to a sign-in nothing may be missing."""
    for number, one in enumerate(seen, start=1):
        if one.broken and (one.request is None or kind_of(one.request) is not None):
            raise UsageError(
                f"Exchange {number:,} of the capture is not whole: {one.broken}.",
                advice="Capture again, from before the program connects until it has ended.",
            )


def _not_kept(
    connections: tuple[TcpConnection, ...], entries: tuple[Entry, ...]
) -> tuple[str, ...]:
    lines = []
    closed = sum(not each.is_open for each in connections)
    if closed:
        lines.append(f"Connections that the key log did not open, or without HTTP: {closed:,}.")
    if any(entry.http_version == "HTTP/2" for entry in entries):
        lines.append(
            "Of HTTP/2 the lists of headers and the data are those of the wire; that they stand in "
            "the form of HTTP/1.1 is this program's doing."
        )
    lines.append("Certificates and cipher of the connections were not taken from the capture.")
    return tuple(lines)


# ---- HTTP/1.1 ---------------------------------------------------------------------------


def _seen_in_http1(
    connections: list[TcpConnection], pieces: dict[int, tuple[Piece, ...]]
) -> list[_Seen]:
    seen: list[_Seen] = []
    for each in connections:
        if not each.is_http2:
            seen += _in_connection(each, pieces.get(each.stream, ()))
    return seen


def _in_connection(connection: TcpConnection, pieces: tuple[Piece, ...]) -> list[_Seen]:
    senders = {frame.number: frame.source for frame in connection.frames}
    ours = OneWay([p for p in pieces if senders.get(p.packet) == connection.client])
    theirs = OneWay([p for p in pieces if senders.get(p.packet) == connection.server])
    requests = requests_in(ours)
    methods = [request.data.split(b" ", 1)[0].decode("latin-1") for request in requests]
    answers = responses_in(theirs, methods)
    if len(answers) > len(requests):
        return [_Seen(entry=None, began_at=0.0, broken="there is an answer to no request")]
    padded = (*answers, *(None for _ in requests[len(answers) :]))
    return [
        _one(connection, request, answer) for request, answer in zip(requests, padded, strict=True)
    ]


def _one(connection: TcpConnection, request: Message, answer: Message | None) -> _Seen:
    broken = ""
    if not request.whole:
        broken = "its request breaks off"
    elif answer is not None and not answer.whole:
        broken = "its answer breaks off"
    received = answer.data if answer is not None else b""
    ended_at = answer.ended_at if answer is not None else request.ended_at
    entry = entry_of_bytes(
        1,
        request.data,
        received,
        origin=_origin(connection, request.data),
        started_at=request.began_at,
        duration_s=max(0.0, ended_at - request.began_at),
        link=_link(connection, "http/1.1"),
    )
    asked = entry.request if entry is not None else None
    if broken or entry is None:
        return _Seen(
            entry=None, began_at=request.began_at, broken=broken or "it is no HTTP", request=asked
        )
    return _Seen(entry=entry, began_at=request.began_at, request=asked)


def _origin(connection: TcpConnection, request: bytes) -> str:
    """Scheme and host of a request; the host by its `Host`, or else by the address."""
    from entra_oauth.recording.raw import split_message

    scheme = "https" if connection.is_tls else "http"
    return f"{scheme}://{split_message(request).header('host') or connection.server}"


def _link(connection: TcpConnection, protocol: str) -> Wire:
    return Wire(
        peer=connection.server,
        tls_version=connection.tls_version,
        alpn=protocol if connection.is_tls else None,
    )


# ---- HTTP/2 -----------------------------------------------------------------------------


def _seen_in_http2(tshark: Tshark, connections: list[TcpConnection]) -> list[_Seen]:
    known = {each.stream: each for each in connections if each.is_http2}
    streams = [
        (each.stream, number)
        for each in known.values()
        for number in sorted(frozenset().union(*(frame.streams for frame in each.frames)))
        if number  # 0 is the connection's own
    ]
    if not streams:
        return []
    refuse_many(len(streams), KIND)
    return [_of_stream(known[each.connection], each) for each in pieces_of_streams(tshark, streams)]


def _of_stream(connection: TcpConnection, stream: StreamPieces) -> _Seen:
    times = [frame.at for frame in connection.frames if stream.number in frame.streams]
    began_at, ended_at = min(times), max(times)
    asked, answered = sides_of(stream)
    if asked is None:
        return _Seen(entry=None, began_at=began_at, broken="its request cannot be read")
    scheme = asked.pseudo.get(":scheme", "https")
    url = f"{scheme}://{asked.pseudo.get(':authority', '')}{asked.pseudo.get(':path', '')}"
    headers = clean_headers(asked.headers)
    if ":authority" in asked.pseudo and all(name.lower() != "host" for name, _ in headers):
        headers = (*clean_headers([("host", asked.pseudo[":authority"])]), *headers)
    request = request_of(asked.pseudo[":method"], url, headers, asked.body)
    if request is None:
        return _Seen(entry=None, began_at=began_at, broken="its request cannot be read")
    status = answered.pseudo.get(":status", "") if answered is not None else ""
    response = None
    if answered is not None and len(status) == 3 and status.isascii() and status.isdigit():
        response = response_of(int(status), "", clean_headers(answered.headers), answered.body)
    broken = ""
    if not asked.whole:
        broken = "its request breaks off"
    elif answered is not None and (response is None or not answered.whole):
        broken = "its answer breaks off"
    entry = Entry(
        number=1,
        request=request,
        response=response,
        started_at=began_at,
        duration_s=max(0.0, ended_at - began_at),
        http_version="HTTP/2",
        link=_link(connection, "h2"),
    )
    return _Seen(entry=None if broken else entry, began_at=began_at, broken=broken, request=request)
