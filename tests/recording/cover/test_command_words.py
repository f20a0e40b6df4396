"""A command line as it is written down: no word of it that may be a secret."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.recording.cover.command_words import command_shown, length_of, value_shown
from kit import canaries

SHOWN = [
    ("curl", "curl"),
    ("/usr/bin/curl -s https://a.example/?code=x", "curl -s (25 characters)"),
    (r"'C:\Program Files\az.cmd' login", "az.cmd (5 characters)"),
    ("python get-tokens.py a b", "python get-tokens.py (1 character) (1 character)"),
    ("python -u -P /opt/scripts/get_tokens.py -x", "python -u -P get_tokens.py -x"),
    ("python3.12 -m azure.cli login", "python3.12 -m azure.cli (5 characters)"),
    ("python -c print(1)", "python -c (8 characters)"),
    ("python 0.AXkA1b2c3d4e5f6g7h8i9.py", "python (26 characters)"),
    ("node app.mjs --flow device", "node app.mjs --flow device"),
    ("tool app.py", "tool (6 characters)"),
    ("tool --scope openid --scope databricks", "tool --scope openid --scope databricks"),
    ("tool --tenant common --verbose", "tool --tenant common --verbose"),
    ("tool --tenant contoso.example", "tool --tenant (15 characters)"),
    ("tool --password common", "tool --password (6 characters)"),
    ("tool --password --client-id x", "tool --password (11 characters) (1 character)"),
    ("tool --secret=true --x", "tool --secret=(4 characters) (3 characters)"),
    ("tool --output=json", "tool --output=json"),
    ("tool -phunter2", "tool -p(7 characters)"),
    ("tool -p -hunter2", "tool -p (8 characters)"),
    ("tool --foo --hunter", "tool --foo (8 characters)"),
    ("tool --foo --client-id x", "tool --foo --client-id (1 character)"),
    ("tool --0.AXkA=1", "tool (8 characters)=(1 character)"),
    ("tool -- --client-id", "tool -- (11 characters)"),
    ("tool -", "tool -"),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "shown"), SHOWN)
def test_program_options_and_public_values_are_shown(typed: str, shown: str) -> None:
    assert " ".join(command_shown(shlex.split(typed))) == shown


def test_at_the_level_of_people_the_name_of_a_file_is_a_length_too() -> None:
    words = ("python", "-u", "adas-script.py", "--json")
    assert command_shown(words, names_files=False) == ("python", "-u", "(14 characters)", "--json")
    assert command_shown(("python", "-m", "msal_demo"), names_files=False)[2] == "msal_demo"


LEADS = ["", "-", "--", "-p", "-x=", "--password=", "--client-id=", "/p:", "http://h/?code="]
BEFORE = [
    "--password",
    "--client-id",
    "-p",
    "--unknown",
    "-u",
    "script.py",
    "--",
    "common",
    "-c",
    "-m",
]
SECRETS = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=%$ ", min_size=6
).filter(lambda text: any(c.isupper() or c.isdigit() for c in text[1:4]))


@given(
    secret=st.one_of(st.sampled_from(canaries.CANARIES), SECRETS),
    lead=st.sampled_from(LEADS),
    before=st.lists(st.sampled_from(BEFORE), max_size=4),
    after=st.lists(st.sampled_from(BEFORE), max_size=2),
    program=st.sampled_from(["python", "node", "tool"]),
)
def test_no_secret_of_a_command_line_is_shown_wherever_it_stands(
    secret: str, lead: str, before: list[str], after: list[str], program: str
) -> None:
    shown = "\n".join(command_shown([program, *before, lead + secret, *after]))
    assert secret not in shown
    assert secret[1:] not in shown


@given(st.text(min_size=1))
def test_a_value_is_public_or_a_length(value: str) -> None:
    assert value_shown("--x", value) in (value, length_of(value))
    assert value_shown("--client-secret", value) == length_of(value)


def test_a_value_that_is_public_elsewhere_is_none_behind_the_name_of_a_secret() -> None:
    assert value_shown("--fault", "slow", also={"slow"}) == "slow"
    assert value_shown("--api-key", "slow", also={"slow"}) == "(4 characters)"
