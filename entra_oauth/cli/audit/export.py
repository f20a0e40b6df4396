"""audit export: a recording as a report, HAR, curl commands, raw HTTP, a diagram or Markdown."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from entra_oauth.cli.audit.opened import Opened, open_named, step_of
from entra_oauth.cli.output.new_file import check_new_file, write_new_file
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.recording.compare.named_step import split_name
from entra_oauth.recording.cover.file_name import proposed_name
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.redaction.secrets import refuse_leaks
from entra_oauth.recording.report.report_text import as_curl, as_http, as_markdown, as_mermaid
from entra_oauth.recording.save import handed_on
from entra_oauth.recording.seal import seal_remark
from entra_oauth.recording.step import Evidence, Level

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.audit_verbs import ExportOptions

__all__ = ["run"]

_TEXTS: dict[str, Callable[[Evidence], str]] = {
    "har": har_text,
    "curl": as_curl,
    "http": as_http,
    "mermaid": as_mermaid,
}


def run(options: ExportOptions, session: Session) -> int:
    """Write it to the file `--out`, or to standard output."""
    console = session.console
    if not options.recording:
        raise UsageError("audit export needs a recording.", advice="Name its folder, such as rec.")
    kind = options.form
    if kind != "html" and ({"audience", "blank"} & options.origins.given):
        raise UsageError(
            f"--audience and --blank are for the report, not for {kind}.",
            advice="Leave them out, or use --as html.",
        )
    if options.copy.out and not _takes_files(options.copy.out):
        check_new_file(Path(options.copy.out))
    found, number = open_named(options.recording, options.memory, console)
    whole = found.evidence
    if number is not None:
        step = step_of(found, split_name(options.recording)[0], number)
        whole = replace(whole, steps=(step,))
    evidence = handed_on(whole)
    out = _file(options.copy.out, options.recording, evidence, kind) if options.copy.out else None
    if whole.level is Level.NONE:
        console.say("Nothing was taken out of this recording; in what is written, secrets are.")
    text = _TEXTS[kind](evidence) if kind in _TEXTS else _sealed(kind, evidence, options, found)
    data = text.encode("utf-8", "backslashreplace")
    refuse_leaks({kind: data}, found.live)
    if out is not None:
        write_new_file(out, data)
        console.say(f"Written to {plain(str(out))}.")
    else:
        console.result_bytes(data)
    return 0


def _takes_files(out: str) -> bool:
    """True for a folder that is none of a recording: to that, a file more is a change."""
    return os.path.isdir(out) and not os.path.lexists(os.path.join(out, SUMS))


def _file(out: str, recording: str, evidence: Evidence, kind: str) -> Path:
    """The file to write: in a folder one of a name that says where the recording was made."""
    if not _takes_files(out):
        return Path(out)
    name = proposed_name(Path(recording.rstrip("/\\")).name, evidence, kind)
    check_new_file(Path(out) / name)
    return Path(out) / name


def _sealed(kind: str, evidence: Evidence, options: ExportOptions, found: Opened) -> str:
    """The forms that have a cover sheet, which tells of the seal."""
    seal = seal_remark(evidence.manifest)
    if kind == "markdown":
        return as_markdown(evidence, seal=seal)
    return _html(evidence, options, found, seal)


def _html(evidence: Evidence, options: ExportOptions, opened: Opened, seal: str) -> str:
    from entra_oauth.audit import case_of_evidence, findings_of, lint
    from entra_oauth.cli.session.times import today
    from entra_oauth.recording.report.report_page import as_html

    number = split_name(options.recording or "")[1]
    whole = evidence if number is None else opened.evidence
    found = findings_of(lint(case_of_evidence(whole), today=today()))
    if number is not None:  # of one step, only what is about it
        found = tuple(each for each in found if each.step == number)
    return as_html(
        evidence,
        findings=found,
        learner=options.audience == "learner",
        blank=options.blank,
        seal=seal,
    )
