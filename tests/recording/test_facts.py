"""Facts about program and machine: names of variables, never what is in them."""

from __future__ import annotations

import json
import platform
from pathlib import Path

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
    assert facts["certificates"]["system"] is True
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
    assert facts["certificates"]["from"] == "the practice tenant"
    assert {"variables", "netrc", "tls_keys_written"}.isdisjoint(facts)
