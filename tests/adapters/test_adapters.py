"""The adapters, each with the real library that it is for, on a practice tenant over TLS."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from entra_oauth.adapters.authlib import oauth2_session
from entra_oauth.adapters.azure import EntraCredential
from entra_oauth.adapters.databricks import DatabricksStrategy
from entra_oauth.adapters.http import EntraAuth
from entra_oauth.adapters.metadata import MetadataService
from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.cache.token_source import Found
from entra_oauth.errors import DestinationRefused, SignInRequired, UsageError
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID
from entra_oauth.protocol.resource.claims_challenge import challenge_claims
from kit import canaries, needs
from kit import signed_in as at_hand
from kit.practice import SCOPE
from kit.servers import raw_peer

CLUSTERS = "/api/2.0/clusters/list"


# ---- requests ----------------------------------------------------------------------------


def test_requests_gets_a_token_and_the_workspace_takes_it(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    url = ours.hosted.base_url + CLUSTERS
    answer = requests.get(url, auth=EntraAuth(tokens), verify=ours.hosted.ca_file, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["clusters"]


def test_requests_in_many_threads_share_one_token(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    auth, seen = EntraAuth(tokens), list[str]()

    def call() -> None:
        prepared = requests.Request("GET", ours.hosted.base_url + CLUSTERS, auth=auth).prepare()
        seen.append(prepared.headers["Authorization"])

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(seen) == 20
    assert len(set(seen)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://adb-1.2.azuredatabricks.net.evil.example/",
        "http://adb-1.2.azuredatabricks.net/",
        "https://evil.example#.azuredatabricks.net/",
        "https://adb-1.2.azuredatabricks.net@evil.example/",
    ],
)
def test_no_token_goes_to_a_host_that_it_is_not_for(tokens: StoredTokens, url: str) -> None:
    real = StoredTokens.of(ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
    for each in (tokens, real):
        with pytest.raises(DestinationRefused):
            requests.Request("GET", url, auth=EntraAuth(each)).prepare()


def test_a_claims_challenge_is_told() -> None:
    header = (
        'Bearer realm="", error="insufficient_claims", '
        'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
    )
    assert challenge_claims([header]) == '{"access_token":{"nbf":{"essential":true}}}'
    for other in ("", "Bearer", 'error="insufficient_claims"', header.replace("insuff", "x")):
        assert challenge_claims([other]) is None


# ---- azure-core --------------------------------------------------------------------------


@needs.python("azure.core", pypi="azure-core", group="interop")
def test_an_azure_core_pipeline_takes_the_credential(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    from azure.core.credentials import SupportsTokenInfo, TokenCredential
    from azure.core.pipeline import Pipeline
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy
    from azure.core.pipeline.transport import RequestsTransport
    from azure.core.rest import HttpRequest

    credential = EntraCredential(tokens)
    assert isinstance(credential, TokenCredential)
    assert isinstance(credential, SupportsTokenInfo)
    policy: Any = BearerTokenCredentialPolicy(credential, SCOPE)
    transport = RequestsTransport(connection_verify=ours.hosted.ca_file)
    with Pipeline(transport, [policy]) as pipeline:
        answer = pipeline.run(HttpRequest("GET", ours.hosted.base_url + CLUSTERS)).http_response
    assert answer.status_code == 200


def test_the_credential_answers_in_both_of_azures_forms(tokens: StoredTokens) -> None:
    with EntraCredential(tokens) as credential:
        pair = credential.get_token(SCOPE)
        info = credential.get_token_info(SCOPE, options={})
    assert (pair.token, pair.expires_on) == (info.token, info.expires_on)
    assert info.token_type == "Bearer"
    assert pair.token not in f"{pair!r}{info!r}{pair}{info}"
    assert canaries.found_in(repr(credential), [pair.token]) == []


def test_the_credential_gives_no_token_of_another_tenant(tokens: StoredTokens) -> None:
    credential = EntraCredential(tokens)
    with pytest.raises(UsageError):
        credential.get_token(SCOPE, tenant_id="another")
    with pytest.raises(UsageError):
        credential.get_token()
    assert credential.get_token(SCOPE, tenant_id=ARTICLE_TENANT_ID.upper()).token
    assert credential.get_token(SCOPE, tenant_id=f"{{{ARTICLE_TENANT_ID.upper()}}}").token


def test_the_adapters_import_none_of_the_libraries_that_they_are_for() -> None:
    code = (
        "import sys, entra_oauth.adapters.azure, entra_oauth.adapters.databricks, "
        "entra_oauth.adapters.http, entra_oauth.adapters.authlib; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('azure', 'databricks', 'requests', 'authlib', 'keyring')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


# ---- databricks-sdk ------------------------------------------------------------------------


@pytest.fixture
def trusting(ours: at_hand.AtHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ours.hosted.ca_file)


def _workspace(**config: Any) -> Any:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.core import Config

    return WorkspaceClient(config=Config(**config))


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
@pytest.mark.usefixtures("trusting")
def test_databricks_sdk_takes_the_strategy(ours: at_hand.AtHand, tokens: StoredTokens) -> None:
    client = _workspace(host=ours.hosted.base_url, credentials_strategy=DatabricksStrategy(tokens))
    assert client.current_user.me().user_name == at_hand.ALICE
    assert client.config.auth_type == "entra-oauth"


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
@pytest.mark.usefixtures("trusting")
def test_databricks_sdk_takes_the_token_from_its_variable(
    ours: at_hand.AtHand, tokens: StoredTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", ours.hosted.base_url)
    monkeypatch.setenv("DATABRICKS_TOKEN", tokens.get().token.text)
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "pat")
    monkeypatch.setenv("ARM_CLIENT_ID", "x")  # which without the auth type would be one too many
    assert _workspace().current_user.me().user_name == at_hand.ALICE


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
@pytest.mark.usefixtures("trusting")
def test_databricks_sdk_takes_the_metadata_service(
    ours: at_hand.AtHand, tokens: StoredTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with MetadataService(tokens.get, tokens.check_destination, say=said.append) as service:
        monkeypatch.setenv("DATABRICKS_METADATA_SERVICE_URL", service.url)
        monkeypatch.setenv("DATABRICKS_HOST", ours.hosted.base_url)
        client = _workspace(auth_type="metadata-service")
        assert client.current_user.me().user_name == at_hand.ALICE
    assert said == []


def test_the_strategy_gives_nothing_to_another_host(tokens: StoredTokens) -> None:
    class Config:
        host = "https://evil.example"

    with pytest.raises(DestinationRefused):
        DatabricksStrategy(tokens)(Config())


def test_the_strategy_adds_the_header_that_the_sdk_does_not(ours: at_hand.AtHand) -> None:
    class Config:
        host = ours.hosted.base_url

    strategy = DatabricksStrategy(ours.tokens(), azure_workspace_resource_id="/subscriptions/x")
    headers = strategy(Config())()
    assert headers["X-Databricks-Azure-Workspace-Resource-Id"] == "/subscriptions/x"


# ---- the metadata service, as a stranger sees it ----------------------------------------------

GOOD = {"X-Databricks-Metadata-Version": "1"}


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 404),
        ("/guess", "GET", {}, 404),
        (None, "POST", {}, 405),
        (None, "OPTIONS", {}, 405),
        (None, "OPTIONS", {"Origin": "https://evil.example"}, 403),
        (None, "GET", {"Origin": "https://evil.example"}, 403),
        (None, "GET", {"Origin": "null"}, 403),
        (None, "GET", {"Referer": "https://evil.example/"}, 403),
        (None, "GET", {"X-Forwarded-For": "10.0.0.9"}, 403),
        (None, "GET", {"Forwarded": "for=10.0.0.9"}, 403),
        (None, "GET", {"Sec-Fetch-Mode": "no-cors"}, 403),
        (None, "GET", {"sec-purpose": "prefetch"}, 403),
        (None, "GET", {"Host": "evil.example"}, 421),
        (None, "GET", {"X-Databricks-Metadata-Version": "2"}, 400),
        (None, "GET", {"X-Databricks-Host": "https://evil.example"}, 403),
        (None, "GET", {"X-Databricks-Host": ""}, 403),
        (None, "GET", {}, 200),
    ],
)
def test_the_metadata_service_answers_nobody_else(
    ours: at_hand.AtHand, path: str | None, method: str, headers: dict[str, str], status: int
) -> None:
    kept = ours.tokens()
    with MetadataService(kept.get, kept.check_destination, say=lambda line: None) as service:
        url = service.url if path is None else service.url.rpartition("/")[0] + path
        sent = {**GOOD, "X-Databricks-Host": ours.hosted.base_url, **headers}
        answer = requests.request(method, url, headers=sent, timeout=5)
    assert answer.status_code == status
    assert ("access_token" in answer.text) is (status == 200)


@pytest.mark.parametrize(
    ("doubled", "status"),
    [
        (("Host: evil.example",), 400),
        (("X-Databricks-Metadata-Version: 1",), 400),
        (("x-databricks-metadata-version: 2",), 400),
        (("X-Databricks-Host: https://evil.example",), 400),
        (("Accept: */*", "Accept: */*"), 200),
    ],
)
def test_the_metadata_service_answers_no_request_that_says_two_things(
    ours: at_hand.AtHand, tokens: StoredTokens, doubled: tuple[str, ...], status: int
) -> None:
    with MetadataService(tokens.get, tokens.check_destination, say=lambda line: None) as service:
        place, _, path = service.url.removeprefix("http://").partition("/")
        lines = [
            f"GET /{path} HTTP/1.1",
            f"Host: {place}",
            "X-Databricks-Metadata-Version: 1",
            f"X-Databricks-Host: {ours.hosted.base_url}",
            *doubled,
        ]
        message = "\r\n".join((*lines, "", "")).encode()
        reply = raw_peer.split(raw_peer.exchange(int(place.rpartition(":")[2]), message))
    assert reply.status == status
    assert (b"access_token" in reply.body) is (status == 200)


def test_who_asks_the_metadata_service_waits_beside_the_others_and_not_behind_them(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    """Each is let go only once all are inside."""
    all_inside = threading.Barrier(5, timeout=20)

    def get() -> Found:
        all_inside.wait()
        return tokens.get()

    with MetadataService(get, tokens.check_destination, say=lambda line: None) as service:
        headers = {**GOOD, "X-Databricks-Host": ours.hosted.base_url}
        with ThreadPoolExecutor(5) as threads:
            answers = threads.map(
                lambda _: requests.get(service.url, headers=headers, timeout=30).status_code,
                range(5),
            )
            assert list(answers) == [200] * 5


# ---- authlib -------------------------------------------------------------------------------


def test_authlibs_session_carries_the_token_where_it_may_go(
    ours: at_hand.AtHand, tokens: StoredTokens
) -> None:
    with oauth2_session(tokens) as session:
        session.verify = ours.hosted.ca_file
        answer = session.get(ours.hosted.base_url + CLUSTERS, timeout=10)
        assert answer.status_code == 200
        with pytest.raises(DestinationRefused):
            session.get("https://evil.example/", timeout=10)


# ---- renewing, and who is not there ----------------------------------------------------------


def test_an_expired_token_is_renewed_over_the_real_back_channel(tmp_path: Path) -> None:
    with at_hand.at_hand(FileStore(str(tmp_path / "tokens"))) as ours:
        tokens = ours.tokens()
        first = tokens.get()
        again = tokens.get(force=True)
        assert again.source == "refresh_token"
        assert again.token.text != first.token.text
        assert tokens.get().token.text == again.token.text
        ours.tenant.revoke_sessions(at_hand.ALICE)
        with pytest.raises(SignInRequired):
            tokens.get(force=True)
        kept = ours.store.account(ours.app, at_hand.ALICE)
        assert kept is not None
        assert kept.refresh_token is None  # AADSTS50173: it is dead


def test_a_profile_says_whose_tokens_they_are(ours: at_hand.AtHand) -> None:
    profiles = Profiles.standard(os.environ)
    with pytest.raises(UsageError):
        StoredTokens.of_profile()
    values: dict[str, str | tuple[str, ...]] = {
        "tenant": ARTICLE_TENANT_ID,
        "client_id": ARTICLE_CLIENT_ID,
        "authority_host": ours.hosted.base_url,
    }
    profiles.put(Profile("work", values))
    for tokens in (StoredTokens.of_profile(), StoredTokens.of_profile("work")):
        assert tokens.authority == ours.authority
        with pytest.raises(SignInRequired) as raised:  # the store of this test's home is empty
            tokens.get()
        host = f"--authority-host {ours.hosted.base_url}"
        named = f"{host} --tenant {ARTICLE_TENANT_ID} --client-id {ARTICLE_CLIENT_ID}"
        assert f"entra-oauth login {named} (" in raised.value.advice
    with pytest.raises(UsageError):
        EntraAuth(ours.tokens(), profile="work")
    profiles.put(Profile("half", {"tenant": "x"}))
    with pytest.raises(UsageError):
        StoredTokens.of_profile("half")
