"""`curl --trace` and `--trace-ascii`: blocks of bytes, each with its direction and its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from entra_oauth.errors import UsageError
from entra_oauth.recording.importing.curl_talk import PREFIX, Talk
from entra_oauth.recording.importing.entries import Entry, ForeignFile, GivenFile

__all__ = ["START", "read_curl_trace"]

START = re.compile(PREFIX + rb"(?:== Info: |=> Send |<= Recv )")
_HEAD = re.compile(
    PREFIX
    + rb"(?:== Info: (?P<info>[^\r\n]*)|(?P<way>=> Send|<= Recv) (?P<what>header|data|SSL data), "
    rb"(?P<size>\d{1,9}) bytes \(0x[0-9a-f]{1,8}\))\r?"
)
_LINE = re.compile(rb"([0-9a-f]{4,8}): ?([^\r\n]*)\r?")
_HEX = re.compile(rb"(?:[0-9a-f]{2} ){1,16} *")
_HEX_COLUMN = 48
_AGAIN = "Record again with curl --trace FILE -o BODY, and keep the whole file."


@dataclass(frozen=True, slots=True)
class _Block:
    """One thing that curl told."""

    line: int
    clock: str
    transfer: str
    way: str
    """`info`, `Send header`, `Recv data` …"""
    text: str = ""
    size: int = 0
    rows: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)
    """Each with its offset."""


def read_curl_trace(given: GivenFile) -> ForeignFile:
    """The exchanges of a trace. Raises `UsageError`, which names the line."""
    blocks = tuple(_blocks(given.data))
    first = next((block for block in blocks if block.way.endswith(" header")), None)
    is_hex = first is not None and bool(first.rows) and _is_hex(first.rows[0][1])
    kind = "trace of curl" if is_hex else "trace of curl (--trace-ascii)"
    talk = Talk(kind)
    for block in blocks:
        if block.way == "info":
            talk.info(block.text, block.transfer)
        elif not block.way.endswith("SSL data"):
            _tell(talk, block, _bytes_of(block, is_hex=is_hex))
    talk.refuse_cut_off()
    entries, tunnels = talk.entries(exact=is_hex)
    return ForeignFile(
        kind=kind,
        origin=f"a {kind}",
        creator="curl",
        entries=tuple(entries if is_hex else map(_without_packed, entries)),
        not_kept=_not_kept(talk, entries, tunnels, is_hex=is_hex),
    )


def _tell(talk: Talk, block: _Block, data: bytes) -> None:
    at, transfer = block.clock, block.transfer
    if block.way == "Send header":
        talk.request_head(data, block.line, at, transfer)
    elif block.way == "Send data":
        talk.request_body(data, at, transfer)
    elif block.way == "Recv header":
        talk.answer_head(data, block.line, at, transfer)
    else:
        talk.answer_body(data, at, transfer)


def _blocks(data: bytes) -> Iterator[_Block]:
    block: _Block | None = None
    rows: list[tuple[int, bytes]] = []
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), start=1):
        head = _HEAD.fullmatch(line)
        if head is not None:
            if block is not None:
                yield replace(block, rows=tuple(rows))
            block, rows = _block(number, head), []
        elif block is not None and block.size and (row := _LINE.fullmatch(line)):
            rows.append((int(row[1], 16), row[2]))
        elif line.strip():
            raise UsageError(
                f"Line {number:,} of the trace of curl is none of curl's: it breaks off, or "
                "something else was written into it.",
                advice=_AGAIN,
            )
    if block is not None:
        yield replace(block, rows=tuple(rows))


def _block(number: int, head: re.Match[bytes]) -> _Block:
    clock, transfer = (head[group] or b"" for group in (1, 2))
    begun = _Block(number, clock.decode("ascii"), transfer.decode("ascii"), "info")
    if head["info"] is not None:
        return replace(begun, text=head["info"].decode("utf-8", "replace"))
    way = f"{head['way'].decode()[3:]} {head['what'].decode()}"
    return replace(begun, way=way, size=int(head["size"]))


def _bytes_of(block: _Block, *, is_hex: bool) -> bytes:
    read = _from_hex(block) if is_hex else _from_text(block)
    if read is None or len(read) != block.size:
        raise UsageError(
            f"The block at line {block.line:,} of the trace of curl is not as long as it says: "
            "it breaks off, or was changed.",
            advice=_AGAIN,
        )
    return read


def _is_hex(row: bytes) -> bool:
    return _HEX.fullmatch(row[:_HEX_COLUMN].ljust(_HEX_COLUMN)) is not None


def _from_hex(block: _Block) -> bytes | None:
    pieces: list[bytes] = []
    for at, (offset, row) in enumerate(block.rows):
        if offset != at * 16 or not _is_hex(row):
            return None
        pieces.append(bytes.fromhex(row[:_HEX_COLUMN].decode("ascii")))
    return b"".join(pieces)


def _from_text(block: _Block) -> bytes | None:
    """The bytes as far as they can be seen: a row ends where the next one's offset says."""
    if not block.rows:
        return b""
    pieces: list[bytes] = []
    ends = [offset for offset, _ in block.rows[1:]] + [block.size]
    for (offset, row), end in zip(block.rows, ends, strict=True):
        gap = end - offset - len(row)
        if gap not in (0, 2):
            return None
        pieces.append(row + b"\r\n" * (gap == 2))
    return b"".join(pieces)


def _without_packed(entry: Entry) -> Entry:
    """The entry without an answer of which only dots are left."""
    answer = entry.response
    if answer is None or not answer.body:
        return entry
    is_packed = answer.header("content-encoding") or answer.body.startswith(b".")
    return replace(entry, response=replace(answer, body=b"")) if is_packed else entry


def _not_kept(talk: Talk, entries: list[Entry], tunnels: int, *, is_hex: bool) -> tuple[str, ...]:
    lines = ["The trace has no date: of the times only how long each exchange took is known."]
    if not is_hex:
        lines.append("curl --trace-ascii writes a dot for each byte that cannot be seen.")
    if any(entry.http_version.startswith(("HTTP/2", "HTTP/3")) for entry in entries):
        lines.append("Of HTTP/2 curl shows a text in the form of HTTP/1.1, which was not sent so.")
    if tunnels:
        lines.append(f"Requests for a tunnel (CONNECT) are no exchanges: {tunnels} were left out.")
    if not talk.has_ended:
        lines.append("The trace does not say that the last exchange had ended; it may be cut off.")
    return tuple(lines)
