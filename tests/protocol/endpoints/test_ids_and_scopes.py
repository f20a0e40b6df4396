"""Ids and scopes that cannot succeed are told from those that can, before anything is sent."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.authority import CLOUDS, MULTI_TENANT, Authority, check_app, folded
from entra_oauth.protocol.scopes import ALIASES, DATABRICKS, OPENID, check_scopes
from kit import canaries
from kit.canaries import CLIENT_ID, TENANT
from kit.guards import rows

ENTRA = [f"https://{host}" for cloud in CLOUDS.values() for host in cloud.hosts]
PUBLIC = "https://login.microsoftonline.com"
PRACTICE = "http://localhost:8400"
OTHERS = [PRACTICE, "https://127.0.0.1:8443", "https://login.example", f"{PUBLIC}:8443"]
API = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
COMMAS = "joined by commas"
BARE = "a bare GUID"
PATHLESS = "without a path"


@pytest.mark.parametrize(
    ("tenant", "client_id", "error"),
    [
        ("TENANT", CLIENT_ID, "The tenant is neither"),
        ("contoso", CLIENT_ID, "The tenant is neither"),
        ("a1bc2d34-5e67", CLIENT_ID, "The tenant is neither"),
        (TENANT.replace("-", ""), CLIENT_ID, "The tenant is neither"),
        (f"{TENANT}0", CLIENT_ID, "The tenant is neither"),
        ("commom", CLIENT_ID, "The tenant is neither"),
        (TENANT, "", "The client id is neither"),
        (TENANT, "CLIENT", "The client id is neither"),
        (TENANT, "ENTER_YOUR_CLIENT_ID", "The client id is neither"),
        (TENANT, "12a34b56-789c", "The client id is neither"),
        (TENANT, f"{{{CLIENT_ID}", "The client id is neither"),
        (TENANT, f"{CLIENT_ID}\n", "The client id is neither"),
        (TENANT, f" {CLIENT_ID}", "The client id is neither"),
        (TENANT, f"api://{CLIENT_ID}", "The client id is neither"),
        (TENANT, "http://app.example/client", "The client id is neither"),
        (TENANT, "https://", "The client id is neither"),
        (TENANT, "https:///client", "The client id is neither"),
        (TENANT, "My app", "The client id is neither"),
    ],
)
def test_ids_that_no_tenant_and_no_app_has_are_refused_at_entras_hosts(
    tenant: str, client_id: str, error: str
) -> None:
    for base in ENTRA:
        with canaries.refused(UsageError) as caught:
            check_app(Authority(base, tenant), client_id)
        assert caught.value.what.startswith(error), base
        assert not client_id or client_id not in str(caught.value)


@pytest.mark.parametrize(
    ("tenant", "client_id"),
    [
        (TENANT, CLIENT_ID),
        (TENANT.upper(), CLIENT_ID.upper()),
        ("contoso.example", CLIENT_ID),
        ("Contoso.onmicrosoft.com", CLIENT_ID),
        *((word, CLIENT_ID) for word in sorted(MULTI_TENANT)),
        ("Common", CLIENT_ID),
        (TENANT, "https://app.example/client.json"),
        (TENANT, "https://app.example"),
    ],
)
def test_ids_that_can_be_pass(tenant: str, client_id: str) -> None:
    for base in [*ENTRA, *OTHERS]:
        check_app(Authority(base, tenant), client_id)


@pytest.mark.parametrize("base", OTHERS)
def test_other_hosts_may_have_ids_of_other_forms(base: str) -> None:
    check_app(Authority(base, "contoso"), "my-app")


def _cased(guid: str, upper: list[bool]) -> str:
    return "".join(c.upper() if up else c for c, up in zip(guid, upper, strict=False))


SPELLINGS = st.builds(
    lambda guid, upper, braces: f"{{{_cased(guid, upper)}}}" if braces else _cased(guid, upper),
    st.uuids().map(str),
    st.lists(st.booleans(), min_size=36, max_size=36),
    st.booleans(),
)


@given(SPELLINGS, SPELLINGS, st.sampled_from(ENTRA))
def test_every_guid_passes_in_every_spelling(tenant: str, client_id: str, base: str) -> None:
    check_app(Authority(base, folded(tenant)), folded(client_id))


@given(SPELLINGS)
def test_every_guid_alone_is_no_scope_and_with_a_permission_is_one(guid: str) -> None:
    for bare in (guid, f"{guid}/"):
        with pytest.raises(UsageError, match=BARE):
            check_scopes(Authority(PUBLIC, TENANT), (bare,))
    check_scopes(Authority(PUBLIC, TENANT), (f"{folded(guid)}/.default",))


REFUSED = [
    # a short name with a slip in it
    ("grap", "Did you mean graph?"),
    ("Graph", "Did you mean graph?"),
    ("DATABRICKS", "Did you mean databricks?"),
    ("databrick", "Did you mean databricks?"),
    ("arms", "Did you mean arm?"),
    ("opnid", "Did you mean openid?"),
    ("offline-access", "Did you mean offline_access?"),
    ("openid grap", "Did you mean graph?"),
    # several in one
    ("databricks,graph", COMMAS),
    ("databricks,", COMMAS),
    ("User.Read,Mail.Read", COMMAS),
    (f"{API}/.default,openid", COMMAS),
    ("api://x/read,api://x/write", COMMAS),
    (f"{API},{API}", COMMAS),
    (f"{API}/.default,{API}/a", COMMAS),
    (f"{API}/.default,graph", COMMAS),
    # a resource without a permission
    (API, BARE),
    (API.upper(), BARE),
    (f"{{{API}}}", BARE),
    ("https://database.windows.net", PATHLESS),
    ("https://database.windows.net/", PATHLESS),
    ("HTTPS://host", PATHLESS),
    (f"api://{CLIENT_ID}", PATHLESS),
    ("openid https://host", PATHLESS),
]
PASSES = [
    *ALIASES,
    *OPENID,
    "email",
    "OpenID",
    DATABRICKS,
    f"{API}/user_impersonation",
    "User.Read",
    "Mail.Read openid",
    ".default",
    "api://x/read",
    f"api://{CLIENT_ID}/.default",
    "https://host/.default",
    "https://management.azure.com//.default",
    "https://host/a,b/.default",
    "https://host/a,x/.default",
    "graph.x",
    "graphs/x",
    "graph:x",
    "all-apis",
    "user_impersonation",
]


@rows.every((base, *refused) for base in ENTRA for refused in REFUSED)
def test_a_scope_that_nothing_has_is_refused_at_entras_hosts(
    base: str, scope: str, error: str
) -> None:
    with canaries.refused(UsageError) as caught:
        check_scopes(Authority(base, TENANT), ("openid", scope))
    assert error in str(caught.value)


@rows.every(itertools.product([*ENTRA, *OTHERS], PASSES))
def test_a_scope_that_can_be_passes(base: str, scope: str) -> None:
    check_scopes(Authority(base, TENANT), (scope,))


@pytest.mark.parametrize(("scope", "error"), REFUSED)
def test_a_slip_in_this_tools_own_names_is_one_on_a_practice_tenant_too(
    scope: str, error: str
) -> None:
    practice = Authority(PRACTICE, TENANT)
    if error in (BARE, PATHLESS):
        check_scopes(practice, (scope,))
        return
    with canaries.refused(UsageError) as caught:
        check_scopes(practice, (scope,))
    assert error in str(caught.value)


@pytest.mark.parametrize("scope", [scope for scope, _ in REFUSED])
def test_other_servers_may_give_such_scopes_a_meaning(scope: str) -> None:
    check_scopes(Authority("https://login.example", TENANT), (scope,))
