"""Each rule about the token endpoint's answer at its limits, and where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.errors import plain
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.judged import ENDPOINTS, authorize, case, said, token, words

JSON = "application/json"
GOOD: dict[str, Any] = {"access_token": "at", "token_type": "Bearer", "expires_in": 3599}
ALL = [f"TS{number:02}" for number in (1, 2, 3, 4, 5, 9, 10, 11, 12, 13)]
OF_SUCCESS = ["TS02", "TS03", "TS04", "TS05"]


def answered(
    body: bytes | dict[str, Any],
    status: int = 200,
    *,
    content_type: str | None = JSON,
    headers: tuple[tuple[str, str], ...] = (),
    sent: tuple[tuple[str, str], ...] = (),
    url: str = f"{ENDPOINTS}/token",
) -> Exchange:
    given = (("Content-Type", content_type),) if content_type is not None else ()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = HttpResponse(status=status, headers=(*given, *headers), body=raw)
    asked = token(response=response, url=url, grant_type="password")
    return replace(asked, request=replace(asked.request, headers=(*asked.request.headers, *sent)))


def one(rule: str, *arguments: Any, **options: Any) -> str:
    (word,) = words(rule, case(answered(*arguments, **options)))
    return word


BASIC = (("Authorization", "Basic eDp5"),)


@pytest.mark.parametrize("rule", [each for each in ALL if each not in ("TS04", "TS10")])
def test_an_answer_that_is_not_there_is_unknown_and_none_yet_where_nothing_was_sent(
    rule: str,
) -> None:
    asked = token(grant_type="password")
    assert words(rule, case(asked)) == ["undecidable"]
    assert words(rule, case(asked, planned=True)) == ["not applicable"]


@pytest.mark.parametrize("rule", OF_SUCCESS)
@pytest.mark.parametrize("status", [201, 400, 500])
def test_an_error_has_none_of_what_a_success_has(rule: str, status: int) -> None:
    assert one(rule, {"error": "invalid_grant"}, status) == "not applicable"


@pytest.mark.parametrize(
    ("status", "content_type", "members", "word"),
    [
        (200, JSON, GOOD, "pass"),
        (200, "Application/JSON ; charset=utf-8", GOOD, "pass"),
        (200, "text/html", GOOD, "error"),
        (200, "application/jsonp", GOOD, "error"),
        (200, "application/json+x", {}, "error"),
        (200, None, GOOD, "error"),
        (201, JSON, GOOD, "error"),
        (400, JSON, GOOD, "error"),
        (400, "text/html", {"error": "x"}, "not applicable"),
        (200, JSON, {}, "pass"),
    ],
)
def test_tokens_come_with_200_as_json(
    status: int, content_type: str | None, members: dict[str, Any], word: str
) -> None:
    assert one("TS01", members, status, content_type=content_type) == word


def test_the_sentence_tells_of_a_status_and_of_a_type_that_is_missing() -> None:
    assert said("TS01", case(answered(GOOD, 201))) == ["Tokens came with status 201."]
    missing = case(answered(GOOD, content_type=None))
    assert said("TS01", missing) == ["The content type is missing."]
    page = case(answered(GOOD, content_type="Text/HTML; charset=utf-8"))
    assert said("TS01", page) == ["The content type is text/html."]
    for length, told in ((40, "t" * 40), (41, plain("t" * 41, limit=40))):
        long = case(answered(GOOD, content_type="t" * length))
        assert said("TS01", long) == [f"The content type is {told}."]


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ((("Cache-Control", "no-store"), ("Pragma", "no-cache")), "pass"),
        ((("cache-control", "private, No-Store"), ("pragma", "No-Cache")), "pass"),
        ((("Cache-Control", "private"), ("Cache-Control", "no-store"), ("Pragma", "x")), "note"),
        ((("Cache-Control", "no-store"),), "note"),
        ((("Cache-Control", "no-cache"), ("Pragma", "no-cache")), "warning"),
        ((("Pragma", "no-cache, no-store"),), "warning"),
        ((), "warning"),
    ],
)
def test_an_answer_with_tokens_is_kept_nowhere(
    headers: tuple[tuple[str, str], ...], word: str
) -> None:
    level = {"warning": "error"}.get(word, word)
    assert one("TS02", GOOD, headers=headers) == level


@pytest.mark.parametrize("name", ["access_token", "token_type"])
@pytest.mark.parametrize("value", [None, 5, "", ["x"], ...])
def test_token_and_type_are_there_as_texts(name: str, value: Any) -> None:
    members = {key: each for key, each in (GOOD | {name: value}).items() if each is not ...}
    assert one("TS03", members) == "error"
    assert one("TS03", GOOD) == "pass"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>"])
def test_an_answer_that_is_no_object_cannot_be_read(body: bytes) -> None:
    assert one("TS03", body) == "undecidable"
    assert one("TS04", body) == "not applicable"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("Bearer", "pass"),
        ("bearer", "pass"),
        ("DPoP", "pass"),
        ("PoP", "pass"),
        ("mac", "error"),
        ("", "error"),
        (5, "not applicable"),
    ],
)
def test_the_type_is_a_known_one(kind: Any, word: str) -> None:
    assert one("TS04", GOOD | {"token_type": kind}) == word


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1, "pass"),
        (0.5, "pass"),
        (5_400, "pass"),
        (5_401, "note"),
        (86_400, "note"),
        (86_401, "warning"),
        (0, "warning"),
        (-1, "warning"),
        ("3599", "warning"),
        ("never", "warning"),
        (True, "warning"),
        (None, "warning"),
        ([5], "warning"),
    ],
)
def test_the_life_is_a_number_above_zero_and_short(value: Any, word: str) -> None:
    assert one("TS05", GOOD | {"expires_in": value}) == word


def test_the_older_endpoint_sends_a_text_and_a_long_life_may_be_revoked() -> None:
    old = "https://login.microsoftonline.com/t/oauth2/token"
    text = GOOD | {"expires_in": "3599"}
    assert one("TS05", text, url=old) == "note"
    assert one("TS05", text | {"resource": "r"}) == "note"
    assert one("TS05", text | {"expires_in": "never"}, url=old) == "warning"
    assert one("TS05", GOOD | {"expires_in": 86_401, "refresh_in": 43_200}) == "note"
    assert one("TS05", GOOD | {"expires_in": 0, "refresh_in": 43_200}) == "warning"
    absent = {key: value for key, value in GOOD.items() if key != "expires_in"}
    assert one("TS05", absent) == "warning"


def test_the_sentence_tells_the_life_in_minutes_and_hours() -> None:
    for life, text in ((5_460, "It is 91 minutes."), (90_000, "It is 25 hours.")):
        assert said("TS05", case(answered(GOOD | {"expires_in": life}))) == [text]


@pytest.mark.parametrize(
    ("members", "status", "word"),
    [
        (GOOD, 200, "pass"),
        ({"error": "x"}, 400, "pass"),
        ({"error": "x"}, 401, "pass"),
        ({"error": "x"}, 200, "error"),
        ({"error": "x", "access_token": "at"}, 400, "error"),
        ({"error": "x", "refresh_token": "rt"}, 400, "error"),
        ({"error": "x", "id_token": "it"}, 400, "pass"),
        ({"error": 5}, 400, "error"),
        ({"error": ""}, 400, "error"),
        ({}, 399, "pass"),
        ({}, 400, "error"),
        ({}, 499, "error"),
        ({}, 500, "pass"),
        *(({}, status, "pass") for status in (404, 407, 429)),
        *(({}, status, "error") for status in (403, 405, 406, 408, 428, 430)),
    ],
)
def test_an_error_is_only_an_error_and_says_which(
    members: dict[str, Any], status: int, word: str
) -> None:
    assert one("TS09", members, status) == word


@pytest.mark.parametrize("status", [200, 400, 503])
def test_of_an_answer_whose_body_was_taken_out_it_is_not_said_that_it_is_right(status: int) -> None:
    assert one("TS09", b"[REDACTED]", status) == "undecidable"


@pytest.mark.parametrize(
    ("authorization", "status", "headers", "word"),
    [
        ("Basic eDp5", 401, (("WWW-Authenticate", "Basic"),), "pass"),
        ("BASIC eDp5", 401, (("www-authenticate", "x"),), "pass"),
        ("Basic eDp5", 401, (("WWW-Authenticate", ""),), "warning"),
        ("Basic eDp5", 401, (), "warning"),
        ("Basic eDp5", 400, (), "not applicable"),
        ("Basic eDp5", 402, (), "not applicable"),
        ("Bearer x", 401, (), "not applicable"),
        ("Basics x", 401, (), "not applicable"),
    ],
)
def test_a_401_to_basic_says_so(
    authorization: str, status: int, headers: tuple[tuple[str, str], ...], word: str
) -> None:
    sent = (("Authorization", authorization),)
    assert one("TS10", {"error": "x"}, status, headers=headers, sent=sent) == word
    assert one("TS10", {"error": "x"}, status, headers=headers) == "not applicable"


def test_an_answer_to_basic_that_is_not_there_is_unknown() -> None:
    asked = replace(answered({}, sent=BASIC), response=None)
    assert words("TS10", case(asked)) == ["undecidable"]
    assert words("TS10", case(asked, planned=True)) == ["not applicable"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{}", "pass"),
        (b'{"a": 1, "b": 1}', "pass"),
        (b'{"a": 1, "a": 1}', "error"),
        (b"[1]", "error"),
        (b'{"a": ', "error"),
        (b'{"a": "\xff"}', "error"),
        (b"[REDACTED]", "undecidable"),
        (b"{...}", "undecidable"),
        (b"<html>", "not applicable"),
        (b'"a"', "not applicable"),
        (b"", "not applicable"),
    ],
)
def test_the_answer_has_one_meaning(body: bytes, word: str) -> None:
    assert one("TS11", body) == word


@pytest.mark.parametrize(
    ("allowed", "origin", "word"),
    [
        (None, None, "pass"),
        (None, "http://localhost", "pass"),
        ("*", None, "note"),
        ("*", "http://localhost", "note"),
        ("http://localhost", "http://localhost", "not applicable"),
        ("http://localhost", "", "not applicable"),
        ("http://localhost", None, "note"),
        ("", None, "note"),
    ],
)
def test_the_answer_is_not_for_every_page(
    allowed: str | None, origin: str | None, word: str
) -> None:
    headers = (("Access-Control-Allow-Origin", allowed),) if allowed is not None else ()
    sent = (("Origin", origin),) if origin is not None else ()
    assert one("TS12", GOOD, headers=headers, sent=sent) == word


def test_a_single_page_app_has_to_be_let_in() -> None:
    asked = authorize(client_id="x", redirect_uri="https://app.example/cb")
    headers = (("Access-Control-Allow-Origin", "*"),)
    by_script = answered(GOOD, headers=headers, sent=(("Origin", "https://app.example"),))
    body = b"grant_type=authorization_code&code=c"
    redeemed = replace(by_script, request=replace(by_script.request, body=body))
    assert words("TS12", case(asked, redeemed)) == ["not applicable"]
    assert words("TS12", case(redeemed)) == ["note"]


def test_the_sentence_tells_one_page_from_every_page() -> None:
    name = "Access-Control-Allow-Origin"
    for value, text in (("*", "Every page may read it."), ("x", "A page may read it.")):
        assert said("TS12", case(answered(GOOD, headers=((name, value),)))) == [text]


def test_the_token_endpoint_sets_no_cookie() -> None:
    assert one("TS13", GOOD) == "pass"
    assert one("TS13", GOOD, headers=(("set-cookie", "fpc=a"),)) == "note"
    assert one("TS13", GOOD, headers=(("set-cookie", ""),)) == "pass"
    assert one("TS13", GOOD, 400, headers=(("Set-Cookie", "fpc=1"),)) == "note"
