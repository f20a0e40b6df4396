"""Writes docs/rules.md from the rules themselves; with --check, says whether it is current."""

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"


def main(arguments: "list[str]") -> int:
    """Write the page, or compare it. Returns 1 where it is not current."""
    from entra_oauth.audit.manual import markdown

    text = markdown()
    if "--check" in arguments:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("docs/rules.md is current." if current else "docs/rules.md is not current.")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
