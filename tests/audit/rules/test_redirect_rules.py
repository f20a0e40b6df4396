"""Each rule about the answer that the browser brings at its limits, and where it is hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.protocol.messages import FORM, encode_form
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, TENANT, authorize, case, claim, redirect, said, token, words

CODE = "authorization_code"
TAGGED, TAGGED_OTHER = "state~0123456789~~~", "state~9876543210~~~"


def came(*pairs: tuple[str, str], method: str = "GET", url: str = "http://localhost/") -> Exchange:
    """An answer with these parameters: of a GET in the address, of a POST in a form."""
    text = encode_form(pairs)
    if method == "GET":
        return step("accepted", "GET", f"{url}?{text}", at=AT - 10)
    return step(
        "accepted", method, url, headers=(("Content-Type", FORM),), body=text.encode(), at=AT - 10
    )


def one(rule: str, *pairs: tuple[str, str], **options: Any) -> str:
    (word,) = words(rule, case(came(*pairs, **options)))
    return word


@pytest.mark.parametrize(
    ("sent", "state", "word"),
    [
        ("s", "s", "pass"),
        ("s", "t", "error"),
        ("s", "", "error"),
        ("", "s", "not applicable"),
        (TAGGED, TAGGED, "pass"),
        (TAGGED, TAGGED_OTHER, "error"),
        (TAGGED, "s", "undecidable"),
        ("~state~", "~state~", "undecidable"),
    ],
)
def test_the_state_is_the_one_that_was_sent(sent: str, state: str, word: str) -> None:
    asked = authorize(client_id="x", state=sent)
    assert words("RR01", case(asked, redirect(code="c", state=state))) == [word]
    assert words("RR01", case(redirect(code="c", state=state))) == ["undecidable"]


@pytest.mark.parametrize(
    ("verdict", "steps", "word"),
    [
        ("yes", (1, 2), "pass"),
        ("no", (1, 2), "error"),
        ("not checked", (1, 2), "undecidable"),
        ("yes", (2, 3), "undecidable"),
    ],
)
def test_of_hidden_states_the_recorders_word_counts(
    verdict: str, steps: tuple[int, ...], word: str
) -> None:
    claims = (claim("state-equal", verdict, *steps),)
    for state, found in (("~state~", word), ("t", "error")):
        asked = authorize(client_id="x", state="~state~" if state != "t" else "s")
        made = case(asked, redirect(code="c", state=state), claims=claims)
        assert words("RR01", made) == [found]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("pairs", "word"),
    [
        ([("code", "c")], "pass"),
        ([("error", "e")], "pass"),
        ([("code", "c"), ("error", "")], "pass"),
        ([("code", "c"), ("error", "e")], "error"),
        ([("code", ""), ("error", "")], "error"),
        ([("state", "s")], "error"),
    ],
)
def test_an_answer_holds_a_code_or_an_error(
    method: str, pairs: list[tuple[str, str]], word: str
) -> None:
    assert one("RR02", *pairs, method=method) == word


def test_the_sentence_tells_both_from_neither() -> None:
    assert said("RR02", case(came(("code", "c"), ("error", "e")))) == [
        "It has both code and error."
    ]
    assert said("RR02", case(came(("state", "s")))) == ["It has neither."]


@pytest.mark.parametrize(
    ("name", "word"),
    [(name, "error") for name in ("code", "state", "error", "iss")] + [("session_state", "pass")],
)
def test_each_of_the_four_stands_once(name: str, word: str) -> None:
    assert one("RR03", (name, "a"), (name, "a")) == word
    assert one("RR03", (name, "a"), ("x", "a")) == "pass"
    if word == "error":
        assert said("RR03", case(came(*[(name, "a")] * 3))) == [f"{name} stands 3 times."]


ISSUER = f"{LOGIN}/{TENANT}/v2.0"
PROMISE = "authorization_response_iss_parameter_supported"


def told(**members: Any) -> Exchange:
    at = "https://meta.example/.well-known/openid-configuration"
    return step("openid-configuration", "GET", at, response=json_answer(members), at=AT - 30)


@pytest.mark.parametrize(
    ("iss", "word"),
    [
        (ISSUER, "pass"),
        (f"{ISSUER}/", "error"),
        ("https://evil.example", "error"),
        ("", "error"),
        ("https://iss~0123456789~/", "undecidable"),
        ("~iss~", "undecidable"),
    ],
)
def test_the_issuer_is_the_authoritys(iss: str, word: str) -> None:
    answer = came(("code", "c"), ("iss", iss))
    assert words("RR04", case(authorize(client_id="x"), answer)) == [word]
    with_metadata = case(told(issuer=ISSUER), authorize(client_id="x"), answer)
    assert words("RR04", with_metadata) == [word]
    shared = authorize(client_id="x", url=f"{LOGIN}/common/oauth2/v2.0/authorize")
    assert words("RR04", case(shared, answer)) == ["undecidable"]
    assert words("RR04", case(answer)) == ["undecidable"]


def test_the_metadatas_issuer_counts_before_the_address() -> None:
    answer = came(("code", "c"), ("iss", ISSUER))
    made = case(told(issuer="https://third.example"), authorize(client_id="x"), answer)
    assert words("RR04", made) == ["error"]
    unnamed = case(told(token_endpoint="x"), authorize(client_id="x"), answer)
    assert words("RR04", unnamed) == ["pass"]


@pytest.mark.parametrize(
    ("promise", "word"), [(True, "error"), (False, "not applicable"), ("true", "not applicable")]
)
def test_an_issuer_that_was_promised_comes(promise: Any, word: str) -> None:
    answer = came(("code", "c"))
    made = case(told(**{PROMISE: promise}), authorize(client_id="x"), answer)
    assert words("RR04", made) == [word]
    assert words("RR04", case(authorize(client_id="x"), answer)) == ["not applicable"]


@pytest.mark.parametrize(
    ("name", "method", "word"),
    [
        ("access_token", "GET", "error"),
        ("id_token", "GET", "error"),
        ("refresh_token", "GET", "error"),
        ("access_token", "POST", "warning"),
        ("refresh_token", "POST", "error"),
        ("id_token", "POST", "warning"),
    ],
)
def test_no_token_comes_through_the_browser(name: str, method: str, word: str) -> None:
    assert one("RR05", ("code", "c"), (name, "t"), method=method) == word
    assert one("RR05", ("code", "c"), (name, ""), method=method) == "pass"


@pytest.mark.parametrize(
    ("name", "word"),
    [("access_token", "warning"), ("id_token", "warning"), ("refresh_token", "error")],
)
def test_in_a_fragment_it_is_advised_against_where_it_is_forbidden_in_a_query(
    name: str, word: str
) -> None:
    answers = [
        step("accepted", "GET", f"https://app.example/cb{mark}code=c&{name}=t", at=AT - 10)
        for mark in "#?"
    ]
    asked = authorize(client_id="x", redirect_uri="https://app.example/cb")
    assert [words("RR05", case(asked, each)) for each in answers] == [[word], ["error"]]


@pytest.mark.parametrize(("name", "word"), [("access_token", "error"), ("id_token", "warning")])
def test_to_a_single_page_app_an_access_token_in_a_fragment_is_forbidden(
    name: str, word: str
) -> None:
    page = "https://app.example/cb"
    asked = authorize(client_id="x", redirect_uri=page)
    answer = step("accepted", "GET", f"{page}#code=c&{name}=t", at=AT - 10)
    fields = (("grant_type", "authorization_code"), ("redirect_uri", page), ("code", "c"))
    by_script = step(
        *("token", "POST", f"{LOGIN}/{TENANT}/oauth2/v2.0/token"),
        headers=(("Content-Type", FORM), ("Origin", "https://app.example")),
        body=encode_form(fields).encode(),
        at=AT,
    )
    assert words("RR05", case(asked, answer, by_script)) == [word]


@pytest.mark.parametrize(
    ("uri", "url", "word"),
    [
        ("http://localhost", "http://localhost/", "pass"),
        ("http://localhost:80/cb", "http://localhost/cb", "pass"),
        ("https://app.example:443/cb", "https://app.example/cb", "pass"),
        ("HTTP://LOCALHOST/cb", "http://localhost/cb", "pass"),
        ("http://localhost/cb", "http://localhost/other", "error"),
        ("http://localhost/cb", "http://localhost/CB", "error"),
        ("http://localhost/cb", "http://127.0.0.1/cb", "error"),
        ("http://localhost:81/cb", "http://localhost/cb", "error"),
        ("https://localhost:80/cb", "http://localhost/cb", "error"),
        ("http://localhost:x/cb", "http://localhost/cb", "undecidable"),
        ("http://~host~/cb", "http://localhost/cb", "undecidable"),
        ("http://localhost/cb", "http://~host~/cb", "undecidable"),
        ("", "http://localhost/cb", "undecidable"),
    ],
)
def test_the_answer_came_to_the_redirect_uri(uri: str, url: str, word: str) -> None:
    asked = authorize(client_id="x", redirect_uri=uri)
    assert words("RR06", case(asked, came(("code", "c"), url=url))) == [word]
    assert words("RR06", case(came(("code", "c"), url=url))) == ["undecidable"]


@pytest.mark.parametrize(
    ("uri", "part"),
    [
        ("https://localhost:80/", "scheme"),
        ("http://127.0.0.1/", "host"),
        ("http://localhost:81/", "port"),
        ("http://localhost/x", "path"),
    ],
)
def test_the_sentence_names_the_part_that_differs(uri: str, part: str) -> None:
    asked = authorize(client_id="x", redirect_uri=uri)
    text = f"The {part} is not the one of the redirect URI."
    assert said("RR06", case(asked, came(("code", "c")))) == [text]


@pytest.mark.parametrize(
    ("before", "missing"),
    [([], "authorize request"), ([authorize(client_id="x")], "redirect URI that was sent")],
)
def test_what_is_missing_to_compare_with_is_named(before: list[Exchange], missing: str) -> None:
    text = f"the {missing} is not in this recording"
    assert said("RR06", case(*before, came(("code", "c")))) == [text]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://localhost/", "pass"),
        ("http://127.0.0.1:8400/", "pass"),
        ("https://app.example/", "pass"),
        ("http://app.example/", "error"),
        ("HTTP://app.example/", "error"),
        ("com.example.app:/cb", "pass"),
    ],
)
def test_the_answer_came_over_https_or_within_the_machine(url: str, word: str) -> None:
    assert one("RR07", ("code", "c"), url=url) == word


@pytest.mark.parametrize(
    ("mode", "method", "word"),
    [
        ("form_post", "POST", "pass"),
        ("form_post", "GET", "warning"),
        ("query", "GET", "pass"),
        ("query", "POST", "warning"),
        ("", "GET", "pass"),
        ("", "POST", "warning"),
    ],
)
def test_the_answer_came_as_it_was_asked_for(mode: str, method: str, word: str) -> None:
    asked = authorize(client_id="x", response_mode=mode)
    assert words("RR08", case(asked, came(("code", "c"), method=method))) == [word]
    assert one("RR08", ("code", "c"), method=method) == "undecidable"


ERRORS = ["access_denied", "login_required", "account_selection_required", "request_not_supported"]


@pytest.mark.parametrize(
    ("error", "text", "word"),
    [
        *((error, "", "pass") for error in ERRORS),
        ("oops", "", "warning"),
        ("Access_denied", "", "warning"),
        ('a"b', "", "warning"),
        ("a\\b", "", "warning"),
        ("a\nb", "", "warning"),
        ("ä", "", "warning"),
        ("access_denied", "a\x1b[2J", "warning"),
        ("access_denied", "a\x7f", "warning"),
        ("access_denied", "a\x1f", "warning"),
        ("access_denied", "a b", "pass"),
        ("access_denied", "AADSTS65004: no.\r\nTrace ID: x", "pass"),
        ("access_denied", "AADSTS65004: no.\nTrace ID: x", "warning"),
        ("access_denied", "no.\r\nTrace ID: x", "warning"),
        ("", "a\x1b", "not applicable"),
    ],
)
def test_an_error_is_a_known_word_and_text(error: str, text: str, word: str) -> None:
    assert one("RR15", ("error", error), ("error_description", text)) == word


def test_the_sentence_tells_a_character_from_a_word() -> None:
    for error, text in (
        ('a"b', "The error holds a character that none may have."),
        ("oops", "oops is no known error."),
    ):
        assert said("RR15", case(came(("error", error)))) == [text]


@pytest.mark.parametrize(
    ("age", "word"), [(0, "pass"), (60, "pass"), (61, "note"), (600, "note"), (601, "warning")]
)
def test_a_code_is_redeemed_within_ten_minutes(age: float, word: str) -> None:
    answer = came(("code", "c"))
    later = token(grant_type=CODE, code="c", at=AT - 10 + age)
    assert words("RR16", case(answer, later)) == [word]


def test_a_codes_age_is_known_where_both_times_are() -> None:
    answer, later = came(("code", "c")), token(grant_type=CODE, code="c")
    assert words("RR16", case(answer)) == ["undecidable"]
    assert words("RR16", case(replace(answer, ended_at=0.0), later)) == ["undecidable"]
    assert words("RR16", case(came(("error", "e")), later)) == ["not applicable"]
    assert words("RR16", case(came(("code", "")), later)) == ["not applicable"]
    other = token(grant_type="refresh_token", code="c")
    assert words("RR16", case(answer, other)) == ["undecidable"]
    assert said("RR16", case(answer, replace(later, started_at=AT + 60))) == [
        "It was 70 seconds old."
    ]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("c" * 22, "pass"),
        ("c" * 21, "warning"),
        ("c", "warning"),
        ("code~0123456789".ljust(66, "~"), "pass"),
        ("code~0123456789".ljust(65, "~"), "undecidable"),
        ("~code~", "undecidable"),
        ("0.ASkAIj...RxgFhSAA", "undecidable"),
        ("", "not applicable"),
    ],
)
def test_a_code_is_too_long_to_be_guessed(code: str, word: str) -> None:
    assert one("RR17", ("code", code), ("state", "s")) == word
