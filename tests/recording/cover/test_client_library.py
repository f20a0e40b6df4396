"""The names that clients and browsers give themselves."""

from __future__ import annotations

import pytest

from entra_oauth.protocol.messages import FORM, HttpRequest
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.cover.client_library import client_names
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, Step
from kit import canaries
from kit import recordings as kit

URL = f"https://login.microsoftonline.com/{canaries.TENANT}/oauth2/v2.0/token"


def _steps(*requests: HttpRequest, level: Level = Level.SECRETS) -> tuple[Step, ...]:
    exchanges = (
        Exchange(
            event=FrontEvent(Occurred.ASKED) if "/authorize" in each.url else None,
            request=each,
            response=None,
            started_at=1.0,
            ended_at=2.0,
        )
        for each in requests
    )
    return evidence_of(Recording(tuple(exchanges)), level=level, created_at=1.0).steps


def _post(*headers: tuple[str, str], form: str = "grant_type=refresh_token") -> HttpRequest:
    fields = (("Content-Type", FORM), *headers)
    return HttpRequest(method="POST", url=URL, headers=fields, body=form.encode())


WHERE = [
    _post(("x-client-sku", "MSAL.Python"), ("x-client-ver", "1.39.0")),
    _post(form="grant_type=refresh_token&x-client-SKU=MSAL.Python&x-client-VER=1.39.0"),
    HttpRequest(method="GET", url=f"{URL}?x-client-SKU=MSAL.Python&x-client-Ver=1.39.0"),
]


@pytest.mark.parametrize("request_", WHERE)
def test_a_library_tells_its_name_in_headers_form_or_address(request_: HttpRequest) -> None:
    assert client_names(_steps(request_))["library"] == ["MSAL.Python 1.39.0"]


def test_a_user_agent_is_the_programs_or_the_browsers_by_who_sent_it() -> None:
    asked = HttpRequest(
        method="GET",
        url=f"{URL.replace('/token', '/authorize')}?client_id=x&response_type=code",
        headers=(("User-Agent", "Browser/1"),),
    )
    names = client_names(_steps(asked, _post(("User-Agent", "tool/2")), _post()))
    assert names == {"browser_calls_itself": ["Browser/1"], "program_calls_itself": ["tool/2"]}


def test_what_holds_a_secret_is_no_name_and_few_names_are_kept() -> None:
    agents = [_post(("User-Agent", f"tool/{number}")) for number in range(9)]
    secret = _post(("User-Agent", f"tool {canaries.CODE}"), form=f"code={canaries.CODE}")
    names = client_names(_steps(secret, *agents))
    assert len(names["program_calls_itself"]) == 5
    assert canaries.found_in(names) == []
    evil = client_names(_steps(_post(("User-Agent", "a\x1b[31m" + "b" * 900))))
    assert len(evil["program_calls_itself"][0]) <= 210
    assert "\x1b" not in evil["program_calls_itself"][0]


def test_it_is_kept_under_the_seal() -> None:
    made = kit.evidence(level=Level.PII)
    assert made.facts["client"] == {"program_calls_itself": ["entra-oauth/0"]}
