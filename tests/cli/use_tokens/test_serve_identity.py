"""serve identity: what it asks for before it serves, to whom it gives the secret, how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from entra_oauth.cache.file_store import FileStore
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.jwt import decode
from kit import needs
from kit import signed_in as at_hand
from kit.command_line import Running, call, environment, error_of
from kit.nightly import Nightly, of_the_app
from kit.practice import DAEMON, SECRET
from kit.signed_in import AtHand

VAULT = "https://vault.azure.net"
ARM = "https://management.azure.com/"
SHOW = (
    "import json, os; print(json.dumps({name: value for name, value in os.environ.items() "
    "if name.startswith(('IDENTITY', 'AZURE', 'MSI', 'IMDS')) or name.lower() == 'no_proxy'}))"
)


@pytest.fixture
def nightly(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nightly]:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


def _options(nightly: Nightly, *audiences: str) -> tuple[str, ...]:
    named = (word for each in audiences or (VAULT,) for word in ("--audience", each))
    return ("serve", "identity", *nightly.ids, "--flow", "client-credentials", *named)


def _variables(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def _ask(variables: dict[str, str], audience: str) -> requests.Response:
    return requests.get(
        variables["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": audience},
        headers={"X-IDENTITY-HEADER": variables["IDENTITY_HEADER"]},
        timeout=20,
    )


def test_a_file_has_the_variables_for_its_owner_only_while_it_serves(
    nightly: Nightly, tmp_path: Path
) -> None:
    file = tmp_path / "identity.env"
    with Running(*_options(nightly, VAULT, ARM), "--env-file", str(file)) as running:
        running.wait_for("Stop: Ctrl-C.")
        _wait_until_there(file)
        variables = _variables(file)
        assert list(variables) == ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]
        if os.name == "posix":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for audience in (VAULT, ARM):
            answer = _ask(variables, audience).json()
            claims = decode(answer["access_token"]).claims
            assert (claims["appid"], claims["aud"].rstrip("/")) == (DAEMON, audience.rstrip("/"))
        assert _ask(variables, f"{VAULT}/").status_code == 400
        running.signal(signal.SIGINT)
        ran = running.finish()
    assert (ran.code, ran.out, file.exists()) == (130, "", False)
    assert "Tokens given: 2. Requests refused: 1." in ran.err
    assert variables["IDENTITY_HEADER"] not in ran.both
    assert answer["access_token"] not in ran.both


def _wait_until_there(file: Path, *, without: str = "nothing") -> None:
    """Until the file is there, and does not hold what an earlier one held."""
    until = time.monotonic() + 30
    while not file.exists() or without in file.read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.01)


def _with_program(
    nightly: Nightly, *program: str, **variables: str | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "entra_oauth", *_options(nightly), "--", *program],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_is_told_the_secret_and_none_of_the_apps_proofs(nightly: Nightly) -> None:
    done = _with_program(
        nightly,
        *(sys.executable, "-c", SHOW),
        IMDS_ENDPOINT="http://127.0.0.1:1",
        MSI_ENDPOINT="http://127.0.0.1:1",
        MSI_SECRET="x",
        IDENTITY_SERVER_THUMBPRINT="x",
        AZURE_FEDERATED_TOKEN_FILE="x",
        AZURE_TENANT_ID=nightly.app.tenant,
        HTTP_PROXY="http://127.0.0.1:1",
        NO_PROXY="corp.example",
        no_proxy=None,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown.pop("IDENTITY_ENDPOINT").startswith("http://127.0.0.1:")
    assert len(shown.pop("IDENTITY_HEADER")) == 43
    assert shown == {
        "AZURE_TENANT_ID": nightly.app.tenant,
        "NO_PROXY": "corp.example,127.0.0.1",
        "no_proxy": "corp.example,127.0.0.1",
    }
    assert SECRET not in done.stdout + done.stderr


def test_no_process_shows_the_secret_in_its_arguments(nightly: Nightly) -> None:
    look = (
        "import os; print(os.popen('ps -eww -o args').read().count(os.environ['IDENTITY_HEADER']))"
    )
    done = _with_program(nightly, sys.executable, "-c", look)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


@pytest.mark.parametrize("code", [0, 3, 77])
def test_it_ends_with_the_program_and_its_exit_code(nightly: Nightly, code: int) -> None:
    done = _with_program(nightly, sys.executable, "-c", f"raise SystemExit({code})")
    assert done.returncode == code
    assert "Tokens given: 0. Requests refused: 0." in done.stderr


@needs.python("azure.identity", pypi="azure-identity", group="interop")
def test_azures_library_takes_a_token_in_the_program_past_a_proxy_that_is_set(
    nightly: Nightly,
) -> None:
    script = (
        "from azure.identity import DefaultAzureCredential\n"
        "with DefaultAzureCredential() as found:\n"
        f"    print(found.get_token('{VAULT}/.default').token)\n"
    )
    proxy = "http://127.0.0.1:1"
    direct = {"NO_PROXY": "localhost", "no_proxy": None}
    done = _with_program(nightly, sys.executable, "-c", script, HTTP_PROXY=proxy, **direct)
    assert of_the_app(done.stdout), done.stderr
    assert f"Token 1 was given: {VAULT}." in done.stderr


FILE = ("--env-file", "x")
TO = ("--audience", VAULT, *FILE)


@pytest.mark.parametrize(
    ("arguments", "what", "advice"),
    [
        (FILE, "No audience was named", "--audience https://vault.azure.net"),
        (("--audience", VAULT), "Nobody would be told the secret.", "--env-file FILE"),
        (("--audience", "arm", *FILE), "exactly as it is written", "https://management.azure.com"),
        (("--audience", f"{VAULT}/.default", *FILE), "without a permission", f"--audience {VAULT}"),
        ((*TO, "--listen", "0.0.0.0"), "every address", "the one address"),
        ((*TO, "--listen", "::"), "every address", "the one address"),
        ((*TO, "--listen", "localhost"), "not an IP address", "127.0.0.1"),
    ],
)
def test_nothing_is_served_that_was_not_named(
    arguments: tuple[str, ...], what: str, advice: str
) -> None:
    ran = call("serve", "identity", *arguments)
    said = error_of(ran)
    assert ran.code == 2
    assert what in said[0]
    assert advice in said[1]


def test_an_address_that_this_machine_does_not_have_is_an_error(
    nightly: Nightly, tmp_path: Path
) -> None:
    file = tmp_path / "identity.env"
    ran = call(*_options(nightly), "--env-file", str(file), "--listen", "192.0.2.1")
    assert (ran.code, file.exists()) == (8, False)
    assert "192.0.2.1" in error_of(ran)[0]


def test_a_proof_that_the_authority_turns_down_is_an_error_before_anything_is_served(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another")
    file = tmp_path / "identity.env"
    ran = call(*_options(nightly), "--env-file", str(file))
    assert (ran.code, file.exists()) == (3, False)
    assert "AADSTS7000215" in ran.err


@pytest.mark.parametrize(
    "content", ["", "KEY=1\n", "IDENTITY_ENDPOINT=x\nKEY=1\n", "IDENTITY_ENDPOINT=x\n"]
)
def test_a_file_of_something_else_is_not_overwritten(
    nightly: Nightly, tmp_path: Path, content: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(content)
    ran = call(*_options(nightly), "--env-file", str(file))
    assert (ran.code, file.read_text()) == (8, content)


@needs.posix
def test_a_link_a_folder_and_a_folder_that_is_not_there_are_refused(
    nightly: Nightly, tmp_path: Path
) -> None:
    (tmp_path / "real").write_text("IDENTITY_ENDPOINT=x\nIDENTITY_HEADER=y\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("link", ".", "none/file"):
        ran = call(*_options(nightly), "--env-file", str(tmp_path / name))
        assert ran.code == 8
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_what_an_earlier_run_left_is_replaced(nightly: Nightly, tmp_path: Path) -> None:
    """A container that was killed could not remove its file."""
    file = tmp_path / "identity.env"
    file.write_text("IDENTITY_ENDPOINT=x\nIDENTITY_HEADER=y\n")
    with Running(*_options(nightly), "--env-file", str(file)) as running:
        running.wait_for("Stop: Ctrl-C.")
        _wait_until_there(file, without="IDENTITY_HEADER=y")
        assert _ask(_variables(file), VAULT).status_code == 200
        running.signal(signal.SIGTERM)
        assert running.finish().code == 143
    assert not file.exists()


@pytest.fixture
def person() -> Iterator[AtHand]:
    with at_hand.at_hand(FileStore.standard(os.environ)) as ours:
        yield ours


def test_a_persons_token_is_served_only_where_that_is_said_and_on_this_machine(
    person: AtHand, tmp_path: Path
) -> None:
    databricks = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
    file = tmp_path / "identity.env"
    served = ("serve", "identity", *person.options, "--audience", databricks)
    options = (*served, "--env-file", str(file))
    ran = call(*options)
    assert (ran.code, "--delegate-my-token" in error_of(ran)[1]) == (2, True)
    ran = call(*options, "--delegate-my-token", "--listen", "192.0.2.1")
    assert (ran.code, "on this machine only" in error_of(ran)[0]) == (5, True)
    with Running(*options, "--delegate-my-token") as running:
        running.wait_for("They are a person's")
        _wait_until_there(file)
        answer = _ask(_variables(file), databricks).json()
        assert decode(answer["access_token"]).claims["upn"] == at_hand.ALICE
        running.signal(signal.SIGINT)
        running.finish()
