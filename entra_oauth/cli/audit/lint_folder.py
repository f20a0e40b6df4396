"""audit lint -o jsonl: all recordings of a folder, judged by several processes."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.bulk.pool import judged_by_pool
from entra_oauth.audit.bulk.recordings import names_in
from entra_oauth.audit.lint import ORDER
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.channels.base import monotonic
from entra_oauth.cli.session.times import today
from entra_oauth.errors import UsageError, plain
from entra_oauth.flows.named_file import read_file
from entra_oauth.recording.findings import Severity

if TYPE_CHECKING:
    from entra_oauth.audit.bulk.worker import Order
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import LintOptions

__all__ = ["FOUND", "read_policy_text", "run_bulk"]

FOUND = 9
_EACH_S = 5.0


def run_bulk(options: LintOptions, session: Session) -> int:
    """One line of JSON for each row. Returns 9 where `--fail-on` says so, or one had an error."""
    console = session.console
    folder = _folder(options)
    order = _order(options, folder)
    progress = _Tally(console, sum(1 for _ in names_in(folder)))
    with closing(judged_by_pool(names_in(folder), order, jobs=options.jobs or 1)) as judged:
        for rows in judged:
            for row in rows:
                console.result(json.dumps(row, ensure_ascii=True))
            progress.add(rows)
    progress.end()
    return FOUND if progress.has(Severity(options.fail_on)) else 0


def _folder(options: LintOptions) -> Path:
    if options.output != "jsonl":
        raise UsageError(
            "--jobs is for a folder of recordings, whose findings are lines of JSON.",
            advice="Add -o jsonl, or leave --jobs out.",
        )
    if not options.jobs and options.jobs is not None:
        raise UsageError("Nobody judges with --jobs 0.", advice="Give 1 or more.")
    return Path(options.judged or "")


def _order(options: LintOptions, folder: Path) -> Order:
    policy = read_policy_text(options.policy) if options.policy else None
    if policy is not None:
        read_policy(policy, BY_ID)  # raises here, and not in each process
    return {
        "folder": str(folder.absolute()),
        "policy": policy,
        "today": today().isoformat(),
        "max_mib": options.memory.max_memory,
    }


class _Tally:
    """Counts the rows, and says every few seconds how far the work has come."""

    def __init__(self, console: Console, of: int) -> None:
        self._console = console
        self._of = of
        self._done = 0
        self._levels: Counter[str] = Counter()
        self._errors = 0
        self._began = monotonic()
        self._next = self._began + _EACH_S

    def add(self, rows: list[dict[str, Any]]) -> None:
        self._done += len({row["file"] for row in rows})
        self._levels.update(row["severity"] for row in rows if row["outcome"] == "finding")
        self._errors += sum(row["outcome"] == "error" for row in rows)
        if monotonic() >= self._next:
            self._next = monotonic() + _EACH_S
            rate = self._done / (monotonic() - self._began)
            self._console.say(f"Judged: {self._done:,} of {self._of:,}, {rate:,.0f} a second.")

    def end(self) -> None:
        found = ", ".join(f"{self._levels[level]:,} {level.value}s" for level in ORDER)
        self._console.say(
            f"Judged: {self._done:,}. Findings: {found}. Could not be judged: {self._errors:,}."
        )

    def has(self, severity: Severity) -> bool:
        """True if there is a finding that bad or worse, or a recording that was not judged."""
        counted = ORDER[: ORDER.index(severity) + 1]
        return bool(self._errors) or any(self._levels[level] for level in counted)


def read_policy_text(name: str) -> str:
    """The text of a policy's file. Raises `LocalError`, and `UsageError` if it is no text."""
    data = read_file(name, f"policy {plain(name)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None  # raised below, without the bytes
    if text is None:
        raise UsageError(
            f"The policy {plain(name)} is no TOML: not UTF-8.", advice="Save it as UTF-8."
        )
    return text
