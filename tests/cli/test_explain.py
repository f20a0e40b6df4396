"""explain: offline, in words or as JSON."""

from __future__ import annotations

import json

import pytest

from entra_oauth.protocol.glossary.aadsts import catalogue
from kit import canaries
from kit.command_line import call, error_of
from kit.guards import rows


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("AADSTS50011", ["invalid_request", "Mobile and desktop", "What helps: an administrator"]),
        ("50076", ["multi-factor", "What helps: a sign-in in the browser"]),
        ("90033", ["What helps: trying again"]),
        ("invalid_grant", ["an OAuth error", "What to do:"]),
        ("basic_action", ["finer word"]),
        ("state", ["a parameter", "RFC 6749"]),
        ("aud", ["a member of a token"]),
        ("consent_required", ["an OAuth error", "finer word"]),
        ("900144", ["What helps: a change to the request"]),
        ("PKCE", ["a word of this field", "RFC 7636"]),
        (
            "AADSTS50011: The redirect URI 'x' does not match.",
            ["AADSTS50011", "Mobile and desktop"],
        ),
    ],
)
def test_a_word_is_explained(word: str, said: list[str]) -> None:
    ran = call("explain", word)
    assert (ran.code, ran.err) == (0, "")
    shown = " ".join(ran.out.split())
    for piece in said:
        assert piece in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("AADSTS50011:", "The", "redirect", "URI", "x", "does", "not", "match."), "AADSTS50011"),
        (("error", "invalid_grant"), "invalid_grant: an OAuth error"),
    ],
)
def test_a_sentence_without_quotation_marks_is_one(words: tuple[str, ...], said: str) -> None:
    ran = call("explain", *words)
    assert (ran.code, ran.err) == (0, "")
    assert said in ran.out
    assert ran.out == call("explain", " ".join(words)).out


@rows.every(sorted(catalogue()))
def test_every_code_is_reachable(code: int) -> None:
    ran = call("explain", str(code), "--json")
    assert ran.code == 0
    (entry,) = json.loads(ran.out)["entries"]
    assert entry["name"] == f"AADSTS{code}"
    assert entry["action"]


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_it_stays_within_the_terminal(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for code in (50011, 7000218, 700082):
        lines = call("explain", str(code)).out.splitlines()
        assert max(map(len, lines[1:])) <= int(columns)


def test_an_unknown_word_has_the_next_step_and_is_not_repeated_if_it_may_be_a_secret() -> None:
    ran = call("explain", canaries.CODE + canaries.VERIFIER)
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (2, "")
    canaries.assert_clean(ran.both)
    assert what.startswith("That is no error")
    assert "AADSTS50011" in advice


def test_without_a_word_it_says_what_to_give() -> None:
    ran = call("explain")
    assert ran.code == 2
    assert "nothing to explain" in error_of(ran)[0]


def test_a_pasted_message_is_not_repeated_and_may_stand_without_quotation_marks() -> None:
    ran = call("explain", f"invalid_grant: AADSTS54005: The code {canaries.CODE} was used.")
    assert ran.code == 0
    canaries.assert_clean(ran.both)
    assert ran.out.startswith("AADSTS54005")
    apart = call("explain", "AADSTS54005:", "The", "code")
    assert apart.code == 0
    assert apart.out == ran.out


def test_json_has_a_version() -> None:
    shown = json.loads(call("explain", "invalid_grant", "--json").out)
    assert shown["schema"] == "entra-oauth/explanation/1"
    assert [entry["kind"] for entry in shown["entries"]] == ["error"]
