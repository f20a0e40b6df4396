"""`practice run`: programs that were written for Entra, as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.foreign.programs import CLIENTS, WORKSPACE
from kit.practice import ALICE, PASSWORD

pytestmark = [pytest.mark.against, needs.posix]

PATIENCE_S = 60


def _start(*arguments: str, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-Werror", "-m", "entra_oauth", "practice", "run", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "NO_PROXY": "*",
            "no_proxy": "*",
            "AZURE_CLIENT_SECRET": "a-real-secret",
            "ARM_CLIENT_SECRET": "a-real-secret",
            "DATABRICKS_TOKEN": "a-real-secret",
        },
    )


def _run(*arguments: str, given: str = "") -> tuple[int, str, str]:
    process = _start(*arguments, stdin=subprocess.PIPE)
    try:
        out, err = process.communicate(given, timeout=PATIENCE_S)
    finally:
        process.kill()
    return process.returncode, out, err


def _script(name: str, *arguments: str) -> tuple[str, ...]:
    return ("--", sys.executable, str(CLIENTS / name), *arguments)


APP = (ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID)


@needs.python("msal", group="interop")
@pytest.mark.parametrize(
    "script",
    [_script("msal_browser.py", *APP), _script("msal_password.py", *APP, ALICE, PASSWORD)],
    ids=["with a browser", "with a password"],
)
def test_a_script_that_calls_msal_as_the_article_does_prints_a_token_that_works(
    script: tuple[str, ...],
) -> None:
    code, out, err = _run(*script)
    assert (code, err) == (0, "")
    access_token, refresh_token = out.split()[2], out.split()[-1]
    assert access_token.count(".") == 2
    assert len(refresh_token) > 500

    # The tenant's key is this machine's, so a token is good at the next run's workspace.
    host = WORKSPACE.removeprefix("https://")
    code, out, err = _run(*_script("rest_call.py", host), given=access_token)
    assert (code, err) == (0, "")
    assert [each["cluster_name"] for each in json.loads(out)["clusters"]] == ["lesson", "nightly"]


@needs.python("msal", group="interop")
def test_the_script_says_what_entra_would_have_said(tmp_path: Path) -> None:
    password = _script("msal_password.py", *APP, ALICE, PASSWORD)
    code, out, _ = _run("--fault", "mfa-required", *password)
    assert code == 0
    assert "Error: invalid_grant" in out
    assert "AADSTS50076" in out


@needs.curl
def test_curl_follows_the_environment(tmp_path: Path) -> None:
    address = f"https://login.microsoftonline.com/{ARTICLE_TENANT_ID}/discovery/v2.0/keys"
    code, out, _ = _run("--", "curl", "-sS", address)
    assert code == 0
    assert json.loads(out)["keys"][0]["kid"].startswith("practice-")


@needs.curl
@pytest.mark.parametrize("address", ["https://example.com/", "http://example.com/"])
def test_nothing_else_is_reached_and_that_is_said(address: str) -> None:
    code, out, err = _run("--", "curl", "-sS", "--fail", address)
    assert (code != 0, out) == (True, "")
    assert "refused, because it is not played here: example.com" in err


def test_secrets_of_real_clouds_are_taken_out_and_no_way_leads_around_the_proxy() -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    code, out, _ = _run("--", sys.executable, "-c", show)
    assert code == 0
    environ = json.loads(out)
    assert "a-real-secret" not in environ.values()
    assert environ["NO_PROXY"] == environ["no_proxy"] == "localhost,127.0.0.1,::1"
    assert environ["ENTRA_OAUTH_PRACTICE_URL"].startswith("https://localhost:")
    assert environ["HTTPS_PROXY"] == environ["https_proxy"] == environ["http_proxy"]
    assert environ["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert environ[name].endswith("ca.pem")
        assert not os.path.exists(environ[name]), "the certificate outlived its tenant"
    assert not os.path.exists(environ["BROWSER"])


def test_streams_and_the_exit_code_are_the_programs() -> None:
    echo = "import sys; print(sys.stdin.read()); print('aside', file=sys.stderr); sys.exit(42)"
    code, out, err = _run("--", sys.executable, "-c", echo, given="what was piped in")
    assert (code, out, err) == (42, "what was piped in\n", "aside\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_program_and_its_end_is_ours(number: signal.Signals) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = _start("--", sys.executable, "-c", program)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE_S) == 7
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_at_a_terminal_reaches_the_program_once() -> None:
    from kit.processes.ptys import Session  # there is none on Windows

    counting = (
        "import signal, sys, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "until = time.monotonic() + 20\n"
        "while not seen and time.monotonic() < until:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "sys.exit(40 + len(seen))\n"
    )
    words = ["practice", "run", "--", sys.executable, "-c", counting]
    program = f"import sys; from entra_oauth.cli import main; sys.exit(main({words!r}))"
    with Session(program) as terminal:
        terminal.wait_for("ready")
        terminal.press("\x03")
        code, _ = terminal.finish()
    assert code == 41


def test_a_program_that_a_signal_ended_is_told_as_a_shell_tells_it() -> None:
    code, _, _ = _run("--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert code == 128 + 9


def test_a_program_that_is_not_there_is_an_error_of_this_machine() -> None:
    code, out, err = _run("--", "no-such-program-anywhere")
    assert (code, out) == (127, "")
    assert "cannot be started" in err
    assert "Next:" in err


@needs.program("node", debian="nodejs")
def test_a_node_that_ignores_proxies_is_warned_of() -> None:
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    old = int(version.stdout.strip().removeprefix("v").partition(".")[0]) < 24
    code, _, err = _run("--", "node", "-e", "0")
    assert code == 0
    assert ("ignores HTTPS_PROXY" in err) is old


def test_faults_and_the_clock_can_be_changed_by_the_program_itself() -> None:
    program = (
        "import subprocess, sys\n"
        "tool = [sys.executable, '-m', 'entra_oauth', 'practice']\n"
        "for words in (['fault', 'token', 'status=503', 'times=1'], ['clock', '+3600']):\n"
        "    print(subprocess.run([*tool, *words], capture_output=True, text=True).stdout)\n"
    )
    started = time.time()
    code, out, err = _run("--", sys.executable, "-c", program)
    assert (code, err) == (0, "")
    fault, clock = out.split("\n\n")[:2]
    assert fault == "token status=503 times=1    touched 0"
    told = time.strptime(clock.strip(), "%Y-%m-%d %H:%M:%SZ")
    ahead = time.mktime(told) - time.mktime(time.gmtime(started))
    assert 3590 <= ahead <= 3700
