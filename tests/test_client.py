"""One call for programs: a person signs in, in the browser of this machine."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

import entra_oauth
from entra_oauth import ClientSecret, ConfidentialClient, PublicClient, StoredTokens, local_channels
from entra_oauth.channels.base import Channels, say_on_stderr
from entra_oauth.errors import AuthorityError, ConnectFailed, IdTokenRefused, TimedOut, UsageError
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Hints
from entra_oauth.protocol.messages import HttpResponse
from kit import canaries, needs
from kit.command_line import CLIENT, TENANT, Person, authority, free_port
from kit.grants import ASSERTION, PASSWORD, SECRET, USER, World, refusal
from kit.processes.gone_reader import closed_pipe


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


def client_at(url: str) -> PublicClient:
    return PublicClient(Authority(url, TENANT), CLIENT)


def test_a_person_signs_in_with_one_call(
    person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    with authority(person) as server:
        tokens = client_at(server.url).sign_in("databricks")
        person.join()
    assert tokens.access_token == canaries.ACCESS_TOKEN
    assert tokens.identity is not None
    assert tokens.identity.username == "ada@example.test"
    assert tokens.warnings == ()
    assert person.asked["response_mode"] == "form_post"
    assert person.asked["code_challenge_method"] == "S256"
    assert "Signed in as ada@example.test" in person.page
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines().count(person.urls[0]) == 1
    assert canaries.ACCESS_TOKEN not in repr(tokens)


def test_each_sign_in_has_secrets_of_its_own(person: Person) -> None:
    with authority(person) as server:
        client = client_at(server.url)
        seen = []
        for _ in range(2):
            client.sign_in("databricks")
            person.join()
            seen.append({person.asked[n] for n in ("state", "nonce", "code_challenge")})
    assert not seen[0] & seen[1]


def test_hints_and_scopes_are_passed_on(person: Person) -> None:
    with authority(person) as server:
        client_at(server.url).sign_in(
            "graph", "email", hints=Hints(login_hint="a@b", prompt="login")
        )
        person.join()
    assert person.asked["scope"].startswith("https://graph.microsoft.com/.default email openid ")
    assert (person.asked["login_hint"], person.asked["prompt"]) == ("a@b", "login")


def test_nobody_comes(person: Person) -> None:
    person.opens = False
    with pytest.raises(TimedOut):
        client_at("http://localhost:9").sign_in("databricks", timeout_s=0.1)


def test_a_refusal_is_an_exception_with_what_the_authority_said(person: Person) -> None:
    person.answer = lambda asked: [
        ("error", "access_denied"),
        ("error_description", "AADSTS65004: declined"),
        ("state", asked["state"]),
    ]
    with authority(person) as server, canaries.refused(AuthorityError) as refused:
        client_at(server.url).sign_in("databricks")
    person.join()
    error = refused.value
    assert isinstance(error, AuthorityError)
    assert (error.stage, error.error_codes) == ("authorize", (65004,))


def test_an_id_token_for_somebody_else_is_an_exception(person: Person) -> None:
    def answer(asked: dict[str, str]) -> list[tuple[str, str]]:
        asked["nonce"] = "another"
        return [("code", canaries.CODE), ("state", asked["state"])]

    person.answer = answer
    with authority(person) as server, pytest.raises(IdTokenRefused):
        client_at(server.url).sign_in("databricks")
    person.join()
    assert "Not signed in" in person.page


def test_an_authority_that_is_not_there(person: Person) -> None:
    with canaries.refused(ConnectFailed):
        client_at("http://localhost:" + free_port()).sign_in("databricks", timeout_s=20)
    person.join()


@pytest.mark.parametrize(
    ("cloud", "host"),
    [
        ("public", "login.microsoftonline.com"),
        ("usgov", "login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ],
)
def test_a_client_of_every_cloud(cloud: str, host: str) -> None:
    assert PublicClient.of("common", CLIENT, cloud=cloud).authority.host == host


def test_a_wrong_client_is_refused_before_anything_happens(person: Person) -> None:
    for wrong in (("common", ""), ("common", "a\nb"), ("a/b", CLIENT)):
        with pytest.raises(UsageError):
            PublicClient.of(*wrong).sign_in("databricks", timeout_s=0.1)
    assert person.urls == []


@pytest.mark.parametrize(
    ("tenant", "client_id", "error"),
    [("TENANT", "CLIENT", "The tenant is neither"), (TENANT, "CLIENT", "The client id is neither")],
)
def test_a_program_is_refused_what_the_command_is_refused(
    tenant: str, client_id: str, error: str
) -> None:
    makers: tuple[Callable[[], object], ...] = (
        lambda: PublicClient.of(tenant, client_id),
        lambda: PublicClient(Authority.of(tenant), client_id),
        lambda: ConfidentialClient.of(tenant, client_id, ClientSecret("s")),
        lambda: StoredTokens.of(tenant, client_id),
    )
    for make in makers:
        with pytest.raises(UsageError, match=error):
            make()


def test_a_scope_that_cannot_succeed_is_refused_before_the_browser_opens(person: Person) -> None:
    public = PublicClient.of(TENANT, CLIENT)
    app = ConfidentialClient.of(TENANT, CLIENT, ClientSecret("s"))
    calls: tuple[Callable[[], object], ...] = (
        lambda: public.sign_in("grap", timeout_s=0.1),
        lambda: public.device_code("grap"),
        lambda: public.password("grap", username="u", password="p"),
        lambda: public.refresh("r", "grap"),
        lambda: app.get_token("grap"),
        lambda: app.on_behalf_of("a", "grap"),
        lambda: app.refresh("r", "grap"),
        lambda: StoredTokens.of(TENANT, CLIENT, scopes=("grap",)),
        lambda: StoredTokens.of(TENANT, CLIENT).get("grap"),
    )
    for ask in calls:
        with pytest.raises(UsageError, match="Did you mean graph"):
            ask()
    assert person.urls == []


@pytest.mark.parametrize("spelled", [CLIENT.upper(), f"{{{CLIENT}}}"])
def test_a_program_may_spell_a_guid_in_every_way(spelled: str) -> None:
    for client in (
        PublicClient.of(spelled, spelled),
        ConfidentialClient.of(spelled, spelled, ClientSecret("s")),
        StoredTokens.of(spelled, spelled),
    ):
        assert (client.authority.tenant, client.client_id) == (CLIENT, CLIENT)


def test_without_standard_error_nothing_goes_to_standard_output(
    person: Person, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority(person) as server:
        monkeypatch.setattr(sys, "stderr", None)
        client_at(server.url).sign_in("databricks")
        monkeypatch.undo()
        person.join()
    assert capsys.readouterr().out == ""


@needs.posix
def test_a_standard_error_that_nobody_reads_ends_no_sign_in(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority(person) as server, closed_pipe() as pipe:
        raw = io.FileIO(pipe, "w", closefd=False)
        unheard = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
        monkeypatch.setattr(sys, "stderr", unheard)
        say_on_stderr("A sentence.")
        assert client_at(server.url).sign_in("databricks").access_token
        person.join()


def test_local_channels_end_with_their_block() -> None:
    import threading

    before = threading.active_count()
    with local_channels() as channels, channels.front.open() as receiver:
        assert receiver.redirect_uri.startswith("http://localhost:")
    assert threading.active_count() <= before


def test_the_public_names_are_the_clients() -> None:
    assert entra_oauth.PublicClient is PublicClient
    assert entra_oauth.local_channels is local_channels


def test_over_ssh_the_way_back_is_told_as_the_command_tells_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("entra_oauth.channels.terminal.secret_line._has_terminal", lambda: False)
    client = client_at(f"http://localhost:{free_port()}")
    with local_channels() as channels, pytest.raises(TimedOut):
        client.sign_in("databricks", channels=channels, timeout_s=0.1)
    said = capsys.readouterr().err
    assert "\nssh -L " in said
    assert "response_mode=query" in said


REFUSED = refusal("invalid_grant", 50076)
AWAY = ConnectFailed("No connection.", advice="Check the network.")
GIVEN: dict[str, tuple[Callable[[Channels], object], str]] = {
    "a refresh token": (
        lambda channels: PublicClient.of(TENANT, CLIENT).refresh(
            canaries.REFRESH_TOKEN, "databricks", channels=channels
        ),
        canaries.REFRESH_TOKEN,
    ),
    "a password": (
        lambda channels: PublicClient.of(TENANT, CLIENT).password(
            "databricks", username=USER, password=PASSWORD, channels=channels
        ),
        PASSWORD,
    ),
    "an app's refresh token": (
        lambda channels: ConfidentialClient.of(TENANT, CLIENT, ClientSecret(SECRET)).refresh(
            canaries.REFRESH_TOKEN, "databricks", channels=channels
        ),
        canaries.REFRESH_TOKEN,
    ),
    "the caller's token": (
        lambda channels: ConfidentialClient.of(TENANT, CLIENT, ClientSecret(SECRET)).on_behalf_of(
            ASSERTION, "databricks", channels=channels
        ),
        ASSERTION,
    ),
    "an app's secret": (
        lambda channels: ConfidentialClient.of(TENANT, CLIENT, ClientSecret(SECRET)).get_token(
            "databricks", channels=channels
        ),
        SECRET,
    ),
}


@pytest.mark.parametrize("answer", [REFUSED, AWAY], ids=["refused", "away"])
@pytest.mark.parametrize(("ask", "secret"), GIVEN.values(), ids=GIVEN)
def test_no_frame_that_an_error_leaves_behind_holds_what_was_given(
    ask: Callable[[Channels], object], secret: str, answer: HttpResponse | ConnectFailed
) -> None:
    with pytest.raises((AuthorityError, ConnectFailed)) as caught:
        ask(World([answer]).channels)
    canaries.assert_in_no_frame(caught.value, secret, SECRET)
