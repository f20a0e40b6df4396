"""Writes examples/timeline anew: python -m kit.audit.write_timeline_examples FOLDER, in tests/."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.save import evidence_of, save
from entra_oauth.recording.step import Level
from kit.audit import timelines

__all__ = ["main"]


def main(folder: Path) -> None:
    """A sign-in with a young and an old log, and one whose code was stolen."""
    honest, stolen = timelines.honest(), timelines.stolen()
    save(honest.recording, folder / "honest", level=Level.SECRETS, created_at=honest.now)
    har = har_text(evidence_of(honest.browser_side, level=Level.SECRETS, created_at=honest.now))
    (folder / "browser.har").write_text(har, encoding="utf-8")
    honest.write_log(folder / "young.json")
    honest.later(9_000)
    honest.write_log(folder / "honest.json")
    save(stolen.recording, folder / "stolen", level=Level.SECRETS, created_at=stolen.now)
    stolen.later(9_000)
    stolen.write_log(folder / "stolen.json")
    assert json.loads((folder / "honest.json").read_text(encoding="utf-8"))["value"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
