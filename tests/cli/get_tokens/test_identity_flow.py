"""A managed identity's tokens on the command line: no login, one request, and plain errors."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from entra_oauth.cache.account import APP_ONLY, Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.identity_asker import IdentityAsker
from entra_oauth.channels.base import Channels
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.workloads import identity_path
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.workload.variables import Workload, workload_variables
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.jwt import decode
from kit import needs
from kit.challenging import Api
from kit.command_line import Ran, Running, call, error_of
from kit.practice import SCOPE
from kit.servers.raw_server import Peer, RawServer, answering, silent

SYSTEM = "1de27000-0000-4000-8000-000000000009"
USERS = "1de27000-0000-4000-8000-00000000000a"
SOURCES = ("imds", "app-service")
HOST = "AZURE_POD_IDENTITY_AUTHORITY_HOST"


@dataclass
class Machine:
    """A place with both services, at a practice tenant."""

    tenant: PracticeTenant
    base: str

    @property
    def at(self) -> tuple[str, ...]:
        return ("--authority-host", self.base)

    def token(self, source: str, *more: str) -> Ran:
        return call("token", *self.at, "--managed-identity-source", source, *more)

    @property
    def asked(self) -> list[str]:
        """The queries that came to either service."""
        return [request.query for request, _ in self.tenant.log if "/token" in request.url]

    def asker(self, source: str) -> IdentityAsker:
        def none() -> Channels:
            raise AssertionError

        identity = MachineIdentity.of(source, None, os.environ)
        authority = Authority(self.base, "organizations")
        return IdentityAsker(identity=identity, authority=authority, channels=none)  # type: ignore[arg-type]

    def let_it_expire(self, source: str) -> None:
        store, app = FileStore.standard(os.environ), self.asker(source).app
        token = store.access_token(app, APP_ONLY, SCOPE)
        assert token is not None
        old = replace(token, expires_on=int(time.time()) - 5, arrived_at=token.arrived_at - 90_000)
        store.save_token(app, APP_ONLY, SCOPE, old)
        self.tenant.advance(60)


@pytest.fixture
def machine(no_terminal: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted:
        base = hosted.base_url
        for workload in (Workload.IMDS, Workload.APP_SERVICE):
            variables = workload_variables(
                tenant._context, workload, base_url=base, authority_url=base, folder=""
            )
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
        yield Machine(tenant, base)


def app_of(text: str) -> str:
    return str(decode(text.strip()).claims["appid"])


# ---- asking, and once ---------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_a_token_needs_no_login_and_is_kept(source: str, machine: Machine) -> None:
    ran = machine.token(source)
    assert ran.code == 0, ran.err
    assert app_of(ran.out) == SYSTEM
    assert machine.token(source).out == ran.out
    assert len(machine.asked) == 1
    shown = json.loads(machine.token(source, "-o", "json").out)
    assert (shown["username"], shown["tenant_id"]) == (None, None)
    assert (shown["client_id"], shown["source"]) == (f"{source} system-assigned", "cache")
    anew = json.loads(machine.token(source, "-o", "json", "--force-refresh").out)
    assert anew["source"] == "managed_identity"
    assert len(machine.asked) == 2


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("named", [f"client-id={USERS}", f"resource-id={identity_path('x')}"])
def test_each_identity_source_and_resource_has_a_token_of_its_own(
    source: str, named: str, machine: Machine
) -> None:
    named = named.replace("/x", "/practice-identity")
    ways = [("--managed-identity-id", named), (), ("--scope", "arm")]
    found = [machine.token(source, *way).out for way in ways]
    assert [app_of(each) for each in found] == [USERS, SYSTEM, SYSTEM]
    other = next(each for each in SOURCES if each != source)
    assert app_of(machine.token(other).out) == SYSTEM
    assert len(machine.asked) == 4
    assert [machine.token(source, *way).out for way in ways] == found
    assert len(machine.asked) == 4


def test_an_identity_is_named_by_its_object_id_too(machine: Machine) -> None:
    oid = decode(machine.token("imds", "--managed-identity-id", f"client-id={USERS}").out).claims
    for source in SOURCES:
        ran = machine.token(source, "--managed-identity-id", f"object-id={oid['oid']}")
        assert app_of(ran.out) == USERS, ran.err


def test_what_is_kept_is_no_sign_in(machine: Machine) -> None:
    machine.token("imds")
    assert FileStore.standard(os.environ).accounts() == []
    ran = call("token", *machine.at)
    assert ran.code == 2
    assert "No tenant was given" in ran.err
    ran = call("logout", "--all")
    assert (ran.code, ran.err) == (0, "Forgotten: 0 accounts, and every token without one.\n")
    machine.token("imds")
    assert len(machine.asked) == 2


def _at_once(machine: Machine, source: str, number: int) -> set[str]:
    assert machine.token(source).code == 0
    machine.let_it_expire(source)
    command = [sys.executable, "-P", "-m", "entra_oauth", "token", *machine.at]
    children = [
        subprocess.Popen(
            [*command, "--managed-identity-source", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(number)
    ]
    return {child.communicate(timeout=200)[0] for child in children}


def _kept(machine: Machine, source: str) -> str:
    app = machine.asker(source).app
    found = FileStore.standard(os.environ).access_token(app, APP_ONLY, SCOPE)
    assert found is not None
    return found.text


@pytest.mark.parametrize("source", SOURCES)
def test_ten_processes_with_one_expired_token_of_an_identity_ask_once(
    source: str, machine: Machine
) -> None:
    assert _at_once(machine, source, 10) == {f"{_kept(machine, source)}\n"}
    assert len(machine.asked) == 2


@pytest.mark.parametrize("source", SOURCES)
def test_a_hundred_processes_with_one_expired_token_of_an_identity_ask_once(
    source: str, machine: Machine
) -> None:
    assert _at_once(machine, source, 100) == {f"{_kept(machine, source)}\n"}
    assert len(machine.asked) == 2


def test_a_token_that_still_lasts_is_used_while_the_service_is_busy(machine: Machine) -> None:
    first = machine.token("imds").out
    machine.tenant.faults.add("workload status=400")
    ran = machine.token("imds", "--min-validity", "90000")
    assert ran.out == first
    assert "could not be renewed" in ran.err


# ---- handing it on ------------------------------------------------------------------------------


@needs.posix
def test_a_program_that_runs_is_not_given_the_secret_too(machine: Machine) -> None:
    show = 'echo "$DATABRICKS_TOKEN"; echo "$IDENTITY_HEADER$IDENTITY_ENDPOINT"'
    command = ("run", *machine.at, "--managed-identity-source", "app-service")
    with Running(*command, "--", "/bin/sh", "-c", show) as running:
        ran = running.finish()
    assert ran.code == 0, ran.err
    assert ran.out == f"{_kept(machine, 'app-service')}\n\n"
    assert "Not handed to the program: IDENTITY_ENDPOINT, IDENTITY_HEADER" in ran.err


@pytest.mark.parametrize("source", SOURCES)
def test_api_and_the_helpers_ask_as_the_identity(source: str, machine: Machine) -> None:
    at = (*machine.at, "--managed-identity-source", source)
    ran = call("api", *at, "GET", f"{machine.base}/api/2.0/clusters/list")
    assert ran.code == 0, ran.err
    assert SYSTEM in ran.out
    asked = call("credential", "az", *at, "--", "account", "get-access-token")
    assert json.loads(asked.out)["accessToken"] == _kept(machine, source)
    asked = call("credential", "az", *at, "--", "account", "get-access-token", "--tenant", "x")
    assert (asked.code, asked.out) == (5, "")
    assert "Let the program name no tenant" in error_of(asked)[1]
    asked = call("credential", "databricks-cli", *at, "--", "auth", "token")
    assert json.loads(asked.out)["access_token"] == _kept(machine, source)
    assert len(machine.asked) == 1


def test_a_claims_challenge_of_an_api_sends_nobody_to_a_login(machine: Machine) -> None:
    challenging = Api()
    with LoopbackHost(challenging.handle) as host:
        url = f"http://localhost:{host.port}/challenge"
        ran = call("api", *machine.at, "--managed-identity-source", "imds", "GET", url)
    assert ran.code == 1
    what, advice = error_of(ran)
    assert "claims challenge" in what
    assert "takes no claims" in advice
    assert len(challenging.seen) == 1
    assert len(machine.asked) == 1


def test_a_helper_that_is_installed_names_the_identity(machine: Machine, tmp_path: Path) -> None:
    named = ("--managed-identity-source", "imds", "--managed-identity-id", f"client-id={USERS}")
    ran = call("credential", "az", *machine.at, *named, "--install", str(tmp_path))
    assert ran.code == 0, ran.err
    text = next(tmp_path.iterdir()).read_text()
    assert f"--managed-identity-source imds --managed-identity-id client-id={USERS}" in text
    assert "--tenant" not in text
    assert "--client-id" not in text


def test_serve_metadata_serves_the_identitys_token(machine: Machine) -> None:
    at = (*machine.at, "--managed-identity-source", "imds", "--workspace-url", machine.base)
    with Running("serve", "metadata", *at) as running:
        running.wait_for("Tokens are served")
        headers = {"X-Databricks-Metadata-Version": "1", "X-Databricks-Host": machine.base}
        answer = requests.get(running.line().strip(), headers=headers, timeout=10).json()
        running.signal(signal.SIGINT)
        assert running.finish().code == 130
    assert answer["access_token"] == _kept(machine, "imds")


def test_serve_identity_hands_the_identitys_token_to_our_own_program(machine: Machine) -> None:
    at = (*machine.at, "--managed-identity-source", "imds")
    ours = (sys.executable, "-P", "-m", "entra_oauth", "token", *machine.at, "--scope", "arm")
    served = ("--audience", "https://management.azure.com")
    asks = ("--managed-identity-source", "app-service")
    with Running("serve", "identity", *at, *served, "--", *ours, *asks) as running:
        ran = running.finish()
    assert ran.code == 0, ran.err
    assert decode(ran.out).claims["aud"] == "https://management.azure.com"
    assert "Tokens given: 1. Requests refused: 0." in ran.err
    named = (*asks, "--managed-identity-id", f"client-id={SYSTEM}")
    with Running("serve", "identity", *at, *served, "--", *ours, *named) as running:
        assert running.finish().code == 0
    other = (*asks, "--managed-identity-id", f"client-id={USERS}")
    with Running("serve", "identity", *at, *served, "--", *ours, *other) as running:
        assert "another identity was asked for" in running.finish().err


# ---- options that fit, and those that do not -----------------------------------------------------


def test_a_profile_and_variables_name_the_identity(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("ENTRA_OAUTH_FLOW", "managed-identity")
        patch.setenv("ENTRA_OAUTH_MANAGED_IDENTITY_SOURCE", "app-service")
        # What other programs are told of an app registration names no identity.
        patch.setenv("AZURE_TENANT_ID", "contoso.example")
        patch.setenv("AZURE_CLIENT_ID", USERS)
        assert app_of(call("token", *machine.at).out) == SYSTEM
    values = (
        "flow=managed-identity",
        "managed_identity_source=imds",
        f"managed_identity_id=client-id={USERS}",
        f"authority_host={machine.base}",
    )
    assert call("profile", "set", "vm", *values).code == 0
    ran = call("token", "-p", "vm")
    assert app_of(ran.out) == USERS, ran.err
    told = json.loads(call("status", "-p", "vm", "--json").out)
    assert told["asks"] == {"who": "managed identity", "from": "the profile vm"}
    assert call("profile", "set", "vm", f"client_id={USERS}").code == 0
    ran = call("token", "-p", "vm")
    assert (ran.code, "managed_identity_id=client-id=GUID" in ran.err) == (2, True)


def test_beside_an_identity_no_persons_sign_in_is_meant(machine: Machine) -> None:
    call("profile", "set", "vm", "flow=managed-identity", "managed_identity_source=imds")
    told = call("status", "-p", "vm").out
    assert told.endswith("  Nobody has signed in, and nobody has to.\n")
    ada = App("https://login.microsoftonline.com", "contoso.example", SYSTEM)
    token = CachedToken(text="t", expires_on=1, arrived_at=1, arrived_on_clock=1)
    store = FileStore.standard(os.environ)
    store.save(ada, Account(name="ada@example.test"), SCOPE, token, signed_in=True)
    told = json.loads(call("status", "-p", "vm", "--json").out)
    assert not {"tenant", "client_id", "account"} & {each["name"] for each in told["values"]}
    ran = call("logout", "-p", "vm")
    assert ran.code == 2
    assert "entra-oauth logout --all" in error_of(ran)[1]
    assert [each.name for _, each in store.accounts()] == ["ada@example.test"]
    named = ("--tenant", ada.tenant, "--client-id", ada.client_id)
    assert call("logout", "-p", "vm", *named).code == 0
    assert store.accounts() == []


WRONG = [
    (("--tenant", "contoso.example"), "--tenant has nothing to do"),
    (("--client-id", USERS), "--managed-identity-id client-id=GUID"),
    (("--account", "me"), "--account has nothing to do"),
    (("--claims", "{}"), "takes a claims challenge"),
    (("--cae",), "takes a claims challenge"),
    (("--correlation-id", USERS), "--correlation-id has nothing to do"),
    (("--client-secret-stdin",), "--client-secret-stdin has nothing to do"),
    (("--certificate", "x.pem"), "--certificate has nothing to do"),
    (("--federated-token-source", "env"), "--federated-token-source has nothing to do"),
    (("--redirect-uri", "http://localhost"), "--redirect-uri has nothing to do"),
    (("--no-browser",), "--no-browser has nothing to do"),
    (("--interactive",), "--interactive has nothing to do"),
    (("--scope", "https://x.example/read"), "for one resource"),
    (("--scope", "arm", "--scope", "graph"), "2 resources"),
    (("--managed-identity-id", USERS), "is not named as it must be"),
    (("--managed-identity-id", "client-id=me"), "client-id of the managed identity is no GUID"),
    (("--flow", "device-code"), "--managed-identity-source goes with --flow managed-identity"),
]


@pytest.mark.parametrize(("more", "said"), WRONG)
def test_what_means_nothing_to_an_identity_is_refused(
    more: tuple[str, ...], said: str, machine: Machine
) -> None:
    ran = machine.token("imds", *more)
    assert ran.code == 2
    assert said in " ".join(error_of(ran))
    assert machine.asked == []


def test_no_source_is_taken_that_is_not_named(machine: Machine) -> None:
    ran = call("token", *machine.at, "--flow", "managed-identity")
    assert ran.code == 2
    assert "imds, app-service, arc" in error_of(ran)[1]
    assert machine.asked == []


def test_login_says_that_none_is_needed(machine: Machine) -> None:
    source = ("--managed-identity-source", "imds")
    for more in (("--flow", "managed-identity"), source, ("--flow", "device-code", *source)):
        ran = call("login", *machine.at, *more)
        assert ran.code == 2
        assert "entra-oauth token --flow managed-identity" in error_of(ran)[1]


# ---- bad services --------------------------------------------------------------------------------

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>no</html>"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: %s/elsewhere\r\nContent-Length: 0\r\n\r\n"
HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("reply", "said", "code"),
    [
        (PAGE, "it is an HTML page", 6),
        (MOVED, "it is a redirect, which is not followed", 6),
        (HUGE, "more than 1,048,576 bytes", 6),
        (b"SSH-2.0-hello\r\n", "not HTTP", 6),
        (b"HTTP/1.1 429 No\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n", "Wait 900", 6),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "gave no token", 3),
    ],
)
def test_a_service_that_is_none_ends_in_one_plain_error(
    reply: bytes,
    said: str,
    code: int,
    source: str,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def play(peer: Peer) -> None:
        while peer.request():
            peer.send(reply.replace(b"%s", server.url.encode()))
            if not reply.startswith(b"HTTP"):
                return

    with RawServer(play) as server:
        monkeypatch.setenv(HOST, server.url)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
        ran = machine.token(source)
    assert ran.code == code, ran.err
    assert said in " ".join(error_of(ran))
    assert os.environ["IDENTITY_HEADER"] not in ran.both
    assert len(server.requests) == 1


@pytest.mark.parametrize("source", SOURCES)
def test_a_service_that_is_slow_ends_at_the_deadline(
    source: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(silent) as server:
        monkeypatch.setenv(HOST, server.url)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
        begun = time.monotonic()
        ran = machine.token(source, "--http-timeout", "1")
        assert time.monotonic() - begun < 10
    assert ran.code == 6
    assert "did not answer within 1 seconds" in error_of(ran)[0]


@pytest.mark.parametrize("source", [*SOURCES, "arc"])
def test_a_service_that_is_absent_is_said_to_be(
    source: str, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(silent) as server:
        nobody = server.url
    monkeypatch.setenv(HOST, nobody)
    monkeypatch.setenv("IDENTITY_ENDPOINT", nobody)
    ran = machine.token(source)
    assert ran.code == 6
    assert "answers at the address" in error_of(ran)[0]
    assert "entra-oauth doctor" in error_of(ran)[1]


def test_a_throttled_service_is_asked_again_and_it_is_said(machine: Machine) -> None:
    machine.tenant.faults.add("workload status=429 times=2")
    ran = machine.token("imds")
    assert ran.code == 0, ran.err
    assert "answered HTTP 429. Trying again in" in ran.err
    assert len(machine.asked) == 3


@pytest.mark.parametrize("source", SOURCES)
def test_no_proxy_is_asked(source: str, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(answering(PAGE)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert machine.token(source).code == 0
    assert proxy.requests == []


# ---- recorded ------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_a_recording_holds_no_secret_and_is_not_misjudged(
    source: str, machine: Machine, tmp_path: Path
) -> None:
    folder = tmp_path / "rec"
    ran = machine.token(source, "--record", str(folder))
    assert ran.code == 0, ran.err
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    signature = ran.out.strip().rpartition(".")[2].encode()
    for secret in (os.environ["IDENTITY_HEADER"].encode(), signature):
        assert secret not in written
    shown = call("audit", "show", str(folder))
    assert "Program to Authority managed-identity GET " in " ".join(shown.out.split())
    one = call("audit", "show", f"{folder}#1")
    assert "Ask the machine for its identity's token" in one.out
    judged = json.loads(call("audit", "lint", str(folder), "-o", "json").out)
    assert judged["findings"] == []
    report = call("audit", "export", str(folder), "--as", "html").out
    assert "A managed identity" in report
    assert "which API the token is for" in report
    assert "A sign-in" not in report


def test_a_secret_that_the_service_repeats_is_in_no_file_and_no_line(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = os.environ["IDENTITY_HEADER"]
    said = json.dumps({"statusCode": 400, "message": f"No app has {secret}, or {secret[::-1]}"})
    head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    reply = f"{head}Content-Length: {len(said)}\r\n\r\n{said}".encode()
    with RawServer(answering(reply)) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
        ran = machine.token("app-service", "--record", str(tmp_path / "rec"))
    assert ran.code == 3
    # A dash at an end of it is no part of what is hidden backwards.
    assert re.search(r"No app has <hidden>, or [_-]*<hidden>[_-]*\.", ran.err)
    assert secret[::-1] not in ran.both
    written = b"".join(path.read_bytes() for path in (tmp_path / "rec").iterdir())
    assert b"No app has" in written
    assert secret.encode() not in written + ran.both.encode()


@pytest.mark.parametrize("status", [b"400 No", b"401 No", b"500 No"])
def test_where_a_secret_was_sent_no_words_of_another_form_than_the_services_are_shown(
    status: bytes, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = os.environ["IDENTITY_HEADER"].translate(str.maketrans("0123456789", "9876543210"))
    said = f"You sent, in digits of my own: {secret}".encode()
    head = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    with RawServer(answering(head % (status, len(said)) + said)) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
        ran = machine.token("app-service", "--http-timeout", "1")
    assert ran.code in (3, 6)
    assert "You sent" not in ran.both
