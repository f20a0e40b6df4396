"""audit lint: a recording, a HAR file, an address or a request judged, rule by rule."""

from __future__ import annotations

import os
from pathlib import Path

from entra_oauth.audit.inputs import named
from entra_oauth.audit.lint import lint
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.audit.sarif import sarif_of
from entra_oauth.audit.text import as_json, report_lines
from entra_oauth.cli.audit.lint_folder import FOUND, read_policy_text, run_bulk
from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.cli.session.times import today
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.findings import Severity

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.audit_verbs import LintOptions

__all__ = ["run"]


def run(options: LintOptions, session: Session) -> int:
    """Judge it. Returns 9 where something is as bad as `--fail-on` says, or worse."""
    console = session.console
    if not options.judged:
        raise UsageError(
            "audit lint needs something to judge.",
            advice="Name a recording's folder, a HAR file, an authorize address in quotes, or a "
            "file with one request.",
        )
    if options.output == "jsonl" or options.jobs is not None:
        return run_bulk(options, session)
    _refuse_many(Path(options.judged))
    policy = read_policy(read_policy_text(options.policy), BY_ID) if options.policy else None
    tell_need(Path(options.judged), options.memory, console)
    case = named(options.judged, policy=policy, max_mib=options.memory.max_memory)
    report = lint(case, today=today())
    source = options.judged if "://" not in options.judged else "an address"
    if options.output in ("sarif", "sarif-full"):
        console.result_json(sarif_of(report, source, full=options.output == "sarif-full"))
    elif console.as_json:
        console.result_json(as_json(report, plain(source)))
    else:
        for indent, line in report_lines(report):
            console.result(_laid_out(line, indent))
    return FOUND if report.at_least(Severity(options.fail_on)) else 0


def _refuse_many(place: Path) -> None:
    """Raise `UsageError` for a folder that is no recording: it may hold some."""
    may_be_read = os.path.isdir(place) and os.access(place, os.R_OK | os.X_OK)
    if may_be_read and not os.path.lexists(place / SUMS):
        raise UsageError(
            f"{plain(str(place))} is no recording: it has no {SUMS}.",
            advice="Name a recording's folder, or judge each that this one holds with -o jsonl.",
        )


def _laid_out(line: str, indent: int) -> str:
    if not indent:
        return prose(line, indent=0, columns=width()) if line else ""
    first, *rest = prose(line, indent=indent, columns=width() - 4).split("\n")
    return "\n".join([first, *(f"    {each}" for each in rest)])
