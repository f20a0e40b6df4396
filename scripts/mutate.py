"""Small changes to a module, one at a time, to see that a test notices each.

    .venv/bin/python -P scripts/mutate.py [--sample 40] [--seed 1] [--minutes 10]
                                          [--tests PATH]... MODULE...

MODULE is a file below entra_oauth/. Each change is made in a copy of the checkout, and
tests run there, the nearest first: those with the module's name below the tests of its
room, then the quick ones of the room, then all others of it; or those of --tests. A change
that none of them notices is printed. Some of those change nothing that can be seen: judge
each. The checkout stays as it is.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Change", "changes", "is_noticed", "made", "main", "nearest_tests"]

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 300
"""Tests that take longer have noticed: the change made them hang."""

_TURNED = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_ON_TEXTS = frozenset(
    ("lower", "upper", "casefold", "strip", "rstrip", "lstrip", "removeprefix", "removesuffix")
)
_LEFT_OUT = ("__all__", "TYPE_CHECKING")
_STATEMENTS = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break)
_QUICK = "not slow and not foreign"
_NO_TESTS = 5
"""The exit code of a pytest that found none: a room may have no slow ones."""
_IGNORED = (".venv", ".git", "__pycache__", ".*_cache")


@dataclass(frozen=True)
class Change:
    """One change: the characters `start` to `end` of a module's text become `text`."""

    kind: str
    line: int
    start: int
    end: int
    text: str

    def of(self, source: str) -> str:
        """The module's text with this change in it."""
        return source[: self.start] + self.text + source[self.end :]


class _Source:
    """A module's text, and its nodes as places in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._rows = text.split("\n")
        self._starts = [0]
        for row in self._rows:
            self._starts.append(self._starts[-1] + len(row) + 1)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """The first character of a node, and the one after its last."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._at(node.lineno, node.col_offset), self._at(end_line, end_column)

    def of(self, node: ast.expr | ast.stmt) -> str:
        return self.text[slice(*self.span(node))]

    def _at(self, line: int, column: int) -> int:
        # Columns are counted in bytes of UTF-8.
        row = self._rows[line - 1].encode("utf-8")
        return self._starts[line - 1] + len(row[:column].decode("utf-8"))


_Found = Iterator[tuple[str, tuple[int, int], str]]


def changes(text: str) -> tuple[Change, ...]:
    """Every change that is made to a module with this text, in the order of its characters."""
    source, found = _Source(text), set()
    for node in _nodes(ast.parse(text)):
        for kind, (start, end), new in _changes_of(node, source):
            change = Change(kind, text.count("\n", 0, start) + 1, start, end, new)
            if _parses(change.of(text)):
                found.add(change)
    return tuple(sorted(found, key=lambda each: (each.start, each.end, each.text)))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are changed: no annotation, flag of a class, list of names or message."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or isinstance(node, ast.JoinedStr):
            continue
        if name == "decorator_list" and isinstance(node, ast.ClassDef):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST) and not _is_left_out(inner):
                yield from _nodes(inner)


def _is_left_out(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(each, ast.Name) and each.id in _LEFT_OUT for each in targets)


def _changes_of(node: ast.AST, source: _Source) -> _Found:
    if isinstance(node, ast.Compare):
        yield from _of_a_comparison(node, source)
    elif isinstance(node, ast.BoolOp):
        yield from _of_conditions(node, source)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", source.span(node), f"({source.of(node.operand)})"
    elif isinstance(node, ast.Constant):
        yield from _of_a_constant(node, source)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _ON_TEXTS:
            yield "text operation dropped", source.span(node), source.of(node.func.value)
    elif isinstance(node, _STATEMENTS):
        yield "statement removed", source.span(node), "pass"
    elif isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Call):
            yield "statement removed", source.span(node), "pass"
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "result dropped", source.span(node.value), "None"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_a_comparison(node: ast.Compare, source: _Source) -> _Found:
    parts = [node.left, *node.comparators]
    for index, op in enumerate(node.ops):
        between = source.span(parts[index])[1], source.span(parts[index + 1])[0]
        words = source.text[slice(*between)]
        # A bracket or a comment between the two stays.
        sign = words.strip(" ()\n")
        if type(op) in _TURNED and words.count(sign) == 1:
            yield "comparison turned", between, words.replace(sign, _TURNED[type(op)])


def _of_conditions(node: ast.BoolOp, source: _Source) -> _Found:
    word = " and " if isinstance(node.op, ast.And) else " or "
    for value in node.values:
        rest = [f"({source.of(each)})" for each in node.values if each is not value]
        yield "condition dropped", source.span(node), f"({word.join(rest)})"


def _of_a_constant(node: ast.Constant, source: _Source) -> _Found:
    if isinstance(node.value, bool):
        yield "constant turned", source.span(node), str(not node.value)
    elif isinstance(node.value, int):
        yield "constant moved", source.span(node), str(node.value + 1)


# ---- the tests --------------------------------------------------------------------------


def nearest_tests(module: Path, root: Path = ROOT) -> tuple[tuple[str, ...], ...]:
    """The tests of a module, the nearest first: those with its name, then those of its room.

    Each group is what pytest is given.
    """
    inner = module.relative_to(root / "entra_oauth")
    room = root / "tests" / (inner.parts[0] if len(inner.parts) > 1 else "")
    named = sorted(room.glob(f"**/test_{inner.stem}*.py"))
    groups = [tuple(str(each.relative_to(root)) for each in named)]
    if room.is_dir() and len(inner.parts) > 1:
        inside = str(room.relative_to(root))
        groups += [(inside, "-m", _QUICK), (inside, "-m", f"not ({_QUICK})")]
    return tuple(group for group in groups if group)


@contextmanager
def made(change: Change, module: Path) -> Iterator[None]:
    """The change in the module, for a while; then the module is as it was."""
    before, status = module.read_bytes(), module.stat()
    module.write_bytes(change.of(before.decode("utf-8")).encode("utf-8"))
    # Python goes by the second and the size to tell that what it compiled is of another text.
    os.utime(module, (status.st_atime, status.st_mtime + 10))
    try:
        yield
    finally:
        module.write_bytes(before)
        os.utime(module, (status.st_atime, status.st_mtime))


Pass = Callable[[Sequence[str]], bool]
"""True if all of these tests pass."""


def is_noticed(change: Change, module: Path, groups: Sequence[Sequence[str]], passes: Pass) -> bool:
    """Make one change and run the groups of tests until one of them fails."""
    with made(change, module):
        return not all(passes(tests) for tests in groups)


def _passes_in(copy: Path, *, may_compile: bool) -> Pass:
    def passes(tests: Sequence[str]) -> bool:
        options = ["-q", "-x", "--no-header", "-p", "no:cacheprovider"]
        # The project that is installed is the checkout; so the copy is put before it.
        paths = {"PYTHONPATH": str(copy)}
        once = {} if may_compile else {"PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-P", "-m", "pytest", *options, *tests]
        try:
            ran = subprocess.run(
                command,
                cwd=copy,
                env={**os.environ, **paths, **once},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return ran.returncode in (0, _NO_TESTS)

    return passes


# ---- the command ------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of the changes; 1 if one was not noticed, 2 if the tests fail without any."""
    given = _parser().parse_args(arguments)
    modules: list[Path] = [path.resolve() for path in given.modules]
    every = [(path, one) for path in modules for one in changes(_text(path))]
    sample = random.Random(given.seed).sample(every, min(given.sample, len(every)))
    groups = {
        path: (tuple(given.tests),) if given.tests else nearest_tests(path) for path in modules
    }
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_IGNORED))
        as_it_is = _passes_in(copy, may_compile=True)
        for group in {group for each in groups.values() for group in each}:
            if not as_it_is(group):
                print(f"Without any change these tests fail: {' '.join(group)}")
                return 2
        passes = _passes_in(copy, may_compile=False)
        until = time.monotonic() + given.minutes * 60
        noticed = tried = 0
        for path, change in sample:
            if time.monotonic() > until:
                break
            tried += 1
            if is_noticed(change, copy / path.relative_to(ROOT), groups[path], passes):
                noticed += 1
            else:
                print(_told(change, path), flush=True)
    print(f"{noticed} of {tried} noticed; {len(every)} changes are possible.")
    return 0 if noticed == tried else 1


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")  # line ends as they are: places are counted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Small changes, to see that a test notices each.")
    parser.add_argument("modules", nargs="+", type=Path, metavar="MODULE")
    parser.add_argument("--sample", type=int, default=40, help="changes to try (default: 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice (default: 1)")
    parser.add_argument("--minutes", type=float, default=10, help="to begin new ones (default: 10)")
    parser.add_argument("--tests", action="append", default=[], help="run these and no others")
    return parser


def _told(change: Change, path: Path) -> str:
    source = _text(path)
    was = " ".join(source[change.start : change.end].split())
    row = source.split("\n")[change.line - 1].strip()
    where = f"{path.relative_to(ROOT)}:{change.line}"
    return f"{where}: {change.kind}: {was!r} became {change.text!r}\n    {row}"


if __name__ == "__main__":
    sys.exit(main())
