"""docs/fleet.md: its commands are run, in a network of their own, and its YAML is parsed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.practice.directory import defaults
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from kit import needs
from kit.audit.corpus import make_corpus
from kit.command_line import environment
from kit.foreign.programs import DAEMON
from kit.processes import namespaces
from kit.project import pages

pytestmark = [pytest.mark.against, *namespaces.NEEDED]

PAGE = pages.page("docs/fleet.md")
IDENTITY, OWN, JOB, POD, DRIVER, MANY = (
    pages.section(PAGE, title)
    for title in (
        "A managed identity",
        "Databricks' own token in the place of Entra's",
        "A job of a build server",
        "A pod, with a sidecar",
        "A Spark driver",
        "Many recordings",
    )
)
TOOL = f"{sys.executable} -P -m entra_oauth"
FIRST = f"{TOOL} practice run --workload"
ASKING = (
    "import json\n"
    "from azure.identity import ManagedIdentityCredential\n"
    "with ManagedIdentityCredential() as credential:\n"
    "    token = credential.get_token('https://vault.azure.net/.default')\n"
    "print(json.dumps(token.token))\n"
)
azure = needs.python("azure.identity", pypi="azure-identity", group="interop")
yaml = needs.python("yaml", pypi="pyyaml", group="interop")


WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"
ARTICLE_CLIENT = "12a34b56-789c-0d12-e3fa-b456789c0123"
SHOW_OWN = (
    "import json, os; e = os.environ; print(json.dumps([e['DATABRICKS_HOST'], "
    "e['DATABRICKS_TOKEN'], e.get('CI_JOB_TOKEN')]))"
)
POLICY = f"""
[[federation_policies]]
issuer = "https://sts.windows.net/{ARTICLE_TENANT_ID}/"
audiences = ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"]
subject_claim = "appid"
subject = "{DAEMON}"
client_id = "{DAEMON}"
"""
ASK_GITHUB = """
import json, os, urllib.request
url = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + f"&audience={os.environ['AUDIENCE']}"
bearer = {"Authorization": "Bearer " + os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]}
with urllib.request.urlopen(urllib.request.Request(url, headers=bearer)) as answer:
    print(json.load(answer)["value"])
"""


def _yaml(section: str) -> Any:
    import yaml  # type: ignore[import-untyped]

    (block,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return yaml.safe_load(block)


def _ours(command: str) -> str:
    """A line of the page with this Python, and the ids of the practice tenant."""
    known = {"TENANT": ARTICLE_TENANT_ID, "CLIENT": DAEMON, "python3": sys.executable}
    filled = re.sub("|".join(known), lambda found: known[found[0]], command)
    return re.sub("^entra-oauth", TOOL, filled)


def _in_a_pod(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A script of the shell in one network namespace, which has nothing but its loopback."""
    with namespaces.pair() as (pod, _):
        return pod.run("sh", "-c", f"cd {folder}; {script}", env=environment())


def _claims(token: str) -> dict[str, Any]:
    from kit.practice import claims_of

    return claims_of(token)


@yaml
def test_the_step_of_the_job_runs_its_program_with_a_token(tmp_path: Path) -> None:
    job = _yaml(JOB)
    assert job["permissions"] == {"id-token": "write"}
    (step,) = job["jobs"]["nightly"]["steps"]
    show = "import json, os; print(json.dumps(os.environ['DATABRICKS_TOKEN']))"
    (tmp_path / "job.py").write_text(show)
    done = _in_a_pod(f"{FIRST} github -- {_ours(step['run'])}", tmp_path)
    assert _claims(json.loads(done.stdout))["appid"] == DAEMON, done.stderr


def test_the_commands_of_a_managed_identity_give_its_token(tmp_path: Path) -> None:
    show = "import os; print(os.environ['DATABRICKS_TOKEN'])"
    (tmp_path / "job.py").write_text(show)
    token, run, profile = map(_ours, pages.commands(IDENTITY))
    script = f"{token} && {run} && {profile} && {TOOL} token --profile vm"
    (tmp_path / "all.sh").write_text(script)
    done = _in_a_pod(f"{FIRST} imds -- sh all.sh", tmp_path)
    assert done.returncode == 0, done.stderr
    tokens = done.stdout.split()
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert _claims(tokens[0])["xms_mirid"].endswith("/practice-machine")


@azure
def test_the_job_that_asks_by_itself_gets_its_token(tmp_path: Path) -> None:
    (command,) = pages.commands(JOB)
    (tmp_path / "job.py").write_text(ASKING)
    done = _in_a_pod(f"{FIRST} github -- {_ours(command)}", tmp_path)
    assert _claims(json.loads(done.stdout))["aud"] == "https://vault.azure.net", done.stderr


@azure
@yaml
def test_the_commands_of_the_pod_give_its_program_a_token(tmp_path: Path) -> None:
    spec = _yaml(POD)["spec"]
    (sidecar,), (program,) = spec["initContainers"], spec["containers"]
    mounted = {each["name"] for each in program["volumeMounts"]}
    assert mounted == {"identity"}, "the program must not have the proof"
    (tmp_path / "job.py").write_text(ASKING)
    (tmp_path / "identity").mkdir()
    commands = [sidecar["command"], sidecar["startupProbe"]["exec"]["command"], program["command"]]
    started, ready, asked = (
        _ours(shlex.join(each))
        .replace("/identity/", f"{tmp_path}/identity/")
        .replace("/proof/token", '"$AZURE_FEDERATED_TOKEN_FILE"')
        for each in commands
    )
    (tmp_path / "pod.sh").write_text(
        f"{started} & sidecar=$!\n"
        f"until {ready}; do kill -0 $sidecar || exit 1; sleep 0.05; done\n"
        # What the job's container has: the network, the mounted folder, and no proof.
        f"env -u AZURE_FEDERATED_TOKEN_FILE -u AZURE_CLIENT_ID -u AZURE_TENANT_ID {asked}\n"
        "kill $sidecar; wait $sidecar\n"
    )
    done = _in_a_pod(f"{FIRST} kubernetes -- sh pod.sh", tmp_path)
    claims = _claims(json.loads(done.stdout))
    assert (claims["appid"], claims["aud"]) == (DAEMON, "https://vault.azure.net"), done.stderr
    assert "Token 1 was given: https://vault.azure.net." in done.stderr
    assert not list((tmp_path / "identity").iterdir())


def test_the_lines_for_the_workspaces_own_token_give_it(tmp_path: Path) -> None:
    """A person's, an app's, a profile's; then GitHub's token, one in a variable, a profile's."""
    usual = Path(defaults.__file__).with_name("default_directory.toml").read_text()
    (tmp_path / "directory.toml").write_text(usual + POLICY)
    (tmp_path / "job.py").write_text(SHOW_OWN)
    (tmp_path / "github.py").write_text(ASK_GITHUB)
    person, app, profile, job, variable, own_profile = (
        _ours(line.replace("URL", WORKSPACE)) for line in pages.commands(OWN)
    )
    ids = f"--tenant {ARTICLE_TENANT_ID} --client-id {ARTICLE_CLIENT} --cache file"
    (tmp_path / "own.sh").write_text(
        f"set -e\n{TOOL} login {ids} --save-profile work >&2\n{person}\n"
        f"AZURE_CLIENT_SECRET=practice-secret {app}\n"
        f"{profile} >&2; {TOOL} token\n{TOOL} profile delete work\n"
        f"{job}\n"
        f"CI_JOB_TOKEN=$(AUDIENCE={WORKSPACE}/oidc/v1/token {sys.executable} github.py)\n"
        f"export CI_JOB_TOKEN; {variable}\n"
        f"{own_profile} >&2; {TOOL} token --profile work\n"
    )
    directory = f"--directory {tmp_path / 'directory.toml'}"
    done = _in_a_pod(f"{FIRST} github {directory} -- sh own.sh", tmp_path)
    lines = [line for line in done.stdout.splitlines() if line[:1] in ("[", "e")]
    assert len(lines) == 6, (done.stdout, done.stderr)
    given: list[Any] = [
        json.loads(line) if line[0] == "[" else [WORKSPACE, line, None] for line in lines
    ]
    assert {(host, proof) for host, _, proof in given} == {(WORKSPACE, None)}
    claims = [_claims(token) for _, token, _ in given]
    assert {each["iss"] for each in claims} == {f"{WORKSPACE}/oidc"}
    alice = "alice@contoso-practice.example"
    assert [each["sub"] for each in claims] == [alice, DAEMON, alice, DAEMON, DAEMON, DAEMON]


def test_the_folder_of_recordings_becomes_lines(tmp_path: Path) -> None:
    command = pages.commands(MANY)[0]
    make_corpus(tmp_path / "recordings", 20)
    done = subprocess.run(
        ["sh", "-c", _ours(command)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    lines = (tmp_path / "findings.jsonl").read_text().splitlines()
    assert len({json.loads(line)["file"] for line in lines}) == 20


def test_the_readmes_lines_for_fleets_are_lines_of_this_page() -> None:
    section = pages.section(pages.page("README.md"), "Fleets and containers")
    (step,) = re.findall("- run: (.*)", JOB)
    asking = pages.commands(IDENTITY)[1]
    assert pages.commands(section) == [step, asking, *pages.commands(JOB), pages.commands(MANY)[0]]


def test_every_command_of_these_sections_is_run_by_a_test() -> None:
    """The last two by tests/examples/."""
    assert len(pages.commands(OWN)) == 6
    run = [command for part in (JOB, POD, DRIVER, MANY) for command in pages.commands(part)]
    assert [command.split()[:2] for command in run] == [
        ["entra-oauth", "serve"],
        ["spark-submit", "examples/spark_tokens.py"],
        ["entra-oauth", "audit"],
        ["spark-submit", "examples/spark_lint.py"],
    ]
