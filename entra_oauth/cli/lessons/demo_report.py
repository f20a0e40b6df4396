"""The report of a demo's sign-in, in a file of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from entra_oauth.audit import case_of, findings_of, lint
from entra_oauth.channels.base import now
from entra_oauth.cli.output.new_file import check_new_file, write_new_file
from entra_oauth.cli.session.times import today
from entra_oauth.recording.facts import facts_of
from entra_oauth.recording.redaction.secrets import live_secrets, refuse_leaks
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level

if TYPE_CHECKING:
    from entra_oauth.recording import Recording

__all__ = ["check_place", "write_report"]


def check_place(file: str | None) -> None:
    """Raise `LocalError` now if the report could not be written at the end."""
    if file is not None:
        check_new_file(Path(file))


def write_report(recording: Recording, file: str | None) -> Path | None:
    """Write it and return where.

    Without a name it goes to the user's cache folder, in the place of the last demo's;
    None if that cannot be written to. With one, raises `LocalError`.
    """
    facts = facts_of(os.environ, verb="demo")
    evidence = evidence_of(recording, level=Level.SECRETS, created_at=now(), facts=facts)
    found = findings_of(lint(case_of(recording), today=today()))
    data = as_html(evidence, findings=found, learner=True).encode()
    refuse_leaks({"the report": data}, live_secrets(recording))
    if file is not None:
        write_new_file(Path(file), data)
        return Path(file)
    path = user_cache_path("entra-oauth", appauthor=False) / "demo.html"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".demo.", dir=path.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(temporary, path)
    except OSError:
        return None
    return path
