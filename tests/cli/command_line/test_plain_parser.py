"""The short reader of command lines says what argparse says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.cli.command_line.argparse_parser import parser_for
from entra_oauth.cli.command_line.plain_parser import read_plainly
from entra_oauth.cli.command_line.verbs import VERBS
from entra_oauth.errors import UsageError

WORDS = st.sampled_from(
    [
        *("--tenant", "--tenant=x", "--scope", "--scope=a", "--scope=", "-o", "-ojson", "-o=json"),
        *("--output", "json", "x", "", "-", "--", "-q", "--quiet", "--quiet=1", "--paste", "-x"),
        *("--ten", "--port", "80", "-1", "--json", "-qo", "--unknown", "a=b", "--tenant=--quiet"),
        *("-h", "--help", "--no-browser", "-p", "--profile=", "ä", "a b"),
    ]
)


@given(st.sampled_from(["login", "mirror", "token", "logout", "credential git"]), st.lists(WORDS))
def test_it_agrees_with_argparse_wherever_it_says_anything(name: str, words: list[str]) -> None:
    verb = VERBS[name]
    plainly = read_plainly(words, verb)
    if plainly is None:
        return
    found, unknown = parser_for(verb).parse_known_args(words)
    assert unknown == []
    assert vars(found) == vars(plainly)


@pytest.mark.parametrize(
    "words",
    [
        ["--tenant", "t", "--client-id=c", "--scope", "a", "--scope", "b", "-o", "json", "-q"],
        [],
        ["--no-browser", "--port", "80"],
    ],
)
def test_it_says_something_for_ordinary_command_lines(words: list[str]) -> None:
    assert read_plainly(words, VERBS["login"]) is not None


@pytest.mark.parametrize("words", [["--tenant"], ["--quiet=1"], ["--scope"]])
def test_a_mistake_is_left_to_argparse(words: list[str]) -> None:
    assert read_plainly(words, VERBS["login"]) is None
    with pytest.raises(UsageError):
        parser_for(VERBS["login"]).parse_known_args(words)
