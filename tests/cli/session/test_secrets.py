"""No secret leaves a sign-in: not on the terminal, not in a file, not in another process.

The authority repeats all that it was sent, so that whatever is quoted anywhere shows.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote_plus, unquote_plus

import pytest

from kit import canaries, needs
from kit.command_line import Person, Ran, Running, at, call, environment, free_port, good, on_stdin
from kit.servers import id_token_key
from kit.servers.raw_server import Peer, RawServer, answer

pytestmark = needs.posix

BROWSER = """\
import json, os, sys
with open({part!r}, "w") as file:
    json.dump([sys.argv, dict(os.environ)], file)
os.replace({part!r}, {whole!r})
"""

Reply = Callable[[str, Person, bytes], bytes]
"""From the authority's address, the person and the token request to the answer."""


def _echo(request: bytes) -> str:
    """All that was sent, in every spelling in which somebody might repeat it."""
    body = request.partition(b"\r\n\r\n")[2].decode()
    return f"{body} {unquote_plus(body)} {request.decode('latin-1')}"


def _refusal(url: str, person: Person, request: bytes) -> bytes:
    said = {
        "error": "invalid_grant",
        "error_description": f"AADSTS70008: {_echo(request)}",
        "suberror": _echo(request),
        "error_uri": f"https://x/?{_echo(request)}",
        "trace_id": _echo(request),
    }
    return answer(json.dumps(said).encode(), status="400 Bad Request")


def _page(url: str, person: Person, request: bytes) -> bytes:
    body = f"<h1>{_echo(request)}</h1>".encode()
    head = f"HTTP/1.1 200 {_first_field(request)}\r\nContent-Type: text/html\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _redirect(url: str, person: Person, request: bytes) -> bytes:
    return answer(b"{}", status="302 Found", more=f"Location: {url}/?{_first_field(request)}\r\n")


def _first_field(request: bytes) -> str:
    return request.partition(b"\r\n\r\n")[2].decode()


def _no_token(url: str, person: Person, request: bytes) -> bytes:
    return answer(json.dumps({"said": _echo(request), "token_type": _echo(request)}).encode())


def _cut(url: str, person: Person, request: bytes) -> bytes:
    return good(url, person)[:-20]


def _wrong_nonce(url: str, person: Person, request: bytes) -> bytes:
    token = id_token_key.signed({"nonce": _echo(request), "iss": url})
    members = {
        "token_type": "Bearer",
        "access_token": canaries.ACCESS_TOKEN,
        "refresh_token": canaries.REFRESH_TOKEN,
        "id_token": token,
        "expires_in": 3600,
    }
    return answer(json.dumps(members).encode())


REPLIES: dict[str, tuple[Reply, int]] = {
    "success": (lambda url, person, request: good(url, person), 0),
    "a refusal": (_refusal, 3),
    "a page": (_page, 6),
    "a redirect": (_redirect, 6),
    "no token": (_no_token, 6),
    "an answer that breaks off": (_cut, 6),
    "a wrong nonce": (_wrong_nonce, 5),
}


class Scene:
    """A sign-in with everything around it that could keep a secret."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.person = Person()
        self.whole = folder / "browser.json"
        script = folder / "browser.py"
        script.write_text(BROWSER.format(part=f"{self.whole}.part", whole=str(self.whole)))
        self.browser = ("--browser", f"{sys.executable} -IS {script}")
        temporary = folder / "temporary"
        temporary.mkdir()
        self.environment = environment(
            TMPDIR=str(temporary), ENTRA_OAUTH_CACHE="none", ENTRA_OAUTH_DEBUG=None
        )

    def opened(self) -> list[object]:
        """Arguments and environment of the browser, once it runs."""
        until = time.monotonic() + 20
        while not self.whole.exists():
            assert time.monotonic() < until, "no browser was opened"
            time.sleep(0.005)
        seen: list[object] = json.loads(self.whole.read_text())
        return seen

    def files(self) -> dict[str, bytes]:
        """What was left in the home and among the temporary files."""
        roots = [Path(os.environ["HOME"]), self.folder / "temporary"]
        found = [path for root in roots for path in root.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in found}


def secrets_in(requests: list[bytes]) -> list[str]:
    """The secrets of a token request: the code and the verifier."""
    body = next(r for r in requests if r.startswith(b"POST ")).partition(b"\r\n\r\n")[2].decode()
    found = re.findall(r"(?:^|&)(?:code|code_verifier)=([^&]+)", body)
    return [unquote_plus(each) for each in found]


def assert_nothing_is_left(scene: Scene, ran: Ran, secrets: list[str], *shown: object) -> None:
    url = scene.person.urls[0]
    # The authorize URL has the state, the nonce and the challenge in it: it is for that.
    spoken = [ran.out, ran.err.replace(url, "")]
    in_url = [scene.person.asked[name] for name in ("state", "nonce") if name in scene.person.asked]
    all_of_them = [*secrets, *in_url, canaries.ACCESS_TOKEN, canaries.REFRESH_TOKEN]
    assert all(len(secret) > 20 for secret in all_of_them)
    assert canaries.found_in([spoken, scene.files(), *shown], all_of_them) == []


@contextmanager
def authority(scene: Scene, reply: Reply | None) -> Iterator[RawServer]:
    """Answers one token request on each connection; not at all without a `reply`."""

    def play(peer: Peer) -> None:
        while (message := peer.request()) and id_token_key.is_for_keys(message):
            peer.send(answer(json.dumps(id_token_key.jwks()).encode()))
        if message and reply is None:
            peer.until_gone()
        elif message and reply is not None:
            peer.send(reply(server.url, scene.person, message))

    with RawServer(play) as server:
        yield server


# The article asks for no ID token.
CASES = [("login", name) for name in REPLIES] + [
    ("mirror", name) for name in REPLIES if name != "a wrong nonce"
]


@pytest.mark.parametrize(("verb", "name"), CASES)
def test_whatever_the_authority_answers(verb: str, name: str, tmp_path: Path) -> None:
    reply, code = REPLIES[name]
    scene = Scene(tmp_path)
    options = ["-o", "summary", "--http-timeout", "5", *scene.browser]
    if verb == "mirror":
        options += ["--port", free_port()]
    with (
        authority(scene, reply) as server,
        Running(verb, *at(server.url), *options, env=scene.environment) as running,
    ):
        arguments, environ = scene.opened()
        assert isinstance(arguments, list)
        scene.person.launch(arguments[-1])
        ran = running.finish()
        scene.person.join()
    secrets = secrets_in(server.requests)
    assert len(secrets) == (2 if verb == "login" else 1)
    assert ran.code == code, ran.err
    assert_nothing_is_left(scene, ran, secrets, scene.person.page, arguments[:-1], environ)
    assert canaries.found_in(scene.person.urls, secrets) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_authority_has_the_code(number: int, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    with (
        authority(scene, None) as server,
        Running("login", *at(server.url), *scene.browser, env=scene.environment) as running,
    ):
        arguments, environ = scene.opened()
        assert isinstance(arguments, list)
        scene.person.launch(arguments[-1])
        until = time.monotonic() + 20
        while not any(r.startswith(b"POST ") for r in server.requests):
            assert time.monotonic() < until
            time.sleep(0.005)
        running.signal(number)
        ran = running.finish()
        scene.person.join()
    secrets = secrets_in(server.requests)
    assert_nothing_is_left(scene, ran, secrets, scene.person.page, arguments[:-1], environ)


@pytest.mark.parametrize("name", REPLIES)
def test_after_an_exchange_nothing_is_left(name: str, tmp_path: Path) -> None:
    reply, code = REPLIES[name]
    scene = Scene(tmp_path)
    with authority(scene, reply) as server:
        first = call("authorize-url", *at(server.url), "--procedure", "hardened")
        scene.person.see(first.out.strip())
        assert canaries.found_in(list(scene.files()), [scene.person.asked["state"]]) == []
        with on_stdin(scene.person.final_address()):
            ran = call("exchange", "-o", "summary", "--http-timeout", "5")
    secrets = secrets_in(server.requests)
    assert (ran.code, len(secrets)) == (code, 2)
    assert canaries.found_in([first.out, first.err], secrets) == []
    assert_nothing_is_left(scene, ran, secrets)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.person.see("http://localhost/?state=" + "s" * 43)
    (tmp_path / "temporary" / "left").write_text(f"x{canaries.CODE}x")
    with pytest.raises(AssertionError):
        assert_nothing_is_left(scene, Ran(0, "", ""), [canaries.CODE])
    (tmp_path / "temporary" / "left").unlink()
    assert_nothing_is_left(scene, Ran(0, "", ""), [canaries.CODE])
    for ran in (Ran(0, canaries.CODE, ""), Ran(0, "", quote_plus(canaries.CODE))):
        with pytest.raises(AssertionError):
            assert_nothing_is_left(scene, ran, [canaries.CODE])
