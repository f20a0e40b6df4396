"""The modules of a `login`: those there before the browser opens, and those before the redirect.

Each list is a budget. A module that is new before the browser is paid for by everybody who signs
in; one that the end asks for and that is not there yet, by everybody who waits for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import entra_oauth
from entra_oauth.practice import PracticeTenant, serve
from kit import needs
from kit.command_line import CLIENT

pytestmark = needs.posix

PACKAGE = Path(entra_oauth.__file__).parent

STANDARD_LIBRARY = """
array binascii collections contextlib copyreg enum fcntl functools heapq ipaddress keyword math
operator queue re reprlib select selectors shlex signal socket threading types urllib warnings
"""
"""Those that Python has not loaded by itself, without private ones and built-in ones."""

OURS = """
_version cache.paths cache.private_files cache.vault channels.base channels.front_event
channels.https.back_channel channels.https.failures channels.https.job channels.https.trust
channels.listener.landing_pages channels.listener.listener channels.listener.redirect_latch
channels.listener.system_browser channels.loopback.connection channels.loopback.host
channels.loopback.http1 channels.loopback.ports channels.terminal.line
channels.terminal.secret_line channels.terminal.terminal cli.command_line.arguments
cli.command_line.declare cli.command_line.dispatch cli.command_line.values cli.get_tokens.login
cli.options.app_options cli.options.common_options cli.options.exchange_options
cli.session.console cli.session.signals
cli.sign_in.choose_receiver cli.sign_in.plan cli.verbs.get_tokens_verbs errors
flows.authorization_code flows.id_token_signature light protocol.authority
protocol.endpoints.authorize protocol.messages protocol.scopes sha256
"""
"""Without the rooms' own files."""

WATCHED = """
import atexit, json, os, sys, time

by_itself = set(sys.modules)
seen = {}


def note(moment):
    found = set(sys.modules) - by_itself
    seen.setdefault(moment, sorted(found))


spawn = os.posix_spawnp


def spawn_and_note(*arguments, **options):
    note("launch")
    return spawn(*arguments, **options)


os.posix_spawnp = spawn_and_note

from entra_oauth.channels.listener.redirect_latch import RedirectLatch

from entra_oauth.channels.https import back_channel
from entra_oauth.flows import id_token_signature

# The threads begin a moment later, and on a busy machine the launch may come later still.
back_channel._AFTER_S = id_token_signature._AFTER_S = 3.0
handle = RedirectLatch.handle


def handle_and_note(self, request):
    # The person is slower than this machine: all has come in that was begun at the launch.
    until = time.monotonic() + 30
    while not AWAITED <= set(sys.modules) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    note("redirect")
    return handle(self, request)


RedirectLatch.handle = handle_and_note


def tell():
    note("end")
    with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
        json.dump(seen, file)


atexit.register(tell)
from entra_oauth.cli import program

program()
"""
AWAITED = (
    "entra_oauth.cli.sign_in.only_sign_in",
    "requests",
    "cryptography.hazmat.primitives.asymmetric.padding",
)


@cache
def _signed_in(folder: Path) -> dict[str, set[str]]:
    """The modules that were there at each moment of a plain sign-in."""
    found = folder / "seen"
    environ = {"HOME": str(folder), "SEEN": str(found), "PATH": os.environ.get("PATH", "")}
    browser = f"{sys.executable} -P -m entra_oauth.practice.run.browser_command --user alice %s"
    with serve(PracticeTenant(), tls=False) as tenant:
        source = f"AWAITED = {set(AWAITED)!r}\n{WATCHED}"
        command = [sys.executable, "-P", "-c", source, "login", "--client-id", CLIENT]
        command += ["--authority-host", tenant.base_url, "--cache", "file", "--browser", browser]
        command += ["--tenant", tenant.authority_url().rpartition("/")[2]]
        ran = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            start_new_session=True,  # and so without a terminal
        )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, list[str]] = json.loads(found.read_text(encoding="utf-8"))
    return {moment: set(names) for moment, names in told.items()}


def _ours(modules: set[str]) -> set[str]:
    names = {name.removeprefix("entra_oauth.") for name in modules if name[:12] == "entra_oauth."}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def _standard(modules: set[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules}
    known = {name for name in tops & sys.stdlib_module_names if name[0] != "_"}
    return known - set(sys.builtin_module_names)


def test_few_modules_are_there_when_the_browser_opens(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    at = _signed_in(tmp_path_factory.getbasetemp())["launch"]
    assert _ours(at) <= set(OURS.split())
    assert _standard(at) <= set(STANDARD_LIBRARY.split())
    foreign = {name.partition(".")[0] for name in at} - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} == {"entra_oauth"}


def test_what_the_end_needs_is_there_before_the_redirect(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    seen = _signed_in(tmp_path_factory.getbasetemp())
    assert seen["redirect"] > seen["launch"]
    assert seen["end"] - seen["redirect"] == set()


@pytest.mark.parametrize("name", OURS.split())
def test_a_module_that_is_there_when_the_browser_opens_has_compiled_no_pattern(name: str) -> None:
    source = (PACKAGE / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert not re.findall(r"^\w+ = re\.compile\(", source, re.MULTILINE)
