"""The table of Entra's numbered errors: its form, and that the code uses all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import entra_oauth.practice
from entra_oauth.practice.error_kinds import error_kinds

ROOM = Path(entra_oauth.practice.__file__).parent
REQUIRED = {"number": int, "error": str, "text": str, "advice": str}
OPTIONAL = {"status": int, "suberror": str, "listed": bool}


def test_the_file_holds_errors_with_known_members_of_the_right_kind_and_nothing_else() -> None:
    table = json.loads((ROOM / "error_kinds.json").read_text(encoding="utf-8"))
    for entry in table:
        assert entry.keys() >= REQUIRED.keys(), entry
        for name, value in entry.items():
            assert type(value) is {**REQUIRED, **OPTIONAL}[name], entry
        assert entry.get("status", 401) == 401, "400 is left out"
        assert entry.get("listed", False) is False, "true is left out"
        assert re.fullmatch(r"[a-z_]+", entry["error"]), entry
        assert (entry["text"] + entry["advice"]).isprintable(), entry
        assert not re.search(r"\{[^}]|[^{]\}", entry["text"]), "a gap is an empty pair of braces"
    numbers = [entry["number"] for entry in table]
    assert numbers == sorted(set(numbers))


def test_every_error_of_the_table_is_used_and_every_used_one_is_in_the_table() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    used = {int(number) for number in re.findall(r"refuse\((\d+)", code)}
    used |= {int(n) for pair in re.findall(r"refuse\((\d+) if .* else (\d+)\)", code) for n in pair}
    used |= {900023}  # refuse(90002 if looks_right else 900023, …)
    assert used == set(error_kinds())
