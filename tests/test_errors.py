from __future__ import annotations

import copy
import inspect
import pickle
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth import errors
from entra_oauth.errors import AuthorityError, EntraOAuthError, plain

KINDS = [
    each
    for each in vars(errors).values()
    if inspect.isclass(each) and issubclass(each, EntraOAuthError)
]

EXIT_CODES = {
    "EntraOAuthError": 1,
    "UsageError": 2,
    "AuthorityError": 3,
    "SignInRequired": 4,
    "SecurityError": 5,
    "TransportError": 6,
    "TimedOut": 7,
    "LocalError": 8,
}


def made(kind: type[EntraOAuthError]) -> EntraOAuthError:
    if kind is AuthorityError:
        return full()
    return kind("It happened.", advice="Do that.")


def full() -> AuthorityError:
    return AuthorityError(
        "It was refused.",
        advice="Do that.",
        stage="token",
        error="invalid_grant",
        description="AADSTS50076: x",
        error_codes=[50076, 1],
        suberror="basic_action",
        claims='{"access_token":{}}',
        trace_id="t",
        correlation_id="c",
        timestamp="2025-02-19 03:49:12Z",
        error_uri="https://login.microsoftonline.com/error?code=50076",
        http_status=400,
        retry_after_s=1.5,
    )


def test_every_error_is_public() -> None:
    functions = ["bare", "plain", "plain_lines"]
    assert sorted([*(kind.__name__ for kind in KINDS), *functions]) == sorted(errors.__all__)


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        branch = re.match(r"([│ ]*[├└]── )(\w+)", line)
        if branch:
            drawn.append((len(branch.group(1)) // 4, branch.group(2)))
    path = ["EntraOAuthError"]
    for depth, name in drawn:
        path = [*path[:depth], name]
        kind = getattr(errors, name)
        assert [base.__name__ for base in kind.__mro__[: depth + 1]] == path[::-1]
    assert len(drawn) == len(KINDS) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_branch_has_the_exit_code_that_is_promised(kind: type[EntraOAuthError]) -> None:
    branch = next(base.__name__ for base in kind.__mro__ if base.__name__ in EXIT_CODES)
    assert made(kind).exit_code == EXIT_CODES[branch]
    if branch == kind.__name__:
        line = next(x for x in (errors.__doc__ or "").splitlines() if f"{branch} " in x)
        assert re.search(rf"{branch} +{EXIT_CODES[branch]} ", line)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_happened_and_then_what_to_do(kind: type[EntraOAuthError]) -> None:
    error = made(kind)
    assert str(error) == f"{error.what} {error.advice}"
    assert error.args == (error.what, error.advice)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_can_be_copied_and_sent_between_processes(kind: type[EntraOAuthError]) -> None:
    error = made(kind)
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is kind
        assert vars(again) == vars(error)
        assert (str(again), again.args) == (str(error), error.args)


def test_all_that_the_authority_said_is_kept() -> None:
    error = full()
    assert error.error_codes == (50076, 1)
    assert (error.stage, error.error, error.suberror) == ("token", "invalid_grant", "basic_action")
    assert (error.http_status, error.retry_after_s) == (400, 1.5)


# Python's own word for what can be seen; the typographic spaces are let through.
SPACES = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@given(st.text())
def test_nothing_that_controls_or_reorders_text_survives(text: str) -> None:
    shown = plain(text)
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in bad]


@pytest.mark.parametrize(
    "point",
    [0x00, 0x07, 0x08, 0x7F, 0x80, 0x85, 0x9B, 0x9F, 0xAD, 0x0600, 0x061C, 0x070F, 0x180E]
    + [*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070)]
    + [0xD800, 0xDFFF, 0xE000, 0xFEFF, *range(0xFFF9, 0xFFFC), 0x1D173, 0xE0001, 0xE0041, 0xE007F],
)
def test_a_character_that_is_not_seen_is_shown_by_its_number(point: int) -> None:
    assert plain(f"a{chr(point)}b") == f"a<{_name(point)}>b"


def _name(point: int) -> str:
    return {0x7F: "DEL"}.get(point, f"U+{point:04X}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a\tb\nc\rd", "a<TAB>b<LF>c<CR>d"),
        ("\x1b[31m", "<ESC>[31m"),
        ("\x1b]0;title\x07", "<ESC>]0;title<U+0007>"),
        ("abc\u202egnp.exe", "abc<U+202E>gnp.exe"),
        ("Zażółć gęślą jaźń 日本語 עברית العربية 🙂", "Zażółć gęślą jaźń 日本語 עברית العربية 🙂"),
        (f"«a{SPACES}b»", f"«a{SPACES}b»"),
        ("<b>&amp;\"'", "<b>&amp;\"'"),
    ],
)
def test_text_from_outside_is_shown_as_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" \u00a0\u3000")))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert plain(text, limit=10_000) == text
    assert plain(plain(text)) == plain(text)


def test_a_long_text_is_cut_before_it_is_spelled_out() -> None:
    assert plain("abc", limit=3) == "abc"
    assert plain("abcd", limit=3) == "abc…"
    assert plain("\x00\x00\x00", limit=2) == "<U+0000><U+0000>…"
