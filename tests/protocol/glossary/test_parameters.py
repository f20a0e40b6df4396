"""One table says what a parameter means: by the message in which it stands, with its source."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import entra_oauth
from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.message_kind import MessageKind, kind_of_answer
from entra_oauth.protocol.glossary.message_stories import Actor, story_of
from entra_oauth.protocol.glossary.parameters import (
    all_parameters,
    meaning_of,
    parameter,
    parameters_named,
)
from entra_oauth.protocol.glossary.secrecy import is_secret, secret_word
from kit.guards import rows

PACKAGE = Path(entra_oauth.__file__).parent
FILE = PACKAGE / "protocol" / "glossary" / "parameters.json"
ROWS = all_parameters()
TOKEN_REQUESTS = [kind for kind in MessageKind if kind.startswith("token request")]
TOKENS = {
    MessageKind.TOKEN_HEADER,
    MessageKind.TOKEN_BODY,
    MessageKind.ID_TOKEN,
    MessageKind.ACCESS_TOKEN,
}


# ---- the file ---------------------------------------------------------------------------


def test_the_file_has_known_members_only_and_no_name_twice() -> None:
    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [n for n, count in Counter(name for name, _ in pairs).items() if count > 1] == []
        return dict(pairs)

    content = json.loads(FILE.read_text(encoding="utf-8"), object_pairs_hook=no_twins)
    assert set(content) <= set(MessageKind)
    for table in content.values():
        for row in table.values():
            assert {"meaning"} <= set(row)
            assert set(row) <= {"meaning", "source", "unread", "lesson", "values"}
            assert row.get("unread", True) is True


@rows.every(ROWS)
def test_each_row_fits_into_a_table_and_makes_a_sentence(row: Any) -> None:
    for text in (row.meaning, *row.values.values()):
        assert text == plain(text)
        assert not text.endswith(".")
        assert text[0].islower() or text.startswith(("Entra", "JSON"))
    assert row.sentence_of().endswith(".")
    assert row.lesson == "" or row.lesson.endswith(".")
    assert row.meaning_of("a value of nobody's") == row.meaning


def test_only_the_state_of_a_token_request_has_no_source() -> None:
    without = [(row.message, row.name) for row in ROWS if not row.source]
    assert without == [(MessageKind.CODE_REDEMPTION, "state")]


def test_a_source_that_was_not_read_says_so_wherever_it_is_shown() -> None:
    session_state = parameter(MessageKind.AUTHORIZATION_RESPONSE, "session_state")
    assert session_state is not None
    assert session_state.citation == ("OpenID Connect Session Management §2 (section not read)")
    suberror = parameter(MessageKind.ERROR_RESPONSE, "suberror")
    assert suberror is not None
    assert suberror.citation.endswith("(page not read)")
    for row in ROWS:
        assert ("not read)" in row.citation) is row.unread


# ---- the message decides ----------------------------------------------------------------

SECTIONS = [
    (MessageKind.AUTHORIZATION_REQUEST, "state", "RFC 6749 §4.1.1, §10.12"),
    (MessageKind.AUTHORIZATION_RESPONSE, "state", "RFC 6749 §4.1.2, §10.12"),
    (MessageKind.CODE_REDEMPTION, "state", ""),
    (MessageKind.CODE_REDEMPTION, "client_id", "RFC 6749 §4.1.3, §3.2.1"),
    (MessageKind.CODE_REDEMPTION, "code", "RFC 6749 §4.1.3"),
    (MessageKind.CODE_REDEMPTION, "redirect_uri", "RFC 6749 §4.1.3"),
    (MessageKind.CODE_REDEMPTION, "grant_type", "RFC 6749 §4.1.3"),
    (MessageKind.CODE_REDEMPTION, "code_verifier", "RFC 7636 §4.5"),
    (MessageKind.REFRESH, "grant_type", "RFC 6749 §6"),
    (MessageKind.REFRESH, "refresh_token", "RFC 6749 §6"),
    (MessageKind.TOKEN_RESPONSE, "refresh_token", "RFC 6749 §5.1, §6"),
    (MessageKind.TOKEN_RESPONSE, "id_token", "OpenID Connect Core §3.1.3.3"),
    (MessageKind.CLIENT_CREDENTIALS, "client_assertion", "RFC 7521 §4.2; RFC 7523 §2.2"),
    (MessageKind.AUTHORIZATION_RESPONSE, "error", "RFC 6749 §4.1.2.1"),
    (MessageKind.ERROR_RESPONSE, "error", "RFC 6749 §5.2"),
    (
        MessageKind.AUTHORIZATION_REQUEST,
        "domain_hint",
        "Microsoft Learn, OAuth 2.0 authorization code flow",
    ),
]


@pytest.mark.parametrize(("message", "name", "source"), SECTIONS)
def test_the_section_is_that_of_the_message(message: MessageKind, name: str, source: str) -> None:
    row = parameter(message, name)
    assert row is not None
    assert row.source == source


def test_no_row_of_a_token_request_has_a_section_about_the_authorization_endpoint() -> None:
    for row in ROWS:
        if row.message in TOKEN_REQUESTS:
            for wrong in ("§4.1.1", "§4.1.2", "§3.1", "§4.3 ", "RFC 7636 §4.3"):
                assert wrong not in f"{row.source} ", (row.message, row.name)


def test_a_wider_message_answers_where_the_special_one_has_no_row() -> None:
    for kind in TOKEN_REQUESTS:
        assert meaning_of(kind, "client_secret") == "the app's password; a public app has none"
    assert parameter(MessageKind.AUTHORIZATION_REQUEST, "client_secret") is None
    assert parameter(MessageKind.TOKEN_RESPONSE, "code") is None
    assert meaning_of(MessageKind.TOKEN_RESPONSE, "code") == ""


def test_a_value_can_have_a_meaning_of_its_own() -> None:
    mode = parameter(MessageKind.AUTHORIZATION_REQUEST, "response_mode")
    assert mode is not None
    assert "form" in mode.meaning_of("form_post")
    assert "in the address" in mode.sentence_of("query")
    assert "no person" in meaning_of(MessageKind.ACCESS_TOKEN, "idtyp", "app")
    assert "no person" not in meaning_of(MessageKind.ACCESS_TOKEN, "idtyp", "user")


def test_the_audience_is_told_by_the_kind_of_token() -> None:
    assert "the app " in meaning_of(MessageKind.ID_TOKEN, "aud")
    assert "the API " in meaning_of(MessageKind.ACCESS_TOKEN, "aud")
    assert {row.message for row in parameters_named("aud")} <= TOKENS


def test_secrets_are_known_as_such() -> None:
    secret = {row.name for row in ROWS if row.is_secret and row.message not in TOKENS}
    assert secret == {
        *("access_token", "assertion", "client_assertion", "client_info", "client_secret"),
        *("code", "code_challenge", "code_verifier", "device_code", "id_token", "nonce"),
        *("password", "refresh_token", "session_state", "state", "subject_token", "user_code"),
    }


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("access_token", "token"),
        ("client_assertion", "assertion"),
        ("client_info", "value"),
        ("client_secret", "secret"),
        ("code", "code"),
        ("code_challenge", "challenge"),
        ("code_verifier", "verifier"),
        ("device_code", "code"),
        ("password", "password"),
        ("refresh_token", "token"),
        ("session_state", "session"),
        ("user_code", "code"),
        ("username", None),
        ("redirect_uri", None),
        ("of nobody's", None),
    ],
)
def test_a_secret_has_a_word_that_stands_for_it(name: str, word: str | None) -> None:
    assert secret_word(name) == word
    assert is_secret(name) is (word is not None)


@pytest.mark.parametrize(
    ("request_kind", "members", "answer"),
    [
        (MessageKind.REFRESH, ["access_token"], MessageKind.TOKEN_RESPONSE),
        (MessageKind.TOKEN_REQUEST, [], MessageKind.TOKEN_RESPONSE),
        (MessageKind.DEVICE_POLL, ["error"], MessageKind.ERROR_RESPONSE),
        (MessageKind.DEVICE_REQUEST, ["user_code"], MessageKind.DEVICE_RESPONSE),
        (MessageKind.DEVICE_REQUEST, ["error"], MessageKind.ERROR_RESPONSE),
        (MessageKind.KEYS_REQUEST, ["keys"], MessageKind.KEYS_RESPONSE),
        (MessageKind.API_CALL, ["error"], MessageKind.API_ANSWER),
        (MessageKind.AUTHORIZATION_RESPONSE, [], MessageKind.API_ANSWER),
    ],
)
def test_an_answer_is_known_by_its_request_and_its_members(
    request_kind: MessageKind, members: list[str], answer: MessageKind
) -> None:
    assert kind_of_answer(request_kind, members) is answer


# ---- the stories ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if "request" in kind])
def test_each_request_has_a_story(kind: MessageKind) -> None:
    story = story_of(kind)
    assert story.purpose.endswith(".")
    assert story.lesson.endswith(".")
    assert story.sender is not story.receiver
    assert story.receiver in (Actor.AUTHORITY, Actor.API)


def test_pkce_is_told_of_messages_that_have_it_and_of_no_other() -> None:
    for kind, name in (
        (MessageKind.AUTHORIZATION_REQUEST, "code_challenge"),
        (MessageKind.CODE_REDEMPTION, "code_verifier"),
    ):
        bare, proven = story_of(kind, ["client_id"]), story_of(kind, ["client_id", name])
        assert "RFC 7636" not in bare.source
        assert "RFC 7636" in proven.source
        for word in ("challenge", "verifier", "hash"):
            assert word not in bare.lesson
        assert name.removeprefix("code_") in proven.lesson
    assert story_of(MessageKind.REFRESH, ["code_verifier"]) == story_of(MessageKind.REFRESH)


# ---- no second table --------------------------------------------------------------------

ALLOWED = {"cli/explain.py", "cli/get_tokens/exchanged_tokens.py"}
"""The kinds of uses of the one are called error and code, as two parameters are; the other says
why options are refused, some of which have a parameter's name."""


def _tables() -> Iterator[tuple[str, int, list[str]]]:
    """Every dict literal of the package that says something of three known names or more."""
    known = {row.name for row in ROWS}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                names = [
                    key.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value in known
                    and isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and (" " in value.value or "§" in value.value)
                ]
                if len(names) >= 3:
                    yield place, node.lineno, names


def test_no_other_table_of_meanings_or_sections_exists() -> None:
    assert [each for each in _tables() if each[0] not in ALLOWED] == []
