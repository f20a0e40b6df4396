"""Everything that must hold before a change: style, types, tests.

    python3 scripts/test.py            style, types, and every test but the foreign ones
    python3 scripts/test.py --quick    style, and the tests that need next to no time
    python3 scripts/test.py --all      the foreign ones too: large programs, over 20 seconds
    python3 scripts/test.py ARGUMENTS  only pytest, given these arguments

What stands beside --quick or --all goes to pytest too. There are twice as many runs of it
at once as cores, up to eight; `-n 3` beside --quick or --all asks for three. Sets up `.venv`
on the first run. A test that needs a program which is not there is skipped and names its
package.
"""

import subprocess
import time

import environment
import launch
import workers

STYLE = (("ruff", ["check", "--quiet"]), ("ruff", ["format", "--check", "--quiet"]))
TYPES = (("mypy", ["--no-error-summary"]),)

QUICK, USUAL, ALL = "not foreign and not slow", "not foreign", ""


def main(arguments: "list[str]") -> int:
    environment.prepare(required=("test",), optional=("check", "packet", "interop"))
    marks = ALL if "--all" in arguments else QUICK if "--quick" in arguments else USUAL
    given = [argument for argument in arguments if argument not in ("--all", "--quick")]
    if given and given == arguments:
        return _module("pytest", given)
    checks = STYLE if marks == QUICK else STYLE + TYPES
    failed = [" ".join(check) for check in map(_check, checks) if check]
    runs, given = _runs(given)
    code = _tests((["-m", marks] if marks else []) + given, runs)
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
    began = time.monotonic()
    code = _module(tool, options)
    minutes = (time.monotonic() - began) / 60
    launch.say(f"{' '.join(name)}: {'clean' if code == 0 else 'failed'}, {minutes:.1f} minutes")
    return [] if code == 0 else name


def _runs(given: "list[str]") -> "tuple[int, list[str]]":
    """The number of runs, and what is left of the arguments."""
    if any("::" in argument for argument in given):
        return 1, given  # a test of a file cannot be shared
    if "-n" not in given[:-1]:
        return workers.number(workers.cores()), given
    at = given.index("-n")
    if not given[at + 1].isdigit() or int(given[at + 1]) < 1:
        raise launch.SetupFailed("-n takes a number", "give it one, such as -n 4", exit_code=2)
    return int(given[at + 1]), given[:at] + given[at + 2 :]


def _tests(arguments: "list[str]", runs: int) -> int:
    command = _command("pytest", arguments)
    if runs == 1:
        return launch.run(command, _inherited(), cwd=environment.ROOT)
    return workers.run(command, _inherited(), environment.ROOT, runs)


def _module(name: str, arguments: "list[str]") -> int:
    return launch.run(_command(name, arguments), _inherited(), cwd=environment.ROOT)


def _command(name: str, arguments: "list[str]") -> "list[str]":
    return [environment.PYTHON, "-P", "-m", name, *arguments]


def _inherited() -> "dict[str, str]":
    inherited = launch.child_environment()
    # Some images switch bytecode off. Tests start the program hundreds of times, and each
    # start would compile it anew: a third of all the time.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return inherited


def _is_installed(module: str) -> bool:
    find = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.call([environment.PYTHON, "-P", "-c", find]) == 0


if __name__ == "__main__":
    launch.run_script(main)
