"""Which module uses which, read from source with `ast`: nothing is imported.

`offences` is the judge of the import arrows; `test_architecture.py` runs it over
the package, and shows on small examples that each rule fires.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

__all__ = ["Use", "offences", "uses"]

PACKAGE = "entra_oauth"

LAYERS = (
    "errors",
    "protocol",
    "channels",
    "recording",
    "flows",
    "cache",
    "client",
    "adapters",
    "cli",
)
"""A room may use itself and what stands before it."""

ASIDE: Mapping[str, tuple[str, ...]] = {
    "practice": (
        *("errors", "protocol.messages"),
        *("channels.base", "channels.exchange", "channels.loopback"),
    ),
    "audit": ("errors", "protocol", "recording"),
    "lessons": (*LAYERS[:-1], "practice", "audit"),
}
"""Rooms beside the layers, and all that each may use beside itself."""

MAY_USE_ASIDE: Mapping[str, tuple[str, ...]] = {
    "practice": ("cli", "lessons"),
    "audit": ("cli", "lessons"),
    "lessons": ("cli",),
}
"""Who else may use a room beside the layers."""

FREE = ("_version", "child_program", "light", "markup", "moments", "sha256", "shell_words")
"""Modules that know nothing of the rest but the errors: whoever likes may use them."""

HTTP_CLIENTS = ("requests", "urllib3")
REQUESTS = f"{PACKAGE}.channels.https.requests_adapter"
"""The module that is made of requests and urllib3: only the back channel has it, and late."""

MADE_FOR_HTTP = (
    REQUESTS,
    f"{PACKAGE}.channels.https.back_channel",
    f"{PACKAGE}.channels.https.failures",
)

MAY_READ_CLOCK = (f"{PACKAGE}.channels.base", f"{PACKAGE}.cli.fast_token")
"""The second is the fast path of `token`, for which importing the first takes too long."""

CLOCK = frozenset(
    {
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
    }
)
# These read the clock only where they are given fewer arguments than this.
CLOCK_BY_DEFAULT = {
    "time.gmtime": 1,
    "time.localtime": 1,
    "time.ctime": 1,
    "time.asctime": 1,
    "time.strftime": 2,
}


@dataclass(frozen=True, slots=True)
class Use:
    """That a module names something: `what` is a dotted name, `?` what is computed of it.

    `late`: in a function, or for the types only, so that it costs nothing at start.
    """

    what: str
    line: int
    late: bool
    is_import: bool = True


@cache
def uses(source: str, modules: frozenset[str] = frozenset()) -> tuple[Use, ...]:
    """Every import of `source`, wherever it stands, and every dotted name it reads.

    `modules` are the names that are modules, so that `from package import x` can be
    told from `from package.module import x`. A relative import is a `.name`.
    """
    nodes = tuple(_nodes(ast.parse(source), late=False))
    names: dict[str, str] = {}
    imported = [use for node, late in nodes for use in _of_an_import(node, late, names, modules)]
    return (*imported, *(use for node, late in nodes for use in _of_a_name(node, late, names)))


def _nodes(node: ast.AST, late: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The node and all in it, each with the word whether it costs nothing at start."""
    late = late or _is_late(node)
    yield node, late
    for inner in ast.iter_child_nodes(node):
        yield from _nodes(inner, late)


def _is_late(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        test = ast.unparse(node.test)
        return test in ("TYPE_CHECKING", "typing.TYPE_CHECKING") and not node.orelse
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _of_an_import(
    node: ast.AST, late: bool, names: dict[str, str], modules: frozenset[str]
) -> Iterator[Use]:
    """The uses of an import statement. What its names stand for is added to `names`."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            names[alias.asname or first] = alias.name if alias.asname else first
            yield Use(alias.name, node.lineno, late)
    elif isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        for alias in node.names:
            full = f"{origin}.{alias.name}"
            names[alias.asname or alias.name] = full
            is_module = full in modules or not modules
            yield Use(full if is_module else origin, node.lineno, late)
            yield Use(full, node.lineno, late, is_import=False)


def _of_a_name(node: ast.AST, late: bool, names: Mapping[str, str]) -> Iterator[Use]:
    if isinstance(node, ast.Attribute) and (dotted := _dotted(node, names)):
        yield Use(dotted, node.lineno, late, is_import=False)
    elif isinstance(node, ast.Call):
        if named := _imported_by_call(node, names):
            yield Use(named, node.lineno, late)
        called = _dotted(node.func, names) or ""
        if len(node.args) + len(node.keywords) < CLOCK_BY_DEFAULT.get(called, 0):
            yield Use("time.time", node.lineno, late, is_import=False)


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value, names)):
        return f"{before}.{node.attr}"
    return None


def _imported_by_call(node: ast.Call, names: Mapping[str, str]) -> str | None:
    is_builtin = isinstance(node.func, ast.Name) and node.func.id == "__import__"
    if not is_builtin and _dotted(node.func, names) != "importlib.import_module":
        return None
    return _text(node.args[0]) if node.args else "?"


def _text(name: ast.expr) -> str:
    """The dotted name that is asked for, as far as it stands there; the rest is a `?`."""
    match name:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]) if "." in start:
            return f"{start}?"
        case ast.JoinedStr(values=[ast.FormattedValue(value=ast.Name(id="__name__")), *_]):
            return "__name__.?"
    return "?"


def offences(package: Mapping[str, str]) -> list[str]:
    """What breaks the rules, as `module:line: …`. `package` is dotted name -> source."""
    modules = frozenset(package)
    found: set[str] = set()
    for module, source in package.items():
        for use in uses(source, modules):
            if wrong := _judge(module, use):
                found.add(f"{module}:{use.line}: {wrong}")
    return sorted(found)


def _judge(module: str, use: Use) -> str | None:
    if use.what in CLOCK:
        return None if module in MAY_READ_CLOCK else f"reads the clock ({use.what})"
    if not use.is_import:
        return None
    if use.what in ("?", f"{PACKAGE}.?"):
        return None if module == PACKAGE else "imports a module by a computed name"
    if use.what.startswith("."):
        return f"imports {use.what} by a relative name"
    top = use.what.partition(".")[0]
    if top == "msal":
        return "uses msal, which this package does without"
    if top in HTTP_CLIENTS and not _is_made_for_http(module):
        return f"uses {top}"
    if use.what == REQUESTS and module not in (f"{PACKAGE}.channels.https.back_channel", REQUESTS):
        return f"uses {use.what}, which belongs to the back channel"
    if (top in HTTP_CLIENTS or use.what == REQUESTS) and not use.late and module != REQUESTS:
        return f"imports {use.what} at once, not when it is needed"
    if top == PACKAGE and not _may(module, use.what):
        return f"may not use {use.what}"
    return None


def _is_made_for_http(module: str) -> bool:
    return module in MADE_FOR_HTTP or _room(module) == "adapters"


def _may(module: str, target: str) -> bool:
    room, other = _room(module), _room(target)
    if room in ("", "__main__"):  # the front doors: the public names, `python -m`
        return True
    if room == other or other in FREE:
        return True
    if room in FREE:
        return other == "errors"
    if other == "":
        return False  # the package's own public names would hide an arrow
    if other in MAY_USE_ASIDE and room in MAY_USE_ASIDE[other]:
        return True
    if room in ASIDE:
        inner = target.removeprefix(f"{PACKAGE}.")
        return any(inner == name or inner.startswith(f"{name}.") for name in ASIDE[room])
    if room in LAYERS and other in LAYERS:
        return LAYERS.index(other) < LAYERS.index(room)
    return False


def _room(module: str) -> str:
    """`entra_oauth.channels.listener.listener` -> `channels`; the package itself is ``""``."""
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]
