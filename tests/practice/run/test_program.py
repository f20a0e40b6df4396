"""The environment of a program under `practice run`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.run import program
from entra_oauth.practice.run.browser_command import main as browser
from kit import needs

ALICE = DEFAULT.users[0]


def _environment(**base: str) -> dict[str, str]:
    return program.environment(
        base,
        proxy_url="http://127.0.0.1:1",
        ca_file="/x/ca.pem",
        base_url="https://localhost:2",
        browser="b",
    )


@pytest.mark.parametrize(
    "name",
    [
        "AZURE_CLIENT_SECRET",
        "AZURE_TENANT_ID",
        "ARM_CLIENT_SECRET",
        "DATABRICKS_TOKEN",
        "DATABRICKS_HOST",
        "IDENTITY_HEADER",
        "MSI_SECRET",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "SYSTEM_OIDCREQUESTURI",
        "azure_client_secret",
        "ALL_PROXY",
        "all_proxy",
        "SSL_CERT_DIR",
        "ENTRA_OAUTH_CA_BUNDLE",
    ],
)
def test_what_would_lead_to_a_real_cloud_is_taken_out(name: str) -> None:
    assert name not in _environment(**{name: "x"})


def test_everything_else_stays() -> None:
    assert _environment(PATH="/bin", LANG="C")["PATH"] == "/bin"
    assert _environment(MY_AZURE_THING="x")["MY_AZURE_THING"] == "x"


def test_the_way_to_the_tenant_is_in_every_spelling() -> None:
    environ = _environment(HTTPS_PROXY="http://real:3128", REQUESTS_CA_BUNDLE="/real.pem")
    proxies = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    assert {environ[name] for name in proxies} == {"http://127.0.0.1:1"}
    trust = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    assert {environ[name] for name in trust} == {"/x/ca.pem"}
    assert (environ["BROWSER"], environ["NODE_USE_ENV_PROXY"]) == ("b", "1")
    assert environ["ENTRA_OAUTH_PRACTICE_URL"] == "https://localhost:2"


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy", "No_Proxy"])
def test_no_host_but_this_machine_is_reached_around_the_proxy(name: str) -> None:
    environ = _environment(**{name: ".microsoftonline.com,*"})
    found = {value for key, value in environ.items() if key.upper() == "NO_PROXY"}
    assert found == {"localhost,127.0.0.1,::1"}


def test_the_browser_command_of_windows_survives_being_taken_apart_as_webbrowser_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", r"C:\Program Files\Python\python.exe")
    person = replace(ALICE, password="s3cret of hers")
    with program.browser_for(person, windows=True) as command:
        words = shlex.split(command)
    assert words[0] == r"C:\Program Files\Python\python.exe"
    assert words[-2:] == ["%s", "&"]
    assert "s3cret" not in command


@pytest.mark.parametrize(("windows", "handed"), [(True, "s3"), (False, None)])
def test_on_windows_the_environment_hands_the_password_on(
    windows: bool, handed: str | None
) -> None:
    environ = program.environment(
        {}, proxy_url="p", ca_file="c", base_url="u", browser="b", password="s3", windows=windows
    )
    assert environ.get("ENTRA_OAUTH_PRACTICE_PASSWORD") == handed


@needs.posix
def test_the_browser_command_is_its_owners_alone_and_returns_at_once() -> None:
    with program.browser_for(ALICE) as command:
        assert shlex.split(command) == [command]
        assert Path(command).stat().st_mode & 0o077 == 0
        done = subprocess.run([command, "http://127.0.0.1:1/"], timeout=90, check=False)
        assert done.returncode == 0
    assert not Path(command).exists()


@pytest.mark.parametrize(
    ("proxy", "url", "code"),
    [
        ("", "https://login.microsoftonline.com/", 5),
        ("http://proxy.example:3128", "https://login.microsoftonline.com/", 2),
        ("http://127.0.0.1", "https://login.microsoftonline.com/", 2),
        ("http://[::1", "https://login.microsoftonline.com/", 2),
        ("http://127.0.0.1:1", "https://login.microsoftonline.com/", 6),
        ("http://127.0.0.1:1", "http://login.microsoftonline.com/", 5),
    ],
)
def test_the_browser_leaves_this_machine_by_no_other_way(
    proxy: str,
    url: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert browser([url]) == code
    assert capsys.readouterr().err.startswith("practice browser: ")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["java", "-jar", "x.jar"], "does not read HTTPS_PROXY"),
        (["/opt/jdk/bin/java"], "does not read HTTPS_PROXY"),
        ([sys.executable, "x.py"], None),
        (["curl"], None),
    ],
)
def test_a_runtime_that_ignores_the_variables_is_warned_of(
    command: list[str], said: str | None
) -> None:
    warning = program.warning(command)
    assert (warning is None) if said is None else (warning is not None and said in warning)


@pytest.mark.parametrize(
    ("version", "warned"), [(18, True), (23, True), (24, False), (None, False)]
)
def test_node_is_warned_of_by_its_version(
    version: int | None, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_node_version", lambda: version)
    assert (program.warning(["node", "x.js"]) is not None) is warned
    assert (program.warning(["npx", "x"]) is not None) is warned


def test_azures_programs_get_a_folder_of_the_run_and_send_no_reports() -> None:
    with program.azure_settings() as settings:
        folder = Path(settings["AZURE_CONFIG_DIR"])
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
        assert settings["AZURE_CORE_COLLECT_TELEMETRY"] == "false"
        assert settings["AZURE_CORE_ENABLE_BROKER_ON_WINDOWS"] == "false"
    assert not folder.exists()
