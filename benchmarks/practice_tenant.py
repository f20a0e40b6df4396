"""The practice tenant's host beside npm's oauth2-mock-server and oidc-provider.

    ENTRA_OAUTH_NODE_MODULES=FOLDER/node_modules python benchmarks/practice_tenant.py [rounds]

They are started as processes on this machine, in turns, over plain http, and asked in the
same way by the same client:

    up       process start to the first answer (the OpenID configuration), milliseconds
    signed   process start to the end of the first code flow, milliseconds
    flows    authorization-code flows per second, one after another on a kept connection:
             authorize, redirect, token; PKCE S256 is checked, and two tokens are signed with RS256
    fresh    the same, with a new connection for every request
    four     as `flows`, by four clients at once

A person is signed in beforehand, so that all answer an authorize request with a redirect. The
practice tenant's key is kept from an earlier run, as it is for everybody after the first time; the
other two make one at each start. oauth2-mock-server checks no redirect URI and no scope.

Medians of each, and for each of the others the median of the ratios within a round. The processor
seconds of the server itself are not told: on a busy machine only the ratios mean anything.

One RSA-2048 signature takes 0.23 ms (2 cores, AMD EPYC, Python 3.11, cryptography 50), which
OpenSSL's own `speed` makes no faster, and a flow has two. cryptography holds the interpreter's lock
while it signs, so threads would gain nothing, and no second process is started that would sign.
Goals: up in half the time of each of the others, and at least as many flows. The client here does
next to nothing of its own: what it needs is made, or written down, before the clock runs.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

from entra_oauth.practice import PracticeBrowser, http_send
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

COLUMNS = ("up", "signed", "flows", "fresh", "four")
SECONDS = 3.0
WARM_UP = 100
REDIRECT = "http://localhost"
REDIRECT_ENCODED = quote(REDIRECT, safe="")
PORTS = itertools.cycle(range(1024, 65536))
"""Of the redirect URI, which native apps choose anew: the same request again is a loop to Entra."""


class Connection:
    """One kept connection, and as little work on our side as can be."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"Host: localhost:{port}\r\n"

    def get(self, target: str, headers: str = "") -> bytes:
        return self._exchange(f"GET {target} HTTP/1.1\r\n{self._host}{headers}\r\n")

    def post(self, target: str, form: str) -> bytes:
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        length = f"Content-Length: {len(form)}\r\n"
        return self._exchange(f"POST {target} HTTP/1.1\r\n{self._host}{kind}{length}\r\n{form}")

    def _exchange(self, request: str) -> bytes:
        self._socket.sendall(request.encode("ascii"))
        answer = bytearray()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = bytes(answer[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        while len(answer) < end + 4 + length:
            answer += self._more()
        return bytes(answer)

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more

    def close(self) -> None:
        self._socket.close()


class Fresh:
    """A new connection for every request, as most clients have it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, target: str, headers: str = "") -> bytes:
        with closing(Connection(self._port)) as connection:
            return connection.get(target, headers)

    def post(self, target: str, form: str) -> bytes:
        with closing(Connection(self._port)) as connection:
            return connection.post(target, form)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Contestant:
    """A server: how it is started, and where its endpoints are."""

    name: str
    command: Callable[[int], list[str]]
    configuration: str
    authorize: str
    token: str
    sign_in: Callable[[int], str]
    """A thing that must be done once; the result are headers for the authorize request."""


def _pkce() -> tuple[str, str]:
    """A verifier and its challenge (RFC 7636 §4)."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, urlsafe_b64encode(digest).rstrip(b"=").decode()


PKCE = itertools.cycle([_pkce() for _ in range(1_000)])
"""Made beforehand: it is not the client that is measured."""
SCOPE = quote(f"openid profile {DATABRICKS}/.default")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    contestants = [_practice_tenant(), _mock_server(), _oidc_provider()]
    for contestant in contestants:
        _measure(contestant, seconds=0.2)  # fills the caches of the disk, and makes the key
    results: dict[str, list[dict[str, float]]] = {c.name: [] for c in contestants}
    for _ in range(rounds):
        for contestant in contestants:
            results[contestant.name].append(_measure(contestant, seconds=SECONDS))
    _print(results)


def _practice_tenant() -> Contestant:
    installed = Path(sys.executable).with_name("entra-oauth")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "entra_oauth"]

    def command(port: int) -> list[str]:
        return [*program, "practice", "serve", "--port", str(port)]

    at = f"/{ARTICLE_TENANT_ID}"
    return Contestant(
        name="practice tenant",
        command=command,
        configuration=f"{at}/v2.0/.well-known/openid-configuration",
        authorize=f"{at}/oauth2/v2.0/authorize",
        token=f"{at}/oauth2/v2.0/token",
        sign_in=_sign_in_once,
    )


def _mock_server() -> Contestant:
    modules = os.environ.get("ENTRA_OAUTH_NODE_MODULES", "")
    program = Path(modules) / "oauth2-mock-server" / "dist" / "oauth2-mock-server.mjs"
    if not program.is_file():
        raise SystemExit(
            "needs the package oauth2-mock-server: npm install --prefix FOLDER oauth2-mock-server, "
            "ENTRA_OAUTH_NODE_MODULES=FOLDER/node_modules"
        )

    def command(port: int) -> list[str]:
        return ["node", str(program), "-a", "127.0.0.1", "-p", str(port)]

    return Contestant(
        name="oauth2-mock-server",
        command=command,
        configuration="/.well-known/openid-configuration",
        authorize="/authorize",
        token="/token",
        sign_in=lambda port: "",
    )


def _oidc_provider() -> Contestant:
    modules = os.environ.get("ENTRA_OAUTH_NODE_MODULES", "")
    program = Path(__file__).parent / "contestants" / "oidc_provider.mjs"
    if not (Path(modules) / "oidc-provider").is_dir():
        raise SystemExit("needs the package oidc-provider, in the same FOLDER")

    def command(port: int) -> list[str]:
        scope = f"{DATABRICKS}/.default"
        return ["node", str(program), modules, str(port), ARTICLE_CLIENT_ID, scope]

    return Contestant(
        name="oidc-provider",
        command=command,
        configuration="/.well-known/openid-configuration",
        authorize="/auth",
        token="/token",
        sign_in=_pass_through_once,
    )


def _pass_through_once(port: int) -> str:
    """Its pages, which ask nothing, up to the redirect; the cookies of the session."""
    cookies: dict[str, str] = {}
    url = f"http://localhost:{port}/auth?{_query('x' * 43, REDIRECT_ENCODED)}"
    while not url.startswith(f"{REDIRECT}?") and not url.startswith(f"{REDIRECT}/?"):
        url = urljoin(f"http://localhost:{port}/", url)
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        request = HttpRequest(method="GET", url=url, headers=(("Cookie", sent),))
        response = http_send(request)
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                key, _, text = value.partition(";")[0].partition("=")
                cookies[key] = text
        found = response.header("Location")
        if found is None:
            raise SystemExit(f"oidc-provider answered:\n{response.body.decode()}")
        url = found
    kept = {name: value for name, value in cookies.items() if name.startswith("_session")}
    return "Cookie: " + "; ".join(f"{n}={v}" for n, v in kept.items()) + "\r\n"


def _sign_in_once(port: int) -> str:
    """Alice signs in and consents; her session's cookie."""
    cookies: list[str] = []

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith(f"{REDIRECT}/?"):
            return HttpResponse(status=200)
        response = http_send(request)
        cookies.extend(v.partition(";")[0] for n, v in response.headers if n == "Set-Cookie")
        return response

    base = f"http://localhost:{port}/{ARTICLE_TENANT_ID}/oauth2/v2.0/authorize"
    browser = PracticeBrowser(send, "alice@contoso-practice.example", "practice")
    browser.open(f"{base}?{_query('x' * 43, REDIRECT_ENCODED)}")
    return f"Cookie: {cookies[-1]}\r\n"


def _query(challenge: str, redirect: str) -> str:
    return (
        f"client_id={ARTICLE_CLIENT_ID}&response_type=code&redirect_uri={redirect}"
        f"&scope={SCOPE}&state=12345&nonce=67890"
        f"&code_challenge={challenge}&code_challenge_method=S256"
    )


def _flow(contestant: Contestant, connection: Connection | Fresh, headers: str) -> None:
    verifier, challenge = next(PKCE)
    redirect = f"{REDIRECT_ENCODED}%3A{next(PORTS)}"
    answer = connection.get(f"{contestant.authorize}?{_query(challenge, redirect)}", headers)
    location = answer.partition(b"ocation: ")[2].partition(b"\r\n")[0]
    code = location.partition(b"code=")[2].partition(b"&")[0].decode("ascii")
    answer = connection.post(
        contestant.token,
        f"grant_type=authorization_code&client_id={ARTICLE_CLIENT_ID}&code={code}"
        f"&redirect_uri={redirect}&code_verifier={verifier}",
    )
    if b" 200 " not in answer[:16] or answer.count(b'"eyJ') != 2:
        raise SystemExit(f"{contestant.name} answered:\n{answer.decode()}")


@contextmanager
def _running(contestant: Contestant) -> Iterator[tuple[int, float, float]]:
    """Its port, when it was started, and when it first answered."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        contestant.command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        answered = _wait(contestant, process, port)
        yield port, started, answered
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(contestant: Contestant, process: subprocess.Popen[bytes], port: int) -> float:
    while process.poll() is None:
        with suppress(OSError):
            connection = Connection(port)
            answer = connection.get(contestant.configuration)
            answered = time.perf_counter()
            connection.close()
            if b" 200 " not in answer[:16]:
                raise SystemExit(f"{contestant.name} answered:\n{answer.decode()}")
            return answered
        time.sleep(0.001)
    raise SystemExit(f"{contestant.name} did not start")


def _measure(contestant: Contestant, *, seconds: float) -> dict[str, float]:
    with _running(contestant) as (port, started, answered):
        headers = contestant.sign_in(port)
        connection = Connection(port)
        _flow(contestant, connection, headers)
        signed = time.perf_counter()
        for _ in range(WARM_UP):
            _flow(contestant, connection, headers)
        connection.close()
        return {
            "up": (answered - started) * 1000,
            "signed": (signed - started) * 1000,
            "flows": _flows_per_second(contestant, port, headers, seconds),
            "fresh": _flows_per_second(contestant, port, headers, seconds, kind=Fresh),
            "four": _flows_per_second(contestant, port, headers, seconds, clients=4),
        }


def _flows_per_second(
    contestant: Contestant,
    port: int,
    headers: str,
    seconds: float,
    *,
    clients: int = 1,
    kind: Callable[[int], Connection | Fresh] = Connection,
) -> float:
    until = time.perf_counter() + seconds
    counts = [0] * clients

    def work(number: int) -> None:
        connection = kind(port)
        while time.perf_counter() < until:
            _flow(contestant, connection, headers)
            counts[number] += 1
        connection.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _print(results: dict[str, list[dict[str, float]]]) -> None:
    print(f"{'':<24}" + "".join(f"{column:>10}" for column in COLUMNS))
    for name, rows in results.items():
        medians = (statistics.median(row[column] for row in rows) for column in COLUMNS)
        print(f"{name:<24}" + "".join(f"{median:>10.1f}" for median in medians))
    ours, *others = results.values()
    for name, rows in zip([*results][1:], others, strict=True):
        ratios = (
            statistics.median(a[c] / b[c] for a, b in zip(ours, rows, strict=True)) for c in COLUMNS
        )
        print(f"{'to ' + name:<24}" + "".join(f"{ratio:>10.3f}" for ratio in ratios))
    print(f"{'goal, to each':<24}{'<= 0.500':>10}{'':>10}{'>= 1':>10}")


if __name__ == "__main__":
    main()
