"""audit redact: take the secrets out of a HAR file that another program made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.channels.base import monotonic
from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.cli.output.new_file import write_new_file
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import UsageError, plain
from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.importing.given import read_file
from entra_oauth.recording.redaction.finds import KIND_WORDS
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import MemoryOptions, RedactOptions
    from entra_oauth.recording.har.har_cleaner import HarReport

__all__ = ["run"]

_FIRST_S, _FURTHER_S = 1.0, 5.0


def run(options: RedactOptions, session: Session) -> int:
    """Write the clean file to --out, or to standard output, and report on it."""
    console = session.console
    if not options.file:
        raise UsageError("audit redact needs a file.", advice="Name a HAR file.")
    har = _read(Path(options.file), options.memory, console)
    data, report = redact_har(har, Level(options.copy.level), _ProgressLines(console))
    if options.copy.out:
        write_new_file(Path(options.copy.out), data)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/redaction/1",
                "authority": report.authority or None,
                "entries": report.entries,
                "removed": dict(sorted(report.removed.items())),
                "kept": sorted(report.kept),
                "not_understood": report.not_understood,
                "har": None if options.copy.out else data.decode("utf-8", "replace"),
            }
        )
        return 0
    if not options.copy.out:
        console.result_bytes(data)
    tell = console.result if options.copy.out else console.say
    for line in _lines(report):
        tell(line)
    return 0


def _read(path: Path, memory: MemoryOptions, console: Console) -> dict[str, Any]:
    """The file, if its need of memory is allowed; a larger need is told."""
    tell_need(path, memory, console)
    data = read_file(path, max_mib=memory.max_memory)
    return har_object(data, max_mib=memory.max_memory)


class _ProgressLines:
    """Says how far the work has come, once it takes longer than a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = monotonic() + _FIRST_S
        self._walk = 0

    def __call__(self, done: int, of: int) -> None:
        self._walk += done == 1
        if monotonic() >= self._next:
            self._next = monotonic() + _FURTHER_S
            self._console.say(f"Walk {self._walk} of 2: entry {done:,} of {of:,}.")


def _lines(report: HarReport) -> list[str]:
    columns = width()
    lines = [prose(report.authority, indent=0, columns=columns)] if report.authority else []
    lines.append(f"{report.entries} entries.")
    lines.append("Taken out:" if report.removed else "Nothing had to be taken out.")
    for kind, count in report.removed.most_common():
        lines.append(f"  {count:>5}  {KIND_WORDS.get(kind, kind)}")
    if report.kept:
        names = ", ".join(sorted(plain(name, limit=60) for name in report.kept))
        lines.append(prose(f"Kept as they were: {names}", indent=0, columns=columns))
    if report.not_understood:
        lines.append("Not understood or too large, so not in the clean file:")
        lines += [
            prose(plain(each, limit=200), indent=2, columns=columns)
            for each in report.not_understood
        ]
    return lines
