"""Make a folder with all that is asked for before a program is allowed in a company.

    python scripts/make_packet.py FOLDER [--pins FILE]

It holds the wheel, the core as a single file, pinned and hashed requirements, a bill of
materials, licences, what is touched, threats, the text for an administrator, and checksums. Run
it with the Python of the clone's .venv, in which the group `packet` is installed. Nothing is
fetched. From one commit it comes out the same, byte for byte, with one minor version of Python.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from packet.folder import PINS, NotMade, packet
from packet.installed import NotAsRecorded

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[1]
_NOT_MADE = 8
_PIP = f"{sys.executable} -m pip install"
_PACKAGES = "cyclonedx-python-lib hatchling"
"""The group `packet`, which the pip of Python 3.11 cannot install by its name."""


def main(arguments: list[str]) -> int:
    """Make it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make_packet.py", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument(
        "--pins", type=Path, default=ROOT / PINS, help="other requirements than the committed ones"
    )
    args = parser.parse_args(arguments)
    if args.folder.exists() and any(args.folder.iterdir()):
        return _fail(f"{args.folder} is not empty", "name a new folder.")
    try:
        files = packet(ROOT, args.pins)
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is missing", f"install what is missing: {_PIP} {_PACKAGES}")
    except NotAsRecorded as error:
        return _fail(str(error), f"install what is pinned: {_PIP} -r {PINS}")
    except (NotMade, OSError, ValueError) as error:
        return _fail(str(error), "see what is said above, then run this again.")
    for name, data in files.items():
        path = args.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"Ready: {args.folder}. Look at it with: sha256sum -c SHA256SUMS")
    return 0


def _fail(what: str, advice: str) -> int:
    print(f"error: the packet was not made: {what}.\nNext: {advice}", file=sys.stderr)
    return _NOT_MADE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
