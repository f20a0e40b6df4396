"""The article's two commands: printed, run by a real shell and curl, and proved equal."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.article.mirror import curl_command
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.endpoints.token import TokenRequest
from entra_oauth.protocol.messages import HttpRequest
from kit import canaries, needs
from kit.command_line import AT_NOBODY, CLIENT, TENANT, Ran, at, call, error_of
from kit.servers.raw_server import RawServer

GOLDEN = Path(__file__).parents[2] / "golden"
IDS = ("--tenant", TENANT, "--client-id", CLIENT)
PLACE = "<authorization-code>"


def printed(*options: str) -> tuple[str, str]:
    """The URL and the curl command."""
    ran = call("mirror", "--print", *options)
    assert ran.code == 0, ran.err
    url, _, command = ran.out.rstrip("\n").partition("\n")
    return url, command


def _words(command: str) -> list[str]:
    """As a shell sees them; shlex does not join lines."""
    return shlex.split(command.replace("\\\n", ""))


# ---- print ------------------------------------------------------------------------


def test_the_articles_url_is_printed_to_the_byte() -> None:
    url, _ = printed(*IDS, "--state", "12345")
    assert url == (GOLDEN / "article_authorize_url.txt").read_text().strip()
    assert len(url) == 280


def test_the_printed_command_is_the_articles() -> None:
    _, command = printed(*IDS, "--state", "12345")
    words = _words(command)
    assert words[:5] == [
        "curl",
        "-X",
        "POST",
        "-H",
        "Content-Type: application/x-www-form-urlencoded",
    ]
    assert words[5] == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    assert words[6::2] == ["-d"] * 6
    assert "&".join(words[7::2]) == (
        f"client_id={CLIENT}&scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default&code={PLACE}"
        "&redirect_uri=http%3A%2F%2Flocalhost&grant_type=authorization_code&state=12345"
    )


def test_what_is_printed_for_people_is_not_in_the_result() -> None:
    ran = call("mirror", "--print", *IDS)
    assert ran.out.count("\n") == 9
    assert ran.err.rstrip().endswith("Nothing was sent.")
    assert call("mirror", "--print", *IDS, "--quiet").err == ""


def test_print_as_json() -> None:
    result = json.loads(call("mirror", "--print", *IDS, "--state", "12345", "--json").out)
    assert set(result) == {"schema", "authorize_url", "curl"}
    assert (result["authorize_url"], result["curl"]) == printed(*IDS, "--state", "12345")


def test_the_state_is_random_and_the_same_in_both_halves() -> None:
    one, other = (printed(*IDS) for _ in range(2))
    assert one[0] != other[0]
    state = one[0].rpartition("&state=")[2]
    assert len(state) == 43
    assert f"-d 'state={state}'" in one[1]


def test_a_port_is_in_the_redirect_uri_of_both_halves() -> None:
    url, command = printed(*IDS, "--port", "8400")
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A8400&" in url
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A8400'" in command


_ODD = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs"]), min_size=1)
_QUOTES = st.text("'\"`$\\ !#&*;|<>(){}[]~?%+\x20\x5e", min_size=1, max_size=12)


@given(client_id=_ODD.filter(str.strip), state=_ODD | _QUOTES)
def test_odd_values_are_safe_to_paste_into_a_shell(client_id: str, state: str) -> None:
    request = AuthorizationRequest.article(
        authority=Authority("http://localhost:8411", "common"),
        client_id=client_id,
        redirect_uri="http://localhost:8400/a'b$(c)`d`",
        scopes=("databricks",),
        state=state,
    )
    command = curl_command(request)
    words = _words(command)
    response = AuthorizationResponse.read(
        HttpRequest(method="GET", url="http://localhost/?code=" + PLACE + "&" + _state(request)),
        answering=request,
    )
    ours = TokenRequest.redeem(response).to_http()
    assert "&".join(words[7::2]).encode() == ours.body
    assert words[5] == ours.url
    # Nothing outside quotes means anything to a shell, and nothing inside is a quote.
    assert not set('$`\\!"') & set(command.replace(" \\\n", ""))


def _state(request: AuthorizationRequest) -> str:
    return request.url[request.url.rindex("state=") :]


@needs.curl
@needs.posix
@pytest.mark.parametrize("state", ["12345", "a'b\"c`d`$(touch x)$HOME !& ü%20"])
def test_the_printed_command_run_by_a_shell_sends_what_this_tool_sends(
    state: str, tmp_path: Path
) -> None:
    with RawServer() as server:
        _, command = printed(*at(server.url), "--state", state)
        command = command.replace(PLACE, canaries.CODE).replace(
            "curl ", "curl -q --noproxy '*' ", 1
        )
        subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True, timeout=20
        )
    assert list(tmp_path.iterdir()) == []
    request = AuthorizationRequest.article(
        authority=Authority(server.url, TENANT),
        client_id=CLIENT,
        redirect_uri="http://localhost",
        scopes=("databricks",),
        state=state,
    )
    callback = HttpRequest(
        method="GET", url=f"http://localhost/?code={canaries.CODE}&{_state(request)}"
    )
    ours = TokenRequest.redeem(AuthorizationResponse.read(callback, answering=request)).to_http()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == ours.body
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]]
    assert names == ["Host", *(name for name, _ in ours.headers), "Content-Length"]


# ---- prove ------------------------------------------------------------------------


def prove(*options: str) -> Ran:
    return call("mirror", "--prove", *options)


@needs.curl
def test_the_proof_without_a_single_option() -> None:
    ran = prove()
    assert ran.code == 0, ran.err
    ours, theirs, verdict = ran.out.splitlines()
    assert verdict == "BYTE-EQUAL"
    assert ours.split()[-1] == theirs.split()[-1]
    assert ours.startswith("entra-oauth ")
    assert theirs.startswith("curl/")
    body = (GOLDEN / "curl_article.request.bin").read_bytes().partition(b"\r\n\r\n")[2].decode()
    assert body in ran.err
    assert len(body) == 203


@needs.curl
@pytest.mark.parametrize(
    "options",
    [
        ("--tenant", "contoso.example"),
        ("--client-id", "an odd 'client' $id `x` ü & = + %"),
        ("--state", "a'b\"c`d`$(touch x)$HOME !& ü%20"),
        ("--state", "@file"),
        ("--scope", "arm"),
        ("--scope", "https://a.example/x'y(z)", "--scope", "openid"),
        ("--redirect-uri", "http://localhost:8400/back?x=1&y=%20"),
        ("--port", "8400"),
        ("--authority-host", "https://never.asked.example"),
    ],
)
def test_the_proof_for_ones_own_values(options: tuple[str, ...]) -> None:
    ran = prove(*options)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "BYTE-EQUAL"), ran.err


@needs.curl
def test_the_proof_as_json() -> None:
    ran = prove("--json", "--quiet")
    result = json.loads(ran.out)
    assert (ran.code, ran.err, result["verdict"]) == (0, "", "BYTE-EQUAL")
    assert result["entra_oauth"]["sha256"] == result["curl"]["sha256"]
    assert result["curl"]["version"].startswith("curl/")


@needs.curl
def test_nothing_in_the_environment_disturbs_the_proof(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".curlrc").write_text('header = "X-Mine: 1"\nuser-agent = "mine"\n')
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CURL_HOME", str(tmp_path))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    ran = prove()
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "BYTE-EQUAL"), ran.err


def test_without_curl_there_is_nothing_to_compare_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = prove()
    assert (ran.code, ran.out) == (8, "")
    what, advice = error_of(ran)
    assert what == "There is no curl on this machine to compare with."
    assert "Install curl" in advice


SAYS_ITS_VERSION = 'case "$1" in --version) echo "curl 9.9.9 (fake)"; exit 0;; esac\n'

FAKES: dict[str, tuple[str, int, str]] = {
    "fails": (SAYS_ITS_VERSION + "exit 7\n", 8, "exit code 7"),
    "fails at once": ("exit 3\n", 8, "exit code 3"),
    "has no version": ("echo hello\n", 8, "does not tell its version"),
    "has a strange version": ("printf 'curl \\033[31m\\n'\n", 8, "does not tell its version"),
}


def _fake_curl(folder: Path, script: str) -> None:
    fake = folder / "curl"
    fake.write_text(f"#!/bin/sh\n{script}")
    fake.chmod(0o755)


@needs.posix
@pytest.mark.parametrize("name", FAKES)
def test_a_curl_that_is_none(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script, code, said = FAKES[name]
    _fake_curl(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    ran = prove()
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (code, "")
    assert said in what


@needs.posix
def test_a_curl_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "curl").write_bytes(b"\x7fELF")
    (tmp_path / "curl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = prove()
    assert (ran.code, error_of(ran)[0]) == (8, "The curl on this machine cannot be used: OSError.")


@needs.posix
def test_a_curl_that_hangs_or_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("entra_oauth.cli.article.curl_proof.TIMEOUT_S", 0.3)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    _fake_curl(tmp_path, SAYS_ITS_VERSION + "exec sleep 20\n")
    ran = prove()
    assert (ran.code, "TimeoutExpired" in error_of(ran)[0]) == (8, True)
    _fake_curl(tmp_path, SAYS_ITS_VERSION + "exit 0\n")
    ran = prove()
    assert (ran.code, "did not arrive" in error_of(ran)[0]) == (8, True)


DIFFERENT = """
import socket, sys, urllib.parse
url = next(a for a in sys.argv if a.startswith("http"))
port = urllib.parse.urlsplit(url).port
with socket.create_connection(("127.0.0.1", port)) as sock:
    sock.sendall(b"POST /\\x1b[31m HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
    sock.recv(1000)
"""


@needs.posix
@pytest.mark.parametrize("as_json", [False, True])
def test_a_curl_that_sends_something_else_is_not_equal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_json: bool
) -> None:
    (tmp_path / "fake.py").write_text(DIFFERENT)
    python = shlex.quote(sys.executable)
    _fake_curl(tmp_path, f'{SAYS_ITS_VERSION}exec {python} -IS {tmp_path}/fake.py "$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    ran = prove(*(["--json"] if as_json else []))
    assert ran.code == 9
    assert "\x1b" not in ran.both
    if as_json:
        assert json.loads(ran.out)["verdict"] == "DIFFERENT"
    else:
        assert ran.out.splitlines()[-1] == "DIFFERENT from byte 6"
        assert ran.err.splitlines()[-1].startswith("Next: ")


@needs.curl
def test_the_hash_is_that_of_the_articles_request() -> None:
    """Against the bytes that were captured once, save for host, port and curl's version."""
    golden = (GOLDEN / "curl_article.request.bin").read_bytes()
    ran = prove("--tenant", TENANT)
    sent = "\r\n".join(line[2:] for line in ran.err.splitlines() if line.startswith("  "))
    head, _, body = golden.partition(b"\r\n\r\n")
    assert body.decode() in sent
    assert [line.partition(":")[0] for line in sent.split("\r\n\r\n")[0].split("\r\n")[1:]] == [
        line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]
    ]
    ours = ran.out.splitlines()[0].split()[-1]
    assert hashlib.sha256(sent.rstrip("\r\n").encode()).hexdigest() == ours


def test_no_curl_is_needed_to_print(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("curl") is None
    assert call("mirror", *AT_NOBODY, "--print").code == 0
