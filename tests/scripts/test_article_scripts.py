"""The article's scripts as a reader of the article runs them, against the practice tenant."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

import article
import environment
import launch
from entra_oauth.practice import Directory, PracticeTenant, serve
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.server.hosts import Hosted
from kit import canaries, needs, practice

SCRIPTS = Path(__file__).parents[2] / "scripts"
IDS = (canaries.CLIENT_ID, canaries.TENANT)
NAMES = ("get-tokens.py", "get-tokens-for-user.py", "refresh-tokens.py", "list-clusters.py")
BROWSER = """\
import sys
from entra_oauth.practice import PracticeBrowser, http_send
PracticeBrowser(http_send, sys.argv[1], "practice").open(sys.argv[2])
"""


@pytest.fixture
def tenant() -> PracticeTenant:
    """With consent given by an administrator, as the article has it for the password flow."""
    directory: Directory = DEFAULT.with_admin_consent()
    return PracticeTenant(directory=directory)


@pytest.fixture
def hosted(tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """Known to the scripts by the environment only."""
    with serve(tenant, tls=False) as served:
        monkeypatch.setenv("ENTRA_OAUTH_AUTHORITY_HOST", served.base_url)
        yield served


def run(name: str, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPTS / name), *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def printed(done: subprocess.CompletedProcess[str], *headings: str) -> list[str]:
    """The tokens under the article's headings, laid out as the article's `print` does."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    at = [lines.index(heading) for heading in headings]
    assert at == sorted(at)
    assert all(lines[i + 1] == "" and lines[i + 2] for i in at)
    assert len(lines) == at[-1] + 3
    return [lines[i + 2] for i in at]


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} {practice.ALICE} %s")


# ---- as in the article -----------------------------------------------------------------


@pytest.mark.usefixtures("browser")
def test_get_tokens_signs_in_in_the_browser(tenant: PracticeTenant, hosted: Hosted) -> None:
    access, refresh = printed(run("get-tokens.py", *IDS), "Access token:", "Refresh token:")
    listed = run("list-clusters.py", hosted.base_url, access)
    assert json.loads(listed.stdout)["clusters"][0]["cluster_name"] == "lesson"
    again = run("refresh-tokens.py", *IDS, refresh)
    new_access, new_refresh = printed(again, "New access token:", "New refresh token:")
    assert again.stdout.startswith("\nNew access token:\n\n")
    assert new_access != access
    assert run("list-clusters.py", hosted.base_url, new_access).returncode == 0
    assert run("refresh-tokens.py", *IDS, new_refresh).returncode == 0


def test_get_tokens_for_user_takes_name_and_password(
    tenant: PracticeTenant, hosted: Hosted
) -> None:
    done = run("get-tokens-for-user.py", *IDS, practice.ALICE, practice.PASSWORD)
    access, _ = printed(done, "Access token:", "Refresh token:")
    listed = run("list-clusters.py", hosted.base_url, access)
    assert listed.stdout == json.dumps(json.loads(listed.stdout), indent=2) + "\n"


def test_the_certificates_named_for_the_command_are_those_of_the_scripts(
    tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", __file__)  # would be taken otherwise
    with serve(tenant, tls=True) as served:
        monkeypatch.setenv("ENTRA_OAUTH_AUTHORITY_HOST", served.base_url)
        monkeypatch.setenv("ENTRA_OAUTH_CA_BUNDLE", served.ca_file)
        done = run("get-tokens-for-user.py", *IDS, practice.ALICE, practice.PASSWORD)
        access, _ = printed(done, "Access token:", "Refresh token:")
        assert run("list-clusters.py", served.base_url, access).returncode == 0


def test_the_headings_stand_as_in_the_article(hosted: Hosted) -> None:
    done = run("get-tokens-for-user.py", *IDS, practice.ALICE, practice.PASSWORD)
    assert done.stdout.startswith("Access token:\n\n")
    assert "\n\nRefresh token:\n\n" in done.stdout


def test_the_articles_header_lets_an_owner_in(tenant: PracticeTenant, hosted: Hosted) -> None:
    grace = "grace@contoso-practice.example"
    kit = practice.Kit(tenant=tenant, user=grace)
    access = kit.tokens()["access_token"]
    refused = run("list-clusters.py", hosted.base_url, access)
    assert refused.returncode == 1
    assert "no member of the workspace" in refused.stdout
    assert run("list-clusters.py", hosted.base_url, access, "s", "g", "w").returncode == 0


@needs.posix
def test_the_scripts_meet_the_practice_tenant_under_the_real_hosts_names() -> None:
    """With nothing of ours in their arguments or their environment but a proxy and a browser."""
    scripts = {name: str(SCRIPTS / name) for name in NAMES}
    shell = (
        f'token=$("{sys.executable}" "{scripts["get-tokens.py"]}" {" ".join(IDS)} | sed -n 3p)\n'
        f'printf %s "$token" | "{sys.executable}" "{scripts["list-clusters.py"]}" '
        "adb-1234567890123456.7.azuredatabricks.net -"
    )
    command = ["-m", "entra_oauth", "practice", "run", "--", "sh", "-c", shell]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["clusters"][0]["cluster_name"] == "lesson"
    assert "https://login.microsoftonline.com/" in done.stderr


# ---- secrets by - ------------------------------------------------------------------------


def test_a_password_on_the_command_line_is_warned_about_and_not_repeated(hosted: Hosted) -> None:
    done = run("get-tokens-for-user.py", *IDS, practice.ALICE, "MyPa55w&rd!")
    assert "Give - instead" in done.stderr
    assert "MyPa55w&rd!" not in done.stdout + done.stderr


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_can_come_by_standard_input(hosted: Hosted, end: str) -> None:
    done = run("get-tokens-for-user.py", *IDS, practice.ALICE, "-", stdin=practice.PASSWORD + end)
    printed(done, "Access token:", "Refresh token:")
    assert "Give - instead" not in done.stderr


def test_tokens_can_come_by_standard_input(tenant: PracticeTenant, hosted: Hosted) -> None:
    tokens = practice.Kit(tenant=tenant).tokens({"scope": f"{practice.SCOPE} offline_access"})
    listed = run("list-clusters.py", hosted.base_url, "-", stdin=tokens["access_token"] + "\n")
    assert listed.returncode == 0, listed.stderr
    again = run("refresh-tokens.py", *IDS, "-", stdin=tokens["refresh_token"] + "\n")
    printed(again, "New access token:", "New refresh token:")
    assert "Give - instead" not in listed.stderr + again.stderr


# ---- what goes wrong -----------------------------------------------------------------------

USAGE = {
    "get-tokens.py": "Usage: get-tokens.py <client ID> <tenant ID>\n",
    "get-tokens-for-user.py": "Usage: get-tokens-for-user.py <client ID> <tenant ID> <username> "
    "<password>\n",
    "refresh-tokens.py": "Usage: refresh-tokens.py <client ID> <tenant ID> <refresh token>\n",
    "list-clusters.py": "Usage: list-clusters.py <databricks instance> <access token> "
    "[<subscription> <resource group> <workspace>]\n",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("arguments", [("one",), ("1", "2", "3", "4", "5", "6"), ()], ids=len)
def test_a_wrong_number_of_arguments_prints_the_usage_and_ends_with_1(
    name: str, arguments: tuple[str, ...]
) -> None:
    done = run(name, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, USAGE[name], "")


def test_ids_can_be_filled_in_at_the_top_of_a_script(hosted: Hosted, tmp_path: Path) -> None:
    text = (SCRIPTS / "get-tokens-for-user.py").read_text(encoding="utf-8")
    values = {
        "<client-id>": IDS[0],
        "<tenant-id>": IDS[1],
        "<username>": practice.ALICE,
        "<password>": practice.PASSWORD,
    }
    for placeholder, value in values.items():
        text = text.replace(f'"{placeholder}"', f'"{value}"')
    clone = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, clone, ignore=shutil.ignore_patterns("__py*"))
    os.symlink(SCRIPTS.parent / "entra_oauth", tmp_path / "entra_oauth")
    (clone / "mine.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(clone / "mine.py")], capture_output=True, text=True, check=False
    )
    printed(done, "Access token:", "Refresh token:")


def test_a_refusal_of_the_authority_is_told_under_the_articles_words(hosted: Hosted) -> None:
    done = run("get-tokens-for-user.py", *IDS, practice.ALICE, "-", stdin="wrong-password")
    first, second = done.stdout.splitlines()
    assert first == "Error: invalid_grant"
    assert second.startswith("Description: AADSTS50126: ")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("Next: ")
    assert "wrong-password" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("get-tokens.py", IDS[0], "no tenant"), 2, "Error: UsageError"),
        (("refresh-tokens.py", *IDS, "no such token"), 2, "Error: UsageError"),
        (("refresh-tokens.py", *IDS, canaries.REFRESH_TOKEN), 3, "Error: invalid_request"),
        (("list-clusters.py", "evil.example", canaries.ACCESS_TOKEN), 5, "DestinationRefused"),
        (("list-clusters.py", "adb-1.2.azuredatabricks.net", canaries.ACCESS_TOKEN), 5, "practice"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_fails_says_so_without_a_secret(
    hosted: Hosted, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
    assert "Traceback" not in done.stderr
    canaries.assert_clean(done.stdout + done.stderr)


def test_a_practice_workspace_sees_no_token_of_a_real_authority(httpserver: HTTPServer) -> None:
    done = run("list-clusters.py", httpserver.url_for(""), canaries.ACCESS_TOKEN)
    assert done.returncode == 5
    assert httpserver.log == []


# ---- where they run ------------------------------------------------------------------------


def test_without_the_package_a_script_goes_on_in_the_environment_that_it_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["get-tokens.py", *IDS])
    monkeypatch.setattr(article, "_is_installed", lambda: False)
    monkeypatch.setattr(environment, "prepare", lambda: None)

    def become(command: list[str], env: dict[str, str]) -> None:
        became.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(launch, "become", become)
    with pytest.raises(SystemExit):
        article.run(lambda: None, "x", ("a", "b"))
    assert became == [[environment.PYTHON, os.path.abspath("get-tokens.py"), *IDS]]


def test_the_package_of_another_place_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert article._is_installed()
    monkeypatch.setattr(environment, "ROOT", str(SCRIPTS))
    assert not article._is_installed()


@pytest.mark.parametrize("name", ["article.py", *NAMES])
def test_an_old_python_can_read_a_script_far_enough_to_say_what_is_needed(name: str) -> None:
    tree = ast.parse((SCRIPTS / name).read_text(encoding="utf-8"), feature_version=(3, 6))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert functions
    for node in functions:
        arguments = [*node.args.args, node.args.vararg, node.args.kwarg]
        told = [a.annotation for a in arguments if a and a.annotation]
        told += [node.returns] if node.returns else []
        assert all(isinstance(each, ast.Constant | ast.Name) for each in told)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_about_a_dozen_lines(name: str) -> None:
    tree = ast.parse((SCRIPTS / name).read_text(encoding="utf-8"))
    (main,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert main.end_lineno is not None
    assert main.end_lineno - main.lineno <= 18
