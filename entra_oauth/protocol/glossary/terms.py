"""The words of the field that are neither a number nor the name of a field: PKCE, tenant …

The rows are in `terms.json` beside this file: the meaning, and the standard or page that
says so. `unread` marks a source whose own text was not at hand when the row was written.
"""

from __future__ import annotations

import json
import pkgutil
from functools import cache

from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Term", "terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One row: a word as it is written, and its meaning in whole sentences."""

    name: str
    meaning: str
    source: str
    unread: bool = False

    @property
    def citation(self) -> str:
        """The source as it is shown."""
        if not self.unread:
            return self.source
        return f"{self.source} ({'section' if '§' in self.source else 'page'} not read)"


@cache
def terms() -> Mapping[str, Term]:
    """All words, each by its name in small letters."""
    text = pkgutil.get_data("entra_oauth.protocol.glossary", "terms.json")
    rows = json.loads(text or b"{}").items()
    return {name.lower(): Term(name=name, **facts) for name, facts in rows}
