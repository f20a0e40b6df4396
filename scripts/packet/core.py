"""The core of entra-oauth as one file: sign-in, tokens, adapters, recording and redaction.

It is a zip archive that Python runs. All in it is source. `cryptography` has compiled parts and
is taken from the Python that runs the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packet.archive import zipped
from packet.installed import Distribution

__all__ = ["FROM_PYTHON", "LEFT_OUT", "core_files", "is_left_out", "single_file"]

LEFT_OUT = (
    "audit",
    "lessons",
    "practice",
    "cli.audit",
    "cli.doctor.lesson_check",
    "cli.lessons",
    "cli.practice",
    "recording.compare.named_step",
    "recording.har",
    "recording.importing",
    "recording.report",
)
"""Rooms and modules that are no part of the core, by their names below the package."""

FROM_PYTHON = ("cffi", "cryptography", "pycparser")
"""Distributions with compiled parts, and what only these need."""

_START = b"#!/usr/bin/env python3\n"

_CERTIFI = b'''"""In the place of certifi, whose list of authorities is not used here.

requests asks for its file as soon as it is imported, and from within an archive certifi would
write that file into a temporary folder. The authorities that are trusted are those of the
operating system, or of the bundle that was named.
"""


def where() -> str:
    return ""


def contents() -> str:
    return ""
'''


def is_left_out(module: str) -> bool:
    """Say whether a module, named below the package, is no part of the core."""
    return any(module == out or module.startswith(f"{out}.") for out in LEFT_OUT)


def core_files(package: Path) -> dict[str, bytes]:
    """The package's own files in the core, by their names in the archive."""
    found = {}
    for path in package.rglob("*"):
        inner = path.relative_to(package)
        if path.is_dir() or "__pycache__" in inner.parts:
            continue
        if not is_left_out(".".join(inner.with_suffix("").parts)):
            found[f"{package.name}/{inner.as_posix()}"] = path.read_bytes()
    return found


def single_file(package: Path, distributions: Mapping[str, Distribution]) -> bytes:
    """The program. `distributions` are those that are put into it, by their names."""
    files = core_files(package)
    files["__main__.py"] = files[f"{package.name}/__main__.py"]
    for name, distribution in distributions.items():
        if name not in FROM_PYTHON:
            files |= distribution.source_files()
    files = {name: data for name, data in files.items() if not name.startswith("certifi/")}
    files["certifi/__init__.py"] = _CERTIFI
    return zipped(files, before=_START)
