"""Opening the person's browser, and knowing beforehand where there is none.

The address is handed over as one argument, without a shell. What the browser
writes never reaches our output, which may be a token that a script reads.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from itertools import chain

from entra_oauth.channels.base import monotonic
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Failed = Callable[[str, int | None], None]
    """Told the name of the command, and its status; None if it could not be started."""

__all__ = ["SOON_S", "SystemBrowser", "has_local_browser", "launch"]

SOON_S = 5.0
"""Seconds within which a browser's command that ends with an error has opened nothing."""

_NOT_TO_BE_OPENED = frozenset({"", "none", "false", "true"})
# These take over the terminal, and a sign-in page does not work in them.
_TEXT_BROWSERS = frozenset(
    {"browsh", "elinks", "links", "links2", "lynx", "netrik", "w3m", "www-browser"}
)
_ON_LINUX = ("xdg-open", "x-www-browser", "gio open")
_ON_WSL = ("wslview", "rundll32.exe url.dll,FileProtocolHandler")


class SystemBrowser:
    """The person's browser, which tells them where its command is of no use.

    `command` is that of `launch`.
    """

    def __init__(self, say: Callable[[str], None], command: str | None = None) -> None:
        self._say = say
        self._command = command
        self.has_failed = False
        """True once the command could not be started, or ended with an error."""

    def open(self, url: str) -> bool:
        """Open `url`; False means that the person has to."""
        return launch(url, self._command, failed=self._tell)

    def _tell(self, name: str, status: int | None) -> None:
        self.has_failed = True
        ended = "could not be started" if status is None else f"ended at once, status {status}"
        self._say(
            f"The browser's command {plain(name, limit=100)} {ended}. Open the address in a "
            "browser yourself, or stop with Ctrl-C and sign in again with another --browser, or "
            "with --paste."
        )


def _ignore_failure(name: str, status: int | None) -> None:
    """For places where nobody is to be told."""


def launch(url: str, command: str | None = None, *, failed: Failed = _ignore_failure) -> bool:
    """Open `url` and return at once; False means that the person has to open it.

    `command` (else `$BROWSER`, which may list several) is run with the URL as its
    last argument or in the place of `%s`; `none` opens nothing. `failed` is told the name
    of one that could not be started, or that ended with an error within `SOON_S` seconds,
    which may be after the return and in another thread. Raises `UsageError` for anything
    that is not a plain http or https URL.
    """
    _check(url)
    named = _split_list(os.environ.get("BROWSER", "")) if command is None else [command]
    if named:
        if _any_starts((_arguments(each) for each in named), url, failed):
            return True
        if wanted := [each for each in map(_arguments, named) if _is_wanted(each)]:
            failed(wanted[0][0], None)
        return False
    if sys.platform == "win32":
        return _start_by_windows(url)
    if sys.platform == "darwin":
        return _any_starts([["open"]], url, failed)
    usual = (*(_ON_WSL if _is_wsl(os.environ) else ()), *_ON_LINUX)
    commands = chain((each.split() for each in usual), _last_resort())
    return _any_starts(commands, url, failed)


def has_local_browser(environ: Mapping[str, str], platform: str) -> tuple[bool, str]:
    """Tell if a browser on this very machine can be expected, and why (not).

    `platform` is `sys.platform`. The reason is a part of a sentence for the person.
    """
    if named := _split_list(environ.get("BROWSER", "")):
        wanted = any(_is_wanted(_arguments(each)) for each in named)
        return wanted, "BROWSER names one" if wanted else "BROWSER names none"
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False, "this is a CI job"
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return False, "this is an SSH session"
    if environ.get("container") or environ.get("KUBERNETES_SERVICE_HOST") or _is_container():
        return False, "this is a container"
    if platform in ("darwin", "win32", "cygwin") or _is_wsl(environ):
        return True, "the system has one"
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return True, "there is a display"
    return False, "there is no display"


def _check(url: str) -> None:
    scheme = url.partition(":")[0].lower()
    plain = url.isascii() and url.isprintable() and not any(c in url for c in " \"'<>\\`|")
    if scheme not in ("http", "https") or not url[len(scheme) :].startswith("://") or not plain:
        raise UsageError(
            "This is not an address for a browser.",
            advice="Only http:// and https:// addresses without spaces or quotes are opened.",
        )


def _split_list(value: str) -> list[str]:
    return [each for each in value.split(os.pathsep) if each]


def _arguments(command: str) -> list[str]:
    """The words of a command; a path with spaces that exists is one word."""
    if os.path.isfile(command):
        return [command]
    import shlex  # here, because most sign-ins do not need it

    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError:
        return []
    return [word.strip('"') for word in words if word != "&"]


def _is_wanted(arguments: list[str]) -> bool:
    name = os.path.basename(arguments[0]).lower() if arguments else ""
    return name not in _NOT_TO_BE_OPENED and name.removesuffix(".exe") not in _TEXT_BROWSERS


def _any_starts(commands: Iterable[list[str]], url: str, failed: Failed) -> bool:
    return any(_is_wanted(each) and _start(_with_url(each, url), failed) for each in commands)


def _with_url(arguments: list[str], url: str) -> list[str]:
    program, *rest = arguments
    if any("%s" in each for each in rest):
        return [program, *(each.replace("%s", url) for each in rest)]
    return [program, *rest, url]


def _start(arguments: list[str], failed: Failed) -> bool:
    try:
        wait = _spawn(arguments) if hasattr(os, "posix_spawnp") else _popen(arguments)
    except NotImplementedError:  # a system library that cannot begin a session
        wait = _popen(arguments)
    except OSError:
        return False
    began = monotonic()

    def collect() -> None:
        # Somebody has to collect it when it ends, or it stays as a zombie.
        with suppress(OSError):
            status = wait()
            if status != 0 and monotonic() - began < SOON_S:
                failed(arguments[0], status)

    threading.Thread(target=collect, name="browser", daemon=True).start()
    return True


def _spawn(arguments: list[str]) -> Callable[[], int]:
    """Without `subprocess`, whose import alone would delay the browser by some milliseconds."""
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    # A session of its own: Ctrl-C is for us, not for the browser. Python ignores these
    # two signals, and a browser must not.
    pid = os.posix_spawnp(
        arguments[0],
        arguments,
        os.environ,
        file_actions=nowhere,
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )
    return lambda: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _popen(arguments: list[str]) -> Callable[[], int]:
    import subprocess

    # A session of its own: Ctrl-C is for us, not for the browser.
    process = subprocess.Popen(  # noqa: S603 - no shell, and the URL was checked
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return process.wait


def _start_by_windows(url: str) -> bool:
    try:
        os.startfile(url)  # type: ignore[attr-defined, unused-ignore]  # noqa: S606
    except OSError:
        return False
    return True


def _last_resort() -> Iterator[list[str]]:
    """The program that the standard library would start, without its way of starting it."""
    import webbrowser

    try:
        name = getattr(webbrowser.get(), "name", "")
    except webbrowser.Error:
        return
    if isinstance(name, str) and name:
        yield [name]


def _is_wsl(environ: Mapping[str, str]) -> bool:
    return "WSL_DISTRO_NAME" in environ or "WSL_INTEROP" in environ


def _is_container() -> bool:
    return os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv")
