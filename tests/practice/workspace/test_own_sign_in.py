"""Databricks' own sign-in: a code with PKCE, by way of Entra."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import ALICE, CHALLENGE, NOON, PASSWORD, VERIFIER, Kit, body_of, changed

AT = "https://adb-1234567890123456.7.azuredatabricks.net"
OTHER = "https://adb-99.8.azuredatabricks.net"
BACK = "http://localhost:8020"
Form = dict[str, str | None]
ASKED: Form = {
    "response_type": "code",
    "client_id": "databricks-cli",
    "redirect_uri": BACK,
    "scope": "all-apis offline_access",
    "state": "a b&c",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
REDEEMED: Form = {
    "grant_type": "authorization_code",
    "client_id": "databricks-cli",
    "redirect_uri": BACK,
    "code_verifier": VERIFIER,
}


@dataclass
class Signing:
    """One tenant with all its hosts, and a person with a browser."""

    tenant: PracticeTenant = field(default_factory=lambda: PracticeTenant(clock=lambda: NOON))
    cancels: bool = False
    workspace: str = AT

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.url.startswith("https://"):
            return self.tenant.handle(request)
        return HttpResponse(status=200, body=b"<h1>the app</h1>")

    def answer(self, changes: Form | None = None) -> dict[str, str]:
        """The fields with which the browser comes back to the client."""
        url = f"{self.workspace}/oidc/v1/authorize?{changed({}, ASKED | (changes or {}))}"
        browser = PracticeBrowser(self.send, ALICE, PASSWORD, cancels=self.cancels)
        end = browser.open(url).url
        assert end.startswith(f"{BACK}?"), end
        return {name: values[0] for name, values in parse_qs(urlsplit(end).query).items()}

    def ask(self, form: Form, at: str = "") -> HttpResponse:
        return Kit(self.tenant).post(f"{at or self.workspace}/oidc/v1/token", changed({}, form))


def test_a_person_signs_in_at_entra_and_comes_back_with_a_code() -> None:
    signing = Signing()
    answer = signing.answer()
    assert (set(answer), answer["state"]) == ({"code", "state"}, "a b&c")
    hosts = [urlsplit(request.url).hostname for request, _ in signing.tenant.log]
    assert hosts == [
        urlsplit(AT).hostname,
        *["login.microsoftonline.com"] * 2,
        urlsplit(AT).hostname,
    ]
    body = body_of(signing.ask(REDEEMED | {"code": answer["code"]}))
    assert (body["scope"], body["expires_in"]) == ("all-apis offline_access", 3600)
    bearer = ("Authorization", f"Bearer {body['access_token']}")
    me = Kit(signing.tenant).get(f"{AT}/api/2.0/preview/scim/v2/Me", bearer)
    assert body_of(me)["userName"] == ALICE


@pytest.mark.parametrize("workspace", [OTHER, "https://localhost:8443"])
def test_a_workspace_of_any_name_signs_people_in(workspace: str) -> None:
    signing = Signing(workspace=workspace)
    body = body_of(signing.ask(REDEEMED | {"code": signing.answer()["code"]}))
    bearer = ("Authorization", f"Bearer {body['access_token']}")
    kit = Kit(signing.tenant)
    assert kit.get(f"{workspace}/api/2.0/preview/scim/v2/Me", bearer).status == 200
    assert kit.get(f"{AT}/api/2.0/preview/scim/v2/Me", bearer).status == 403


def test_a_code_is_good_once_and_a_refresh_token_too() -> None:
    signing = Signing()
    form = REDEEMED | {"code": signing.answer()["code"]}
    first = body_of(signing.ask(form))
    assert body_of(signing.ask(form))["error"] == "invalid_grant"
    renew: Form = {
        "grant_type": "refresh_token",
        "client_id": "databricks-cli",
        "refresh_token": first["refresh_token"],
    }
    second = body_of(signing.ask(renew))
    elsewhere = renew | {"refresh_token": second["refresh_token"]}
    assert body_of(signing.ask(elsewhere, OTHER))["error"] == "invalid_grant"
    assert second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    assert body_of(signing.ask(renew))["error"] == "invalid_grant"


def test_entras_code_is_good_for_one_sign_in() -> None:
    signing = Signing()
    signing.answer()
    came = next(r for r, _ in signing.tenant.log if r.url.startswith(f"{AT}/login.html"))
    entras = parse_qs(urlsplit(came.url).query)["code"][0]
    kit = Kit(signing.tenant)
    began = kit.get(f"{AT}/oidc/v1/authorize?{changed({}, ASKED)}").header("Location") or ""
    state = parse_qs(urlsplit(began).query)["state"][0]
    again = kit.get(f"{AT}/login.html?{urlencode({'code': entras, 'state': state})}")
    assert "error=access_denied" in (again.header("Location") or "")


def test_nothing_lasts_that_was_not_asked_for() -> None:
    signing = Signing()
    code = signing.answer({"scope": "all-apis", "state": None})["code"]
    assert "refresh_token" not in body_of(signing.ask(REDEEMED | {"code": code}))


@pytest.mark.parametrize(
    ("changes", "at", "wait_s"),
    [
        ({"code": "another"}, AT, 0),
        ({"code": None}, AT, 0),
        ({"code_verifier": None}, AT, 0),
        ({"code_verifier": VERIFIER[:-1] + "A"}, AT, 0),
        ({"redirect_uri": "http://localhost:8021"}, AT, 0),
        ({"redirect_uri": None}, AT, 0),
        ({"client_id": None}, AT, 0),
        ({"client_id": "another"}, AT, 0),
        ({}, OTHER, 0),
        ({}, AT, 601),
    ],
)
def test_a_code_that_is_not_this_clients_gets_nothing(changes: Form, at: str, wait_s: int) -> None:
    signing = Signing()
    form = REDEEMED | {"code": signing.answer()["code"]} | changes
    signing.tenant.advance(wait_s)
    answer = signing.ask(form, at)
    assert answer.status == 400
    assert body_of(answer)["error"] in ("invalid_grant", "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "12a34b56-789c-0d12-e3fa-b456789c0123"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": "http://localhost.evil.example/"}, "invalid_request"),
        ({"redirect_uri": "http://localhost:8020@evil.example/"}, "invalid_request"),
        ({"redirect_uri": "http://localhost:8020/#x"}, "invalid_request"),
        ({"redirect_uri": "http://localhost:8020/\r\nX: y"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "all-apis fly"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_that_is_not_good_goes_nowhere(changes: Form, error: str) -> None:
    kit = Kit()
    answer = kit.get(f"{AT}/oidc/v1/authorize?{changed({}, ASKED | changes)}")
    assert (answer.status, body_of(answer)["error"]) == (400, error)
    assert answer.header("Location") is None


def test_whoever_gives_up_or_has_no_business_there_comes_back_without_a_code() -> None:
    denied = {"error": "access_denied", "state": "a b&c"}
    assert Signing(cancels=True).answer() == denied
    users = tuple(replace(user, in_workspace=False) for user in DEFAULT.users)
    tenant = PracticeTenant(directory=replace(DEFAULT, users=users), clock=lambda: NOON)
    assert Signing(tenant).answer() == denied


def test_the_workspaces_page_takes_only_what_it_began() -> None:
    kit = Kit()
    began = kit.get(f"{AT}/oidc/v1/authorize?{changed({}, ASKED)}").header("Location") or ""
    state = parse_qs(urlsplit(began).query)["state"][0]
    for at, query in (
        (AT, {}),
        (AT, {"code": kit.code()}),
        (AT, {"code": kit.code(), "state": "another"}),
        (OTHER, {"code": kit.code(), "state": state}),
    ):
        answer = kit.get(f"{at}/login.html?{urlencode(query)}")
        assert (answer.status, answer.header("Location")) == (400, None)
    # The code of another app is none of the workspace's, and stays its app's.
    began = kit.get(f"{AT}/oidc/v1/authorize?{changed({}, ASKED)}").header("Location") or ""
    state = parse_qs(urlsplit(began).query)["state"][0]
    code = kit.code()
    answer = kit.get(f"{AT}/login.html?{urlencode({'code': code, 'state': state})}")
    assert "error=access_denied" in (answer.header("Location") or "")
    assert kit.redeem(code).status == 200
