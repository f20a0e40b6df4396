"""The manual is made from the rules, and current."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.audit.rules.citations import NOT_READ, citations, how_checked
from write_rules import markdown

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
SECTIONS = Path(__file__).parents[2] / "entra_oauth" / "audit" / "rules" / "sections.toml"


def test_the_page_of_the_rules_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run scripts/write_rules.py"


def test_every_rule_has_its_heading_once() -> None:
    lines = markdown().splitlines()
    for rule in RULES:
        assert sum(line.startswith(f"### {rule.id} ") for line in lines) == 1


def test_every_section_that_was_read_is_one_that_a_rule_cites() -> None:
    cited = {each for rule in RULES for each in citations(rule.source)}
    table = tomllib.loads(SECTIONS.read_text(encoding="utf-8"))
    read = {(name, section) for name, about in table.items() for section in about["sections"]}
    assert read - cited == set()
    assert all(about["how"].startswith("read in a copy: ") for about in table.values())


CITED = [
    ("RFC 9700 §2.1.1", (("RFC 9700", "2.1.1"),)),
    ("RFC 6749 §3.1, RFC 9700 §2.6", (("RFC 6749", "3.1"), ("RFC 9700", "2.6"))),
    ("RFC 8259 §4, §8.1; Entra, protocols", (("RFC 8259", "4"), ("RFC 8259", "8.1"))),
    ("RFC 6749 appendix B", (("RFC 6749", "appendix B"),)),
    ("OpenID Connect Core §3.1.3.7(9–10)", (("OpenID Connect Core", "3.1.3.7(9–10)"),)),
    ("RFC 8628 §5.4, RFC 10027", (("RFC 8628", "5.4"), ("RFC 10027", ""))),
    ("your policy: tenants", ()),
]


@pytest.mark.parametrize(("source", "found"), CITED)
def test_citations_are_read_from_a_source(source: str, found: tuple[tuple[str, str], ...]) -> None:
    assert citations(source) == found


def test_the_page_says_which_sections_nobody_read() -> None:
    page = markdown()
    assert "RFC 6749 §3.1, RFC 9700 §2.6\n" in page
    assert "*warning* · RFC 6750 §3 (section not read)" in page
    for rule in RULES:
        for document, section in citations(rule.source):
            if how_checked(document, section) == NOT_READ:
                about = page.split(f"### {rule.id} ")[1].splitlines()
                assert "not read)" in next(line for line in about if "· " in line)
