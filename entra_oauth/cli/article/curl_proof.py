"""mirror --prove: this tool and the real curl send the same request; compare every byte.

Both talk to a socket on this machine, one after the other, over HTTP/1.1. Only
here does this tool call itself curl: the point is that nothing else differs.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import subprocess
import threading
from contextlib import suppress
from urllib.parse import quote_plus

from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.child_program import answer_of
from entra_oauth.cli.sign_in.choose_receiver import pasted_uri
from entra_oauth.cli.sign_in.plan import EXAMPLE_CLIENT, EXAMPLE_TENANT, plan_of
from entra_oauth.errors import LocalError, plain
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from entra_oauth.cli.session.console import Console
    from entra_oauth.cli.verbs.article_verbs import MirrorOptions

__all__ = ["compare", "prove"]

EXAMPLE_CODE = "0.ASkAIj...RxgFhSAA"
EXAMPLE_STATE = "12345"
NOT_EQUAL = 9
TIMEOUT_S = 10.0


def prove(options: MirrorOptions, console: Console) -> int:
    """Compare, print the two hashes, and exit 0 only if every byte is the same."""
    app = replace(
        options.app,
        tenant=options.app.tenant or EXAMPLE_TENANT,
        client_id=options.app.client_id or EXAMPLE_CLIENT,
    )
    state = options.article.state or EXAMPLE_STATE
    curl, version = _find_curl()
    with _OneSocket() as sink:
        plan = plan_of(
            app, Procedure.ARTICLE, page=options.page, network=options.network, state=state
        )
        here = Authority(f"http://127.0.0.1:{sink.port}", plan.authority.tenant)
        plan = replace(plan, authority=here)
        request = plan.request(redirect_uri=pasted_uri(options.page), response_mode="query")
        callback = HttpRequest(
            method="GET", url=f"http://localhost/?code={EXAMPLE_CODE}&state={quote_plus(state)}"
        )
        token_request = TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request))
        ours = _send_ours(token_request, version, sink)
        theirs = _send_curls(token_request, curl, sink)
    return compare(ours, theirs, version, console)


def compare(ours: bytes, theirs: bytes, version: str, console: Console) -> int:
    """Say what is equal. Returns the exit code."""
    equal = ours == theirs
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/prove/1",
                "verdict": "BYTE-EQUAL" if equal else "DIFFERENT",
                "entra_oauth": {"bytes": len(ours), "sha256": _sha256(ours)},
                "curl": {"version": version, "bytes": len(theirs), "sha256": _sha256(theirs)},
            }
        )
    else:
        console.say("The same token request, sent twice to a socket on this machine:\n")
        for line in theirs.decode("latin-1").split("\r\n"):
            console.say(f"  {plain(line)}")
        console.say()
        console.result(f"entra-oauth  {len(ours):>5} bytes  sha256 {_sha256(ours)}")
        console.result(f"{version:<11}  {len(theirs):>5} bytes  sha256 {_sha256(theirs)}")
        console.result(
            "BYTE-EQUAL" if equal else f"DIFFERENT from byte {_first_difference(ours, theirs)}"
        )
        if not equal:
            console.ask("Next: please report this with your curl version; it should not happen.")
    return 0 if equal else NOT_EQUAL


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _first_difference(a: bytes, b: bytes) -> int:
    pairs = enumerate(zip(a, b, strict=False))
    return next((i for i, (x, y) in pairs if x != y), min(len(a), len(b)))


def _find_curl() -> tuple[str, str]:
    """The path of curl, and `curl/<version>` as it calls itself."""
    path = shutil.which("curl")
    if path is None:
        raise LocalError(
            "There is no curl on this machine to compare with.",
            advice="Install curl (Debian: apt install curl), then run this again.",
        )
    match = re.match(r"curl ([\w.+-]{1,40})(?:\s|$)", _run([path, "--version"]))
    if match is None:
        raise LocalError(
            "The curl on this machine does not tell its version.",
            advice=f"Check {plain(path)} --version.",
        )
    return path, f"curl/{match.group(1)}"


def _run(command: list[str]) -> str:
    """The standard output of a program. Raises `LocalError` if it fails."""
    try:
        done = answer_of(command, timeout_s=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _no_use(command[0], type(error).__name__) from None
    if done.returncode != 0:
        raise _no_use(command[0], f"exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _no_use(program: str, why: str) -> LocalError:
    return LocalError(
        f"The curl on this machine cannot be used: {why}.",
        advice=f"Check {plain(program)}, then run this again.",
    )


def _send_ours(request: TokenRequest, user_agent: str, sink: _OneSocket) -> bytes:
    # A key log is no matter here: nothing is encrypted on the way to this machine.
    with RequestsBack(allow_keylog=True) as back:
        back.send(request.to_http(user_agent=user_agent), timeout_s=TIMEOUT_S)
    return sink.take()


def _send_curls(request: TokenRequest, curl: str, sink: _OneSocket) -> bytes:
    # -q: no .curlrc; --noproxy: straight to the socket, whatever the environment says.
    command = [curl, "-q", "-s", "--noproxy", "*", "--max-time", str(int(TIMEOUT_S))]
    command += ["-X", "POST", "-H", "Content-Type: application/x-www-form-urlencoded"]
    command.append(request.authority.token_endpoint)
    for name, raw in request.raw_fields:
        command += ["-d", f"{name}={raw}"]
    _run(command)
    return sink.take()


_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _OneSocket:
    """Takes one request at a time and keeps its bytes as they came."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(TIMEOUT_S)
        self.port: int = self._socket.getsockname()[1]
        self._got: list[bytes] = []
        self._has_one = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing would not end a wait in `accept`; one more peer does.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S).close()
        self._thread.join(TIMEOUT_S)
        self._socket.close()

    def take(self) -> bytes:
        """The bytes of the last request."""
        if not self._has_one.wait(TIMEOUT_S) or not self._got:
            raise LocalError(
                "The request did not arrive at a socket on this machine.",
                advice="A firewall may be in between; try again.",
            )
        self._has_one.clear()
        return self._got.pop()

    def _serve(self) -> None:
        for _ in range(2):
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(TIMEOUT_S)
                self._got.append(_read_request(connection))
                connection.sendall(_ANSWER)
            self._has_one.set()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while not _is_whole(data):
        chunk = connection.recv(65536)
        if not chunk:
            break
        data += chunk
    return data


def _is_whole(data: bytes) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(blank) and len(body) >= int(length.group(1) if length else 0)
