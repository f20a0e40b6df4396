"""The single file of the core, made from this clone and from what is installed here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packet.core import single_file
from packet.installed import Distribution
from packet.pins import Pin, read_pins

__all__ = ["PINS", "PYTHONS", "ROOT", "Core", "Found", "clone_in", "find", "pins_of_here"]

ROOT = Path(__file__).parents[3]
PINS = ROOT / "scripts" / "packet" / "pins.txt"

# Read once, at import: the environment of each test is emptied of it.
_NAMED = os.environ.get("ENTRA_OAUTH_PYTHONS")
PYTHONS = (
    _NAMED.split(os.pathsep)
    if _NAMED
    else [sys.executable, *(f"python3.{minor}" for minor in (12, 13))]
)
"""Pythons that the file is to run on: those of the variable, else this one and those on PATH."""

_LOOK = """
import importlib.util, sys
print(sys.executable)
print(importlib.util.find_spec("cryptography") is not None)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A Python that is here."""

    path: str
    has_cryptography: bool


def find(python: str) -> Found | None:
    """The Python of that name or path; None if it is not here."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", _LOOK], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    path, has = done.stdout.splitlines()
    return Found(path, has == "True")


def pins_of_here() -> tuple[Pin, ...]:
    """The committed pins, with the versions that are installed here in the place of theirs."""
    pins = read_pins(PINS.read_text(encoding="utf-8"))
    return tuple(Pin(pin.name, _version(pin.name), pin.hashes, pin.wanted_by) for pin in pins)


@dataclass(frozen=True, slots=True)
class Core:
    """The file, and a home of its own for what it keeps."""

    path: Path
    home: Path

    @classmethod
    def made_in(cls, folder: Path) -> Core:
        """Build it in a folder that is empty."""
        found = {pin.name: Distribution.of(pin.name) for pin in pins_of_here()}
        path = folder / "entra-oauth-core.pyz"
        path.write_bytes(single_file(ROOT / "entra_oauth", found))
        (folder / "home").mkdir(mode=0o700)
        return cls(path, folder / "home")

    def run(
        self, python: str, *arguments: str, options: tuple[str, ...] = (), stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, from a folder that lends it nothing."""
        return subprocess.run(
            [python, *options, str(self.path), *arguments],
            cwd=self.home,
            env={"PATH": os.defpath, "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def clone_in(folder: Path, *, seconds: int | None = None) -> Path:
    """A copy of this clone with the pins of here. `seconds`: the time of all its files."""
    folder.mkdir(parents=True)
    for name in ("entra_oauth", "scripts", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.md"), *(ROOT / name for name in ("LICENSE", "pyproject.toml"))):
        shutil.copyfile(path, folder / path.name)
    pins = PINS.read_text(encoding="utf-8")
    for pin in read_pins(pins):
        pins = pins.replace(f"{pin.name}=={pin.version} ", f"{pin.name}=={_version(pin.name)} ")
    (folder / PINS.relative_to(ROOT)).write_text(pins, encoding="utf-8", newline="\n")
    (folder / ".venv").symlink_to(sys.prefix)
    if seconds is not None:
        for path in folder.rglob("*"):
            if not path.is_symlink() and ".venv" not in path.parts:
                os.utime(path, (seconds, seconds))
    return folder


def _version(name: str) -> str:
    return Distribution.of(name).version
