"""The manual is made from the rules, and current."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.audit.rules.all_rules import RULES
from write_rules import markdown

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_of_the_rules_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run scripts/write_rules.py"


def test_every_rule_has_its_heading_once() -> None:
    lines = markdown().splitlines()
    for rule in RULES:
        assert sum(line.startswith(f"### {rule.id} ") for line in lines) == 1
