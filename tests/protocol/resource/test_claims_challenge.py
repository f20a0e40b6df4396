"""Claims challenges, in each of the shapes in which an API, an SDK or a person has them."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.access_request import check_claims
from entra_oauth.protocol.resource.claims_challenge import (
    challenge_claims,
    declaring_cae,
    read_claims,
)

# With ~ and ? in it, whose two alphabets of base64 differ.
CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1~?>~?>"}}}'
BASE64 = b64encode(CLAIMS.encode()).decode()
URL = urlsafe_b64encode(CLAIMS.encode()).decode()
PARAMETERS = 'realm="", error="insufficient_claims", claims="{}"'
LINE = f"Bearer {PARAMETERS.format(BASE64)}"

HEADERS = [
    ([LINE], CLAIMS),
    ([f"Bearer {PARAMETERS.format(URL.rstrip('='))}"], CLAIMS),
    ([f'Bearer claims="{BASE64}", error="insufficient_claims"'], CLAIMS),
    ([f'Bearer ERROR = "insufficient_claims" , CLAIMS = "{BASE64}"'], CLAIMS),
    (["Negotiate", LINE], CLAIMS),
    ([f'PoP realm="x", error="invalid_token", {LINE}'], CLAIMS),
    ([f'{LINE}, PoP realm="x", error="other"'], CLAIMS),
    ([f'Basic realm="insufficient_claims", Bearer claims="{BASE64}"'], None),
    ([f'Bearer error="invalid_token", claims="{BASE64}"'], None),
    (['Bearer error="insufficient_claims"'], None),
    (['Bearer error="insufficient_claims", claims="!!"'], None),
    ([f'Bearer error="insufficient_claims", claims="{b64encode(b"[1]").decode()}"'], None),
    ([""], None),
    ([], None),
]


@pytest.mark.parametrize(("headers", "claims"), HEADERS)
def test_the_claims_of_a_header_are_found(headers: list[str], claims: str | None) -> None:
    assert challenge_claims(headers) == claims


@pytest.mark.parametrize(
    "given",
    [CLAIMS, BASE64, URL, URL.rstrip("="), f'"{BASE64}"', f" {BASE64}\n", LINE]
    + [f"WWW-Authenticate: {LINE}", f"www-authenticate:{LINE}"],
)
def test_a_person_may_give_any_of_the_shapes(given: str) -> None:
    assert read_claims(given) == CLAIMS


def test_what_is_none_of_them_is_left_for_the_check_to_refuse() -> None:
    for text in ("x", "eyJ", b64encode(b"[1]").decode(), "{", ""):
        assert read_claims(text) == text
        with pytest.raises(UsageError) as raised:
            check_claims(read_claims(text))
        assert "WWW-Authenticate" in raised.value.advice
    with pytest.raises(UsageError) as raised:
        read_claims('WWW-Authenticate: Bearer error="invalid_token"')
    assert "header" in raised.value.what


CP1 = {"values": ["cp1"]}


@pytest.mark.parametrize(
    ("claims", "declared"),
    [
        (None, {"access_token": {"xms_cc": CP1}}),
        ('{"access_token":{"nbf":1},"id_token":{}}', None),
        ('{"access_token":null}', {"access_token": {"xms_cc": CP1}}),
    ],
)
def test_cp1_is_declared_beside_what_was_demanded(
    claims: str | None, declared: dict[str, object] | None
) -> None:
    wanted = declared or {"access_token": {"nbf": 1, "xms_cc": CP1}, "id_token": {}}
    assert json.loads(declaring_cae(claims)) == wanted


def test_nothing_is_declared_beside_what_is_no_json() -> None:
    with pytest.raises(UsageError):
        declaring_cae("x")
