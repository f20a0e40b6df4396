"""The linter's findings on requests before they are sent, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.session.wrap import prose, width

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["say_findings"]


def say_findings(console: Console, *requests: HttpRequest) -> None:
    """Say what would be found on requests that were not sent yet; nothing where all is well."""
    from entra_oauth.audit.inputs import planned
    from entra_oauth.audit.lint import lint
    from entra_oauth.audit.text import findings
    from entra_oauth.cli.session.times import today

    report = lint(planned(*requests), today=today())
    failures = report.failures()
    if not failures:
        console.say("\nThe linter finds nothing on what would be sent.")
        return
    console.say("\nThe linter on what would be sent:")
    for judged, line in zip(failures, findings(failures), strict=True):
        text = f"{judged.severity.value}: {line} ({judged.rule.source})"
        console.say(prose(text, indent=2, columns=width()))
    console.say(f"  More of each: entra-oauth explain {failures[0].rule.id}")
