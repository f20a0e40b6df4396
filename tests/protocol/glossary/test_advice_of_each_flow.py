"""Every advice in the tables of errors, at every flow: it speaks of that flow and of no other.

`judge` gives the advice of a refusal. Each number and each word is judged at each grant here,
whether or not Entra would ever give it there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import pytest

from entra_oauth.protocol.endpoints.token import DEVICE_GRANT, OBO_GRANT
from entra_oauth.protocol.glossary.aadsts import (
    ErrorJudgement,
    catalogue,
    error_words,
    judge,
    suberror_words,
)

N = TypeVar("N", int, str)

ELSEWHERE = "This refusal "
"""Begins the advice on what belongs to another flow."""

A_CODE = r"\bcode\b|\bverifier\b|\bPKCE\b|ten minutes"
NEVER = {
    "authorization_code": r"refresh token|device code|user name and (the )?password",
    "refresh_token": rf"{A_CODE}|device code|user name and (the )?password",
    "password": rf"{A_CODE}|refresh token|redirect[ _]URI",
    DEVICE_GRANT: r"refresh token|redirect[ _]URI|\bverifier\b|\bPKCE\b|ten minutes|[Bb]rowser"
    r"|user name and (the )?password",
    OBO_GRANT: rf"{A_CODE}|refresh token|redirect[ _]URI|user name and (the )?password",
    "client_credentials": rf"{A_CODE}|refresh token|redirect[ _]URI|[Bb]rowser|[Ss]ign(ed)? in\b"
    r"|\byou\b|\b(user name|password)\b|\b(the|this|another|your) (account|person)\b"
    r"|multi-factor|\bdevice\b",
}
"""By grant, the words of other flows: no spent code at a renewal, no sign-in for an app."""

GRANTS = sorted(NEVER)


def misfits(judgements: Mapping[N, ErrorJudgement], grant: str) -> dict[N, str]:
    """By number or word, the advice that speaks of another flow."""
    advice = {name: judged.advice for name, judged in judgements.items()}
    return {name: text for name, text in advice.items() if re.search(NEVER[grant], text)}


@pytest.mark.parametrize("grant", GRANTS)
def test_the_advice_of_every_number_fits_the_flow(grant: str) -> None:
    found = {
        code: judge(entry.oauth_error or "error", (code,), grant_type=grant)
        for code, entry in catalogue().items()
    }
    assert misfits(found, grant) == {}
    assert all(judged.advice.endswith((".", "?")) for judged in found.values())


@pytest.mark.parametrize("grant", GRANTS)
def test_the_advice_of_every_oauth_error_and_suberror_fits_the_flow(grant: str) -> None:
    errors = {word: judge(word, (), grant_type=grant) for word in error_words()}
    assert misfits(errors, grant) == {}
    of_sub = {w: judge("invalid_grant", (), w, grant_type=grant) for w in suberror_words()}
    assert misfits(of_sub, grant) == {}


def test_advice_that_speaks_of_another_flow_is_found() -> None:
    spent = {54005: judge("invalid_grant", (54005,))}
    assert misfits(spent, "refresh_token")
    assert misfits(spent, "client_credentials")
    assert not misfits(spent, "authorization_code")
    assert misfits({50076: judge("invalid_grant", (50076,))}, DEVICE_GRANT)


def test_where_a_number_belongs_it_has_advice_of_its_own() -> None:
    for code, entry in catalogue().items():
        judged = [judge(entry.oauth_error or "error", (code,), grant_type=g) for g in GRANTS]
        own = [each for each in judged if not each.advice.startswith(ELSEWHERE)]
        assert own, code
        assert entry.by_grant or all(each.cause == entry.cause for each in own), code


@pytest.mark.parametrize(
    ("code", "grant", "said"),
    [
        (54005, "authorization_code", "used once"),
        (54005, "refresh_token", "another flow"),
        (50076, "client_credentials", "the app asks by itself"),
        (50076, DEVICE_GRANT, "on the page"),
        (50076, "password", "without --flow password"),
        (50076, "refresh_token", "Sign in again"),
        (65001, "client_credentials", "an app cannot consent"),
        (7000218, "client_credentials", "prove itself"),
        (7000218, "authorization_code", "Mobile and desktop"),
        (530003, DEVICE_GRANT, "without --flow device-code"),
    ],
)
def test_one_number_is_told_by_the_flow(code: int, grant: str, said: str) -> None:
    judged = judge("invalid_grant", (code,), grant_type=grant)
    assert said in judged.advice


def test_what_belongs_to_another_flow_is_for_an_administrator_and_has_no_cause() -> None:
    judged = judge("invalid_grant", (54005,), grant_type="refresh_token")
    assert (judged.helps, judged.cause) == (("administrator",), None)
    assert judged.meaning == catalogue()[54005].meaning
