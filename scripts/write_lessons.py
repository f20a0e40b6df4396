"""Writes what the practice pages say of parameters from the glossary; --check compares it.

The practice tenant may not import the client's code, so that each can be tested against the
other. So it gets the words as data.
"""

import json
import sys
from pathlib import Path

FILE = (
    Path(__file__).resolve().parents[1]
    / "entra_oauth"
    / "practice"
    / "pages"
    / "parameter_lessons.json"
)


def made() -> str:
    """The file's text: a sentence or two for each parameter of an authorization request."""
    from entra_oauth.protocol.glossary.message_kind import MessageKind
    from entra_oauth.protocol.glossary.parameters import all_parameters

    wide = tuple(MessageKind.AUTHORIZATION_REQUEST.from_special_to_general)
    lessons = {row.name: row.lesson for row in all_parameters() if row.message in wide}
    known = {name: lesson for name, lesson in sorted(lessons.items()) if lesson}
    return json.dumps(known, indent=2, ensure_ascii=False) + "\n"


def main(arguments: "list[str]") -> int:
    """Write the file, or compare it. Returns 1 where it is not current."""
    text = made()
    if "--check" in arguments:
        current = FILE.is_file() and FILE.read_text(encoding="utf-8") == text
        print(f"{FILE.name} is current." if current else f"{FILE.name} is not current.")
        return 0 if current else 1
    FILE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
