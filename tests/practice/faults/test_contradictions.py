"""Faults that contradict each other are refused by name, and nothing is added."""

from __future__ import annotations

import itertools

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.practice.faults.active_faults import Faults
from entra_oauth.practice.faults.scenarios import SCENARIOS
from entra_oauth.practice.faults.syntax import read_rule
from kit.command_line import call


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("reset", "throttled", "answers each of these requests itself"),
        ("throttled", "mfa-required", "answers each of these requests itself"),
        ("token status=503", "token status=500 times=1", "answers each of these requests itself"),
        ("token status=503", "token delay=5", "answers each of these requests itself"),
        ("any drop", "redirect set=state:x", "answers each of these requests itself"),
        ("any drop", "token status=503", "answers each of these requests itself"),
        ("token drop", "expired-refresh", "answers each of these requests itself"),
        ("wrong-nonce", "throttled", "no token that the other could change"),
        ("token signature=broken", "token aadsts=50076", "no token that the other could change"),
        ("stolen-code", "redirect aadsts=65001", "no token that the other could change"),
        ("unsigned", "bad-signature", "both decide the signature of the id_token"),
        ("csrf-state", "redirect unset=state", "both decide the field state"),
        ("csrf-state", "any set=state:x", "both decide the field state"),
        ("wrong-nonce", "token id_token.nonce=x", "both decide the claim id_token.nonce"),
        ("stolen-code", "redirect set=code:x", "both decide the field code"),
        ("redirect mode=query", "redirect mode=fragment", "both decide the mode"),
    ],
)
def test_two_that_contradict_each_other(first: str, second: str, why: str) -> None:
    faults = Faults()
    faults.add(first)
    with pytest.raises(UsageError) as caught:
        faults.add(second)
    message = str(caught.value)
    assert f"The fault {second} contradicts {first}, which is in force: " in message
    assert why in message
    assert [rule.shown for rule, _ in faults.rules] == [first]
    faults.clear()
    faults.add(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("token status=503 times=2", "token aadsts=50076"),
        ("token status=503 after=1", "throttled"),
        ("token drop probability=0.5", "token status=500"),
        ("token match=grant_type:refresh_token status=503", "token aadsts=50076"),
        ("expired-refresh", "token match=grant_type:password status=503"),
        ("token status=503", "devicecode status=500"),
        ("token status=503", "connect status=500"),
        ("any drop", "connect status=500"),
        ("throttled", "token,workspace delay=5"),
        ("token retry-after=2", "token status=503"),
        ("wrong-nonce", "wrong-audience"),
        ("wrong-nonce", "token status=503 times=1"),
        ("unsigned", "wrong-nonce"),
        ("csrf-state", "redirect set=iss:x"),
        ("token header=A:b", "token header=a:c"),
        ("token status=503", "any status=500"),
        ("csrf-state", "token set=state:x"),
        ("csrf-state", "delivered-twice"),
        ("redirect aadsts=65001", "delivered-twice"),
        ("clock-skew", "throttled"),
        ("admin-consent", "mfa-required"),
        ("token match=client_id:a id_token.nonce=x", "token match=client_id:b id_token.nonce=y"),
        ("throttled", "throttled"),
        ("csrf-state", "csrf-state"),
    ],
)
def test_two_that_get_on(first: str, second: str) -> None:
    faults = Faults()
    faults.add(first)
    faults.add(second)
    assert len(faults.rules) == 2


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("token times=1 times=2", "times stands twice"),
        ("token status=503 status=500", "status stands twice"),
        ("token body=a body=b", "body stands twice"),
        ("token drop set=a:b", "drop leaves no answer that could be changed"),
        ("token reset truncate=5", "reset leaves no answer that could be changed"),
        ("token drop body=x", "drop leaves no answer that could be changed"),
        ("token drop reset", "drop and reset exclude each other"),
        ("token status=400 error=invalid_grant", "error says more of aadsts=N"),
        ("token claims={}", "claims says more of aadsts=N"),
        ("token aadsts=50076 body=x", "body and type are of an answer that is not Entra"),
        ("workspace cae type=text/html", "body and type are of an answer that is not Entra"),
        ("token set=a:b set=a:c", "it decides the field a twice"),
        ("token set=a:b unset=a", "it decides the field a twice"),
        ("token id_token.alg=none signature=broken", "decides the signature of the id_token twice"),
        ("token id_token.exp=1 id_token.exp=2", "decides the claim id_token.exp twice"),
        ("token header=Retry-After:1 retry-after=2", "decides the header retry-after twice"),
        ("redirect mode=query mode=fragment", "it decides the mode twice"),
        ("redirect code=stolen set=code:x", "it decides the field code twice"),
    ],
)
def test_one_that_contradicts_itself(rule: str, why: str) -> None:
    with pytest.raises(UsageError, match="That fault is not understood: ") as caught:
        read_rule(rule)
    assert why in str(caught.value)


def _refusal(first: str, second: str) -> str:
    faults = Faults()
    faults.add(first)
    try:
        faults.add(second)
    except UsageError as no:
        return str(no)
    return ""


def test_every_pair_of_names_is_either_taken_or_refused_by_both_names() -> None:
    pairs = list(itertools.permutations(SCENARIOS, 2))
    refused = {pair: text for pair in pairs if (text := _refusal(*pair))}
    assert 0 < len(refused) < len(pairs) / 2
    for (first, second), text in refused.items():
        assert f"The fault {second} contradicts {first}, " in text


def test_the_command_line_refuses_them_by_name() -> None:
    ran = call("practice", "serve", "--fault", "throttled", "--fault", "reset")
    assert (ran.code, ran.out) == (2, "")
    assert "The fault reset contradicts throttled" in ran.err
    assert "practice fault --clear" in ran.err
    assert "Leave one of them out" in ran.err  # nothing runs yet that could be cleared
