"""Writes the help texts in docs/ from the program; with --check, says whether they are current.

A help text stands between two marks, of which the first names the command:

    <!-- help: entra-oauth --help -->
    <!-- end of help -->
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGES = Path(__file__).resolve().parents[1] / "docs"
BLOCK = re.compile(r"(<!-- help: entra-oauth (.*?) -->\n).*?(<!-- end of help -->\n)", re.DOTALL)


def current(page: str) -> str:
    """The text of a page, with each help text as the program prints it now."""
    return BLOCK.sub(lambda block: block[1] + _shown(shlex.split(block[2])) + block[3], page)


def _shown(arguments: "list[str]") -> str:
    """What the installed program prints, in a window of 80 columns."""
    printed = subprocess.run(
        [sys.executable, "-P", "-m", "entra_oauth", *arguments],
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout
    return f"```text\n{printed.rstrip()}\n```\n"


def main(arguments: "list[str]") -> int:
    """Write the pages, or compare them. Returns 1 where one is not current."""
    late = []
    for path in sorted(PAGES.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if current(text) != text:
            late.append(path.name)
            if "--check" not in arguments:
                path.write_text(current(text), encoding="utf-8", newline="\n")
    if "--check" not in arguments:
        return 0
    for name in late:
        print(f"docs/{name} is not current.")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
