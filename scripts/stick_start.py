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
FIRST, LAST_TRIED, LAST_PACKED = (3, 11), (3, 13), (3, 14)
COVERS = "What this stick is for is in READ ME FIRST.txt."


def main(arguments: "list[str]") -> int:
    """Install, and try it. Returns the exit code. Every line here runs on an old Python too."""
    mine = tuple(sys.version_info[:2])
    version = ".".join(map(str, mine))
    if not FIRST <= mine <= LAST_PACKED:
        print("This stick is for Python 3.11 to 3.13; this is " + version + ".")
        print(COVERS, "Next: run start.py with one of these Pythons.")
        return 8
    if mine > LAST_TRIED:
        print("The wheels for Python", version, "are packed, but nobody has tried them.")
    home = Path(arguments[0] if arguments else Path.home() / "entra-oauth").absolute()
    print("Installing into", home, flush=True)
    try:
        venv.create(home, with_pip=True)
    except (OSError, subprocess.CalledProcessError):
        print("Python cannot make an environment there.")
        print("Next: name another folder; on Debian: apt install python3-venv")
        return 8
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    # Isolated: a variable or a file of this machine's could name other places for wheels.
    install = ["-m", "pip", "--isolated", "install", "--quiet", "--no-index"]
    install += ["--disable-pip-version-check", "--only-binary", ":all:"]
    wheels = ["--find-links", str(HERE / "wheels"), "entra-oauth"]
    if subprocess.call([str(programs / "python"), *install, *wheels]) != 0:
        print("It could not be installed: no wheels for this kind of machine, or not readable.")
        print(COVERS)
        return 8
    program = programs / "entra-oauth"
    code = subprocess.call([str(program), "doctor", "--class"])
    if code == 0:
        print("Next:", program, "demo")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
