"""Recordings judged, cleaned and imported as functions of their bytes: no disk, no clock.

They are made for programs that have a hundred thousand recordings and many machines. What comes
back holds no secret, and can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.case import case_of_evidence
from entra_oauth.audit.inputs import given_case
from entra_oauth.audit.lint import findings_of, lint
from entra_oauth.audit.policy import read_policy
from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.errors import EntraOAuthError, plain
from entra_oauth.recording.files import evidence_from
from entra_oauth.recording.findings import Finding, Severity
from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.har.har_select import import_foreign
from entra_oauth.recording.importing.entries import GivenFile
from entra_oauth.recording.importing.memory_need import USUAL_MIB, check_unpacked
from entra_oauth.recording.importing.readers import read_given
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from datetime import date

    from entra_oauth.audit.case import Case
    from entra_oauth.audit.policy import Policy

__all__ = ["Content", "Row", "import_bytes", "lint_bytes", "policy_of", "redact_bytes", "rows_of"]

Content = bytes | GivenFile | Mapping[str, bytes]
"""A file of any kind that `audit lint` takes, or the files of a recording's folder by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table of findings. A file without any has one row too. Holds no secret."""

    file: str
    outcome: str
    """`finding`, `clean`, or `error` where the file could not be judged."""
    rule: str | None = None
    """The name of the rule: `AR04`."""
    severity: str | None = None
    """`error`, `warning` or `note`."""
    step: int | None = None
    """The number of the step; None: it is about the whole recording."""
    text: str | None = None
    """What was found, or why the file could not be judged."""
    source: str | None = None
    """Where the rule stands: `RFC 9700 §2.1.1`."""

    def as_record(self) -> dict[str, Any]:
        """The same as a plain dictionary, its members always in this order."""
        return asdict(self)


def policy_of(text: str) -> Policy:
    """A policy from the text of its TOML file. Raises `UsageError`."""
    return read_policy(text, BY_ID)


def lint_bytes(
    content: Content, policy: Policy | None = None, *, today: date, max_mib: int = USUAL_MIB
) -> tuple[Finding, ...]:
    """The findings, the worst first; what nobody can decide is left out.

    `today` is for the policy's waivers. Raises `UsageError` for what is no recording or needs
    more than `max_mib` MiB of memory, `SecurityError` for a folder that was changed.
    """
    report = lint(_case(content, policy, max_mib), today=today)
    found = findings_of(report)
    return tuple(each for each in found if each.severity is not Severity.UNDECIDABLE)


def rows_of(
    name: str,
    content: Content,
    policy: Policy | None = None,
    *,
    today: date,
    max_mib: int = USUAL_MIB,
) -> tuple[Row, ...]:
    """The same as rows of a table. Nothing is raised: what is broken is a row with its error."""
    name = plain(name, limit=1000)
    try:
        found = lint_bytes(content, policy, today=today, max_mib=max_mib)
    except EntraOAuthError as error:
        return (error_row(name, str(error)),)
    except Exception as error:
        # A fault of ours, met by a file that somebody made to find it. Its text may quote the file.
        return (error_row(name, f"It could not be judged ({type(error).__name__})."),)
    if not found:
        return (Row(file=name, outcome="clean"),)
    return tuple(
        Row(
            file=name,
            outcome="finding",
            rule=each.id,
            severity=each.severity.value,
            step=each.step,
            text=plain(each.text),
            source=each.source,
        )
        for each in found
    )


def error_row(name: str, why: str) -> Row:
    """The row of a file that could not be judged."""
    return Row(file=plain(name, limit=1000), outcome="error", text=plain(why))


def redact_bytes(data: bytes, *, level: str = "secrets", max_mib: int = USUAL_MIB) -> bytes:
    """A HAR file without its secrets; with the level `pii`, without people and tenants too.

    Raises `UsageError` for what is none or needs more memory, `SecurityError` where a secret
    could not be taken out.
    """
    check_unpacked(data, max_mib)
    return redact_har(har_object(data, max_mib=max_mib), Level(level))[0]


def import_bytes(
    data: bytes, *, created_at: float, level: str = "secrets", max_mib: int = USUAL_MIB
) -> dict[str, bytes]:
    """The files of a recording's folder, by name, from another program's file.

    `created_at` is in seconds since 1970. Raises as `redact_bytes` does.
    """
    check_unpacked(data, max_mib)
    file = read_given(GivenFile(data=data, max_mib=max_mib))
    done = import_foreign(file, level=Level(level), created_at=created_at, facts={})
    return finished_files(done.evidence, done.recording)


def _case(content: Content, policy: Policy | None, max_mib: int) -> Case:
    if isinstance(content, Mapping):
        return case_of_evidence(evidence_from(content), policy=policy)
    if isinstance(content, bytes):
        content = GivenFile(data=content, max_mib=max_mib)
    check_unpacked(content.data, max_mib)
    return given_case(content, "The file", policy=policy)
