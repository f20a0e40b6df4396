"""Programs whose tokens are a managed identity's: named in code, or by a profile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from entra_oauth.adapters.azure import EntraCredential
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.errors import DestinationRefused, ProofMissing, ServiceAbsent, UsageError
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.server.hosts import serve
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.practice.workload.variables import Workload, workload_variables
from entra_oauth.protocol.jwt import decode
from kit import needs

SYSTEM = "1de27000-0000-4000-8000-000000000009"
USERS = "1de27000-0000-4000-8000-00000000000a"
UNKNOWN = "1de27000-0000-4000-8000-0000000000ff"
VAULT = "https://vault.azure.net/.default"


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeTenant]:
    made = PracticeTenant(directory=DEFAULT.with_admin_consent())
    with serve(made, tls=False) as hosted:
        base = hosted.base_url
        for workload in (Workload.IMDS, Workload.APP_SERVICE):
            found = workload_variables(
                made._context, workload, base_url=base, authority_url=base, folder=""
            )
            for name, value in found.items():
                monkeypatch.setenv(name, value)
        yield made


def _asked(tenant: PracticeTenant) -> int:
    return sum("/token" in request.url for request, _ in tenant.log)


def _app(text: str) -> str:
    return str(decode(text).claims["appid"])


@pytest.mark.parametrize("source", ["imds", "app-service"])
def test_a_program_names_the_identity_and_threads_of_it_ask_once(
    source: str, tenant: PracticeTenant
) -> None:
    tokens, seen = StoredTokens.of_managed_identity(source), list[str]()
    threads = [
        threading.Thread(target=lambda: seen.append(tokens.get().token.text)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 20
    assert {_app(text) for text in seen} == {SYSTEM}
    assert _asked(tenant) == 1
    named = StoredTokens.of_managed_identity(source, f"client-id={USERS}")
    assert _app(named.get().token.text) == USERS
    assert FileStore.standard(os.environ).accounts() == []


def test_a_profile_names_the_identity(tenant: PracticeTenant) -> None:
    values: dict[str, str | tuple[str, ...]] = {
        "flow": "managed-identity",
        "managed_identity_source": "imds",
        "managed_identity_id": f"client-id={USERS}",
    }
    profiles = Profiles.standard(os.environ)
    profiles.put(Profile("vm", values), as_default=True)
    assert _app(StoredTokens.of_profile().get().token.text) == USERS
    for more in ({"client_id": USERS}, {"managed_identity_source": "vm"}):
        profiles.put(Profile("vm", values | more), as_default=True)
        with pytest.raises(UsageError):
            StoredTokens.of_profile()


def test_azures_sdks_ask_with_what_means_nothing_here(tenant: PracticeTenant) -> None:
    credential = EntraCredential(StoredTokens.of_managed_identity("app-service"))
    first = credential.get_token(VAULT)
    assert decode(first.token).claims["aud"] == "https://vault.azure.net"
    again = credential.get_token(VAULT, tenant_id="another", enable_cae=True)
    assert (again, _asked(tenant)) == (first, 1)
    with pytest.raises(UsageError, match="claims challenge"):
        credential.get_token(VAULT, claims='{"access_token":{"nbf":{"value":"1"}}}')
    assert _asked(tenant) == 1


def test_a_token_of_an_identity_goes_where_its_audience_is(tenant: PracticeTenant) -> None:
    tokens = StoredTokens.of_managed_identity("imds")
    tokens.check_destination("https://adb-1.2.azuredatabricks.net/")
    for url in ("https://evil.example/", "http://adb-1.2.azuredatabricks.net/"):
        with pytest.raises(DestinationRefused):
            tokens.check_destination(url)


@needs.python("azure.identity", pypi="azure-identity", group="interop")
def test_in_a_chain_an_absent_service_goes_on_and_a_refusal_ends_it(
    tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ChainedTokenCredential

    good: Any = EntraCredential(StoredTokens.of_managed_identity("imds"))
    unknown = StoredTokens.of_managed_identity("app-service", f"client-id={UNKNOWN}")
    other: Any = EntraCredential(unknown)
    with pytest.raises(ClientAuthenticationError, match="Identity not found"):
        ChainedTokenCredential(other, good).get_token(VAULT)
    tokens = StoredTokens.of_managed_identity("app-service")
    absent: Any = EntraCredential(tokens)
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/")
    with pytest.raises(ServiceAbsent, match="IDENTITY_ENDPOINT"):
        tokens.get()
    assert _app(ChainedTokenCredential(absent, good).get_token(VAULT).token) == SYSTEM
    monkeypatch.delenv("IDENTITY_HEADER")
    with pytest.raises(ProofMissing):
        tokens.get()
    assert _app(ChainedTokenCredential(absent, good).get_token(VAULT).token) == SYSTEM
