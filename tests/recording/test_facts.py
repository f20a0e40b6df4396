"""Facts about program and machine: names of variables, never what is in them."""

from __future__ import annotations

import getpass
import json
import platform
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from entra_oauth.recording.facts import AUTHORITYS_SIDE, facts_of

ENVIRON = {
    "HTTPS_PROXY": "http://user:CanaryProxy@proxy.example",
    "no_proxy": "localhost",
    "REQUESTS_CA_BUNDLE": "/etc/canary.pem",
    "SSL_CERT_FILE": "/etc/canary2.pem",
    "SSLKEYLOGFILE": "/canary/keys",
    "ENTRA_OAUTH_TENANT": "canary-tenant",
    "AZURE_CLIENT_ID": "canary-client",
    "HOME": "/home-of-canary",
    "EMPTY": "",
    "ENTRA_OAUTH_SCOPE": "",
    "AZURE_TENANT_ID": "",
    "HTTP_PROXY": "",
}


def test_only_the_variables_in_effect_are_named_and_no_value_is(tmp_path: Path) -> None:
    facts = facts_of(ENVIRON, verb="login", allow_keylog=True, home=tmp_path)
    assert facts["variables"] == [
        "AZURE_CLIENT_ID",
        "ENTRA_OAUTH_TENANT",
        "HTTPS_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SSLKEYLOGFILE",
        "no_proxy",
    ]
    assert "anary" not in json.dumps(facts)
    assert facts["certificates"]["from"] == "REQUESTS_CA_BUNDLE"
    assert facts["certificates"]["system"] is False
    assert facts["tls_keys_written"] is True
    assert facts["program"]["verb"] == "login"


def test_keys_of_tls_are_written_where_that_was_allowed_and_a_file_is_named(tmp_path: Path) -> None:
    named = {"SSLKEYLOGFILE": "/canary/keys"}
    for environ, allowed in (
        ({}, True),
        (named, False),
        ({}, False),
        ({"SSLKEYLOGFILE": ""}, True),
    ):
        facts = facts_of(environ, allow_keylog=allowed, home=tmp_path)
        assert (facts["tls_keys_written"], facts["variables"]) == (False, [])
    facts = facts_of(named, allow_keylog=True, home=tmp_path)
    assert (facts["tls_keys_written"], facts["variables"]) == (True, ["SSLKEYLOGFILE"])


def test_on_a_plain_machine(tmp_path: Path) -> None:
    facts = facts_of({}, home=tmp_path)
    assert facts["variables"] == []
    assert facts["certificates"] == {
        "from": "the operating system",
        "system": True,
        "revocation": "not checked",
    }
    assert facts["tls_keys_written"] is False
    assert facts["netrc"] == "absent"
    assert facts["python"] == platform.python_version()
    assert facts["packages"]["requests"]


def test_certificates_of_the_command_line_come_before_the_variables(tmp_path: Path) -> None:
    facts = facts_of(ENVIRON, ca_bundle=True, home=tmp_path)
    assert facts["certificates"]["from"] == "the command line"
    assert "REQUESTS_CA_BUNDLE" not in facts["variables"]


def test_a_netrc_is_seen_and_said_not_to_be_used(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine x login y password canary")
    assert facts_of({}, home=tmp_path)["netrc"] == "present, not used"
    assert facts_of({"NETRC": "/x"}, home=tmp_path / "no")["netrc"] == "present, not used"


def test_of_somebody_elses_client_nothing_is_said_of_what_we_trust(tmp_path: Path) -> None:
    facts = facts_of(
        ENVIRON, verb="practice run", watched=("/bin/curl", "-s", "--data", "canary"), home=tmp_path
    )
    assert facts["watched_program"] == "curl"
    assert facts["watched_command"] == ["curl", "-s", "--data", "(6 characters)"]
    assert facts["seen_at"] == AUTHORITYS_SIDE
    assert facts["certificates"] == {"from": "the practice tenant", "system": False}
    assert {"variables", "netrc", "tls_keys_written"}.isdisjoint(facts)


@pytest.mark.parametrize("people", [True, False])
@pytest.mark.parametrize("machine", [True, False])
@pytest.mark.parametrize("watched", [(), ("/bin/curl",)])
def test_machine_and_user_are_named_where_that_is_wanted_and_people_may_be(
    people: bool,
    machine: bool,
    watched: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    facts = facts_of({}, names_people=people, names_machine=machine, watched=watched, home=tmp_path)
    wanted = {"machine": platform.node(), "user": "ada"} if people and machine else None
    assert facts.get("recorded_on") == wanted


@pytest.mark.parametrize("error", [KeyError, OSError, ImportError])
def test_a_user_without_a_name_is_called_unknown(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    facts = facts_of({}, names_machine=True, home=tmp_path)
    assert facts["recorded_on"]["user"] == "unknown"


@pytest.mark.parametrize("error", [OSError, RuntimeError])
def test_without_a_home_there_is_no_netrc(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise error

    monkeypatch.setattr(Path, "home", nowhere)
    assert facts_of({})["netrc"] == "absent"


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_a_netrc_is_looked_for_at_home(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert facts_of({})["netrc"] == "absent"
    (tmp_path / name).touch()
    assert facts_of({})["netrc"] == "present, not used"


def test_a_package_that_is_not_there_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name == "authlib":
            raise PackageNotFoundError
        return f"{name} 1"

    monkeypatch.setattr("entra_oauth.recording.facts.version", version)
    packages = facts_of({}, home=tmp_path)["packages"]
    assert (packages["authlib"], packages["requests"]) == (None, "requests 1")
