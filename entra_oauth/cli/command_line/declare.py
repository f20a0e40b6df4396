"""The declaration of options: a field of a frozen class is an option, a class is a group.

From one field come the parser, the plain reader, the environment, the profile, the default,
the help and the completion. Its annotation says what kind of value it takes. The classes have
neither `repr` nor `eq`, which nobody asks for: that saves a quarter of what their making takes.
"""

from __future__ import annotations

from enum import StrEnum

from entra_oauth.light import TYPE_CHECKING, dataclass, field, fields, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeVar

    from entra_oauth.light import Field

    _T = TypeVar("_T")

__all__ = [
    "HEADINGS",
    "NO",
    "SECONDS",
    "Declared",
    "Kind",
    "Option",
    "Origins",
    "PasteFrom",
    "Verb",
    "Words",
    "build",
    "declared_by",
    "filled",
    "flag",
    "group",
    "is_on",
    "option",
    "part_of",
    "values_of",
    "words",
]

HEADINGS = ("usual", "other ways to sign in", "sign-in page", "network", "recording", "output")
"""The parts of a verb's help, in this order; a group names its own as `HEADING`."""
NO = ("0", "false", "no", "off")
SECONDS = "S"
"""The word in the help for a number of seconds."""

_OPTION, _GROUP, _WORDS = "option", "group", "words"
"""The marks in the metadata of a field."""


def is_on(text: str) -> bool:
    """True if the text of a variable means yes."""
    return text.lower() not in ("", *NO)


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
    is_typed_only: bool = False
    """No variable and no profile gives it: it says what is run."""

    @property
    def is_duration(self) -> bool:
        """True for seconds, which may be given as minutes, hours or days too."""
        return self.metavar == SECONDS

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
    """It is a program, after two dashes."""
    needed: bool
    """There must be a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The place from which each value came."""

    sources: Mapping[str, str] = field(default_factory=dict)
    """By the option's field: `--tenant`, a variable, `the profile work`, `the default`."""
    given: frozenset[str] = frozenset()
    """The fields whose options stood on the command line."""
    named: frozenset[str] = frozenset()
    """The same, and those that a variable of ours or the profile names."""

    def source(self, name: str) -> str:
        """The source of a value; empty for an option that the verb does not have."""
        return self.sources.get(name, "")

    def changed(self, source: str, *names: str) -> Origins:
        """The same, with these values from another source."""
        return replace(self, sources={**self.sources, **dict.fromkeys(names, source)})


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb; its module has a `run(options, session) -> int`.

    A name of two words is one of several things to do with the first word.
    """

    name: str
    module: str
    options: type[Any]
    """The frozen class of its options; `run` gets one of these."""
    as_given: bool = False
    """Whether tenant and client id are sent as they were given, and not in Entra's spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The options that a class declares, its groups taken apart."""

    options: tuple[Option, ...]
    """In the order of the help."""
    words: Words | None

    @property
    def program(self) -> bool:
        return self.words is not None and self.words.program

    @property
    def needs_program(self) -> bool:
        return self.words is not None and self.words.program and self.words.needed


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
    is_typed_only: bool = False,
) -> Any:
    """An option with a value. `name` is as it is written, where that cannot be the field's.

    Choices and default are added to the help where it does not name them.
    """
    marks = (help, metavar, choices, name, key, most, short, azure, is_typed_only)
    return field(default=default, metadata={_OPTION: marks})


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
    made: _T = field(default_factory=kind, metadata={_GROUP: marks})
    return made


def words(metavar: str, help: str, *, program: bool = False, needed: bool = True) -> Any:
    """Words that may follow the verb: `str | None` for one, `tuple[str, ...]` for several."""
    return field(default=None, metadata={_WORDS: (metavar, help, program, needed)})


def filled() -> Any:
    """Not an option: `origins`, or the values of the `settings`, as the reader found them."""
    return field(default=None)


# ---- a class taken apart, and put together ----------------------------------------------------

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
        own = next((_words(each) for each in fields(kind) if _WORDS in each.metadata), None)
        _KNOWN[kind] = Declared(options=tuple(found), words=own)
    return _KNOWN[kind]


def _options(kind: type, defaults: Mapping[str, object]) -> Iterator[Option]:
    heading = getattr(kind, "HEADING", HEADINGS[0])
    for each in fields(kind):
        if _GROUP in each.metadata:
            inner, only, without, own = each.metadata[_GROUP]
            for known in _options(inner, own):
                if known.dest not in without and (not only or known.dest in only):
                    yield known
        elif _OPTION in each.metadata:
            yield _option(each, heading, defaults.get(each.name, each.default))


def _option(declared: Field[Any], heading: str, default: Any) -> Option:
    help, metavar, choices, name, key, most, short, azure, typed_only = declared.metadata[_OPTION]
    name = name or declared.name.replace("_", "-")
    if choices and not all(choice in f"{metavar} {help}" for choice in choices):
        *some, last = choices
        listed = f"{', '.join(some)} or {last}"
        help = f"{help}: {listed}" if help else listed
    if default not in (None, False, ()) and "(default: " not in help:
        help += f" (default: {', '.join(default) if isinstance(default, tuple) else default})"
    return Option(
        dest=declared.name,
        name=name,
        key=key or name,
        kind=_KINDS[str(declared.type)],
        help=help,
        heading=heading,
        default=default,
        metavar=metavar,
        choices=choices,
        most=most,
        short=short,
        azure=azure,
        is_typed_only=typed_only,
    )


def _words(declared: Field[Any]) -> Words:
    metavar, help, program, needed = declared.metadata[_WORDS]
    return Words(
        dest=declared.name,
        metavar=metavar,
        help=help,
        many=_KINDS[str(declared.type)] is Kind.LIST,
        program=program,
        needed=needed,
    )


def build(kind: type[_T], values: Mapping[str, object]) -> _T:
    """A value of the class; an option that the verb does not have keeps its default.

    `values` are by the fields' names, all groups in one; `origins` and `settings` among them.
    """
    made: dict[str, object] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if _GROUP in each.metadata:
            made[each.name] = build(each.metadata[_GROUP][0], values)
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
        if _GROUP in each.metadata:
            found |= values_of(value)
        elif _OPTION in each.metadata:
            found[each.name] = value
    return found
