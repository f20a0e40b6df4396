"""The recording as the rules see it: claims and the steps that they are about, hosts, measures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.case import (
    MAX_STEPS,
    Case,
    case_of,
    case_of_evidence,
    claims_by_step,
    cloud_of,
    is_entra,
    on_this_machine,
)
from entra_oauth.audit.classify import StepKind
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.authority import Authority
from entra_oauth.recording import Recording
from entra_oauth.recording.facts import AUTHORITYS_SIDE
from entra_oauth.recording.step import Evidence, Level, steps_of
from kit.audit.exchanges import LOGIN, step
from kit.audit.judged import (
    CLIENT,
    ENDPOINTS,
    TENANT,
    authorize,
    call,
    case,
    claim,
    redirect,
    token,
)

SIGN_IN = (
    authorize(client_id=CLIENT, state="st"),
    redirect(state="st", code="c"),
    token({"access_token": "at"}, grant_type="authorization_code", code="c"),
)


def evidence(*exchanges: object, level: Level = Level.NONE, **more: object) -> Evidence:
    steps = steps_of(Recording(exchanges or SIGN_IN))  # type: ignore[arg-type]
    return replace(Evidence(steps=steps, created_at=0.0, level=level), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "steps", "said"),
    [
        ("yes", (1, 2), True),
        ("no", (1, 2), False),
        ("256 bits", (1, 2), None),
        ("yes", (2,), True),
        ("yes", (1,), None),
        ("no", (2, 3), None),
        ("yes", (1, 2, 3), True),
        ("yes", (), None),
    ],
)
def test_a_claim_counts_for_the_steps_that_it_is_about(
    verdict: str, steps: tuple[int, ...], said: bool | None
) -> None:
    judged = case(*SIGN_IN, claims=(claim("state-equal", verdict, *steps),))
    asked, came, _ = judged.items
    assert judged.claim("state-equal", came, asked) is said
    assert judged.claim("code-equal", came, asked) is None
    beside = judged.claim("state-equal", came)
    assert beside is (None if 2 not in steps else {"yes": True, "no": False}.get(verdict))


def test_one_no_counts_more_than_any_yes() -> None:
    claims = (claim("a", "yes", 1), claim("a", "no", 1), claim("a", "yes", 1))
    judged = case(*SIGN_IN, claims=claims)
    assert judged.claim("a", judged.items[0]) is False


@pytest.mark.parametrize(
    ("verdict", "bits"), [("256 bits", 256), ("0 bits", 0), ("7", 7), ("-1 bits", None), ("", None)]
)
def test_a_measure_is_a_number_of_bits(verdict: str, bits: int | None) -> None:
    claims = (claim("nonce-entropy", "1 bits", 1), claim("state-entropy", verdict, 1))
    judged = case(*SIGN_IN, claims=claims)
    assert judged.bits("state", judged.items[0]) == bits
    assert judged.bits("state", judged.items[1]) is None


@pytest.mark.parametrize("level", list(Level))
def test_claims_are_made_anew_only_where_nothing_was_taken_out(level: Level) -> None:
    names = {each.name for each in case_of_evidence(evidence(level=level)).evidence.claims}
    assert ("state-equal" in names) == (level is Level.NONE)
    assert case_of_evidence(evidence(level=level)).shareable == (level is not Level.NONE)


def test_claims_that_are_there_stay_and_none_are_made_of_placeholders() -> None:
    own = (claim("state-equal", "no", 1, 2),)
    assert case_of_evidence(evidence(claims=own)).evidence.claims == own
    for name, claimed in (
        ("state", {"state-equal", "state-entropy"}),
        ("nonce", {"nonce-entropy"}),
    ):
        fields: dict[str, Any] = {"client_id": CLIENT, name: "~state~"}
        made = case_of_evidence(evidence(authorize(**fields), *SIGN_IN[1:])).evidence.claims
        verdicts = {each.name: each.verdict for each in made}
        assert {verdicts[each] for each in claimed} == {"not checked"}, name
    harmless = authorize(client_id=CLIENT, state="st", login_hint="~pii~")
    assert case_of_evidence(evidence(harmless, *SIGN_IN[1:])).evidence.claims != ()


def test_a_recording_in_memory_is_judged_with_its_secrets() -> None:
    judged = case_of(Recording(SIGN_IN), planned=True)
    assert judged.planned
    assert judged.claim("state-equal", judged.items[1], judged.items[0]) is True
    assert not judged.shareable
    assert not case_of(Recording(SIGN_IN)).planned
    assert not case_of_evidence(evidence()).planned
    bare = Case(evidence=evidence())
    assert (bare.planned, bare.browser_side, bare.scheme_known, bare.shareable) == (
        *(False, False),
        *(True, False),
    )


@pytest.mark.parametrize(
    ("facts", "exchanges", "shown"),
    [
        ({"seen_at": AUTHORITYS_SIDE}, SIGN_IN, True),
        ({"seen_at": AUTHORITYS_SIDE}, SIGN_IN[::2], False),
        ({"seen_at": "elsewhere"}, SIGN_IN, False),
        ({}, SIGN_IN, False),
    ],
)
def test_at_the_authoritys_side_the_browsers_requests_are_there(
    facts: dict[str, str], exchanges: tuple[object, ...], shown: bool
) -> None:
    assert case_of_evidence(evidence(*exchanges, facts=facts)).browser_side is shown


def test_more_exchanges_than_a_person_can_have_meant_are_refused() -> None:
    pages = [step("page", "GET", "https://x.example/") for _ in range(3)]
    keys = [step("keys", "GET", f"{LOGIN}/x/discovery/v2.0/keys") for _ in range(MAX_STEPS)]
    assert len(case(*pages, *keys).items) == MAX_STEPS + 3
    with pytest.raises(UsageError, match=r"There are 1,001 OAuth exchanges"):
        _ = case(*pages, *keys, keys[0]).items


@pytest.mark.parametrize(
    ("url", "cloud"),
    [
        (f"{LOGIN}/x", "public"),
        ("https://login.microsoftonline.us/x", "usgov"),
        ("https://login.partner.microsoftonline.cn/x", "china"),
        ("https://login.evil.example/x", None),
        ("https://[x", None),
    ],
)
def test_a_cloud_is_known_by_its_login_host(url: str, cloud: str | None) -> None:
    found = cloud_of(url)
    assert (found is None) == (cloud is None)
    assert found is None or cloud is None or cloud[:2] in found


@pytest.mark.parametrize(
    ("url", "entra"),
    [
        (f"{LOGIN}/x/oauth2/authorize", True),
        ("https://idp.example/x/oauth2/v2.0/authorize", True),
        ("https://idp.example/authorize", False),
    ],
)
def test_entras_manners_count_at_entra_and_at_what_has_its_shape(url: str, entra: bool) -> None:
    (item,) = case(authorize(url=url, client_id=CLIENT)).items
    assert is_entra(item) is entra


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/x", True),
        ("http://127.0.0.1/", True),
        ("http://[::1]/", True),
        ("http://192.0.2.1/", False),
        ("http://localhost.example/", False),
        ("urn:x", False),
    ],
)
def test_an_address_of_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(url) is here


def test_the_authority_is_read_from_the_first_address_that_has_one() -> None:
    judged = case(*SIGN_IN)
    found = judged.authority(judged.flows[0])
    assert found == Authority(LOGIN, TENANT)
    alone = case(token(grant_type="password"))
    assert alone.authority(alone.flows[0]) == found
    device = case(step("devicecode", "POST", f"{ENDPOINTS}/devicecode"))
    assert device.authority(device.flows[0]) == found
    elsewhere = case(token(url="https://idp.example/token", grant_type="password"))
    assert elsewhere.authority(elsewhere.flows[0]) is None
    broken = case(token(url=f"{LOGIN}/a/b/oauth2/v2.0/token", grant_type="password"))
    assert broken.authority(broken.flows[0]) is None


def test_a_missing_part_is_named_only_where_it_should_be_there() -> None:
    code = token(grant_type="authorization_code", code="c")
    alone = case(code)
    assert "authorize request is not in" in alone.code_flow(alone.items[0])
    planned = case(code, planned=True)
    assert planned.code_flow(planned.items[0]) == "nothing was sent yet"
    whole = case(*SIGN_IN)
    assert whole.code_flow(whole.items[2]) == ""
    app = case(token(grant_type="client_credentials"))
    assert app.code_flow(app.items[0]) == ""


def test_steps_are_found_by_their_kind_and_shown_without_their_secrets() -> None:
    judged = case(*SIGN_IN, call("Bearer at"))
    assert [i.number for i in judged.all(StepKind.REDIRECT)] == [2]
    assert judged.flow(judged.items[3]) is judged.flow(judged.items[0])
    assert judged.show("scope", "a\x1bb") == "a<ESC>b"
    assert judged.show("code", "0.secret-value-of-a-code") != "0.secret-value-of-a-code"
    assert judged.show("scope", "x" * 200) == plain("x" * 200, limit=80)


def test_a_host_is_shown_unless_it_looks_like_a_secret() -> None:
    judged = case()
    for host in ("e.example", "microsoft.com.evil.example", "127.0.0.1", ""):
        assert judged.show_host(host) == host
    assert judged.show_host("a" * 99 + ".example") != "a" * 99 + ".example"
    long = "a.example." * 9
    assert judged.show_host(long[:80]) == long[:80]
    assert judged.show_host(long[:81]) == plain(long, limit=80) != long[:81]
    assert "Zm9vYmFyMTIzNDU2Nzg5MA" not in judged.show_host("Zm9vYmFyMTIzNDU2Nzg5MA.example")


def test_claims_of_a_har_file_stand_at_each_step_alone() -> None:
    found = claims_by_step({3: [("a", "yes"), ("b", "no")], 1: []})
    assert [(c.name, c.verdict, c.steps) for c in found] == [("a", "yes", (3,)), ("b", "no", (3,))]


def test_no_repr_shows_what_passed() -> None:
    secret = "Canary-Code-Of-Some-Length-0123456789"
    exchanges = (
        authorize(client_id=CLIENT, state=secret),
        redirect(state=secret, code=secret),
        token({"access_token": secret}, grant_type="authorization_code", code=secret),
        call(f"Bearer {secret}"),
    )
    judged = replace(case(*exchanges), har={"log": secret})
    shown = [judged, *judged.items, *judged.flows, *judged.evidence.steps]
    assert not any(secret in repr(each) for each in shown)
    key = judged._redactor.key
    assert repr(key) not in repr(judged)
