"""Faults that cannot both be: what one of them does, nobody would ever see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.practice.faults.actions import (
    AddHeader,
    SetClaim,
    SetField,
    SpoilSignature,
    StolenCode,
)
from entra_oauth.practice.faults.redirect_actions import OtherMode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.practice.faults.fault_rule import FaultRule

__all__ = ["check_together", "clash"]

Change = tuple[str, ...]
"""A thing that an edit decides: a header, a field, a claim."""


def check_together(rules: Iterable[FaultRule], more: FaultRule) -> None:
    """Raise `UsageError` if `more` contradicts one of the rules, which were added before it."""
    for rule in rules:
        why = _contradiction(rule, more)
        if why:
            raise UsageError(
                f"The fault {more.shown} contradicts {rule.shown}, which is in force: {why}.",
                advice="Leave one of them out, clear the one in force (entra-oauth practice fault "
                "--clear), or let it end by itself (times=N).",
            )


def _contradiction(outer: FaultRule, inner: FaultRule) -> str:
    if (outer.text, outer.name) == (inner.text, inner.name) or not outer.lasts:
        return ""
    covered = _covered(outer, inner)
    if outer.instead is not None and (any(covered) if inner.instead else all(covered)):
        return "it would never be seen, for that one answers each of these requests itself"
    if not inner.lasts:
        return ""
    if inner.instead is not None and all(_covered(inner, outer)) and _tokens(outer):
        return "it leaves no token that the other could change"
    if not _meet(outer, inner):
        return ""
    # A header may stand in both: it is the answer's, and that of the outer rule counts.
    edits = (e for e in (*outer.edits, *inner.edits) if not isinstance(e, AddHeader))
    what = clash(edits)
    return f"both decide {what}" if what else ""


def clash(edits: Iterable[object]) -> str:
    """The thing that two of these edits decide differently; nothing if there is none."""
    decided: dict[Change, str] = {}
    for edit in edits:
        for change, value in _decisions(edit):
            if decided.setdefault(change, value) != value:
                return " ".join(change)
    return ""


def _decisions(edit: object) -> tuple[tuple[Change, str], ...]:
    match edit:
        case AddHeader(name, value):
            return ((("the header", name.lower()), value),)
        case SetField(name, value):
            return ((("the field", name), str(value)),)
        case StolenCode():
            return ((("the field", "code"), "stolen"),)
        case SetClaim(token, "alg", value):
            return ((("the signature of the", token), str(value)),)
        case SetClaim(token, name, value):
            return ((("the claim", f"{token}.{name}"), str(value)),)
        case SpoilSignature(token):
            return ((("the signature of the", token), "broken"),)
        case OtherMode(mode):
            return ((("the mode",), mode),)
    return ()


def _tokens(rule: FaultRule) -> bool:
    return any(isinstance(edit, SetClaim | SpoilSignature | StolenCode) for edit in rule.edits)


def _covered(rule: FaultRule, other: FaultRule) -> tuple[bool, ...]:
    """By place of the other rule: True if all that it touches there is this rule's too."""
    if not set(rule.match) <= set(other.match) or other.outermost:
        return (False,)
    return tuple(_at(rule, place) for place in other.where)


def _meet(rule: FaultRule, other: FaultRule) -> bool:
    """True if a request can be about both."""
    wanted = dict(rule.match)
    apart = any(wanted.get(name, value) != value for name, value in other.match)
    places = any(_at(rule, p) for p in other.where) or any(_at(other, p) for p in rule.where)
    return places and not apart


def _at(rule: FaultRule, place: str) -> bool:
    return place in rule.where or ("any" in rule.where and place != "connect")
