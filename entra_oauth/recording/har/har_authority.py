"""A remark on the authority of another program's file, where that is none of Entra's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.channels.exchange import Exchange
from entra_oauth.recording.har.har_members import text_at
from entra_oauth.recording.recognise import kind_of
from entra_oauth.recording.record import Recording
from entra_oauth.recording.step import steps_of
from entra_oauth.recording.story import authority_remark, remark_in, server_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.recording.importing.entries import Entry, ForeignFile

__all__ = ["entries_remark", "file_remark"]


def file_remark(file: ForeignFile) -> str:
    """A sentence on an authority that is not Entra's: by the exchanges, or by the file's word."""
    comment = text_at(file.har["log"], "comment") if file.har is not None else ""
    return entries_remark(file.entries, comment)


def entries_remark(entries: Iterable[Entry], comment: str) -> str:
    """The same of a file's entries. `comment` is what a HAR file says of all of them."""
    exchanges = tuple(
        Exchange(
            event=None,
            purpose="",
            request=entry.request,
            response=entry.response,
            started_at=entry.started_at,
            ended_at=entry.started_at,
        )
        for entry in entries
        if kind_of(entry.request) is not None or server_of(entry.response)
    )
    return authority_remark(steps_of(Recording(exchanges))) or remark_in(comment)
