"""Each rule of the ID token at its limits, and with values that are hidden or absent."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from entra_oauth.protocol.messages import HttpResponse
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import (
    AT,
    CLIENT,
    TENANT,
    authorize,
    case,
    claim,
    jwt,
    redirect,
    said,
    token,
    words,
)

OTHER = "b2bc2d34-5e67-8f89-01ab-c2345d6c78de"
TAGGED = "pii~0123456789~~~"
CODE = "authorization_code"
GOOD: dict[str, Any] = {
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "tid": TENANT,
    "aud": CLIENT,
    "exp": AT + 3600,
    "iat": AT,
    "sub": "s",
    "oid": "o",
}


def answered(changes: dict[str, Any], header: dict[str, Any] | None = None, **more: Any) -> Any:
    """The members of an answer; a claim that is `...` is left out."""
    claims = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    made = jwt({"alg": "RS256"} if header is None else header, claims)
    return {"access_token": "at", "id_token": made, **more}


def signed_in(changes: dict[str, Any], **fields: Any) -> list[Any]:
    return [
        authorize(client_id=CLIENT, scope="openid", nonce="n"),
        token(answered(changes), client_id=CLIENT, grant_type=CODE, **fields),
    ]


HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"alg": "RS256"}, "pass"),
    ({"alg": "ES256", "kid": "k"}, "pass"),
    ({"alg": "none"}, "error"),
    ({"alg": "NONE"}, "error"),
    ({"alg": "HS256"}, "error"),
    ({"alg": 5}, "error"),
    ({}, "error"),
    *(({"alg": "RS256", name: "x"}, "error") for name in ("crit", "jwk", "jku", "x5u")),
]


@pytest.mark.parametrize(("header", "word"), HEADERS)
def test_the_header_names_a_signature_by_a_key_pair_and_brings_no_key(
    header: dict[str, Any], word: str
) -> None:
    assert words("ID01", case(token(answered({}, header)))) == [word]


@pytest.mark.parametrize(
    ("value", "word"), [("no jwt", "error"), ("~idt~", "undecidable"), ("eyJ0...x", "undecidable")]
)
def test_a_token_that_cannot_be_read_is_none_or_was_taken_out(value: str, word: str) -> None:
    one = case(token({"id_token": value}, grant_type=CODE))
    assert words("ID01", one) == [word]
    others = "undecidable" if word == "undecidable" else "not applicable"
    for rule in ("ID03", "ID04", "ID05", "ID06", "ID07", "ID09"):
        assert words(rule, one) == [others], rule


@pytest.mark.parametrize("rule", ["ID01", "ID02", "ID03", "ID04", "ID05", "ID06", "ID07", "ID09"])
def test_without_an_id_token_there_is_nothing_to_judge(rule: str) -> None:
    assert words(rule, case(token({"access_token": "at"}))) == ["not applicable"]
    assert words(rule, case(token({"id_token": 5}))) == ["not applicable"]


@pytest.mark.parametrize(
    ("verdict", "word"),
    [("yes", "pass"), ("no", "error"), ("not checked", "undecidable"), ("", "undecidable")],
)
def test_the_signature_is_the_recorders_word(verdict: str, word: str) -> None:
    claims = (claim("id-token-signature", verdict, 1),) if verdict else ()
    assert words("ID02", case(token(answered({})), claims=claims)) == [word]
    beside = (claim("id-token-signature", verdict or "no", 7),)
    assert words("ID02", case(token(answered({})), claims=beside)) == ["undecidable"]


ISSUERS: list[tuple[dict[str, Any], str]] = [
    ({}, "pass"),
    ({"iss": f"https://sts.windows.net/{TENANT}/"}, "pass"),
    ({"iss": ...}, "error"),
    ({"iss": 5}, "error"),
    ({"tid": ...}, "error"),
    ({"iss": f"{LOGIN}/{TENANT}/v2.0/"}, "error"),
    ({"iss": f"{LOGIN}/{TENANT.upper()}/v2.0"}, "error"),
    ({"iss": f"{LOGIN}/{OTHER}/v2.0"}, "error"),
    ({"iss": f"{LOGIN}/{OTHER}/v2.0", "tid": OTHER}, "error"),
    ({"tid": TAGGED}, "undecidable"),
    ({"iss": f"{LOGIN}/{TAGGED}/v2.0"}, "undecidable"),
]


@pytest.mark.parametrize(("changes", "word"), ISSUERS)
def test_the_issuer_is_the_authoritys_with_the_tenant_of_the_token(
    changes: dict[str, Any], word: str
) -> None:
    assert words("ID03", case(*signed_in(changes))) == [word]


@pytest.mark.parametrize("tenant", ["removed", "xxxx", "~tid~", "[REDACTED]"])
def test_of_a_tenant_that_was_taken_out_of_the_address_nothing_is_said(tenant: str) -> None:
    url = f"{LOGIN}/{tenant}/oauth2/v2.0/token"
    assert words("ID03", case(token(answered({}), url=url, grant_type="password"))) == [
        "undecidable"
    ]


def test_an_issuer_that_the_metadata_names_is_the_authoritys() -> None:
    named = step(
        "openid-configuration",
        "GET",
        "https://elsewhere.example/.well-known/openid-configuration",
        response=json_answer({"issuer": "https://elsewhere.example"}),
        at=AT - 30,
    )
    with_metadata = case(named, *signed_in({"iss": "https://elsewhere.example"}))
    assert words("ID03", with_metadata) == ["pass"]
    assert words("ID03", case(named, *signed_in({"iss": "https://another.example"}))) == ["error"]


@pytest.mark.parametrize("tenant", ["~pii~", TAGGED])
def test_of_a_tenant_that_was_taken_out_nothing_can_be_told(tenant: str) -> None:
    asked = token(answered({}), url=f"{LOGIN}/{tenant}/oauth2/v2.0/token", grant_type=CODE)
    assert words("ID03", case(asked)) == ["undecidable"]


def test_an_authority_whose_address_cannot_be_read_is_unknown() -> None:
    asked = token(answered({}), url=f"{LOGIN}/a/b/c/oauth2/v2.0/token", grant_type=CODE)
    assert words("ID03", case(asked)) == ["undecidable"]


AUDIENCES: list[tuple[dict[str, Any], str]] = [
    ({}, "pass"),
    ({"aud": [CLIENT]}, "pass"),
    ({"aud": CLIENT.upper()}, "pass"),
    ({"azp": CLIENT}, "pass"),
    ({"aud": [CLIENT, "x"], "azp": CLIENT}, "pass"),
    ({"aud": "another"}, "error"),
    ({"aud": ...}, "error"),
    ({"aud": [5]}, "error"),
    ({"aud": [CLIENT, "x"]}, "error"),
    ({"azp": "another"}, "error"),
    ({"azp": ""}, "error"),
    ({"aud": TAGGED}, "undecidable"),
    ({"aud": ["another", TAGGED]}, "undecidable"),
    ({"azp": TAGGED}, "undecidable"),
]


@pytest.mark.parametrize(("changes", "word"), AUDIENCES)
def test_the_token_is_for_the_client_that_asked(changes: dict[str, Any], word: str) -> None:
    assert words("ID04", case(*signed_in(changes))) == [word]


def test_without_a_client_id_nobody_knows_whose_it_is() -> None:
    assert words("ID04", case(token(answered({}), grant_type=CODE))) == ["undecidable"]


TIMES: list[tuple[dict[str, Any], str]] = [
    ({}, "pass"),
    ({"exp": ...}, "error"),
    ({"exp": "soon"}, "error"),
    ({"exp": True}, "error"),
    ({"exp": AT - 1}, "error"),
    ({"exp": AT}, "error"),
    ({"exp": AT + 1}, "pass"),
    ({"iat": ...}, "warning"),
    ({"iat": AT - 601}, "warning"),
    ({"iat": AT - 600}, "pass"),
    ({"iat": AT + 600}, "pass"),
    ({"iat": AT + 601}, "warning"),
    ({"nbf": AT}, "pass"),
    ({"nbf": AT + 300}, "pass"),
    ({"nbf": AT + 301}, "warning"),
    ({"exp": AT, "iat": ...}, "error"),
]


@pytest.mark.parametrize(("changes", "word"), TIMES)
def test_the_token_is_good_when_it_comes(changes: dict[str, Any], word: str) -> None:
    assert words("ID05", case(*signed_in(changes))) == [word]


def test_the_sentence_tells_of_an_iat_that_is_missing_from_one_that_is_off() -> None:
    assert said("ID05", case(*signed_in({"iat": ...}))) == ["It has no iat."]
    assert said("ID05", case(*signed_in({"iat": 0}))) == ["iat is more than ten minutes off."]


def dated(value: str) -> Any:
    response = json_answer(answered({}))
    return token(response=replace(response, headers=(*response.headers, ("Date", value))))


def test_the_answers_own_date_counts_before_the_clock_of_the_recorder() -> None:
    assert words("ID05", case(dated(formatdate(AT + 3599, usegmt=True)))) == ["warning"], "iat"
    assert words("ID05", case(dated(formatdate(AT + 3600, usegmt=True)))) == ["error"]
    assert words("ID05", case(dated("no date"))) == ["pass"], "then the recorder's clock counts"


def test_without_any_time_nothing_can_be_told() -> None:
    asked = token(answered({}), at=0.0)
    assert words("ID05", case(asked)) == ["undecidable"]


NONCES: list[tuple[Any, str]] = [
    ("n", "pass"),
    ("m", "error"),
    (..., "error"),
    ("", "error"),
    ("~nonce~", "undecidable"),
]


@pytest.mark.parametrize(("nonce", "word"), NONCES)
def test_the_nonce_is_the_one_that_was_sent(nonce: Any, word: str) -> None:
    assert words("ID06", case(*signed_in({"nonce": nonce}))) == [word]


@pytest.mark.parametrize(
    ("verdict", "steps", "word"),
    [
        ("yes", (1, 2), "pass"),
        ("no", (1, 2), "error"),
        ("yes", (2,), "pass"),
        ("not checked", (1, 2), "undecidable"),
        ("yes", (2, 3), "undecidable"),
        ("no", (2, 3), "undecidable"),
        ("yes", (1,), "undecidable"),
    ],
)
def test_of_a_hidden_nonce_the_recorders_word_about_these_two_steps_counts(
    verdict: str, steps: tuple[int, ...], word: str
) -> None:
    claims = (claim("nonce-equal", verdict, *steps),)
    assert words("ID06", case(*signed_in({"nonce": "~nonce~"}), claims=claims)) == [word]
    assert words("ID06", case(*signed_in({"nonce": "m"}), claims=claims)) == ["error"], "seen"


def test_a_nonce_is_looked_for_only_after_a_code_and_where_one_was_sent() -> None:
    late = token(answered({}), client_id=CLIENT, grant_type="refresh_token")
    assert words("ID06", case(late)) == ["not applicable"]
    alone = token(answered({}), grant_type=CODE)
    assert words("ID06", case(alone)) == ["undecidable"]
    without = authorize(client_id=CLIENT, scope="openid")
    assert words("ID06", case(without, alone)) == ["not applicable"]


def half(value: str) -> str:
    digest = hashlib.sha256(value.encode()).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "not applicable"),
        ({"at_hash": half("at")}, "pass"),
        ({"c_hash": half("c")}, "pass"),
        ({"at_hash": half("at"), "c_hash": half("c")}, "pass"),
        ({"at_hash": half("at")[:-1]}, "error"),
        ({"at_hash": half("x")}, "error"),
        ({"at_hash": half("at"), "c_hash": half("x")}, "error"),
        ({"at_hash": "~idt~"}, "undecidable"),
        ({"at_hash": "~idt~", "c_hash": half("c")}, "undecidable"),
        ({"at_hash": "~idt~", "c_hash": half("x")}, "error"),
    ],
)
def test_the_hashes_are_the_left_halves_of_token_and_code(
    changes: dict[str, Any], word: str
) -> None:
    asked = token(answered(changes), grant_type=CODE, code="c")
    assert words("ID07", case(asked)) == [word]


def test_of_what_was_taken_out_no_hash_can_be_made() -> None:
    asked = token(answered({"c_hash": half("c")}), grant_type=CODE, code="~code~")
    assert words("ID07", case(asked)) == ["undecidable"]
    asked = token(answered({"c_hash": half("c")}), grant_type=CODE)
    assert words("ID07", case(asked)) == ["not applicable"], "there is no code to hash"


OPENID = authorize(client_id=CLIENT, scope="openid x")


def test_who_asks_for_openid_is_told_who_signed_in() -> None:
    both, alone = {"access_token": "at", "id_token": "i"}, {"access_token": "at"}
    for asked in (
        (OPENID, token(both, grant_type=CODE)),
        (token(both, grant_type=CODE, scope="a openid"),),
    ):
        assert words("ID08", case(*asked)) == ["pass"]
    for asked in (
        (OPENID, token(alone, grant_type=CODE)),
        (token(alone, grant_type=CODE, scope="openid"),),
    ):
        assert words("ID08", case(*asked)) == ["error"]
    for asked in (
        (token(alone, grant_type=CODE, scope="openidx"),),
        (token(alone, grant_type="client_credentials", scope="openid"),),
        (OPENID, token({"error": "invalid_grant"}, grant_type=CODE)),
        (authorize(client_id=CLIENT), token(alone, grant_type=CODE)),
    ):
        assert words("ID08", case(*asked)) == ["not applicable"]


@pytest.mark.parametrize("scope", ["a offline_access", "openid a", ""])
def test_a_refresh_need_not_bring_an_id_token_again(scope: str) -> None:
    first = token(
        {"access_token": "at", "id_token": "i", "refresh_token": "rt"}, grant_type=CODE, code="c"
    )
    again = token(
        {"access_token": "bt"},
        at=AT + 9,
        grant_type="refresh_token",
        refresh_token="rt",
        scope=scope,
    )
    assert words("ID08", case(OPENID, first, again)) == ["pass", "not applicable"]


def test_an_answer_that_is_not_there_may_have_had_an_id_token() -> None:
    asked = token(grant_type=CODE, scope="openid")
    assert words("ID08", case(asked)) == ["undecidable"]
    assert words("ID08", case(asked, planned=True)) == ["not applicable"]
    empty = token(response=HttpResponse(status=200), grant_type=CODE, scope="openid")
    assert words("ID08", case(empty)) == ["not applicable"]


def refreshed(first: dict[str, Any], second: dict[str, Any], grant: str = "refresh_token") -> Any:
    return case(
        authorize(client_id=CLIENT, state="st"),
        redirect(state="st", code="c"),
        token(answered(first, refresh_token="rt"), grant_type=CODE, code="c"),
        token(answered(second), grant_type=grant, refresh_token="rt", at=AT + 60),
    )


@pytest.mark.parametrize(
    ("second", "word"),
    [
        ({}, "pass"),
        ({"tid": TENANT.upper()}, "pass"),
        ({"sub": "S"}, "error"),
        ({"oid": "p"}, "error"),
        ({"tid": OTHER}, "error"),
        ({"tid": ...}, "error"),
        ({"sub": TAGGED}, "undecidable"),
        ({"tid": TAGGED}, "undecidable"),
        ({"sub": TAGGED, "tid": OTHER}, "error"),
        ({"sub": ...}, "error"),
        ({"oid": ...}, "error"),
    ],
)
def test_a_refresh_brings_a_token_of_the_same_person(second: dict[str, Any], word: str) -> None:
    assert words("ID09", refreshed({}, second)) == ["not applicable", word]


def test_the_first_token_is_the_one_before_the_refresh_and_of_this_flow() -> None:
    alone = token(answered({}), grant_type="refresh_token", refresh_token="rt")
    later = token(answered({}), grant_type=CODE, code="c", at=AT + 60)
    assert words("ID09", case(alone)) == ["undecidable"]
    assert words("ID09", case(alone, later)) == ["undecidable", "not applicable"]
    assert words("ID09", refreshed({}, {"sub": "t"}, "password")) == ["not applicable"] * 2


@pytest.mark.parametrize("name", ["sub", "oid", "tid"])
def test_what_neither_token_names_is_the_same_and_what_one_alone_names_is_not(name: str) -> None:
    nothing: dict[str, Any] = {name: ...}
    assert words("ID09", refreshed(nothing, nothing)) == ["not applicable", "pass"]
    assert words("ID09", refreshed(nothing, {})) == ["not applicable", "error"]


def test_the_first_answer_may_have_had_no_id_token() -> None:
    refresh: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": "rt"}
    answers = [answered(changes, refresh_token="rt") for changes in ({}, {"sub": "t"})]
    first = token({"access_token": "at", "refresh_token": "rt"}, grant_type="password", at=AT - 1)
    later = [token(each, at=AT + n, **refresh) for n, each in enumerate(answers)]
    assert words("ID09", case(first, *later)) == ["not applicable", "undecidable", "error"]


def test_each_refresh_is_held_against_the_first_token_of_the_flow() -> None:
    others = [
        token(answered(changes, refresh_token="rt"), grant_type="refresh_token", refresh_token="rt")
        for changes in ({"sub": "another"}, {})
    ]
    first = token(answered({}, refresh_token="rt"), grant_type="password", at=AT - 1)
    late = replace(others[1], started_at=AT + 1)
    assert words("ID09", case(first, others[0], late)) == ["not applicable", "error", "pass"]
