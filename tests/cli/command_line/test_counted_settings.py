"""The settings that counted, as a recording keeps them: of free text the length alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.command_line.arguments import VERB_NAMES, read_arguments, verb_named
from entra_oauth.cli.command_line.counted_settings import counted_settings
from entra_oauth.cli.command_line.declare import Kind, declared_by, part_of
from entra_oauth.cli.options.common_options import RecordingOptions
from entra_oauth.errors import UsageError

SECRET = "CanarySetting-Zz9.Zz9_Zz9"
RECORDED = [
    name
    for name in VERB_NAMES
    if any(option.dest == "record" for option in declared_by(verb_named(name).options).options)
]


def _kept(verb: str, *words: str, environ: dict[str, str] | None = None) -> str:
    program = ("--", "x") if declared_by(verb_named(verb).options).program else ()
    asked = read_arguments([*verb.split(), *words, *program], {"HOME": "/none", **(environ or {})})
    origins = part_of(asked.options, RecordingOptions).origins
    return json.dumps(counted_settings(asked, origins))


@pytest.mark.parametrize("verb", RECORDED)
def test_no_free_text_of_any_option_is_kept(verb: str) -> None:
    tried = 0
    for option in declared_by(verb_named(verb).options).options:
        if option.kind not in (Kind.TEXT, Kind.LIST) or option.choices:
            continue
        try:
            kept = _kept(verb, f"--{option.name}={SECRET}")
        except UsageError:
            continue
        assert SECRET not in kept, option.name
        tried += 1
    assert tried >= 2


@given(st.text("abcXYZ0189-._~+/=%", min_size=6).filter(lambda text: text[0] not in "-"))
def test_whatever_the_text_is(secret: str) -> None:
    assert secret not in _kept("login", f"--username={secret}q8Z").replace("character", "")


def test_choices_numbers_and_flags_are_kept_with_their_source() -> None:
    words = (
        "--flow",
        "device-code",
        "--timeout",
        "2m",
        "--cae",
        "--record",
        "rec",
        "--tenant",
        "x.y",
    )
    kept = json.loads(_kept("login", *words, environ={"ENTRA_OAUTH_CLOUD": "usgov"}))
    set_ = [each for each in kept if each["from"] != "the default"]
    assert {(each["name"], each["value"], each["from"]) for each in set_} == {
        ("--flow", "device-code", "the command line"),
        ("--timeout", "120", "the command line"),
        ("--cae", "", "the command line"),
        ("--tenant", "(3 characters)", "the command line"),
        ("--cloud", "usgov", "ENTRA_OAUTH_CLOUD"),
    }


def test_defaults_counted_too_and_stand_as_they_are() -> None:
    kept = json.loads(_kept("login", "--flow", "password", "--redact", "pii", "-o", "token"))
    own = {each["name"]: each["value"] for each in kept if each["from"] == "the default"}
    assert own == {
        "--scope": "databricks",
        "--cloud": "public",
        "--certificate-algorithm": "PS256",
        "--timeout": "300",
        "--redirect-uri": "http://localhost",
        "--http-timeout": "30",
    }
    given = {each["name"]: each["value"] for each in kept if each["from"] == "the command line"}
    assert given == {"--flow": "password", "--redact": "pii", "--output": "token"}


def test_what_a_variable_of_others_set_counted_too_and_is_not_shown() -> None:
    environ = {"AZURE_TENANT_ID": "canary.example", "AZURE_CLIENT_ID": SECRET}
    kept = json.loads(_kept("login", environ=environ))
    assert {"name": "--tenant", "value": "(14 characters)", "from": "AZURE_TENANT_ID"} in kept
    assert [each["from"] for each in kept if each["name"] == "--client-id"] == ["AZURE_CLIENT_ID"]


@pytest.mark.parametrize("verb", RECORDED)
def test_no_default_comes_from_elsewhere_than_the_program(verb: str) -> None:
    kept = json.loads(_kept(verb))
    options = {f"--{o.name}": o for o in declared_by(verb_named(verb).options).options}
    assert kept or verb == "practice run", "whoever is watched there has settings of his own"
    for each in kept:
        default = options[each["name"]].default
        several = default if isinstance(default, tuple) else (default,)
        assert each["from"] == "the default"
        assert each["value"] in [str(one) for one in several]
