"""What every benchmark stands on: the authority, the person, the network, the stopwatch.

The authority is the practice tenant over TLS, in a process of its own. A relay can stand
before it that adds a round trip's time. Every contestant is a process, with Python's
compiled files in a folder of their own and already written, as they are for everybody
after the first run.
"""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["CLIENT", "SCOPE", "TENANT", "USER", "Ended", "Stage", "facts", "relay", "stage"]

TENANT, CLIENT = ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID
SCOPE = f"{DATABRICKS}/.default"
USER, PASSWORD = "alice@contoso-practice.example", "practice"
HERE = Path(__file__).parent
CONTESTANTS = HERE / "contestants"


class Counting(PracticeTenant):
    """The practice tenant, noting when token requests arrive."""

    token_at = 0.0
    token_requests = 0
    requests = 0

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.requests += 1
        if request.path.endswith("/token"):
            self.token_at = time.perf_counter()
            self.token_requests += 1
        return super().handle(request)


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    seconds: float
    out: str


@dataclass
class Stage:
    """One authority, and a home folder for those who sign in there."""

    tenant: Counting
    base_url: str
    """What clients are given; with a relay it is the relay's."""
    direct_url: str
    """The authority itself; the person goes there, whose time is not measured."""
    ca_file: str
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "XDG_"))}
        kept.pop("BROWSER", None)
        return (
            kept
            | {
                "HOME": str(self.home),
                "PYTHONPYCACHEPREFIX": str(self.home / "pyc"),
                "REQUESTS_CA_BUNDLE": self.ca_file,
                "NO_PROXY": "localhost,127.0.0.1",
            }
            | more
        )

    def ours(self, verb: str, *more: str) -> list[str]:
        """Our program, started as pip's and uv's scripts do it today."""
        script = self.home / "entra-oauth"
        if not script.exists():
            script.write_text(
                "import sys\nfrom entra_oauth.cli import program\nsys.exit(program())\n",
                encoding="utf-8",
            )
        return [sys.executable, str(script), verb, *more]

    def app(self) -> list[str]:
        return ["--authority-host", self.base_url, "--tenant", TENANT, "--client-id", CLIENT]

    def contestant(self, name: str, *more: str) -> list[str]:
        script = str(CONTESTANTS / f"{name}.py")
        return [sys.executable, script, self.base_url, TENANT, CLIENT, SCOPE, self.ca_file, *more]

    def run(self, command: list[str], *, check: bool = True) -> Ended:
        """Run it to its end; raises `SystemExit` if it fails."""
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        process.wait()
        seconds = time.perf_counter() - began
        process.stdout.close()
        process.stderr.close()
        if check and process.returncode:
            raise SystemExit(f"{' '.join(command[:3])} failed:\n{err}")
        return Ended(seconds, out)

    def peak_mb(self, command: list[str], *, person_s: float | None = None) -> float:
        """The peak memory of one more run, with a sign-in if `person_s` is given."""
        note = self.home / "peak"
        small = [sys.executable, "-IS", str(HERE / "peak.py"), str(note), *command]
        if person_s is None:
            self.run(small)
        else:
            self.sign_in(small, person_s)
        return int(note.read_text(encoding="ascii")) / 1024

    def sign_in(self, command: list[str], person_s: float) -> dict[str, float]:
        """Run a sign-in; the figures of `login`, in milliseconds and MB."""
        pipe, opener = self.home / "url", self.home / "open-url"
        if not pipe.exists():
            os.mkfifo(pipe)
            opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{pipe}"\n', encoding="utf-8")
            opener.chmod(0o700)
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=self.environment(BROWSER=str(opener)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        url = pipe.read_text(encoding="utf-8")
        opened = time.perf_counter()
        time.sleep(person_s)
        redirected = self._visit(url)
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        process.wait()
        gone = time.perf_counter()
        process.stdout.close()
        process.stderr.close()
        if process.returncode or out.count(".") < 2:
            raise SystemExit(f"{' '.join(command[:3])} failed:\n{err}{out[:200]}")
        open_ms, finish_ms = (opened - began) * 1000, (gone - redirected) * 1000
        return {
            "open": open_ms,
            "redeem": (self.tenant.token_at - redirected) * 1000,
            "finish": finish_ms,
            "added": open_ms + finish_ms,
        }

    def _visit(self, url: str) -> float:
        """Sign in; return when the redirect was sent to the listener."""
        at: list[float] = []

        def send(request: HttpRequest) -> HttpResponse:
            if request.url.startswith("http://") and not at:
                at.append(time.perf_counter())
            return http_send(request, ca_file=self.ca_file)

        PracticeBrowser(send, USER, PASSWORD).open(url)
        return at[0]


@contextmanager
def stage(folder: Path, *, round_trip_s: float = 0.0) -> Iterator[Stage]:
    """An authority, perhaps behind a relay."""
    tenant = Counting()
    home = folder / f"home-{int(round_trip_s * 1000)}"
    home.mkdir()
    with serve(tenant, tls=True) as hosted, relay(hosted.port, round_trip_s) as port:
        base_url = f"https://localhost:{port}"
        yield Stage(tenant, base_url, hosted.base_url, hosted.ca_file, home)


@contextmanager
def relay(to_port: int, round_trip_s: float) -> Iterator[int]:
    """A port of this machine behind which another one is `round_trip_s` away.

    The first bytes of a connection wait twice, for the handshake that a real network
    would have needed. Without a round trip there is no relay.
    """
    if round_trip_s == 0:
        yield to_port
        return
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", to_port))
                for sock in (near, far):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                half = round_trip_s / 2
                _pump(near, far, half, first_s=round_trip_s)
                _pump(far, near, half, first_s=0.0)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _pump(source: socket.socket, target: socket.socket, delay_s: float, *, first_s: float) -> None:
    waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        extra = first_s
        data = b"."
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            waiting.put((time.monotonic() + delay_s + extra, data))
            extra = 0.0

    def give() -> None:
        with suppress(OSError):
            while True:
                due, data = waiting.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)

    for work in (take, give):
        threading.Thread(target=work, daemon=True).start()


def facts() -> dict[str, str]:
    """What the table says about the machine."""
    import platform

    model = ""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")
    return {
        "cores": str(os.cpu_count()),
        "cpu": model,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": " ".join(f"{x:.1f}" for x in os.getloadavg()),
    }
