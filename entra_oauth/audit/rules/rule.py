"""A rule: a function that judges one step, and whose docstring is its page in the manual.

@rule("AR04", Severity.ERROR, "RFC 9700 §2.1.1", at=StepKind.AUTHORIZE)
def has_a_challenge(item: Item, case: Case) -> Verdict:
    '''An authorize request carries a PKCE challenge.

    Why: …
    Mend: …
    Before: …
    After: …
    '''
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from entra_oauth.audit.case import CODE, Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.verdict import Verdict, absent, unknown
from entra_oauth.recording.findings import Severity

__all__ = [
    *("Bar", "E", "Judge", "Manual", "N", "Rule", "W"),
    *("elsewhere", "form_gone", "rule", "rule_of_all"),
]

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE

Judge = Callable[[Item, Case], Verdict]
"""Looks at one step."""

Bar = Callable[[Item, Case], Verdict | None]
"""The verdict where there is nothing to judge; None where there is."""

_PARTS = ("Why", "Mend", "Before", "After")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """The docstring of a rule in its parts."""

    title: str
    why: str
    mend: str
    before: str
    after: str


@dataclass(frozen=True)
class Rule:
    """One rule. `judge` yields a verdict for each step that it looked at, at least one in all."""

    id: str
    severity: Severity
    source: str
    at: StepKind | None
    """The kind of step that it looks at; None: it looks at the whole."""
    text: str = field(repr=False)
    judge: Callable[[Case], Iterator[Verdict]] = field(repr=False)

    @cached_property
    def manual(self) -> Manual:
        title, _, rest = self.text.partition("\n\n")
        found = dict.fromkeys(_PARTS, "")
        pattern = rf"^({'|'.join(_PARTS)}): (.*?)(?=^(?:{'|'.join(_PARTS)}): |\Z)"
        for match in re.finditer(pattern, rest, re.MULTILINE | re.DOTALL):
            text = " ".join(match[2].split())
            is_prose = match[1] in ("Why", "Mend")
            found[match[1]] = text[:1].upper() + text[1:] if is_prose else text
        return Manual(
            title=" ".join(title.split()),
            why=found["Why"],
            mend=found["Mend"],
            before=found["Before"],
            after=found["After"],
        )

    def page(self) -> tuple[tuple[str, str], ...]:
        """The parts of its page, with their names."""
        manual = self.manual
        return (
            ("Rule", manual.title),
            ("Level", self.severity.value),
            ("Why", manual.why),
            ("What to do", manual.mend),
            ("Before", manual.before),
            ("After", manual.after),
            ("Source", self.source),
        )


def rule(
    rule_id: str, severity: Severity, source: str, *, at: StepKind, unless: Bar | None = None
) -> Callable[[Judge], Rule]:
    """Make a rule of a function that judges one step of that kind.

    `unless` is asked first: where it gives a verdict, the function is not called.
    """

    def made(function: Judge) -> Rule:
        def judge(case: Case) -> Iterator[Verdict]:
            items = case.all(at)
            for item in items:
                barred = unless(item, case) if unless is not None else None
                yield replace(barred or function(item, case), step=item.number)
            if not items:
                yield _nothing_there(at, case)

        return Rule(rule_id, severity, source, at, inspect.getdoc(function) or "", judge)

    return made


def rule_of_all(
    rule_id: str, severity: Severity, source: str
) -> Callable[[Callable[[Case], Iterator[Verdict]]], Rule]:
    """Make a rule of a function that looks at the whole recording."""

    def made(function: Callable[[Case], Iterator[Verdict]]) -> Rule:
        def judge(case: Case) -> Iterator[Verdict]:
            verdicts = list(function(case))
            yield from verdicts or [absent("there is nothing of the kind in this recording")]

        return Rule(rule_id, severity, source, None, inspect.getdoc(function) or "", judge)

    return made


def elsewhere(item: Item, case: Case) -> Verdict | None:
    """The bar of rules that look at what an authorize request asks for."""
    return unknown(item.elsewhere, "/request/query") if item.elsewhere else None


def form_gone(item: Item, case: Case) -> Verdict | None:
    """The bar of rules that look at the form of a request which is not here."""
    if item.form_gone and not case.planned:
        return unknown("the body was taken out, or is not in this recording", "/request/form")
    return None


_NAMES = {
    StepKind.AUTHORIZE: "authorize request",
    StepKind.REDIRECT: "redirect",
    StepKind.UNSOLICITED: "redirect that was turned down",
    StepKind.TOKEN: "token request",
    StepKind.DEVICE: "device authorization request",
    StepKind.KEYS: "request for keys",
    StepKind.METADATA: "metadata",
    StepKind.RESOURCE: "request to an API",
    StepKind.LOGOUT: "sign-out",
    StepKind.PAGE: "page",
}


def _nothing_there(kind: StepKind, case: Case) -> Verdict:
    """The verdict where no step of that kind is there: undecidable if one should be."""
    name = _NAMES[kind]
    if case.planned:
        return absent(f"no {name} was given")
    came = case.all(StepKind.REDIRECT)
    redeemed = [i for i in case.all(StepKind.TOKEN) if i.get("grant_type") == CODE]
    missing = {
        StepKind.AUTHORIZE: bool(came or redeemed),
        StepKind.REDIRECT: bool(redeemed),
        StepKind.TOKEN: any(i.get("code") for i in came),
    }.get(kind, False)
    if missing:
        return unknown(f"the {name} is not in this recording")
    return absent(f"there is no {name} in this recording")
