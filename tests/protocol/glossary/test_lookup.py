"""Every code is explained, and every error that carries it explains itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import entra_oauth
from entra_oauth.errors import AuthorityError, UsageError, plain
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
from entra_oauth.protocol.glossary.aadsts import catalogue, error_words, judge, suberror_words
from entra_oauth.protocol.glossary.lookup import explain
from entra_oauth.protocol.glossary.parameters import all_parameters
from entra_oauth.protocol.messages import HttpRequest, encode_form
from kit import canaries
from kit.canaries import CODE, VERIFIER
from kit.grants import NOW, person, refusal
from kit.guards import rows

CODES = sorted(catalogue())
FILE = Path(entra_oauth.__file__).parent / "protocol" / "glossary" / "aadsts_catalogue.json"
HELPERS = {"retry", "person", "administrator"}


def test_the_catalogue_holds_each_code_once() -> None:
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    assert len(entries) == len(CODES) == 265
    assert [entry["code"] for entry in entries] == CODES


@rows.every(CODES)
def test_each_code_is_explained(code: int) -> None:
    entry = catalogue()[code]
    for text in (entry.meaning, entry.cause, entry.action):
        assert text == plain(text)
        assert text.endswith((".", "?"))
    assert set(entry.helps) <= HELPERS
    assert entry.evidence in {"recorded", "documented", "code-ref", "memory"}
    assert entry.suberror is None or entry.suberror in suberror_words()
    for word in (str(code), f"AADSTS{code}", f"aadsts{code}:", f" AADSTS{code}\n"):
        (explained,) = explain(word)
        assert (explained.name, explained.action) == (f"AADSTS{code}", entry.action)
        assert (explained.meaning, explained.cause) == (entry.meaning, entry.cause)


@rows.every(CODES)
def test_an_error_at_the_token_endpoint_carries_what_the_catalogue_knows(code: int) -> None:
    entry = catalogue()[code]
    request = TokenRequest.refresh(person(), "1.token")
    with canaries.refused(AuthorityError) as caught:
        TokenResponse.read(
            refusal(entry.oauth_error or "invalid_request", code),
            answering=request,
            received_at=NOW,
        )
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert error.error_codes == (code,)
    there = entry.for_grant("refresh_token")
    assert error.meaning == there.meaning
    if entry.fits("refresh_token"):
        told = (there.action, there.cause, entry.helps)
        assert (error.advice, error.cause, error.helps) == told
    else:
        assert "belongs to another flow" in error.advice
    assert (error.trace_id, error.correlation_id) == ("t-1", "c-1")
    assert error.timestamp == "2025-02-19 03:49:12Z"


@rows.every(CODES)
def test_an_error_in_the_redirect_carries_it_too(code: int) -> None:
    entry = catalogue()[code]
    request = canaries.article_request()
    query = encode_form(
        (
            ("error", entry.oauth_error or "access_denied"),
            ("error_description", f"AADSTS{code}: No.\r\nTrace ID: t-1\r\nCorrelation ID: c-1"),
            ("state", request.state),
        )
    )
    callback = HttpRequest(method="GET", url=f"http://localhost/?{query}")
    with canaries.refused(AuthorityError) as caught:
        AuthorizationResponse.read(callback, answering=request)
    error = caught.value
    assert isinstance(error, AuthorityError)
    assert (error.advice, error.helps) == (entry.action, entry.helps)
    assert (error.trace_id, error.correlation_id) == ("t-1", "c-1")


def test_of_two_numbers_the_one_that_fits_the_error_counts() -> None:
    assert judge("invalid_grant", (70002, 70008)).advice == catalogue()[70008].action
    assert judge("invalid_client", (70002, 70008)).advice == catalogue()[70002].action
    assert judge("something_new", (70002, 70008)).advice == catalogue()[70002].action
    assert judge("invalid_grant", (1, 50076)).advice == catalogue()[50076].action


def test_without_a_number_the_sub_error_counts_and_then_the_error() -> None:
    assert judge("invalid_grant", (), "bad_token").advice == suberror_words()["bad_token"].action
    assert (
        judge("invalid_grant", (1,), "of the future").advice
        == error_words()["invalid_grant"].action
    )
    assert judge("of the future", ()).helps == ("administrator",)
    assert judge("access_denied", (65004,), "cancel").advice == suberror_words()["cancel"].action


@pytest.mark.parametrize("name", sorted({*error_words(), *suberror_words()}))
def test_each_error_has_words_and_something_to_do(name: str) -> None:
    for words in (error_words().get(name), suberror_words().get(name)):
        if words is not None:
            assert words.meaning.endswith(".")
            assert words.action.endswith(".")
            assert set(words.helps) <= HELPERS
    kinds = [each.kind for each in explain(name) if each.kind in ("error", "suberror")]
    assert kinds == [
        kind
        for kind, of in (("error", error_words()), ("suberror", suberror_words()))
        if name in of
    ]


@rows.every(sorted({row.name for row in all_parameters()}))
def test_each_parameter_and_claim_is_explained(name: str) -> None:
    assert {each.kind for each in explain(name)} & {"parameter", "claim"}
    assert all(each.meaning.endswith(".") for each in explain(name))


def test_a_name_is_explained_once_for_each_meaning_with_its_messages_and_sources() -> None:
    uses = explain("redirect_uri")
    assert [use.where for use in uses] == [
        "authorization request",
        "token request (authorization_code)",
    ]
    assert uses[0].source == "RFC 6749 §4.1.1, §3.1.2"
    assert uses[1].source == "RFC 6749 §4.1.3"
    (device_code,) = explain("device_code")
    assert device_code.where == "token request (device_code), device authorization response"


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("INVALID_GRANT", ["error"]),
        ("--client-id", ["parameter"] * 6),
        ("login-hint", ["parameter", "claim"]),
        ("state", ["parameter"] * 3),
        ("nonce", ["parameter", "claim", "claim", "claim", "claim"]),
        ("aud", ["claim"] * 3),
        ('"aud"', ["claim"] * 3),
        ("InvalidReplyTo", ["code"]),
        ("consent_required", ["error", "suberror"]),
        ("basic_action", ["suberror"]),
        ("pkce", ["term"]),
        ("service principal", ["term"]),
        ("issuer", ["term", "parameter"]),
    ],
)
def test_a_word_may_be_spelt_as_people_meet_it(word: str, kinds: list[str]) -> None:
    assert [each.kind for each in explain(word)] == kinds


@pytest.mark.parametrize(
    ("word", "said", "advised"),
    [
        ("stat", "stat", "state"),
        ("invalid-gran", "invalid-gran", "invalid_grant"),
        ("AADSTS99999", "AADSTS99999", "error?code=99999"),
        ("", "That", "AADSTS50011"),
        ("a b", "That", "AADSTS50011"),
        ("\x1b[2J", "That", "AADSTS50011"),
        (CODE + VERIFIER, "That", "AADSTS50011"),
    ],
)
def test_an_unknown_word_is_said_to_be_one(word: str, said: str, advised: str) -> None:
    with canaries.refused(UsageError) as caught:
        explain(word)
    assert caught.value.what.startswith(f"{said} is n")
    assert advised in caught.value.advice


@given(st.text(max_size=60))
def test_whatever_is_asked_is_explained_or_a_usage_error(word: str) -> None:
    said = ""
    try:
        assert explain(word)
    except UsageError as error:
        said = str(error)
    assert said == plain(said)
