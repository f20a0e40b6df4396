"""The guard of the process in which a learner's function runs: it stops mistakes, not malice.

An audit hook (PEP 578) refuses what no function of a lab needs: sockets, other programs, files
outside of the process's own folder. A look before and after the trials tells if the checker itself
was changed. Neither holds somebody who means harm.
"""

from __future__ import annotations

import builtins
import os
import secrets
import sys
import sysconfig
from pathlib import Path
from typing import Any

__all__ = ["Guard", "checker_now", "names_for"]

_PROGRAMS = (
    *("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"),
    *("os.spawn", "os.startfile", "os.startfile/2", "pty.spawn", "_winapi.CreateProcess"),
    *("os.kill", "os.killpg"),
)
_INSIDE = ("ctypes.", "gc.", "sys.setprofile", "sys.settrace", "cpython.", "mmap.", "winreg.")
_FILES = (
    *("open", "os.listdir", "os.scandir", "os.chdir", "os.remove", "os.rename", "os.rmdir"),
    *("os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime"),
    *("os.mkfifo", "os.mknod", "os.setxattr", "glob.glob", "shutil.rmtree", "sqlite3.connect"),
)
_READ_ONLY = ("open", "os.listdir", "os.scandir")
_OURS = "entra_oauth"
_ROOT = Path(__file__).parents[3]
_LABS = f"{_OURS}.lessons.labs"


class Guard:
    """What was refused, from `begin` on. A process has one, and cannot take it off again."""

    def __init__(self, folder: str) -> None:
        self.refused: list[str] = []
        """A sentence for each kind of thing that was tried and refused."""
        self._own = os.path.realpath(folder)
        self._readable = _places_of_python()
        # A clone holds more than the program, recordings perhaps: its names may be seen, no more.
        self._looked_through = {os.path.realpath(each) for each in sys.path if each}

    def begin(self) -> None:
        """Refuse from now on. What Python itself reads to import a module stays allowed."""
        sys.addaudithook(self._judge)

    def _judge(self, event: str, given: tuple[Any, ...]) -> None:
        if event.startswith("socket."):
            self._refuse("It opened a socket. Here it needs none.")
        elif event in _PROGRAMS:
            self._refuse("It started or ended another program. Here it needs none.")
        elif event.startswith(_INSIDE):
            self._refuse("It reached into Python itself. Here that is not needed.")
        elif event in _FILES and not self._may_use(event, given):
            self._refuse("It touched a file outside of its own folder. Here it needs none.")

    def _refuse(self, why: str) -> None:
        if why not in self.refused:
            self.refused.append(why)
        raise PermissionError(why)

    def _may_use(self, event: str, given: tuple[Any, ...]) -> bool:
        places = given[:2] if event in ("os.rename", "os.link", "os.symlink") else given[:1]
        if not all(isinstance(each, (str, bytes, os.PathLike)) for each in places):
            return event in _READ_ONLY and isinstance(given[0], int)  # a file that is open already
        names = [os.path.realpath(os.fsdecode(each)) for each in places]
        if event in ("os.listdir", "os.scandir") and names[0] in self._looked_through:
            return True
        if all(_is_below(name, self._own) for name in names):
            return True
        reads = event in _READ_ONLY and not (event == "open" and _writes(given))
        return reads and any(_is_below(names[0], each) for each in self._readable)


def names_for(module: str) -> dict[str, Any]:
    """The names that a learner's file begins with; its imports do not reach this program."""

    def guarded(name: str, *given: Any, **named: Any) -> Any:
        if name.partition(".")[0] == _OURS:
            raise ImportError("The function stands alone: it imports nothing of entra_oauth.")
        return builtins.__import__(name, *given, **named)

    return {"__name__": module, "__builtins__": {**vars(builtins), "__import__": guarded}}


def checker_now() -> dict[tuple[str, str], int]:
    """All that decides about an answer, by its name: to be compared with the same afterwards."""
    modules = {name: module for name, module in sys.modules.items() if name.startswith(_LABS)}
    seen = {}
    for owner, module in {**modules, "builtins": builtins, "secrets": secrets}.items():
        for name, value in vars(module).items():
            if callable(value):
                seen[owner, name] = id(value)
            if isinstance(value, type) and value.__module__.startswith(_LABS):
                seen |= {(value.__name__, each): id(it) for each, it in vars(value).items()}
    return seen


def _places_of_python() -> tuple[str, ...]:
    """The folders that modules come from."""
    paths = sysconfig.get_paths()
    named = [paths[each] for each in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = (*named, *(each for each in sys.path if each), str(_ROOT / _OURS))
    root = os.path.realpath(_ROOT)
    real = (os.path.realpath(each) for each in found)
    return tuple(dict.fromkeys(each for each in real if each != root))


def _is_below(name: str, folder: str) -> bool:
    return name == folder or name.startswith(folder.rstrip(os.sep) + os.sep)


def _writes(given: tuple[Any, ...]) -> bool:
    mode, flags = (*given[1:3], None, None)[:2]
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    wanted = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
    return not isinstance(flags, int) or bool(flags & wanted)
