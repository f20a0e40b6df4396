"""Answers that are errors, of an authority or a gateway: their words, and if they will pass."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.errors import AuthorityError, CallbackRefused, UnexpectedAnswer
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.json_response import (
    JsonAnswer,
    RequestFacts,
    is_passing,
    retry_after_s,
    said_by,
)
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, encode_form
from kit import canaries
from kit.canaries import CODE, TENANT
from kit.grants import NOW, json_reply

FACTS = RequestFacts(authority=Authority.of(TENANT))


def answer(body: str | bytes, kind: str = "", status: int = 500) -> HttpResponse:
    headers = (("Content-Type", kind),) if kind else ()
    data = body.encode() if isinstance(body, str) else body
    return HttpResponse(status=status, headers=headers, body=data)


JSON_WORDS: list[tuple[dict[str, Any], str]] = [
    ({"message": "m", "detail": "d", "error_description": "e", "error": "x"}, "m"),
    ({"detail": "d", "error_description": "e", "error": "x"}, "d"),
    ({"message": 5, "detail": "", "error_description": "e", "error": "x"}, "e"),
    ({"error": "x"}, "x"),
    ({"other": "x"}, ""),
    ({"error_code": "X1", "message": "X1: no"}, "X1: no"),
    ({"error_code": "X1", "message": "no"}, "X1: no"),
    ({"error_code": "X1"}, "X1"),
    ({"error_code": "", "message": "no"}, "no"),
    ({"error_code": 5, "message": "no"}, "no"),
    ({"error": {"code": "c", "message": "inner"}}, "inner"),
    ({"error": {"code": "c"}}, "c"),
    ({"error": {"code": 401}}, "401"),
    ({"error": {"code": ["c"]}}, ""),
    ({"message": "two\r\n  words"}, "two words"),
    ({"message": "x" * 300}, "x" * 300),
    ({"message": "x" * 301}, "x" * 300 + "…"),
    ({"message": f"You sent {CODE}."}, "You sent <hidden>."),
]


@pytest.mark.parametrize(("members", "said"), JSON_WORDS)
def test_the_words_of_a_json_error_are_found(members: dict[str, Any], said: str) -> None:
    assert said_by(answer(json.dumps(members)), (CODE,)) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("plain  words", "plain words"),
        ("", ""),
        ("<html><title>T</title><PRE class=x>a <b>b</b> &amp;\n c</PRE>", "a b & c"),
        ("<html><title>T</title>", "T"),
        ("  <html>no title", ""),
        ("no page <b>", "no page <b>"),
        ("<prefix>x</prefix>", ""),
        ("<title></title>", ""),
        ("<title>T</title>".rjust(20_000), "T"),
        ("<title>T</title>".rjust(20_001), ""),
        (b"\xff words", "\ufffd words"),
    ],
)
def test_the_words_of_a_page_or_a_text_are_found(body: str | bytes, said: str) -> None:
    assert said_by(answer(body), ()) == said


@pytest.mark.parametrize(
    ("body", "kind", "what"),
    [
        ("x", "text/html", "(text/html, 1 bytes), and that is no token answer: it is an HTML page"),
        (" \n<!DOCTYPE html>", "", "(no content type, 17 bytes), and that is no token answer"),
        (" \n<!DOCTYPE html>", "", "it is an HTML page"),
        ("<HTML>", "text/plain", "it is an HTML page, not JSON"),
        (" \n", "text/plain", "it is empty, not JSON"),
        ("", "", "it is empty, not JSON"),
        ("x", "text/plain; charset=utf-8", "it is plain text, not JSON"),
        ("x", "image/png", "it is something else, not JSON"),
        ("x", "k" * 60, f"({'k' * 60}, 1 bytes)"),
        ("x", "k" * 61, f"({'k' * 60}…, 1 bytes)"),
        ("{}", "application/json", "it is neither a token nor an OAuth error"),
        ("[]", "application/json", "it is not an object"),
        ("{}", " Application/JSON ; charset=utf-8", "it is neither a token nor an OAuth error"),
    ],
)
def test_what_came_in_the_place_of_json_is_named(body: str, kind: str, what: str) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        JsonAnswer.read(answer(body, kind), FACTS, received_at=NOW)
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("status", "quoted"), [(201, False), (300, False), (399, False), (400, True), (599, True)]
)
def test_only_an_error_is_quoted(status: int, quoted: bool) -> None:
    with canaries.refused(UnexpectedAnswer) as caught:
        JsonAnswer.read(answer("words", "text/plain", status), FACTS, received_at=NOW)
    assert ("It says: words." in caught.value.what) is quoted
    assert ("it is a redirect" in caught.value.what) is (300 <= status < 400)


@pytest.mark.parametrize(
    ("status", "passing"),
    [(408, True), (429, True), (500, True), (502, True), (503, True), (504, True)]
    + [(status, False) for status in (200, 400, 401, 404, 407, 409, 428, 430, 501, 505)],
)
def test_without_an_error_of_its_own_the_status_says_whether_it_will_pass(
    status: int, passing: bool
) -> None:
    assert is_passing(answer("busy", "text/plain", status)) is passing
    assert is_passing(json_reply({"error": {"code": "x"}}, status=status)) is passing
    assert is_passing(json_reply({"error": None}, status=status)) is passing
    assert is_passing(answer("{", "application/json", status)) is passing


PASSES, STAYS = 90033, 50057


@pytest.mark.parametrize(
    ("status", "members", "passing"),
    [
        (400, {"error": "temporarily_unavailable"}, True),
        (500, {"error": "invalid_grant"}, False),
        (503, {"error": "invalid_grant"}, True),
        (429, {"error": "invalid_grant"}, True),
        (400, {"error": "server_error"}, False),
        (500, {"error": "server_error"}, True),
        (400, {"error": "server_error", "error_description": f"AADSTS{PASSES}: x"}, True),
        (500, {"error": "server_error", "error_description": f"AADSTS{STAYS}: x"}, False),
        (400, {"error": "server_error", "error_codes": [PASSES]}, True),
        (500, {"error": "server_error", "error_codes": [STAYS]}, False),
        (500, {"error": "server_error", "error_codes": [True]}, True),
        (500, {"error": "server_error", "error_codes": str(STAYS)}, True),
        (
            400,
            {
                "error": "server_error",
                "error_codes": [PASSES],
                "error_description": f"AADSTS{STAYS}: x",
            },
            True,
        ),
    ],
)
def test_an_error_of_its_own_decides_whether_it_will_pass(
    status: int, members: dict[str, Any], passing: bool
) -> None:
    assert is_passing(json_reply(members, status=status)) is passing


LIMITS = [("error", 80), ("suberror", 80), ("trace_id", 64), ("correlation_id", 64)]


@pytest.mark.parametrize(("name", "most"), [*LIMITS, ("timestamp", 40)])
def test_a_member_of_a_refusal_is_cut_at_its_length(name: str, most: int) -> None:
    for length in (most, most + 1):
        reply = json_reply({"error": "invalid_grant"} | {name: "5" * length}, status=400)
        with pytest.raises(AuthorityError) as caught:
            JsonAnswer.read(reply, FACTS, received_at=NOW)
        assert getattr(caught.value, name) == "5" * most + "…" * (length - most)


@pytest.mark.parametrize("length", [300, 301])
def test_the_page_of_an_error_is_cut_at_300_characters_and_none_of_another_host(
    length: int,
) -> None:
    page = "https://login.microsoft.com/".ljust(length, "x")
    whole = page if length == 300 else f"{page[:300]}…"
    other = page.replace("microsoft", "evil")
    for uri, found in ((page, whole), (other, None), (5, None)):
        reply = json_reply({"error": "invalid_grant", "error_uri": uri}, status=400)
        with pytest.raises(AuthorityError) as caught:
            JsonAnswer.read(reply, FACTS, received_at=NOW)
        assert caught.value.error_uri == found


@pytest.mark.parametrize(
    ("name", "member", "most"), [("error", "error", 80), ("error_subcode", "suberror", 80)]
)
def test_a_field_of_a_refused_sign_in_is_cut_at_its_length(
    name: str, member: str, most: int
) -> None:
    for length in (most, most + 1):
        fields = {"error": "access_denied", "state": canaries.STATE} | {name: "e" * length}
        callback = HttpRequest(
            method="GET", url=f"http://localhost/?{encode_form(tuple(fields.items()))}"
        )
        with pytest.raises(AuthorityError) as caught:
            AuthorizationResponse.read(callback, answering=canaries.article_request())
        assert getattr(caught.value, member) == "e" * most + "…" * (length - most)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 5000, 3600.0),
        (" 7 ", 7.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_ascii_digits_or_a_date(value: str, seconds: float | None) -> None:
    reply = HttpResponse(status=503, headers=(("Retry-After", value),))
    assert retry_after_s(reply, NOW) == seconds


FORM_TYPE = ("Content-Type", FORM)


@pytest.mark.parametrize(
    ("mode", "method", "where", "headers", "good"),
    [
        ("query", "GET", "query", (), True),
        ("query", "POST", "body", (FORM_TYPE,), False),
        ("query", "POST", "query", (), False),
        ("form_post", "POST", "body", (FORM_TYPE,), True),
        ("form_post", "POST", "body", (("Content-Type", f" {FORM.upper()} ; x"),), True),
        ("form_post", "POST", "both", (FORM_TYPE,), False),
        ("form_post", "POST", "body", (("Content-Type", "text/plain"),), False),
        ("form_post", "POST", "body", (), False),
        ("form_post", "GET", "body", (FORM_TYPE,), False),
        ("form_post", "GET", "query", (), False),
    ],
)
def test_a_redirect_counts_in_the_way_that_was_asked_for(
    mode: str, method: str, where: str, headers: tuple[tuple[str, str], ...], good: bool
) -> None:
    fields = f"code={CODE}&state={canaries.STATE}"
    callback = HttpRequest(
        method=method,
        url=f"http://localhost/?{fields}" if where != "body" else "http://localhost/",
        headers=headers,
        body=fields.encode() if where != "query" else b"",
    )
    request = replace(canaries.article_request(), response_mode=mode)
    if good:
        assert AuthorizationResponse.read(callback, answering=request).code == CODE
        return
    with canaries.refused(CallbackRefused):
        AuthorizationResponse.read(callback, answering=request)


def test_of_a_token_that_the_app_does_not_trust_it_is_told_what_it_says() -> None:
    assertion = canaries.jwt({"alg": "none"}, {"iss": "i", "sub": "s"})
    for codes, told in (([700213], True), ([50034], False)):
        reply = json_reply({"error": "invalid_client", "error_codes": codes}, status=401)
        with pytest.raises(AuthorityError) as caught:
            JsonAnswer.read(reply, replace(FACTS, assertion=assertion), received_at=NOW)
        said = "No reason was given. The token that was presented has issuer “i”, subject “s”"
        assert (said in caught.value.what) is told
