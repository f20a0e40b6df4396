"""A HAR file as a browser saves it: its own requests are there, the app's are not."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from entra_oauth.audit import Case, lint
from entra_oauth.audit.inputs import har_case
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit.audit.exchanges import step
from kit.practice import ALICE, BASE, PASSWORD, authorize_url

TODAY = date(2026, 11, 25)


def _saved(
    *, referer: str = "", status: int | None = None, mode: str = "query", last: int | None = None
) -> Case:
    """The HAR file that a browser saves of the article's first half; the last page loads a picture.

    `status` is that of the answer with the code in its Location, `last` that of the last
    answer to what the person posted; 0 leaves those out.
    """
    tenant = PracticeTenant()
    seen: list[Exchange] = []

    def note(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        headers = (*request.headers, ("Sec-Fetch-Mode", "navigate"))
        seen.append(
            step(
                "page",
                request.method,
                request.url,
                headers=headers,
                body=request.body,
                response=response,
                at=1_000_000.0 + len(seen),
            )
        )
        return response

    def send(request: HttpRequest) -> HttpResponse:
        if request.url.startswith(f"{BASE}/"):
            return note(request, tenant.handle(request))
        return note(request, HttpResponse(status=200, body=b"<p>Done"))

    PracticeBrowser(send, ALICE, PASSWORD).open(authorize_url({"response_mode": mode}))
    picture = HttpRequest(
        method="GET",
        url="http://localhost/favicon.ico",
        headers=(("Referer", referer),) if referer else (),
    )
    note(picture, HttpResponse(status=404))
    har = json.loads(
        har_text(evidence_of(Recording(tuple(seen)), level=Level.NONE, created_at=1.0))
    )
    return har_case(json.dumps(_as_a_browser(har, status, last)).encode())


def _as_a_browser(har: dict[str, Any], status: int | None, last: int | None) -> dict[str, Any]:
    har["log"].pop("_redaction")
    for entry in har["log"]["entries"]:
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
        if status and "code=" in entry["response"]["redirectURL"]:
            entry["response"]["status"] = status
    posted = [e for e in har["log"]["entries"] if "microsoftonline" in e["request"]["url"]]
    posted = [entry for entry in posted if entry["request"]["method"] == "POST"]
    if last == 0:
        har["log"]["entries"] = [e for e in har["log"]["entries"] if e not in posted]
    elif last:
        posted[-1]["response"]["status"] = last
    return har


def _kinds(case: Case) -> dict[str, VerdictKind]:
    report = lint(case, today=TODAY)
    found = {j.rule.id: j.verdict.kind for j in report.judged}
    return found | {j.rule.id: VerdictKind.FAIL for j in report.failures()}


def test_the_pages_on_which_a_person_signs_in_are_not_scolded() -> None:
    failures = lint(_saved(), today=TODAY).failures()
    found = {judged.rule.id: judged.severity.value for judged in failures}
    expected = {"AR04": "error", "AR08": "error", "AR18": "warning"}
    # The page at the redirect URI keeps the code in its address and has no careful headers.
    expected |= {"RR09": "warning", "RR12": "warning", "AR16": "note", "HR03": "note"}
    assert found == expected


@pytest.mark.parametrize("rule", ["RR13", "RR14"])
def test_what_only_a_browser_sees_is_decided(rule: str) -> None:
    assert _kinds(_saved())[rule] is VerdictKind.PASS


def test_a_referer_with_the_code_is_an_error() -> None:
    case = _saved(referer="http://localhost/?code=0.AS&state=12345")
    assert _kinds(case)["RR13"] is VerdictKind.FAIL


def test_a_307_after_the_password_is_found() -> None:
    assert _kinds(_saved(status=307))["RR14"] is VerdictKind.FAIL


def test_by_form_post_a_page_leads_to_the_app_and_no_redirect() -> None:
    assert _kinds(_saved(mode="form_post"))["RR14"] is VerdictKind.PASS


@pytest.mark.parametrize(
    ("mode", "last"), [("form_post", 307), ("form_post", 308), ("form_post", 0), ("query", 0)]
)
def test_where_that_page_is_not_in_it_nothing_is_said_of_it(mode: str, last: int) -> None:
    judged = lint(_saved(mode=mode, last=last), today=TODAY).judged
    found = [j.verdict for j in judged if j.rule.id == "RR14"]
    assert [verdict.kind for verdict in found] == [VerdictKind.UNDECIDABLE]
    assert found[0].text == "what led the browser to the app is not here"
