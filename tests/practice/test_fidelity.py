"""The table of what is Entra's and what is not stays true to the code."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import entra_oauth.practice
from entra_oauth.practice.aadsts import KINDS
from entra_oauth.practice.fidelity import ROWS, Label
from kit.practice import BASE, Kit

ROOM = Path(entra_oauth.practice.__file__).parent
CODE = {
    str(path.relative_to(ROOM)): path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py")
}


def test_every_row_is_marked_in_the_code_and_every_mark_has_a_row() -> None:
    marks = re.findall(r"# fidelity: ([a-z0-9, -]+?)(?: - .*)?$", "\n".join(CODE.values()), re.M)
    named = {key.strip() for mark in marks for key in mark.split(",")}
    assert named == {row.key for row in ROWS}


def test_keys_are_unique_and_what_is_entras_has_a_source() -> None:
    assert [key for key, times in Counter(row.key for row in ROWS).items() if times > 1] == []
    assert [row.key for row in ROWS if row.label is Label.AS_ENTRA and not row.source] == []


def test_the_page_shows_every_row() -> None:
    text = Kit().get(f"{BASE}/fidelity").body.decode()
    for row in ROWS:
        assert f"<code>{row.key}</code>" in text
    for label in Label:
        assert label.value in text


def test_every_error_of_the_table_is_used_and_every_used_one_is_in_the_table() -> None:
    code = "\n".join(text for name, text in CODE.items() if name != "aadsts.py")
    used = {int(number) for number in re.findall(r"refuse\((\d+)", code)}
    used |= {int(n) for pair in re.findall(r"refuse\((\d+) if .* else (\d+)\)", code) for n in pair}
    used |= {900023}  # refuse(90002 if looks_right else 900023, …)
    assert used == set(KINDS)
