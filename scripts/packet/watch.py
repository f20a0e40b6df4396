"""One command of entra-oauth under an audit hook: `python watch.py LOG FOLDER VERB …`.

FOLDER is where the package is. Each touch is appended to LOG as a line of JSON, [kind, name]. What
is sent or written is never looked at. A host that is not this machine is refused. The hook is in
force before the package is imported, and cannot be taken away again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

__all__: list[str] = []

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

# By event: the places among its arguments of a path that is changed, and of the open folder to
# which it is relative (-1 for none).
_CHANGED: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.truncate": ((0, None),),
    "os.setxattr": ((0, None),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
}
_READ = ("os.listdir", "os.scandir")
_STARTED = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.startfile")
_NAMED = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")

Note = Callable[[str, str], None]


def _main(log: str, folder: str, *arguments: str) -> None:
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(kind: str, name: str) -> None:
        os.write(target, json.dumps([kind, name]).encode() + b"\n")

    sys.path[0] = folder
    sys.argv = ["entra-oauth", *arguments]
    _watch_variables(note)
    sys.addaudithook(lambda event, args: _hear(event, args, note))
    from entra_oauth.cli import program

    program()


def _watch_variables(note: Note) -> None:
    """No event tells that a variable is read; `os.environ` is asked in their place."""
    kind: Any = type(os.environ)
    read = kind.__getitem__

    def noted(self: Any, key: Any) -> Any:
        if isinstance(key, str):
            note("variable", key)
        return read(self, key)

    kind.__getitem__ = noted


def _hear(event: str, args: tuple[Any, ...], note: Note) -> None:
    if event == "open":
        path, mode, flags = args
        if (flags or 0) & _WRITES:
            _note_path("writes", path, note)
        elif mode is not None or (isinstance(path, str | bytes) and os.path.isabs(path)):
            _note_path("reads", path, note)
        # Else `os.open`, with a name in a folder that is open: the event does not say in which.
    elif event in _CHANGED:
        for place, folder in _CHANGED[event]:
            _note_path("writes", args[place], note, -1 if folder is None else args[folder])
    elif event in _READ:
        _note_path("reads", args[0], note)
    elif event in _STARTED:
        note("starts", os.fsdecode(args[0] if isinstance(args[0], str | bytes) else args[1][0]))
    elif event == "socket.bind":
        note("listens", _host(args[1]))
    elif event == "socket.connect":
        _note_host(_host(args[1]), note)
    elif event in _NAMED:
        _note_host(f"{args[0]}:{args[1]}" if len(args) > 1 else str(args[0]), note)


def _note_path(kind: str, path: object, note: Note, folder: int = -1) -> None:
    if isinstance(path, str | bytes | os.PathLike):
        start = os.getcwd() if folder == -1 else os.readlink(f"/proc/self/fd/{folder}")
        note(kind, os.path.normpath(os.path.join(start, os.fsdecode(path))))


def _host(address: object) -> str:
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    return os.fsdecode(address) if isinstance(address, str | bytes) else "another kind of address"


def _note_host(host: str, note: Note) -> None:
    note("connects", host)
    if ":" in host and host.rpartition(":")[0] not in _LOOPBACK:
        raise ConnectionRefusedError("no host but this machine is reached while it is measured")


if __name__ == "__main__":
    _main(*sys.argv[1:])
