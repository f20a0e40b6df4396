"""The table of what is Entra's and what is not stays true to the code."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import entra_oauth.practice
from entra_oauth.practice.fidelity import Label, fidelity_rows
from kit.practice import BASE, Kit

ROOM = Path(entra_oauth.practice.__file__).parent
CODE = {
    str(path.relative_to(ROOM)): path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py")
}


def test_every_row_is_marked_in_the_code_and_every_mark_has_a_row() -> None:
    marks = re.findall(r"# fidelity: ([a-z0-9, -]+?)(?: - .*)?$", "\n".join(CODE.values()), re.M)
    named = {key.strip() for mark in marks for key in mark.split(",")}
    assert named == {row.key for row in fidelity_rows()}


def test_keys_are_unique_and_what_is_entras_has_a_source() -> None:
    rows = fidelity_rows()
    assert [key for key, times in Counter(row.key for row in rows).items() if times > 1] == []
    assert [row.key for row in rows if row.label is Label.AS_ENTRA and not row.source] == []


def test_the_page_shows_every_row() -> None:
    text = Kit().get(f"{BASE}/fidelity").body.decode()
    for row in fidelity_rows():
        assert f"<code>{row.key}</code>" in text
    for label in Label:
        assert label.value in text


SCHEMA = {"key": str, "label": str, "behaviour": str, "source": str}


def test_the_file_holds_rows_with_known_members_of_the_right_kind_and_nothing_else() -> None:
    table = json.loads((ROOM / "fidelity.json").read_text(encoding="utf-8"))
    for row in table:
        assert row.keys() - {"source"} == {"key", "label", "behaviour"}, row
        assert all(isinstance(value, SCHEMA[name]) and value for name, value in row.items()), row
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["key"]), row
        assert row["label"] in list(Label), row
        assert re.fullmatch(r"[^\x00-\x1f]+[.)0-9]", row["behaviour"]), row
