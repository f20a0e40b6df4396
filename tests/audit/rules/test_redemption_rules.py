"""Each rule that compares a token request with what came before, also with what is hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.recording import Exchange
from kit.audit.judged import (
    AT,
    CLIENT,
    ENDPOINTS,
    authorize,
    case,
    claim,
    redirect,
    said,
    token,
    words,
)

CODE = "authorization_code"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TAGGED, TAGGED_OTHER = "code~0123456789~~~", "code~9876543210~~~"
BARE = "~code~"

VALUES = [
    ("c", "c", "pass"),
    ("c", "d", "error"),
    (TAGGED, TAGGED, "pass"),
    (TAGGED, TAGGED_OTHER, "error"),
    (TAGGED, "c", "undecidable"),
    (BARE, BARE, "undecidable"),
]
CLAIMS = [
    ("yes", (1, 2), "pass"),
    ("no", (1, 2), "error"),
    ("not checked", (1, 2), "undecidable"),
    ("yes", (2,), "pass"),
    ("yes", (2, 3), "undecidable"),
    ("no", (2, 3), "undecidable"),
]


def came(code: str, sent: str, **fields: Any) -> list[Exchange]:
    return [redirect(code=code, state="s"), token(grant_type=CODE, code=sent, **fields)]


@pytest.mark.parametrize(("code", "sent", "word"), [*VALUES, ("c", "", "error")])
def test_the_code_is_the_one_that_came(code: str, sent: str, word: str) -> None:
    assert words("TR05", case(*came(code, sent))) == [word]


@pytest.mark.parametrize(("verdict", "steps", "word"), CLAIMS)
def test_of_hidden_codes_the_recorders_word_counts(
    verdict: str, steps: tuple[int, ...], word: str
) -> None:
    claims = (claim("code-equal", verdict, *steps),)
    assert words("TR05", case(*came(BARE, BARE), claims=claims)) == [word]
    assert words("TR05", case(*came("c", "d"), claims=claims)) == ["error"], "seen"


def test_a_code_is_compared_only_where_one_came_and_is_redeemed() -> None:
    alone = token(grant_type=CODE, code="c")
    assert words("TR05", case(alone)) == ["undecidable"]
    assert words("TR05", case(alone, planned=True)) == ["not applicable"]
    assert words("TR05", case(token(grant_type="password"))) == ["not applicable"]
    came_without = case(redirect(code="c", state="s"), token(grant_type=CODE))
    assert words("TR05", came_without) == ["error"]
    refused = case(redirect(error="access_denied"), token(grant_type=CODE, code="c"))
    assert words("TR05", refused) == ["error"]


def both(asked: dict[str, Any], sent: dict[str, Any], grant: str = CODE) -> list[Exchange]:
    return [authorize(scope="x", **asked), token(grant_type=grant, **sent)]


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        *VALUES,
        ("http://localhost", "http://localhost/", "error"),
        ("http://localhost", None, "error"),
        (None, "http://localhost", "error"),
        (None, None, "not applicable"),
    ],
)
def test_the_redirect_uri_is_sent_twice(one: str | None, other: str | None, word: str) -> None:
    asked = {"redirect_uri": one} if one is not None else {}
    sent = {"redirect_uri": other} if other is not None else {}
    assert words("TR06", case(*both(asked, sent))) == [word]
    assert words("TR06", case(*both(asked, sent, "password"))) == ["not applicable"]


@pytest.mark.parametrize(("verdict", "steps", "word"), CLAIMS)
def test_of_a_hidden_redirect_uri_the_recorders_word_counts(
    verdict: str, steps: tuple[int, ...], word: str
) -> None:
    claims = (claim("redirect-uri-equal", verdict, *steps),)
    hidden = both({"redirect_uri": BARE}, {"redirect_uri": BARE})
    assert words("TR06", case(*hidden, claims=claims)) == [word]


@pytest.mark.parametrize("rule", ["TR06", "TR07", "TR08", "TR11"])
def test_without_the_authorize_request_nothing_is_compared(rule: str) -> None:
    fields: dict[str, Any] = {
        "code_verifier": VERIFIER,
        "client_id": CLIENT,
        "redirect_uri": "http://localhost",
    }
    assert words(rule, case(token(grant_type=CODE, **fields))) == ["undecidable"]
    assert words(rule, case(token(grant_type="password", **fields))) == ["not applicable"]


@pytest.mark.parametrize(
    ("challenge", "verifier", "word"),
    [
        ("c", "v", "pass"),
        ("~pkce~", "~pkce~", "pass"),
        ("c", "", "error"),
        ("", "v", "error"),
        ("", "", "not applicable"),
    ],
)
def test_a_verifier_follows_a_challenge(challenge: str, verifier: str, word: str) -> None:
    sign_in = both({"code_challenge": challenge}, {"code_verifier": verifier})
    assert words("TR07", case(*sign_in)) == [word]


@pytest.mark.parametrize(
    ("challenge", "method", "verifier", "word"),
    [
        (CHALLENGE, "S256", VERIFIER, "pass"),
        (CHALLENGE, "S256", f"{VERIFIER}x", "error"),
        (f"{CHALLENGE}=", "S256", VERIFIER, "error"),
        (CHALLENGE, "S256", "ä", "error"),
        (CHALLENGE, "S256", "~pkce~", "undecidable"),
        ("~pkce~", "S256", VERIFIER, "undecidable"),
        ("pkce~0123456789~~", "S256", "pkce~0123456789~~", "undecidable"),
        (CHALLENGE, "plain", VERIFIER, "error"),
        (VERIFIER, "plain", VERIFIER, "pass"),
        (VERIFIER, "", VERIFIER, "pass"),
        ("~pkce~", "plain", VERIFIER, "undecidable"),
        (CHALLENGE, "S256", "", "not applicable"),
        ("", "S256", VERIFIER, "not applicable"),
    ],
)
def test_the_verifier_fits(challenge: str, method: str, verifier: str, word: str) -> None:
    asked = {"code_challenge": challenge, "code_challenge_method": method}
    assert words("TR08", case(*both(asked, {"code_verifier": verifier}))) == [word]


@pytest.mark.parametrize(("verdict", "steps", "word"), CLAIMS)
def test_of_a_hidden_verifier_the_recorders_word_counts(
    verdict: str, steps: tuple[int, ...], word: str
) -> None:
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    claims = (claim("pkce-matches", verdict, *steps),)
    hidden = both(asked, {"code_verifier": "~pkce~"})
    assert words("TR08", case(*hidden, claims=claims)) == [word]


LONG = VERIFIER + VERIFIER[::-1] + VERIFIER
TAG = "ver~0123456789"


@pytest.mark.parametrize(
    ("verifier", "word"),
    [
        (VERIFIER, "pass"),
        (VERIFIER[:42], "error"),
        (LONG[:128], "pass"),
        (LONG[:129], "error"),
        (f"{VERIFIER[:39]}._~-", "pass"),
        (f"{VERIFIER}+", "error"),
        (f"{VERIFIER} ", "error"),
        ("a" * 43, "warning"),
        ("0123456789abcdef" * 4, "pass"),
        (("0123456789abcdef" * 4)[:60], "pass"),
        (("0123456789abcdef" * 4)[:59], "warning"),
        ("1234567890" * 5, "warning"),
        ("~ver~", "undecidable"),
        (TAG.ljust(42, "~"), "error"),
        (TAG.ljust(43, "~"), "undecidable"),
        (TAG.ljust(128, "~"), "undecidable"),
        (TAG.ljust(129, "~"), "error"),
        ("", "not applicable"),
    ],
)
def test_the_verifier_is_long_and_random(verifier: str, word: str) -> None:
    assert words("TR09", case(token(grant_type=CODE, code_verifier=verifier))) == [word]


@pytest.mark.parametrize(
    ("verifier", "why"),
    [
        ("~ver~", "the verifier was taken out"),
        (TAG.ljust(43, "~"), "of which characters it was made was taken out"),
    ],
)
def test_how_much_of_a_verifier_was_taken_out_is_told(verifier: str, why: str) -> None:
    assert said("TR09", case(token(grant_type=CODE, code_verifier=verifier))) == [why]


@pytest.mark.parametrize(
    ("name", "verdict", "step", "word"),
    [
        ("verifier-entropy", "239 bits", 1, "warning"),
        ("verifier-entropy", "240 bits", 1, "undecidable"),
        ("verifier-entropy", "9 bits", 2, "undecidable"),
        ("state-entropy", "9 bits", 1, "undecidable"),
    ],
)
def test_the_chance_in_a_hidden_verifier_is_the_recorders_measure(
    name: str, verdict: str, step: int, word: str
) -> None:
    asked = token(grant_type=CODE, code_verifier=TAG.ljust(43, "~"))
    assert words("TR09", case(asked, claims=(claim(name, verdict, step),))) == [word]


def spent(*requests: dict[str, Any], grant: str = CODE) -> list[str]:
    asked = [token(grant_type=grant, at=AT + at, **each) for at, each in enumerate(requests)]
    return words("TR10", case(*asked))


@pytest.mark.parametrize("name", ["code", "code_verifier"])
@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        ("a", "a", "error"),
        ("a", "b", "pass"),
        (TAGGED, TAGGED, "error"),
        (TAGGED, TAGGED_OTHER, "pass"),
        (TAGGED, "a", "undecidable"),
        ("a", "", "pass"),
        ("", "", "pass"),
    ],
)
def test_no_code_and_no_verifier_is_sent_twice(
    name: str, first: str, second: str, word: str
) -> None:
    assert spent({name: first}, {name: second}) == ["pass", word]
    assert spent({name: first}, {name: second}, grant="password") == ["not applicable"]


def test_a_code_that_was_sent_before_is_found_beside_others() -> None:
    assert spent({"code": "a"}, {"code": "b"}, {"code": "a"}) == ["pass", "pass", "error"]
    assert spent({"code": "a"}, {"code": BARE}, {"code": "a"})[2] == "error"
    assert spent({"code": "a"}, {"code": "a"}, {"code": BARE})[2] == "undecidable"
    both = [("a", "v"), ("b", "w"), ("b", "v"), ("a", "w")]
    asked = [
        token(grant_type=CODE, at=AT + at, code=code, code_verifier=verifier)
        for at, (code, verifier) in enumerate(both)
    ]
    assert said("TR10", case(*asked))[2:] == [
        "Step 1 sent the same code_verifier.",
        "Step 1 sent the same code.",
    ]
    one, other = {"code": "a", "code_verifier": BARE}, {"code": "b", "code_verifier": BARE}
    assert spent(one, other) == ["pass", "undecidable"]


@pytest.mark.parametrize(
    ("asked", "sent", "word"),
    [
        (CLIENT, CLIENT, "pass"),
        (CLIENT, CLIENT.upper(), "pass"),
        (CLIENT, "another", "error"),
        ("", CLIENT, "error"),
        (CLIENT, "", "error"),
        (None, CLIENT, "error"),
        (CLIENT, None, "error"),
        ("id~0123456789~", "id~0123456789~", "pass"),
        ("id~0123456789~", "id~9876543210~", "undecidable"),
        ("~id~", CLIENT, "undecidable"),
    ],
)
def test_the_client_is_the_same(asked: str | None, sent: str | None, word: str) -> None:
    one, other = ({"client_id": name} if name is not None else {} for name in (asked, sent))
    assert words("TR11", case(*both(one, other))) == [word]


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"client_id": CLIENT}, "pass"), ({"client_id": "x"}, "error"), ({}, "undecidable")],
)
def test_the_client_may_stand_beside_what_cannot_be_read(fields: dict[str, Any], word: str) -> None:
    asked = authorize(scope="x", request="a.b.c.d.e", **fields)
    assert words("TR11", case(asked, token(grant_type=CODE, client_id=CLIENT))) == [word]


@pytest.mark.parametrize(
    ("header", "word"),
    [("Basic eDp5", "not applicable"), ("basic eDp5", "not applicable"), ("Bearer x", "error")],
)
def test_a_client_may_say_who_it_is_by_basic(header: str, word: str) -> None:
    asked = token(grant_type=CODE, code="c")
    headers = (*asked.request.headers, ("Authorization", header))
    with_header = replace(asked, request=replace(asked.request, headers=headers))
    assert words("TR11", case(authorize(client_id=CLIENT), with_header)) == [word]


HOME = "https://login.example/connect"
GRANTED: dict[str, Any] = {"access_token": "at", "refresh_token": "rt", "scope": "a.read b.read"}


def refreshed(
    fields: dict[str, Any],
    *,
    members: dict[str, Any] | None = None,
    asked: str = "a.read b.read",
    url: str = f"{HOME}/token",
) -> list[str]:
    first = token(
        GRANTED | (members or {}), url=url, grant_type="password", client_id=CLIENT, scope=asked
    )
    given: dict[str, Any] = {"refresh_token": "rt", "client_id": CLIENT} | fields
    given = {name: value for name, value in given.items() if value is not None}
    second = token(url=url, grant_type="refresh_token", at=AT + 60, **given)
    return words("TR22", case(first, second))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "pass"),
        ({"scope": "a.read"}, "pass"),
        ({"scope": "b.read a.read"}, "pass"),
        ({"scope": "a.read a.write"}, "error"),
        ({"client_id": CLIENT.upper()}, "pass"),
        ({"client_id": "another"}, "error"),
        ({"client_id": "~id~"}, "pass"),
        ({"client_id": ""}, "pass"),  # TR11 tells of that
        ({"client_id": None}, "pass"),
        ({"refresh_token": "another"}, "undecidable"),
        ({"refresh_token": BARE}, "undecidable"),
    ],
)
def test_a_refresh_stays_within_what_was_granted(fields: dict[str, Any], word: str) -> None:
    assert refreshed(fields) == ["not applicable", word]


def test_what_was_asked_for_at_first_may_be_asked_for_again() -> None:
    less = {"scope": "a.read"}
    assert refreshed({"scope": "b.read"}, members=less)[1] == "pass"
    assert refreshed({"scope": "b.read"}, members=less, asked="a.read")[1] == "error"
    assert refreshed({"scope": "b.read"}, members={"scope": None})[1] == "pass"
    more = {"scope": "a.read b.read c.read"}
    assert refreshed({"scope": "c.read"}, members=more)[1] == "pass", "more was granted"


def test_a_client_of_the_same_family_is_a_note() -> None:
    assert refreshed({"client_id": "another"}, members={"foci": "1"})[1] == "note"
    assert refreshed({"client_id": "another"}, members={"foci": ""})[1] == "error"


@pytest.mark.parametrize(
    ("url", "scope", "word"),
    [
        (f"{ENDPOINTS}/token", "https://c.example/read", "note"),
        (f"{ENDPOINTS}/token", "https://a.example/write", "error"),
        (f"{HOME}/token", "https://c.example/read", "error"),
    ],
)
def test_at_entra_another_resource_is_a_note(url: str, scope: str, word: str) -> None:
    first = "https://a.example/read"
    found = refreshed({"scope": scope}, members={"scope": first}, asked=first, url=url)
    assert found == ["not applicable", word]


def test_a_refresh_token_without_its_origin_is_unknown() -> None:
    alone = token({"refresh_token": "rt"}, grant_type="refresh_token", refresh_token="rt")
    assert words("TR22", case(alone)) == ["undecidable"], "its own answer is not its origin"
    first = token({"access_token": "at"}, grant_type="password", client_id="another")
    nameless = token(grant_type="refresh_token", client_id=CLIENT, at=AT + 60)
    assert words("TR22", case(first, nameless)) == ["not applicable", "undecidable"]


def test_the_first_request_may_say_next_to_nothing() -> None:
    def found(members: dict[str, Any], scope: str) -> list[str]:
        fields: dict[str, Any] = {"refresh_token": "rt", "client_id": CLIENT, "scope": scope}
        again = token(grant_type="refresh_token", at=AT + 60, **fields)
        return words("TR22", case(token(members, grant_type="password"), again))[1:]

    assert found({"access_token": "at"}, "a.read") == ["undecidable"]
    assert found(GRANTED, "a.read") == ["pass"]
    assert found(GRANTED, "a.read a.write") == ["error"]


@pytest.mark.parametrize(("scope", "word"), [("a.read", "undecidable"), ("", "pass")])
def test_what_was_granted_may_be_told_nowhere(scope: str, word: str) -> None:
    first = token({"refresh_token": "rt"}, grant_type="password", client_id=CLIENT)
    fields: dict[str, Any] = {"refresh_token": "rt", "client_id": CLIENT, "scope": scope}
    again = token(grant_type="refresh_token", at=AT + 60, **fields)
    assert words("TR22", case(first, again)) == ["not applicable", word]
