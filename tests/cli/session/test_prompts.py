"""Secrets at a prompt are not shown, and Ctrl-C ends a device sign-in at once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from kit import needs
from kit.command_line import Running, as_program
from kit.practice import ALICE, DAEMON, PASSWORD, SECRET
from kit.servers.app_certificates import LOCKED, PASSPHRASE, key_pem, pem

pytestmark = needs.posix


def command(base: str, *arguments: str, client: str = ARTICLE_CLIENT_ID) -> list[str]:
    at = ("--authority-host", base, "--tenant", ARTICLE_TENANT_ID, "--client-id", client)
    return ["login", *at, *arguments]


def in_a_terminal(arguments: list[str], prompt: str, typed: str) -> tuple[int, str, str]:
    """Exit code, standard output and what the terminal showed."""
    from kit.processes.ptys import Session

    with Session(as_program(*arguments)) as terminal:
        terminal.wait_for(prompt)
        terminal.wait_until_raw()
        terminal.press(typed + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
        return code, out, terminal.shown


def test_a_password_is_asked_for_and_not_shown() -> None:
    with serve(PracticeTenant(directory=DEFAULT.with_admin_consent()), tls=False) as hosted:
        flow = command(hosted.base_url, "--flow", "password", "--username", ALICE)
        code, out, shown = in_a_terminal(flow, "password> ", PASSWORD)
    assert (code, out.startswith(f"Signed in as {ALICE}.")) == (0, True), shown
    assert f"> {PASSWORD}" not in shown
    assert shown.count("on its way out") == 1
    assert shown.index("on its way out") < shown.index("password> "), "warned before it is typed"


def test_a_client_secret_is_asked_for_and_not_shown() -> None:
    with serve(PracticeTenant(directory=DEFAULT.with_admin_consent()), tls=False) as hosted:
        flow = command(hosted.base_url, "--flow", "client-credentials", client=DAEMON)
        code, out, shown = in_a_terminal(flow, "client secret> ", SECRET)
    assert (code, out != "") == (0, True), shown
    assert SECRET not in shown


def test_a_locked_certificate_s_passphrase_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "app.pem"
    file.write_bytes(pem(ends=36500) + key_pem(lock=LOCKED))
    flow = command(
        "http://localhost:9",
        *("--flow", "client-credentials", "--certificate", str(file)),
        client=DAEMON,
    )
    prompt = "passphrase of the certificate> "
    code, out, shown = in_a_terminal(flow, prompt, f"{PASSPHRASE}x")
    assert (code, out) == (2, "")
    assert "cannot be opened with this passphrase" in shown
    assert PASSPHRASE not in shown
    code, out, shown = in_a_terminal(flow, prompt, PASSPHRASE)
    assert (code, out) == (6, ""), "it was opened, and nobody listens there"


def test_ctrl_c_ends_a_device_sign_in_at_once() -> None:
    with serve(PracticeTenant(), tls=False) as hosted:
        arguments = command(hosted.base_url, "--flow", "device-code")
        with Running(*arguments) as running:
            running.wait_for("enter the code")
            begun = time.monotonic()
            running.signal(signal.SIGINT)
            ran = running.finish()
    assert time.monotonic() - begun < 4, "the next question would have come after five seconds"
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err
    assert ran.err.count("Next: ") == 1
