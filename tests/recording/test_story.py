"""Who sent what to whom is told by host and path, whatever a step is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.sarif import sarif_of
from entra_oauth.audit.text import as_json, report_lines
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.message_stories import Actor, story_of
from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, encode_form
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.cover.cover_sheet import cover_rows
from entra_oauth.recording.cover.file_name import proposed_name
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.recognise import endpoint_of
from entra_oauth.recording.report.report_page import as_html
from entra_oauth.recording.report.report_text import as_curl, as_http, as_markdown, as_mermaid
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Evidence, Half, Level, steps_of
from entra_oauth.recording.story import (
    FORGERY,
    Cast,
    authority_remark,
    cast_of,
    step_story,
    title_of,
)
from kit import recordings as kit
from kit.audit.exchanges import at_entra, practised, step

AUTHORITIES = ["https://login.microsoftonline.com", "http://localhost:8400"]
APPS = ["http://localhost:51234/", "https://app.example/signin", "http://127.0.0.1:9/cb"]
TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"


def _exchange(
    method: str,
    url: str,
    *,
    form: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    event: Occurred | None = None,
    at: float = 0.0,
) -> Exchange:
    kind = (("Content-Type", FORM),) if form else ()
    return Exchange(
        event=FrontEvent(event) if event else None,
        request=HttpRequest(
            method=method, url=url, headers=(("Host", "x"), *kind, *headers), body=form.encode()
        ),
        response=HttpResponse(status=200, body=b"<p>"),
        started_at=at,
        ended_at=at + 0.5,
    )


def _sign_in(authority: str, app: str) -> Recording:
    """As a program's sign-in is seen at the authority: its pages are there too."""
    base = f"{authority}/{TENANT}"
    asked = encode_form((("client_id", "c"), ("response_type", "code"), ("redirect_uri", app)))
    page, back = Occurred.PAGE, f"{app}?code={'x' * 30}&state=s"
    made = [
        _exchange("GET", f"{base}/oauth2/v2.0/authorize?{asked}", event=Occurred.ASKED),
        _exchange("POST", f"{base}/login", form="login=ada&passwd=very-secret-word", event=page),
        _exchange("POST", f"{base}/mfa", form="otc=123456", event=page),
        _exchange("POST", f"{base}/consent", form="decision=yes", event=page),
        _exchange("GET", back, event=Occurred.ACCEPTED),
        _exchange("GET", f"{app.rstrip('/')}/done", event=page),
        _exchange("POST", f"{base}/oauth2/v2.0/token", form="grant_type=authorization_code"),
        _exchange("GET", f"{base}/discovery/v2.0/keys"),
        _exchange("GET", "https://graph.example/me", headers=(("Authorization", "Bearer abc"),)),
        _exchange("GET", f"{authority}/common/discovery/instance"),
    ]
    return Recording(tuple(_at(each, number) for number, each in enumerate(made)))


def _at(exchange: Exchange, number: int) -> Exchange:
    return replace(exchange, started_at=float(number), ended_at=number + 0.5)


WAYS = [
    (Actor.BROWSER, Actor.AUTHORITY, "Ask for a code"),
    (Actor.BROWSER, Actor.AUTHORITY, "The person's password goes to the authority"),
    (Actor.BROWSER, Actor.AUTHORITY, "A code that the person types"),
    (Actor.BROWSER, Actor.AUTHORITY, "A page of the authority"),
    (Actor.BROWSER, Actor.PROGRAM, "The code comes back"),
    (Actor.BROWSER, Actor.PROGRAM, "The last page"),
    (Actor.PROGRAM, Actor.AUTHORITY, "Redeem the code"),
    (Actor.PROGRAM, Actor.AUTHORITY, "Fetch the authority's keys"),
    (Actor.PROGRAM, Actor.API, "Use the token"),
    (Actor.PROGRAM, Actor.AUTHORITY, "Another request"),
]


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("app", APPS)
def test_each_message_has_its_true_sender_and_receiver(authority: str, app: str) -> None:
    steps = steps_of(_sign_in(authority, app))
    cast = cast_of(steps)
    told = [step_story(step, cast) for step in steps]
    assert [(each.sender, each.receiver, each.title) for each in told] == WAYS


def _evidence() -> Evidence:
    made = _sign_in(AUTHORITIES[1], APPS[0])
    return evidence_of(made, level=Level.SECRETS, created_at=1.0)


def test_every_export_says_the_same() -> None:
    evidence = _evidence()
    pairs = [(sender.value, receiver.value) for sender, receiver, _ in WAYS]
    page = as_html(evidence)
    assert re.findall(r'class="way">(\w+) → (\w+) ·', page) == pairs
    assert re.findall(r'quiet small">(\w+) to (\w+), ', page) == pairs
    drawn = [line.strip().partition(":")[0] for line in as_mermaid(evidence).splitlines()]
    arrows = [tuple(line.split("->>")) for line in drawn if "->>" in line and "-->>" not in line]
    assert arrows[1:] == [(sender.name, receiver.name) for sender, receiver, _ in WAYS]
    assert re.findall(r"(?m)^(\w+) to (\w+): ", as_markdown(evidence)) == pairs
    for text in (as_http(evidence), as_curl(evidence)):
        assert re.findall(r"(?m)^#+ \d+ .* \((\w+) to (\w+)\)$", text) == pairs


def test_no_export_says_that_the_password_was_brought_to_the_program() -> None:
    evidence = _evidence()
    script = as_curl(evidence).split("\n\n")
    (step,) = [part for part in script if "password goes to the authority" in part]
    assert "The browser sent this to the authority" in step
    assert "curl" not in step
    assert "the person signs in there: not recorded" not in as_html(evidence)


def test_what_a_pages_script_sends_is_the_browsers() -> None:
    marks = (("Sec-Fetch-Mode", "cors"), ("Origin", "https://app.example"))
    url = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    sent = _exchange("POST", url, form="grant_type=authorization_code", headers=marks)
    (step,) = steps_of(Recording((sent,)))
    told = step_story(step, cast_of((step,)))
    assert (told.sender, told.receiver) == (Actor.BROWSER, Actor.AUTHORITY)


PRACTICE = "PRACTICE: recorded at entra-oauth's practice tenant, not at Microsoft Entra ID."
MACHINE = "PRACTICE: recorded at an authority on this machine, not at Microsoft Entra ID."
OTHER = "NOT ENTRA: the authority was id.example, and not Microsoft Entra ID."


def _answered(recording: Recording, server: str) -> Recording:
    marked = HttpResponse(status=200, headers=(("x-ms-ests-server", server),), body=b"<p>")
    return Recording(tuple(replace(each, response=marked) for each in recording.exchanges))


@pytest.mark.parametrize(
    ("recording", "remark", "title"),
    [
        (_sign_in(AUTHORITIES[0], APPS[0]), "", "A sign-in with Entra ID"),
        (
            _answered(_sign_in(AUTHORITIES[0], APPS[0]), "2.1.1 - EUS"),
            "",
            "A sign-in with Entra ID",
        ),
        (
            _answered(_sign_in(AUTHORITIES[0], APPS[0]), "2.1.0.0 - PRACTICE"),
            PRACTICE,
            "A sign-in for practice",
        ),
        (_sign_in(AUTHORITIES[1], APPS[0]), MACHINE, "A sign-in for practice"),
        (_sign_in("https://id.example", APPS[0]), OTHER, "A sign-in that is not Entra's"),
        (Recording(()), "", "A sign-in with Entra ID"),
    ],
)
def test_an_authority_that_is_not_entra_is_said_to_be_none(
    recording: Recording, remark: str, title: str
) -> None:
    evidence = evidence_of(recording, level=Level.PII, created_at=1.0)
    assert authority_remark(evidence.steps) == remark
    assert title_of(evidence) == title
    assert evidence.facts == ({"authority": remark} if remark else {})


def test_what_the_practice_tenant_answers_is_known_by_its_header() -> None:
    made = practised(Procedure.HARDENED)
    assert authority_remark(steps_of(made)) == PRACTICE
    elsewhere = at_entra(made)
    assert authority_remark(steps_of(elsewhere)) == PRACTICE


@pytest.mark.parametrize("form", [as_html, as_markdown, as_mermaid, as_curl, as_http, har_text])
def test_practice_is_written_over_every_export(form: Callable[[Evidence], str]) -> None:
    # A page's style sheet has the words for paper, whatever the page is about.
    said = re.sub(r"(?s)<style>.*</style>", "", form(_evidence()))
    assert said.count("PRACTICE") == 1 + (form is as_html) + 2 * (form is as_markdown)
    real = evidence_of(_sign_in(AUTHORITIES[0], APPS[0]), level=Level.SECRETS, created_at=1.0)
    assert "PRACTICE" not in re.sub(r"(?s)<style>.*</style>", "", form(real))
    assert 'class="practice"' not in form(real)


@pytest.mark.parametrize("form", [as_html, as_markdown, as_mermaid, as_curl, as_http, har_text])
@pytest.mark.parametrize("number", [2, 4])
def test_it_is_written_over_one_step_alone_too(
    form: Callable[[Evidence], str], number: int
) -> None:
    made = at_entra(practised(Procedure.HARDENED))
    whole = evidence_of(made, level=Level.SECRETS, created_at=1.0)
    whole = replace(whole, steps=tuple(replace(s, response=Half()) for s in whole.steps))
    assert authority_remark(whole.steps) == ""
    step = whole.step(number)
    assert step is not None
    alone = replace(whole, steps=(step,))
    assert PRACTICE in form(alone).replace("&#x27;", "'").replace("\\-", "-")
    assert "with Entra ID" not in form(alone)


NAMES = [
    ("rec", PRACTICE, "html", "rec-practice.html"),
    ("my-Practice-1", PRACTICE, "har", "my-Practice-1.har"),
    ("rec", MACHINE, "markdown", "rec-practice.md"),
    ("rec", OTHER, "curl", "rec-not-entra.sh"),
    ("rec", "", "html", "rec.html"),
    ("a b\x1b[31m/..", "", "http", "a-b-31m.http"),
    ("..", PRACTICE, "mermaid", "recording-practice.mmd"),
]


@pytest.mark.parametrize(("folder", "remark", "form", "name"), NAMES)
def test_the_name_that_is_proposed_says_where_it_was_recorded(
    folder: str, remark: str, form: str, name: str
) -> None:
    evidence = replace(kit.evidence(), facts={"authority": remark})
    assert proposed_name(folder, evidence, form) == name


def test_the_sheet_says_that_it_is_no_guard_against_forgery() -> None:
    evidence = replace(kit.evidence(), facts={"authority": OTHER})
    assert dict(cover_rows(evidence))["Authority"] == f"{OTHER} {FORGERY}"


def test_the_linter_says_so_too() -> None:
    report = lint(case_of(_sign_in(AUTHORITIES[1], APPS[0])), today=date(2026, 11, 25))
    assert (0, MACHINE) in list(report_lines(report))
    assert as_json(report, "rec")["authority"] == MACHINE
    for full in (False, True):
        (run,) = sarif_of(report, "rec", full=full)["runs"]
        assert run["properties"] == {"authority": MACHINE}


def test_a_workspace_that_is_asked_where_its_authority_is_is_none() -> None:
    workspace = "https://adb-1.7.azuredatabricks.net"
    practices = HttpResponse(status=404, headers=(("x-ms-ests-server", "2.1 - PRACTICE"),))
    first = [
        step("lookup", "GET", f"{workspace}/oidc/oauth2/v2.0/authorize"),
        step("config", "GET", f"{workspace}/.well-known/databricks-config", response=practices),
    ]
    steps = steps_of(Recording((*first, *practised(Procedure.HARDENED).exchanges)))
    cast = cast_of(steps)
    assert cast.at(f"{workspace}/x") is None
    told = {s.url: step_story(s, cast) for s in steps}
    assert {told[e.request.url].receiver for e in first} == {Actor.API}


@pytest.mark.parametrize(
    ("url", "actor"),
    [
        ("http://localhost:1/x", Actor.PROGRAM),
        ("http://127.0.0.1/x", Actor.PROGRAM),
        ("https://app.example/x", Actor.PROGRAM),
        ("https://APP.example/x", Actor.PROGRAM),
        ("http://localhost:8400/x", Actor.AUTHORITY),
        ("https://other.example/x", None),
    ],
)
def test_whose_an_address_is_is_told_by_its_origin(url: str, actor: Actor | None) -> None:
    cast = Cast(frozenset({"http://localhost:8400"}), frozenset({"https://app.example"}))
    assert cast.at(url) is actor


PARTS = "client_id=c&response_type=code"


@pytest.mark.parametrize(
    ("url", "server", "is_one"),
    [
        ("https://id.example/x", "", False),
        ("https://id.example/x", "2.1 - EUS", True),
        ("https://adb-1.7.azuredatabricks.net/x", "2.1 - PRACTICE", False),
        ("https://login.microsoftonline.com/x", "", True),
        ("https://id.example/oauth2/token", "", True),
        ("https://id.example/oauth2/authorize", "", False),
        ("https://id.example/oauth2/authorize?client_id=c", "", True),
        (f"https://id.example/x?{PARTS}", "", True),
        ("https://id.example/x?client_id=c", "", False),
    ],
)
def test_an_authority_is_known_by_its_endpoint_its_host_or_its_servers_name(
    url: str, server: str, is_one: bool
) -> None:
    answer = HttpResponse(status=200, headers=(("x-ms-ests-server", server),) if server else ())
    steps = steps_of(Recording((step("x", "GET", url, response=answer),)))
    assert (cast_of(steps).at(url) is Actor.AUTHORITY) is is_one


def test_the_code_of_a_device_is_not_called_a_second_step() -> None:
    parameters = ("ctx", "otc")
    title = story_of(MessageKind.AUTHORITY_PAGE, parameters).title
    assert title == "A code that the person types"


ENTRAS = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
WORKSPACE = "https://adb-1.7.azuredatabricks.net/oidc"
EXCHANGE = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=x"


@pytest.mark.parametrize(
    ("url", "form", "remark"),
    [
        (f"{WORKSPACE}/v1/token", EXCHANGE, ""),
        ("https://id.example/oidc/v1/token", EXCHANGE, OTHER),
        (f"{WORKSPACE}/v1/token", "grant_type=authorization_code&code=x", OTHER),
    ],
)
def test_an_exchange_at_a_workspace_does_not_make_its_authority_another(
    url: str, form: str, remark: str
) -> None:
    asked = _exchange("GET", f"{WORKSPACE}/.well-known/oauth-authorization-server")
    entra = _exchange("POST", ENTRAS, form="grant_type=client_credentials")
    steps = steps_of(Recording((entra, asked, _exchange("POST", url, form=form))))
    told = authority_remark(steps)
    assert told == remark.replace("id.example", url.split("/")[2])
    kinds = [step_story(step, cast_of(steps)).title for step in steps]
    assert ("Exchange a token" in kinds[2]) is ("exchange" in form)


@pytest.mark.parametrize(("length", "shown"), [(100, ""), (101, "\u2026")])
def test_of_a_very_long_host_so_much_is_named(length: int, shown: str) -> None:
    host = ".".join(["x" * 49, "y" * 40, "z" * (length - 91)])
    assert len(host) == length
    steps = steps_of(Recording((_exchange("POST", f"https://{host}/oauth2/token", form="a=b"),)))
    assert authority_remark(steps) == OTHER.replace("id.example", f"{host[:100]}{shown}")


IMDS = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x"
SERVICE = "http://127.0.0.1:41741/MSI/token/?api-version=2019-08-01&resource=x"


@pytest.mark.parametrize(
    ("url", "header"),
    [(IMDS, ("Metadata", "true")), (SERVICE, ("X-IDENTITY-HEADER", "a-header-of-the-app"))],
)
def test_the_service_of_a_managed_identity_is_told_as_what_it_is(
    url: str, header: tuple[str, str]
) -> None:
    asked = _exchange("GET", url, headers=(header,))
    other = _exchange("GET", f"{url.partition('/metadata')[0].partition('/MSI')[0]}/other")
    evidence = Evidence(steps=steps_of(Recording((asked, other))), created_at=0.0, level=Level.NONE)
    cast = cast_of(evidence.steps)
    assert cast.authorities == frozenset()
    first, second = (step_story(each, cast) for each in evidence.steps)
    assert first == story_of(MessageKind.IDENTITY_REQUEST)
    assert second == story_of(MessageKind.OTHER)
    assert evidence.steps[0].name == "managed-identity"
    assert authority_remark(evidence.steps) == ""
    alone = replace(evidence, steps=evidence.steps[:1])
    assert title_of(alone) == "A managed identity's token"
    assert [
        each.rule.id
        for each in lint(case_of(Recording((asked,))), today=date(2026, 1, 1)).failures()
    ] == []


def test_a_token_endpoint_is_one_still() -> None:
    for path in ("/organizations/oauth2/v2.0/token", f"/{TENANT}/oauth2/token"):
        assert endpoint_of(path) == "token"
