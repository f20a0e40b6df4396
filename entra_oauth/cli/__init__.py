"""The command line: composes the rooms, speaks to people, and sets the exit code."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn

__all__ = ["main", "program"]

_OBJECTS = 50_000
"""New objects after which garbage is looked for: a sign-in makes half as many, a few megabytes."""


def main(argv: list[str] | None = None) -> int:
    """Run one command. `argv` is without the program's name. Returns the exit code.

    Without `argv` the process is taken to be there for the command alone: Ctrl-C has
    no effect on what is left of it, and threads are not waited for.
    """
    if argv is not None:
        return _run(argv)
    try:
        if sys.argv[1:2] == ["token"]:
            from entra_oauth.cli.fast_token import try_token

            try_token(sys.argv[2:])  # which ends the process if it can
        if sys.argv[1:2] in (["-V"], ["--version"]) and _has_told_version():
            return 0
        import gc

        # Nearly all that a start makes stays until its end. To look it through for garbage after
        # every 700 objects, as Python does, is a fiftieth of the instructions before the browser;
        # a search of 10,000 takes three milliseconds, and would come before it as well.
        gc.set_threshold(_OBJECTS)
        from entra_oauth.cli.session.signals import own_ctrl_c
    except KeyboardInterrupt:
        return 130
    with own_ctrl_c():
        try:
            code = _run(sys.argv[1:])
        except KeyboardInterrupt:  # before the command began, or after its end
            _tell_stopped()
            code = 130
    _leave_threads_behind(code)
    return code


def program() -> NoReturn:
    """The command as a process: `main`, and an end without the interpreter's tidying up.

    All is closed and flushed by then; to take the modules apart again would keep people
    waiting for as long as a request takes.
    """
    import atexit
    import os

    code = main()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # closed, or nobody reads there
            continue
    os._exit(code)


def _has_told_version() -> bool:
    """Print the version with nothing imported for it; False if it cannot be written.

    `help_for` says the same, and the full program what is wrong with the output.
    """
    import os

    from entra_oauth._version import __version__

    line = f"entra-oauth {__version__}\n".encode("ascii")
    try:
        return os.write(1, line) == len(line)
    except OSError:
        return False


def _run(arguments: list[str]) -> int:
    from entra_oauth.cli.session.signals import uninterrupted

    with uninterrupted():
        from entra_oauth.cli.command_line.dispatch import run
    return run(arguments, _verb_module)


def _tell_stopped() -> None:
    try:
        if sys.stderr is not None:  # else print() would turn to standard output
            print("\nStopped.\nNext: Run the command again when you are ready.", file=sys.stderr)
    except OSError:  # nobody listens
        pass


def _verb_module(name: str) -> ModuleType:
    """The module of a verb, by its path below this room: nothing below knows of this one."""
    __import__(f"{__name__}.{name}")  # importlib would be imported for this alone
    return sys.modules[f"{__name__}.{name}"]


def _leave_threads_behind(code: int) -> None:
    """End the process here if a thread is still busy; return if none is.

    Python ends such threads by unwinding them wherever they are. Inside cryptography,
    which makes keys in one, that ends in an abort.
    """
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        return
    import atexit
    import os

    atexit._run_exitfuncs()
    os._exit(code)
