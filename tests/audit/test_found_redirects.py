"""The redirect is found by where it was sent, with or without a state, arrived or not."""

from __future__ import annotations

import json
from datetime import date

import pytest

from entra_oauth.audit import Case, lint
from entra_oauth.audit.classify import StepKind
from entra_oauth.audit.inputs import har_case
from entra_oauth.protocol.messages import FORM, HttpRequest, encode_form
from entra_oauth.recording.recognise import is_answer, kind_of, same_place
from kit.audit.exchanges import LOGIN

SENT = "Zk3wcqFxX3mzPcZ8LtR0vQnYb71sDaJuE2hGiTtTt01"
CODE = "0.ASkAIjQ7dZ8mVbN3xXcC5vVbBnN6mM1qQwWeErRtTyY"


def _entry(at: int, method: str, url: str, **more: object) -> dict[str, object]:
    request = {"method": method, "url": url, "headers": [], **dict(more)}
    location = request.pop("location", "")
    status = 302 if location else 200
    return {
        "startedDateTime": f"2026-11-29T10:00:0{at}.000Z",
        "time": 1,
        "request": request,
        "response": {"status": status, "headers": [], "content": {}, "redirectURL": location},
    }


def _case(
    uri: str, *entries: dict[str, object], location: str = "", status: int | None = None
) -> Case:
    asked = encode_form(
        (
            *(("client_id", "c"), ("response_type", "code"), ("redirect_uri", uri)),
            *(("scope", "openid"), ("state", SENT)),
        )
    )
    first = _entry(0, "GET", f"{LOGIN}/t/oauth2/v2.0/authorize?{asked}", location=location)
    if status is not None:
        first["response"] = {
            "status": status,
            "headers": [],
            "content": {},
            "redirectURL": location,
        }
    har = {"log": {"version": "1.2", "creator": {}, "pages": [], "entries": [first, *entries]}}
    return har_case(json.dumps(har).encode())


def _word(case: Case) -> str:
    judged = lint(case, today=date(2026, 11, 29)).judged
    (found,) = [each.verdict.kind.value for each in judged if each.rule.id == "RR01"]
    return found


URI = "https://app.example/cb"
URIS = [
    ("http://localhost", "http://localhost:51234/"),
    ("http://127.0.0.1:1/cb", "http://127.0.0.1:51234/cb"),
    ("https://app.example/cb", "https://app.example/cb"),
    ("https://app.example", "https://APP.example:443/"),
]
ENDS = [("", "fail"), (f"&state={SENT}", "pass"), (f"&state={SENT[::-1]}", "fail")]


@pytest.mark.parametrize(("uri", "arrived"), URIS)
@pytest.mark.parametrize(("end", "word"), ENDS)
@pytest.mark.parametrize("mark", ["?", "#"])
def test_an_answer_that_arrived_is_found(
    uri: str, arrived: str, end: str, word: str, mark: str
) -> None:
    assert _word(_case(uri, _entry(1, "GET", f"{arrived}{mark}code={CODE}{end}"))) == word


@pytest.mark.parametrize(("end", "word"), ENDS)
def test_an_answer_that_was_posted_is_found(end: str, word: str) -> None:
    post = {"mimeType": FORM, "text": f"code={CODE}{end}"}
    uri = "https://app.example/signin-oidc"
    assert _word(_case(uri, _entry(1, "POST", uri, postData=post))) == word


@pytest.mark.parametrize("uri", ["com.example.app://auth", "com.example.app:/cb", "https://a.b/cb"])
@pytest.mark.parametrize(("end", "word"), ENDS)
@pytest.mark.parametrize("mark", ["?", "#"])
def test_an_answer_that_is_in_a_location_alone_is_found(
    uri: str, end: str, word: str, mark: str
) -> None:
    case = _case(uri, location=f"{uri}{mark}code={CODE}{end}")
    assert _word(case) == word
    (found,) = case.all(StepKind.REDIRECT)
    assert found.number == 1


@pytest.mark.parametrize(("status", "is_taken"), [(200, True), (399, True), (400, False)])
@pytest.mark.parametrize("end", ["", f"&state={SENT}"])
def test_a_program_that_answers_with_an_error_has_not_taken_the_answer(
    status: int, is_taken: bool, end: str
) -> None:
    uri = "https://app.example/cb"
    arrived = _entry(1, "GET", f"{uri}?code={CODE}{end}")
    arrived["response"] = {"status": status, "headers": [], "content": {}}
    case = _case(uri, arrived)
    assert len(case.all(StepKind.REDIRECT)) == is_taken
    assert len(case.all(StepKind.UNSOLICITED)) != is_taken


@pytest.mark.parametrize(("status", "is_found"), [(299, 0), (300, 1), (399, 1), (400, 0)])
def test_only_an_answer_that_sends_the_browser_away_holds_a_redirect(
    status: int, is_found: int
) -> None:
    uri = "com.example.app://auth"
    case = _case(uri, location=f"{uri}?code={CODE}", status=status)
    assert len(case.all(StepKind.REDIRECT)) == is_found


def test_an_answer_is_not_found_twice() -> None:
    url = f"https://app.example/cb?code={CODE}&state={SENT}"
    case = _case("https://app.example/cb", _entry(1, "GET", url), location=url)
    assert len(case.all(StepKind.REDIRECT)) == 1


PLACES = [
    ("http://localhost", "http://localhost:8400/", True),
    ("https://app.example", "https://app.example/", True),
    ("https://app.example/cb", "https://app.example/cb?x=1#y", True),
    ("https://app.example/cb", "https://app.example/cb/", False),
    ("https://app.example/cb", "https://app.example/CB", False),
    ("https://app.example/cb", "https://app.example:8443/cb", False),
    ("https://app.example/cb", "http://app.example/cb", False),
    ("https://app.example/cb", "https://app.example.evil/cb", False),
    ("http://localhost", "http://127.0.0.1/", False),
    ("com.example.app://auth", "com.example.app://auth/", False),
    ("", "", False),
    ("https://[", "https://[", False),
]


@pytest.mark.parametrize(("uri", "url", "same"), PLACES)
def test_places_are_compared_by_scheme_host_and_path(uri: str, url: str, same: bool) -> None:
    assert same_place(url, uri) is same


@pytest.mark.parametrize("query", ["", "?state=x", "?x=code", "#state=x"])
def test_a_page_at_the_redirect_uri_is_no_answer(query: str) -> None:
    request = HttpRequest(method="GET", url=f"https://app.example/cb{query}")
    assert not is_answer(request, ["https://app.example/cb"])


FORM_HEADER = [{"name": "Content-Type", "value": FORM}]
ACCESS = "Zk3wcqFxX3mzPcZ8LtR0vQnYb71sDaJuE2hGiTtTt01"


def _posted(at: int, url: str, text: str) -> dict[str, object]:
    posted = {"mimeType": FORM, "text": text}
    return _entry(at, "POST", url, headers=FORM_HEADER, postData=posted)


def _kinds(case: Case) -> list[str]:
    return [item.kind.value for item in case.items]


@pytest.mark.parametrize(
    ("called", "word"),
    [
        (_entry(3, "GET", f"https://graph.microsoft.com/v1.0/me?access_token={ACCESS}"), "error"),
        (_posted(3, "https://graph.microsoft.com/v1.0/me", f"access_token={ACCESS}"), "warning"),
    ],
)
def test_a_token_in_an_address_or_a_form_is_an_api_call(
    called: dict[str, object], word: str
) -> None:
    case = _case(URI, called)
    assert _kinds(case) == ["authorize", "resource"]
    judged = lint(case, today=date(2026, 11, 29)).judged
    assert [each.severity.value for each in judged if each.rule.id == "RS01"] == [word]


@pytest.mark.parametrize(
    "arrived",
    [
        _entry(3, "GET", f"{URI}?access_token={ACCESS}"),
        _entry(3, "GET", f"{URI}?access_token={ACCESS}&token_type=Bearer&state={SENT}"),
        _entry(3, "GET", f"{URI}#access_token={ACCESS}&token_type=Bearer"),
        _posted(3, URI, f"access_token={ACCESS}&token_type=Bearer&state={SENT}"),
        _posted(3, URI, f"access_token={ACCESS}"),
    ],
)
def test_a_token_that_comes_to_the_redirect_uri_is_an_answer(arrived: dict[str, object]) -> None:
    assert _kinds(_case(URI, arrived)) == ["authorize", "redirect"]


def test_an_answer_at_an_unknown_place_is_no_api_call() -> None:
    url = "https://elsewhere.example/cb?access_token=a&token_type=Bearer&expires_in=3599"
    assert _kinds(_case(URI, _entry(3, "GET", url))) == ["authorize", "page"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("client_id=c&response_type=code", "authorize"),
        ("client_id=c&request_uri=urn:x", "authorize"),
        ("client_id=c&request=a.b.c", "authorize"),
        ("client_id=c&request=a.b.c.d.e", "authorize"),
        ("client_id=c&request=list", None),
        ("request_uri=urn:x", None),
    ],
)
def test_an_authorize_request_may_say_its_parameters_elsewhere(
    query: str, kind: str | None
) -> None:
    assert kind_of(HttpRequest(method="GET", url=f"https://as.example/authorize?{query}")) == kind
