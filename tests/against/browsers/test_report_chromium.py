"""The report in a real Chromium, judged by axe-core: light, dark, narrow, wide and printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from entra_oauth.recording.findings import Finding, Severity
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
PAGES = {
    "auditor": as_html(kit.evidence(), findings=FINDINGS),
    "learner": as_html(kit.evidence(kit.recording(hardened=True)), learner=True),
    "worksheet": as_html(kit.evidence(), blank=True),
    "hostile": as_html(kit.evidence(kit.failed(EVIL)), findings=FINDINGS),
    "people": as_html(kit.evidence(level=Level.PII), findings=()),
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
    assert report.evaluate("document.title").endswith("Entra ID")
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
    assert report.evaluate(hidden) > 0
