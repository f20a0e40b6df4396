"""The house as a reader finds it: its folders, names, functions and docstrings, from source.

Nothing is imported. `test_house.py` holds the package to the rules.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from kit.project import imports

__all__ = [
    "arrows",
    "bags",
    "circles",
    "docstrings",
    "full_folders",
    "long_functions",
    "opens_with_a_question",
    "package",
    "twice_named_classes",
    "twice_named_modules",
]

ROOT = Path(__file__).parents[3]


_Told = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Attribute | ast.Name | ast.Call


@cache
def _nodes(source: str) -> tuple[ast.AST, ...]:
    """The nodes that some rule here looks at, found in one walk for all of them."""
    return tuple(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Module | _Told))


def package(folder: Path = ROOT / "entra_oauth") -> dict[str, str]:
    """Dotted name -> source, of every module below a folder."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path.read_text(encoding="utf-8")
    return found


def full_folders(*folders: Path, most: int) -> dict[str, int]:
    """Folders with more than `most` Python files of their own, and how many they have."""
    every = [inner for top in folders for inner in (top, *top.rglob("*")) if inner.is_dir()]
    counts = {str(each.relative_to(ROOT)): len(list(each.glob("*.py"))) for each in every}
    return {name: count for name, count in counts.items() if count > most}


def arrows(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports, late and for types included."""
    modules = frozenset(sources)
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, source in sources.items():
        for use in imports.uses(source, modules):
            target = use.what
            while use.is_import and target not in modules and "." in target:
                target = target.rpartition(".")[0]
            if use.is_import and target in modules and target != name:
                found[name].add(target)
    return found


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, straight or in a round (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    found = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        open_.append(node)
        for other in graph[node]:
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in open_:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = open_.index(node)
            if len(open_) - at > 1:
                found.append(sorted(open_[at:]))
            del open_[at:]

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def twice_named_classes(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Class name -> its modules, where there are two or more."""
    homes = defaultdict(list)
    for module, source in sources.items():
        for node in _nodes(source):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module)
    return {name: where for name, where in homes.items() if len(where) > 1}


def twice_named_modules(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Last word of a module's name -> the rooms it stands in, where there are two or more.

    A folder is not counted: it may be named as its chief file is.
    """
    folders = {name.rpartition(".")[0] for name in sources}
    homes = defaultdict(list)
    for name in sources:
        if name not in folders:
            homes[name.rpartition(".")[2]].append(name)
    return {word: where for word, where in homes.items() if len(where) > 1}


def long_functions(sources: Mapping[str, str], most: int) -> dict[str, int]:
    """Functions of more than `most` lines, decorators not counted, and how long they are."""
    found = {}
    for module, source in sources.items():
        for node in _nodes(source):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > most:
                    found[f"{module}.{node.name}"] = lines
    return found


def bags(sources: Mapping[str, str]) -> list[str]:
    """Places that use the untyped result of argparse, as `module:line`."""
    found = []
    for module, source in sources.items():
        for node in _nodes(source):
            match node:
                case ast.Attribute(attr="Namespace") | ast.Name(id="Namespace"):
                    found.append(f"{module}:{node.lineno}")
                case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id="args"), *_]):
                    found.append(f"{module}:{node.lineno}")
    return found


def docstrings(sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every docstring of modules, classes and functions, with its place."""
    for module, source in sources.items():
        for node in _nodes(source):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{module}:{getattr(node, 'lineno', 1)}", text


_QUESTION = re.compile(r"(?:what|who|whom|whose|where|whether|how|which)\b", re.IGNORECASE)


def opens_with_a_question(text: str) -> bool:
    """True for a docstring that begins with what, who, where, whether, how or which."""
    return _QUESTION.match(text) is not None
