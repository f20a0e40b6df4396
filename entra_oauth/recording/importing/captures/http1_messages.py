"""The messages of one direction of an HTTP/1.1 connection, each with the bytes of the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.recording.raw import RawMessage, split_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.recording.importing.captures.follow import Piece

__all__ = ["Message", "OneWay", "requests_in", "responses_in"]

_END = b"\r\n\r\n"
_REQUEST = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40} [^ \r\n]{1,65536} HTTP/1\.[01]")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_LENGTH = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message."""

    data: bytes = field(repr=False)
    whole: bool
    """False if the connection ended in the middle of it."""
    began_at: float
    """Seconds since 1970."""
    ended_at: float


class OneWay:
    """All bytes of one direction, and when each came."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.data = b"".join(piece.data for piece in pieces)
        self._marks: list[tuple[int, float]] = []
        end = 0
        for piece in pieces:
            end += len(piece.data)
            self._marks.append((end, piece.at))

    def at(self, place: int) -> float:
        """The time at which that byte came; of a place beyond the end, the last byte's."""
        last = self._marks[-1][1] if self._marks else 0.0
        return next((at for end, at in self._marks if place < end), last)

    def message(self, start: int, end: int, *, whole: bool) -> Message:
        """The bytes between two places."""
        return Message(
            data=self.data[start:end],
            whole=whole,
            began_at=self.at(start),
            ended_at=self.at(max(start, end - 1)),
        )


def requests_in(flow: OneWay) -> tuple[Message, ...]:
    """The requests, in order. What is none ends the reading; it is the last, and not whole."""
    found: list[Message] = []
    start = 0
    while start < len(flow.data):
        head = _head(flow.data, start)
        if head is None or not _REQUEST.fullmatch(head.start):
            found.append(flow.message(start, len(flow.data), whole=False))
            break
        end = _end_of(flow.data, start, head, until_close=False)
        found.append(flow.message(start, end or len(flow.data), whole=end is not None))
        start = end or len(flow.data)
    return tuple(found)


def responses_in(flow: OneWay, methods: Sequence[str]) -> tuple[Message, ...]:
    """The answers to requests with these methods; interim ones (1xx) belong to the one after."""
    found: list[Message] = []
    start = at = 0
    while at < len(flow.data):
        head = _head(flow.data, at)
        status = _STATUS.fullmatch(head.start) if head is not None else None
        if head is None or status is None:
            found.append(flow.message(start, len(flow.data), whole=False))
            break
        code = int(status[1])
        after = at + len(bytes(head))
        if code < 200 and code != 101:
            at = after
            continue
        method = methods[len(found)] if len(found) < len(methods) else ""
        # RFC 9112 §6.3: without a body, whatever the headers say.
        bare = method == "HEAD" or code in (101, 204, 304)
        end = after if bare else _end_of(flow.data, at, head, until_close=True)
        found.append(flow.message(start, end or len(flow.data), whole=end is not None))
        start = at = end or len(flow.data)
    return tuple(found)


def _head(data: bytes, start: int) -> RawMessage | None:
    end = data.find(_END, start)
    if end < 0:
        return None
    head = split_message(data[start : end + len(_END)])
    return head if head.whole else None


def _end_of(data: bytes, start: int, head: RawMessage, *, until_close: bool) -> int | None:
    """The place after a message; None if it breaks off (RFC 9112 §6.3)."""
    at = start + len(bytes(head))
    if head.is_chunked:
        return _end_of_chunks(data, at)
    length = head.header("content-length")
    if length is None:
        return len(data) if until_close else at
    if not _LENGTH.fullmatch(length) or at + int(length) > len(data):
        return None
    return at + int(length)


def _end_of_chunks(data: bytes, at: int) -> int | None:
    while match := _CHUNK.match(data, at):
        at = match.end() + int(match[1], 16)
        if not int(match[1], 16):
            # Trailers, or nothing, then an empty line.
            if data.startswith(b"\r\n", at):
                return at + 2
            end = data.find(_END, at)
            return end + len(_END) if end >= 0 else None
        if not data.startswith(b"\r\n", at):
            return None
        at += 2
    return None
