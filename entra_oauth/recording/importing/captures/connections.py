"""The connections of a capture: who asked whom, over which TLS, and if tshark could open it.

Read from columns of numbers only: no text of the capture's is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from entra_oauth.errors import SecurityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.recording.importing.captures.tshark import Tshark

__all__ = ["Frame", "TcpConnection", "connections_of"]

_COLUMNS = (
    "frame.number",
    "frame.time_epoch",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "ip.dst",
    "ipv6.dst",
    "tcp.dstport",
    "tls.handshake.type",
    "tls.record.content_type",
    "tls.record.opaque_type",
    "tls.handshake.version",
    "tls.handshake.extensions.supported_version",
    "http2.streamid",
    "http",
    "http2",
)
_SHOWN = "tls or http or http2 or tcp.len > 0"
"""A message over plain HTTP may begin in a packet that says nothing of HTTP yet."""
_CLIENT_HELLO, _SERVER_HELLO = "1", "2"
_APPLICATION_DATA = "23"
_TLS = {"0x0303": "TLSv1.2", "0x0304": "TLSv1.3"}
MAX_CONNECTIONS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One packet with data in it."""

    number: int
    at: float
    """Seconds since 1970."""
    source: str
    """Address and port."""
    to: str
    handshake: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    """The outer types of TLS 1.3 records; the inner ones are among `records`, once opened."""
    version: str = ""
    streams: frozenset[int] = frozenset()
    """The streams of HTTP/2 in it."""
    is_http: bool = False
    is_http2: bool = False

    @property
    def has_closed_record(self) -> bool:
        """True if it has a TLS 1.3 record that could not be opened."""
        return len(self.sealed) > len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpConnection:
    """One TCP connection, in the order of its packets."""

    stream: int
    """The number that tshark gives it."""
    frames: tuple[Frame, ...] = field(repr=False)
    client: str
    server: str

    @property
    def is_tls(self) -> bool:
        return any(frame.records or frame.sealed or frame.handshake for frame in self.frames)

    @property
    def is_http2(self) -> bool:
        return any(frame.is_http2 for frame in self.frames)

    @property
    def is_open(self) -> bool:
        """True if HTTP was seen in it."""
        return any(frame.is_http or frame.is_http2 for frame in self.frames)

    @property
    def tls_version(self) -> str | None:
        hello = next((f for f in self.frames if _SERVER_HELLO in f.handshake), None)
        return _TLS.get(hello.version) if hello is not None else None

    def check_whole(self, opened: frozenset[int]) -> None:
        """Raise `SecurityError` where a record could not be opened, though others could.

        `opened` are the numbers of the packets in which tshark found what TLS carries.
        """
        for frame in self.frames:
            data = _APPLICATION_DATA in frame.records
            if self.is_tls and (frame.has_closed_record or (data and frame.number not in opened)):
                raise SecurityError(
                    f"A record of TLS in packet {frame.number:,} cannot be opened, and others of "
                    f"its connection can: the capture was changed, or is not whole.",
                    advice="Do not rely on it. Capture again.",
                )


def connections_of(tshark: Tshark) -> tuple[TcpConnection, ...]:
    """The connections with data. Raises `UsageError`."""
    columns = [word for name in _COLUMNS for word in ("-e", name)]
    output = tshark.ask("-Y", _SHOWN, "-T", "fields", "-E", "separator=/t", *columns)
    by_stream: dict[int, list[Frame]] = {}
    for line in output.decode("ascii", "replace").splitlines():
        cells = line.split("\t")
        try:
            frame, stream = _frame(cells), int(cells[2])
        except (ValueError, IndexError):
            raise _odd() from None
        by_stream.setdefault(stream, []).append(frame)
        if len(by_stream) > MAX_CONNECTIONS:
            raise UsageError(
                f"The capture has more than {MAX_CONNECTIONS:,} connections.",
                advice="Capture only the sign-in: a filter for its host.",
            )
    return tuple(_connection(stream, frames) for stream, frames in by_stream.items())


def _frame(cells: list[str]) -> Frame:
    if len(cells) != len(_COLUMNS):
        raise ValueError("another number of columns")
    cell = dict(zip(_COLUMNS, cells, strict=True))
    versions = _several(cell["tls.handshake.extensions.supported_version"])
    return Frame(
        number=int(cell["frame.number"]),
        at=float(cell["frame.time_epoch"]),
        source=_place(cell["ip.src"] or cell["ipv6.src"], cell["tcp.srcport"]),
        to=_place(cell["ip.dst"] or cell["ipv6.dst"], cell["tcp.dstport"]),
        handshake=_several(cell["tls.handshake.type"]),
        records=_several(cell["tls.record.content_type"]),
        sealed=_several(cell["tls.record.opaque_type"]),
        version=(versions or (_several(cell["tls.handshake.version"]) or ("",)))[0],
        streams=frozenset(map(int, _several(cell["http2.streamid"]))),
        is_http=bool(cell["http"]),
        is_http2=bool(cell["http2"]),
    )


def _several(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(",")) if cell else ()


def _place(address: str, port: str) -> str:
    first = ip_address(address.split(",")[0])
    return f"[{first}]:{int(port)}" if first.version == 6 else f"{first}:{int(port)}"


def _connection(stream: int, frames: Iterable[Frame]) -> TcpConnection:
    ordered = tuple(frames)
    hello = next((frame for frame in ordered if _CLIENT_HELLO in frame.handshake), ordered[0])
    return TcpConnection(stream=stream, frames=ordered, client=hello.source, server=hello.to)


def _odd() -> UsageError:
    return UsageError(
        "The tshark that is installed tells of packets in another way than is known here.",
        advice="Tried with TShark 4.0. Save a HAR file, or curl --trace, in its place.",
    )
