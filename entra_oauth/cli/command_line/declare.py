"""The declaration of options: a field of a frozen class is an option, a class is a group.

From one field come the parser, the plain reader, the environment, the profile, the default,
the help and the completion. Its annotation says what kind of value it takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FILLED",
    "GROUP",
    "HEADINGS",
    "OPTION",
    "WORDS",
    "Declared",
    "Kind",
    "Option",
    "Origins",
    "PasteFrom",
    "Verb",
    "Words",
    "filled",
    "flag",
    "group",
    "option",
    "words",
]

HEADINGS = ("usual", "other ways to sign in", "sign-in page", "network", "recording", "output")
"""The parts of a verb's help, in this order; a group names its own as `HEADING`."""

OPTION, GROUP, WORDS, FILLED = "option", "group", "words", "filled"
"""The marks in the metadata of a field."""
_T = TypeVar("_T")


class Kind(StrEnum):
    """The kind of value that an option takes."""

    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    PASTE = "paste"


class PasteFrom(StrEnum):
    """`--paste` alone asks at a prompt, `--paste -` reads standard input."""

    PROMPT = ""
    STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option, as its field declares it."""

    dest: str
    """The field's name."""
    name: str
    """As it is written after two dashes."""
    key: str
    """Its name in `variable`, where two verbs have options of one name that differ."""
    kind: Kind
    help: str
    heading: str
    default: Any
    metavar: str | None
    choices: tuple[str, ...]
    most: int
    """The largest number."""
    short: str | None
    azure: str | None
    """The variable that Azure's own tools read for the same thing."""

    @property
    def variable(self) -> str:
        return f"ENTRA_OAUTH_{self.key.replace('-', '_').upper()}"

    @property
    def flags(self) -> tuple[str, ...]:
        """As they are written on a command line."""
        return (*((f"-{self.short}",) if self.short else ()), f"--{self.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words that may follow a verb freely."""

    dest: str
    metavar: str
    help: str
    many: bool
    """More than one word may follow."""
    program: bool
    """It is a program, after two dashes, and there must be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The place from which each value came."""

    sources: Mapping[str, str] = field(default_factory=dict)
    """By the option's field: `--tenant`, a variable, `the profile work`, `the default`."""
    given: frozenset[str] = frozenset()
    """The fields whose options stood on the command line."""

    def source(self, name: str) -> str:
        """The source of a value; empty for an option that the verb does not have."""
        return self.sources.get(name, "")

    def changed(self, source: str, *names: str) -> Origins:
        """The same, with these values from another source."""
        return Origins(sources={**self.sources, **dict.fromkeys(names, source)}, given=self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb; its module has a `run(options, session) -> int`.

    A name of two words is one of several things to do with the first word.
    """

    name: str
    module: str
    options: type[Any]
    """The frozen class of its options; `run` gets one of these."""
    description: str
    examples: tuple[str, ...]
    as_given: bool = False
    """Whether tenant and client id are sent as they were given, and not in Entra's spelling."""
    takes: str = ""
    """The advice where input was given as an argument that is not taken as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The options that a class declares, its groups taken apart."""

    options: tuple[Option, ...]
    """In the order of the help."""
    words: Words | None

    @property
    def program(self) -> bool:
        return self.words is not None and self.words.program


# ---- the marks of a field ------------------------------------------------------------------


def option(
    help: str,
    *,
    metavar: str | None = None,
    default: Any = None,
    choices: tuple[str, ...] = (),
    name: str | None = None,
    key: str | None = None,
    most: int = 999_999,
    short: str | None = None,
    azure: str | None = None,
) -> Any:
    """An option with a value. `name` is as it is written, where that cannot be the field's.

    Choices and default are added to the help where it does not name them.
    """
    marks = {
        "help": help,
        "metavar": metavar,
        "choices": choices,
        "name": name,
        "key": key,
        "most": most,
        "short": short,
        "azure": azure,
    }
    return field(default=default, metadata={OPTION: marks})


def flag(
    help: str, *, name: str | None = None, key: str | None = None, short: str | None = None
) -> bool:
    """An option without a value."""
    made: bool = option(help, default=False, name=name, key=key, short=short)
    return made


def group(
    kind: type[_T],
    *,
    only: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    defaults: Mapping[str, object] | None = None,
) -> _T:
    """A group of options: all of it, or what is named. What is left out has its default.

    `defaults` are this verb's own.
    """
    marks = (kind, only, without, defaults or {})
    made: _T = field(default_factory=kind, metadata={GROUP: marks})
    return made


def words(metavar: str, help: str, *, program: bool = False) -> Any:
    """Words that may follow the verb: `str | None` for one, `tuple[str, ...]` for several."""
    return field(default=None, metadata={WORDS: (metavar, help, program)})


def filled() -> Any:
    """Not an option: `origins`, or the values of the `settings`, as the reader found them."""
    return field(default=None, metadata={FILLED: True})
