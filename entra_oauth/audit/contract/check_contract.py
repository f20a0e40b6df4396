"""An exchange held against a contract: every deviation, and what cannot be decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from entra_oauth.audit.contract.deviation import Deviation, DeviationKind, Undecided
from entra_oauth.audit.contract.field_check import FieldCheck, checked_fields
from entra_oauth.audit.contract.learn_contract import message_slots
from entra_oauth.audit.contract.observed import ObservedExchange, ObservedMessage
from entra_oauth.audit.contract.relations import Relations
from entra_oauth.audit.contract.wire_contract import (
    FieldGroup,
    FieldPlace,
    MessageRule,
    WireContract,
)

__all__ = ["ContractCheck", "check_contract"]

_ANY = "{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCheck:
    """The outcome."""

    deviations: tuple[Deviation, ...]
    undecided: tuple[Undecided, ...]
    messages: int
    """The messages that were seen."""


def check_contract(contract: WireContract, exchange: ObservedExchange) -> ContractCheck:
    """All differences between what is locked and what was seen."""
    seen = message_slots(exchange)
    pairs = _paired(contract, seen)
    found: list[Deviation | Undecided] = []
    found += _missing(contract, pairs)
    found += _added(seen, pairs)
    found += _order(contract, seen, pairs)
    relations = Relations.of(exchange, seen)
    for rule in contract.messages:
        name = pairs.get(rule.name)
        for message in seen.get(name, ()) if name is not None else ():
            check = FieldCheck(
                message=rule.name,
                step=message.step,
                exact=False,
                names=pairs,
                relations=relations,
                seen_name=name or "",
            )
            found += _message(rule, message, check)
    return ContractCheck(
        deviations=tuple(each for each in found if isinstance(each, Deviation)),
        undecided=tuple(dict.fromkeys(each for each in found if isinstance(each, Undecided))),
        messages=len(exchange.messages),
    )


def _paired(
    contract: WireContract, seen: Mapping[str, Sequence[ObservedMessage]]
) -> dict[str, str]:
    """For each message of the contract the name of the one that was seen in its place.

    By name first. What is left on both sides and went to one address is one message that
    became another kind.
    """
    pairs = {rule.name: rule.name for rule in contract.messages if rule.name in seen}
    left = [name for name in seen if name not in pairs]
    for rule in contract.messages:
        if rule.name in pairs or rule.repeats:
            continue
        same = next((name for name in left if _is_at(rule, seen[name][0])), None)
        if same is not None:
            pairs[rule.name] = same
            left.remove(same)
    return pairs


def _is_at(rule: MessageRule, message: ObservedMessage) -> bool:
    return rule.method == message.method and _fits(rule.address, message.address)


def _missing(contract: WireContract, pairs: Mapping[str, str]) -> Iterator[Deviation]:
    for rule in contract.messages:
        if rule.name not in pairs and not rule.optional:
            yield Deviation(kind=DeviationKind.MESSAGE_REMOVED, message=rule.name)


def _added(
    seen: Mapping[str, Sequence[ObservedMessage]], pairs: Mapping[str, str]
) -> Iterator[Deviation]:
    known = set(pairs.values())
    for name, messages in seen.items():
        if name not in known:
            first = messages[0]
            yield Deviation(
                kind=DeviationKind.MESSAGE_ADDED,
                message=name,
                step=first.step,
                seen=f"{first.method} {first.address}",
            )


def _order(
    contract: WireContract, seen: Mapping[str, Sequence[ObservedMessage]], pairs: Mapping[str, str]
) -> Iterator[Deviation]:
    locked = [r.name for r in contract.messages if r.name in pairs and not r.anywhere]
    by_seen = {pairs[name]: name for name in locked}
    came = [by_seen[name] for name in seen if name in by_seen]
    if locked != came:
        yield Deviation(
            kind=DeviationKind.MESSAGE_ORDER,
            message="",
            locked=", ".join(locked),
            seen=", ".join(came),
        )


def _message(
    rule: MessageRule, message: ObservedMessage, check: FieldCheck
) -> Iterator[Deviation | Undecided]:
    for name, locked, seen in (
        ("kind", rule.kind, message.kind),
        ("method", rule.method, message.method),
        ("address", rule.address, message.address),
        ("status", rule.status, message.status),
    ):
        if locked and not (_fits(locked, seen) if name == "address" else locked == seen):
            yield Deviation(
                kind=DeviationKind.MESSAGE_CHANGED,
                message=rule.name,
                step=message.step,
                name=name,
                locked=locked,
                seen=seen,
            )
    groups = {group.place: group for group in rule.groups}
    for place in FieldPlace:
        seen_group = message.group(place)
        if place in message.unseen:
            if place in groups:
                yield Undecided(
                    message=rule.name, what=place.word, why="they are not in the recording"
                )
            continue
        fields = seen_group.fields if seen_group is not None else ()
        if place is FieldPlace.MEMBERS and not fields and message.status == "none":
            continue
        exact = rule.exact_request and message.exact_request
        if place is FieldPlace.ANSWER_HEADERS:
            exact = rule.exact_answer and message.exact_answer
        group = groups.get(place, FieldGroup(place=place))
        yield from checked_fields(group, fields, replace(check, exact=exact))


def _fits(locked: str, seen: str) -> bool:
    """True if an address is the locked one, whose `{value}` may be any part."""
    if locked == seen or not locked:
        return True
    one, other = locked.split("/"), seen.split("/")
    return len(one) == len(other) and all(a in (b, _ANY) for a, b in zip(one, other, strict=True))
