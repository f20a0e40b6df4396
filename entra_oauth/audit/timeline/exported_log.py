"""Entra's exported sign-in log, read row by row: only the rows in question stay in memory."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from entra_oauth.audit.timeline.sign_in_rows import SignInRow, columns_of, row_of_csv, row_of_json
from entra_oauth.errors import LocalError, UsageError, plain

__all__ = ["MAX_BYTES", "MAX_ROWS", "Export", "read_export"]

MAX_BYTES = 512 * 1024 * 1024
MAX_ROWS = 2_000_000
MAX_KEPT = 5_000
_CHUNK = 1024 * 1024
_LONGEST_ROW = 4 * 1024 * 1024
_AGAIN = "Export the sign-ins of that person and that day only, as JSON or CSV."


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The rows in question, and what the others tell of the export."""

    rows: tuple[SignInRow, ...]
    """Oldest first; one for each id."""
    count: int
    """All rows that could be read."""
    unreadable: int
    newest: float | None
    """The start of the newest row of all: the export reaches as far at least."""
    has_redemptions: bool
    """It has rows at which no person was: without them nothing can be said of a code."""
    form: str
    """`Graph JSON`, `portal JSON` or `portal CSV`."""


def read_export(path: Path, wanted: Callable[[SignInRow], bool]) -> Export:
    """The export. Raises `LocalError` and `UsageError`, which quote nothing of it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise _too_large(f"is larger than {MAX_BYTES // 1024**2} MiB")
            return _Rows(wanted).of(_Bounded(file))
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Check its name, and who may read it.",
        ) from None


def _too_large(why: str) -> UsageError:
    return UsageError(f"The sign-in log {why}.", advice=_AGAIN)


def _none(why: str) -> UsageError:
    return UsageError(
        f"It is no sign-in log that can be read: {why}.",
        advice="Give Graph's /auditLogs/signIns as JSON, or the portal's download as JSON or CSV.",
    )


class _Bounded:
    """Text of a file, piece by piece, and no more of it than is read at most."""

    def __init__(self, file: IO[bytes]) -> None:
        start = file.read(4)
        coding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        file.seek(0)
        self._text = io.TextIOWrapper(
            io.BufferedReader(_Metered(file)), encoding=coding, newline=""
        )

    def pieces(self) -> Iterator[str]:
        try:
            while piece := self._text.read(_CHUNK):
                yield piece
        except UnicodeError:
            raise _none("it is neither UTF-8 nor UTF-16") from None

    def lines(self) -> Iterator[str]:
        try:
            while line := self._text.readline(_LONGEST_ROW):
                if len(line) >= _LONGEST_ROW:
                    raise _none("a row is too long")
                yield line
        except UnicodeError:
            raise _none("it is neither UTF-8 nor UTF-16") from None

    def first(self) -> str:
        """The first character that is no blank; nothing of it is used up."""
        try:
            piece = self._text.read(64)
        except UnicodeError:
            raise _none("it is neither UTF-8 nor UTF-16") from None
        self._text.seek(0)
        return piece.lstrip()[:1]


class _Metered(io.RawIOBase):
    """A pipe tells no size: what is read is counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, MAX_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._left = MAX_BYTES
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(f"is larger than {MAX_BYTES // 1024**2} MiB")
        buffer[: len(data)] = data
        return len(data)


class _Rows:
    """Counts all rows, and keeps those that are wanted."""

    def __init__(self, wanted: Callable[[SignInRow], bool]) -> None:
        self._wanted = wanted
        self._kept: dict[str, SignInRow] = {}
        self._count = self._unreadable = 0
        self._newest: float | None = None
        self._has_redemptions = False

    def of(self, file: _Bounded) -> Export:
        first = file.first()
        if first in ("{", "["):
            form = "Graph JSON" if first == "{" else "portal JSON"
            for found in json_rows(file.pieces()):
                self._take(row_of_json(found) if isinstance(found, dict) else None)
        else:
            form = "portal CSV"
            self._csv(file)
        if self._count == 0 and self._unreadable:
            raise _none("none of its rows has a time in UTC")
        rows = tuple(sorted(self._kept.values(), key=lambda row: row.at))
        return Export(
            rows=rows,
            count=self._count,
            unreadable=self._unreadable,
            newest=self._newest,
            has_redemptions=self._has_redemptions,
            form=form,
        )

    def _csv(self, file: _Bounded) -> None:
        csv.field_size_limit(_LONGEST_ROW)
        reader = csv.reader(file.lines())
        try:
            columns = columns_of(next(reader, []))
            if not {"at", "id"} <= set(columns.values()):
                raise _none(
                    "it is neither JSON, nor CSV with the columns Date (UTC) and Request ID"
                )
            for cells in reader:
                if cells:
                    self._take(row_of_csv(cells, columns))
        except csv.Error:
            raise _none("its CSV is broken") from None

    def _take(self, row: SignInRow | None) -> None:
        if self._count + self._unreadable >= MAX_ROWS:
            raise _too_large(f"has more than {MAX_ROWS:,} rows")
        if row is None:
            self._unreadable += 1
            return
        self._count += 1
        self._newest = row.at if self._newest is None else max(self._newest, row.at)
        self._has_redemptions |= row.interactive is False
        if not self._wanted(row):
            return
        if len(self._kept) >= MAX_KEPT:
            raise _too_large(f"has more than {MAX_KEPT:,} rows of that person and that hour")
        # Duplicates happen: of risk, of retries, of several policies.
        self._kept.setdefault(row.id or f"#{self._count}", row)


# ---- JSON, row by row --------------------------------------------------------------------


def json_rows(pieces: Iterator[str]) -> Iterator[object]:
    """The members of the array `value`, or of the array that the whole is. Raises `UsageError`."""
    text = _Window(pieces)
    if text.next_is("{"):
        _to_value(text)
    if not text.next_is("["):
        raise _none("it has no list of rows")
    text.take(1)
    while not text.next_is("]"):
        yield text.value()
        if text.next_is(","):
            text.take(1)
        elif not text.next_is("]"):
            raise _none("its JSON is broken, or cut off")


def _to_value(text: _Window) -> None:
    text.take(1)
    while not text.next_is("}"):
        name = text.value()
        if not isinstance(name, str) or not text.next_is(":"):
            break
        text.take(1)
        if name == "value":
            return
        text.value()
        if text.next_is(","):
            text.take(1)
    raise _none("its object has no member `value`")


class _Window:
    """A piece of a long text, as much as the next value needs."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def next_is(self, character: str) -> bool:
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at] == character
            if not self._more():
                raise _none("its JSON is broken, or cut off")

    def take(self, count: int) -> None:
        self._at += count

    def value(self) -> object:
        self.next_is("")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                end = len(self._text)
            # A number at the end of a piece may go on in the next one.
            if end < len(self._text):
                self._at = end
                return value
            if len(self._text) - self._at > _LONGEST_ROW or not self._more():
                raise _none("its JSON is broken, or cut off")

    def _more(self) -> bool:
        piece = next(self._pieces, "")
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)
