"""The demo: a whole sign-in, told; by itself, without a network, in any terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote_plus, unquote_plus

import pytest

from entra_oauth.practice import PracticeTenant
from kit import needs
from kit.command_line import Person, as_program, call, environment, error_of

STEPS = [
    "1  This program opens the authorize URL in the browser",
    "2  The person signs in, on the authority's own page",
    "3  The browser brings the answer to this program's listener",
    "4  This program redeems the code, directly at the authority",
    "5  What the access token says",
    "6  The token is used: list the clusters of the practice workspace",
]


@pytest.fixture
def tenants(monkeypatch: pytest.MonkeyPatch) -> list[PracticeTenant]:
    """The tenants that a demo makes: their logs hold every secret."""
    made: list[PracticeTenant] = []

    def make() -> PracticeTenant:
        made.append(PracticeTenant())
        return made[-1]

    monkeypatch.setattr("entra_oauth.cli.lessons.demo.PracticeTenant", make)
    return made


def secrets_of(tenant: PracticeTenant) -> set[str]:
    """Codes, states, verifiers, nonces, tokens, passwords, cookies: all that passed."""
    found: set[str] = set()
    for request, response in tenant.log:
        texts = [request.query, request.body.decode(), response.body.decode("utf-8", "replace")]
        texts += [value for _, value in (*request.headers, *response.headers)]
        for text in texts:
            for name in ("code", "state", "nonce", "code_verifier", "code_challenge"):
                found |= set(re.findall(rf'\b{name}(?:=|" value=")([^&"\s;]+)', text))
            found |= set(re.findall(r'"(?:access|id|refresh)_token":"([^"]+)', text))
            found |= set(re.findall(r"Bearer ([^\s]+)", text))
            found |= set(re.findall(r"(?:ESTS\w*|esctx\w*)=([^;]+)", text))
    return {unquote_plus(each) for each in found if len(each) > 8}


@pytest.mark.parametrize("procedure", ["hardened", "article"])
def test_the_demo_tells_every_step_and_no_secret(
    procedure: str, tenants: list[PracticeTenant]
) -> None:
    ran = call("demo", "--procedure", procedure)
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert [line for line in lines if line in STEPS] == STEPS
    assert "Next: entra-oauth demo --" in ran.out
    offered = ran.out.partition("Next: ")[2]
    article = procedure == "article"
    assert ("demo --procedure article --browser" in offered) == article, "the same in the browser"
    assert ("the procedure without PKCE" in offered) == (not article), "the other one is offered"
    assert ran.err == ""
    secrets = secrets_of(tenants[0])
    assert len(secrets) >= (7 if procedure == "hardened" else 3), "the log was read"
    for secret in secrets:
        for spelling in (secret, quote_plus(secret)):
            assert spelling not in ran.both
    tokens = [each for each in secrets if each.startswith("eyJ")]
    assert tokens
    assert not any(token.split(".")[1][:40] in ran.both for token in tokens)


def test_equal_values_have_equal_tags_and_every_run_has_others(
    tenants: list[PracticeTenant],
) -> None:
    first, second = call("demo").out, call("demo").out
    tags = re.findall(r"<code, \d+ characters #(\w{4})>", first)
    assert len(tags) == 2
    assert tags[0] == tags[1]
    states = re.findall(r"<state, 43 characters #(\w{4})>", first)
    assert len(states) == 2
    assert states[0] == states[1]
    assert re.findall(r"#(\w{4})>", first) != re.findall(r"#(\w{4})>", second)


def test_the_article_shows_no_pkce_and_claims_no_identity(tenants: list[PracticeTenant]) -> None:
    out = call("demo", "--procedure", "article").out
    assert "code_challenge" not in out.partition("What the linter says")[0]
    assert "nothing is claimed about who signed in" in " ".join(out.split())


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_the_demo_fits_the_terminal(
    columns: str, tenants: list[PracticeTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = call("demo").out.splitlines()
    story = lines[: next(i for i, line in enumerate(lines) if line.startswith("Next: "))]
    # A heading is one line, and an address is one word.
    long = [line for line in story if len(line) > int(columns) and line not in STEPS]
    assert [line for line in long if len(line.split()) > 1] == []


def test_colour_is_for_who_looks_at_standard_output(
    tenants: list[PracticeTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert f"\x1b[1m{STEPS[0]}\x1b[0m" in call("demo").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in call("demo").both


@needs.posix
def test_in_a_terminal_standard_output_that_is_a_pipe_has_no_colour() -> None:
    from kit.processes.ptys import Session

    with Session(as_program("demo")) as terminal:
        code, out = terminal.finish()
    assert (code, "\x1b" in out) == (0, False)


def test_nothing_in_the_environment_disturbs_the_demo(
    tenants: list[PracticeTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSLKEYLOGFILE", "keys")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nothing")
    monkeypatch.setenv("AZURE_TENANT_ID", "another.example")
    monkeypatch.setenv("AZURE_CLIENT_ID", "another")
    monkeypatch.setenv("ENTRA_OAUTH_SCOPE", "graph")
    monkeypatch.setenv("BROWSER", "none")
    assert call("demo").code == 0


def _can_be_cut_off() -> bool:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    tried = subprocess.run(
        ["unshare", "--map-root-user", "--net", "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


@pytest.mark.skipif(not _can_be_cut_off(), reason="this system lets nobody cut off the network")
def test_the_demo_needs_no_network() -> None:
    script = 'ip link set lo up && exec "$0" -m entra_oauth demo'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", script, sys.executable],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Next: entra-oauth demo --browser" in done.stdout


def test_a_command_that_the_shell_does_not_find_is_said_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ("entra-oauth.exe" if os.name == "nt" else "entra-oauth")
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    assert call("demo").out.splitlines()[-1].strip() == str(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(program) not in call("demo").out


# ---- the person's own browser ---------------------------------------------------------


def test_ones_own_browser_where_there_is_none() -> None:
    ran = call("demo", "--browser")
    what, advice = error_of(ran)
    assert ran.code == 8
    assert what.startswith("There is no browser to open: ")
    assert "without --browser" in advice


def test_ones_own_browser(tenants: list[PracticeTenant], monkeypatch: pytest.MonkeyPatch) -> None:
    from entra_oauth.practice import PracticeBrowser, http_send

    browser = Person()

    def visit(*, again: bool = False) -> None:
        page = PracticeBrowser(http_send, "alice@contoso-practice.example", "practice").open(
            browser.urls[0]
        )
        browser.page = page.text

    browser.visit = visit  # type: ignore[method-assign]
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", browser.launch)
    monkeypatch.setenv("BROWSER", "x")
    ran = call("demo", "--browser")
    browser.join()
    assert ran.code == 0
    assert "Sign in there as alice@contoso-practice.example" in ran.err
    assert browser.urls[0] in ran.err.splitlines()
    assert browser.urls[0] not in ran.out
    assert "Signed in as" in browser.page


def test_a_built_in_browser_that_fails_says_why(
    tenants: list[PracticeTenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    from entra_oauth.errors import ConnectFailed

    def fail(*args: object) -> None:
        raise ConnectFailed("Nothing could be reached.", advice="Look at the firewall.")

    monkeypatch.setattr("entra_oauth.cli.lessons.demo.http_send", fail)
    monkeypatch.setattr("entra_oauth.cli.lessons.demo.BuiltInBrowser.timeout_s", 0.2)
    ran = call("demo")
    assert ran.code == 6
    assert error_of(ran) == ("Nothing could be reached.", "Look at the firewall.")


def test_a_quiet_demo_says_how_long_it_took_and_where_the_report_is() -> None:
    ran = call("demo", "-q")
    assert ran.code == 0, ran.err
    first, second, third = ran.out.splitlines()
    assert first.startswith("The sign-in took ")
    assert second == "The report of it, a page to look at:"
    assert Path(third.strip()).is_file()
