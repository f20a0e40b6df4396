"""databricks-sdk's own exchange beside ours: the same form to the byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from entra_oauth.channels.base import Channels, NoFront
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.flows.exchange_at_workspace import exchange_token
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget
from entra_oauth.protocol.messages import HttpRequest
from kit import needs
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
