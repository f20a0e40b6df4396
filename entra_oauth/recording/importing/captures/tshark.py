"""tshark as a program that reads one capture: with a deadline, alone, and in a folder of its own.

It gets an empty home, so that no profile, script or preference of the person's counts; no name
is looked up; capture and key log are not copied. What it writes beside its output goes into a
folder (0700) that is gone at the end, whatever the end was.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.child_program import find, signals_kept
from entra_oauth.errors import LocalError, UsageError, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

__all__ = ["Tshark", "opened_capture"]

DEADLINE_S = 300.0
"""Seconds for one run."""
_PIECE = 1 << 20
_KEPT = ("PATH", "SYSTEMROOT", "SystemRoot", "WINDIR")
_NAMES = {"capture": "capture", "keys": "keys"}
_GRUMBLES = ("Running as user", "tshark: Lua:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tshark:
    """One capture, ready to be asked about."""

    program: str
    folder: Path
    most_bytes: int
    """Bytes of output that are taken."""
    has_keys: bool
    deadline_s: float = DEADLINE_S

    def version(self) -> str:
        """Its version, such as 4.0.17; empty if it does not say."""
        words = self._run("--version").decode("utf-8", "replace").split()
        numbers = [word for word in words[:4] if word[:1].isdigit()]
        return plain(numbers[0].rstrip("."), limit=40) if numbers else ""

    def ask(self, *arguments: str) -> bytes:
        """Its output on the capture. Raises `UsageError` for a file that it cannot read whole."""
        keys = ("-o", f"tls.keylog_file:{_NAMES['keys']}") if self.has_keys else ()
        return self._run("-r", _NAMES["capture"], "-n", *keys, *arguments)

    def _run(self, *arguments: str) -> bytes:
        with open(self.folder / "said", "w+b") as said, ExitStack() as at_the_end:
            with signals_kept():
                process = self._started(arguments, said)
                at_the_end.callback(_end, process)
            output, late = self._read(process)
            said.seek(0)
            words = said.read(4096).decode("utf-8", "replace")
        if late:
            raise LocalError(
                f"tshark did not come to its end within {self.deadline_s:.0f} seconds.",
                advice="Capture only the sign-in: a smaller file, or a filter for its host.",
            )
        if len(output) > self.most_bytes:
            raise UsageError(
                f"Of this capture tshark tells more than {self.most_bytes // 2**20:,} MiB.",
                advice="Capture only the sign-in, or allow more with --max-memory.",
            )
        if process.returncode != 0:
            raise UsageError(
                f"tshark cannot read this capture whole: {_telling(words)}",
                advice="Capture again, and let the capturing program come to its end.",
            )
        return output

    def _started(self, arguments: tuple[str, ...], said: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - our own arguments, and no shell
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=self.folder,
                env=_environment(self.folder),
                start_new_session=True,
            )
        except OSError as error:
            raise LocalError(
                f"tshark cannot be started: {error.strerror}.",
                advice="Run tshark --version by itself to see why.",
            ) from None

    def _read(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bool]:
        """The output, and whether the deadline ended it."""
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.deadline_s, end)
        timer.daemon = True
        timer.start()
        pieces, size = [], 0
        try:
            while size <= self.most_bytes and (piece := _piece(process)):
                pieces.append(piece)
                size += len(piece)
            if size > self.most_bytes:
                process.kill()
            process.wait()
        finally:
            timer.cancel()
            timer.join()
        return b"".join(pieces), late.is_set()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing is left running, whatever ended the reading: Ctrl-C and SIGTERM too."""
    process.kill()  # nothing, where it has ended
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def _piece(process: subprocess.Popen[bytes]) -> bytes:
    return process.stdout.read(_PIECE) if process.stdout is not None else b""


def _telling(words: str) -> str:
    """The line that says what is wrong."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_GRUMBLES)]
    text = telling[0].removeprefix("tshark: ") if telling else "it does not say why."
    return plain(text, limit=200)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    own = str(folder)
    homes = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "TMPDIR", "TEMP")
    return {
        **kept,
        **dict.fromkeys((*homes, "TMP", "WIRESHARK_CONFIG_DIR"), own),
        "LC_ALL": "C",
        "TZ": "UTC",
    }


@contextmanager
def opened_capture(capture: Path, keys: Path | None, *, most_bytes: int) -> Iterator[Tshark]:
    """tshark, ready for a capture. Raises `LocalError` where there is none."""
    program = find("tshark", os.environ)
    if program is None:
        raise LocalError(
            "There is no tshark on this machine, which opens captures of packets.",
            advice="Install it (Debian: apt install tshark), then run this again.",
        )
    with tempfile.TemporaryDirectory(prefix="entra-oauth-") as made:  # 0700
        folder = Path(made)
        # By links: a path of the person's may hold what tshark's options take for something else.
        for name, path in (("capture", capture), ("keys", keys)):
            if path is not None:
                os.symlink(path.absolute(), folder / _NAMES[name])
        yield Tshark(
            program=os.path.abspath(program),
            folder=folder,
            most_bytes=most_bytes,
            has_keys=keys is not None,
        )
