"""Tenant and cloud from a workspace's redirect."""

from __future__ import annotations

import pytest

from entra_oauth.errors import (
    ConnectFailed,
    DestinationRefused,
    EntraOAuthError,
    UnexpectedAnswer,
    UsageError,
)
from entra_oauth.flows.find_authority import find_authority
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.protocol.resource.workspace import SIGN_IN_PATHS, Workspace
from kit import canaries
from kit.canaries import TENANT
from kit.grants import World

PUBLIC = "https://adb-1234567890123456.7.azuredatabricks.net"


def redirect(location: str | None, status: int = 302) -> HttpResponse:
    headers = () if location is None else (("Location", location),)
    return HttpResponse(status=status, headers=headers)


@pytest.mark.parametrize(
    ("given", "url", "cloud"),
    [
        (PUBLIC, PUBLIC, "public"),
        (f"{PUBLIC}/", PUBLIC, "public"),
        (f"{PUBLIC}/?o=1#setting", PUBLIC, "public"),
        (f"{PUBLIC}:443", PUBLIC, "public"),
        ("adb-1.2.azuredatabricks.net", "https://adb-1.2.azuredatabricks.net", "public"),
        ("https://ADB-1.2.AzureDatabricks.net", "https://adb-1.2.azuredatabricks.net", "public"),
        ("https://adb-1.2.databricks.azure.us", "https://adb-1.2.databricks.azure.us", "usgov"),
        ("https://adb-1.2.databricks.azure.cn", "https://adb-1.2.databricks.azure.cn", "china"),
        ("http://localhost:8400", "http://localhost:8400", None),
        ("https://127.0.0.1:8400", "https://127.0.0.1:8400", None),
    ],
)
def test_a_workspace_belongs_to_the_cloud_of_its_domain(
    given: str, url: str, cloud: str | None
) -> None:
    workspace = Workspace(given)
    assert workspace.url == url
    assert (workspace.cloud.name if workspace.cloud else None) == cloud


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", UsageError),
        ("https://", UsageError),
        ("https://[x", UsageError),
        ("https://x:port", UsageError),
        ("https://a b.azuredatabricks.net", UsageError),
        ("https://adb-1.2.azuredatabricks.net\n", UsageError),
        ("https://user@adb-1.2.azuredatabricks.net", UsageError),
        ("http://adb-1.2.azuredatabricks.net", UsageError),
        ("https://adb-1.2.azuredatabricks.net:8443", UsageError),
        ("ftp://adb-1.2.azuredatabricks.net", UsageError),
        ("https://azuredatabricks.net", DestinationRefused),
        ("https://evilazuredatabricks.net", DestinationRefused),
        ("https://adb-1.2.azuredatabricks.net.evil.test", DestinationRefused),
        ("https://dbc-1.cloud.databricks.com", DestinationRefused),
    ],
)
def test_what_is_no_workspace_of_azures_is_refused(url: str, kind: type[EntraOAuthError]) -> None:
    with canaries.refused(kind):
        Workspace(url)


@pytest.mark.parametrize(
    ("workspace", "location", "authority"),
    [
        (
            PUBLIC,
            f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize?client_id=x&state=y",
            f"https://login.microsoftonline.com/{TENANT}",
        ),
        (
            PUBLIC,
            f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize",
            f"https://login.microsoftonline.com/{TENANT}",
        ),
        (
            "https://adb-1.2.databricks.azure.us",
            f"https://login.microsoftonline.us/{TENANT}/oauth2/authorize",
            f"https://login.microsoftonline.us/{TENANT}",
        ),
        (
            "https://adb-1.2.databricks.azure.cn",
            f"https://login.chinacloudapi.cn/{TENANT}/oauth2/authorize",
            f"https://login.chinacloudapi.cn/{TENANT}",
        ),
        (
            "http://localhost:1",
            f"http://localhost:2/{TENANT}/oauth2/authorize",
            f"http://localhost:2/{TENANT}",
        ),
    ],
)
def test_the_redirect_names_tenant_and_cloud(workspace: str, location: str, authority: str) -> None:
    world = World([redirect(location)])
    assert str(find_authority(Workspace(workspace), world.channels)) == authority
    (request,) = world.requests
    assert (request.method, request.url) == ("GET", f"{workspace}{SIGN_IN_PATHS[0]}")
    assert request.header("Authorization") is None


def test_the_older_path_is_asked_where_the_newer_one_does_not_redirect() -> None:
    good = redirect(f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize")
    world = World([HttpResponse(status=404), good])
    assert find_authority(Workspace(PUBLIC), world.channels).tenant == TENANT
    assert [request.path for request in world.requests] == list(SIGN_IN_PATHS)


def test_a_workspace_is_asked_again_where_the_fault_may_pass() -> None:
    good = redirect(f"https://login.microsoftonline.com/{TENANT}/oauth2/authorize")
    away = ConnectFailed("It could not be reached.", advice="Check it.")
    world = World([away, HttpResponse(status=500), HttpResponse(status=502), good])
    assert find_authority(Workspace(PUBLIC), world.channels).tenant == TENANT
    first, second = SIGN_IN_PATHS
    assert [request.path for request in world.requests] == [first, first, second, second]
    assert world.slept == [1, 5]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HttpResponse(status=200, body=b"<html>"), UnexpectedAnswer),
        (redirect(None), UnexpectedAnswer),
        (redirect("https://login.microsoftonline.com/", 200), UnexpectedAnswer),
        (redirect("https://[x"), UnexpectedAnswer),
        (redirect("https://login.microsoftonline.com/"), UnexpectedAnswer),
        (redirect("https://login.microsoftonline.com/a..b/oauth2"), UnexpectedAnswer),
        (redirect("/login.html?error=private-link-validation-error"), DestinationRefused),
        (redirect(f"http://login.microsoftonline.com/{TENANT}/x"), DestinationRefused),
        (redirect(f"https://login.microsoftonline.us/{TENANT}/x"), DestinationRefused),
        (redirect(f"https://login.microsoftonline.com.evil.test/{TENANT}/x"), DestinationRefused),
        (redirect(f"https://evil.test/{TENANT}/x"), DestinationRefused),
        (redirect(f"https://localhost/{TENANT}/x"), DestinationRefused),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_refused(
    answer: HttpResponse, kind: type[EntraOAuthError]
) -> None:
    with canaries.refused(kind) as caught:
        find_authority(Workspace(PUBLIC), World([answer]).channels)
    assert "--tenant" in caught.value.advice
