"""databricks-sdk, unmodified, with tokens of Databricks' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from kit import needs
from kit.foreign.programs import DAEMON, SECRET, WORKSPACE, Cloud, cloud
from kit.practice import ALICE, Kit

pytestmark = [
    pytest.mark.against,
    needs.posix,
    needs.python("databricks.sdk", pypi="databricks-sdk", group="interop"),
]

AT_ENDPOINT = f"{WORKSPACE}/oidc/v1/token"


@pytest.fixture
def clouds() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def _use(clouds: Cloud, way: str, *rest: str, **more: str) -> dict[str, object]:
    ended = clouds.python("use_databricks.py", way, WORKSPACE, *rest, more=more)
    answer = ended.answer()
    # It reads what the host says of itself, and is content with that.
    assert "Failed" not in ended.err
    assert answer["clusters"] == ["lesson", "nightly"]
    return answer


@pytest.mark.parametrize("audience", [AT_ENDPOINT, DATABRICKS_ACCOUNT])
def test_a_programs_token_in_the_environment_is_exchanged(audience: str, clouds: Cloud) -> None:
    token = clouds.tenant.issuer_token("github", audience=audience)
    answer = _use(clouds, "env-oidc", DAEMON, DATABRICKS_OIDC_TOKEN=token)
    assert answer["me"] == DAEMON
    # The token's five minutes are one exchange, however many calls are made.
    assert clouds.asked("/oidc/v1/token") == 1


def test_a_persons_token_in_the_environment_is_exchanged_without_a_client_id(clouds: Cloud) -> None:
    token = Kit(clouds.tenant).tokens()["access_token"]
    assert _use(clouds, "env-oidc", DATABRICKS_OIDC_TOKEN=token)["me"] == ALICE


def test_a_clusters_token_in_a_file_is_exchanged(clouds: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(clouds.tenant.issuer_token("kubernetes", audience=DATABRICKS_ACCOUNT) + "\n")
    assert (
        _use(clouds, "file-oidc", DAEMON, DATABRICKS_OIDC_TOKEN_FILEPATH=str(file))["me"] == DAEMON
    )


def test_a_workspace_may_have_another_name(clouds: Cloud) -> None:
    other = "https://adb-99.8.azuredatabricks.net"
    arguments = ("github-oidc", other, DAEMON)
    ended = clouds.python("use_databricks.py", *arguments, more=clouds.at("github"))
    assert ended.answer()["me"] == DAEMON


def test_an_app_gets_databricks_token_by_its_secret(clouds: Cloud) -> None:
    assert _use(clouds, "oauth-m2m", DAEMON, SECRET)["me"] == DAEMON


def test_a_person_signs_in_at_databricks_own_authority(clouds: Cloud) -> None:
    assert _use(clouds, "external-browser")["me"] == ALICE
    # The second client found what the first one kept.
    assert (clouds.asked("/login.html"), clouds.asked("/oidc/v1/token")) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "audience", "client", "said"),
    [
        ("github", "https://other.example", DAEMON, "invalid_grant: no policy has the audience"),
        ("kubernetes", AT_ENDPOINT, DAEMON, "invalid_grant: no policy has the audience"),
        ("github", AT_ENDPOINT, "", "invalid_grant: the account has no federation policy"),
        ("github", AT_ENDPOINT, "no-app", "invalid_client: no service principal"),
    ],
)
def test_the_sdk_tells_what_no_policy_took(
    kind: str, audience: str, client: str, said: str, clouds: Cloud
) -> None:
    token = clouds.tenant.issuer_token(kind, audience=audience)
    rest = (client,) if client else ()
    ended = clouds.python(
        "use_databricks.py", "env-oidc", WORKSPACE, *rest, more={"DATABRICKS_OIDC_TOKEN": token}
    )
    assert ended.code != 0
    assert said in ended.err
