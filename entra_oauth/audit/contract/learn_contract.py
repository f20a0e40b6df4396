"""A contract learned from recordings of one client.

What is equal in all of them is fixed, and what is not is as loose as they show it. From one
recording alone, a value of an unknown name is taken for one that changes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from entra_oauth.audit.contract.common_order import common_order, out_of_order
from entra_oauth.audit.contract.observed import (
    ObservedExchange,
    ObservedField,
    ObservedMessage,
    slots,
)
from entra_oauth.audit.contract.relations import Relations, reference
from entra_oauth.audit.contract.wire_contract import (
    FieldGroup,
    FieldPlace,
    FieldRule,
    MessageRule,
    RuleKind,
    ValueRule,
    WireContract,
)
from entra_oauth.errors import UsageError

__all__ = ["learn", "message_slots"]

MAX_RECORDINGS = 1_000
_OWN = frozenset(("state", "nonce", "code_verifier", "code_challenge"))
"""Secrets that the client makes: their length is its choice."""
_LONG_ENOUGH = 32
_ENOUGH_BITS = 128.0
_ONE_WORD = re.compile(r"[A-Za-z0-9_+/-]+={0,2}")
"""What is made by chance has no blanks and no names with marks between them."""


def message_slots(exchange: ObservedExchange) -> dict[str, list[ObservedMessage]]:
    """The messages by their names in a contract; those that repeat have one name."""
    found = slots((m for m in exchange.messages if not m.repeats), lambda m: m.kind)
    named = {id(message): name for name, message in found.items()}
    order: dict[str, list[ObservedMessage]] = {}
    for message in exchange.messages:
        order.setdefault(named.get(id(message), message.kind), []).append(message)
    return order


def learn(exchanges: Sequence[ObservedExchange]) -> WireContract:
    """The contract that all of these exchanges keep. Raises `UsageError` for too many."""
    if not 0 < len(exchanges) <= MAX_RECORDINGS:
        raise UsageError(
            f"A contract is learned from 1 to {MAX_RECORDINGS:,} recordings.",
            advice="Name recordings of one client.",
        )
    named = [message_slots(exchange) for exchange in exchanges]
    relations = [
        Relations.of(exchange, names) for exchange, names in zip(exchanges, named, strict=True)
    ]
    lists = [list(names) for names in named]
    order = common_order(lists)
    aside = {name for names in named for name, them in names.items() if them[0].anywhere}
    others = [[name for name in names if name not in aside] for names in lists]
    aside |= out_of_order([name for name in order if name not in aside], others)
    # Those that stand anywhere come last, so that one client always makes one file.
    order = [n for n in order if n not in aside] + sorted(n for n in order if n in aside)
    messages = [
        _message(name, [names.get(name, []) for names in named], relations, name in aside)
        for name in order
    ]
    return WireContract(recordings=len(exchanges), messages=tuple(messages))


def _message(
    name: str,
    seen: Sequence[Sequence[ObservedMessage]],
    relations: Sequence[Relations],
    anywhere: bool,
) -> MessageRule:
    every = [message for messages in seen for message in messages]
    statuses = {message.status for message in every}
    methods = {message.method for message in every}
    repeats = any(message.repeats for message in every)
    return MessageRule(
        name=name,
        kind=every[0].kind,
        method=methods.pop() if len(methods) == 1 else "",
        address=_address([message.address for message in every]),
        status=statuses.pop() if len(statuses) == 1 else "",
        exact_request=all(message.exact_request for message in every),
        exact_answer=all(message.exact_answer for message in every),
        groups=tuple(_groups(name, seen, relations)),
        anywhere=anywhere,
        # Whoever approves at once is not polled for.
        optional=repeats or not all(seen),
        repeats=repeats,
    )


def _address(addresses: Sequence[str]) -> str:
    """One address for all, with `{value}` where they differ; empty where they are of two forms."""
    parts = [address.split("/") for address in addresses]
    if len({len(each) for each in parts}) != 1:
        return ""
    return "/".join(p[0] if len(set(p)) == 1 else "{value}" for p in zip(*parts, strict=True))


def _groups(
    name: str, seen: Sequence[Sequence[ObservedMessage]], relations: Sequence[Relations]
) -> list[FieldGroup]:
    groups = []
    for place in FieldPlace:
        shown = [
            (number, slots(group.fields if group else (), lambda f: f.key))
            for number, messages in enumerate(seen)
            for message in messages
            if place not in message.unseen
            for group in (message.group(place),)
        ]
        if any(fields for _, fields in shown):
            groups.append(_group(name, place, shown, relations))
    return groups


def _group(
    name: str,
    place: FieldPlace,
    shown: Sequence[tuple[int, Mapping[str, ObservedField]]],
    relations: Sequence[Relations],
) -> FieldGroup:
    lists = [list(fields) for _, fields in shown]
    order = common_order(lists)
    recordings = len({number for number, _ in shown})
    rules = []
    for key in order:
        there = [(number, fields[key]) for number, fields in shown if key in fields]
        rule = _rule([each for _, each in there], recordings)
        at = reference(name, place, key)
        rule = _related(rule, at, [relations[number] for number, _ in there])
        rules.append(FieldRule(name=there[0][1].name, rule=rule, optional=len(there) < len(shown)))
    return FieldGroup(place=place, fields=tuple(rules), any_order=bool(out_of_order(order, lists)))


def _rule(fields: Sequence[ObservedField], recordings: int) -> ValueRule:
    visible = [f for f in fields if f.may_keep or not f.is_hidden] or list(fields)
    kinds = {each.kind for each in visible}
    as_json = {each.as_json for each in visible}
    length = 0 if all(each.value == "" for each in fields) else None
    if len(as_json) > 1:
        return ValueRule(kind=RuleKind.VARIES)
    is_json = as_json.pop()
    if len(kinds) > 1:
        return ValueRule(kind=_weakest(kinds), as_json=is_json, length=length)
    kind = kinds.pop()
    if kind in (RuleKind.FIXED, RuleKind.WORDS):
        texts = {each.text for each in visible}
        if len(texts) == 1:
            return ValueRule(kind=kind, text=texts.pop(), as_json=is_json)
        return ValueRule(kind=RuleKind.VARIES, as_json=is_json)
    if kind is RuleKind.SHAPE:
        return _shape(visible, recordings, as_json=is_json)
    if kind is RuleKind.SECRET and fields[0].key in _OWN:
        lengths = {each.length for each in fields}
        length = lengths.pop() if len(lengths) == 1 else None
    return ValueRule(kind=kind, length=length, as_json=is_json)


def _weakest(kinds: set[RuleKind]) -> RuleKind:
    for kind in (RuleKind.SECRET, RuleKind.PERSONAL, RuleKind.VARIES):
        if kind in kinds:
            return kind
    return RuleKind.VARIES


def _shape(fields: Sequence[ObservedField], recordings: int, *, as_json: bool) -> ValueRule:
    letters = {each.letters for each in fields if not each.is_hidden}
    lengths = {each.length for each in fields}
    values = {each.value for each in fields}
    learned = recordings > 1
    if learned and len(values) == 1 and not fields[0].is_hidden and is_strong(fields[0].value):
        return ValueRule(kind=RuleKind.HASHED, text=fields[0].hash, as_json=as_json)
    return ValueRule(
        kind=RuleKind.SHAPE,
        text=letters.pop() if len(letters) == 1 else "",
        length=lengths.pop() if learned and len(lengths) == 1 else None,
        as_json=as_json,
    )


def is_strong(value: str) -> bool:
    """True for a value that nobody can find by trying: a hash of it tells nothing."""
    if len(value) < _LONG_ENOUGH or not _ONE_WORD.fullmatch(value):
        return False
    counts = Counter(value).values()
    size = len(value)
    return sum(-count * math.log2(count / size) for count in counts) >= _ENOUGH_BITS


def _related(rule: ValueRule, at: str, relations: Sequence[Relations]) -> ValueRule:
    if rule.kind in (RuleKind.FIXED, RuleKind.WORDS, RuleKind.TIME, RuleKind.NUMBER):
        return rule
    same = _in_all([each.same_as(at) for each in relations])
    s256 = _in_all([each.s256_in(at) for each in relations])
    return replace(rule, same_as=same, s256_in=s256)


def _in_all(found: Sequence[Sequence[str] | None]) -> str:
    """The first that is in all lists; None in the place of a list says nothing."""
    told = [each for each in found if each is not None]
    if not told:
        return ""
    return next((name for name in told[0] if all(name in each for each in told[1:])), "")
