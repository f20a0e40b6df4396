"""Microsoft Graph: the person, the organisation and the sign-ins, for its own tokens alone."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT, read_directory
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID, DATABRICKS, Tenant
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import (
    ALICE,
    BASE,
    BOB,
    CAROL,
    DAEMON,
    NOON,
    PASSWORD,
    SECRET,
    Kit,
    authorize_url,
    body_of,
    changed,
    claims_of,
    consented,
)

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
CODE = "aebc6443-996d-45c2-90f0-388ff96faa56"
AT = "https://graph.microsoft.com/v1.0"
BETA = "https://graph.microsoft.com/beta"
SCOPE = "https://graph.microsoft.com/.default"
BOBS_OID = "0a11ce00-0000-4000-8000-000000000002"
USUAL = {
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
}


def _token(kit: Kit, *, client: str = AZURE_CLI, scope: str = SCOPE, user: str = ALICE) -> str:
    form = {
        "client_id": client,
        "grant_type": "password",
        "username": user,
        "password": PASSWORD,
        "scope": scope,
    }
    return str(body_of(kit.ask(form))["access_token"])


def _app_token(kit: Kit) -> str:
    form = {
        "client_id": DAEMON,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
        "scope": SCOPE,
    }
    return str(body_of(kit.ask(form))["access_token"])


def _get(kit: Kit, path: str, token: str, *, at: str = AT) -> HttpResponse:
    return kit.get(f"{at}{path}", ("Authorization", f"Bearer {token}"))


def _error(response: HttpResponse) -> tuple[int, str, str]:
    """Status, code and message of an error in Graph's shape."""
    assert response.header("Content-Type") == "application/json"
    error = body_of(response)["error"]
    assert list(error) == ["code", "message", "innerError"]
    assert error["innerError"]["request-id"] == response.header("request-id")
    assert error["innerError"]["date"] == "2026-01-01T12:00:00"
    return response.status, error["code"], error["message"]


@pytest.mark.parametrize("at", [AT, "https://graph.microsoft.com/beta", "http://localhost:1/v1.0"])
def test_me_is_the_person_of_the_token(at: str) -> None:
    kit = Kit()
    shown = body_of(_get(kit, "/me", _token(kit), at=at))
    version = "beta" if at.endswith("beta") else "v1.0"
    context = shown.pop("@odata.context")
    assert context == f"https://graph.microsoft.com/{version}/$metadata#users/$entity"
    assert set(shown) == USUAL
    assert (shown["userPrincipalName"], shown["displayName"]) == (ALICE, "Alice Practice")


def test_select_chooses_and_names_its_choice() -> None:
    kit = Kit()
    shown = body_of(_get(kit, "/me?$select=id,accountEnabled", _token(kit)))
    assert list(shown) == ["@odata.context", "id", "accountEnabled"]
    assert shown["@odata.context"].endswith("#users(id,accountEnabled)/$entity")
    encoded = _get(kit, "/me?%24select=displayName", _token(kit))
    assert list(body_of(encoded)) == ["@odata.context", "displayName"]


@pytest.mark.parametrize("name", [BOB, BOBS_OID, BOB.replace("@", "%40"), BOB.upper()])
def test_others_are_found_by_name_and_by_object_id(name: str) -> None:
    kit = Kit()
    assert body_of(_get(kit, f"/users/{name}", _token(kit)))["id"] == BOBS_OID


def test_photos_are_there_or_not() -> None:
    kit = Kit()
    token = _token(kit)
    picture = _get(kit, "/me/photo/$value", token)
    assert picture.header("Content-Type") == "image/png"
    data = picture.body[picture.body.index(b"IDAT") + 4 :]
    assert len(zlib.decompressobj().decompress(data)) == 48 * (48 * 3 + 1)
    assert body_of(_get(kit, "/me/photo", token))["id"] == "48x48"
    assert body_of(_get(kit, f"/users/{BOB}/photo", token))["id"] == "1x1"
    none = _get(kit, f"/users/{BOB}/photo/$value", token)
    assert _error(none)[:2] == (404, "ErrorEntityNotFound")


def test_the_organisation_shows_more_to_those_who_may_see_it() -> None:
    kit = Kit()
    (full,) = body_of(_get(kit, "/organization", _token(kit)))["value"]
    assert (full["id"], full["tenantType"]) == (ARTICLE_TENANT_ID, "AAD")
    (little,) = body_of(_get(kit, "/organization", _token(kit, client=CODE)))["value"]
    assert little["verifiedDomains"][0]["name"] == "contoso-practice.example"
    assert little["tenantType"] is None


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (f"{DATABRICKS}/.default", "Access token validation failure. Invalid audience."),
        (
            "https://management.azure.com/.default",
            "Access token validation failure. Invalid audience.",
        ),
    ],
)
def test_a_token_of_another_audience_is_told_apart(scope: str, said: str) -> None:
    kit = Kit()
    response = _get(kit, "/me", _token(kit, scope=scope))
    assert _error(response) == (401, "InvalidAuthenticationToken", said)
    assert 'client_id="00000003-0000-0000-c000-000000000000"' in (
        response.header("WWW-Authenticate") or ""
    )


REFUSALS: list[tuple[str, str | None, int, str]] = [
    ("/me", None, 401, "InvalidAuthenticationToken"),
    ("/me", "", 401, "InvalidAuthenticationToken"),
    ("/me", "a.b.c", 401, "InvalidAuthenticationToken"),
    ("/no/such", None, 401, "InvalidAuthenticationToken"),
    ("/me?$select=shoeSize", "good", 400, "BadRequest"),
    ("/me?$select=id&$select=mail", "good", 400, "BadRequest"),
    ("/me/shoes", "good", 400, "BadRequest"),
    ("/me/photo/$value/more", "good", 400, "BadRequest"),
    ("/mee", "good", 400, "BadRequest"),
    ("", "good", 400, "BadRequest"),
    ("/%ff<script>", "good", 400, "BadRequest"),
    ("/users/nobody@contoso-practice.example", "good", 404, "Request_ResourceNotFound"),
    ("/auditLogs/signIns?$top=0", "good", 400, "BadRequest"),
    ("/auditLogs/signIns?$top=" + "9" * 5_000, "good", 400, "BadRequest"),
    ("/auditLogs/signIns?$filter=x", "good", 400, "BadRequest"),
]


@pytest.mark.parametrize(("path", "bearer", "status", "code"), REFUSALS)
def test_every_refusal_is_in_graphs_shape(
    path: str, bearer: str | None, status: int, code: str
) -> None:
    kit = Kit()
    token = _token(kit) if bearer == "good" else bearer
    headers = () if token is None else (("Authorization", f"Bearer {token}"),)
    assert _error(kit.get(f"{AT}{path}", *headers))[:2] == (status, code)


@pytest.mark.parametrize("path", ["/", "/v2.0/me", "/devicelogin", f"/{ARTICLE_TENANT_ID}/login"])
def test_nothing_at_graphs_host_is_a_page(path: str) -> None:
    kit = Kit()
    response = _get(kit, path, _token(kit), at="https://graph.microsoft.com")
    assert _error(response)[1:2] == ("BadRequest",)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_no_other_method_finds_a_page(method: str) -> None:
    kit = Kit()
    headers = (("Authorization", f"Bearer {_token(kit)}"),)
    request = HttpRequest(method=method, url=f"{AT}/me", headers=headers)
    assert _error(kit.tenant.handle(request))[:2] == (400, "BadRequest")


def test_an_old_token_is_refused() -> None:
    kit = Kit()
    token = _token(kit)
    kit.tenant.advance(2 * 3600)
    body = body_of(_get(kit, "/me", token))
    assert body["error"]["message"] == "Lifetime validation failed, the token is expired."


def test_permissions_are_looked_at() -> None:
    kit = Kit(tenant=consented())
    mine = _token(kit, client="12a34b56-789c-0d12-e3fa-b456789c0123")  # User.Read alone
    assert body_of(_get(kit, "/me", mine))["mail"] == ALICE
    assert body_of(_get(kit, f"/users/{ALICE}", mine))["mail"] == ALICE
    denied = (403, "Authorization_RequestDenied")
    assert _error(_get(kit, f"/users/{BOB}", mine))[:2] == denied
    assert _error(_get(kit, "/users/nobody", mine))[:2] == denied
    no_log = _error(_get(kit, "/auditLogs/signIns", mine))
    assert no_log[:2] == (403, "Authentication_MSGraphPermissionMissing")
    names_only = _token(kit, client="12a34b56-789c-0d12-e3fa-b456789c0123", scope="openid profile")
    assert _error(_get(kit, "/me", names_only))[:2] == denied


def test_an_app_is_nobodys_me_and_reads_people_if_an_administrator_agreed() -> None:
    kit = Kit(tenant=consented())
    status, code, message = _error(_get(kit, "/me", _app_token(kit)))
    assert (status, code) == (400, "BadRequest")
    assert message == "/me request is only valid with delegated authentication flow."
    assert body_of(_get(kit, f"/users/{BOB}", _app_token(kit)))["id"] == BOBS_OID
    bare = Kit()
    assert _error(_get(bare, f"/users/{BOB}", _app_token(bare)))[0] == 403


def _log(kit: Kit, query: str = "") -> list[dict[str, Any]]:
    found = body_of(_get(kit, f"/auditLogs/signIns{query}", _token(kit)))["value"]
    assert isinstance(found, list)
    return found


def test_the_sign_ins_that_happened_are_listed_newest_first() -> None:
    kit = Kit()
    kit.code()
    wrong = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": BOB,
        "password": "wrong",
        "scope": SCOPE,
    }
    assert body_of(kit.ask(wrong))["error_codes"] == [50126]
    kit.ask(wrong | {"username": "nobody@contoso-practice.example"})
    kit.ask(wrong | {"username": CAROL, "password": PASSWORD})
    newest, carol, bob, alice = _log(kit)
    assert (newest["userPrincipalName"], newest["appDisplayName"]) == (ALICE, "Microsoft Azure CLI")
    assert newest["status"]["errorCode"] == 0
    assert (carol["userPrincipalName"], carol["status"]["errorCode"]) == (CAROL, 50076)
    assert (bob["userPrincipalName"], bob["status"]["errorCode"]) == (BOB, 50126)
    assert bob["status"]["failureReason"].startswith("Error validating credentials")
    assert bob["clientAppUsed"] == "Mobile Apps and Desktop clients"
    assert (alice["clientAppUsed"], alice["resourceDisplayName"]) == ("Browser", "AzureDatabricks")
    assert alice["createdDateTime"] == "2026-01-01T12:00:00Z"
    assert "wrong" not in str((newest, carol, bob, alice)).replace("wrong ", "")


def test_the_sign_ins_can_be_filtered_and_cut() -> None:
    kit = Kit()
    kit.code()
    kit.as_user(BOB).open(authorize_url())
    assert len(_log(kit)) == 3
    assert len(_log(kit, "?$top=2")) == 2
    query = changed({}, {"$filter": f"userPrincipalName eq '{BOB}'"})
    assert [each["userPrincipalName"] for each in _log(kit, f"?{query}")] == [BOB]
    assert _log(kit, "?$filter=status/errorCode%20eq%2050126") == []
    assert _log(kit, "?$filter=id/x/y%20eq%201") == []


def test_a_wrong_password_on_the_page_is_listed_with_its_number() -> None:
    kit = Kit(password="wrong")
    kit.browser.open(authorize_url())
    last = _log(kit)[-1]
    assert (last["status"]["errorCode"], last["clientAppUsed"]) == (50126, "Browser")


def test_userinfo_stays_at_graphs_host() -> None:
    kit = Kit()
    response = _get(kit, "/oidc/userinfo", _token(kit), at="https://graph.microsoft.com")
    assert body_of(response)["email"] == ALICE
    assert kit.get(f"{BASE}/v1.0/me").status == 404


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_a_token_counts_as_a_bearer_token_only(scheme: str) -> None:
    kit = Kit()
    header = ("Authorization", f"{scheme} {_token(kit)}")
    assert _error(kit.get(f"{AT}/me", header))[2] == "Access token is empty."


def test_an_app_reads_the_sign_ins_only_if_an_administrator_agreed() -> None:
    for tenant, status in ((consented(), 200), (PracticeTenant(clock=lambda: NOON), 403)):
        kit = Kit(tenant)
        assert _get(kit, "/auditLogs/signIns", _app_token(kit)).status == status


def test_people_and_sign_ins_of_another_tenant_are_not_shown() -> None:
    other = Tenant(id="0ff1ce00-0000-4000-8000-000000000001", domain="other.example", name="Other")
    olga = replace(
        DEFAULT.users[0],
        oid="0ff1ce00-0000-4000-8000-000000000002",
        name="olga@other.example",
        tenant_id=other.id,
    )
    book = replace(DEFAULT, tenants=(*DEFAULT.tenants, other), users=(*DEFAULT.users, olga))
    kit = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    form = {
        "client_id": AZURE_CLI,
        "grant_type": "password",
        "username": olga.name,
        "password": PASSWORD,
        "scope": SCOPE,
    }
    theirs = str(body_of(kit.ask(form, tenant=other.domain))["access_token"])
    assert body_of(_get(kit, "/me", theirs))["mail"] == olga.name
    assert [each["userPrincipalName"] for each in _log(kit)] == [ALICE]
    for name in (olga.name, olga.oid):
        assert _error(_get(kit, f"/users/{name}", _token(kit)))[0] == 404


def test_a_token_of_a_tenant_with_other_people_is_refused() -> None:
    kit = Kit()
    token = _token(kit)
    book = read_directory("[[users]]\nname = 'zoe@contoso-practice.example'")
    elsewhere = Kit(PracticeTenant(directory=book, clock=lambda: NOON))
    assert _error(_get(elsewhere, "/me", token))[0] == 401


NOT_INTERACTIVE = "?$filter=" + quote("signInEventTypes/any(t: t eq 'nonInteractiveUser')")


def test_each_time_a_code_is_handed_in_is_a_row_without_a_person() -> None:
    kit = Kit()
    token = _token(kit)
    code = kit.code()
    tokens = body_of(kit.redeem(code))
    assert body_of(kit.redeem(code))["error_codes"] == [54005]
    path = f"/auditLogs/signIns{NOT_INTERACTIVE}"
    found = body_of(_get(kit, path, token, at=BETA))["value"]
    twice, once = found[0], found[1]
    assert (twice["status"]["errorCode"], once["status"]["errorCode"]) == (54005, 0)
    assert once["sessionId"] == twice["sessionId"]
    assert once["uniqueTokenIdentifier"] == claims_of(tokens["access_token"])["uti"]
    assert once["signInEventTypes"] == ["nonInteractiveUser"]
    (interactive, *_) = body_of(_get(kit, "/auditLogs/signIns", token, at=BETA))["value"]
    assert interactive["sessionId"] == once["sessionId"]
    assert interactive["isInteractive"] is True


def test_the_first_version_of_the_log_has_no_session() -> None:
    kit = Kit()
    kit.tokens()
    assert all("sessionId" not in row for row in _log(kit, NOT_INTERACTIVE))
    assert _log(kit, "?$filter=" + quote("signInEventTypes/any(t: t eq 'managedIdentity')")) == []
