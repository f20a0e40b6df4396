"""The sections that rules cite, and how each was looked at."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["NOT_READ", "citations", "how_checked"]

NOT_READ = "not read"

_DOCUMENT = re.compile(
    r"(RFC \d+|OAuth 2\.1|OpenID Connect Core|OAuth 2\.0 Multiple Response Types)"
    r"((?:,? (?:§[0-9.]+(?:\([0-9–]+\))?|appendix [A-Z]))*)"
)
_SECTION = re.compile(r"§([0-9.]+(?:\([0-9–]+\))?)|(appendix [A-Z])")


def citations(source: str) -> tuple[tuple[str, str], ...]:
    """Documents and sections that a rule's source names; the section is empty for a whole one."""
    found = []
    for document in _DOCUMENT.finditer(source):
        sections = [one or other for one, other in _SECTION.findall(document[2])]
        found += [(document[1], section) for section in sections or [""]]
    return tuple(found)


def how_checked(document: str, section: str) -> str:
    """`read in a copy: …`, or that it was not read."""
    known = _table().get(document, {})
    return str(known["how"]) if section in known.get("sections", ()) else NOT_READ


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("sections.toml").read_text("utf-8")
    return tomllib.loads(text)
