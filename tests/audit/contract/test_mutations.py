"""Each single change of a message is named: of every client, at every place."""

from __future__ import annotations

from functools import cache

import pytest

from entra_oauth.audit.contract.check_contract import check_contract
from entra_oauth.audit.contract.learn_contract import learn
from entra_oauth.audit.contract.observe import observe
from entra_oauth.audit.contract.wire_contract import RuleKind, WireContract
from entra_oauth.recording import Recording
from kit import needs
from kit.audit.clients_in_memory import WAYS, whole
from kit.audit.mutations import Mutation, mutations

CLIENTS = [
    pytest.param("ours"),
    pytest.param("the article"),
    pytest.param("msal", marks=needs.python("msal", group="interop")),
    pytest.param("authlib"),
]
_VALUE = ("changed", "emptied")
_OF_A_VALUE = frozenset((RuleKind.FIXED, RuleKind.WORDS, RuleKind.HASHED))
_ANY = "request for the signing keys"
"""It is asked aside, so its place among the others is free."""


@cache
def _locked(client: str) -> tuple[WireContract, Recording]:
    recordings = [WAYS[client](number) for number in range(3)]
    return learn([observe(whole(each)) for each in recordings]), recordings[0]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_single_change_is_named(client: str) -> None:
    contract, recording = _locked(client)
    unnamed = [
        f"{each.what} {each.where} {each.names}"
        for each in mutations(recording)
        if _must_be_named(contract, client, each) and not _is_named(contract, each)
    ]
    assert unnamed == []


@pytest.mark.parametrize("client", CLIENTS)
def test_there_are_hundreds_of_changes_that_have_to_be_named(client: str) -> None:
    contract, recording = _locked(client)
    counted = [m for m in mutations(recording) if _must_be_named(contract, client, m)]
    assert len(counted) > 150
    whats = {"removed", "added", "changed", "swapped", "doubled", "spelled", "message removed"}
    assert whats | {"message swapped", "message doubled"} <= {m.what for m in counted}


def _is_named(contract: WireContract, mutation: Mutation) -> bool:
    found = check_contract(contract, observe(whole(mutation.recording))).deviations
    lines = " ".join(each.line for each in found).lower()
    return bool(found) and any(name.lower() in lines for name in mutation.names)


def _must_be_named(contract: WireContract, client: str, each: Mutation) -> bool:
    """False for a value that may be any, and for an order that nobody keeps."""
    kinds = _kinds_by_exchange(client)
    if each.what == "message swapped":
        return _ANY not in kinds[each.at : each.at + 2]
    return each.what not in _VALUE or _is_bound(contract, kinds[each.at], each)


@cache
def _kinds_by_exchange(client: str) -> list[str]:
    """The kinds, in the order of the exchanges (which is that of their ends)."""
    exchanges = _locked(client)[1].exchanges
    in_order = sorted(range(len(exchanges)), key=lambda at: exchanges[at].started_at)
    messages = observe(whole(_locked(client)[1])).messages
    return [messages[in_order.index(at)].kind for at in range(len(exchanges))]


def _is_bound(contract: WireContract, kind: str, each: Mutation) -> bool:
    """True for a value that is fixed, has a length, or repeats another."""
    (name,) = each.names
    for message in contract.messages:
        for group in message.groups:
            for found in group.fields:
                fits = found.name.lower().partition(" ")[0] == name.lower()
                if message.kind == kind and group.place.value == each.where and fits:
                    rule = found.rule
                    if each.what == "emptied" and rule.kind is not RuleKind.VARIES:
                        return True
                    bound = rule.kind in _OF_A_VALUE or rule.same_as or rule.s256_in
                    return bool(bound) and not _may_grow(name, each)
    raise AssertionError(f"{name} is not in the contract")


def _may_grow(name: str, each: Mutation) -> bool:
    """True where a letter more is a version more, or part of a cookie's value."""
    return name.lower() in ("user-agent", "x-client-ver", "x-client-os", "set-cookie", "cookie")
