"""Every verb run under an audit hook, in folders of its own: what it touched, by name."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from packet.commands import COMMANDS, SERVED, Command

__all__ = ["OPTIONS", "Failed", "Touch", "measured"]

WATCH = Path(__file__).with_name("watch.py")
TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
USER = "alice@contoso-practice.example"

_BROWSER = """#!{python} -P
import sys
sys.path.insert(0, {folder!r})
from entra_oauth.practice import PracticeBrowser, http_send
PracticeBrowser(http_send, {user!r}, "practice").open(sys.argv[1])
"""
_RANDOM = re.compile(r"(?:(?<=^)|(?<=^tmp)|(?<=-))[a-z0-9_]{8}$")
_PATIENCE_S = 120.0
_STEP_S = 0.05
_NOT_OURS = ("/proc", "/sys", "/dev/null")
_CHANGING = (
    (re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "GUID"),
    (re.compile(r"^[0-9a-f]{12,}(?=$|\.)"), "HASH"),
    (re.compile(r"^\.new-.+"), ".new-RANDOM"),
    (re.compile(r"^(\..+)\.[a-z0-9_]{8}$"), r"\1.RANDOM"),
    (re.compile(r"^[0-9]{3}\..+\.(bin|url)$"), "STEP"),
)
"""Patterns of one part of a path that is another each time, and what stands for it."""


_PREFIX = "ENTRA_OAUTH_"
OPTIONS = f"{_PREFIX}…"
"""Stands for the variables of all options."""


class Failed(Exception):
    """A command ended otherwise than it should; the text says how."""


@dataclass(frozen=True, slots=True, order=True)
class Touch:
    """One thing that a verb touches."""

    kind: str
    """`writes`, `reads`, `connects`, `listens`, `starts` or `variable`."""
    name: str
    verb: str


@dataclass(frozen=True, slots=True)
class _Place:
    """The folders of one measurement."""

    folder: Path
    package: Path
    """The folder in which the package is."""
    authority: str = ""

    @property
    def here(self) -> Path:
        return self.folder / "here"

    def environ(self) -> dict[str, str]:
        names = {"HOME": "home", "TMPDIR": "tmp"}
        found = {name: str(self.folder / inner) for name, inner in names.items()}
        return {**found, "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

    def filled(self, text: str) -> str:
        """The text with the names in capitals replaced."""
        values = {
            "AUTHORITY": self.authority,
            "TENANT": TENANT,
            "CLIENT": CLIENT,
            "SCOPE": SCOPE,
            "USER": USER,
            "BROWSER": str(self.here / "browser"),
            "PYTHON": sys.executable,
            "FREE": str(_free_port()) if "FREE" in text else "",
            "TOKEN": _text(self.here / "token.txt"),
            "STATE": _state(_text(self.here / "url.txt")),
        }
        return re.sub(rf"\b({'|'.join(values)})\b", lambda found: values[found[0]], text)


def measured(
    package: Path, folder: Path, commands: Iterable[Command] = COMMANDS
) -> frozenset[Touch]:
    """The touches of these commands. `package` is the folder that the package is in.

    `folder` is new, and holds all that they write. Raises `Failed`.
    """
    for name in ("home", "tmp", "here", "logs"):
        (folder / name).mkdir(parents=True, mode=0o700)
    place = _Place(folder, package)
    browser = place.here / "browser"
    text = _BROWSER.format(python=sys.executable, folder=str(package), user=USER)
    browser.write_text(text, encoding="utf-8")
    browser.chmod(0o755)
    if shutil.which("ssh-keygen"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place.here / "key")]
        subprocess.run(key, check=True)
    with _served(place, SERVED) as authority:
        place = _Place(folder, package, authority)
        for number, command in enumerate(commands):
            if not command.needs or shutil.which(command.needs):
                _run(place, command, number)
    return frozenset(_touches(place))


def _run(place: _Place, command: Command, number: int) -> None:
    if command.serves:
        with _served(place, command):
            return
    done = subprocess.run(
        _line(place, command, number),
        cwd=place.here,
        env=place.environ(),
        input=place.filled(command.stdin),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode in (1, 2) or command.code not in (None, done.returncode):
        raise Failed(f"{command.verb} {command.rest}: {done.returncode}\n{done.stderr}")
    if command.keeps:
        (place.here / command.keeps).write_text(done.stdout, encoding="utf-8")


def _line(place: _Place, command: Command, number: int) -> list[str]:
    log = place.folder / "logs" / f"{number:02}-{command.verb.replace(' ', '-')}"
    words = [*command.verb.split(), *place.filled(command.rest).split()]
    return [sys.executable, "-P", str(WATCH), str(log), str(place.package), *words]


@contextmanager
def _served(place: _Place, command: Command) -> Iterator[str]:
    """The address that it tells on its first line; at the end it is told to end."""
    out = place.folder / f"{command.verb}.out"
    with out.open("w+", encoding="utf-8") as told:
        process = subprocess.Popen(
            _line(place, command, 99),
            cwd=place.here,
            env=place.environ(),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _address(process, out, command)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(_PATIENCE_S)
            out.unlink()
    if code != command.code:
        raise Failed(f"{command.verb}: {code}")


def _address(process: subprocess.Popen[bytes], out: Path, command: Command) -> str:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"https?://[^/\s]+(?=.*\n)", out.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(_STEP_S)
    raise Failed(f"{command.verb} told no address")


def _touches(place: _Place) -> Iterator[Touch]:
    for log in sorted((place.folder / "logs").iterdir()):
        words = log.name.partition("-")[2]
        verb = next(v for v in _verbs() if v.replace(" ", "-") == words)
        for line in log.read_text(encoding="utf-8").splitlines():
            kind, name = json.loads(line)
            if (known := _known(place, kind, name)) is not None:
                yield Touch(kind, known, verb)


def _verbs() -> list[str]:
    return [command.verb for command in (SERVED, *COMMANDS)]


def _known(place: _Place, kind: str, name: str) -> str | None:
    """The name that is the same on every machine; None for Python's own files and ours."""
    if kind == "variable":
        return OPTIONS if name.startswith(_PREFIX) else name
    if kind in ("connects", "listens"):
        return _host(place, name)
    if kind == "starts":
        return "PYTHON" if name == sys.executable else _file(place, name).rpartition("/")[2]
    own = (sys.prefix, sys.base_prefix, str(place.package / "entra_oauth"), str(WATCH))
    if name.startswith((*own, *_NOT_OURS)) or name == str(place.package):
        return None
    return _file(place, name)


def _file(place: _Place, name: str) -> str:
    home = place.folder / "home"
    for folder, word in (
        (home / ".config", "CONFIG"),
        (home / ".cache", "CACHE"),
        (home / ".local" / "state", "STATE"),
        (home, "HOME"),
        (place.folder / "tmp", "TMP"),
        (place.here, "HERE"),
    ):
        if name == str(folder) or name.startswith(f"{folder}/"):
            name = word + name.removeprefix(str(folder))
            break
    parts = name.split("/")
    for pattern, word in _CHANGING:
        parts = [pattern.sub(word, part) for part in parts]
    if parts[0] == "TMP" and len(parts) > 1:
        parts[1] = _RANDOM.sub("RANDOM", parts[1])
    return "/".join(parts)


def _host(place: _Place, name: str) -> str:
    host, _, port = name.rpartition(":")
    if host not in ("localhost", "127.0.0.1", "::1"):
        return name
    return "AUTHORITY" if port == place.authority.rpartition(":")[2] else "LOOPBACK"


def _text(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    return ""


def _state(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("state", [""])[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
