"""azure-identity, msal and databricks-sdk, unmodified, where programs have no secret."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from entra_oauth.practice.directory.workloads import IssuerKind, identity_path
from kit import needs
from kit.foreign.programs import DAEMON, WORKSPACE, Cloud, cloud

pytestmark = [pytest.mark.against, needs.posix]

SYSTEM = "1de27000-0000-4000-8000-000000000009"
USERS = "1de27000-0000-4000-8000-00000000000a"
PATH = identity_path("practice-identity")
VAULT = "https://vault.azure.net/.default"
STORAGE = "https://storage.azure.com/.default"
SCRIPT = "use_workload_identity.py"

azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
msal = needs.python("msal", group="interop")
databricks = needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


MANAGED = ["imds", "app-service"]
WAYS = [pytest.param("managed", marks=azure), pytest.param("msal", marks=msal)]


@pytest.mark.parametrize("workload", MANAGED)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("named", "whose"), [((), SYSTEM), ((USERS,), USERS)])
def test_a_managed_identity_is_found_where_the_program_runs(
    way: str, workload: str, named: tuple[str, ...], whose: str, clouds: Cloud
) -> None:
    ended = clouds.python(SCRIPT, way, VAULT, *named, more=clouds.at(workload))
    answer = ended.answer()
    assert (answer["app"], answer["aud"]) == (whose, "https://vault.azure.net")
    assert 86_000 < answer["expires_in"] <= 86_400


@azure
@pytest.mark.parametrize("workload", MANAGED)
def test_azures_library_names_an_identity_by_its_path_too(workload: str, clouds: Cloud) -> None:
    ended = clouds.python(SCRIPT, "managed-by-path", STORAGE, PATH, more=clouds.at(workload))
    assert ended.answer()["app"] == USERS


@pytest.mark.parametrize(
    ("workload", "way", "arguments", "said"),
    [
        ("imds", "managed", (VAULT, DAEMON), "Identity not found"),
        ("app-service", "managed", (VAULT, DAEMON), "Identity not found"),
        ("imds", "managed", ("https://nobody.example/.default",), "AADSTS500011"),
        ("app-service", "msal", ("https://nobody.example/.default",), "AADSTS500011"),
        ("imds", "msal", (VAULT, DAEMON), "Identity not found"),
    ],
)
@azure
@msal
def test_the_libraries_tell_why_there_is_no_token(
    workload: str, way: str, arguments: tuple[str, ...], said: str, clouds: Cloud
) -> None:
    ended = clouds.python(SCRIPT, way, *arguments, more=clouds.at(workload))
    assert ended.code != 0
    assert said in ended.err


@azure
def test_a_wrong_secret_of_app_service_is_told(clouds: Cloud) -> None:
    more = clouds.at("app-service") | {"IDENTITY_HEADER": "another"}
    ended = clouds.python(SCRIPT, "managed", VAULT, more=more)
    assert ended.code != 0
    assert "X-IDENTITY-HEADER is missing or wrong" in ended.err


@azure
def test_a_machine_that_is_being_updated_is_asked_again(clouds: Cloud) -> None:
    clouds.tenant.faults.add("workload status=404 times=1")
    assert clouds.python(SCRIPT, "managed", VAULT, more=clouds.at("imds")).answer()
    assert clouds.asked("/metadata/identity/oauth2/token") == 2


@azure
@pytest.mark.parametrize("way", ["workload", "default"])
def test_a_pod_gets_a_token_by_the_file_of_its_cluster(way: str, clouds: Cloud) -> None:
    answer = clouds.python(SCRIPT, way, VAULT, more=clouds.at("kubernetes")).answer()
    assert answer["app"] == DAEMON


@azure
def test_a_job_of_azure_pipelines_gets_a_token_of_entra(clouds: Cloud) -> None:
    more = clouds.at("azure-devops")
    answer = clouds.python(SCRIPT, "pipelines", VAULT, DAEMON, more=more).answer()
    assert answer["app"] == DAEMON


@databricks
@pytest.mark.parametrize(
    ("way", "workload"),
    [
        ("github-oidc", "github"),
        ("azure-devops-oidc", "azure-devops"),
        ("github-oidc-azure", "github"),
    ],
)
def test_the_sdk_of_databricks_signs_a_job_in(way: str, workload: str, clouds: Cloud) -> None:
    more = clouds.at(workload)
    ended = clouds.python("use_databricks.py", way, WORKSPACE, DAEMON, more=more)
    assert ended.answer() == {"me": DAEMON, "clusters": ["lesson", "nightly"]}


@needs.python("jwt", pypi="pyjwt", group="interop")
@pytest.mark.parametrize("kind", list(IssuerKind))
def test_a_service_that_lets_jobs_in_finds_the_keys_under_the_issuers_name(
    kind: IssuerKind, clouds: Cloud
) -> None:
    issuer = next(each for each in clouds.tenant.directory.issuers if each.kind is kind)
    audience = "api://AzureADTokenExchange"
    token = clouds.tenant.issuer_token(kind, audience=audience)
    arguments = (issuer.url, audience)
    answer = clouds.python("check_issuer.py", *arguments, stdin=token).answer()
    assert answer == {"sub": issuer.subject}
    other = clouds.python("check_issuer.py", issuer.url, "another", stdin=token)
    assert "InvalidAudienceError" in other.err
    head, body, signature = token.split(".")
    forged = clouds.python("check_issuer.py", *arguments, stdin=f"{head}.{body}.{signature[::-1]}")
    assert forged.code != 0
    assert forged.out == ""


@needs.curl
@pytest.mark.parametrize("workload", ["imds", "app-service"])
def test_the_metadata_service_has_its_real_address_for_a_program_that_runs_there(
    workload: str,
) -> None:
    address = (
        "http://169.254.169.254/metadata/identity/oauth2/token"
        "?api-version=2018-02-01&resource=https://vault.azure.net"
    )
    curl = ["curl", "-sS", "-H", "Metadata: true", address]
    tool = [sys.executable, "-P", "-m", "entra_oauth", "practice", "run", "--workload", workload]
    done = subprocess.run([*tool, "--", *curl], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    if workload == "imds":
        assert json.loads(done.stdout)["client_id"] == SYSTEM
    else:
        assert "refused, because it is not played here: 169.254.169.254" in done.stderr
