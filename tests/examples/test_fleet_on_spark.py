"""The lines of docs/fleet.md that start Spark, in its local mode."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_oauth.cache.profiles import Profile, Profiles
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.server.hosts import Hosted, serve
from entra_oauth.practice.tenant import PracticeTenant
from kit import needs
from kit.audit.corpus import make_corpus
from kit.command_line import environment
from kit.practice import DAEMON
from kit.project import pages
from kit.recordings import PLANTED

pytestmark = [pytest.mark.against, needs.posix, needs.spark]

PAGE = pages.page("docs/fleet.md")
API = "https://adb-1234567890123456.7.azuredatabricks.net"
_PATIENCE_S = 600.0
_READ = (
    "import json, sys, pandas; rows = pandas.read_parquet(sys.argv[1]); "
    "print(json.dumps(sorted(set(rows['file'].str.rpartition('/')[2]))))"
)


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=DEFAULT.with_admin_consent())


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant, tls=False) as served:
        yield served


def _submit(
    section: str, folder: Path, *changes: tuple[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the one line of a section that begins with spark-submit, with these changes."""
    assert needs.SPARK
    lines = pages.commands(pages.section(PAGE, section))
    (line,) = (each for each in lines if each.startswith("spark-submit "))
    for old, new in (("examples/", f"{pages.ROOT}/examples/"), *changes):
        assert old in line
        line = line.replace(old, new)
    program, *rest = shlex.split(line)
    python = Path(needs.SPARK)
    return subprocess.run(
        [str(python.with_name(program)), "--conf", "spark.ui.enabled=false", *rest],
        cwd=folder,
        env=environment(
            PYTHONPATH=str(pages.ROOT),
            PATH=f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            PYSPARK_PYTHON=str(python),
            SPARK_LOCAL_IP="127.0.0.1",
            SPARK_LOCAL_DIRS=str(folder / "spark"),
            JAVA_TOOL_OPTIONS=f"-Djava.io.tmpdir={folder} -XX:-UsePerfData",
        ),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )


def _save_profile(hosted: Hosted, proof: Path) -> None:
    values: dict[str, str | tuple[str, ...]] = {
        "tenant": ARTICLE_TENANT_ID,
        "client_id": DAEMON,
        "authority_host": hosted.base_url,
        "flow": "client-credentials",
        "federated_token_file": str(proof),
    }
    Profiles.standard(os.environ).put(Profile("fleet", values))


def test_the_driver_hands_its_executors_a_token_and_asks_once(
    tenant: PracticeTenant, hosted: Hosted, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    proof.write_text(tenant.federated_token(DAEMON))
    _save_profile(hosted, proof)
    done = _submit("A Spark driver", tmp_path, (API, hosted.base_url))
    assert done.returncode == 0, done.stderr
    assert re.search(r"\|/api/2.0/clusters/list *\|200 *\|", done.stdout), done.stdout
    asked = [request for request, _ in tenant.log if "/token" in request.url]
    sent = [request for request, _ in tenant.log if request.path == "/api/2.0/clusters/list"]
    assert (len(asked), len(sent)) == (1, 1)
    token = (sent[0].header("Authorization") or "").removeprefix("Bearer ")
    assert token.count(".") == 2
    for secret in (token, proof.read_text()):
        assert secret not in done.stdout + done.stderr


def test_what_is_no_api_of_the_token_gets_none(hosted: Hosted, tmp_path: Path) -> None:
    _save_profile(hosted, tmp_path / "none")
    done = _submit("A Spark driver", tmp_path, (API, "https://evil.example"))
    assert done.returncode != 0
    assert "DestinationRefused" in done.stdout + done.stderr


def test_the_table_of_findings_has_every_recording(tmp_path: Path) -> None:
    make_corpus(tmp_path / "recordings", 24)
    done = _submit("Many recordings", tmp_path)
    assert done.returncode == 0, done.stderr
    assert needs.SPARK
    command = [needs.SPARK, "-c", _READ, str(tmp_path / "findings")]
    files = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(files) == 23  # Spark passes over the empty one
    assert not [secret for secret in PLANTED if secret in done.stdout + done.stderr]
