"""What a rule says where no step of its kind is there, and the parts of its page in the manual."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.rules.rule import rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, VerdictKind, passed
from entra_oauth.recording import Exchange
from entra_oauth.recording.findings import Severity
from kit.audit.judged import authorize, call, case, redirect, token

CODE = "authorization_code"
ASKED = authorize(client_id="x", state="s")
CAME, REFUSED = redirect(code="c", state="s"), redirect(error="e", state="s")
REDEEMED, OTHER = token(grant_type=CODE, code="c"), token(grant_type="password")


def looked_for(kind: StepKind, judged: Case) -> list[Verdict]:
    @rule("XX01", Severity.ERROR, "a source", at=kind)
    def looks(item: Item, case: Case) -> Verdict:
        """It looks."""
        return passed(f"/{item.number}")

    return list(looks.judge(judged))


@pytest.mark.parametrize(
    ("kind", "steps", "is_missing"),
    [
        (StepKind.AUTHORIZE, (), False),
        (StepKind.AUTHORIZE, (CAME,), True),
        (StepKind.AUTHORIZE, (REFUSED,), True),
        (StepKind.AUTHORIZE, (REDEEMED,), True),
        (StepKind.AUTHORIZE, (OTHER,), False),
        (StepKind.REDIRECT, (ASKED,), False),
        (StepKind.REDIRECT, (REDEEMED,), True),
        (StepKind.REDIRECT, (ASKED, REDEEMED), True),
        (StepKind.REDIRECT, (OTHER,), False),
        (StepKind.TOKEN, (ASKED,), False),
        (StepKind.TOKEN, (ASKED, CAME), True),
        (StepKind.TOKEN, (ASKED, REFUSED), False),
        (StepKind.DEVICE, (ASKED, CAME, REDEEMED), False),
        (StepKind.RESOURCE, (ASKED, CAME, REDEEMED), False),
    ],
)
def test_a_step_that_should_be_there_leaves_it_open(
    kind: StepKind, steps: tuple[Exchange, ...], is_missing: bool
) -> None:
    (verdict,) = looked_for(kind, case(*steps))
    assert (verdict.kind is VerdictKind.UNDECIDABLE) is is_missing
    assert (verdict.kind is VerdictKind.NOT_APPLICABLE) is not is_missing
    assert verdict.text.endswith("in this recording")
    assert verdict.step is None
    (planned,) = looked_for(kind, case(*steps, planned=True))
    assert planned.kind is VerdictKind.NOT_APPLICABLE
    assert planned.text.endswith("was given")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (StepKind.AUTHORIZE, "authorize request"),
        (StepKind.REDIRECT, "redirect"),
        (StepKind.UNSOLICITED, "redirect that was turned down"),
        (StepKind.TOKEN, "token request"),
        (StepKind.DEVICE, "device authorization request"),
        (StepKind.KEYS, "request for keys"),
        (StepKind.METADATA, "metadata"),
        (StepKind.RESOURCE, "request to an API"),
        (StepKind.LOGOUT, "sign-out"),
        (StepKind.PAGE, "page"),
    ],
)
def test_what_is_not_there_is_named(kind: StepKind, name: str) -> None:
    (verdict,) = looked_for(kind, case())
    assert verdict.text == f"there is no {name} in this recording"


def test_each_step_of_the_kind_gets_a_verdict_with_its_number() -> None:
    verdicts = looked_for(StepKind.TOKEN, case(ASKED, CAME, REDEEMED, call("Bearer x"), OTHER))
    assert [(each.step, each.where) for each in verdicts] == [(3, "/3"), (4, "/4")]


@pytest.mark.parametrize("count", [0, 2])
def test_a_rule_of_all_says_something_in_any_case(count: int) -> None:
    @rule_of_all("XX02", Severity.NOTE, "a source")
    def looks(case: Case) -> Iterator[Verdict]:
        """It looks at all."""
        yield from [passed()] * count

    verdicts = list(looks.judge(case()))
    assert len(verdicts) == (count or 1)
    kinds = {each.kind for each in verdicts}
    assert kinds == {VerdictKind.PASS if count else VerdictKind.NOT_APPLICABLE}
    assert looks.manual.title == "It looks at all."
    assert (looks.id, looks.severity, looks.source, looks.at) == (
        "XX02",
        Severity.NOTE,
        "a source",
        None,
    )


def test_a_docstring_is_a_page_of_the_manual() -> None:
    @rule("XX03", Severity.ERROR, "a source", at=StepKind.TOKEN)
    def looks(item: Item, case: Case) -> Verdict:
        """A title
        in two lines.

        Why: because
            of this: it is so.
        Mend: change it.
        Before: a=B  c
        After: d
        """
        return passed()

    page = looks.manual
    assert page.title == "A title in two lines."
    assert (page.why, page.mend) == ("Because of this: it is so.", "Change it.")
    assert (page.before, page.after) == ("a=B c", "d")
    assert looks.at is StepKind.TOKEN
