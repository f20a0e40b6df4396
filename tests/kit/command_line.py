"""The command line under test: called in this process, or run as one of its own.

`call` is the quick way: it returns exit code, standard output and standard error.
`Running` is for what only a process has: signals, pipes, closed streams. The
`Person` stands for browser and human being; the authority is a `RawServer` that
answers the token request as the test says.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote_plus, urlsplit

from entra_oauth.cli import main
from entra_oauth.cli.command_line.arguments import VERB_NAMES, verb_named
from entra_oauth.cli.command_line.declare import declared_by
from kit import canaries
from kit.servers import id_token_key, raw_peer
from kit.servers.raw_server import Peer, RawServer, answer

__all__ = [
    "AT_NOBODY",
    "CLIENT",
    "OPTIONS",
    "TENANT",
    "VERBS",
    "Person",
    "Ran",
    "Running",
    "Stdin",
    "as_program",
    "at",
    "authority",
    "call",
    "environment",
    "error_of",
    "free_port",
    "good",
    "id_token",
    "on_stdin",
    "token_answer",
]

TENANT, CLIENT = canaries.TENANT, canaries.CLIENT_ID
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
PATIENCE_S = 60.0

Fields = list[tuple[str, str]]

VERBS = {name: verb_named(name) for name in VERB_NAMES}
OPTIONS = {name: declared_by(verb.options).options for name, verb in VERBS.items()}
"""By the verb's name."""


# Below those that the system gives to whoever asks for any: one that it had just given
# would soon be another's, of this test or of one that runs beside it.
_PORTS = itertools.count(random.SystemRandom().randrange(10_000, 30_000))


def free_port() -> str:
    """A port that nobody listens on, as text."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return str(port)
    raise AssertionError  # count() has no end


def at(base_url: str) -> tuple[str, ...]:
    """The options that name the authority and the app."""
    return ("--authority-host", base_url, "--tenant", TENANT, "--client-id", CLIENT)


AT_NOBODY = at("http://localhost:9")
"""An authority that nothing is sent to."""


# ---- a command in this process ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        return self.out + self.err


def call(*arguments: str) -> Ran:
    """Run a command in this process; its streams are UTF-8 files."""
    raw = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(data, encoding="utf-8") for data in raw)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        code = main(list(arguments))
    finally:
        sys.stdout, sys.stderr = before
    return Ran(code, *(data.getvalue().decode() for data in raw))


class Stdin:
    """Standard input, down to its number, is a pipe inside the block; `feed` fills and ends it."""

    def __init__(self) -> None:
        self._feeder: threading.Thread | None = None

    def feed(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self._feeder = threading.Thread(target=_feed, args=(self._write_end, data), daemon=True)
        self._feeder.start()

    def __enter__(self) -> Self:
        read_end, self._write_end = os.pipe()
        self._kept, self._before = os.dup(0), sys.stdin
        os.dup2(read_end, 0)
        os.close(read_end)
        sys.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.stdin = self._before
        os.dup2(self._kept, 0)
        os.close(self._kept)
        if self._feeder is None:
            os.close(self._write_end)
        else:
            self._feeder.join(PATIENCE_S)


def _feed(fd: int, data: bytes) -> None:
    with suppress(BrokenPipeError):
        while data:
            data = data[os.write(fd, data) :]
    os.close(fd)


@contextmanager
def on_stdin(text: str | bytes) -> Iterator[None]:
    """Standard input is a pipe with this text."""
    with Stdin() as stdin:
        stdin.feed(text)
        yield


def error_of(ran: Ran) -> tuple[str, str]:
    """What happened and what to do next: the end of every failure, and said once."""
    assert "Traceback" not in ran.both, ran.err
    lines = ran.err.splitlines()
    assert ran.err.endswith("\n")
    assert [line for line in lines if line.startswith("Next: ")] == [lines[-1]], ran.err
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1, ran.err
    assert all(line.isprintable() for line in lines)
    return errors[0].removeprefix("error: "), lines[-1].removeprefix("Next: ")


# ---- the authority ------------------------------------------------------------------


def id_token(nonce: str, issuer: str, /, **changes: Any) -> str:
    """An ID token that passes, with changes; None leaves a claim out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "aud": CLIENT,
        "iss": issuer,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "nonce": nonce,
        "oid": "5bf4ae9b-d1e2-4d57-a3ab-2d3b3e4b7b5b",
        "preferred_username": "ada@example.test",
        "sub": "a-subject",
        "tid": TENANT,
        "ver": "2.0",
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return id_token_key.signed(claims)


def token_answer(**changes: Any) -> dict[str, Any]:
    """A good answer without an ID token, with changes; None leaves a member out."""
    members: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": f"{SCOPE.replace('.default', 'user_impersonation')} {SCOPE}",
        "expires_in": 3599,
        "access_token": canaries.ACCESS_TOKEN,
        "refresh_token": canaries.REFRESH_TOKEN,
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def good(base_url: str, person: Person) -> bytes:
    nonce = person.asked.get("nonce")
    token = id_token(nonce, f"{base_url}/{TENANT}/v2.0") if nonce else None
    return answer(json.dumps(token_answer(id_token=token)).encode())


Reply = Callable[[str, "Person"], bytes]
"""From the authority's own address and the person to the bytes of the token answer."""


@contextmanager
def authority(person: Person, reply: Reply = good) -> Iterator[RawServer]:
    """An authority that answers each token request with what `reply` makes for it.

    It publishes its key too; who asks for that is not counted among the requests.
    """

    def play(peer: Peer) -> None:
        while message := peer.request():
            if id_token_key.is_for_keys(message):
                server.requests.remove(message)
                peer.send(answer(json.dumps(id_token_key.jwks()).encode()))
            else:
                peer.send(reply(server.url, person))

    with RawServer(play) as server:
        yield server


# ---- the person ---------------------------------------------------------------------


def genuine(asked: dict[str, str]) -> Fields:
    """What the authority sends back when all went well."""
    return [("code", canaries.CODE), ("state", asked["state"]), ("session_state", "a-session")]


@dataclass
class Person:
    """Opens the authorize URL, and brings back an answer by the mode that was asked for.

    In the place of the sign-in page the answer is made here. `before` is called first,
    with this person, and may knock at the receiver itself.
    """

    answer: Callable[[dict[str, str]], Fields] = genuine
    before: Callable[[Person], object] | None = None
    opens: bool = True
    comes: bool = True
    """Whether it visits the redirect URI, or leaves that to the test."""
    asked: dict[str, str] = field(default_factory=dict)
    """The parameters of the authorize URL."""
    urls: list[str] = field(default_factory=list)
    page: str = ""
    """The words of the last page."""
    address: str = ""
    """The path and query on which the browser ended."""
    _thread: threading.Thread | None = None
    _failure: BaseException | None = None

    def launch(
        self,
        url: str,
        command: str | None = None,
        *,
        failed: Callable[[str, None], None] | None = None,
    ) -> bool:
        """Stands in for `system_browser.launch`."""
        self.see(url)
        if not self.opens and failed is not None:
            failed(command or "xdg-open", None)
        if self.opens and self.comes:
            self._thread = threading.Thread(target=self._try, daemon=True)
            self._thread.start()
        return self.opens

    def see(self, url: str) -> None:
        """Read an authorize URL."""
        self.urls.append(url)
        query = parse_qs(urlsplit(url).query, strict_parsing=True)
        assert all(len(values) == 1 for values in query.values())
        self.asked = {name: values[0] for name, values in query.items()}

    @property
    def port(self) -> int:
        """Of the redirect URI."""
        return urlsplit(self.asked["redirect_uri"]).port or 80

    @property
    def path(self) -> str:
        return urlsplit(self.asked["redirect_uri"]).path or "/"

    def visit(self, *, again: bool = False) -> None:
        """Sign in, and read the last page.

        `again` repeats what was refused: an address that was printed is known a moment
        before its answer is waited for, which no human being would notice.
        """
        if self.before is not None:
            self.before(self)
        reply = self.bring(self.answer(self.asked))
        until = time.monotonic() + PATIENCE_S
        while again and reply.status == 400 and time.monotonic() < until:
            reply = self.bring(self.answer(self.asked))
        self.address = self.path
        if reply.status == 303:
            self.address = reply.header("Location") or ""
            reply = raw_peer.get(self.port, self.address)
        self.page = words(reply.body)

    def bring(self, fields: Fields, *, host: str | None = None) -> raw_peer.Reply:
        """One message to the redirect URI, in the mode that was asked for."""
        form = "&".join(f"{name}={quote_plus(value)}" for name, value in fields)
        if self.asked["response_mode"] == "form_post":
            return raw_peer.post(self.port, self.path, form, host=host)
        return raw_peer.get(self.port, f"{self.path}?{form}", host=host)

    def final_address(self, **changes: str | None) -> str:
        """What the address bar shows at the end of a sign-in by query."""
        fields = dict(genuine(self.asked)) | changes
        pairs = (
            f"{name}={quote_plus(value)}" for name, value in fields.items() if value is not None
        )
        return f"{self.asked['redirect_uri']}/?{'&'.join(pairs)}"

    def join(self) -> None:
        """Until the last page is read. Raises what went wrong on the way."""
        assert self._thread is not None, "no browser was opened"
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure

    def _try(self) -> None:
        try:
            self.visit()
        except BaseException as error:
            self._failure = error


def words(page: bytes) -> str:
    """A page without its marks and its style."""
    text = re.sub(r"<style.*?</style>|<title.*?</title>", " ", page.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


# ---- a command in a process of its own ------------------------------------------------


_BROWSER = """\
import os, sys
with open({part!r}, "w", encoding="ascii") as file:
    file.write(sys.argv[1])
os.replace({part!r}, {whole!r})
"""


def as_program(*arguments: str) -> str:
    """Python that runs a command as its program does, down to the end of the process.

    `main` with arguments is for a process that goes on. One that ends while a thread is in
    the middle of an import would end in an abort.
    """
    return (
        "import sys\nfrom entra_oauth.cli import program\n"
        f"sys.argv = {['entra-oauth', *arguments]!r}\nprogram()\n"
    )


def environment(**changes: str | None) -> dict[str, str]:
    """This environment, with changes; None leaves a variable out."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


class Running:
    """`entra-oauth` as a process, in a session of its own; killed when left early.

    `browser` is a folder: then the command is given a browser that writes down its
    address there. Where it is `strict`, every warning is an error.
    """

    def __init__(
        self,
        *arguments: str,
        browser: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        strict: bool = True,
    ) -> None:
        self._address: Path | None = None
        if browser is not None:
            self._address = browser / "address"
            script = browser / "browser.py"
            part, whole = str(browser / "address.part"), str(self._address)
            script.write_text(_BROWSER.format(part=part, whole=whole), encoding="utf-8")
            arguments = (*arguments, "--browser", f"{sys.executable} -IS {script}")
        self._child = subprocess.Popen(
            [sys.executable, *(["-Werror"] if strict else []), "-m", "entra_oauth", *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment() if env is None else env,
            start_new_session=True,
        )
        self._said = bytearray()
        self._news = threading.Condition()
        self._reader: threading.Thread | None = None
        if self._child.stderr is not None:
            self._reader = threading.Thread(target=self._listen, daemon=True)
            self._reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def address(self) -> str:
        """What it told its browser to open."""
        assert self._address is not None
        until = time.monotonic() + PATIENCE_S
        while not self._address.exists():
            assert self._child.poll() is None, self.finish()
            assert time.monotonic() < until, "no browser was opened"
            time.sleep(0.005)
        return self._address.read_text(encoding="ascii")

    @property
    def said(self) -> str:
        """All that came on standard error so far."""
        with self._news:
            return self._said.decode("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        """Until it has said `text` on standard error."""
        with self._news:
            assert self._news.wait_for(lambda: text.encode() in self._said, PATIENCE_S), (
                f"never said {text!r}: {bytes(self._said)!r}"
            )

    def line(self) -> str:
        """The next line of its standard output."""
        assert self._child.stdout is not None
        return self._child.stdout.readline().decode()

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def finish(self) -> Ran:
        """Wait for its end."""
        out = self._child.stdout.read() if self._child.stdout is not None else b""
        self._child.wait(PATIENCE_S)
        if self._reader is not None:
            self._reader.join(PATIENCE_S)
        return Ran(
            self._child.returncode, *(each.decode("utf-8", "replace") for each in (out, self._said))
        )

    def _listen(self) -> None:
        assert self._child.stderr is not None
        while piece := os.read(self._child.stderr.fileno(), 65536):
            with self._news:
                self._said += piece
                self._news.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGCONT)
            self._child.kill()
        self._child.wait(PATIENCE_S)
        if self._reader is not None:
            self._reader.join(PATIENCE_S)
        for stream in (self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()
