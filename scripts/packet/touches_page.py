"""The page of what is touched: written of a measurement, and read again to be compared with one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from packet.measure import Touch

__all__ = ["page", "read_page"]

_SECTIONS = {
    "Files that are written": ("writes", "file or folder"),
    "Files that are read": ("reads", "file or folder"),
    "Hosts that are connected to": ("connects", "host"),
    "Addresses that are listened on": ("listens", "address"),
    "Programs that are started": ("starts", "program"),
    "Variables that are read": ("variable", "variable"),
}
_ALL = "all"

_HEAD = Path(__file__).with_name("touches_head.md")


def page(touches: Iterable[Touch], verbs: Iterable[str]) -> str:
    """The page, of all verbs that were run."""
    everybody = frozenset(verbs)
    by_kind: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for touch in touches:
        by_kind[touch.kind][touch.name].add(touch.verb)
    parts = [_HEAD.read_text(encoding="utf-8")]
    for title, (kind, head) in _SECTIONS.items():
        rows = (
            f"| `{name}` | {_ALL if found == everybody else ', '.join(sorted(found))} |"
            for name, found in sorted(by_kind[kind].items())
        )
        parts.append("\n".join([f"## {title}\n", f"| {head} | by |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def read_page(text: str, verbs: Iterable[str]) -> frozenset[Touch]:
    """The touches that a page tells."""
    return frozenset(_read(text, tuple(verbs)))


def _read(text: str, verbs: tuple[str, ...]) -> Iterator[Touch]:
    for title, (kind, _) in _SECTIONS.items():
        section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
        for name, by in re.findall(r"^\| `(.+)` \| (.+) \|$", section, re.MULTILINE):
            for verb in verbs if by == _ALL else by.split(", "):
                yield Touch(kind, name, verb)
