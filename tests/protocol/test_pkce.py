from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc7636.challenge import CODE_VERIFIER_PATTERN
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.authorize import Pkce, fresh_secret, s256
from kit import canaries

authlib_s256: Callable[[str], str] = create_s256_code_challenge

VERIFIERS = st.from_regex(r"\A[A-Za-z0-9._~-]{43,128}\Z")


def test_the_challenge_of_rfc_7636_appendix_b_comes_out() -> None:
    pair = Pkce("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert pair.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(VERIFIERS)
def test_every_challenge_is_that_of_authlib(verifier: str) -> None:
    # base64url without padding, 43 characters
    assert Pkce(verifier).challenge == s256(verifier) == authlib_s256(verifier)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", s256(verifier))


def test_every_attempt_has_its_own_verifier_of_256_bits() -> None:
    verifiers = [Pkce.fresh().verifier for _ in range(200)]
    assert len(set(verifiers)) == 200
    for verifier in verifiers:
        assert len(verifier) == 43
        assert CODE_VERIFIER_PATTERN.match(verifier)


def test_a_fresh_secret_is_43_characters_of_the_url_alphabet() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", fresh_secret())


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        canaries.VERIFIER[:42],
        canaries.VERIFIER * 3,
        canaries.VERIFIER + " ",
        canaries.VERIFIER + "\n",
        canaries.VERIFIER + "+",
        canaries.VERIFIER + "ä",
        canaries.VERIFIER + "\ud800",
    ],
)
def test_a_verifier_that_rfc_7636_does_not_allow_is_refused(verifier: str) -> None:
    # 43 to 128 unreserved characters
    with canaries.refused(UsageError):
        Pkce(verifier)


def test_the_repr_does_not_show_the_verifier() -> None:
    canaries.assert_clean(Pkce(canaries.VERIFIER))
