"""Everything that must hold before a change: style, types, tests.

    python3 scripts/test.py [what pytest takes]

Sets up `.venv` on the first run. With arguments, only pytest is run, and given them.
A test that needs a program which is not there is skipped and names its package.
"""

import subprocess

import environment
import launch

CHECKS = (
    ("ruff", ["check", "--quiet"]),
    ("ruff", ["format", "--check", "--quiet"]),
    ("mypy", ["--no-error-summary"]),
)


def main(arguments: "list[str]") -> int:
    environment.prepare(required=("test",), optional=("check", "interop"))
    failed = [] if arguments else [" ".join(check) for check in map(_check, CHECKS) if check]
    code = _module("pytest", arguments)
    for name in failed:
        launch.say(f"{name} failed: see above the tests.")
    return code or (1 if failed else 0)


def _check(check: "tuple[str, list[str]]") -> "list[str]":
    """Run one check and say in a line how it went; its name if it failed."""
    tool, options = check
    name = [tool] + [option for option in options if not option.startswith("-")]
    if not _is_installed(tool):
        launch.say(f"{' '.join(name)}: left out, {tool} is not installed")
        return []
    code = _module(tool, options)
    launch.say(f"{' '.join(name)}: {'clean' if code == 0 else 'failed'}")
    return [] if code == 0 else name


def _module(name: str, arguments: "list[str]") -> int:
    command = [environment.PYTHON, "-P", "-m", name, *arguments]
    return launch.run(command, launch.child_environment(), cwd=environment.ROOT)


def _is_installed(module: str) -> bool:
    find = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.call([environment.PYTHON, "-P", "-c", find]) == 0


if __name__ == "__main__":
    launch.run_script(main)
