"""How `demo.py` and `test.py` start: on a Python that is new enough, told in plain words.

This file is read by whatever `python3` is: it must parse on Python 3.6 (so no
`:=`, no `match`, annotations that are evaluated only as text). Nothing but the
standard library, no shell.
"""

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

OLDEST = (3, 11)
ON_WINDOWS = os.name == "nt"


class SetupFailed(Exception):
    """What happened, what to do next, and the exit code that the command line documents."""

    def __init__(self, what: str, advice: str, exit_code: int = 8) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice
        self.exit_code = exit_code


def say(text: str) -> None:
    """One line for the person, on stderr: stdout belongs to the job itself."""
    if sys.stderr is not None:
        print(f"entra-oauth: {text}", file=sys.stderr, flush=True)


def run_script(job: "Callable[[list[str]], int]") -> "NoReturn":
    """Do `job(arguments)` on a Python that is new enough, and exit with its code."""
    try:
        require_python()
        code = job(sys.argv[1:])
    except SetupFailed as failure:
        say(failure.what)
        print(f"Next: {failure.advice}", file=sys.stderr or sys.stdout)
        code = failure.exit_code
    except KeyboardInterrupt:
        say("stopped")
        code = 130
    sys.exit(code)


def require_python() -> None:
    """Go on only on Python 3.11 or later: with another one from PATH if need be."""
    if sys.version_info[:2] >= OLDEST:
        return
    for command in _other_pythons():
        if succeeds(command + ["-c", f"import sys; sys.exit(sys.version_info < {OLDEST})"]):
            say(f"Python {version()} is too old; going on with {' '.join(command)}.")
            become(command + sys.argv, dict(os.environ))
    script = f"scripts/{os.path.basename(sys.argv[0])}"
    python = "py -3.11" if ON_WINDOWS else "python3.11"
    raise SetupFailed(
        f"Python 3.11 or later is needed. This is Python {version()}, "
        "and no newer one was found on PATH.",
        "install Python 3.11 or later from your system's packages or from python.org, "
        f"then run: {python} {script}",
    )


def _other_pythons() -> "Iterator[list[str]]":
    minors = (14, 13, 12, 11)
    names = [f"python3.{minor}" for minor in minors] + ["python3", "python"]
    yield from ([path] for path in map(shutil.which, names) if path)
    launcher = shutil.which("py") if ON_WINDOWS else None
    if launcher:
        yield from ([launcher, f"-3.{minor}"] for minor in minors)


def version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def child_environment() -> "dict[str, str]":
    """The environment for what runs in `.venv`: the person's, less what would lead out of it."""
    away = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX"}
    kept = {name: value for name, value in os.environ.items() if name not in away}
    kept.update(
        PYTHONUTF8="1",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_INPUT="1",
        PIP_USER="0",
        PIP_REQUIRE_VIRTUALENV="0",
    )
    return kept


def become(command: "list[str]", environment: "dict[str, str]") -> "NoReturn":
    """Run `command` in the place of this process: its exit code, its signals, its terminal."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if not ON_WINDOWS:
        os.execve(command[0], command, environment)
    sys.exit(run(command, environment))


def run(command: "list[str]", environment: "dict[str, str]", cwd: "str | None" = None) -> int:
    """Run `command` to its end and return its exit code, 128 + n if signal n ended it.

    Ctrl-C reaches the child as well: it ends as it sees fit, and only then do we.
    """
    process = subprocess.Popen(command, env=environment, cwd=cwd)
    interrupted = False
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            interrupted = True
            continue
        if interrupted:
            raise KeyboardInterrupt
        return 128 - code if code < 0 else code


def succeeds(command: "list[str]") -> bool:
    try:
        code = subprocess.call(
            command,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return code == 0
