"""Recorded requests of several clients, exported as curl commands, run by the real curl.

A socket takes what curl sends; every byte must be what the first client sent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import urllib3

from entra_oauth.recording.compare.references import CAPTURED, captured
from entra_oauth.recording.curl import CurlCommand, curl_command
from entra_oauth.recording.raw import split_message
from kit import needs
from kit import recordings as kit
from kit.canaries import CODE, STATE
from kit.servers.raw_server import RawServer

pytestmark = [pytest.mark.against, needs.curl, needs.posix]

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.request.bin"))
QUIET = ("--noproxy", "*", "--max-time", "20", "-o", os.devnull)


def run(made: CurlCommand, **variables: str) -> None:
    done = subprocess.run(
        ["sh", "-c", made.text],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def sent_by_curl(data: bytes, **variables: str) -> bytes:
    """What the exported command sends for this request."""
    with RawServer() as server:
        run(curl_command(split_message(data), server.url, options=QUIET), **variables)
    return server.requests[0]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda path: path.name.removesuffix(".request.bin"))
def test_a_captured_request_is_sent_again_to_the_byte(file: Path) -> None:
    assert sent_by_curl(file.read_bytes()) == file.read_bytes()


@pytest.mark.parametrize("name", CAPTURED)
def test_the_shipped_references_are_sent_again_to_the_byte(name: str) -> None:
    data = bytes(captured(name).message)
    assert sent_by_curl(data) == data


def _requests_form(url: str) -> None:
    requests.post(f"{url}/t?a=%2F", data={"code": "a b/+~ü", "empty": ""}, timeout=20)


def _requests_json(url: str) -> None:
    requests.put(url, json={"a": "\"'\\$`\n\u00e4"}, headers={"X-Odd": "a'b\"c$d`e\\f"}, timeout=20)


def _requests_bytes(url: str) -> None:
    requests.post(url, data=bytes(range(256)), timeout=20)


def _requests_get(url: str) -> None:
    requests.get(f"{url}/a/../b//c?x=[1-2]&y={{a,b}}&z=#f", timeout=20)


def _urllib3_delete(url: str) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("DELETE", f"{url}/x", headers={"X-Odd": "  a  b"}, retries=False)


def _urllib3_form(url: str) -> None:
    with urllib3.PoolManager() as pool:
        fields = {"grant_type": "refresh_token", "refresh_token": "1.x" * 700}
        pool.request("POST", url, fields=fields, encode_multipart=False, retries=False)


LIVE = [
    _requests_form,
    _requests_json,
    _requests_bytes,
    _requests_get,
    _urllib3_delete,
    _urllib3_form,
]


@pytest.mark.parametrize("send", LIVE, ids=lambda send: send.__name__.strip("_"))
def test_what_a_client_sends_now_is_sent_again_to_the_byte(send: Callable[[str], None]) -> None:
    with RawServer() as server:
        send(server.url)
    (data,) = server.requests
    assert sent_by_curl(data) == data


def test_with_its_secrets_filled_in_a_redacted_request_is_the_one_that_was_sent() -> None:
    step = kit.evidence().steps[2]
    found = sent_by_curl(step.request.data, CODE=CODE, STATE=STATE)
    assert found == kit.token_bytes()


def test_a_request_with_a_token_is_the_one_that_was_sent() -> None:
    step = kit.evidence().steps[3]
    found = sent_by_curl(step.request.data, ACCESS_TOKEN=kit.TOKEN)
    assert found.endswith(f"Authorization: Bearer {kit.TOKEN}\r\n\r\n".encode())


HOSTILE = b"a=$(id)`id`\\$HOME\"'%0a\nEND_OF_CONFIG\nid\r\n&code=~pw~"


def test_whatever_stands_in_a_request_arrives_as_it_is() -> None:
    data = b"POST /'$(id)\"`id` HTTP/1.1\r\nHost: h\r\nX: $(id) \\ \" '\r\n\r\n" + HOSTILE
    found = sent_by_curl(data, CODE="x")
    assert found.partition(b"\r\n\r\n")[2] == HOSTILE.replace(b"~pw~", b"x")
    assert b"X: $(id) \\ \" '\r\n" in found
    assert found.startswith(b"POST /'$(id)\"`id` HTTP/1.1\r\n")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_what_a_terminal_would_obey_arrives_as_it_is_and_is_not_in_the_command(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    odd = b"\x1b]0;x\x07\x9b31m\xe9\xe2\x80\xae$(id)'\"\\"
    masked = b"\r\nY: ~pw~" + odd
    for more, body in ((masked, b""), (b"", b"a=1\r&" + odd), (masked, odd + b"&code=~pw~")):
        length = b"" if more else b"\r\nContent-Length: %d" % len(body)
        head = b"POST /p HTTP/1.1\r\nHost: h\r\nX: " + odd + more + length
        with RawServer() as server:
            message = split_message(head + b"\r\n\r\n" + body)
            made = curl_command(message, server.url, options=QUIET)
            assert made.text.replace("\n", "").isprintable()
            done = subprocess.run(
                [shell, "-c", made.text],
                env={"PATH": os.environ["PATH"], "CODE": "c", "Y": "y"},
                capture_output=True,
                timeout=30,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        found = server.requests[0]
        assert b"\r\nX: " + odd + b"\r\n" in found
        assert (b"\r\nY: y" + odd + b"\r\n" in found) is bool(more)
        assert found.endswith(b"\r\n\r\n" + body.replace(b"~pw~", b"c"))


def test_without_its_variable_nothing_is_sent() -> None:
    step = kit.evidence().steps[2]
    with RawServer() as server:
        made = curl_command(step.request.message, server.url, options=QUIET)
        done = subprocess.run(
            ["sh", "-c", made.text],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            check=False,
        )
    assert done.returncode != 0
    assert server.requests == []


def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    """A stand-in for curl writes down what every other program could see."""
    stand_in = tmp_path / "curl"
    stand_in.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(tmp_path / 'seen')!r}, 'w').write(' '.join(sys.argv))\n"
        f"open({str(tmp_path / 'read')!r}, 'w').write(sys.stdin.read())\n"
    )
    stand_in.chmod(0o700)
    step = kit.evidence().steps[2]
    made = curl_command(step.request.message, step.url)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "CODE": CODE, "STATE": STATE}
    subprocess.run(["sh", "-c", made.text], env=environ, check=True)
    assert CODE not in (tmp_path / "seen").read_text()
    assert STATE not in (tmp_path / "seen").read_text()
    assert CODE in (tmp_path / "read").read_text()
