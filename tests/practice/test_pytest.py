"""The fixture gives a tenant that is up, and takes it down."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.pytest import practice_tenant  # noqa: F401 - a fixture
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import ALICE, PASSWORD


def test_the_fixture_signs_somebody_in(
    practice_tenant: PracticeTenant,  # noqa: F811 - the fixture of that name
) -> None:
    send = partial(http_send, ca_file=practice_tenant.ca)
    url = (
        f"{practice_tenant.authority}/oauth2/v2.0/authorize?response_type=code&scope=openid"
        "&client_id=12a34b56-789c-0d12-e3fa-b456789c0123&redirect_uri=http://localhost:9"
    )
    page = PracticeBrowser(send, ALICE, "wrong" + PASSWORD).open(url)
    assert "AADSTS50126" in page.text
    assert len(practice_tenant.log) == 2


CONFTEST = """\
from entra_oauth.practice.pytest import practice_tenant

__all__ = ["practice_tenant"]
"""
AS_PLUGIN = 'pytest_plugins = ["entra_oauth.practice.pytest"]\n'
THEIRS = """\
import json, ssl, urllib.request

def test_my_client_reads_the_discovery_document(practice_tenant):
    at = f"{practice_tenant.authority}/v2.0/.well-known/openid-configuration"
    trust = ssl.create_default_context(cafile=practice_tenant.ca)
    with urllib.request.urlopen(at, context=trust) as answer:
        assert json.load(answer)["issuer"] == f"{practice_tenant.authority}/v2.0"

def test_each_test_has_a_tenant_of_its_own(practice_tenant):
    assert practice_tenant.log == ()
"""


def _their_pytest(project: Path, conftest: str) -> subprocess.CompletedProcess[str]:
    (project / "conftest.py").write_text(conftest)
    (project / "test_theirs.py").write_text(THEIRS)
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("conftest", [CONFTEST, AS_PLUGIN])
def test_two_lines_in_a_projects_own_conftest_bring_the_fixture_or_one_that_names_a_plugin(
    conftest: str, tmp_path: Path
) -> None:
    done = _their_pytest(tmp_path, conftest)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "2 passed" in done.stdout


def test_a_project_that_asks_for_nothing_has_no_plugin_of_ours(tmp_path: Path) -> None:
    done = _their_pytest(tmp_path, "")
    assert done.returncode == 1
    assert "fixture 'practice_tenant' not found" in done.stdout
    assert "entra" not in done.stdout.split("available fixtures")[1].split("\n")[0]


def test_the_page_on_practice_shows_these_two_lines() -> None:
    page = Path(__file__).parents[2] / "docs" / "practice.md"
    assert f"```python\n{CONFTEST}```" in page.read_text(encoding="utf-8")
