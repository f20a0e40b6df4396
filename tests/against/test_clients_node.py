"""npm's openid-client, oauth4webapi and @azure/msal-node, unmodified.

Whether Node obeys a proxy depends on its version, so they are given the tenant's own address.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from kit import needs
from kit.foreign.programs import DAEMON, SECRET, Cloud, cloud
from kit.practice import ALICE, SCOPE

pytestmark = [pytest.mark.against, needs.posix]

msal_node = needs.node_package("@azure/msal-node")
CHECKING = [
    pytest.param("use_openid_client.mjs", marks=needs.node_package("openid-client")),
    pytest.param("use_oauth4webapi.mjs", marks=needs.node_package("oauth4webapi")),
]


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def _issuer(made: Cloud) -> str:
    return f"{made.base_url}/{ARTICLE_TENANT_ID}/v2.0"


@pytest.mark.parametrize("script", CHECKING)
def test_a_strict_client_is_content(script: str, clouds: Cloud) -> None:
    answer = clouds.node(script, _issuer(clouds), ARTICLE_CLIENT_ID, SCOPE).answer()
    assert answer["access_token"].count(".") == 2
    assert answer["username"] == ALICE
    assert answer["fresh"] is True
    assert clouds.asked("/token") == 2


@pytest.mark.parametrize("script", CHECKING)
@pytest.mark.parametrize(
    "fault",
    [
        "csrf-state",
        "stolen-code",
        "mix-up",
        "wrong-nonce",
        "wrong-audience",
        "expired-id-token",
        "unsigned",
        "bad-signature",
        "discovery set=issuer:https://localhost/other/v2.0",
        "throttled",
        "html-from-proxy",
        "truncated",
        "reset",
    ],
)
def test_it_refuses_what_a_tenant_must_not_do(fault: str, script: str, clouds: Cloud) -> None:
    clouds.tenant.faults.add(fault)
    ended = clouds.node(script, _issuer(clouds), ARTICLE_CLIENT_ID, SCOPE)
    assert ended.code == 1
    assert "Node.js" in ended.err
    assert "access_token" not in ended.out


MSAL = {"interactive": (ARTICLE_CLIENT_ID, SCOPE), "secret": (DAEMON, SCOPE, SECRET)}


@msal_node
@pytest.mark.parametrize(("way", "who"), [("interactive", ALICE), ("secret", None)])
def test_msal_for_node_gets_a_token(way: str, who: str | None, clouds: Cloud) -> None:
    authority = f"{clouds.base_url}/{ARTICLE_TENANT_ID}"
    answer = clouds.node("use_msal_node.mjs", way, authority, *MSAL[way]).answer()
    assert answer["access_token"].count(".") == 2
    assert answer["username"] == who


@msal_node
@pytest.mark.parametrize(
    ("fault", "way", "said"),
    [
        # NOTE: with the wrong state, or an error, this one waits for ever.
        ("stolen-code", "interactive", "AADSTS501481"),
        ("wrong-nonce", "interactive", "nonce_mismatch"),
        ("token aadsts=7000215", "secret", "AADSTS7000215"),
        ("html-from-proxy", "secret", "Error"),
        ("discovery status=404", "secret", "endpoints_resolution_error"),
    ],
)
def test_msal_for_node_gets_nothing_from_a_tenant_that_misbehaves(
    fault: str, way: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    authority = f"{clouds.base_url}/{ARTICLE_TENANT_ID}"
    ended = clouds.node("use_msal_node.mjs", way, authority, *MSAL[way])
    assert ended.code == 1
    assert said in ended.err
    assert "access_token" not in ended.out
