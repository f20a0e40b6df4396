"""The options that were set, as a recording keeps them: of free text the length alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.command_line.arguments import VERB_NAMES, read_arguments, verb_named
from entra_oauth.cli.command_line.declare import Kind, declared_by, part_of
from entra_oauth.cli.command_line.given_settings import given_settings
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
    return json.dumps(given_settings(asked, origins))


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
    assert {(each["name"], each["value"], each["from"]) for each in kept} == {
        ("--flow", "device-code", "the command line"),
        ("--timeout", "120", "the command line"),
        ("--cae", "", "the command line"),
        ("--tenant", "(3 characters)", "the command line"),
        ("--cloud", "usgov", "ENTRA_OAUTH_CLOUD"),
    }
