"""The glossary's files of rows hold what their readers expect, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import entra_oauth
from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.aadsts import catalogue, error_words, suberror_words
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.message_stories import Actor
from entra_oauth.protocol.glossary.secrecy import (
    Act,
    header_treatment,
    is_public,
    is_secret,
    treatment_of,
)

FOLDER = Path(entra_oauth.__file__).parent / "protocol" / "glossary"
GRANTS = {
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
}
WORD = {"meaning", "action", "helps", "by_grant", "grants"}
STORY = {"title", "sender", "receiver", "way", "purpose", "lesson", "source"}


def content(name: str) -> Any:
    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [n for n, count in Counter(name for name, _ in pairs).items() if count > 1] == []
        return dict(pairs)

    return json.loads((FOLDER / name).read_text(encoding="utf-8"), object_pairs_hook=no_twins)


def is_sentence(text: object) -> bool:
    return isinstance(text, str) and text == plain(text) and text.endswith((".", "?"))


def test_each_word_for_an_error_has_a_meaning_and_an_action_and_known_help() -> None:
    tables = content("error_words.json")
    assert set(tables) == {"errors", "suberrors"}
    for rows in tables.values():
        assert list(rows) == sorted(rows)
        for row in rows.values():
            assert {"meaning", "action"} <= set(row) <= WORD
            assert set(row.get("grants", ())) <= {"code", "refresh", "password", "device", "person"}
            assert is_sentence(row["meaning"])
            assert is_sentence(row["action"])
            assert set(row.get("helps", ())) <= {"retry", "person", "administrator"}
            assert set(row.get("by_grant", {})) <= GRANTS
            assert all(map(is_sentence, row.get("by_grant", {}).values()))
    assert set(error_words()) == set(tables["errors"])
    assert set(suberror_words()) == set(tables["suberrors"])
    assert {entry.suberror for entry in catalogue().values()} - {None} <= set(suberror_words())


def test_each_story_has_what_is_told_of_a_message_and_no_more() -> None:
    rows = content("message_stories.json")
    assert set(rows) <= set(MessageKind)
    for row in rows.values():
        assert STORY - {"source"} <= set(row) <= STORY | {"prediction", "with"}
        assert {row["sender"], row["receiver"]} <= set(Actor)
        assert is_sentence(row["purpose"])
        assert is_sentence(row["lesson"])
        assert set(row.get("prediction", {})) in (set(), {"asks", "accepts", "answer"})
        for texts in row.get("with", {}).values():
            assert set(texts) <= {"lesson", "source", "title"}


def test_each_name_has_one_treatment_and_a_secret_has_a_word() -> None:
    tables = content("secrecy.json")
    assert set(tables) == {"names", "headers", "cookies", "words", "endings", "public"}
    named = [
        (name, act, kind)
        for act, kinds in tables["names"].items()
        for kind, names in kinds.items()
        for name in names
    ]
    assert len({name for name, _, _ in named}) == len(named)
    for name, act, kind in named:
        assert name == name.strip().lower()
        assert len(kind) <= 5
        assert (treatment_of(name).act, treatment_of(name).kind) == (Act[act], kind)
        assert bool(kind) == (act in ("SECRET", "TOKEN", "MASK", "PII"))
    headers = [name for names in tables["headers"].values() for name in names]
    assert len(set(headers)) == len(headers)
    assert all(name == name.strip().lower() for name in (*headers, *tables["cookies"]))
    assert all(treatment_of(name).act is not Act.KEEP for name in tables["endings"])
    assert all(is_public(word.upper()) for word in tables["public"])
    assert set(tables["words"]) <= {kind for name, _, kind in named if is_secret(name)}


@pytest.mark.parametrize("name", ["code", "Refresh_Token", "password", "client_assertion", "d"])
def test_the_names_of_secrets_are_secret(name: str) -> None:
    assert is_secret(name)


def test_a_name_that_is_not_listed_is_taken_out() -> None:
    assert treatment_of("of_tomorrow").act is Act.UNKNOWN
    assert header_treatment("x-of-tomorrow").act is Act.UNKNOWN
    assert header_treatment("Authorization").act is Act.TOKEN
