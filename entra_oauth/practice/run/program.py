"""Running a program against the tenant as it is: its environment, its signals, its end.

Nothing of the program is changed. A proxy, a certificate and a
browser are named to it, in the variables that most TLS stacks and tools read.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, plain
from entra_oauth.practice.run.browser_command import PASSWORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from entra_oauth.practice.directory.model import User

__all__ = ["browser_for", "environment", "run", "warning"]

_SECRET = ("AZURE_", "ARM_", "DATABRICKS_", "IDENTITY_", "MSI_", "ACTIONS_ID_TOKEN_")
_TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_IN_THE_WAY = ("ALL_PROXY", "NO_PROXY", "SSL_CERT_DIR", "ENTRA_OAUTH_CA_BUNDLE")
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_NODES = ("node", "nodejs", "npm", "npx", "yarn", "pnpm", "tsx", "ts-node")
_JAVAS = ("java", "mvn", "gradle", "scala", "spark-submit")


def environment(
    base: Mapping[str, str], *, proxy_url: str, ca_file: str, browser: str
) -> dict[str, str]:
    """`base` without secrets of real clouds, and with the way to the tenant.

    Proxy variables are set in both spellings, because curl reads `http_proxy` in lower
    case only; `NO_PROXY` goes, because it would lead around the proxy.
    """
    harmless = {
        name: value
        for name, value in base.items()
        if not name.upper().startswith(_SECRET) and name.upper() not in _IN_THE_WAY
    }
    proxies = {
        spelling: proxy_url
        for name in ("HTTPS_PROXY", "HTTP_PROXY")
        for spelling in (name, name.lower())
    }
    trust = dict.fromkeys(_TRUST, ca_file)
    # Since Node 24 its fetch honours the proxy variables when it is told to.
    return {**harmless, **proxies, **trust, "NODE_USE_ENV_PROXY": "1", "BROWSER": browser}


@contextmanager
def browser_for(user: User, *, reports_visits: bool = False) -> Iterator[str]:
    """A command for `BROWSER` that signs that person in and returns at once.

    It returns at once because a program may open the browser first and listen second.
    With `reports_visits` it reports its visits to the program to the tenant's control endpoint.
    """
    words = [
        sys.executable,
        "-P",
        "-m",
        "entra_oauth.practice.run.browser_command",
        "--user",
        user.name,
    ]
    words += ["--tell"] if reports_visits else []
    if os.name == "nt":
        yield f"{subprocess.list2cmdline(words)} %s &"
        return
    with TemporaryDirectory(prefix="practice-browser-") as folder:  # 0700
        script = Path(folder) / "browser"
        password = f"{PASSWORD_VARIABLE}={shlex.quote(user.password)}"
        script.write_text(
            f'#!/bin/sh\n{password} {shlex.join(words)} "$1" </dev/null >/dev/null &\n',
            encoding="utf-8",
        )
        script.chmod(0o700)
        yield str(script)


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program to its end and return its exit code, as a shell would give it.

    It has our standard streams. Signals that come to us go to it as well. Raises
    `LocalError` if it cannot be started.
    """
    import shutil

    # Looked up as the person's shell would; on Windows this finds .cmd files too.
    program = shutil.which(command[0], path=environ.get("PATH"))
    forward = _Forwarder()
    with forward.installed():
        try:
            process = subprocess.Popen(  # noqa: S603 - it is what the person asked for
                [program or command[0], *command[1:]], env=dict(environ)
            )
        except OSError as error:
            failure = LocalError(
                f"{plain(command[0])[:80]} cannot be started: {error.strerror}.",
                advice="Check the name of the program after --.",
            )
            # As a shell has it (POSIX.1-2017, Shell Command Language 2.8.2).
            failure.exit_code = 127 if isinstance(error, FileNotFoundError) else 126
            raise failure from None
        with process:
            forward.to(process)
            code = process.wait()
    return code if code >= 0 else 128 - code


class _Forwarder:
    """Hands signals on, also those that came before there was a program to hand them to."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Outside the main thread there are no signals to hand on."""
        before = {}
        try:
            for name in _FORWARDED:
                if number := getattr(signal, name, None):
                    before[number] = signal.signal(number, self._take)
        except ValueError:
            pass
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number in self._waiting:
            self._send(number)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._process is None:
            self._waiting.append(number)
        elif number != signal.SIGINT or not _reached_by_terminal():
            self._send(number)

    def _send(self, number: int) -> None:
        if self._process is not None:
            with suppress(OSError):
                self._process.send_signal(number)


def _reached_by_terminal() -> bool:
    """True if Ctrl-C reaches the program without us: a terminal signals all in front of it."""
    if os.name == "nt":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def warning(command: Sequence[str]) -> str | None:
    """A warning for a person whose program's runtime does not look at the variables."""
    name = os.path.basename(command[0]).lower().removesuffix(".exe").removesuffix(".cmd")
    if name in _JAVAS:
        return (
            "Java does not read HTTPS_PROXY: give -Dhttps.proxyHost=127.0.0.1, -Dhttps.proxyPort "
            "and a trust store with the certificate, or it will reach for the real Entra."
        )
    if name in _NODES and (version := _node_version()) is not None and version < 24:
        return (
            f"Node {version} ignores HTTPS_PROXY in fetch: the program may reach for the real "
            "Entra. Use Node 24, or a client that takes a proxy."
        )
    return None


def _node_version() -> int | None:
    """The major version of the Node on the path."""
    try:
        done = subprocess.run(
            ["node", "--version"],  # noqa: S607 - the one that the program will meet
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isascii() and major.isdigit() else None
