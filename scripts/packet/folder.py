"""The files of the packet, each a value; only the wheel is made in a folder for a moment."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packet.core import FROM_PYTHON, single_file
from packet.installed import Distribution
from packet.pins import Pin, distributions, read_pins
from packet.sbom import bill_of_materials

__all__ = ["PINS", "PROGRAM", "SUMS", "NotMade", "checksums", "packet", "threats"]

PROGRAM = "entra-oauth-core.pyz"
SUMS = "SHA256SUMS"
PINS = Path("scripts/packet/pins.txt")
"""In the clone."""

_VERSION = re.compile(r'__version__ = "([^"]+)"')
_THREATS = ("Report a weakness", "What is protected, and how", "What is not protected")
_PAGES = ("packet.md", "touches.md")
"""Pages of docs/ that are put in as they are."""


class NotMade(Exception):
    """A part of the packet could not be made; the text says which."""


@dataclass(frozen=True, slots=True)
class _Clone:
    root: Path
    pins: tuple[Pin, ...]
    found: Mapping[str, Distribution]

    @property
    def version(self) -> str:
        text = (self.root / "entra_oauth" / "_version.py").read_text(encoding="utf-8")
        found = _VERSION.search(text)
        if found is None:
            raise NotMade("no version stands in entra_oauth/_version.py")
        return found[1]


def packet(root: Path, pins_file: Path) -> dict[str, bytes]:
    """The files of the packet of a clone, by name.

    Raises `NotMade`; `NotAsRecorded` where something else is installed than is pinned.
    """
    pins = read_pins(pins_file.read_text(encoding="utf-8"))
    clone = _Clone(root, pins, distributions(pins))
    program = single_file(root / "entra_oauth", clone.found)
    files = {
        **_wheel(clone),
        PROGRAM: program,
        "requirements.txt": pins_file.read_bytes(),
        "sbom.cdx.json": bill_of_materials(clone.version, pins, clone.found),
        "threats.md": threats((root / "SECURITY.md").read_text(encoding="utf-8")).encode(),
        "registration.txt": _registration(program),
        **_licences(clone),
        **{name: (root / "docs" / name).read_bytes() for name in _PAGES},
    }
    return {**files, SUMS: checksums(files)}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """The lines that `sha256sum -c` reads."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def threats(security: str) -> str:
    """The threat statement: these parts of SECURITY.md, as they stand there."""
    parts = re.split(r"^## ", security, flags=re.MULTILINE)[1:]
    by_title = {part.partition("\n")[0]: part for part in parts}
    if lost := [title for title in _THREATS if title not in by_title]:
        raise NotMade(f"SECURITY.md has no part {lost[0]!r}")
    return "# Threats\n\n" + "".join(f"## {by_title[title]}" for title in _THREATS).rstrip() + "\n"


def _wheel(clone: _Clone) -> dict[str, bytes]:
    if find_spec("hatchling") is None:
        raise ModuleNotFoundError(name="hatchling")
    with tempfile.TemporaryDirectory() as folder:
        # Its own fixed date is taken, and not one of the environment.
        environ = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
        command = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        done = subprocess.run(
            command, cwd=clone.root, env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise NotMade(f"hatchling made no wheel: {done.stderr.strip()}")
        return {path.name: path.read_bytes() for path in Path(folder).glob("*.whl")}


def _registration(program: bytes) -> bytes:
    """The text for an administrator, from the program itself: it shows too that it runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PROGRAM
        path.write_bytes(program)
        done = subprocess.run(
            [sys.executable, "-P", path, "doctor", "--registration"],
            cwd=folder,
            env={"HOME": folder, "COLUMNS": "100", "PYTHONUTF8": "1", "PATH": os.defpath},
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        raise NotMade(f"{PROGRAM} does not run: {done.stderr.decode().strip()}")
    return done.stdout


def _licences(clone: _Clone) -> dict[str, bytes]:
    found = {"licences/entra-oauth/LICENSE": (clone.root / "LICENSE").read_bytes()}
    for name, distribution in clone.found.items():
        own = distribution.licence_files()
        if not own and name not in FROM_PYTHON:
            raise NotMade(f"{name} brings no licence")
        found |= {f"licences/{name}/{file}": data for file, data in own.items()}
    return found
