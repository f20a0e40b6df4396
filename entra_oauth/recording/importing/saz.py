"""Fiddler's session archives (SAZ): the bytes of each message, as they were on the wire.

A zip of `raw/N_c.txt` (the request), `raw/N_s.txt` (its answer) and `raw/N_m.xml` (times).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from entra_oauth.protocol.messages import split_origin
from entra_oauth.recording.importing.containers.archive import Archive
from entra_oauth.recording.importing.containers.xml_nodes import nodes_of
from entra_oauth.recording.importing.entries import Entry, ForeignFile, entry_of_bytes

__all__ = ["is_saz", "read_saz"]

_MEMBER = re.compile(r"raw/([0-9]{1,6})_([csm])\.(?:txt|xml)", re.IGNORECASE)
_CONNECT = re.compile(rb"CONNECT ([^ \r\n]{1,300}) HTTP/")
_UNSET = "0001-01-01"
_AGAIN = "Save the archive again from Fiddler."
_KIND = "session archive of Fiddler (SAZ)"


def is_saz(archive: Archive) -> bool:
    """True if there are sessions in it."""
    return any(_MEMBER.fullmatch(name) for name in archive.names)


def read_saz(archive: Archive) -> ForeignFile:
    """The exchanges of an archive, by the numbers of their sessions. Raises `UsageError`."""
    entries: list[Entry] = []
    unusable: list[int] = []
    tunnels: set[str] = set()
    connects = 0
    for session in _sessions(archive):
        if (tunnel := _CONNECT.match(session.sent)) is not None:
            tunnels.add(tunnel[1].decode("latin-1").lower())
            connects += 1
            continue
        entry = _entry(session, tunnels)
        if entry is None:
            unusable.append(session.number)
        else:
            entries.append(entry)
    asked = f"Requests for a tunnel (CONNECT) are no exchanges: {connects} were left out."
    return ForeignFile(
        kind=_KIND,
        origin=f"a {_KIND}",
        creator="Fiddler",
        entries=tuple(entries),
        unusable=tuple(unusable),
        not_kept=(asked,) if connects else (),
    )


@dataclass(frozen=True, slots=True)
class _Session:
    number: int
    sent: bytes = field(repr=False)
    received: bytes = field(repr=False)
    about: bytes = field(repr=False)


def _sessions(archive: Archive) -> Iterator[_Session]:
    names: dict[int, dict[str, str]] = {}
    for name in archive.names:
        if match := _MEMBER.fullmatch(name):
            names.setdefault(int(match[1]), {})[match[2].lower()] = name
    for number, parts in sorted(names.items()):
        sent, received, about = (archive.read(parts.get(part, "")) or b"" for part in "csm")
        yield _Session(number, sent, received, about)


def _entry(session: _Session, tunnels: set[str]) -> Entry | None:
    began, ended = _times(session)
    return entry_of_bytes(
        session.number,
        session.sent,
        session.received,
        origin=_origin(session.sent, tunnels),
        started_at=began,
        duration_s=max(0.0, ended - began) if ended else 0.0,
        # Between Fiddler and the program the line was another one than was sent on.
        exact=b"://" not in session.sent.partition(b"\r\n")[0].partition(b"?")[0],
    )


def _origin(sent: bytes, tunnels: set[str]) -> str:
    host = re.search(rb"\nHost:[ \t]*([^\r\n]{1,300})", sent[:20_000], re.IGNORECASE)
    name = host[1].decode("latin-1").strip().lower() if host else ""
    if not name:
        return ""
    full = name if re.search(r":[0-9]+\Z", name) else f"{name}:443"
    is_tls = full in tunnels or full.endswith(":443")
    return split_origin(f"{'https' if is_tls else 'http'}://{name}/")[0]


def _times(session: _Session) -> tuple[float, float]:
    """Begin and end in seconds since 1970; 0 where the archive does not say."""
    if not session.about:
        return 0.0, 0.0
    place = f"raw/{session.number}_m.xml of the archive"
    nodes = nodes_of(session.about, place=place, advice=_AGAIN)
    timers = next((n.attributes for n in nodes if n.path[-1] == "SessionTimers"), {})
    begin = _time(timers.get("ClientBeginRequest", ""))
    end = _time(timers.get("ServerDoneResponse", "")) or _time(timers.get("ClientDoneResponse", ""))
    return begin, end


def _time(text: str) -> float:
    if text.startswith(_UNSET):
        return 0.0
    try:
        # Seven digits of a second, of which Python takes six.
        return datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
