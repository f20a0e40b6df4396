"""Unmodified libraries take tokens from `serve identity` in another network namespace.

One namespace has the practice tenant and the service, the other one the programs; between them
is a cable. Strangers are there too, and get nothing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from entra_oauth.adapters.identity_service import IdentityService
from entra_oauth.cache.account import APP_ONLY, CachedToken
from entra_oauth.cache.token_source import Found
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries, needs
from kit.command_line import environment
from kit.foreign.chromium import Page
from kit.foreign.programs import CLIENTS, DAEMON, SECRET, WORKSPACE
from kit.processes import namespaces
from kit.processes.namespaces import Namespace

pytestmark = [pytest.mark.against, *namespaces.NEEDED]

VAULT = "https://vault.azure.net"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
TOKEN = canaries.ACCESS_TOKEN
OURS = (sys.executable, "-P", "-m", "entra_oauth")
SCRIPT = str(CLIENTS / "use_workload_identity.py")
_PATIENCE_S = 180.0

azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
msal = needs.python("msal", group="interop")
databricks = needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")


@dataclass(frozen=True)
class Fleet:
    """The two namespaces, and what a program in the second one is told."""

    here: Namespace
    there: Namespace
    variables: dict[str, str]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    file = folder / "identity.env"
    home = environment(HOME=str(folder), XDG_STATE_HOME=str(folder), AZURE_CLIENT_SECRET=SECRET)
    with ExitStack() as opened:
        here, there = opened.enter_context(namespaces.pair())
        tenant = here.running(*OURS, "practice", "serve", "--port", "8400", env=home)
        process = opened.enter_context(tenant)
        assert process.stderr is not None
        while "8400" not in process.stderr.readline():
            assert process.poll() is None
        ids = ("--tenant", ARTICLE_TENANT_ID, "--client-id", DAEMON)
        served = opened.enter_context(
            here.running(
                *OURS,
                *("serve", "identity", "--authority-host", "http://localhost:8400", *ids),
                *("--flow", "client-credentials"),
                *("--audience", VAULT, "--audience", DATABRICKS),
                *("--listen", here.address, "--env-file", str(file)),
                env=home,
            )
        )
        until = time.monotonic() + _PATIENCE_S
        while not file.exists():
            assert served.poll() is None, served.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.01)
        lines = file.read_text(encoding="ascii").splitlines()
        yield Fleet(here, there, dict(line.split("=", 1) for line in lines))


@pytest.mark.parametrize("scope", [f"{VAULT}/.default", f"{DATABRICKS}/.default"])
@pytest.mark.parametrize("named", [(), (DAEMON,)])
@pytest.mark.parametrize(
    "way",
    [
        pytest.param("managed", marks=azure),
        pytest.param("default", marks=azure),
        pytest.param("msal", marks=msal),
    ],
)
def test_a_library_takes_a_token_over_the_cable(
    way: str, named: tuple[str, ...], scope: str, fleet: Fleet
) -> None:
    done = fleet.there.run(
        sys.executable, SCRIPT, way, scope, *named, env=environment(**fleet.variables)
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["app"], answer["aud"]) == (DAEMON, scope.removesuffix("/.default"))
    assert 3000 < answer["expires_in"] <= 3600


@databricks
@azure
def test_the_sdk_of_databricks_takes_one_by_azures_library(fleet: Fleet) -> None:
    """Its Python edition has no way of its own to a managed identity (0.162)."""
    script, host = str(Path(__file__).with_name("use_databricks_identity.py")), WORKSPACE
    env = environment(**fleet.variables)
    done = fleet.there.run(sys.executable, script, host, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"app": DAEMON, "aud": DATABRICKS}


# ---- strangers -----------------------------------------------------------------------------

GOOD = f"/msi/token?api-version=2019-08-01&resource={VAULT}"
OTHER = "/msi/token?api-version=2019-08-01&resource=https://graph.microsoft.com"
RIGHT = "X-IDENTITY-HEADER: {secret}"

STRANGERS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "no secret": (GOOD, (), 401),
    "a wrong secret": (GOOD, ("X-IDENTITY-HEADER: guess",), 401),
    "an audience that is not on the list": (OTHER, (RIGHT,), 400),
    "a rebinding name": (GOOD, (RIGHT, "Host: rebind.evil.example"), 403),
    "a page of a browser": (GOOD, (RIGHT, "Origin: https://evil.example"), 403),
    "a guest of a proxy": (GOOD, (RIGHT, "X-Forwarded-For: 10.0.0.9"), 403),
    "a request that is too large": (GOOD, (RIGHT, f"X-Long: {'x' * 70_000}"), 431),
}


@needs.curl
@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_on_the_cable_gets_nothing(stranger: str, fleet: Fleet) -> None:
    path, headers, status = STRANGERS[stranger]
    secret = fleet.variables["IDENTITY_HEADER"]
    origin = fleet.variables["IDENTITY_ENDPOINT"].removesuffix("/msi/token")
    options = [word for each in headers for word in ("-H", each.format(secret=secret))]
    shown = ("-w", "%{http_code}", f"{origin}{path}")
    done = fleet.there.run("curl", "-sS", *options, *shown, env=environment())
    assert done.stdout.endswith(str(status)), done.stderr
    assert "access_token" not in done.stdout


@needs.curl
def test_a_slow_stranger_is_cut_and_holds_up_nobody(fleet: Fleet) -> None:
    slow = (
        "import socket, sys, time\n"
        "with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30) as sock:\n"
        "    began = time.monotonic()\n"
        "    for letter in b'GET /msi/token HTTP/1.1':\n"
        "        sock.sendall(bytes([letter]))\n"
        "        time.sleep(0.02)\n"
        "    print('asking', flush=True)\n"
        "    answer = sock.recv(100)\n"
        "print(answer.split()[1].decode(), int(time.monotonic() - began))\n"
    )
    host, _, port = fleet.variables["IDENTITY_ENDPOINT"].split("/")[2].partition(":")
    command = (sys.executable, "-c", slow, host, port)
    with fleet.there.running(*command, env=environment(), stdout=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        secret = f"X-IDENTITY-HEADER: {fleet.variables['IDENTITY_HEADER']}"
        address = f"http://{host}:{port}{GOOD}"
        done = fleet.there.run("curl", "-sS", "-m", "3", "-H", secret, address, env=environment())
        assert json.loads(done.stdout)["client_id"] == DAEMON, done.stderr
        status, seconds = process.communicate(timeout=_PATIENCE_S)[0].split()
    assert status == "408"
    assert int(seconds) < 15


# ---- a browser on the machine of the service -------------------------------------------------

_ASK = """
(async () => {
    try {
        const answer = await fetch(%(url)s, %(options)s);
        return answer.status + " " + await answer.text();
    } catch (error) {
        return "refused by the browser";
    }
})()
"""


@needs.chromium
def test_a_page_in_a_browser_gets_nothing_though_it_knows_the_secret(page: Page) -> None:
    """A page of another origin, and one whose own name was made to lead to the service."""
    found = CachedToken(text=TOKEN, expires_on=4_000_000_000, arrived_at=0, arrived_on_clock=0)
    service = IdentityService(
        lambda audience: Found(token=found, account=APP_ONLY, scopes="", source="cache"),
        client_id=DAEMON,
        audiences=(VAULT,),
        say=lambda line: None,
    )
    with service, LoopbackHost(lambda request: HttpResponse(status=200)) as evil:
        secret = service.environment["IDENTITY_HEADER"]
        place = service.environment["IDENTITY_ENDPOINT"].split("/")[2]
        port = place.partition(":")[2]
        knowing = json.dumps({"headers": {"X-IDENTITY-HEADER": secret}})
        tries = [(f"http://localhost:{evil.port}/", f"http://{place}{GOOD}")]
        # `localhost` leads to the service as a rebinding name would: the page's own origin.
        tries += [(f"http://{name}:{port}/", GOOD) for name in ("localhost", "127.0.0.1")]
        for origin, url in tries:
            page.open(origin)
            for options in (knowing, "{}", '{"mode": "no-cors"}', '{"method": "POST"}'):
                seen = page.evaluate(_ASK % {"url": json.dumps(url), "options": options})
                assert seen.split()[0] in ("401", "403", "0", "refused"), (origin, options, seen)
                assert TOKEN not in seen
        page.open(f"http://{place}{GOOD}")
        assert TOKEN not in str(page.evaluate("document.documentElement?.outerHTML ?? ''"))
        assert service.counts[0] == 0
