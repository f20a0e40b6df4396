"""Rules on a sign-in whose authorize request says its parameters elsewhere."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from entra_oauth.audit import case_of, lint
from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import StepKind
from entra_oauth.audit.policy import Policy
from entra_oauth.audit.rules.all_rules import RULES
from entra_oauth.audit.verdict import VerdictKind
from entra_oauth.protocol.messages import FORM, encode_form
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.findings import Severity
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit.audit.exchanges import json_answer, step
from kit.audit.judged import AT, CLIENT, ENDPOINTS, authorize, case, jwt, redirect, token, words

URI = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
VERIFIER = urlsafe_b64encode(sha256(b"verifier").digest()).decode().rstrip("=")
STATE = urlsafe_b64encode(sha256(b"state").digest()).decode().rstrip("=")
CODE = "0.ASkAIj-" + "x" * 60
ASKED = {
    "client_id": CLIENT,
    "response_type": "code",
    "redirect_uri": "http://localhost",
    "scope": "https://graph.microsoft.com/.default",
    "state": STATE,
    "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}
PUSH = step(
    "pushed",
    "POST",
    f"{ENDPOINTS}/par",
    headers=(("Content-Type", FORM),),
    body=encode_form(tuple(ASKED.items())).encode(),
    response=json_answer({"request_uri": URI, "expires_in": 60}, 201),
    at=AT - 30,
)
REDEEMED = token(
    {"access_token": "at"},
    client_id=CLIENT,
    grant_type="authorization_code",
    code=CODE,
    redirect_uri="http://localhost",
    code_verifier=VERIFIER,
)


def in_jwt(**changed: Any) -> Exchange:
    inside = {n: v for n, v in (ASKED | changed).items() if v is not None}
    return authorize(client_id=CLIENT, request=jwt({"alg": "RS256"}, inside))


def pushed(**changed: str) -> Exchange:
    body = encode_form(tuple((ASKED | changed).items())).encode()
    return replace(PUSH, request=replace(PUSH.request, body=body))


BY_NAME = authorize(client_id=CLIENT, request_uri=URI)
NOT_PUSHED = (BY_NAME, redirect(code=CODE, state=STATE), REDEEMED)
ENCRYPTED = (authorize(client_id=CLIENT, request="a.b.c.d.e"), *NOT_PUSHED[1:])
READABLE = [(PUSH, *NOT_PUSHED), (in_jwt(), *NOT_PUSHED[1:])]
SHOWN_ALL_THE_SAME = {"AR01", "AR20", "AR21", "AR24", "AR27"}
"""Rules about the address itself."""


def recorded(steps: tuple[Exchange, ...]) -> Case:
    return case_of(Recording(steps))


def failures(judged: Case) -> set[str]:
    return {
        each.rule.id
        for each in lint(judged, today=date(2026, 11, 25)).failures()
        if each.severity is not Severity.NOTE
    }


ABOUT_THE_REQUEST = {
    *("AR02", "AR04", "AR05", "AR06", "AR07", "AR08", "AR09", "AR14", "AR22"),
    *("RR01", "RR06", "RR08", "TR06", "TR07", "TR08", "TR11"),
}


@pytest.mark.parametrize("steps", READABLE, ids=["pushed", "a JWT"])
def test_a_right_request_is_right_wherever_it_says_its_parameters(
    steps: tuple[Exchange, ...],
) -> None:
    judged = recorded(steps)
    assert not failures(judged) & ABOUT_THE_REQUEST
    for rule in sorted(ABOUT_THE_REQUEST):
        assert words(rule, judged) == ["pass"], rule
    claims = {each.name: each.verdict for each in judged.evidence.claims}
    told = ("state-equal", "redirect-uri-equal", "pkce-matches")
    assert [claims[name] for name in told] == ["yes", "yes", "yes"]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"response_type": "code token"}, "AR02"),
        ({"code_challenge_method": "plain"}, "AR05"),
        ({"state": "12345"}, "AR08"),
        ({"redirect_uri": "http://app.example/cb"}, "AR15"),
        ({"redirect_uri": "http://localhost/other"}, "TR06"),
        ({"code_challenge": "a" * 43}, "TR08"),
    ],
)
def test_what_is_wrong_in_it_is_found_there(changed: dict[str, str], rule: str) -> None:
    assert rule in failures(recorded((pushed(**changed), *NOT_PUSHED)))
    assert rule in failures(recorded((in_jwt(**changed), *NOT_PUSHED[1:])))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [(NOT_PUSHED, "what request_uri names"), (ENCRYPTED, "the request object")],
    ids=["not here", "encrypted"],
)
def test_what_cannot_be_read_is_undecidable_and_is_named(
    steps: tuple[Exchange, ...], reason: str
) -> None:
    judged = recorded(steps)
    report = lint(judged, today=date(2026, 11, 25))
    assert not failures(judged) & (ABOUT_THE_REQUEST | {"AR18", "AR23"})
    for each in report.judged:
        if each.rule.at is StepKind.AUTHORIZE and each.rule.id not in SHOWN_ALL_THE_SAME:
            in_address = each.rule.id == "AR25" and steps is NOT_PUSHED
            assert (each.verdict.kind is VerdictKind.UNDECIDABLE) is not in_address, each.rule.id
            assert in_address or each.verdict.text.startswith(reason)
    for rule in ("AR09", "AR13", "RR01", "RR06", "RR08", "TR06", "TR07", "TR08"):
        assert words(rule, judged) == ["undecidable"], rule
    told = [c for c in judged.evidence.claims if c.verdict == "not checked"]
    assert {c.name for c in told} == {"state-equal", "redirect-uri-equal", "pkce-matches"}
    assert all(c.detail.lower().startswith(reason) for c in told)


def test_every_rule_of_an_authorize_request_knows_of_request_objects() -> None:
    rules = [rule for rule in RULES if rule.at is StepKind.AUTHORIZE]
    assert {rule.id for rule in rules} >= SHOWN_ALL_THE_SAME
    judged = case(*ENCRYPTED)
    found = {rule.id for rule in rules if words(rule.id, judged) == ["undecidable"]}
    assert found == {rule.id for rule in rules} - SHOWN_ALL_THE_SAME


def test_a_policy_does_not_guess_what_is_not_in_the_address() -> None:
    policy = Policy(scopes=("a",), response_modes=("form_post",), clients=(CLIENT,))
    judged = replace(recorded(NOT_PUSHED[:1]), policy=policy)
    assert [words(rule, judged) for rule in ("PL03", "PL04", "PL06")] == [
        ["pass"],
        ["undecidable"],
        ["undecidable"],
    ]


def test_a_hint_that_was_pushed_is_not_in_the_address() -> None:
    assert words("AR25", case(pushed(login_hint="ada@contoso.com"), BY_NAME)) == ["pass"]
    assert words("AR25", case(in_jwt(login_hint="ada@contoso.com"))) == ["note"]


def test_an_id_token_may_have_been_asked_for_where_nobody_sees() -> None:
    assert words("ID08", case(*NOT_PUSHED)) == ["undecidable"]
    asked = pushed(scope="openid")
    assert words("ID08", case(asked, *NOT_PUSHED)) == ["error"]


@pytest.mark.parametrize(
    ("steps", "word"),
    [(READABLE[0], "pass"), (READABLE[1], "undecidable")],
    ids=["pushed", "a JWT, which is taken out"],
)
def test_redaction_makes_no_fault_of_a_request_object(
    steps: tuple[Exchange, ...], word: str
) -> None:
    evidence = evidence_of(Recording(steps), level=Level.SECRETS, created_at=0.0, facts={})
    judged = replace(recorded(steps), evidence=evidence)
    assert not failures(judged) & ABOUT_THE_REQUEST
    for rule in ("AR02", "AR04", "AR07", "AR08", "AR14", "RR01", "TR06", "TR07", "TR08"):
        assert words(rule, judged) == [word], rule
    shown = b"".join(s.request.data + s.response.data + s.url.encode() for s in evidence.steps)
    assert STATE.encode() not in shown


def test_marks_without_a_tag_name_no_request() -> None:
    answer = json_answer({"request_uri": "~val~"}, 201)
    asked = authorize(client_id=CLIENT, request_uri="~val~")
    assert words("AR07", case(replace(PUSH, response=answer), asked)) == ["undecidable"]
