"""An HTTP/1.1 message as bytes, taken apart so that each byte keeps its place (RFC 9112).

More patient than a client or a server: what is recorded is looked at, not obeyed.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, replace
from functools import cached_property

from entra_oauth.protocol.messages import Fields

__all__ = ["MAX_DECODED_BYTES", "RawMessage", "split_message"]

MAX_DECODED_BYTES = 8 * 1024 * 1024
"""The largest body that is unpacked."""

_LINE = re.compile(rb"\r?\n(?![ \t])")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d\b")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r?\n")


@dataclass(frozen=True, kw_only=True)
class RawMessage:
    """One message. `b"".join` of its parts in the order of the fields is the message."""

    interim: bytes = b""
    """Whole heads of 1xx answers that came before."""
    start: bytes
    """The request line or the status line, without its line end."""
    lines: tuple[bytes, ...] = ()
    """Header lines without their line ends; a folded one is one."""
    body: bytes = b""
    """As it was on the wire: chunked and compressed as it came."""
    newline: bytes = b"\r\n"
    whole: bool = True
    """False if the head has no end: the message was cut off, or is none."""

    @cached_property
    def headers(self) -> Fields:
        """Names and values in wire order."""
        pairs = (line.decode("latin-1").partition(":") for line in self.lines)
        return tuple((name, value.strip(" \t")) for name, _, value in pairs)

    def header(self, name: str) -> str | None:
        """The first header of that name, without regard to case."""
        wanted = name.lower()
        return next((v for n, v in self.headers if n.lower() == wanted), None)

    @property
    def is_chunked(self) -> bool:
        return "chunked" in (self.header("transfer-encoding") or "").lower()

    @property
    def coding(self) -> str:
        """The content coding, lower case; empty for none."""
        coding = (self.header("content-encoding") or "").strip().lower()
        return "" if coding == "identity" else coding

    def chunks(self) -> tuple[tuple[bytes, ...], bytes] | None:
        """The chunks' data, and what follows the last; None if they are not well formed."""
        found: list[bytes] = []
        at = 0
        while match := _CHUNK_SIZE.match(self.body, at):
            size = int(match[1], 16)
            if size == 0:
                return tuple(found), self.body[match.start() :]
            end = match.end() + size
            data = self.body[match.end() : end]
            line_end = b"\r\n" if self.body.startswith(b"\r\n", end) else b"\n"
            if not self.body.startswith(line_end, end):  # nor where it ends before
                return None
            found.append(data)
            at = end + len(line_end)
        return None

    def unframed(self) -> bytes | None:
        """The body without its chunks; None if they are not well formed."""
        if not self.is_chunked:
            return self.body
        chunks = self.chunks()
        return None if chunks is None else b"".join(chunks[0])

    def decoded(self) -> bytes | None:
        """The body without chunks and compression; None if that cannot be undone here."""
        data = self.unframed()
        return None if data is None else unpack(data, self.coding)

    def with_body(self, body: bytes) -> RawMessage:
        """The same message with another body, given as on the wire."""
        return replace(self, body=body)

    def __bytes__(self) -> bytes:
        if not self.whole:
            return self.interim + self.start
        lines = self.newline.join((self.start, *self.lines))
        return self.interim + lines + self.newline * 2 + self.body


def split_message(data: bytes) -> RawMessage:
    """Take a message apart. Never raises: what has no head is all `start`."""
    at = 0
    end = _END_OF_HEAD.search(data)
    # One after which nothing came is not before anything.
    while end is not None and end.end() < len(data) and _INTERIM.match(data, at):
        at = end.end()
        end = _END_OF_HEAD.search(data, at)
    if end is None:
        return RawMessage(interim=data[:at], start=data[at:], whole=False)
    head = data[at : end.start()]
    newline = b"\r\n" if end[0] == b"\r\n\r\n" else b"\n"
    start, *lines = _LINE.split(head)
    message = RawMessage(
        interim=data[:at], start=start, lines=tuple(lines), body=data[end.end() :], newline=newline
    )
    if bytes(message) != data:  # line ends of several kinds: better opaque than wrong
        return RawMessage(interim=b"", start=data, whole=False)
    return message


def unpack(data: bytes, coding: str, *, limit: int = MAX_DECODED_BYTES) -> bytes | None:
    """Undo a content coding; None if it is not known here, is broken, or gives too much."""
    if not coding:
        return data
    if coding not in ("gzip", "x-gzip", "deflate"):
        return None
    for window in (47, -15) if coding == "deflate" else (31,):
        unpacker = zlib.decompressobj(window)
        try:
            found = unpacker.decompress(data, limit + 1)
        except zlib.error:
            continue
        if len(found) <= limit and unpacker.eof and not unpacker.unused_data:
            return found
    return None


def pack(data: bytes, coding: str) -> bytes:
    """Compress again. `coding` is one that `unpack` knows."""
    if not coding:
        return data
    return zlib.compress(data) if coding == "deflate" else gzip.compress(data, mtime=0)
