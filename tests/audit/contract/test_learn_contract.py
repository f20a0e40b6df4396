"""A contract is as loose as its recordings show, and no looser."""

from __future__ import annotations

import pytest

from entra_oauth.audit.contract.check_contract import check_contract
from entra_oauth.audit.contract.common_order import common_order, out_of_order
from entra_oauth.audit.contract.learn_contract import is_strong, learn
from entra_oauth.audit.contract.observed import (
    ObservedExchange,
    ObservedField,
    ObservedGroup,
    ObservedMessage,
)
from entra_oauth.audit.contract.wire_contract import (
    FieldPlace,
    FieldRule,
    RuleKind,
    ValueRule,
    WireContract,
)
from entra_oauth.errors import UsageError

CODE = "authorization request"


def field(name: str, value: str, kind: RuleKind = RuleKind.FIXED) -> ObservedField:
    return ObservedField(
        name=name,
        key=name,
        kind=kind,
        value=value,
        text=value,
        may_keep=kind in (RuleKind.FIXED, RuleKind.WORDS),
    )


def message(*fields: ObservedField, kind: str = CODE, **more: object) -> ObservedMessage:
    return ObservedMessage(
        kind=kind,
        step=1,
        method="GET",
        address=str(more.get("address", "https://host/path")),
        status="200",
        exact_request=True,
        exact_answer=True,
        groups=(ObservedGroup(place=FieldPlace.QUERY, fields=fields),),
        unseen=frozenset([FieldPlace.QUERY]) if more.get("unseen") else frozenset(),
        repeats=bool(more.get("repeats")),
    )


def exchange(*messages: ObservedMessage) -> ObservedExchange:
    return ObservedExchange(messages=messages)


def learned(*exchanges: ObservedExchange) -> WireContract:
    return learn(exchanges)


def only(contract: WireContract) -> FieldRule:
    ((only,),) = (group.fields for m in contract.messages for group in m.groups)
    return only


LONG = "k3J9-xQz7Lw2mPv8Rt5Yb1Nc6Hd4Sf0GaUe3iOjTqWrEyXu"
UNKNOWN = RuleKind.SHAPE


@pytest.mark.parametrize(
    ("values", "kind", "rule"),
    [
        (["query"], RuleKind.FIXED, ValueRule(kind=RuleKind.FIXED, text="query")),
        (["query", "query"], RuleKind.FIXED, ValueRule(kind=RuleKind.FIXED, text="query")),
        (["query", "fragment"], RuleKind.FIXED, ValueRule(kind=RuleKind.VARIES)),
        (["a", "b"], RuleKind.SECRET, ValueRule(kind=RuleKind.SECRET)),
        (["a", "b"], RuleKind.PERSONAL, ValueRule(kind=RuleKind.PERSONAL)),
        # Of one recording nobody can tell; a short value is neither kept nor hashed.
        ([LONG], UNKNOWN, ValueRule(kind=UNKNOWN, text="base64url")),
        (["1234"], UNKNOWN, ValueRule(kind=UNKNOWN, text="digits")),
        (["1234", "1234"], UNKNOWN, ValueRule(kind=UNKNOWN, text="digits", length=4)),
        (["1234", "99"], UNKNOWN, ValueRule(kind=UNKNOWN, text="digits")),
        (["1234", "ab-c"], UNKNOWN, ValueRule(kind=UNKNOWN, length=4)),
        (["", ""], RuleKind.SECRET, ValueRule(kind=RuleKind.SECRET, length=0)),
    ],
)
def test_values_make_a_rule(values: list[str], kind: RuleKind, rule: ValueRule) -> None:
    contract = learned(*(exchange(message(field("x", each, kind))) for each in values))
    assert only(contract).rule == rule


def test_a_long_value_that_never_changes_is_known_by_its_hash() -> None:
    contract = learned(*(exchange(message(field("x", LONG, UNKNOWN))) for _ in range(2)))
    assert only(contract).rule.kind is RuleKind.HASHED
    assert LONG not in repr(contract)
    other = exchange(message(field("x", LONG.swapcase(), UNKNOWN)))
    assert [d.kind.value for d in check_contract(contract, other).deviations] == ["value-changed"]


@pytest.mark.parametrize(
    ("value", "strong"),
    [
        (LONG, True),
        ("1234", False),
        ("Summer2026!Summer2026!Summer2026!Summer2026!", False),
        ("correct horse battery staple correct horse", False),
        ("a" * 200, False),
        ("0123456789" * 4, True),  # a known limit: order is not looked at
        ("", False),
    ],
)
def test_only_what_nobody_can_guess_is_hashed(value: str, strong: bool) -> None:
    assert is_strong(value) is strong


def test_a_field_that_is_not_always_there_is_optional() -> None:
    one, two = field("a", "1"), field("b", "2")
    contract = learned(exchange(message(one, two)), exchange(message(two)))
    (group,) = contract.messages[0].groups
    assert [(each.name, each.optional) for each in group.fields] == [("a", True), ("b", False)]
    assert check_contract(contract, exchange(message(two))).deviations == ()
    assert check_contract(contract, exchange(message(one))).deviations != ()


def test_an_order_that_changes_is_free() -> None:
    one, two = field("a", "1"), field("b", "2")
    strict = learned(exchange(message(one, two)))
    loose = learned(exchange(message(one, two)), exchange(message(two, one)))
    turned = exchange(message(two, one))
    assert [d.kind.value for d in check_contract(strict, turned).deviations] == ["field-order"]
    assert check_contract(loose, turned).deviations == ()


def test_a_message_that_is_not_always_there_is_optional() -> None:
    one, two = message(field("a", "1")), message(kind="API call")
    contract = learned(exchange(one, two), exchange(one))
    assert [(m.name, m.optional) for m in contract.messages] == [(CODE, False), ("API call", True)]


def test_messages_whose_order_changes_may_stand_anywhere() -> None:
    one, two = message(kind="one"), message(kind="two")
    contract = learned(exchange(one, two), exchange(two, one))
    assert all(m.anywhere for m in contract.messages)


def test_a_poll_may_come_as_often_as_it_likes() -> None:
    poll = message(field("a", "1"), kind="poll", repeats=True)
    contract = learned(exchange(poll, poll))
    for count in range(4):
        assert check_contract(contract, exchange(*[poll] * count, message())).deviations[1:] == ()
    other = message(field("a", "2"), kind="poll", repeats=True)
    assert check_contract(contract, exchange(poll, other)).deviations != ()


def test_of_addresses_that_differ_the_parts_that_agree_are_kept() -> None:
    paths = ("https://api/v1/users/7/photo", "https://api/v1/users/8/photo")
    contract = learned(*(exchange(message(address=path)) for path in paths))
    assert contract.messages[0].address == "https://api/v1/users/{value}/photo"
    other = exchange(message(address="https://api/v1/groups/8/photo"))
    assert [d.name for d in check_contract(contract, other).deviations] == ["address"]


def test_a_place_that_was_not_seen_makes_nothing_optional() -> None:
    one = field("a", "1")
    contract = learned(exchange(message(one)), exchange(message(unseen=True)))
    assert only(contract).optional is False
    check = check_contract(contract, exchange(message(unseen=True)))
    assert (check.deviations, len(check.undecided)) == ((), 1)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_contract_is_learned_from_one_to_a_thousand(count: int) -> None:
    with pytest.raises(UsageError):
        learn([exchange(message())] * count)


@pytest.mark.parametrize(
    ("lists", "order", "free"),
    [
        (["abc"], "abc", ""),
        (["abc", "ac"], "abc", ""),
        (["ac", "abc"], "abc", ""),
        (["bc", "abc"], "abc", ""),
        (["ab", "ba"], "ab", "ab"),
        (["abcd", "acbd"], "abcd", "bc"),
        (["", "a"], "a", ""),
    ],
)
def test_lists_have_one_order_or_names_that_are_free(
    lists: list[str], order: str, free: str
) -> None:
    found = common_order([list(each) for each in lists])
    assert "".join(found) == order
    assert out_of_order(found, [list(each) for each in lists]) == set(free)
