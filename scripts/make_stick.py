"""Make a folder for a USB stick from which entra-oauth installs without a network.

    python3 scripts/make_stick.py FOLDER [--platform NAME]…

It holds wheels, the documentation with the class kit, and `start.py`. Run with the oldest Python
that the class has: wheels with compiled parts are made for one version of it. Without
`--platform` they are for machines of this kind; with `--platform win_amd64` (pip's names;
several may be given) for those as well. pip must be able to reach its index.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["build", "main"]

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE")
_NOT_MADE = 8

READ_ME = """\
entra-oauth, to be installed without a network
==============================================

Python 3.11 or later must be on the machine. In this folder:

    python3 start.py            (Windows: py start.py)

It makes a folder entra-oauth in your home folder, installs from wheels/, and tries a
sign-in on this machine alone. The last line says PASS and how to go on.

For whoever teaches: docs/teach/README.md, docs/teach/slides.html.
"""

START = '''\
"""Install entra-oauth from this folder, without a network.

    python3 start.py [FOLDER]

FOLDER is where it goes; without it, entra-oauth in your home folder.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(arguments):
    if sys.version_info < (3, 11):
        print("Python 3.11 or later is needed; this is %d.%d." % sys.version_info[:2])
        return 8
    home = Path(arguments[0] if arguments else Path.home() / "entra-oauth").absolute()
    print("Installing into", home)
    try:
        venv.create(home, with_pip=True)
    except (OSError, subprocess.CalledProcessError):
        print("Python cannot make an environment there. On Debian: apt install python3-venv")
        return 8
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    install = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]
    wheels = ["--find-links", str(HERE / "wheels"), "entra-oauth"]
    if subprocess.call([str(programs / "python"), *install, *wheels]) != 0:
        print("It could not be installed. Are the wheels for this kind of machine and Python?")
        return 8
    program = programs / "entra-oauth"
    code = subprocess.call([str(program), "doctor", "--class"])
    if code == 0:
        print("Next:", program, "demo")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
'''


def build(folder: Path, platforms: tuple[str, ...] = ()) -> None:
    """Fill `folder`, which must be new or empty. Raises `CalledProcessError` of pip's."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    _pip("wheel", "--wheel-dir", str(wheels), str(ROOT))
    (own,) = wheels.glob("entra_oauth-*.whl")
    for platform in platforms:
        only = ("--only-binary", ":all:", "--platform", platform)
        _pip("download", *only, "--dest", str(wheels), str(own))
    shutil.copytree(ROOT / "docs", folder / "docs")
    for name in PAGES:
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "READ ME FIRST.txt").write_text(READ_ME, encoding="utf-8")
    (folder / "start.py").write_text(START, encoding="utf-8")


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--quiet"]
    subprocess.run(command, check=True)


def main(arguments: list[str]) -> int:
    """Make it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make_stick.py", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument("--platform", action="append", default=[], help="for such machines too")
    args = parser.parse_args(arguments)
    if args.folder.exists() and any(args.folder.iterdir()):
        print(f"{args.folder} is not empty; nothing was changed.", file=sys.stderr)
        return _NOT_MADE
    try:
        build(args.folder, tuple(args.platform))
    except subprocess.CalledProcessError:
        print("pip could not bring the wheels: its own words are above.", file=sys.stderr)
        return _NOT_MADE
    print(f"Ready: {args.folder}. On another machine: python3 start.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
