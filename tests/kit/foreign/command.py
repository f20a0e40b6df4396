"""`entra-oauth` as a process, whose browser is the test."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID

__all__ = ["Command", "Done", "at"]

_PATIENCE_S = 30.0

_BROWSER = """\
import os, sys
with open({part!r}, "w", encoding="ascii") as file:
    file.write(sys.argv[1])
os.replace({part!r}, {whole!r})
"""


def at(base_url: str, *, client_id: str = ARTICLE_CLIENT_ID) -> list[str]:
    """The options that name the authority at `base_url` and the app."""
    return [
        *("--authority-host", base_url),
        *("--tenant", ARTICLE_TENANT_ID),
        *("--client-id", client_id),
    ]


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


class Command:
    """One run, in a session of its own, so without a terminal. Killed when left early."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._address = folder / "address"
        self._address.unlink(missing_ok=True)
        script = folder / "browser.py"
        part = str(folder / "address.part")
        script.write_text(_BROWSER.format(part=part, whole=str(self._address)), encoding="utf-8")
        browser = shlex.join([sys.executable, "-IS", str(script)])
        more = ("--browser", browser, "--timeout", "60")
        self._process = subprocess.Popen(
            [sys.executable, "-Werror", "-m", "entra_oauth", *arguments, *more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONUTF8": "1"},
            start_new_session=True,
        )

    def address(self) -> str:
        """What it told its browser to open."""
        until = time.monotonic() + _PATIENCE_S
        while not self._address.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no browser was opened: {self.finish()}")
            time.sleep(0.005)
        return self._address.read_text(encoding="ascii")

    def running(self) -> bool:
        return self._process.poll() is None

    def finish(self, timeout_s: float = _PATIENCE_S) -> Done:
        """Wait for its end."""
        out, err = self._process.communicate(timeout=timeout_s)
        return Done(self._process.returncode, out.decode(), err.decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate(timeout=60)
