"""`curl -v`: the heads of requests and answers among curl's own words, and bodies at most in part.

The body of a request is never there. That of an answer is, where standard output went to
the same place; then nothing but its length tells it from what curl wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from entra_oauth.recording.importing.curl_talk import PREFIX, Talk
from entra_oauth.recording.importing.entries import ForeignFile, GivenFile
from entra_oauth.recording.raw import split_message

__all__ = ["START", "read_curl_verbose"]

START = re.compile(
    PREFIX + rb"(?:\* {1,3}(?:Trying |Connected to|Host |Uses proxy|Added |Rebuilt URL|Expire in|"
    rb"Could not resolve|About to connect|STATE|Hostname |processing:|Note: |Using |!)"
    rb"|> [A-Z]{3,10} \S{1,8000} HTTP/[0-9.]{1,3}\r?\n"
    rb"|  % Total    % Received)"
)
_KIND = "output of curl -v"
_SAID = re.compile(PREFIX + rb"([*<>{}]) ?([^\n]*)")
_DATA = re.compile(rb"\[\d{1,12} bytes data\]\r?")
_METER = re.compile(
    rb"[ \d.kMGTP-]{20,60}(?:[ \d-]\d?[\d-]?:[\d-]{2}:[\d-]{2} ?){3}[ \d.kMGTP]{0,8}"
)
_METER_HEAD = (b"  % Total", b"                                 Dload")
_GLUED = re.compile(rb"(?=\* (?:Connection #\d|[Cc]losing connection|shutting down connection))")


def read_curl_verbose(given: GivenFile) -> ForeignFile:
    """The exchanges of what `curl -v` wrote. Raises `UsageError`, which names the line."""
    talk = Talk(_KIND)
    printed = _Printed()
    for number, line in _lines(given.data):
        said = _SAID.fullmatch(line)
        if said is None:
            printed.take(line, talk)
            continue
        clock, transfer, mark = (said[at] or b"" for at in (1, 2, 3))
        text, at, whose = said[4].removesuffix(b"\r"), clock.decode(), transfer.decode()
        if mark == b">":
            printed.end(talk)
            _request_line(talk, text, number, at, whose)
        elif mark == b"<":
            talk.answer_head(text + b"\r\n", number, at, whose)
        elif mark == b"*":
            talk.info(text.decode("utf-8", "replace"), whose)
        elif not _DATA.fullmatch(said[4]):
            printed.take(line, talk)
    printed.end(talk)
    entries, tunnels = talk.entries(exact=False, body_exact=False)
    lines = ["curl -v shows no request's body, no date, and of HTTP/2 a text that was not sent so."]
    if printed.was_kept:
        lines.append(
            "The bodies of answers stand among curl's own words, which they could imitate."
        )
    if tunnels:
        lines.append(f"Requests for a tunnel (CONNECT) are no exchanges: {tunnels} were left out.")
    if not talk.has_ended:
        lines.append("The file does not say that the last exchange had ended; it may be cut off.")
    return ForeignFile(
        kind=_KIND,
        origin=f"the {_KIND}",
        creator="curl",
        entries=tuple(entries),
        not_kept=tuple(lines),
    )


class _Printed:
    """The lines that are none of curl's: the body of an answer, if it is whole."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.was_kept = False

    def take(self, line: bytes, talk: Talk) -> None:
        if talk.is_answering():
            self._lines.append(line)

    def end(self, talk: Talk) -> None:
        """Give the body to its answer where its length, or its form, says that it is whole."""
        body = b"\n".join(self._lines)
        self._lines = []
        if body and _is_whole(body, talk.head()):
            talk.answer_body(body)
            self.was_kept = True


def _is_whole(body: bytes, head: bytes) -> bool:
    length = split_message(head).header("content-length")
    if length == str(len(body)):
        return True
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _request_line(talk: Talk, text: bytes, number: int, at: str, transfer: str) -> None:
    if re.fullmatch(rb"[A-Z]{1,20} \S+ HTTP/[0-9.]{1,3}", text):
        talk.request_head(text + b"\r\n", number, at, transfer)
    else:
        talk.request_body(text + b"\r\n", at, transfer)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines and their numbers, without curl's meter, and apart where a body had no end."""
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1):
        if line.startswith(_METER_HEAD):
            continue
        shown = _without_meter(line)
        if shown.strip(b"\r") or shown == line:
            yield from ((number, piece) for piece in _GLUED.split(shown) if piece or not shown)


def _without_meter(line: bytes) -> bytes:
    """The line without curl's meter, which writes over itself from the line's beginning."""
    pieces = line.split(b"\r")
    if not any(map(_METER.match, pieces)):
        return line
    return b"".join(
        _METER.sub(b"", piece, count=1) if _METER.match(piece) else piece for piece in pieces
    )
