"""Every rule: a recording that trips it, and the same without the one thing that does.

The base is a sign-in that was really made on the practice tenant; for some rules it is
another exchange, whose twin stands beside it.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import pytest

from entra_oauth.audit import Case, case_of, case_of_evidence, lint
from entra_oauth.audit.classify import items_of
from entra_oauth.audit.rules.all_rules import BY_ID, NOT_JUDGED, RULES
from entra_oauth.audit.rules.rule import Rule
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID, DATABRICKS
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM, HttpResponse
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, steps_of
from kit.audit.changes import (
    Change,
    answer,
    answer_header,
    answer_status,
    chain,
    claims,
    form,
    header,
    moved,
    query,
    redirect,
    timed,
    twice,
)
from kit.audit.exchanges import SCOPE, at_entra, practised, step
from kit.audit.more_exchanges import BASES, EXTRA

LONG = "a" * 60
TODAY = date(2026, 11, 25)
ALICE_OID = "0a11ce00-0000-4000-8000-000000000001"
E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


def _secret(name: str = "x") -> str:
    return b64encode(f"{name}:secret".encode()).decode()


def _more(*notes: str) -> Change:
    """A second time what was noted so, a second later."""

    def done(recording: Recording) -> Recording:
        again = [e for e in recording.exchanges if e.note.startswith(notes)]
        late = [replace(e, started_at=e.started_at + 9, ended_at=e.ended_at + 9) for e in again]
        return Recording((*recording.exchanges, *late))

    return done


def _with(*exchanges: Exchange) -> Change:
    def done(recording: Recording) -> Recording:
        end = max(e.ended_at for e in recording.exchanges)
        late = [replace(e, started_at=end + 1, ended_at=end + 1) for e in exchanges]
        return Recording((*recording.exchanges, *late))

    return done


def _elsewhere(url: str) -> str:
    return f"https://login.evil.example/{url.split('/', 3)[3]}"


def _first_value(name: str) -> str:
    items = items_of(steps_of(practised(Procedure.HARDENED)))
    return next(v for i in items for n, v in i.fields if n == name)


def _by_query(**fields: str) -> Change:
    """The answer by GET, in the address."""
    text = "&".join(f"{n}={v}" for n, v in fields.items())
    return chain(
        query(response_mode="query"),
        moved("accepted", lambda url: f"{url}?{text}", method="GET"),
        form("accepted", code=None, state=None, session_state=None),
        header("accepted", "content-type", None),
    )


def _as_it_is(recording: Recording) -> Recording:
    return recording


def _at_two_authorities() -> tuple[Exchange, ...]:
    """Two attempts of a web app with one redirect URI, and the answer to the first."""
    back = "https://app.example/cb"
    asked = f"client_id=x&response_type=code&redirect_uri={back}&state="
    return (
        step("authorize", "GET", f"https://one.example/authorize?{asked}{LONG}1"),
        step("accepted", "GET", f"{back}?code={LONG}&state={LONG}1"),
        step("authorize", "GET", f"https://other.example/authorize?{asked}{LONG}2"),
    )


def _metadata_of_another() -> Exchange:
    """An API that says it is another one (RFC 9728)."""
    url = "https://weather.example/.well-known/oauth-protected-resource"
    answered = HttpResponse(status=200, body=b'{"resource":"https://mail.example"}')
    return step("metadata of the API", "GET", url, response=answered)


@dataclass(frozen=True)
class Trip:
    """A change that trips a rule, and how bad that is."""

    rule: str
    change: Change
    severity: Severity
    base: str = "hardened"


TRIPS = [
    Trip(
        "AR01",
        moved("authorize", lambda u: u.replace("http://localhost", "http://login.example")),
        E,
    ),
    Trip("AR01", moved("authorize", lambda u: u), N, "hardened over http"),
    Trip("AR02", query(response_type="code token"), W),
    Trip("AR02", query(response_type=None), E),
    Trip("AR03", query(response_type="code id_token"), N),
    Trip("AR04", query(code_challenge=None), E),
    Trip("AR05", query(code_challenge_method=None), E),
    Trip("AR05", query(code_challenge_method="plain"), E),
    Trip("AR06", query(code_challenge=LONG), E),
    Trip("AR07", query(state=None, nonce=None, code_challenge=None), E),
    Trip("AR07", query(state=None), W),
    Trip("AR08", query(state="12345"), E),
    Trip("AR08", query(state="Ab3dEfGhIjKlMnOp"), W),
    Trip("AR09", _more("authorize"), E),
    Trip("AR10", query(state="eyJyZXR1cm5UbyI6Ii9hZG1pbiJ9"), W),
    Trip("AR10", query(state="https://app.example/back"), W),
    Trip("AR11", query(nonce=None), W),
    Trip("AR12", query(nonce="1234567890"), W),
    Trip("AR12", query(nonce=_first_value("state")), W),
    Trip("AR13", _more("authorize"), E),
    Trip("AR14", query(redirect_uri="http://localhost/#x"), E),
    Trip("AR14", query(redirect_uri=None), E),
    Trip("AR14", query(redirect_uri="/cb"), E),
    Trip("AR15", query(redirect_uri="http://app.example/cb"), E),
    Trip("AR16", query(), N, "at 127.0.0.1, then by name"),
    Trip("AR17", query(redirect_uri="myapp:/cb"), W),
    Trip("AR17", query(redirect_uri="urn:ietf:wg:oauth:2.0:oob"), W),
    Trip("AR18", query(response_mode="query", code_challenge=None), W),
    Trip("AR18", query(response_mode="query"), N),
    Trip("AR18", query(response_mode=None), N),
    Trip("AR19", query(response_mode="fragment"), E),
    Trip("AR20", query(client_secret="s3cret"), E),
    Trip("AR21", twice("authorize", "scope", body=False), E),
    Trip("AR22", query(scope="https://graph.microsoft.com/.default api://x/.default"), W),
    Trip("AR22", query(scope=""), W),
    Trip("AR22", query(scope="https://graph.microsoft.com/.default User.Read"), W),
    Trip("AR23", answer(refresh_token=...), N),
    Trip("AR24", moved("authorize", lambda u: u.replace(u.split("/")[3], "common")), N),
    Trip("AR25", query(login_hint="ada@contoso.com"), N),
    Trip("AR26", query(scope="https://graph.microsoft.us/.default"), E, "an address at Entra"),
    Trip("AR27", moved("authorize", lambda u: f"{u}&x=a\x1b[2J"), E),
    Trip("AR27", moved("authorize", lambda u: f"{u}#x"), E),
    Trip("AR27", query(x="a\r\nb"), E),
    Trip("AR29", _with(*_at_two_authorities()), W),
    Trip("AR28", query(resource="https://mcp.example/mcp", scope="api://x/read"), W),
    # ---- the redirect
    Trip("RR01", redirect(state=LONG), E),
    Trip("RR01", redirect(state=None), E),
    Trip("RR02", redirect(error="access_denied"), E),
    Trip("RR02", redirect(code=None), E),
    Trip("RR03", twice("accepted", "code", body=True), E),
    Trip("RR04", redirect(iss="https://login.evil.example"), E, "with an issuer"),
    Trip("RR05", redirect(access_token=LONG), W),
    Trip("RR05", redirect(id_token=LONG), W),
    Trip("RR06", moved("accepted", lambda u: f"{u}other"), E),
    Trip("RR06", query(redirect_uri="http://localhost:1/"), E),
    Trip("RR07", moved("accepted", lambda u: "http://app.example/"), E),
    Trip("RR08", query(response_mode="query"), W),
    Trip("RR09", answer_header("accepted", "Cache-Control", "private"), W),
    Trip("RR09", answer_header("accepted", "Content-Security-Policy", None), W),
    Trip("RR10", answer_status("accepted", 200, f"<p>{_first_value('state')}".encode()), W),
    Trip("RR10", answer_status("accepted", 200, b"<script>x</script>"), W),
    Trip("RR10", answer_status("accepted", 200, b'<img src="https://cdn.example/x.png">'), W),
    Trip(
        "RR11",
        chain(
            redirect(next="https://evil.example/"),
            answer_header("accepted", "Location", "https://evil.example/"),
        ),
        E,
    ),
    Trip("RR12", answer_status("accepted", 200, b"<p>Done"), W, "in the address"),
    Trip("RR13", header("page", "Referer", "http://localhost/?code=abc&state=x"), E, "a browser's"),
    Trip("RR14", answer_status("page, sign-in", 307), E, "a browser's"),
    Trip("RR15", redirect(code=None, error="oops"), W, "refused"),
    Trip("RR15", redirect(error_description="\x1b[2J"), W, "refused"),
    Trip("RR16", timed("token", 900), W),
    Trip("RR16", timed("token", 100), N),
    Trip("RR17", redirect(code="12345678"), W),
    Trip("RR18", _more("accepted"), E),
    Trip("RR19", _with(step("refused", "GET", "http://localhost/?code=x&state=wrong")), N),
    # ---- the token request
    Trip("TR01", moved("token", lambda u: u, method="GET"), E),
    Trip(
        "TR01", moved("token", lambda u: u.replace("http://localhost", "http://login.example")), E
    ),
    Trip("TR02", header("token", "Content-Type", "application/json"), E),
    Trip("TR02", header("token", "Content-Type", f"{FORM}; charset=latin1"), E),
    Trip("TR03", moved("token", lambda u: f"{u}?client_secret=s3cret"), E),
    Trip("TR04", twice("token", "code", body=True), E),
    Trip("TR05", form(code=LONG), E),
    Trip("TR06", form(redirect_uri="http://localhost/"), E),
    Trip("TR07", form(code_verifier=None), E),
    Trip("TR07", query(code_challenge=None, code_challenge_method=None), E),
    Trip("TR08", form(code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), E),
    Trip("TR09", form(code_verifier="short"), E),
    Trip("TR09", form(code_verifier="a b" * 20), E),
    Trip("TR09", form(code_verifier="ab" * 30), W),
    Trip("TR10", _more("token"), E),
    Trip("TR11", form(client_id="12a34b56-0000-0d12-e3fa-b456789c0123"), E),
    Trip("TR11", form(client_id=None), E),
    Trip(
        "TR12",
        chain(form(client_secret="s"), header("token", "Authorization", f"Basic {_secret()}")),
        E,
    ),
    Trip("TR13", header("token", "Authorization", f"Basic {_secret()}"), E),
    Trip("TR13", header("token", "Cookie", "fpc=abc"), E),
    Trip("TR14", form(client_secret="s3cret"), W),
    Trip("TR14", form(client_secret="s3cret"), N, "an app with an assertion"),
    Trip(
        "TR15",
        header("token", "Authorization", f"Basic {b64encode(b'x:a+b').decode()}"),
        W,
        "with Basic",
    ),
    Trip("TR16", form(grant_type="password"), E),
    Trip("TR17", form(grant_type="implicit"), E),
    Trip("TR17", form(grant_type="client_credentials"), E),
    Trip("TR18", form(state="x"), N),
    Trip("TR19", header("token", "Origin", "http://localhost"), N),
    Trip("TR20", _as_it_is, W, "an assertion with HS256"),
    Trip("TR20", _as_it_is, W, "an assertion for a day"),
    Trip("TR20", _as_it_is, W, "an assertion for elsewhere"),
    Trip("TR21", moved("token", _elsewhere), E),
    Trip("TR22", form("token", client_id="another"), E, "refreshed"),
    Trip("TR22", form("token", scope=f"{DATABRICKS}/more"), E, "refreshed"),
    Trip(
        "TR23",
        chain(
            answer_status("token", 307, b"", ("Location", "https://other.example/token")),
            _with(step("token", "POST", "https://other.example/token")),
        ),
        E,
    ),
    Trip("TR24", _as_it_is, W, "over an old TLS"),
    Trip("TR26", header("token", "x-client-SKU", "MSAL.Python"), N),
    Trip("TR27", form("token", resource="https://mcp.example/mcp", scope="api://x/read"), W),
    Trip("TR28", answer_status("token", 400, b'{"error":"e","error_codes":[54005]}'), W),
    Trip("TR29", moved("token", _elsewhere), E, "an app with an assertion"),
    Trip("TR30", form("token", subject_token_type=None), E, "an exchange"),
    Trip("TR30", form("token", subject_token=None), E, "an exchange"),
    Trip("TR30", form("token", assertion="eyJ"), E, "an exchange"),
    # ---- the token answer
    Trip("TS01", answer_header("token", "Content-Type", "text/html"), E),
    Trip("TS01", answer_status("token", 400), E),
    Trip("TS02", answer_header("token", "Cache-Control", "private"), E),
    Trip("TS02", answer_header("token", "Pragma", None), N),
    Trip("TS03", answer(access_token=None), E),
    Trip("TS03", answer(token_type=...), E),
    Trip("TS04", answer(token_type="mac"), E),
    Trip("TS05", answer(expires_in=...), W),
    Trip("TS05", answer(expires_in="never"), W),
    Trip("TS05", answer(expires_in=0), W),
    Trip("TS05", answer(expires_in=100_000), W),
    Trip("TS05", answer(expires_in=100_000, refresh_in=50_000), N),
    Trip("TS05", answer(expires_in=7200), N),
    Trip("TS06", answer(scope="openid profile"), W),
    Trip("TS06", answer(scope=f"{DATABRICKS}/x https://graph.microsoft.com/Mail.Send"), E),
    Trip("TS07", chain(query(scope=SCOPE), form(scope=None)), W),
    Trip("TS08", answer("token", refresh_token=...), N, "refreshed"),
    Trip("TS09", answer(error="invalid_grant"), E),
    Trip("TS09", answer_status("token", 400, b"{}"), E),
    Trip("TS10", answer_header("token", "WWW-Authenticate", None), W, "with Basic refused"),
    Trip("TS11", answer_status("token", 200, b'{"access_token":"a","access_token":"b"}'), E),
    Trip("TS12", answer_header("token", "Access-Control-Allow-Origin", "*"), N),
    Trip("TS13", answer_header("token", "Set-Cookie", "fpc=abc; path=/"), N),
    Trip("TS14", _as_it_is, W, "two with one token"),
    # ---- the ID token
    Trip("ID01", claims("id_token", {"alg": "none"}), E),
    Trip("ID01", claims("id_token", {"alg": "HS256"}), E),
    Trip("ID01", claims("id_token", {"jwk": {}}), E),
    Trip("ID01", answer(id_token="no.token"), E),
    Trip("ID02", claims("id_token", name="Mallory"), E),
    Trip("ID03", claims("id_token", iss="https://login.evil.example/v2.0"), E),
    Trip("ID03", claims("id_token", tid=...), E),
    Trip("ID04", claims("id_token", aud="another"), E),
    Trip("ID04", claims("id_token", azp="another"), E),
    Trip("ID05", claims("id_token", exp=1), E),
    Trip("ID05", claims("id_token", iat=1), W),
    Trip("ID06", claims("id_token", nonce=LONG), E),
    Trip("ID06", claims("id_token", nonce=...), E),
    Trip("ID07", claims("id_token", at_hash="wrong"), E),
    Trip("ID08", answer(id_token=...), E),
    Trip("ID09", claims("id_token", sub="another-subject"), E, "refreshed"),
    # ---- the access token and the API
    Trip("AT01", claims("access_token", aud="https://graph.microsoft.com"), W),
    Trip("AT02", claims("access_token", exp=9_999_999_999), W),
    Trip("AT03", claims("access_token", {"alg": "none"}), W),
    Trip("AT03", claims("access_token", scp="user_impersonation more"), W, "by single permissions"),
    Trip("RS01", moved("list", lambda u: f"{u}?access_token=abc"), E),
    Trip("RS02", moved("list", lambda u: "http://adb-1.azuredatabricks.net/api"), E),
    Trip("RS03", moved("list", lambda u: "https://evil.example/api"), E),
    Trip("RS04", _as_it_is, E, "sent on"),
    Trip("RS05", _as_it_is, E, "shown a refresh token"),
    Trip("RS06", answer_header("list", "WWW-Authenticate", None), W, "refused by the API"),
    Trip("RS07", _with(_metadata_of_another()), W),
    # ---- the device flow
    Trip("DV01", timed("token", -4), E, "by device"),
    Trip("DV02", timed("token", 5000), W, "by device"),
    Trip("DV03", answer("devicecode", verification_uri="https://evil.example/"), W, "by device"),
    Trip(
        "DV03",
        answer("devicecode", verification_uri="http://microsoft.com/devicelogin"),
        W,
        "by device",
    ),
    Trip("DV03", answer("devicecode", expires_in=86_400), W, "by device"),
    Trip("DV04", answer("devicecode", user_code="123"), W, "by device"),
    Trip("DV04", answer("devicecode", device_code="short"), W, "by device"),
    Trip("DV05", _as_it_is, N, "by device beside a browser"),
    Trip("HR03", lambda r: Recording(tuple(e for e in r.exchanges if e.note != "authorize")), N),
]
"""Each changes one thing; or nothing, where the base has a bad twin of its own."""


@cache
def _base(name: str) -> tuple[Recording, Recording]:
    return BASES[name]()


@cache
def _bad(trip: Trip) -> Recording:
    return trip.change(_base(trip.base)[1])


def _kinds(recording: Recording, rule: str) -> list[tuple[VerdictKind, Severity]]:
    report = lint(case_of(recording), today=TODAY, rules=[BY_ID[rule]])
    return [(judged.verdict.kind, judged.severity) for judged in report.judged]


def _name(trip: Trip) -> str:
    return f"{trip.rule} {trip.severity.value} {trip.base}"


@pytest.mark.parametrize("trip", TRIPS, ids=_name)
def test_a_rule_is_broken_by_one_thing_and_holds_without_it(trip: Trip) -> None:
    good, bad = _base(trip.base)[0], _bad(trip)
    assert VerdictKind.FAIL not in [
        o for o, s in _kinds(good, trip.rule) if (s is trip.severity or s is not Severity.NOTE)
    ]
    assert (VerdictKind.FAIL, trip.severity) in _kinds(bad, trip.rule)


def test_every_rule_is_tripped_by_some_recording() -> None:
    tripped = {trip.rule for trip in TRIPS} | set(EXTRA)
    assert {rule.id for rule in RULES} - tripped == set()


def test_each_id_stands_once_and_none_of_those_that_are_not_judged() -> None:
    assert len(BY_ID) == len(RULES)
    assert not set(NOT_JUDGED) & set(BY_ID)


def _part(value: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _carrying(audience: str) -> Change:
    """The API is shown a token of this audience."""
    body = _part({"aud": audience, "iss": "https://login.microsoftonline.com/x/v2.0"})
    return header("list", "Authorization", f"Bearer {_part({'alg': 'RS256'})}.{body}.c2ln")


CLIENT, TENANT = ARTICLE_CLIENT_ID.upper(), ARTICLE_TENANT_ID.upper()
CAPITALS = [
    ("TR11", form(client_id=CLIENT), "hardened"),
    ("TR13", header("token", "Authorization", f"Basic {_secret(CLIENT)}"), "hardened"),
    ("TR22", form("token", client_id=CLIENT), "refreshed"),
    ("ID04", claims("id_token", aud=CLIENT), "hardened"),
    ("ID04", claims("id_token", azp=CLIENT), "hardened"),
    ("ID09", claims("id_token", tid=TENANT), "refreshed"),
    ("ID09", claims("id_token", oid=ALICE_OID.upper()), "refreshed"),
    ("AT01", claims("access_token", aud=DATABRICKS.upper()), "hardened"),
    ("RS03", _carrying(DATABRICKS.upper()), "hardened"),
]


@pytest.mark.parametrize(("rule", "change", "base"), CAPITALS)
def test_an_id_in_capitals_is_the_same_id(rule: str, change: Change, base: str) -> None:
    recording = change(BASES[base]()[0])
    kinds = [kind for kind, _ in _kinds(recording, rule)]
    assert kinds
    assert VerdictKind.FAIL not in kinds
    for level in (Level.SECRETS, Level.PII):
        clean = case_of_evidence(evidence_of(recording, level=level, created_at=1.0))
        assert not lint(clean, today=TODAY, rules=[BY_ID[rule]]).failures()


def test_a_known_api_is_known_in_capitals_too() -> None:
    asked = at_entra(practised(Procedure.HARDENED))
    away = moved("list", lambda u: "https://evil.example/api")
    for audience in (DATABRICKS, DATABRICKS.upper()):
        recording = chain(_carrying(audience), away)(asked)
        assert (VerdictKind.FAIL, E) in _kinds(recording, "RS03")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_whole_page_in_the_manual(rule: Rule) -> None:
    manual = rule.manual
    assert all((manual.title, manual.why, manual.mend, manual.before, manual.after, rule.source))


@pytest.mark.parametrize("trip", TRIPS, ids=_name)
def test_redaction_changes_no_verdict_but_to_undecidable(trip: Trip) -> None:
    _expect_only_doubt(_bad(trip))


@pytest.mark.parametrize("base", sorted({trip.base for trip in TRIPS}))
def test_redaction_changes_no_verdict_on_what_is_right(base: str) -> None:
    _expect_only_doubt(_base(base)[0])


def _expect_only_doubt(recording: Recording) -> None:
    plain = _all(case_of(recording))
    for level in (Level.SECRETS, Level.PII):
        clean = _all(case_of_evidence(evidence_of(recording, level=level, created_at=1.0)))
        assert clean
        for place, kind in clean.items():
            assert kind in (plain[place], VerdictKind.UNDECIDABLE), (level, place)


def _all(case: Case) -> dict[tuple[str, int | None], VerdictKind]:
    """The worst verdict for each rule and step; what says something of the file is left out."""
    order = (
        VerdictKind.FAIL,
        VerdictKind.UNDECIDABLE,
        VerdictKind.PASS,
        VerdictKind.NOT_APPLICABLE,
    )
    found: dict[tuple[str, int | None], VerdictKind] = {}
    for judged in lint(case, today=TODAY).judged:
        place = (judged.rule.id, judged.verdict.step)
        if judged.rule.id.startswith("HR01"):
            continue
        before = found.get(place, VerdictKind.NOT_APPLICABLE)
        found[place] = min(before, judged.verdict.kind, key=order.index)
    return found
