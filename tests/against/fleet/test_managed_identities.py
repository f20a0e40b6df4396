"""Our requests for managed identities beside azure-identity's and msal's, and at real addresses."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from entra_oauth.practice.directory.workloads import identity_path
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest
from kit import needs
from kit.command_line import call, environment
from kit.foreign.programs import CLIENTS, Cloud, cloud
from kit.processes import namespaces
from kit.processes.namespaces import Namespace, on_machine_of_arc

pytestmark = [pytest.mark.against, *namespaces.NEEDED]

SYSTEM = "1de27000-0000-4000-8000-000000000009"
USERS = "1de27000-0000-4000-8000-00000000000a"
PATH = identity_path("practice-identity")
VAULT = "https://vault.azure.net"
SCOPE = f"{VAULT}/.default"
OURS = (sys.executable, "-P", "-m", "entra_oauth")
THEIRS = (sys.executable, str(CLIENTS / "use_workload_identity.py"))
IMDS = "169.254.169.254"

azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
msal = needs.python("msal", group="interop")


@pytest.fixture(scope="module")
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def _asked(clouds: Cloud, source: str, folder: Path, *command: str) -> list[HttpRequest]:
    """The requests of a program that runs at such a place."""
    before = len(clouds.tenant.log)
    arc = f"{clouds.base_url}/arc"
    more = {
        "IDENTITY_ENDPOINT": f"{arc}/metadata/identity/oauth2/token",
        "IMDS_ENDPOINT": arc,
        "ARC_KEY": clouds.tenant._context.secrets.of("arc"),
    }
    done = subprocess.run(
        on_machine_of_arc(*command) if source == "arc" else command,
        env={
            **clouds.environ,
            **(more if source == "arc" else clouds.at(source)),
            "XDG_STATE_HOME": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [request for request, _ in clouds.tenant.log[before:]]


def _target(request: HttpRequest) -> tuple[str, str, dict[str, str]]:
    """Method, path and query, by value."""
    pairs = parse_qsl(urlsplit(request.url).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return request.method, request.path, dict(pairs)


def _names(request: HttpRequest) -> set[str]:
    return {name.lower() for name, _ in request.headers}


_OF_A_LIBRARY = {"accept-encoding", "connection"}
_OF_MSAL = {"x-client-sku", "x-client-ver", "x-ms-client-request-id"}
MORE = {
    ("imds", "msal"): _OF_A_LIBRARY | _OF_MSAL,
    ("imds", "managed"): _OF_A_LIBRARY | _OF_MSAL,
    ("app-service", "msal"): _OF_A_LIBRARY | {"metadata"},
    ("app-service", "managed"): _OF_A_LIBRARY | {"metadata", "x-ms-client-request-id"},
    ("arc", "msal"): _OF_A_LIBRARY,
    ("arc", "managed"): _OF_A_LIBRARY | {"x-ms-client-request-id"},
}
"""The headers that the libraries send and we do not. Of ours they lack none."""


@pytest.mark.parametrize(
    "way", [pytest.param("managed", marks=azure), pytest.param("msal", marks=msal)]
)
@pytest.mark.parametrize("source", ["imds", "app-service", "arc"])
@pytest.mark.parametrize("named", [None, USERS])
def test_our_requests_are_those_of_the_libraries_but_for_headers_that_are_listed(
    way: str, source: str, named: str | None, clouds: Cloud, tmp_path: Path
) -> None:
    theirs = _asked(clouds, source, tmp_path, *THEIRS, way, SCOPE, *([named] if named else []))
    option = ("--managed-identity-id", f"client-id={named}") if named else ()
    command = (*OURS, "token", "--managed-identity-source", source, "--scope", SCOPE, *option)
    ours = _asked(clouds, source, tmp_path, *command)
    assert [_target(each) for each in ours] == [_target(each) for each in theirs]
    if way == "msal":  # byte for byte; azure-identity leaves : and / as they are
        assert [each.url for each in ours] == [each.url for each in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert _names(other) - _names(one) == MORE[source, way]
        assert _names(one) <= _names(other)
        for name in ("metadata", "x-identity-header", "authorization"):
            if one.header(name) is not None:
                assert one.header(name) == other.header(name)


@azure
@pytest.mark.parametrize("source", ["imds", "app-service"])
def test_a_resource_id_has_the_name_that_the_service_knows(
    source: str, clouds: Cloud, tmp_path: Path
) -> None:
    (theirs,) = _asked(clouds, source, tmp_path, *THEIRS, "managed-by-path", SCOPE, PATH)
    option = ("--managed-identity-id", f"resource-id={PATH}")
    command = (*OURS, "token", "--managed-identity-source", source, "--scope", SCOPE, *option)
    (ours,) = _asked(clouds, source, tmp_path, *command)
    assert _target(ours)[2] == _target(theirs)[2]


HUNDRED = """\
import subprocess, sys
children = [subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True)
            for _ in range(int(sys.argv[1]))]
answers = [child.communicate()[0] for child in children]
sys.exit(0 if len(set(answers)) == 1 and answers[0].startswith("ey") else 1)
"""


def test_a_hundred_processes_beside_the_agent_of_arc_ask_once(
    clouds: Cloud, tmp_path: Path
) -> None:
    command = (*OURS, "token", "--managed-identity-source", "arc")
    at_once = (sys.executable, "-c", HUNDRED)
    assert len(_asked(clouds, "arc", tmp_path, *at_once, "100", *command)) == 2


def test_a_recording_of_the_agent_of_arc_holds_no_key(clouds: Cloud, tmp_path: Path) -> None:
    command = (*OURS, "token", "--managed-identity-source", "arc", "--record")
    assert len(_asked(clouds, "arc", tmp_path, *command, str(tmp_path / "rec"))) == 2
    written = b"".join(path.read_bytes() for path in (tmp_path / "rec").iterdir())
    assert b"Basic realm=/var/opt/azcmagent/tokens/practice.key" in written
    assert b"Authorization: Basic" in written
    assert clouds.tenant._context.secrets.of("arc").encode() not in written
    judged = call("audit", "lint", str(tmp_path / "rec"), "-o", "json")
    assert json.loads(judged.out)["findings"] == []


# ---- at its real address ------------------------------------------------------------------------


@contextmanager
def _metadata_at(there: Namespace, address: str) -> Iterator[list[str]]:
    """The lines that a practice tenant prints at port 80 of that address, read at the end."""
    script = str(Path(__file__).with_name("serve_metadata.py"))
    lines: list[str] = []
    with there.running(sys.executable, script, address, "80", stdout=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield lines
        process.terminate()
        lines += process.stdout.read().splitlines()


@pytest.fixture
def machine() -> Iterator[tuple[Namespace, Namespace]]:
    """A program's namespace, and beyond its cable the one where the service is, or is not."""
    with namespaces.pair() as (here, there):
        here.set_up(f"ip route add {IMDS}/32 via {there.address}")
        yield here, there


def _environment(folder: Path) -> dict[str, str]:
    nobody = "http://10.7.0.9:3128"
    return environment(
        XDG_STATE_HOME=str(folder), http_proxy=nobody, HTTP_PROXY=nobody, ALL_PROXY=nobody
    )


def test_the_metadata_service_is_asked_at_its_real_address_and_past_every_proxy(
    machine: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    here, there = machine
    there.set_up(f"ip addr add {IMDS}/32 dev cable1")
    command = (*OURS, "token", "--managed-identity-source", "imds", "--scope", SCOPE)
    with _metadata_at(there, IMDS) as lines:
        first = here.run(*command, env=_environment(tmp_path))
        again = here.run(*command, env=_environment(tmp_path))
        told = here.run(*OURS, "doctor", "--imds", "--json", env=_environment(tmp_path))
    assert first.returncode == 0, first.stderr
    claims = decode(first.stdout).claims
    assert (claims["aud"], claims["appid"]) == (VAULT, SYSTEM)
    assert again.stdout == first.stdout
    query = "api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net"
    path = "/metadata/identity/oauth2/token"
    assert lines == [
        f"{path} {query} accept host metadata user-agent",
        f"{path} api-version=2018-02-01 accept host user-agent",
    ]
    assert "It answers as a virtual machine's does." in told.stdout


def test_where_nothing_answers_at_all_it_is_said_within_seconds(
    machine: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    here, _ = machine  # what is sent is dropped without a word: the other one passes nothing on
    begun = time.monotonic()
    command = (*OURS, "token", "--managed-identity-source", "imds")
    ran = here.run(*command, env=_environment(tmp_path))
    assert ran.returncode == 6
    assert "this machine is no virtual machine of Azure's" in ran.stderr
    assert "Next: " in ran.stderr
    assert 2.5 < time.monotonic() - begun < 15


def test_where_the_way_is_closed_it_is_said_at_once(
    machine: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    here, there = machine
    there.set_up(f"ip addr add {IMDS}/32 dev cable1")  # and nobody listens
    begun = time.monotonic()
    command = (*OURS, "token", "--managed-identity-source", "imds")
    ran = here.run(*command, env=_environment(tmp_path))
    assert ran.returncode == 6
    assert "this machine is no virtual machine of Azure's" in ran.stderr
    assert time.monotonic() - begun < 10


def test_a_program_that_is_run_at_a_place_with_an_agent_gets_its_token(tmp_path: Path) -> None:
    inner = (*OURS, "token", "--managed-identity-source", "arc")
    outer = (*OURS, "practice", "run", "--workload", "arc", "--", *inner)
    done = subprocess.run(
        on_machine_of_arc(*outer),
        env=environment(XDG_STATE_HOME=str(tmp_path), ARC_KEY="another"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert decode(done.stdout).claims["appid"] == SYSTEM
