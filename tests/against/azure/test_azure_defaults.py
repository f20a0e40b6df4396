"""azure-identity's credentials with no arguments, and msgraph-sdk with one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory.model import DATABRICKS
from kit import needs
from kit.foreign.programs import CLIENTS, WORKSPACE
from kit.practice import ALICE, claims_of

pytestmark = [pytest.mark.against, needs.posix]

PATIENCE_S = 180
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ARM = "https://management.azure.com/.default"
azure_identity = needs.python("azure.identity", pypi="azure-identity", group="interop")


def _answer(home: Path, python: str, script: str, *arguments: str) -> dict[str, Any]:
    """The object that a script prints under `practice run`."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "entra_oauth", "practice", "run", "--"),
            *(python, str(CLIENTS / script), *arguments),
        ],
        env={**os.environ, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(content, dict)
    return content


@azure_identity
@pytest.mark.parametrize("scope", [ARM, f"{DATABRICKS}/.default"])
def test_the_browser_credential_of_azures_library_needs_no_arguments(
    scope: str, tmp_path: Path
) -> None:
    answer = _answer(tmp_path, sys.executable, "use_azure_defaults.py", "browser", scope)
    claims = claims_of(answer["access_token"])
    assert (claims["appid"], claims["upn"]) == (AZURE_CLI, ALICE)


@azure_identity
@needs.azure_cli
@pytest.mark.parametrize("way", ["cli", "default"])
def test_its_default_credential_finds_the_sign_in_of_the_azure_cli(
    way: str, tmp_path: Path
) -> None:
    answer = _answer(tmp_path, sys.executable, "use_azure_defaults.py", way, ARM)
    claims = claims_of(answer["access_token"])
    assert (claims["appid"], claims["upn"]) == (AZURE_CLI, ALICE)
    assert not (tmp_path / ".azure").exists()


RESOURCE = (
    "/subscriptions/5b5c0000-0000-4000-8000-000000000001/resourceGroups/group/providers"
    "/Microsoft.Databricks/workspaces/practice"
)


@needs.python("databricks.sdk", pypi="databricks-sdk", group="interop")
@needs.azure_cli
@pytest.mark.parametrize("where", [WORKSPACE, RESOURCE], ids=["by address", "by resource"])
def test_the_sdk_of_databricks_signs_in_by_the_azure_cli(where: str, tmp_path: Path) -> None:
    answer = _answer(tmp_path, sys.executable, "use_databricks.py", "azure-cli", where)
    assert answer == {"me": ALICE, "clusters": ["lesson", "nightly"]}


@needs.msgraph
def test_the_sdk_of_microsoft_graph_reads_people_photo_and_sign_ins(tmp_path: Path) -> None:
    answer = _answer(tmp_path, str(needs.MSGRAPH), "use_msgraph.py")
    assert answer == {
        "me": ALICE,
        "bob": "Bob Practice",
        "organization": "Contoso (practice)",
        "photo": "PNG",
        "signed_in": [[ALICE, "Microsoft Azure CLI", 0]],
        "nobody": [404, "Request_ResourceNotFound"],
        "no path": [400, "BadRequest"],
    }
