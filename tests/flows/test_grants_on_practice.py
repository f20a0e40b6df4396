"""Each grant on the practice tenant, which was written without a look at the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.channels.base import Channels, look_away
from entra_oauth.client import ConfidentialClient, PublicClient
from entra_oauth.errors import AuthorityError, UnexpectedAnswer
from entra_oauth.flows import password
from entra_oauth.flows.find_authority import find_authority
from entra_oauth.flows.proofs.federated_file import FederatedFile
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.access_request import AccessRequest
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret, Credential
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.glossary.aadsts import is_dead
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.recording import Recorder
from kit import canaries
from kit.grants import World
from kit.practice import ALICE, BASE, CAROL, DAEMON, MIDDLE, NOON, PASSWORD, SECRET, Kit, consented

AUTHORITY = Authority(BASE, ARTICLE_TENANT_ID)
DATABRICKS_ID = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"


def public() -> PublicClient:
    """A client with no keys yet."""
    return PublicClient(AUTHORITY, ARTICLE_CLIENT_ID)


class _Practice:
    """The tenant as both back channels of a world, by the tenant's clock."""

    def __init__(self, tenant: PracticeTenant | None = None) -> None:
        self.tenant = consented() if tenant is None else tenant
        self.world = World([self.tenant.handle], now=NOON)
        recorder = Recorder()
        channels = self.world.channels
        self.channels = recorder.wrap(replace(channels, aside=_Aside(self.tenant.handle)))
        self.recorder = recorder

    @property
    def notes(self) -> list[str]:
        return [exchange.note for exchange in self.recorder.recording.exchanges]


class _Aside:
    def __init__(self, handle: Callable[[HttpRequest], HttpResponse]) -> None:
        self._handle = handle

    def warm(self, url: str) -> None:
        """Nothing is to be got ready."""

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        return self._handle(request)


def signed_in(channels: Channels) -> TokenResponse:
    return public().password("databricks", username=ALICE, password=PASSWORD, channels=channels)


def test_a_password_gives_tokens_and_they_are_signed_and_recorded() -> None:
    practice = _Practice()
    tokens = signed_in(practice.channels)
    assert tokens.identity is not None
    assert tokens.identity.username == ALICE
    assert tokens.warnings == ()
    assert decode(tokens.access_token).claims["aud"] == DATABRICKS_ID
    assert sorted(practice.notes) == ["keys", "token"]
    assert practice.world.said == [password.WARNING]


@pytest.mark.parametrize(
    ("user", "word", "code", "advised"),
    [
        (ALICE, "wrong", 50126, "lock"),
        (CAROL, PASSWORD, 50076, "multi-factor"),
        ("nobody@contoso-practice.example", PASSWORD, 50034, "user name"),
    ],
)
def test_a_password_that_does_not_do_is_explained(
    user: str, word: str, code: int, advised: str
) -> None:
    practice = _Practice()
    with canaries.refused(AuthorityError) as caught:
        public().password("databricks", username=user, password=word, channels=practice.channels)
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert error.error_codes == (code,)
    assert advised in error.advice


def test_a_federated_account_is_told_to_use_the_browser() -> None:
    practice = _Practice()
    user = "frank@federated.contoso-practice.example"
    with canaries.refused(AuthorityError) as caught:
        public().password(
            "databricks", username=user, password=PASSWORD, channels=practice.channels
        )
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert error.cause
    assert "retry" not in error.helps


def test_a_refresh_goes_on_for_the_same_person_and_other_resources() -> None:
    practice = _Practice()
    tokens = signed_in(practice.channels)
    assert tokens.refresh_token
    again = public().refresh(
        tokens.refresh_token, "databricks", before=tokens.identity, channels=practice.channels
    )
    assert again.refresh_token not in (None, tokens.refresh_token)
    graph = public().refresh(tokens.refresh_token, "graph", channels=practice.channels)
    assert decode(graph.access_token).claims["aud"] != DATABRICKS_ID
    assert practice.notes.count("keys") == 1


def test_a_refresh_token_that_is_none_is_refused_and_not_called_dead() -> None:
    practice = _Practice()
    for token in ("1.AnotherToken", "x"):
        with canaries.refused(AuthorityError) as caught:
            public().refresh(token, "databricks", channels=practice.channels)
        assert isinstance(caught.value, AuthorityError)
        assert not is_dead(caught.value)


def test_a_refresh_token_of_ninety_days_is_dead() -> None:
    clock = [NOON]
    practice = _Practice(PracticeTenant(directory=consented().directory, clock=lambda: clock[0]))
    tokens = signed_in(practice.channels)
    assert tokens.refresh_token
    clock[0] += 91 * 86_400
    with canaries.refused(AuthorityError) as caught:
        public().refresh(tokens.refresh_token, "databricks", channels=practice.channels)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.error_codes == (700082,)
    assert is_dead(caught.value)


def test_a_device_signs_in_while_a_person_types_the_code() -> None:
    practice = _Practice()
    kit = Kit(practice.tenant)
    world = practice.world

    def sleep(seconds: float) -> None:
        world.slept.append(seconds)
        if len(world.slept) == 2:
            code = world.said[0].rpartition("code ")[2].split()[0].rstrip(".")
            page = kit.as_user(ALICE, user_code=code).open(f"{BASE}/devicelogin")
            assert "signed in" in page.text

    channels = replace(practice.channels, sleep=sleep)
    tokens = public().device_code("databricks", channels=channels)
    assert tokens.identity is not None
    assert tokens.identity.username == ALICE
    assert world.slept == [5, 5]
    assert sorted(practice.notes) == ["devicecode", "keys", "token", "token"]


def daemon(credential: Credential) -> ConfidentialClient:
    return ConfidentialClient(AUTHORITY, DAEMON, credential)


def test_an_app_proves_itself_in_each_way(tmp_path: Path) -> None:
    practice = _Practice()
    own = practice.tenant.certificate_of(DAEMON)
    pem = (own.certificate + own.private_key).encode()
    file = tmp_path / "token"
    file.write_text(practice.tenant.federated_token(DAEMON))
    ways: dict[str, tuple[Credential, str]] = {
        "secret": (ClientSecret(SECRET), "1"),
        "basic": (ClientSecret(SECRET, basic=True), "1"),
        "PS256": (Certificate.load(pem), "2"),
        "RS256": (Certificate.load(pem, algorithm="RS256"), "2"),
        "federated": (FederatedFile(str(file)), "2"),
    }
    for name, (credential, proof) in ways.items():
        tokens = daemon(credential).get_token("databricks", channels=practice.channels)
        assert decode(tokens.access_token).claims["appidacr"] == proof, name
        assert tokens.refresh_token is None
        assert tokens.warnings == ()


@pytest.mark.parametrize(
    ("secret", "code"), [("wrong", 7000215), ("practice-secret-of-last-year", 7000222)]
)
def test_a_wrong_or_expired_secret_is_explained(secret: str, code: int) -> None:
    with canaries.refused(AuthorityError) as caught:
        daemon(ClientSecret(secret)).get_token("databricks", channels=_Practice().channels)
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert (error.error, error.http_status, error.error_codes) == ("invalid_client", 401, (code,))
    assert "secret" in error.advice


def test_a_certificate_that_the_app_has_not_registered_is_explained() -> None:
    from kit.servers.app_certificates import key_pem, pem

    strange = Certificate.load(pem(ends=9999) + key_pem())
    with canaries.refused(AuthorityError) as caught:
        daemon(strange).get_token("databricks", channels=_Practice().channels)
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert error.error == "invalid_client"
    assert "certificate" in error.advice


def test_a_service_passes_a_person_on() -> None:
    practice = _Practice()
    for_middle = public().password(
        f"api://{MIDDLE}/.default", username=ALICE, password=PASSWORD, channels=practice.channels
    )
    middle = ConfidentialClient(AUTHORITY, MIDDLE, ClientSecret(SECRET))
    tokens = middle.on_behalf_of(for_middle.access_token, "databricks", channels=practice.channels)
    claims = decode(tokens.access_token).claims
    assert (claims["aud"], claims["unique_name"]) == (DATABRICKS_ID, ALICE)
    assert tokens.refresh_token
    again = middle.refresh(tokens.refresh_token, "databricks", channels=practice.channels)
    assert again.access_token != tokens.access_token
    with canaries.refused(AuthorityError) as caught:
        middle.on_behalf_of(tokens.access_token, "databricks", channels=practice.channels)
    assert isinstance(caught.value, AuthorityError)
    assert caught.value.error_codes in ((500131,), (50013,))


def test_a_workspace_names_its_tenant() -> None:
    practice = _Practice()
    here = "http://localhost:8400"
    found = find_authority(Workspace(here), practice.channels)
    assert found == Authority(here, ARTICLE_TENANT_ID)


def test_the_claims_of_a_challenge_reach_the_tenant() -> None:
    practice = _Practice()
    tokens = signed_in(practice.channels)
    assert tokens.refresh_token
    claims = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'
    again = public().refresh(
        tokens.refresh_token, "databricks", claims=claims, channels=practice.channels
    )
    assert decode(again.access_token).claims["xms_cc"] == ["cp1"]


def test_a_page_in_the_place_of_an_answer_is_named_as_one() -> None:
    page = HttpResponse(
        status=502, headers=(("Content-Type", "text/html"),), body=b"<html>Proxy</html>"
    )
    access_request = AccessRequest.for_person(authority=AUTHORITY, client_id="c", scopes=("graph",))
    with canaries.refused(UnexpectedAnswer) as caught:
        password.sign_in(access_request, ALICE, PASSWORD, World([page]).channels)
    assert "an HTML page" in caught.value.what
    assert "HTTP 502" in caught.value.what
    assert AUTHORITY.host in caught.value.what
