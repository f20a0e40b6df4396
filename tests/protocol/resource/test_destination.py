"""The places where a token may go, and all others."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import DestinationRefused
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.resource.destination import (
    check_audience,
    check_destination,
    check_subject,
)
from entra_oauth.protocol.resource.known_apis import KNOWN_APIS, api_named, plain_name
from kit import canaries

DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
PUBLIC = Authority.of(canaries.TENANT)
US = Authority.of(canaries.TENANT, cloud="usgov")
CHINA = Authority.of(canaries.TENANT, cloud="china")
PRACTICE = Authority("http://localhost:8400", canaries.TENANT)
WORKSPACE = "https://adb-123.7.azuredatabricks.net"


@pytest.mark.parametrize(
    ("url", "scope", "authority"),
    [
        (f"{WORKSPACE}/api/2.0/clusters/list?a=b&c=%20d", "databricks", PUBLIC),
        (WORKSPACE, f"{DATABRICKS}/user_impersonation", PUBLIC),
        (f"{WORKSPACE}:443/", "https://azuredatabricks.net//.default", PUBLIC),
        ("https://ADB-123.7.AzureDatabricks.NET/api", "databricks", PUBLIC),
        ("https://accounts.azuredatabricks.net/api", "databricks", PUBLIC),
        (WORKSPACE, "databricks", Authority("https://login.windows.net", canaries.TENANT)),
        ("https://adb-1.2.databricks.azure.us/", "databricks", US),
        ("https://adb-1.2.databricks.azure.cn/", "databricks", CHINA),
        ("https://graph.microsoft.com/v1.0/me", "graph", PUBLIC),
        ("https://graph.microsoft.com/v1.0/me", "User.Read", PUBLIC),
        ("https://graph.microsoft.us/v1.0/me", "https://graph.microsoft.us/.default", US),
        ("https://management.azure.com/subscriptions", "arm", PUBLIC),
        ("https://api.contoso.example/things", "https://api.contoso.example/.default", PUBLIC),
        ("http://localhost:8400/api/2.0/clusters/list", "databricks", PRACTICE),
        ("https://127.0.0.1:9/api", "databricks", PRACTICE),
        ("https://[::1]:9/api", "databricks", PRACTICE),
    ],
)
def test_a_token_goes_to_a_host_of_its_audience(url: str, scope: str, authority: Authority) -> None:
    check_destination(url, scopes=(scope, "openid"), authority=authority)


@pytest.mark.parametrize(
    ("url", "scope", "authority"),
    [
        # another host, and what looks like the right one
        ("https://evil.example/", "databricks", PUBLIC),
        ("https://azuredatabricks.net.evil.example/", "databricks", PUBLIC),
        ("https://evilazuredatabricks.net/", "databricks", PUBLIC),
        ("https://azuredatabricks.net/", "databricks", PUBLIC),
        ("https://.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net./", "databricks", PUBLIC),
        ("https://evil.example/adb-1.azuredatabricks.net", "databricks", PUBLIC),
        ("https://evil.example?adb-1.azuredatabricks.net", "databricks", PUBLIC),
        ("https://evil.example#.azuredatabricks.net", "databricks", PUBLIC),
        ("https://evil.example\\.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://evil.example%2f.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://evil.example;.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net@evil.example/", "databricks", PUBLIC),
        ("https://user:secret@adb-1.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net:443@evil.example/", "databricks", PUBLIC),
        ("https://ädb.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://adb-1。azuredatabricks.net/", "databricks", PUBLIC),
        # not https, or not its port
        ("http://adb-1.azuredatabricks.net/", "databricks", PUBLIC),
        ("ftp://adb-1.azuredatabricks.net/", "databricks", PUBLIC),
        ("//adb-1.azuredatabricks.net/", "databricks", PUBLIC),
        ("adb-1.azuredatabricks.net", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net:8443/", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net:/", "databricks", PUBLIC),
        ("", "databricks", PUBLIC),
        # not one plain address
        (" https://adb-1.azuredatabricks.net/", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/\n", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/a\r\nHost: evil", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/a b", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/a\\b", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/#f", "databricks", PUBLIC),
        ("https://adb-1.azuredatabricks.net/ä", "databricks", PUBLIC),
        # another cloud, or an authority whose cloud is not known
        ("https://adb-1.2.databricks.azure.us/", "databricks", PUBLIC),
        (WORKSPACE, "databricks", US),
        (WORKSPACE, "databricks", CHINA),
        (WORKSPACE, "databricks", Authority("https://login.evil.example", canaries.TENANT)),
        ("https://graph.microsoft.com/", "graph", US),
        # another audience
        (WORKSPACE, "graph", PUBLIC),
        (WORKSPACE, "arm", PUBLIC),
        (WORKSPACE, "openid", PUBLIC),
        ("https://graph.microsoft.com/", "databricks", PUBLIC),
        ("https://sub.graph.microsoft.com/", "graph", PUBLIC),
        ("https://api.contoso.example/", "api://contoso/.default", PUBLIC),
        ("https://sub.api.contoso.example/", "https://api.contoso.example/.default", PUBLIC),
        ("https://api.contoso.example/", "http://api.contoso.example/.default", PUBLIC),
        # practice and real, one to the other
        ("http://localhost:8400/", "databricks", PUBLIC),
        ("https://127.0.0.1/", "databricks", PUBLIC),
        ("https://[::1]/", "databricks", PUBLIC),
        (WORKSPACE, "databricks", PRACTICE),
        ("https://localhost.evil.example/", "databricks", PRACTICE),
        ("https://127.0.0.1.evil.example/", "databricks", PRACTICE),
    ],
)
def test_a_token_goes_nowhere_else(url: str, scope: str, authority: Authority) -> None:
    with canaries.refused(DestinationRefused):
        check_destination(url, scopes=(scope,), authority=authority)


def test_hosts_that_a_person_has_named_count_by_their_whole_name() -> None:
    def check(url: str) -> None:
        check_destination(
            url,
            scopes=("api://contoso/.default",),
            authority=PUBLIC,
            named_hosts=("API.contoso.example", ".whole.example"),
        )

    check("https://api.contoso.example/x")
    check("https://whole.example/x")
    for url in (
        "https://x.api.contoso.example/",
        "http://api.contoso.example/",
        "https://x.whole.example/",
    ):
        with canaries.refused(DestinationRefused):
            check(url)


@given(st.text(max_size=40), st.sampled_from(["", "/", "@", "\\", "?", "#", ":", ".", "\t"]))
def test_nothing_in_front_of_a_good_domain_leads_out_of_it(text: str, mark: str) -> None:
    """A host that passes has only labels of a name before the suffix, so it is below the domain."""
    url = f"https://{text}{mark}.azuredatabricks.net/"
    try:
        check_destination(url, scopes=("databricks",), authority=PUBLIC)
    except DestinationRefused:
        return
    host = url.removeprefix("https://").removesuffix("/")
    assert host.isascii()
    assert all(c.isalnum() or c in "-." for c in host)


def test_every_cloud_with_workspaces_has_its_door() -> None:
    for cloud in CLOUDS.values():
        if cloud.workspaces:
            authority = Authority.of(canaries.TENANT, cloud=cloud.name)
            url = f"https://adb-1.2{cloud.workspaces}/"
            check_destination(url, scopes=("databricks",), authority=authority)


# ------------------------------------------------------- what the token says of itself


def _token(audience: object) -> str:
    return canaries.jwt({"alg": "RS256"}, {"aud": audience})


@pytest.mark.parametrize(
    ("token", "scope"),
    [
        (_token(DATABRICKS), "databricks"),
        (_token(DATABRICKS.upper()), "databricks"),
        (_token("https://azuredatabricks.net/"), "databricks"),
        (_token("https://management.core.windows.net/"), "arm"),
        (_token("00000003-0000-0000-c000-000000000000"), "graph"),
        (_token("a-guid"), "api://contoso/.default"),
        (_token(None), "databricks"),
        (canaries.ACCESS_TOKEN, "databricks"),
        ("opaque", "databricks"),
    ],
)
def test_a_token_that_does_not_contradict_passes(token: str, scope: str) -> None:
    check_audience(token, (scope,))


@pytest.mark.parametrize(
    ("audience", "scope", "said"),
    [
        ("https://management.azure.com/", "databricks", "Azure's management API"),
        ("https://graph.microsoft.com", "databricks", "Microsoft Graph"),
        ("api://own", "databricks", "api://own"),
        (DATABRICKS, "graph", "Azure Databricks"),
        ("\x1b[2J\u202e", "databricks", "<ESC>[2J<U+202E>"),
    ],
)
def test_a_token_for_another_api_is_not_shown_to_this_one(
    audience: str, scope: str, said: str
) -> None:
    with canaries.refused(DestinationRefused) as caught:
        check_audience(_token(audience), (scope,))
    assert f"it is for {said}, not for " in caught.value.what


@pytest.mark.parametrize(
    "scope",
    [
        "databricks",
        f"{DATABRICKS}/.default",
        "api://own/.default",
        f"{canaries.CLIENT_ID}/.default",
    ],
)
def test_a_workspace_is_shown_a_token_of_its_own_or_of_an_app_of_ones_own(scope: str) -> None:
    check_subject((scope,))


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("arm", "Azure's management API"),
        ("graph", "Microsoft Graph"),
        ("https://management.azure.com//.default", "Azure's management API"),
        ("https://MANAGEMENT.azure.com/.default", "https://MANAGEMENT.azure.com"),
        ("https://vault.azure.net/.default", "Azure Key Vault"),
        ("https://vault.usgovcloudapi.net/.default", "https://vault.usgovcloudapi.net"),
        ("CFA8B339-82A2-471A-A3C9-0FC0BE7A4093/.default", "Azure Key Vault"),
        ("api://cfa8b339-82a2-471a-a3c9-0fc0be7a4093/.default", "Azure Key Vault"),
        ("499b84ac-1321-427f-aa17-267ca6975798/.default", "Azure DevOps"),
        *((f"{next(iter(api.resources))}/.default", api.name) for api in KNOWN_APIS[1:]),
    ],
)
def test_a_workspace_is_shown_no_token_that_opens_something_else(scope: str, said: str) -> None:
    with canaries.refused(DestinationRefused) as caught:
        check_subject((scope,))
    assert f"a workspace is not shown one for {said}" in caught.value.what


def test_the_table_has_every_api_of_the_practice_tenant_by_all_its_names() -> None:
    data = resources.files("entra_oauth.practice.directory").joinpath("microsoft.toml")
    for each in tomllib.loads(data.read_text("utf-8"))["resources"]:
        api = api_named(each["id"])
        assert api is not None, each
        assert all(api_named(uri) is api for uri in each.get("uris", [])), each


def test_no_name_stands_for_two_apis() -> None:
    names = [name for api in KNOWN_APIS for name in api.resources]
    assert len(names) == len(set(names))
    assert all(plain_name(name) == name == name.lower() for name in names)


def test_an_api_without_known_hosts_gets_its_token_at_the_address_of_its_scope_alone() -> None:
    scopes = ("https://vault.azure.net/.default",)
    check_destination("https://vault.azure.net/secrets", scopes=scopes, authority=PUBLIC)
    by_id = ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093/.default",)
    for wanted, url in ((scopes, "https://x.vault.azure.net/"), (by_id, "https://vault.azure.net")):
        with canaries.refused(DestinationRefused):
            check_destination(url, scopes=wanted, authority=PUBLIC)
    check_audience(_token("https://x.vault.azure.net"), scopes)
