"""The report in a real Chromium, judged by axe-core: light, dark, narrow, wide and printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.audit.timeline.code_question import Answer, AnswerKind
from entra_oauth.audit.timeline.join_sources import SeenBy, Timeline, TimelineEvent
from entra_oauth.audit.timeline.timeline_page import timeline_page
from entra_oauth.recording.compare.layers import Comparison, Side, compare
from entra_oauth.recording.findings import Finding, Severity
from entra_oauth.recording.report.diff_page import diff_page
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.step import Level
from kit import needs
from kit import recordings as kit
from kit.foreign.chromium import Page
from kit.foreign.looks import axe_complaints, fits

pytestmark = [pytest.mark.against, needs.chromium, needs.posix]

EVIL = (
    "\x1b[31m</pre><script>document.title='owned'</script><img src onerror> \u202egnp.exe "
    + "long-word-without-a-blank" * 20
)
FINDINGS = tuple(
    Finding(
        id=f"EOA00{index}",
        severity=severity,
        step=index if index < 4 else None,
        rule="The request has one.",
        text="What was found, in a sentence.",
        source="RFC 9700 §2.1.1, §4.5",
        mend="What to do.",
    )
    for index, severity in enumerate(Severity, start=1)
)


def _compared() -> Comparison:
    steps = [kit.evidence(kit.recording(hardened=hardened)).steps[2] for hardened in (True, False)]
    sides = [Side(label=EVIL, message=step.request.message, link=step.link) for step in steps]
    return compare(*sides, show=lambda where, name, value: value)


def _timeline() -> Timeline:
    events = [
        TimelineEvent(at=1.7e9 + n, source=source, what=EVIL, joined_by="state", flagged=n == 1)
        for n, source in enumerate(SeenBy)
    ]
    answers = [Answer(kind=kind, why="For a reason.", until=1.7e9) for kind in AnswerKind]
    return Timeline(
        events=tuple(events),
        answers=tuple(answers),
        contradictions=(EVIL,),
        remark="PRACTICE: recorded at a practice tenant.",
    )


PAGES = {
    "auditor": as_html(kit.evidence(), findings=FINDINGS),
    "learner": as_html(kit.evidence(kit.recording(hardened=True)), learner=True),
    "worksheet": as_html(kit.evidence(), blank=True),
    "hostile": as_html(kit.evidence(kit.failed(EVIL)), findings=FINDINGS),
    "people": as_html(kit.evidence(level=Level.PII), findings=()),
    "diff": diff_page(_compared()),
    "timeline": timeline_page(_timeline()),
}


@pytest.fixture(params=PAGES)
def report(request: pytest.FixtureRequest, page: Page, tmp_path: Path) -> Page:
    file = tmp_path / "report.html"
    file.write_text(PAGES[request.param])
    page.open(file.as_uri())
    page.wait_for("document.readyState === 'complete'")
    return page


def test_it_fits_every_width_and_follows_the_colours(report: Page) -> None:
    fits(report)


@needs.node_package("axe-core")
def test_axe_finds_nothing(report: Page) -> None:
    assert axe_complaints(report) == []


def test_it_asks_for_nothing_and_runs_nothing(report: Page) -> None:
    assert [each["url"] for each in report.requests] == [report.address]
    assert report.evaluate("document.title").endswith(("Entra ID", "compared", "sign-in"))
    assert report.evaluate("document.scripts.length") == 0
    assert report.problems == []


def test_every_link_leads_somewhere(report: Page) -> None:
    dead = (
        "[...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.querySelector(a.getAttribute('href'))).length"
    )
    assert report.evaluate(dead) == 0


def test_on_paper_everything_is_unfolded(report: Page) -> None:
    hidden = (
        "[...document.querySelectorAll('details')].filter(d =>"
        " getComputedStyle(d, '::details-content').contentVisibility !== 'visible').length"
    )
    report.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")
    report.call("Emulation.setEmulatedMedia", {"media": "print"})
    assert report.evaluate(hidden) == 0
    report.call("Emulation.setEmulatedMedia", {"media": ""})
    if report.evaluate("document.querySelectorAll('details').length"):
        assert report.evaluate(hidden) > 0


A4 = 688
"""Pixels of CSS between the margins."""


def test_on_paper_columns_can_be_read_and_nothing_is_cut(report: Page) -> None:
    report.call("Emulation.setEmulatedMedia", {"media": "print"})
    report.look(width=A4, scheme="light")
    report.call("Emulation.setEmulatedMedia", {"media": "print"})
    report.wait_for(f"innerWidth === {A4}")
    assert report.evaluate("document.documentElement.scrollWidth") <= A4
    below = "document.querySelector('footer').getBoundingClientRect().bottom"
    end = "document.querySelector('main > div').getBoundingClientRect().bottom"
    assert report.evaluate(f"{below} - {end}") < 90, "no page for the last line alone"
    narrow = (
        "[...document.querySelectorAll('thead th')].filter(h => h.getBoundingClientRect().width < "
        "52).map(h => h.textContent)"
    )
    assert report.evaluate("matchMedia('print').matches")
    assert report.evaluate(narrow) == []
    what = "[...document.querySelectorAll('.timeline thead th')].map(h => h.offsetWidth)[2] ?? 999"
    assert report.evaluate(what) > A4 // 3, "most of a timeline's row is what was seen"
    for head, least in (("what for", 140), ("decoded", 130), ("in words", 300), ("in A", 200)):
        widths = report.evaluate(
            f"[...document.querySelectorAll('thead th')].filter(h => h.textContent === '{head}')"
            ".map(h => Math.round(h.getBoundingClientRect().width))"
        )
        assert min(widths, default=least) >= least, head
