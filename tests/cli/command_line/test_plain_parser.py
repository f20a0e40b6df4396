"""The plain reader, argparse and the fast path of `token` agree, or the quick ones say nothing.

The command lines are made from the declaration: every option of a verb, with good values,
wrong ones and none.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entra_oauth.cache.account import MIN_VALIDITY_S
from entra_oauth.cli import fast_token
from entra_oauth.cli.command_line.argparse_parser import read_with_argparse
from entra_oauth.cli.command_line.arguments import CommandLine, read_arguments, read_plainly
from entra_oauth.cli.command_line.declare import Kind, Option, declared_by
from entra_oauth.errors import UsageError
from kit.command_line import OPTIONS, VERBS

STRANGE = (
    "",
    "-",
    "--",
    "-x",
    "--unknown",
    "--ten",
    "a=b",
    "ä",
    "a b",
    "x\n",
    "\u202e",
    "０",
    "9" * 12,
)
ANYTHING = st.sampled_from(STRANGE) | st.text(max_size=6)


def values(option: Option) -> st.SearchStrategy[str]:
    """Values that it takes, and others."""
    if option.choices:
        return st.sampled_from(option.choices) | ANYTHING
    if option.kind is Kind.NUMBER:
        return st.integers(-1, option.most + 1).map(str) | ANYTHING
    return st.sampled_from(("x", "https://x", "@file")) | ANYTHING


@st.composite
def pieces(draw: st.DrawFn, options: tuple[Option, ...]) -> list[str]:
    """An option as people write it, rightly and wrongly; or a word that is none."""
    if not options or draw(st.integers(0, 9)) == 0:
        return [draw(ANYTHING)]
    option = draw(st.sampled_from(options))
    flag, value = draw(st.sampled_from(option.flags)), draw(values(option))
    apart, joined, alone = [flag, value], [f"{flag}={value}"], [flag]
    usual = alone if option.kind is Kind.FLAG else apart
    return draw(st.sampled_from([usual, usual, usual, apart, joined, alone, [f"{flag}{value}"]]))


@st.composite
def command_lines(draw: st.DrawFn, name: str) -> list[str]:
    return [word for piece in draw(st.lists(pieces(OPTIONS[name]), max_size=5)) for word in piece]


@st.composite
def commands(draw: st.DrawFn) -> tuple[str, list[str]]:
    name = draw(st.sampled_from(sorted(VERBS)))
    return name, draw(command_lines(name))


@given(commands())
@example(("login", ["--tenant=--"]))
@example(("login", ["--scope=--", "--scope="]))
def test_the_plain_reader_agrees_with_argparse_wherever_it_says_anything(
    command: tuple[str, list[str]],
) -> None:
    name, words = command
    plainly = read_plainly(words, declared_by(VERBS[name].options))
    if plainly is None:
        return
    found, unknown = read_with_argparse(words, VERBS[name])
    assert unknown == []
    assert found == plainly


@given(commands())
def test_whatever_is_given_is_read_or_refused_without_a_value_that_was_given(
    command: tuple[str, list[str]],
) -> None:
    """Every value of the declared type, or one sentence."""
    name, words = command
    program = ["--", "x"] if declared_by(VERBS[name].options).program else []
    try:
        asked = read_arguments([*name.split(), *words, *program], {})
    except UsageError as refused:
        said = str(refused)
    else:
        said = ""
        _check_types(asked)
    assert said.isprintable()


def _check_types(asked: CommandLine) -> None:
    for option in OPTIONS[asked.verb.name]:
        value = asked.values[option.dest]
        allowed: dict[Kind, object] = {
            Kind.FLAG: isinstance(value, bool),
            Kind.NUMBER: value is None or isinstance(value, int),
            Kind.LIST: isinstance(value, tuple),
        }
        assert allowed.get(option.kind, value is None or isinstance(value, str)), option
        assert not option.choices or value is None or value in option.choices


@given(command_lines("token"))
def test_the_fast_path_reads_what_the_full_program_reads(words: list[str]) -> None:
    fast = fast_token._given(words, {})
    if fast is None:
        return
    try:
        asked = read_arguments(["token", *words], {})
    except UsageError:
        assert "profile" in fast  # which is looked for later
        return
    for name, text in fast.items():
        value = asked.values[name.replace("-", "_")]
        assert (value if isinstance(value, tuple) else str(value)) in (text, (text,))


def test_the_fast_path_knows_the_variables_of_the_declaration() -> None:
    by_name = {option.name: option for option in OPTIONS["token"]}
    for name in (*fast_token._NAMES, *fast_token._FOR_REQUESTS, "output"):
        assert by_name[name].variable == f"ENTRA_OAUTH_{name.replace('-', '_').upper()}"
    azure = {name: option.azure for name, option in by_name.items() if option.azure}
    assert {name: azure[name] for name in fast_token._AZURE} == fast_token._AZURE
    short = {f"-{o.short}": f"--{o.name}" for o in by_name.values() if o.short}
    assert {flag: short[flag] for flag in fast_token._SHORT} == fast_token._SHORT
    assert by_name["min-validity"].default == fast_token._MIN_VALIDITY_S == MIN_VALIDITY_S == 300
    assert by_name["scope"].default == ("databricks",)
    assert set(fast_token._OUTPUTS) <= set(by_name["output"].choices)
    assert by_name["output"].default in fast_token._OUTPUTS


@pytest.mark.parametrize(
    "words",
    [
        ["--tenant", "t", "--client-id=c", "--scope", "a", "--scope", "b", "-o", "json", "-q"],
        [],
        ["--no-browser", "--port", "80"],
    ],
)
def test_it_says_something_for_ordinary_command_lines(words: list[str]) -> None:
    assert read_plainly(words, declared_by(VERBS["login"].options)) is not None


@pytest.mark.parametrize("words", [["--tenant"], ["--quiet=1"], ["--scope"]])
def test_a_mistake_is_left_to_argparse(words: list[str]) -> None:
    assert read_plainly(words, declared_by(VERBS["login"].options)) is None
    with pytest.raises(UsageError):
        read_with_argparse(words, VERBS["login"])
