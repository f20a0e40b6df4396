"""Make a folder for a USB stick from which entra-oauth installs without a network.

    python3 scripts/make_stick.py FOLDER [--system NAME]…

It holds wheels for each Python and system that it names in READ ME FIRST.txt, the documentation
with the class kit, and `start.py`. Other people's wheels are those of `scripts/packet/pins.txt`,
compared with the hashes there. `--system` packs for these only. pip must be able to reach its
index.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

__all__ = ["PACKED", "SYSTEMS", "TRIED", "System", "build", "main"]

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE")
PINS = ROOT / "scripts" / "packet" / "pins.txt"
TRIED = ("3.11", "3.12", "3.13")
"""Versions of Python; a test installs from a stick with each that the machine has."""
PACKED = (*TRIED, "3.14")
_NOT_MADE = 8
_AT_ONCE = 2
"""Runs of pip; they wait for the network most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A kind of machine, by the tags of the wheels that fit it."""

    words: str
    platforms: tuple[str, ...]
    """pip's names."""
    older: tuple[str, ...] = ()
    """Packages of which the pinned version has no wheel there; the newest that has one is taken."""


SYSTEMS = {
    "linux-x86_64": System(
        words="Linux on x86-64, with glibc 2.28 or later",
        platforms=("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    ),
    "linux-arm64": System(
        words="Linux on 64-bit ARM, with glibc 2.28 or later",
        platforms=("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    ),
    "macos-arm64": System(
        words="macOS 11 or later on Apple's processors", platforms=("macosx_11_0_arm64",)
    ),
    "macos-x86_64": System(
        words="macOS 11 or later on Intel's processors",
        platforms=("macosx_11_0_x86_64",),
        older=("cryptography",),
    ),
    "windows-x86_64": System(words="Windows on x86-64", platforms=("win_amd64",)),
}

READ_ME = """\
entra-oauth, to be installed without a network
==============================================

In this folder:

    python3 start.py            (Windows: py start.py)

It makes a folder entra-oauth in your home folder, installs from wheels/, and tries a
sign-in on this machine alone. The last line says PASS and how to go on.

What it is for
--------------

Python {tried}, which must be on the machine, and

{systems}

The wheels for Python {untried} are here too; nobody has tried them. The project tries its
stick on Linux on x86-64. For the other systems pip has found each wheel that it asks
for; nobody has installed them there.{older}

For whoever teaches: docs/teach/README.md, docs/teach/slides.html.
"""


def build(folder: Path, names: Sequence[str] = tuple(SYSTEMS)) -> None:
    """Fill `folder`, which must be new or empty. Raises `CalledProcessError` of pip's."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    (own,) = wheels.glob("entra_oauth-*.whl")
    chosen = [SYSTEMS[name] for name in names]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        packed = list(pool.map(lambda each: _pack(wheels, own, *each), product(chosen, PACKED)))
    remarks = {_remark(system, names) for system, names in packed if system.older}
    shutil.copytree(ROOT / "docs", folder / "docs")
    for name in PAGES:
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "READ ME FIRST.txt").write_text(_read_me(chosen, sorted(remarks)), encoding="utf-8")
    shutil.copyfile(ROOT / "scripts" / "stick_start.py", folder / "start.py")


def _pack(wheels: Path, own: Path, system: System, python: str) -> tuple[System, tuple[str, ...]]:
    """Fetch what one version of Python needs on one system. Returns the wheels' names."""
    # Two runs of pip must not write the same file at once.
    with tempfile.TemporaryDirectory(dir=wheels.parent) as scratch:
        where = ["--only-binary", ":all:", "--python-version", python, "--dest", scratch]
        for platform in system.platforms:
            where += ["--platform", platform]
        if system.older:
            free = Path(scratch, "constraints")
            free.write_text(_constraints(system.older), encoding="utf-8")
            _pip("download", *where, "--constraint", str(free), str(own))
        else:
            _pip("download", *where, "--no-deps", "--require-hashes", "--requirement", str(PINS))
        found = sorted(Path(scratch).glob("*.whl"))
        for wheel in found:
            wheel.replace(wheels / wheel.name)
        return system, tuple(wheel.name for wheel in found)


def _constraints(older: Sequence[str]) -> str:
    """The pins without their hashes, and without these packages."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", PINS.read_text("utf-8"), flags=re.MULTILINE)
    return "".join(f"{name}=={version}\n" for name, version in pins if name not in older)


def _remark(system: System, names: Sequence[str]) -> str:
    """The sentence on a system where a package is older than elsewhere."""
    versions = dict(name.split("-")[:2] for name in names)
    older = ", ".join(f"{name} {versions[name]}" for name in system.older)
    return f"On {system.words}: {older}, for there is no newer wheel."


def _read_me(systems: Sequence[System], remarks: Sequence[str]) -> str:
    *most, last = TRIED
    return READ_ME.format(
        tried=f"{', '.join(most)} or {last}",
        untried=", ".join(each for each in PACKED if each not in TRIED),
        systems="\n".join(f"  - {system.words}" for system in systems),
        older="".join(f"\n\n{remark}" for remark in remarks),
    )


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--quiet"]
    subprocess.run(command, check=True)


def main(arguments: list[str]) -> int:
    """Make it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make_stick.py", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument(
        "--system", action="append", choices=SYSTEMS, help="pack for this one (default: for all)"
    )
    args = parser.parse_args(arguments)
    if args.folder.exists() and any(args.folder.iterdir()):
        print(f"{args.folder} is not empty; nothing was changed.", file=sys.stderr)
        print("Next: name a new folder.", file=sys.stderr)
        return _NOT_MADE
    try:
        build(args.folder, args.system or tuple(SYSTEMS))
    except subprocess.CalledProcessError:
        print("pip could not bring the wheels: its own words are above.", file=sys.stderr)
        return _NOT_MADE
    print(f"Ready: {args.folder}. On another machine: python3 start.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
