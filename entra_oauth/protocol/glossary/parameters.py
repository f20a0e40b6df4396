"""The parameters and claims, each in the message in which it stands.

The rows are in `parameters.json` beside this file, by message and name: the meaning, and the
standard or page that says so. `unread` marks a source whose own text was not at hand when the
row was written; it is shown with the source. A row may also have a `lesson`, a sentence for
learners in which backticks set code, and `values`, the meaning of single values.

Everything that explains a message reads its words here.
"""

from __future__ import annotations

import json
import pkgutil
from functools import cache

from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.secrecy import is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Parameter", "all_parameters", "meaning_of", "parameter", "parameters_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row: a parameter, a member or a claim, in one kind of message."""

    message: MessageKind
    name: str
    meaning: str
    """Without a capital and a full stop, so that it fits into a table."""
    source: str = ""
    """Standard and section, or page; empty where no text gives it a meaning there."""
    unread: bool = False
    """Set where the text of the source was not read for this row."""
    lesson: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def citation(self) -> str:
        """The source as it is shown."""
        if not self.source or not self.unread:
            return self.source
        return f"{self.source} ({'section' if '§' in self.source else 'page'} not read)"

    @property
    def is_secret(self) -> bool:
        """True where its value must not be shown, wherever it stands."""
        return is_secret(self.name)

    def meaning_of(self, value: str) -> str:
        """The meaning of this value, or of any."""
        return self.values.get(value, self.meaning)

    def sentence_of(self, value: str = "") -> str:
        """The same as a sentence."""
        meaning = self.meaning_of(value)
        return f"{meaning[:1].upper()}{meaning[1:]}."


@cache
def _rows() -> Mapping[tuple[MessageKind, str], Parameter]:
    text = pkgutil.get_data("entra_oauth.protocol.glossary", "parameters.json")
    return {
        (MessageKind(kind), name): Parameter(message=MessageKind(kind), name=name, **facts)
        for kind, rows in json.loads(text or b"{}").items()
        for name, facts in rows.items()
    }


def all_parameters() -> tuple[Parameter, ...]:
    """All rows, in the order of the file."""
    return tuple(_rows().values())


def parameter(message: MessageKind, name: str) -> Parameter | None:
    """The row of a name in a message, or in the wider kinds of message it belongs to."""
    rows = _rows()
    found = (rows.get((kind, name)) for kind in message.from_special_to_general)
    return next((row for row in found if row is not None), None)


def meaning_of(message: MessageKind, name: str, value: str = "") -> str:
    """The meaning of a value, or of the name; empty where there is no row."""
    row = parameter(message, name)
    return row.meaning_of(value) if row is not None else ""


def parameters_named(name: str) -> tuple[Parameter, ...]:
    """The rows of a name, in whatever message it stands."""
    return tuple(row for row in _rows().values() if row.name == name)
