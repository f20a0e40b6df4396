"""What `dataclasses`, `typing`, `importlib.util` and `re` give, for less, before a browser opens.

`dataclasses` imports inspect, ast, dis and tokenize and compiles six functions for each class,
which is a third of the time until then. Here a class has one function that is compiled, its
`__init__`, and only once there are many values. To a type checker these are the dataclasses of the
standard library, and `dataclasses.fields`, `replace` and `asdict` take their values as such.

Only what `cli`, `cache`, `flows`, `channels` and `protocol` declare is known: frozen classes with
slots and without a base.
"""

from __future__ import annotations

import sys
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from dataclasses import Field, dataclass, field, fields, replace
    from typing import Any, AnyStr, Protocol

    def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """Give a regular expression that is compiled when it is first used."""


__all__ = [
    "TYPE_CHECKING",
    "Field",
    "Protocol",
    "dataclass",
    "field",
    "fields",
    "is_installed",
    "pattern",
    "replace",
]


def is_installed(name: str) -> bool:
    """Tell if a top-level module can be imported; nothing is imported for this."""
    if name in sys.modules:
        return sys.modules[name] is not None
    return any(finder.find_spec(name, None) for finder in sys.meta_path)


class _Pattern:
    """A regular expression: most of those of a module are not used by one run of the program."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Asked once for each name: it is found without this from then on.
        import re

        value = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, value)
        return value


_NO_DEFAULT: Any = type("_NoDefault", (), {"__repr__": lambda self: "no default"})()
_set: Any = object.__setattr__


class _Declared:
    """A field as its class declares it."""

    __slots__ = ("compare", "default", "default_factory", "metadata", "name", "repr", "type")

    def __init__(
        self, default: Any, default_factory: Any, repr: bool, compare: bool, metadata: Any
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.compare = compare
        self.metadata = metadata or {}
        self.name = self.type = ""


def _field(
    *,
    default: Any = _NO_DEFAULT,
    default_factory: Any = _NO_DEFAULT,
    repr: bool = True,
    compare: bool = True,
    metadata: Any = None,
) -> Any:
    return _Declared(default, default_factory, repr, compare, metadata)


def _dataclass(
    *, frozen: bool, slots: bool, kw_only: bool = False, repr: bool = True, eq: bool = True
) -> Any:
    if not (frozen and slots):
        raise TypeError("only frozen classes with slots are made here")

    def make(cls: type) -> type:
        found = tuple(_declared(cls))
        names = tuple(each.name for each in found)
        inside = {name: value for name, value in vars(cls).items() if name not in names}
        for name in ("__dict__", "__weakref__"):
            inside.pop(name, None)
        inside |= {
            "__slots__": names,
            "__init__": _first_init(found, kw_only=kw_only),
            "__setattr__": _refuse_to_set,
            "__delattr__": _refuse_to_delete,
            "__getstate__": lambda self: [getattr(self, name) for name in names],
            "__setstate__": _set_state,
            "__match_args__": () if kw_only else names,
            "__dataclass_fields__": _StandardFields(),
            _OURS: found,
        }
        if repr:
            inside.setdefault("__repr__", _shown)
        if eq:
            compared = tuple(each.name for each in found if each.compare)
            inside |= {"__eq__": _equality(compared), "__hash__": _hash(compared)}
        made = type(cls)(cls.__name__, cls.__bases__, inside)
        made.__qualname__ = cls.__qualname__
        return made

    return make


_OURS = "__fields_of_ours__"
_FEW = 40
"""Values of a class; for the next one its `__init__` is compiled."""


def _declared(cls: type) -> Any:
    for name, kind in vars(cls).get("__annotations__", {}).items():
        given = vars(cls).get(name, _NO_DEFAULT)
        found = given if isinstance(given, _Declared) else _field(default=given)
        found.name, found.type = name, kind
        yield found


def _first_init(found: tuple[Any, ...], *, kw_only: bool) -> Any:
    """An `__init__` for the first values; for more it has one compiled, and put in its place.

    Most classes have few values in a run, and to compile takes as long as dozens of these.
    """
    made = 0

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        nonlocal made
        cls = type(self)
        given = None if made >= _FEW else _given(found, values, named, kw_only=kw_only)
        if given is None:
            cls.__init__ = _compiled_init(cls, found, kw_only=kw_only)
            cls.__init__(self, *values, **named)
            return
        made += 1
        for name, value in given.items():
            _set(self, name, value)
        if hasattr(cls, "__post_init__"):
            self.__post_init__()

    return __init__


def _given(
    found: tuple[Any, ...], values: tuple[Any, ...], named: dict[str, Any], *, kw_only: bool
) -> dict[str, Any] | None:
    """A value for each field; None where the arguments do not fit, for Python has the words."""
    placed = {each.name: value for each, value in zip(found, values, strict=False)}
    if len(placed) < len(values) or (kw_only and values) or not placed.keys().isdisjoint(named):
        return None
    placed |= named
    given = {}
    for each in found:
        if each.name in placed:
            given[each.name] = placed[each.name]
        elif each.default is not _NO_DEFAULT:
            given[each.name] = each.default
        elif each.default_factory is not _NO_DEFAULT:
            given[each.name] = each.default_factory()
        else:
            return None
    return given if len(placed.keys() - given.keys()) == 0 else None


def _compiled_init(cls: type, found: tuple[Any, ...], *, kw_only: bool) -> Any:
    given, lines = (["self", "*"] if kw_only and found else ["self"]), []
    around: dict[str, Any] = {"set_": _set, "none": _NO_DEFAULT}
    for at, each in enumerate(found):
        value = each.name
        if each.default is not _NO_DEFAULT:
            around[f"d{at}"] = each.default
            given.append(f"{each.name}=d{at}")
        elif each.default_factory is not _NO_DEFAULT:
            around[f"f{at}"] = each.default_factory
            given.append(f"{each.name}=none")
            value = f"f{at}() if {each.name} is none else {each.name}"
        else:
            given.append(each.name)
        lines.append(f"  set_(self, {each.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    text = f"def __init__({', '.join(given)}):\n" + ("\n".join(lines) or "  pass")
    exec(text, around)  # noqa: S102 - names that the package's own classes declare
    around["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return around["__init__"]


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(getattr(self, _OURS), state, strict=True):
        _set(self, each.name, value)


def _shown(self: Any) -> str:
    shown = (f"{e.name}={getattr(self, e.name)!r}" for e in getattr(self, _OURS) if e.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _values(names: tuple[str, ...]) -> Any:
    """Makes a tuple of these attributes, or what is as good for comparing."""
    return attrgetter(*names) if names else lambda value: ()


def _equality(names: tuple[str, ...]) -> Any:
    values = _values(names)

    def __eq__(self: Any, other: Any) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return __eq__


def _hash(names: tuple[str, ...]) -> Any:
    values = _values(names)
    return lambda self: hash((values(self),))


class _StandardFields:
    """The fields as `dataclasses` knows them, made where somebody asks it."""

    def __get__(self, value: object, cls: Any) -> Any:
        import dataclasses

        def standard(each: Any) -> Any:
            known = {"repr": each.repr, "compare": each.compare, "metadata": each.metadata}
            if each.default is not _NO_DEFAULT:
                known["default"] = each.default
            elif each.default_factory is not _NO_DEFAULT:
                known["default_factory"] = each.default_factory
            return (each.name, each.type, dataclasses.field(**known))

        twin: Any = dataclasses.make_dataclass(
            cls.__name__, map(standard, getattr(cls, _OURS)), frozen=True, kw_only=True
        )
        cls.__dataclass_fields__ = twin.__dataclass_fields__
        return twin.__dataclass_fields__


def _fields(kind: Any) -> Any:
    return getattr(kind, _OURS)


def _replace(value: Any, /, **changes: Any) -> Any:
    found = getattr(value, _OURS, None)
    if found is None:  # of a room that uses the standard library's
        import dataclasses

        return dataclasses.replace(value, **changes)
    same = {each.name: getattr(value, each.name) for each in found if each.name not in changes}
    return type(value)(**same, **changes)


if not TYPE_CHECKING:
    Protocol = object
    Field, dataclass, field, fields, replace = _Declared, _dataclass, _field, _fields, _replace
    pattern = _Pattern
