"""A class of options taken apart into its options, and put together from values."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from entra_oauth.cli.command_line.declare import (
    GROUP,
    HEADINGS,
    OPTION,
    WORDS,
    Declared,
    Kind,
    Option,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from dataclasses import Field

__all__ = ["build", "declared_by", "part_of", "values_of"]

_T = TypeVar("_T")
_KINDS = {
    "bool": Kind.FLAG,
    "int": Kind.NUMBER,
    "int | None": Kind.NUMBER,
    "str": Kind.TEXT,
    "str | None": Kind.TEXT,
    "tuple[str, ...]": Kind.LIST,
    "PasteFrom | None": Kind.PASTE,
}
"""By the annotation of a field."""

_KNOWN: dict[type, Declared] = {}


def declared_by(kind: type) -> Declared:
    """The options of a class and of its groups, ordered by their headings."""
    if kind not in _KNOWN:
        found = list(_options(kind, {}))
        found.sort(key=lambda each: HEADINGS.index(each.heading))  # and else as they stand
        own = next((_words(each) for each in fields(kind) if WORDS in each.metadata), None)
        _KNOWN[kind] = Declared(options=tuple(found), words=own)
    return _KNOWN[kind]


def _options(kind: type, defaults: Mapping[str, object]) -> Iterator[Option]:
    heading = getattr(kind, "HEADING", HEADINGS[0])
    for each in fields(kind):
        if GROUP in each.metadata:
            inner, only, without, own = each.metadata[GROUP]
            for known in _options(inner, own):
                if known.dest not in without and (not only or known.dest in only):
                    yield known
        elif OPTION in each.metadata:
            yield _option(each, heading, defaults.get(each.name, each.default))


def _option(declared: Field[Any], heading: str, default: Any) -> Option:
    marks = declared.metadata[OPTION]
    name = marks["name"] or declared.name.replace("_", "-")
    help, choices = marks["help"], marks["choices"]
    if choices and not all(choice in f"{marks['metavar']} {help}" for choice in choices):
        *some, last = choices
        listed = f"{', '.join(some)} or {last}"
        help = f"{help}: {listed}" if help else listed
    if default not in (None, False, ()) and "(default: " not in help:
        help += f" (default: {', '.join(default) if isinstance(default, tuple) else default})"
    return Option(
        dest=declared.name,
        name=name,
        key=marks["key"] or name,
        kind=_KINDS[str(declared.type)],
        help=help,
        heading=heading,
        default=default,
        metavar=marks["metavar"],
        choices=choices,
        most=marks["most"],
        short=marks["short"],
        azure=marks["azure"],
    )


def _words(declared: Field[Any]) -> Words:
    metavar, help, program = declared.metadata[WORDS]
    return Words(
        dest=declared.name,
        metavar=metavar,
        help=help,
        many=_KINDS[str(declared.type)] is Kind.LIST,
        program=program,
    )


def build(kind: type[_T], values: Mapping[str, object]) -> _T:
    """A value of the class; an option that the verb does not have keeps its default.

    `values` are by the fields' names, all groups in one; `origins` and `settings` among them.
    """
    made: dict[str, object] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if GROUP in each.metadata:
            made[each.name] = build(each.metadata[GROUP][0], values)
        elif each.name in values:
            made[each.name] = values[each.name]
    return kind(**made)


def part_of(options: object, kind: type[_T]) -> _T:
    """The group of this class among the options; its defaults where the verb does not have it."""
    for each in fields(options):  # type: ignore[arg-type]
        if isinstance(value := getattr(options, each.name), kind):
            return value
    return kind()


def values_of(options: object) -> dict[str, object]:
    """The values of the options, all groups in one, by the fields' names."""
    found: dict[str, object] = {}
    for each in fields(options):  # type: ignore[arg-type]
        value = getattr(options, each.name)
        if GROUP in each.metadata:
            found |= values_of(value)
        elif OPTION in each.metadata:
            found[each.name] = value
    return found
