"""Measure what every verb touches, and write docs/touches.md. It takes about half a minute.

.venv/bin/python scripts/write_touches.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from packet.commands import COMMANDS, SERVED
from packet.measure import Failed, measured
from packet.touches_page import page

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "touches.md"


def main() -> int:
    """Measure and write. Returns the exit code."""
    verbs = [command.verb for command in (SERVED, *COMMANDS)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = measured(ROOT, Path(folder) / "measured")
        except Failed as error:
            print(f"A command failed: {error}", file=sys.stderr)
            return 8
    PAGE.write_text(page(found, verbs), encoding="utf-8", newline="\n")
    print(f"{PAGE.relative_to(ROOT)}: {len(found)} touches of {len(set(verbs))} verbs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
