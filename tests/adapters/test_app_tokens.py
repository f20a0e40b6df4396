"""Programs whose tokens are an app's: the profile's flow, the kept sign-in, the proof."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.adapters.azure import EntraCredential
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.account import APP_ONLY
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.errors import AuthorityError, ProofMissing, SignInRequired, UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from kit import canaries, needs
from kit.command_line import call
from kit.nightly import Nightly, of_the_app
from kit.practice import DAEMON, SCOPE, SECRET


@pytest.fixture
def nightly() -> Iterator[Nightly]:
    tenant = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(tenant, tls=False) as hosted:
        yield Nightly(tenant, hosted.base_url)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)


def _profile(nightly: Nightly, **more: str) -> None:
    values: dict[str, str | tuple[str, ...]] = {
        "tenant": ARTICLE_TENANT_ID,
        "client_id": DAEMON,
        "authority_host": nightly.base,
        **more,
    }
    Profiles.standard(os.environ).put(Profile("nightly", values), as_default=True)


APP_FLOW = {"flow": "client-credentials"}


@pytest.mark.usefixtures("secret")
def test_a_profile_of_an_app_gives_tokens_and_renews_them_past_the_hour(nightly: Nightly) -> None:
    _profile(nightly, **APP_FLOW)
    tokens = StoredTokens.of_profile()
    first = tokens.get()
    assert of_the_app(first.token.text)
    assert (first.source, first.account) == ("client_credentials", APP_ONLY)
    assert tokens.get().source == "cache"
    nightly.let_an_hour_pass()
    assert tokens.get().token.text == nightly.kept() != first.token.text
    assert len(nightly.asked) == 2


@pytest.mark.usefixtures("secret")
def test_threads_of_a_program_ask_once_for_an_apps_token(nightly: Nightly) -> None:
    _profile(nightly, **APP_FLOW)
    tokens, seen = StoredTokens.of_profile(), list[str]()
    threads = [
        threading.Thread(target=lambda: seen.append(tokens.get().token.text)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(seen), len(set(seen)), len(nightly.asked)) == (20, 1, 1)


@pytest.mark.usefixtures("secret")
def test_what_the_command_signed_in_a_program_renews(nightly: Nightly) -> None:
    """Without a flow in the profile the kept sign-in says who asks; so it does without one."""
    nightly.sign_in()
    _profile(nightly)
    named = StoredTokens(nightly.authority, DAEMON)
    for tokens in (StoredTokens.of_profile(), named):
        nightly.let_an_hour_pass()
        assert tokens.get().source == "client_credentials"
    assert len(nightly.asked) == 3


@pytest.mark.usefixtures("secret")
def test_a_proof_in_the_environment_counts_last_and_it_is_said_once(
    nightly: Nightly, capsys: pytest.CaptureFixture[str]
) -> None:
    _profile(nightly)
    tokens = StoredTokens.of_profile()
    assert of_the_app(tokens.get().token.text)
    tokens.get(force=True)
    said = capsys.readouterr().err
    assert said.count(f"The app {DAEMON} asks itself, with the proof in the environment") == 1
    _profile(nightly, flow="auth-code")
    with pytest.raises(SignInRequired):
        StoredTokens.of_profile().get()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("named", "asks"), [("", True), (DAEMON.upper(), True), (f"{DAEMON[:-1]}6", False)]
)
def test_a_proof_beside_the_id_of_another_app_is_that_ones(
    nightly: Nightly, named: str, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For commands too: the secret of one app is not sent under the name of another."""
    monkeypatch.setenv("AZURE_CLIENT_ID", named)
    _profile(nightly)
    if asks:
        assert of_the_app(StoredTokens.of_profile().get().token.text)
    else:
        with pytest.raises(SignInRequired):
            StoredTokens.of_profile().get()
    assert call("token", "--force-refresh").code == (0 if asks else 4)
    assert bool(nightly.asked) is asks


@pytest.mark.parametrize("where", ["profile", "ours", "azure's"])
def test_a_certificate_proves_the_app_and_is_read_from_where_it_is_named(
    where: str, nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, file = nightly.tenant.certificate_of(DAEMON), tmp_path / "app.pem"
    file.write_text(made.certificate + made.private_key, encoding="ascii")
    _profile(nightly, **APP_FLOW, **({"certificate": str(file)} if where == "profile" else {}))
    if where == "profile":  # what another program's variables hold does not come before it
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "of another app")
        monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/at/all")
    else:
        ours = where == "ours"
        name = "ENTRA_OAUTH_CERTIFICATE" if ours else "AZURE_CLIENT_CERTIFICATE_PATH"
        monkeypatch.setenv(name, str(file))
    assert of_the_app(StoredTokens.of_profile().get().token.text)


def test_the_file_of_a_federated_token_is_read_anew(nightly: Nightly, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(nightly.tenant.federated_token(DAEMON, life_s=600), encoding="ascii")
    _profile(nightly, **APP_FLOW, federated_token_file=str(file))
    tokens = StoredTokens.of_profile()
    assert of_the_app(tokens.get().token.text)
    nightly.let_an_hour_pass()
    with pytest.raises(AuthorityError):
        tokens.get()
    file.write_text(nightly.tenant.federated_token(DAEMON), encoding="ascii")
    assert tokens.get().token.text == nightly.kept()


def test_an_app_without_a_proof_is_told_so_and_no_person_is(nightly: Nightly) -> None:
    _profile(nightly, **APP_FLOW)
    with pytest.raises(ProofMissing) as raised:
        StoredTokens.of_profile().get()
    assert "AZURE_CLIENT_SECRET" in raised.value.advice
    _profile(nightly, **APP_FLOW, certificate="/a", federated_token_file="/b")
    with pytest.raises(UsageError):
        StoredTokens.of_profile()


def test_no_frame_that_an_error_leaves_behind_holds_a_token_or_a_proof(
    nightly: Nightly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tools that print the values of frames are common in jobs that nobody watches."""
    _profile(nightly, **APP_FLOW)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong-but-secret")
    with pytest.raises(AuthorityError) as caught:
        StoredTokens.of_profile().get()
    canaries.assert_in_no_frame(caught.value, "wrong-but-secret")
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    token = nightly.tenant.federated_token(DAEMON)
    (tmp_path / "token").write_text(f'{{"a": "{token}", "b": "{token}"}}', encoding="ascii")
    _profile(nightly, **APP_FLOW, federated_token_file=str(tmp_path / "token"))
    with pytest.raises(UsageError) as unread:
        StoredTokens.of_profile().get()
    canaries.assert_in_no_frame(unread.value, token)


@needs.python("azure.identity", pypi="azure-identity", group="interop")
def test_in_a_chain_an_app_without_a_proof_goes_on_and_a_wrong_one_ends_it(
    nightly: Nightly, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ChainedTokenCredential

    class Next:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            return AccessToken("of-the-next-one", 4_000_000_000)

    _profile(nightly, **APP_FLOW)
    ours: Any = EntraCredential(profile="nightly")
    chain: Any = ChainedTokenCredential(ours, Next())
    assert chain.get_token(SCOPE).token == "of-the-next-one"
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
    with pytest.raises(ClientAuthenticationError):
        ChainedTokenCredential(ours, Next()).get_token(SCOPE)


@pytest.mark.usefixtures("secret")
def test_a_command_and_a_program_share_one_token(nightly: Nightly) -> None:
    _profile(nightly, **APP_FLOW)
    code = "from entra_oauth import StoredTokens; print(StoredTokens.of_profile().get().token.text)"
    command = [sys.executable, "-P", "-m", "entra_oauth", "token"]
    for each in ([sys.executable, "-c", code], command):
        ran = subprocess.run(each, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == f"{nightly.kept()}\n"
    assert len(nightly.asked) == 1
    store = FileStore.standard(os.environ)
    assert [account.name for _, account in store.accounts()] == [APP_ONLY]
