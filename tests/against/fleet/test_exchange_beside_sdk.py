"""databricks-sdk's own exchange beside ours: the same form to the byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from entra_oauth.channels.base import Channels, NoFront
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.flows.exchange_at_workspace import exchange_token
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.workload.variables import Workload, workload_variables
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest
from kit import needs
from kit.command_line import Running, call
from kit.foreign.programs import WORKSPACE, cloud
from kit.practice import DAEMON, Kit

pytestmark = [
    pytest.mark.against,
    needs.python("databricks.sdk", pypi="databricks-sdk", group="interop"),
]

_SDK = """
import sys
from databricks.sdk.core import Config

base, client_id = sys.argv[1:]
config = Config(host=base, auth_type="env-oidc", client_id=client_id or None)
assert config.authenticate()["Authorization"].startswith("Bearer ")
"""
DIFFERING_HEADERS = {
    "user-agent": "ours names this tool, theirs its HTTP library",
    "accept": "ours is application/json, theirs */*",
    "accept-encoding": "theirs alone: gzip, deflate",
    "connection": "theirs alone: keep-alive",
}


@pytest.fixture
def served() -> Iterator[tuple[PracticeTenant, str]]:
    tenant = PracticeTenant()
    with serve(tenant, tls=False) as hosted:
        yield tenant, hosted.base_url


def _by_sdk(base: str, token: str, client_id: str | None) -> None:
    more = {"DATABRICKS_OIDC_TOKEN": token, "DATABRICKS_CONFIG_FILE": os.devnull}
    command = [sys.executable, "-I", "-c", _SDK, base, client_id or ""]
    subprocess.run(command, check=True, env={**os.environ, **more}, timeout=300)


def _by_us(base: str, token: str, client_id: str | None) -> None:
    target = ExchangeTarget.of(base, client_id=client_id)
    with RequestsBack() as back:
        channels = Channels(front=NoFront(), back=back)
        exchange_token(token, target, Authority(base, ARTICLE_TENANT_ID), channels)


def _exchanges(tenant: PracticeTenant) -> list[HttpRequest]:
    return [request for request, _ in tenant.log if request.url.endswith("/oidc/v1/token")]


@pytest.mark.parametrize("client_id", [DAEMON, None])
def test_both_send_the_same_form_to_the_same_address(
    client_id: str | None, served: tuple[PracticeTenant, str]
) -> None:
    tenant, base = served
    if client_id is None:
        token = Kit(tenant).tokens()["access_token"]
    else:
        token = tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT)
    _by_sdk(base, token, client_id)
    _by_us(base, token, client_id)
    theirs, ours = _exchanges(tenant)
    assert ours.body == theirs.body
    assert (ours.method, ours.url) == (theirs.method, theirs.url)
    assert _differing(ours, theirs) == set(DIFFERING_HEADERS), (ours.headers, theirs.headers)


def _differing(ours: HttpRequest, theirs: HttpRequest) -> set[str]:
    """The headers that are not the same, or that one of the two does not send."""
    one, other = ({n.lower(): v for n, v in each.headers} for each in (ours, theirs))
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


JOBS = {"github-oidc": Workload.GITHUB, "azure-devops-oidc": Workload.AZURE_DEVOPS}
_BY_JOB = """
import sys
from databricks.sdk.core import Config

base, auth_type, client_id = sys.argv[1:]
config = Config(host=base, auth_type=auth_type, client_id=client_id)
assert config.authenticate()["Authorization"].startswith("Bearer ")
"""


@pytest.mark.parametrize("auth_type", JOBS)
def test_a_jobs_token_goes_the_same_way_by_both(
    auth_type: str, served: tuple[PracticeTenant, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, base = served
    found = workload_variables(
        tenant._context, JOBS[auth_type], base_url=base, authority_url=base, folder=""
    )
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("DATABRICKS_ACCOUNT_ID", DATABRICKS_ACCOUNT)
    command = [sys.executable, "-I", "-c", _BY_JOB, base, auth_type, DAEMON]
    subprocess.run(command, check=True, timeout=300)
    place = ("--workspace-url", base, "--authority-host", base, "--exchange-client-id", DAEMON)
    source = ("--federated-token-source", JOBS[auth_type].value)
    ran = call("token", "--exchange", "databricks", "--subject-token", "federated", *place, *source)
    assert ran.code == 0, ran.err
    theirs, ours = (parse_qsl(request.body.decode()) for request in _exchanges(tenant))
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    # Each had a token of its own, about the same job and for the same audience.
    (one, other) = (dict(fields).pop("subject_token") for fields in (theirs, ours))
    assert one != other
    claims = [decode(token).claims for token in (one, other)]
    for name in ("iss", "sub", "aud"):
        assert claims[0][name] == claims[1][name]
    for fields in (theirs, ours):
        fields[:] = [(name, value) for name, value in fields if name != "subject_token"]
    assert ours == theirs


_AT_ACCOUNT = """
import sys
from databricks.sdk.core import Config

host, account_id, client_id = sys.argv[1:]
config = Config(host=host, account_id=account_id, auth_type="env-oidc", client_id=client_id)
assert config.authenticate()["Authorization"].startswith("Bearer ")
"""


@needs.posix
def test_both_send_the_same_form_to_the_same_address_of_an_account(tmp_path: Path) -> None:
    """At its real name, which the practice tenant plays; a workspace takes the token."""
    host, workspace = "https://accounts.azuredatabricks.net", WORKSPACE
    with cloud() as clouds:
        token = clouds.tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT)
        environ = {**clouds.environ, "DATABRICKS_OIDC_TOKEN": token, "HOME": str(tmp_path)}
        environ["DATABRICKS_CONFIG_FILE"] = os.devnull
        theirs = [sys.executable, "-I", "-c", _AT_ACCOUNT, host, DATABRICKS_ACCOUNT, DAEMON]
        subprocess.run(theirs, check=True, env=environ, timeout=300)
        kind = ("--exchange", "databricks", "--subject-token", "federated")
        source = ("--federated-token-env", "DATABRICKS_OIDC_TOKEN")
        place = ("--workspace-url", host, "--exchange-account", DATABRICKS_ACCOUNT)
        options = (*kind, *source, *place, "--exchange-client-id", DAEMON)
        url = f"{workspace}/api/2.0/preview/scim/v2/Me"
        ours = [sys.executable, "-P", "-m", "entra_oauth", "api", "GET", url, *options]
        ran = subprocess.run(ours, capture_output=True, text=True, env=environ, timeout=300)
        log = [request for request, _ in clouds.tenant.log]
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["userName"] == DAEMON
    one, other = (each for each in log if each.url.endswith("/v1/token"))
    assert (one.url, one.body) == (other.url, other.body)
    assert one.url == f"{host}/oidc/accounts/{DATABRICKS_ACCOUNT}/v1/token"


_BY_OURS = """
import sys
from databricks.sdk import WorkspaceClient

print(WorkspaceClient(host=sys.argv[1], auth_type=sys.argv[2]).current_user.me().user_name)
"""


def _with_sdk(base: str, auth_type: str, **more: str) -> str:
    command = [sys.executable, "-I", "-c", _BY_OURS, base, auth_type]
    environ = {**os.environ, "DATABRICKS_CONFIG_FILE": os.devnull, **more}
    ran = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def exchanging(
    served: tuple[PracticeTenant, str], tmp_path: Path
) -> tuple[PracticeTenant, str, tuple[str, ...]]:
    """The options with which the workspace's own token is had for one in a file."""
    tenant, base = served
    file = tmp_path / "token"
    file.write_text(tenant.issuer_token("github", audience=DATABRICKS_ACCOUNT, life_s=3600))
    place = ("--workspace-url", base, "--authority-host", base, "--exchange-client-id", DAEMON)
    kind = ("--exchange", "databricks", "--subject-token", "federated")
    return tenant, base, (*kind, *place, "--federated-token-file", str(file))


@needs.posix
def test_the_sdk_takes_the_workspaces_own_from_our_metadata_service(
    exchanging: tuple[PracticeTenant, str, tuple[str, ...]],
) -> None:
    tenant, base, options = exchanging
    with Running("serve", "metadata", *options) as running:
        running.wait_for("Tokens are served")
        url = running.line().strip()
        me = _with_sdk(base, "metadata-service", DATABRICKS_METADATA_SERVICE_URL=url)
        running.signal(signal.SIGINT)
        running.finish()
    assert me == DAEMON
    assert len(_exchanges(tenant)) == 1


@needs.posix
def test_the_sdk_takes_the_workspaces_own_from_the_program_that_we_write(
    exchanging: tuple[PracticeTenant, str, tuple[str, ...]], tmp_path: Path
) -> None:
    tenant, base, options = exchanging
    made = call("credential", "databricks-cli", *options, "--install", str(tmp_path / "bin"))
    assert made.code == 0, made.err
    assert _with_sdk(base, "databricks-cli", DATABRICKS_CLI_PATH=made.out.strip()) == DAEMON
    assert len(_exchanges(tenant)) == 1
