"""Things in a directory that do not fit together: names that stand twice, or that nobody has.

It sees the directory as columns of text, so that a file is told the line of a misfit, and a
program that there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.errors import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Columns", "Misfit", "first_misfit"]

Columns = Mapping[tuple[str, str], tuple[str | None, ...]]
"""By table and key: what its rows say there, in their order."""

_UNIQUE = (
    (("tenants", "id"), ("tenants", "domain")),
    (("users", "name"), ("users", "oid")),
    (("apps", "client_id"),),  # an app may be an API as well: then both have one id
    (("resources", "id"),),
    (("subscriptions", "id"),),
)
_KNOWN = (
    (("consents", "oid"), ("users", "oid")),
    (("consents", "client_id"), ("apps", "client_id")),
    (("consents", "resource_id"), ("resources", "id")),
)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A thing that does not fit the rest."""

    what: str
    """The end of a sentence about the directory."""
    path: tuple[str, int, str]
    """Table, number of the row from 1, and key."""


def first_misfit(columns: Columns, microsofts: Mapping[str, str]) -> Misfit | None:
    """The first misfit, if any. `microsofts` are names of Microsoft's apps by their ids."""
    return next(_misfits(columns, microsofts), None)


def _misfits(columns: Columns, microsofts: Mapping[str, str]) -> Iterator[Misfit]:
    tenants = columns["tenants", "id"]
    for table in ("users", "apps", "subscriptions"):
        for value, path in _column(columns, (table, "tenant_id")):
            if value not in tenants:
                yield Misfit(f"speaks of an unknown tenant, {plain(value)}", path)
    for value, path in _column(columns, ("apps", "client_id")):
        if value.lower() in microsofts:
            name = microsofts[value.lower()]
            yield Misfit(f"gives an app of its own the id of Microsoft's {name}", path)
    for group in _UNIQUE:
        before: set[str] = set()
        for column in group:
            for value, path in _column(columns, column):
                if value != value.lower() or value in before:
                    yield Misfit(f"has {plain(value)} twice, or not in lower case", path)
                before.add(value)
    for column, known in _KNOWN:
        for value, path in _column(columns, column):
            # Microsoft's apps are in every directory, and may be let in to one's own API.
            if value not in columns[known] and not (known[0] == "apps" and value in microsofts):
                what = "has a consent of a user, for an app or to an API that is not there"
                yield Misfit(what, path)
    for value, path in _column(columns, ("resources", "version")):
        if value not in ("1", "2"):
            yield Misfit("gives an API a token version other than 1 or 2", path)


def _column(
    columns: Columns, column: tuple[str, str]
) -> Iterator[tuple[str, tuple[str, int, str]]]:
    table, key = column
    for number, value in enumerate(columns[column], 1):
        if value is not None:
            yield value, (table, number, key)
