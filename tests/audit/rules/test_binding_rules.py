"""Each rule about challenge, state and nonce at its limits, and with values that are hidden."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest

from kit.audit.judged import AT, authorize, case, claim, jwt, said, token, words

HASH = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
RANDOM = "wcqFxX3mzPcZ8sVbT1kQyL"
"""22 characters of three kinds, which may hold 128 bits and more."""
OTHER = "9hJ2kLmNpQrStUvWxYz4Ab"
TAGGED, TAGGED_OTHER = "state~0123456789~~~~~~~~", "state~9876543210~~~~~~~~"


def one(rule: str, **fields: Any) -> str:
    (word,) = words(rule, case(authorize(**{"client_id": "x", **fields})))
    return word


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"response_type": "code", "code_challenge": HASH}, "pass"),
        ({"response_type": "code id_token", "code_challenge": HASH}, "pass"),
        ({"response_type": "code"}, "error"),
        ({"response_type": "code", "code_challenge": ""}, "error"),
        ({"response_type": "id_token code"}, "error"),
        ({"response_type": "token"}, "not applicable"),
        ({"response_type": "codes"}, "not applicable"),
        ({"client_id": "x"}, "not applicable"),
    ],
)
def test_who_asks_for_a_code_sends_a_challenge(fields: dict[str, str], word: str) -> None:
    assert one("AR04", **fields) == word


@pytest.mark.parametrize(
    ("uri", "origin", "word"),
    [
        ("http://localhost:8400/", False, "error"),
        ("com.example.app:/cb", False, "error"),
        ("https://app.example/cb", False, "warning"),
        ("https://app.example/cb", True, "error"),
        ("", False, "error"),
    ],
)
def test_without_a_challenge_a_public_clients_code_is_anybodys(
    uri: str, origin: bool, word: str
) -> None:
    asked = authorize(client_id="x", response_type="code", redirect_uri=uri, state="s")
    redeemed = token(grant_type="authorization_code", code="c")
    added = (("Origin", "https://app.example"),) if origin else ()
    request = replace(redeemed.request, headers=(*redeemed.request.headers, *added))
    assert words("AR04", case(asked, replace(redeemed, request=request))) == [word]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"code_challenge": HASH, "code_challenge_method": "S256"}, "pass"),
        ({"code_challenge": HASH, "code_challenge_method": "s256"}, "error"),
        ({"code_challenge": HASH, "code_challenge_method": "plain"}, "error"),
        ({"code_challenge": HASH}, "error"),
        ({"client_id": "x", "code_challenge_method": "S256"}, "not applicable"),
    ],
)
def test_the_method_is_s256(fields: dict[str, str], word: str) -> None:
    assert one("AR05", **fields) == word


def test_where_the_verifier_is_shown_is_told() -> None:
    fields: dict[str, Any] = {"code_challenge": HASH, "code_challenge_method": "plain"}
    in_address = authorize(client_id="x", **fields)
    in_jwt = authorize(client_id="x", request=jwt({"alg": "RS256"}, fields))
    assert said("AR05", case(in_address)) == ["It is plain. The verifier itself is in the address."]
    assert said("AR05", case(in_jwt)) == ["It is plain. The verifier itself is the challenge."]


@pytest.mark.parametrize(("rule", "name"), [("AR09", "state"), ("AR13", "code_challenge")])
def test_what_stands_beside_an_object_that_cannot_be_read_does_not_count(
    rule: str, name: str
) -> None:
    fields: dict[str, Any] = {"client_id": "x", "request": "a.b.c.d.e", name: RANDOM}
    asked = [authorize(at=AT + at, **fields) for at in range(2)]
    assert words(rule, case(*asked)) == ["undecidable", "undecidable"]


@pytest.mark.parametrize(
    ("challenge", "word"),
    [
        (HASH, "pass"),
        (HASH[:-1], "error"),
        (f"{HASH}A", "error"),
        (f"{HASH[:-1]}=", "error"),
        (f"{HASH[:-1]}+", "error"),
        ("~pkce~", "undecidable"),
        ("", "not applicable"),
    ],
)
def test_a_challenge_has_43_characters_of_base64url(challenge: str, word: str) -> None:
    asked = {"client_id": "x", "code_challenge": challenge}
    assert one("AR06", **asked, code_challenge_method="S256") == word
    assert one("AR06", **asked, code_challenge_method="plain") == "not applicable"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"state": "s"}, "pass"),
        ({"code_challenge": HASH}, "warning"),
        ({"nonce": "n"}, "warning"),
        ({"state": "", "nonce": "n", "code_challenge": HASH}, "warning"),
        ({"state": "", "nonce": "", "code_challenge": ""}, "error"),
        ({}, "error"),
    ],
)
def test_state_nonce_or_challenge_tie_the_answer_to_its_request(
    fields: dict[str, str], word: str
) -> None:
    assert one("AR07", client_id="x", **fields) == word


@pytest.mark.parametrize(
    ("rule", "name", "levels"),
    [("AR08", "state", ("error", "warning")), ("AR12", "nonce", ("warning", "warning"))],
)
def test_chance_is_counted_to_the_bit(rule: str, name: str, levels: tuple[str, str]) -> None:
    words_by_bits = {0: levels[0], 63: levels[0], 64: levels[1], 119: levels[1], 120: "pass"}
    for bits, word in words_by_bits.items():
        measured = (claim(f"{name}-entropy", f"{bits} bits", 1),)
        fields: dict[str, Any] = {"client_id": "x", name: "~state~"}
        asked = authorize(**fields)
        assert words(rule, case(asked, claims=measured)) == [word], bits
    for other in (
        claim(f"{name}-entropy", "many bits", 1),
        claim("x-entropy", "9 bits", 1),
        claim(f"{name}-entropy", "9 bits", 2),
    ):
        assert words(rule, case(asked, claims=(other,))) == ["undecidable"]


def test_a_state_that_is_there_is_measured_by_its_characters() -> None:
    assert one("AR08", client_id="x", state=RANDOM) == "pass"
    assert one("AR08", client_id="x", state=RANDOM[:20]) == "warning"
    assert one("AR08", client_id="x", state="12345") == "error"
    assert one("AR08", client_id="x") == "not applicable"
    assert one("AR08", client_id="x", state="") == "not applicable"
    generous = (claim("state-entropy", "256 bits", 1),)
    assert words("AR08", case(authorize(state="12345", scope="x"), claims=generous)) == ["error"]


PAIRS = [
    (RANDOM, OTHER, ["pass", "pass"]),
    (RANDOM, RANDOM, ["pass", "error"]),
    (TAGGED, TAGGED, ["pass", "error"]),
    (TAGGED, TAGGED_OTHER, ["pass", "pass"]),
    (TAGGED, RANDOM, ["pass", "undecidable"]),
    ("~state~", "~state~", ["pass", "undecidable"]),
]


@pytest.mark.parametrize(("rule", "name"), [("AR09", "state"), ("AR13", "code_challenge")])
@pytest.mark.parametrize(("first", "second", "found"), PAIRS)
def test_no_value_is_used_for_two_requests(
    rule: str, name: str, first: str, second: str, found: list[str]
) -> None:
    asked = [
        authorize(client_id="x", **{name: value}, at=AT + at)
        for at, value in enumerate((first, second))
    ]
    assert words(rule, case(*asked)) == found
    without = authorize(client_id="x", at=AT - 5)
    assert words(rule, case(without, *asked)) == found, "one that has none does not count"


@pytest.mark.parametrize(("rule", "name"), [("AR09", "state"), ("AR13", "code_challenge")])
def test_the_third_request_is_compared_with_the_first(rule: str, name: str) -> None:
    values = (RANDOM, OTHER, RANDOM)
    asked = [authorize(**{name: v}, client_id="x", at=AT + at) for at, v in enumerate(values)]
    assert words(rule, case(*asked)) == ["pass", "pass", "error"]
    assert words(rule, case(asked[0], planned=True)) == ["not applicable"]
    assert words(rule, case(*asked[:2], planned=True)) == ["not applicable", "pass"]
    assert words(rule, case(token(grant_type="password"))) == ["not applicable"]


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (RANDOM, "pass"),
        ("https://app.example", "warning"),
        ("x-http://app.example", "warning"),
        ("/admin", "warning"),
        ("/9", "pass"),
        ("a/admin", "pass"),
        ("ada@contoso.example", "warning"),
        ("ada@contoso", "pass"),
        ("ada@contoso.x", "pass"),
        ('{"a":1}', "warning"),
        ("[[1]]", "warning"),
        ("{not json", "pass"),
        ("5", "pass"),
        (coded('{"a":1}'), "warning"),
        (coded("[1]"), "warning"),
        *((coded(f"[{number}]"), "warning") for number in (12, 123, 1234, 12345, 123456)),
        (f"{RANDOM}.{coded('[1]')}", "warning"),
        (coded("https://x"), "warning"),
        (coded("{not json, and no address"), "pass"),
        (coded("ab http://x"), "pass"),
        ("~state~", "undecidable"),
        ("", "not applicable"),
    ],
)
def test_a_state_holds_nothing_that_can_be_read(state: str, word: str) -> None:
    assert one("AR10", client_id="x", state=state) == word


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"scope": "openid", "nonce": "n"}, "pass"),
        ({"scope": "a openid b"}, "warning"),
        ({"scope": "openid", "nonce": ""}, "warning"),
        ({"scope": "openids"}, "not applicable"),
        ({"client_id": "x"}, "not applicable"),
    ],
)
def test_who_asks_for_openid_sends_a_nonce(fields: dict[str, str], word: str) -> None:
    assert one("AR11", **fields) == word


MEASURED = (claim("nonce-entropy", "200 bits", 1),)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"nonce": RANDOM}, "pass"),
        ({"nonce": RANDOM, "state": OTHER}, "pass"),
        ({"nonce": RANDOM, "state": ""}, "pass"),
        ({"nonce": RANDOM, "state": RANDOM}, "warning"),
        ({"nonce": "12345", "state": OTHER}, "warning"),
        ({"nonce": TAGGED, "state": TAGGED_OTHER}, "pass"),
        ({"nonce": TAGGED, "state": TAGGED}, "warning"),
        ({"nonce": TAGGED, "state": RANDOM}, "undecidable"),
        ({"nonce": TAGGED}, "pass"),
        ({"nonce": ""}, "not applicable"),
        ({}, "not applicable"),
    ],
)
def test_a_nonce_is_random_and_not_the_state(fields: dict[str, Any], word: str) -> None:
    assert words("AR12", case(authorize(client_id="x", **fields), claims=MEASURED)) == [word]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (RANDOM, OTHER, ["pass", "pass"]),
        (RANDOM, RANDOM, ["warning", "warning"]),
        (RANDOM, "", ["pass", "not applicable"]),
        (TAGGED, TAGGED, ["warning", "warning"]),
        (TAGGED, RANDOM, ["undecidable", "undecidable"]),
    ],
)
def test_a_nonce_is_used_for_one_request(first: str, second: str, found: list[str]) -> None:
    asked = [
        authorize(client_id="x", nonce=value, at=AT + at)
        for at, value in enumerate((first, second))
    ]
    assert words("AR12", case(*asked, claims=MEASURED)) == found
    without = authorize(client_id="x", at=AT + 5)
    assert words("AR12", case(*asked, without, claims=MEASURED)) == [*found, "not applicable"]
