"""Every named fault of the practice tenant, met by our own client: which error, which code."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from entra_oauth.errors import TransportError
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.faults.scenarios import SCENARIOS
from entra_oauth.practice.signing.jws import split
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.command_line import Ran, call, free_port
from kit.practice import ALICE, PASSWORD

pytestmark = [needs.posix]

APP = ("--tenant", ARTICLE_TENANT_ID, "--client-id", ARTICLE_CLIENT_ID)
TOOL = (sys.executable, "-Werror", "-m", "entra_oauth")


LOGIN = (*TOOL, "login", *APP, "--timeout", "30", "-o", "none", "-q")
RENEW = (*TOOL, "token", *APP, "--force-refresh", "-q")
WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"
CALL = (*TOOL, "api", "GET", "/api/2.0/clusters/list", *APP, "--workspace-url", WORKSPACE, "-q")
PATIENCE_S = 60

AT_LOGIN = {
    "mfa-required": (3, "AADSTS50076", "suberror: basic_action"),
    "admin-consent": (3, "AADSTS90094", "Practice fault in force: admin-consent"),
    "wrong-redirect": (7, "No answer came", "AADSTS50011"),
    "stolen-code": (3, "AADSTS501481", "Code_Verifier"),
    "csrf-state": (5, "a state that is not ours", "Nothing was used"),
    "throttled": (6, "HTTP 429", "Wait 2 seconds"),
    "mix-up": (5, "another issuer", "Nothing was used"),
    "clock-skew": (5, "it expired", "date and time"),
    "slow": (6, "did not answer within 2 seconds", "--http-timeout"),
    "reset": (6, "broke off", "proxy in between"),
    "html-from-proxy": (6, "it is an HTML page, not JSON", "proxy in between"),
    "truncated": (6, "broke off", "sign in again"),
    "broken-json": (6, "malformed or breaks off", "sign in again"),
    "wrong-nonce": (5, "nonce is not ours", "Nothing was kept"),
    "wrong-audience": (5, "another application", "Nothing was kept"),
    "expired-id-token": (5, "it expired", "date and time"),
    "unsigned": (5, "not signed with RS256", "Nothing was kept"),
    "bad-signature": (5, "signature is wrong", "Nothing was kept"),
}
LATER = {
    "expired-refresh": (RENEW, 4, "AADSTS700082", "entra-oauth login"),
    "cae-challenge": (CALL, 1, "claims challenge", " --claims "),
}


def _practise(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [*TOOL, "practice", "run", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stderr


def _in_turn(*commands: tuple[str, ...]) -> tuple[str, ...]:
    """A program that runs these until one fails, and ends as it ended."""
    program = (
        "import subprocess, sys\n"
        f"for command in {commands!r}:\n"
        "    code = subprocess.run(command).returncode\n"
        "    if code: sys.exit(code)\n"
    )
    return (sys.executable, "-c", program)


HARMLESS = ("delivered-twice",)


def test_no_scenario_is_left_out() -> None:
    assert {*AT_LOGIN, *LATER, *HARMLESS} == set(SCENARIOS)


def test_without_a_fault_each_of_these_commands_succeeds() -> None:
    code, err = _practise("--", *_in_turn(LOGIN, RENEW, CALL))
    assert code == 0, err


AT_ITS_LIMIT = {
    "wrong-redirect": ("--timeout", "2"),
    "csrf-state": ("--timeout", "2"),
    "mix-up": ("--timeout", "2"),
    "slow": ("--http-timeout", "2"),
}
"""Where nothing comes, and the command ends by itself. All others end long before."""


@pytest.fixture(scope="module")
def tenant() -> Iterator[PracticeTenant]:
    """One tenant for all sign-ins that need no process of their own."""
    with PracticeTenant(directory=DEFAULT.with_admin_consent()) as ours:
        yield ours


@pytest.fixture
def login(tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ran]]:
    """`login` in this process, with a browser in which Alice signs in."""
    visits: list[threading.Thread] = []

    def visit(url: str) -> None:
        def send(request: HttpRequest) -> HttpResponse:
            return http_send(request, ca_file=tenant.ca)

        with suppress(TransportError):  # the listener may end before the last page is read
            PracticeBrowser(send, ALICE, PASSWORD).open(url)

    def launch(url: str, command: str | None = None, *, failed: object) -> bool:
        visits.append(threading.Thread(target=visit, args=(url,), daemon=True))
        visits[-1].start()
        return True

    def login(name: str, *options: str) -> Ran:
        tenant.faults.clear()
        tenant.faults.add(name)
        where = ("--authority-host", tenant.authority.rpartition("/")[0], "--ca-bundle", tenant.ca)
        limits = ("--browser", "x", "--timeout", "30", *options)
        return call("login", *APP, *where, *limits, "-o", "none", "-q")

    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)
    yield login
    for each in visits:
        each.join(PATIENCE_S)


@pytest.mark.parametrize("name", AT_LOGIN)
def test_a_sign_in_ends_with_the_documented_error(login: Callable[..., Ran], name: str) -> None:
    exit_code, what, advice = AT_LOGIN[name]
    ran = login(name, *AT_ITS_LIMIT.get(name, ()))
    assert ran.code == exit_code, ran.err
    assert what in ran.err
    assert advice in ran.err
    assert "Next:" in ran.err


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_fault_of_ours_does_not_stop_a_sign_in(
    login: Callable[..., Ran], name: str, mode: str
) -> None:
    ran = login(name, "--response-mode", mode)
    assert ran.code == 0, ran.err
    assert "error:" not in ran.err


@pytest.mark.parametrize("name", LATER)
def test_what_comes_after_a_sign_in_ends_with_it_too(name: str) -> None:
    command, exit_code, what, advice = LATER[name]
    code, err = _practise("--fault", name, "--", *_in_turn(LOGIN, command))
    assert code == exit_code, err
    assert what in err
    assert advice in err


def test_pkce_is_what_stops_a_stolen_code() -> None:
    """The article's procedure has none: the thief is signed in in the person's place."""
    redirect_uri = f"http://localhost:{free_port()}"
    mirror = (*TOOL, "mirror", *APP, "-q", "-o", "token", "--redirect-uri", redirect_uri)
    done = subprocess.run(
        [*TOOL, "practice", "run", "--fault", "stolen-code", "--", *mirror],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    claims = split(done.stdout.strip())
    assert claims is not None
    assert str(claims.claims["unique_name"]).startswith("mallory@")
