"""The linter's inputs: all that can be judged, and the refusal of what cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.audit import Case, case_of, lint
from entra_oauth.audit.classify import StepKind
from entra_oauth.audit.inputs import address_case, har_case, named, planned, raw_case
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.save import evidence_of, save
from entra_oauth.recording.step import Level
from kit.audit.exchanges import article, practised, step

TODAY = date(2026, 11, 25)
GOLDEN = Path(__file__).parents[1] / "golden"
_IN_ORDER = (StepKind.AUTHORIZE, StepKind.REDIRECT, StepKind.TOKEN)
ARTICLE_URL = (GOLDEN / "article_authorize_url.txt").read_text(encoding="utf-8").strip()


def _found(case: Case) -> dict[str, str]:
    return {j.rule.id: j.severity.value for j in lint(case, today=TODAY).failures()}


def _undecided(case: Case) -> set[str]:
    return {j.rule.id for j in lint(case, today=TODAY).of(VerdictKind.UNDECIDABLE)}


def _har(recording: Recording, level: Level) -> dict[str, Any]:
    read = json.loads(har_text(evidence_of(recording, level=level, created_at=1.0)))
    assert isinstance(read, dict)
    return read


def _case(har: dict[str, Any]) -> Case:
    return har_case(json.dumps(har).encode())


def _foreign(har: dict[str, Any]) -> dict[str, Any]:
    """As a program of others writes it: without what is ours alone."""
    del har["log"]["_redaction"]
    for entry in har["log"]["entries"]:
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
    return har


# ---- recordings and HAR files ------------------------------------------------------------


@pytest.mark.parametrize("level", list(Level))
def test_a_recording_and_its_har_file_have_the_same_findings(level: Level, tmp_path: Path) -> None:
    recording = practised(Procedure.ARTICLE, "12345")
    save(recording, tmp_path / "rec", level=level, created_at=1.0)
    found = _found(named(str(tmp_path / "rec")))
    assert {"AR04", "AR08", "AR18", "TR18"} <= set(found)
    assert _found(_case(_har(recording, level))) == found


def test_a_har_file_of_others_is_judged_as_far_as_it_goes() -> None:
    case = _case(_foreign(_har(practised(Procedure.HARDENED), Level.NONE)))
    assert set(_found(case)) == {"AR01", "AR16", "TR01"}
    assert not {"TR08", "RR01", "TR05", "ID02", "ID06"} & _undecided(case)


def test_the_order_of_the_entries_does_not_matter() -> None:
    har = _har(practised(Procedure.HARDENED), Level.SECRETS)
    found = _found(_case(har))
    har["log"]["entries"].reverse()
    turned = _case(har)
    assert _found(turned) == found
    kinds = [item.kind for item in turned.items if item.kind in _IN_ORDER]
    assert kinds == list(_IN_ORDER)


@pytest.mark.parametrize("mark", ["[REDACTED]", "***", "redacted", "<removed>", "xxxxx"])
def test_what_another_tool_took_out_is_undecidable_and_no_failure(mark: str) -> None:
    har = _foreign(_har(practised(Procedure.HARDENED), Level.NONE))
    text = json.dumps(har)
    for exchange in practised(Procedure.HARDENED).exchanges:
        url = exchange.request.url.partition("?")[2] or exchange.request.body.decode()
        for pair in url.split("&"):
            name, _, value = pair.partition("=")
            if name in ("state", "code", "nonce", "session_state"):
                text = text.replace(value, mark)
    case = har_case(text.encode())
    assert set(_found(case)) == {"AR01", "AR16", "TR01"}
    assert {"AR08", "AR10", "AR12", "RR01", "RR17", "TR05"} <= _undecided(case)


def test_a_har_file_without_oauth_is_refused_with_what_to_do() -> None:
    har = _har(article(), Level.SECRETS)
    for entry in har["log"]["entries"]:
        entry["request"]["url"] = "https://www.example.com/"
        entry["request"]["headers"] = []
        entry["request"].pop("postData", None)
        entry["_raw"] = {}
        entry["_step"] = {}
    with pytest.raises(UsageError, match="no OAuth exchange among the 3"):
        _case(har)


def test_a_har_file_without_the_token_request_says_what_was_not_judged() -> None:
    har = _har(article(), Level.SECRETS)
    har["log"]["entries"].pop()
    case = _case(har)
    assert _found(case)["HR03"] == "note"
    assert {"TR01", "TR05", "TS01", "ID01"} <= _undecided(case)


def test_times_that_are_missing_are_no_times() -> None:
    har = _har(article(), Level.NONE)
    for entry in har["log"]["entries"]:
        entry["startedDateTime"] = ""
    assert "RR16" in _undecided(_case(har))


# ---- HR01, HR02 ----------------------------------------------------------------------------


def test_a_secret_in_a_file_that_says_it_has_none_is_an_error() -> None:
    har = _har(practised(Procedure.HARDENED), Level.SECRETS)
    assert "HR01" not in _found(_case(har))
    for entry in har["log"]["entries"]:
        entry["_raw"] = {}
        text = entry["request"].get("postData", {}).get("text", "")
        if "grant_type" in text:
            entry["request"]["postData"]["text"] = f"{text}&refresh_token=0.AS0A{'x9' * 20}"
    assert _found(_case(har))["HR01"] == "error"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.pop("pages"),
        lambda log: log["entries"][0].pop("cache"),
        lambda log: log["entries"][0]["timings"].pop("wait"),
        lambda log: log["entries"][0]["request"].pop("headersSize"),
        lambda log: log["entries"][0].update(startedDateTime="2026-01-01T10:00:00"),
    ],
    ids=["pages", "cache", "timings", "sizes", "zone"],
)
def test_a_har_file_that_others_cannot_open_is_a_warning(spoil: Any) -> None:
    har = _har(article(), Level.NONE)
    assert "HR02" not in _found(_case(har))
    spoil(har["log"])
    assert _found(_case(har))["HR02"] == "warning"


def test_a_body_that_was_left_out_is_no_fault_of_the_file() -> None:
    har = _har(article(), Level.NONE)
    del har["log"]["entries"][2]["request"]["postData"]["text"]
    assert "HR02" not in _found(_case(har))


# ---- addresses and requests --------------------------------------------------------------


def test_an_address_is_judged_by_itself(tmp_path: Path) -> None:
    expected = {"AR04": "error", "AR08": "error", "AR18": "warning", "AR16": "note"}
    assert _found(address_case(ARTICLE_URL)) == expected
    assert _undecided(address_case(ARTICLE_URL)) == set()
    (tmp_path / "url.txt").write_text(f"{ARTICLE_URL}\r\n", encoding="utf-8")
    assert _found(named(str(tmp_path / "url.txt"))) == expected
    assert _found(named(ARTICLE_URL)) == expected


@pytest.mark.parametrize("dirt", ["\x1b[2J", "\n", "\r\nX: y", "\x00", " x", "\x7f"])
def test_control_characters_in_an_address_are_a_finding(dirt: str) -> None:
    case = named(f"{ARTICLE_URL}{dirt}z")
    assert _found(case)["AR27"] == "error"
    report = lint(case, today=TODAY)
    assert all(judged.verdict.text.isprintable() for judged in report.judged)


def test_a_raw_request_does_not_say_whether_it_went_over_tls() -> None:
    case = named(str(GOLDEN / "curl_article.request.bin"))
    assert _found(case) == {"TR18": "note"}
    assert {"TR01", "TR24", "TR06"} <= _undecided(case)


@pytest.mark.parametrize(
    ("target", "host", "url"),
    [
        (
            "/t/oauth2/v2.0/token",
            "Host: login.example",
            "https://login.example/t/oauth2/v2.0/token",
        ),
        ("/t/oauth2/v2.0/token", "X-Host: login.example", "https:///t/oauth2/v2.0/token"),
        (
            "http://a.example/oauth2/token?u=://",
            "Host: b.example",
            "http://a.example/oauth2/token?u=://",
        ),
        (
            "/oauth2/token?u=http://a",
            "Host: b.example",
            "https://b.example/oauth2/token?u=http://a",
        ),
    ],
)
def test_the_address_of_a_raw_request_is_its_target_at_its_host(
    target: str, host: str, url: str
) -> None:
    (item,) = raw_case(f"POST {target} HTTP/1.1\r\n{host}\r\n\r\n".encode(), "file").items
    assert (item.kind, item.url) == (StepKind.TOKEN, url)


def test_a_body_that_cannot_be_unpacked_is_none() -> None:
    head = (
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded"
    )
    for coding, body in (("gzip", b""), ("identity", b"grant_type=x")):
        data = f"{head}\r\nContent-Encoding: {coding}\r\n\r\ngrant_type=x".encode()
        case = raw_case(data, "file")
        assert case.items[0].request.body == body
        assert {judged.rule.id for judged in lint(case, today=TODAY).judged} == {
            rule.id for rule in RULES
        }


def test_what_is_planned_expects_no_answers() -> None:
    case = planned(HttpRequest(method="GET", url=ARTICLE_URL))
    assert {"AR04", "AR08", "AR18"} <= set(_found(case))
    assert _undecided(case) == set()


def test_steps_of_any_input_are_named_and_have_their_channel() -> None:
    login = "https://login.microsoftonline.com"
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    asked = [
        HttpRequest(method="GET", url=f"{login}/t/v2.0/.well-known/openid-configuration"),
        HttpRequest(method="GET", url=ARTICLE_URL),
        HttpRequest(method="GET", url="http://localhost/?code=c&state=12345"),
        HttpRequest(method="POST", url=f"{login}/t/oauth2/token", headers=form, body=b"code=c"),
    ]
    wanted = [
        ("metadata", "back"),
        ("authorize", "front"),
        ("redirect", "front"),
        ("token", "back"),
    ]
    steps = planned(*asked).evidence.steps
    assert [(each.name, each.channel) for each in steps] == wanted
    exchanges = [
        Exchange(request=each, response=HttpResponse(status=200), started_at=at, ended_at=at)
        for at, each in enumerate(asked)
    ]
    har = _foreign(_har(Recording(tuple(exchanges)), Level.NONE))
    assert [(each.name, each.channel) for each in _case(har).evidence.steps] == wanted
    for request, (name, channel) in zip(asked[:3], wanted, strict=False):
        (given,) = address_case(request.url).evidence.steps
        assert (given.number, given.name, given.channel) == (1, name, channel)


@pytest.mark.parametrize("note", ["accepted", "refused", "page", "ignored"])
@pytest.mark.parametrize("end", ["?code=c&state=12345", ""])
def test_what_came_to_the_listener_is_the_same_in_a_har_file(note: str, end: str) -> None:
    came = step(note, "GET", f"http://localhost/{end}", response=HttpResponse(status=200))
    recording = Recording((article().exchanges[0], replace(came, started_at=1_000_009.0)))
    kinds = [item.kind for item in case_of(recording).items]
    har = _har(recording, Level.NONE)
    assert [item.kind for item in _case(har).items] == kinds
    har["log"]["entries"][1]["_step"]["name"] = ["no", "name"]
    assert len(_case(har).evidence.steps) == 2


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://localhost/?code=c", "redirect"),
        ("http://localhost/?error=e", "redirect"),
        ("https://login.example/x?client_id=a", "authorize"),
        ("https://login.example/x?grant_type=a", "authorize"),
    ],
)
def test_an_address_of_no_known_kind_is_named_by_its_parameters(url: str, name: str) -> None:
    (given,) = address_case(url).evidence.steps
    assert (given.name, given.channel) == (name, "front")


def test_of_claims_in_a_har_file_only_texts_count() -> None:
    har = _har(article(), Level.SECRETS)
    odd = [{"name": 5, "verdict": "yes"}, {"name": "state-equal", "verdict": ["no"]}, 7, {}]
    for entry in har["log"]["entries"]:
        entry["_step"]["claims"] = [*odd, {"name": "code-equal", "verdict": "yes"}]
    claims = _case(har).evidence.claims
    assert {(each.name, each.verdict) for each in claims} == {("code-equal", "yes")}
    for entry in har["log"]["entries"]:
        entry["_step"]["claims"] = {"name": "code-equal", "verdict": "yes"}
    assert "RR01" in _undecided(_case(har))


@pytest.mark.parametrize("before", ["", "\ufeff", "\ufeff\r\n", " \t", "\n\n"])
def test_what_an_editor_puts_before_an_address_or_a_request_does_not_matter(
    before: str, tmp_path: Path
) -> None:
    for text in (ARTICLE_URL, f"GET {ARTICLE_URL} HTTP/1.1\r\nHost: x\r\n\r\n"):
        (tmp_path / "given").write_bytes(f"{before}{text}".encode())
        (item,) = named(str(tmp_path / "given")).items
        assert (item.kind, item.url) == (StepKind.AUTHORIZE, ARTICLE_URL)


@pytest.mark.parametrize(
    "data",
    [
        b"GET /oauth2/token HTTP/1.1\r\nHost: x\r\n",
        b"GET /oauth2/token HTTP/1.1",
        b"GET /oauth2/token\r\n\r\n",
        b"GET /oauth2/token HTTP/1.1 x\r\n\r\n",
        b"GET /oauth2/token FTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_whole_request_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="the file is neither a HAR file"):
        raw_case(data, "the file")


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("https://www.example.com/", UsageError),
        ("nowhere", LocalError),
        (str(Path(__file__)), UsageError),
        (str(Path(__file__).parent), UsageError),
    ],
)
def test_what_is_nothing_of_oauths_is_refused(word: str, error: type[EntraOAuthError]) -> None:
    with pytest.raises(error) as caught:
        named(word)
    assert caught.value.advice


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_or_refused(data: bytes) -> None:
    try:
        report = lint(raw_case(data, "file"), today=TODAY)
    except UsageError:
        return
    assert {judged.rule.id for judged in report.judged} == {rule.id for rule in RULES}


@given(st.text(max_size=200))
def test_any_address_is_judged_or_refused(text: str) -> None:
    try:
        report = lint(address_case(f"https://login.example/authorize?{text}"), today=TODAY)
    except UsageError:
        return
    assert all(judged.verdict.text.isprintable() for judged in report.judged)


def test_more_than_a_person_can_have_meant_is_refused() -> None:
    url = "https://login.example/authorize?client_id=x&response_type=code"
    with pytest.raises(UsageError, match="1,001 OAuth exchanges"):
        lint(planned(*[HttpRequest(method="GET", url=url)] * 1001), today=TODAY)
