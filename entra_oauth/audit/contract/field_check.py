"""The fields of one place held against their rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from entra_oauth.audit.contract.deviation import Deviation, DeviationKind, Undecided
from entra_oauth.audit.contract.observed import ObservedField, slots
from entra_oauth.audit.contract.relations import Relations, reference
from entra_oauth.audit.contract.wire_contract import (
    FieldGroup,
    FieldPlace,
    FieldRule,
    RuleKind,
    ValueRule,
)

__all__ = ["FieldCheck", "checked_fields", "described_rule"]

HEADERS = frozenset((FieldPlace.HEADERS, FieldPlace.ANSWER_HEADERS))
FRAMING = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "content-encoding")
)
"""Headers that other programs' files make up, or leave out."""
_GONE = "the value was taken out"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCheck:
    """One place of one message, as it was seen, and what the rules of it speak of."""

    message: str
    """Its name in the contract."""
    step: int
    exact: bool
    """Both contract and recording know the bytes."""
    names: Mapping[str, str]
    """For each message of the contract its name in the recording."""
    relations: Relations = field(repr=False)
    seen_name: str = ""


def checked_fields(
    group: FieldGroup, seen: Sequence[ObservedField], check: FieldCheck
) -> Iterator[Deviation | Undecided]:
    """Every difference of one place."""
    rules, fields = group_slots(group), slots(seen, lambda f: f.key)
    if group.place in HEADERS and not check.exact:
        rules = {key: each for key, each in rules.items() if key not in FRAMING}
        fields = {key: each for key, each in fields.items() if key not in FRAMING}
    for key, each in rules.items():
        if key not in fields and not each.optional:
            yield _deviation(
                DeviationKind.FIELD_REMOVED, group, check, each.name, described_rule(each.rule), ""
            )
    for key, found in fields.items():
        if key not in rules:
            yield _deviation(
                DeviationKind.FIELD_ADDED, group, check, found.name, "", described(found)
            )
        else:
            yield from _field(group, key, rules[key], found, check)
    if not group.any_order and (check.exact or group.place not in HEADERS):
        yield from _order(group, rules, fields, check)


def group_slots(group: FieldGroup) -> dict[str, FieldRule]:
    """The rules of a group by their keys."""
    if group.place in HEADERS:
        return slots(group.fields, lambda f: f.name.lower())
    return slots(group.fields, lambda f: f.name)


def _order(
    group: FieldGroup,
    rules: Mapping[str, FieldRule],
    fields: Mapping[str, ObservedField],
    check: FieldCheck,
) -> Iterator[Deviation]:
    locked = [key for key in rules if key in fields]
    seen = [key for key in fields if key in rules]
    if locked != seen:
        first = next(at for at, (a, b) in enumerate(zip(locked, seen, strict=True)) if a != b)
        last = max(at for at, (a, b) in enumerate(zip(locked, seen, strict=True)) if a != b)
        yield _deviation(
            DeviationKind.FIELD_ORDER,
            group,
            check,
            "",
            ", ".join(locked[first : last + 1]),
            ", ".join(seen[first : last + 1]),
        )


def _field(
    group: FieldGroup, key: str, locked: FieldRule, found: ObservedField, check: FieldCheck
) -> Iterator[Deviation | Undecided]:
    in_bytes = group.place in HEADERS and check.exact
    if in_bytes and locked.name != found.name:
        yield _deviation(
            DeviationKind.FIELD_SPELLING, group, check, found.name, locked.name, found.name
        )
    rule = locked.rule
    truth = _follows(rule, found)
    if truth is False:
        yield _deviation(
            DeviationKind.VALUE_CHANGED,
            group,
            check,
            found.name,
            described_rule(rule),
            described(found),
        )
    elif truth is None:
        yield _undecided(group, found, check)
    yield from _relation(group, key, rule, found, check)


def _follows(rule: ValueRule, found: ObservedField) -> bool | None:
    """True if the value follows its rule; None where that cannot be told."""
    if rule.kind is RuleKind.VARIES:
        return True
    if found.as_json is not rule.as_json:
        return False
    if (
        found.is_hidden
        and not found.may_keep
        and rule.kind in (RuleKind.FIXED, RuleKind.WORDS, RuleKind.HASHED)
    ):
        return None
    match rule.kind:
        case RuleKind.FIXED:
            return found.text == rule.text
        case RuleKind.WORDS:
            return " ".join(sorted(found.text.split())) == rule.text
        case RuleKind.HASHED:
            return found.hash == rule.text
        case RuleKind.NUMBER:
            return found.value.strip().isdigit()
        case RuleKind.TIME:
            return found.value != ""
    return _fits_shape(rule, found)


def _fits_shape(rule: ValueRule, found: ObservedField) -> bool:
    if rule.length is not None and found.length is not None and rule.length != found.length:
        return False
    if found.value == "" and rule.length != 0 and rule.text != "empty":
        return False
    return not (
        rule.kind is RuleKind.SHAPE
        and rule.text
        and found.letters
        and not _is_among(found.letters, rule.text)
    )


_WIDER = {
    "digits": ("digits", "hexadecimal", "base64url", "base64", "text"),
    "hexadecimal": ("hexadecimal", "base64url", "base64", "text"),
    "base64url": ("base64url", "text"),
    "base64": ("base64", "text"),
    "GUID": ("GUID", "base64url", "text"),
}


def _is_among(letters: str, locked: str) -> bool:
    """True if what is made of such letters can be one of those."""
    return letters == locked or locked in _WIDER.get(letters, ())


def _relation(
    group: FieldGroup, key: str, rule: ValueRule, found: ObservedField, check: FieldCheck
) -> Iterator[Deviation | Undecided]:
    at = reference(check.seen_name, group.place, key)
    for target, verb in ((rule.same_as, "repeats"), (rule.s256_in, "proves")):
        if not target:
            continue
        message, _, rest = target.partition("/")
        other = f"{check.names.get(message, message)}/{rest}"
        if other not in check.relations.fields:
            continue  # that it is missing is said where it is missing
        ask = check.relations.is_same if verb == "repeats" else check.relations.fits
        truth = ask(at, other)
        if truth is False:
            yield _deviation(
                DeviationKind.RELATION_BROKEN,
                group,
                check,
                found.name,
                f"{verb} {spoken(target)}",
                "it does not",
            )
        elif truth is None:
            yield _undecided(group, found, check)


def spoken(target: str) -> str:
    """A reference as words: `state of the authorization request`."""
    message, place, key = target.split("/", 2)
    word = "" if place in (FieldPlace.QUERY, FieldPlace.FORM) else f"{FieldPlace(place).word} "
    return f"{word}{key} of the {message}"


def described_rule(rule: ValueRule) -> str:
    """A rule in words."""
    if rule.kind in (RuleKind.FIXED, RuleKind.WORDS):
        return rule.text or "(empty)"
    if rule.length == 0 or rule.text == "empty":
        return "(empty)"
    words = {
        RuleKind.HASHED: "a certain long value",
        RuleKind.SECRET: "a secret",
        RuleKind.PERSONAL: "a person's",
        RuleKind.TIME: "a time",
        RuleKind.NUMBER: "a number",
        RuleKind.VARIES: "any value",
        RuleKind.SHAPE: f"a value of {rule.text}" if rule.text else "a value",
    }[rule.kind]
    return f"{words}, {rule.length} characters" if rule.length is not None else words


def described(found: ObservedField) -> str:
    """A value as it may be shown: by itself, or in words."""
    if found.may_keep:
        return found.text or "(empty)"
    if found.value == "":
        return "(empty)"
    if found.is_hidden:
        size = "" if found.length is None else f", {found.length} characters"
        return f"a value that was taken out{size}"
    kind = {
        RuleKind.SECRET: "a secret",
        RuleKind.PERSONAL: "a person's",
        RuleKind.TIME: "a time",
        RuleKind.NUMBER: "a number",
    }.get(found.kind, "a value")
    size = "" if found.kind is RuleKind.SECRET and len(found.value) < 16 else _size(found)
    return f"another one: {kind}{size}"


def _size(found: ObservedField) -> str:
    return f", {len(found.value)} characters"


def _deviation(
    kind: DeviationKind, group: FieldGroup, check: FieldCheck, name: str, locked: str, seen: str
) -> Deviation:
    return Deviation(
        kind=kind,
        message=check.message,
        step=check.step,
        place=group.place,
        name=name,
        locked=locked,
        seen=seen,
    )


def _undecided(group: FieldGroup, found: ObservedField, check: FieldCheck) -> Undecided:
    return Undecided(message=check.message, what=f"{group.place.word} {found.name}", why=_GONE)
