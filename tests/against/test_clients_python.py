"""azure-identity, databricks-sdk, authlib and requests_oauth2client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from kit import needs
from kit.foreign.programs import DAEMON, ISSUER, SECRET, WORKSPACE, Cloud, cloud
from kit.practice import ALICE, PASSWORD, SCOPE

pytestmark = [pytest.mark.against, needs.posix]

azure_identity = needs.python("azure.identity", pypi="azure-identity", group="interop")
databricks = needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
oauth2client = needs.python("requests_oauth2client", group="interop")


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


# ---- azure-identity ------------------------------------------------------------------

AZURE = {
    "browser": (ARTICLE_CLIENT_ID, ()),
    "device": (ARTICLE_CLIENT_ID, ()),
    "password": (ARTICLE_CLIENT_ID, (ALICE, PASSWORD)),
    "secret": (DAEMON, (SECRET,)),
}


@azure_identity
@pytest.mark.parametrize("way", AZURE)
def test_a_credential_of_azures_library_gets_a_token(way: str, clouds: Cloud) -> None:
    client, more = AZURE[way]
    arguments = (way, client, ARTICLE_TENANT_ID, *more)
    answer = clouds.python("use_azure_identity.py", *arguments).answer()
    assert answer["access_token"].count(".") == 2
    assert answer["expires_on"] > clouds.tenant.now() + 3000


@azure_identity
def test_its_certificate_credential_does_too(clouds: Cloud, tmp_path: Path) -> None:
    own = clouds.tenant.certificate_of(DAEMON)
    pem = tmp_path / "both.pem"
    pem.write_text(own.private_key + own.certificate)
    arguments = ("certificate", DAEMON, ARTICLE_TENANT_ID, str(pem))
    answer = clouds.python("use_azure_identity.py", *arguments).answer()
    assert answer["access_token"].count(".") == 2


@azure_identity
def test_it_waits_as_long_as_a_throttling_tenant_says(clouds: Cloud) -> None:
    clouds.tenant.faults.add("token status=429 'body=Too Many Requests' retry-after=1 times=1")
    arguments = ("secret", DAEMON, ARTICLE_TENANT_ID, SECRET)
    clouds.python("use_azure_identity.py", *arguments).answer()
    assert clouds.asked("/token") == 2


@azure_identity
@pytest.mark.parametrize(
    ("fault", "way", "said"),
    [
        ("csrf-state", "browser", "state mismatch"),
        ("wrong-nonce", "browser", "nonce"),
        ("stolen-code", "browser", "AADSTS501481"),
        ("mfa-required", "password", "AADSTS50076"),
        ("token id_token.aud=", "device", "AuthenticationRecord"),
        ("token unset=expires_in", "secret", "expires_in"),
        ("token truncate=100", "secret", "IncompleteRead"),
        ("instance,discovery status=404", "secret", "authority"),
    ],
)
def test_its_credentials_get_nothing_from_a_tenant_that_misbehaves(
    fault: str, way: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    client, more = AZURE[way]
    ended = clouds.python("use_azure_identity.py", way, client, ARTICLE_TENANT_ID, *more)
    assert ended.code != 0
    assert said in ended.err


# ---- databricks-sdk --------------------------------------------------------------------

DATABRICKS_SDK = {
    "external-browser": (ARTICLE_CLIENT_ID,),
    "azure-client-secret": (DAEMON, ARTICLE_TENANT_ID, SECRET),
}


@databricks
@pytest.mark.parametrize(
    ("way", "who"), [("external-browser", ALICE), ("azure-client-secret", DAEMON)]
)
def test_the_sdk_of_databricks_signs_in_and_calls_the_workspace(
    way: str, who: str, clouds: Cloud
) -> None:
    arguments = (way, WORKSPACE, *DATABRICKS_SDK[way])
    answer = clouds.python("use_databricks.py", *arguments).answer()
    assert answer == {"me": who, "clusters": ["lesson", "nightly"]}


@databricks
def test_two_that_sign_in_at_the_sdks_only_port_take_turns(clouds: Cloud) -> None:
    arguments = ("external-browser", WORKSPACE, ARTICLE_CLIENT_ID)
    with cloud() as others, ThreadPoolExecutor() as pool:
        both = [
            pool.submit(each.python, "use_databricks.py", *arguments) for each in (clouds, others)
        ]
        assert [each.result().answer()["me"] for each in both] == [ALICE, ALICE]


@databricks
@pytest.mark.parametrize(
    ("fault", "way", "said"),
    [
        ("csrf-state", "external-browser", "state"),
        ("stolen-code", "external-browser", "AADSTS501481"),
        ("token unset=token_type", "external-browser", "token_type"),
        ("token aadsts=7000215", "azure-client-secret", "AADSTS7000215"),
        ("token access_token.aud=other", "azure-client-secret", "Expected aud claim to be"),
        ("token access_token.exp=-60", "azure-client-secret", "Invalid access token"),
        ("workspace status=403 body={}", "azure-client-secret", "PermissionDenied"),
    ],
)
def test_the_sdk_gets_nowhere_with_a_tenant_that_misbehaves(
    fault: str, way: str, said: str, clouds: Cloud
) -> None:
    clouds.tenant.faults.add(fault)
    ended = clouds.python("use_databricks.py", way, WORKSPACE, *DATABRICKS_SDK[way])
    assert ended.code != 0
    assert said in ended.err
    assert "Traceback" in ended.err


# ---- two clients that check the ID token -------------------------------------------------

CHECKING = [
    pytest.param("use_authlib.py", id="authlib"),
    pytest.param("use_requests_oauth2client.py", marks=oauth2client, id="requests_oauth2client"),
]


@pytest.mark.parametrize("script", CHECKING)
def test_a_client_that_checks_the_id_token_is_content(script: str, clouds: Cloud) -> None:
    answer = clouds.python(script, ISSUER, ARTICLE_CLIENT_ID, SCOPE).answer()
    assert answer["access_token"].count(".") == 2
    assert answer["username"] == ALICE
    assert answer["fresh"] is True
    assert DATABRICKS in SCOPE


@pytest.mark.parametrize("script", CHECKING)
@pytest.mark.parametrize(
    "fault",
    [
        "csrf-state",
        "stolen-code",
        "wrong-nonce",
        "wrong-audience",
        "expired-id-token",
        "unsigned",
        "bad-signature",
        "discovery set=issuer:https://login.mallory.example/v2.0",
        "keys status=404",
        "throttled",
        "html-from-proxy",
        "truncated",
        "reset",
    ],
)
def test_it_refuses_what_a_tenant_must_not_do(fault: str, script: str, clouds: Cloud) -> None:
    clouds.tenant.faults.add(fault)
    ended = clouds.python(script, ISSUER, ARTICLE_CLIENT_ID, SCOPE)
    assert ended.code == 1
    assert "Traceback" in ended.err
    assert "access_token" not in ended.out
