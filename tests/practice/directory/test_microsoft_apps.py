"""Microsoft's own apps: there in every directory, with the rights they really have, no more."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.defaults import DEFAULT, read_directory
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID, DATABRICKS, GRAPH
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import is_loopback
from kit.practice import ALICE, BASE, NOON, PASSWORD, Kit, authorize_url, body_of, claims_of

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
POWERSHELL = "1950a258-227b-4e31-a9cf-717495945fc2"
CODE = "aebc6443-996d-45c2-90f0-388ff96faa56"
CONNECTOR = "96eecda7-19ea-49cc-abb5-240097d554f5"
ARM = "https://management.core.windows.net//.default"
OWN = """
[[apps]]
client_id = "0fab0000-0000-4000-8000-000000000009"
name = "Own"
[[resources]]
id = "0fab0000-0000-4000-8000-00000000000a"
name = "Own API"
"""


def _signed_in(client_id: str, scope: str, uri: str = "http://localhost:8400") -> str:
    """The URL at which a browser ends that asks with that app for this scope."""
    changes = {"client_id": client_id, "scope": scope, "redirect_uri": uri}
    return Kit().browser.open(authorize_url(changes, tenant="organizations")).url


@pytest.mark.parametrize("client_id", [AZURE_CLI, POWERSHELL, CODE])
@pytest.mark.parametrize(
    "scope",
    [
        ARM,
        "https://storage.azure.com/.default",
        "https://vault.azure.net/.default",
        "https://database.windows.net//.default",
        "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
        "499b84ac-1321-427f-aa17-267ca6975798/.default",
        f"{DATABRICKS}/user_impersonation offline_access",
        "https://graph.microsoft.com/.default",
        "openid profile",
    ],
)
def test_an_app_of_microsofts_gets_a_code_and_nobody_is_asked_for_consent(
    client_id: str, scope: str
) -> None:
    kit = Kit(consents=False)
    changes = {"client_id": client_id, "scope": scope, "redirect_uri": "http://localhost:8400"}
    end = kit.browser.open(authorize_url(changes, tenant="organizations")).url
    assert end.startswith("http://localhost:8400/?code="), end


@pytest.mark.parametrize(
    ("client_id", "scope"),
    [
        (CONNECTOR, "https://graph.microsoft.com/.default"),
        (CONNECTOR, "https://vault.azure.net/.default"),
        (AZURE_CLI, "https://graph.microsoft.com/User.Read"),
        (AZURE_CLI, "Directory.Read.All"),
    ],
)
def test_a_pair_that_is_not_preauthorized_is_refused_to_the_app(client_id: str, scope: str) -> None:
    end = urlsplit(_signed_in(client_id, scope))
    answer = parse_qs(end.query)
    assert (end.netloc, answer["error"]) == ("localhost:8400", ["invalid_request"])
    said = f"AADSTS65002: Consent between first party application '{client_id}'"
    assert answer["error_description"][0].startswith(said)


def test_default_means_what_the_app_holds_of_graph() -> None:
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "scope": f"{GRAPH}/.default",
    }
    scp = str(claims_of(str(body_of(Kit().ask(form))["access_token"]))["scp"]).split()
    assert {"User.Read.All", "Group.ReadWrite.All"} <= set(scp)
    assert "User.Read" not in scp


def test_with_version_1_the_pair_is_looked_at_as_well() -> None:
    form = {
        "client_id": CONNECTOR,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "resource": "https://graph.microsoft.com",
    }
    answer = body_of(Kit().ask(form, version=1))
    assert answer["error_codes"] == [65002]


def test_an_api_that_is_not_microsofts_still_asks_for_consent() -> None:
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "scope": "api://3dd1e000-0000-4000-8000-000000000006/.default",
    }
    assert body_of(Kit().ask(form))["error_codes"] == [65001]


@pytest.mark.parametrize("client_id", [AZURE_CLI, POWERSHELL, CODE, CONNECTOR])
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost:8400/callback",
        "http://127.0.0.1:8400",
        f"{BASE}/common/oauth2/nativeclient",
    ],
)
def test_a_redirect_uri_that_the_app_does_not_have_stays_on_a_page(
    client_id: str, uri: str
) -> None:
    kit = Kit()
    changes = {"client_id": client_id, "scope": ARM, "redirect_uri": uri}
    page = kit.browser.open(authorize_url(changes))
    assert page.url.startswith(BASE)
    assert "AADSTS50011" in page.text
    assert kit.received == []


def test_every_redirect_uri_of_microsofts_apps_is_on_this_machine_or_the_workspaces() -> None:
    uris = [each.uri for app in DEFAULT.microsoft_apps for each in app.redirects]
    uris.remove("https://adb-1234567890123456.7.azuredatabricks.net/login.html")
    assert len(uris) >= len(DEFAULT.microsoft_apps)
    assert all(is_loopback(urlsplit(uri).hostname or "") for uri in uris)
    assert not any(app.family or app.confidential for app in DEFAULT.microsoft_apps)


@pytest.mark.parametrize("client_id", [AZURE_CLI, AZURE_CLI.upper(), CONNECTOR])
def test_a_directory_file_cannot_describe_one_of_them_anew(client_id: str) -> None:
    text = f'[[apps]]\nclient_id = "{client_id}"\nname = "x"\n'
    with pytest.raises(UsageError, match=r"the id of Microsoft's (Microsoft Azure CLI|Databricks)"):
        read_directory(text)


def test_they_and_microsofts_apis_are_in_a_directory_of_ones_own_as_well() -> None:
    book = read_directory(OWN)
    assert book.microsoft_apps == DEFAULT.microsoft_apps
    assert [app.name for app in book.apps] == ["Own"]
    assert [api.name for api in book.resources][:2] == ["Own API", "AzureDatabricks"]
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    changes = {"client_id": AZURE_CLI, "scope": ARM, "redirect_uri": "http://localhost:1"}
    assert "code=" in kit.browser.open(authorize_url(changes, tenant=ARTICLE_TENANT_ID)).url


def test_an_api_of_microsofts_that_a_file_describes_anew_is_as_it_says() -> None:
    book = read_directory(f'[[resources]]\nid = "{GRAPH}"\nname = "Mine"\n')
    found = book.resource(GRAPH)
    assert found is not None
    assert found.name == "Mine"
    assert [api.id for api in book.resources].count(GRAPH) == 1


def test_the_start_page_lists_them_apart() -> None:
    text = Kit().get(f"{BASE}/").body.decode()
    assert re.search("Microsoft.s own apps.*Microsoft Azure CLI.*<h2>APIs", text, re.DOTALL)


def test_the_sql_connector_is_led_to_the_tenant_and_redeems_at_organizations() -> None:
    kit = Kit(consents=False)
    workspace = "https://adb-1234567890123456.7.azuredatabricks.net"
    scope = f"{DATABRICKS}/user_impersonation offline_access"
    changes = {"client_id": CONNECTOR, "scope": scope, "redirect_uri": "http://localhost:8030"}
    query = authorize_url(changes).partition("?")[2]
    led = kit.get(f"{workspace}/oidc/oauth2/v2.0/authorize?{query}").header("Location") or ""
    assert led.startswith(f"{BASE}/{ARTICLE_TENANT_ID}/")
    code = parse_qs(urlsplit(kit.browser.open(led).url).query)["code"][0]
    form = {
        "client_id": CONNECTOR,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://localhost:8030",
    }
    answer = body_of(kit.ask(form, tenant="organizations"))
    assert claims_of(str(answer["access_token"]))["aud"] == DATABRICKS
    assert "refresh_token" in answer


FOR_CLI = f"""
[[consents]]
client_id = "{AZURE_CLI}"
resource_id = "0fab0000-0000-4000-8000-00000000000a"
"""


@pytest.mark.parametrize("text", [OWN, OWN + FOR_CLI], ids=["practice run", "a table of consents"])
def test_an_administrator_can_have_consented_for_an_app_of_microsofts_to_an_own_api(
    text: str,
) -> None:
    book = read_directory(text, admin_consent=True)
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON), consents=False)
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": ALICE,
        "password": PASSWORD,
        "scope": "0fab0000-0000-4000-8000-00000000000a/.default",
    }
    assert "access_token" in body_of(kit.ask(form))
    # What Microsoft has not given its app, no administrator can.
    wanted = f"{DATABRICKS}/nothing-of-the-sort"
    refused = body_of(kit.ask(form | {"scope": wanted}))
    assert refused["error_codes"] in ([65002], [650053])


def test_a_consent_for_an_app_that_nobody_has_is_still_refused() -> None:
    with pytest.raises(UsageError, match="that is not there"):
        read_directory(OWN + FOR_CLI.replace(AZURE_CLI, "99999999-0000-4000-8000-000000000000"))
