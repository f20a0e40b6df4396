"""What every benchmark stands on: the authority, the person, the network, the stopwatch.

The authority is the practice tenant over TLS, in the process that measures. Where it may (root
on Linux), that has a network and mounts of its own: there the authority has Entra's host name
and port 443, and its certificate is in a full set of CA certificates, which REQUESTS_CA_BUNDLE
names or which is the system's own. Elsewhere it is on localhost. A relay can stand before it
that adds a round trip's time. Every contestant is a process, with a fresh home, and with
Python's compiled files in a folder of their own and already written, as they are for everybody
after the first run.
"""

from __future__ import annotations

import os
import queue
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = [
    *("CLIENT", "SCOPE", "TENANT", "USER", "Ended", "Stage"),
    *("enter_own_network", "facts", "is_in_own_network", "relay", "stage"),
]

TENANT, CLIENT = ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID
SCOPE = f"{DATABRICKS}/.default"
USER, PASSWORD = "alice@contoso-practice.example", "practice"
HERE = Path(__file__).parent
CONTESTANTS = HERE / "contestants"
HOST = "login.microsoftonline.com"
_SYSTEM_BUNDLE = ssl.get_default_verify_paths().cafile or ""
_BUNDLE = "ENTRA_OAUTH_BENCHMARK_BUNDLE"
"""The variable that names the set of certificates which stands in the system's place."""


def enter_own_network() -> None:
    """Begin anew in a network and mounts of its own, where this process may; else return."""
    if is_in_own_network() or sys.platform != "linux" or os.geteuid() != 0:
        return
    if shutil.which("unshare") is None or shutil.which("ip") is None or not _SYSTEM_BUNDLE:
        return
    folder = Path(tempfile.mkdtemp())
    hosts, bundle = folder / "hosts", folder / "ca-certificates.crt"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n", encoding="utf-8")
    shutil.copy(_SYSTEM_BUNDLE, bundle)
    steps = (
        f"ip link set lo up && mount --bind {hosts} /etc/hosts "
        f'&& mount --bind {bundle} {os.path.realpath(_SYSTEM_BUNDLE)} && exec "$@"'
    )
    inside = ["unshare", "--net", "--mount", "--", "sh", "-c", steps, "sh", sys.executable]
    environ = os.environ | {_BUNDLE: str(bundle)}
    code = subprocess.run([*inside, *sys.argv], env=environ, check=False).returncode
    shutil.rmtree(folder)
    sys.exit(code)


def is_in_own_network() -> bool:
    """Tell if Entra's host name leads to this process."""
    return bool(os.environ.get(_BUNDLE))


class Counting(PracticeTenant):
    """The practice tenant, noting when token requests arrive and are answered."""

    token_at = 0.0
    answered_at = 0.0
    token_requests = 0
    requests = 0

    def handle(self, request: HttpRequest) -> HttpResponse:
        self.requests += 1
        if request.path.endswith("/token"):
            self.token_at = time.perf_counter()
            self.token_requests += 1
        response = super().handle(request)
        if request.path.endswith("/token"):
            self.answered_at = time.perf_counter()
        return response


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
    """What clients are given; with a relay it leads there."""
    direct_url: str
    """The authority itself; the person goes there, whose time is not measured."""
    ca_file: str
    """A full set of CA certificates, and the authority's among them."""
    home: Path
    """Of who is signed in already; compiled files and scripts are there too."""
    homes: int = 0

    def fresh_home(self) -> Path:
        """An empty home folder, for one run."""
        self.homes += 1
        home = self.home / "fresh" / str(self.homes)
        home.mkdir(parents=True)
        return home

    def environment(self, home: Path | None = None, *, by_system: bool = False) -> dict[str, str]:
        """The variables of a contestant; `by_system` names no set of certificates."""
        kept = {n: os.environ[n] for n in ("PATH", "LANG") if n in os.environ}
        kept |= {"HOME": str(home or self.home), "PYTHONPYCACHEPREFIX": str(self.home / "pyc")}
        return kept if by_system else kept | {"REQUESTS_CA_BUNDLE": self.ca_file}

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
        app = ["--tenant", TENANT, "--client-id", CLIENT]
        return app if is_in_own_network() else ["--authority-host", self.base_url, *app]

    def contestant(self, name: str, *more: str) -> list[str]:
        script = str(CONTESTANTS / f"{name}.py")
        return [sys.executable, script, self.base_url, TENANT, CLIENT, SCOPE, self.ca_file, *more]

    def run(self, command: list[str], *, by_system: bool = False) -> Ended:
        """Run it to its end; raises `SystemExit` if it fails."""
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=self.environment(by_system=by_system),
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
        if process.returncode:
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

    def sign_in(
        self,
        command: list[str],
        person_s: float,
        *,
        home: Path | None = None,
        by_system: bool = False,
    ) -> dict[str, float]:
        """Run a sign-in in a fresh home, unless one is given; the figures of `login`, in ms.

        `{home}` in the command stands for the home's path.
        """
        home = home or self.fresh_home()
        command = [word.replace("{home}", str(home)) for word in command]
        pipe, opener = self.home / "url", self.home / "open-url"
        if not pipe.exists():
            os.mkfifo(pipe)
            opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{pipe}"\n', encoding="utf-8")
            opener.chmod(0o700)
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=self.environment(home, by_system=by_system) | {"BROWSER": str(opener)},
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
            "end": (gone - self.tenant.answered_at) * 1000,
            "added": open_ms + finish_ms,
        }

    def _visit(self, url: str) -> float:
        """Sign in; return when the redirect was sent to the listener."""
        at: list[float] = []

        def send(request: HttpRequest) -> HttpResponse:
            if request.url.startswith("http://") and not at:
                at.append(time.perf_counter())
            url = request.url.replace(f"{self.base_url}/", f"{self.direct_url}/")
            return http_send(replace(request, url=url), ca_file=self.ca_file)

        PracticeBrowser(send, USER, PASSWORD).open(url)
        return at[0]


@contextmanager
def stage(folder: Path, *, round_trip_s: float = 0.0) -> Iterator[Stage]:
    """An authority, perhaps behind a relay."""
    tenant = Counting()
    home = folder / f"home-{int(round_trip_s * 1000)}"
    home.mkdir()
    inside = is_in_own_network()
    own_port = 443 if inside and not round_trip_s else 0
    relay_port = 443 if inside else 0
    with (
        serve(tenant, tls=True, port=own_port) as hosted,
        relay(hosted.port, round_trip_s, at=relay_port) as port,
    ):
        bundle = Path(os.environ.get(_BUNDLE) or home / "ca-certificates.crt")
        known = Path(_SYSTEM_BUNDLE).read_bytes() if _SYSTEM_BUNDLE and not inside else b""
        if inside:  # written into: the system's own name leads to this very file
            known = bundle.read_bytes().partition(b"# practice\n")[0]
        bundle.write_bytes(known + b"# practice\n" + Path(hosted.ca_file).read_bytes())
        base_url = f"https://{HOST}" if inside else f"https://localhost:{port}"
        yield Stage(tenant, base_url, hosted.base_url, str(bundle), home)


@contextmanager
def relay(to_port: int, round_trip_s: float, *, at: int = 0) -> Iterator[int]:
    """A port of this machine behind which another one is `round_trip_s` away.

    The first bytes of a connection wait twice, for the handshake that a real network
    would have needed. Without a round trip there is no relay.
    """
    if round_trip_s == 0:
        yield to_port
        return
    listener = socket.create_server(("127.0.0.1", at))

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
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # its thread waits there, and holds the port
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


def _ms_to_make_a_file() -> float:
    """The time that an empty file takes to be made where the homes are, in ms.

    A sign-in in a fresh home makes a dozen files and folders. ext4 looks past all that were
    removed in the last five minutes: where tests have just run, each may take a millisecond.
    """
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(15):
            began = time.perf_counter()
            Path(folder, str(number)).touch()
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


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
        "file": f"{_ms_to_make_a_file():.2f} ms",
    }
