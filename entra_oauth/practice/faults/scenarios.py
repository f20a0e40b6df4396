"""Named faults: what goes wrong in practice, and what attackers do.

The table is `scenarios.toml` beside this module. Each name is a few rules in the words of
`syntax`, so all of them can be taken apart and changed. They last until the faults are cleared.
"""

from __future__ import annotations

import pkgutil
import tomllib
from dataclasses import dataclass

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One name."""

    name: str
    summary: str
    rules: tuple[str, ...]


_TABLE = (pkgutil.get_data("entra_oauth.practice.faults", "scenarios.toml") or b"").decode("utf-8")
SCENARIOS = {
    name: Scenario(name=name, summary=row["summary"], rules=tuple(row["rules"]))
    for name, row in tomllib.loads(_TABLE).items()
}
