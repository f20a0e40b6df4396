"""Faults by rule: what each word does, how often, and what is not understood."""

from __future__ import annotations

import json
import re
import time
from shlex import quote
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.channels.loopback.host import HangUp
from entra_oauth.errors import UsageError
from entra_oauth.practice import routes
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID
from entra_oauth.practice.faults import syntax
from entra_oauth.practice.faults.fault_rule import PLACES, FaultRule, place_of
from entra_oauth.practice.faults.scenarios import SCENARIOS
from entra_oauth.practice.faults.syntax import read_fault, read_rule
from entra_oauth.practice.signing.jws import split
from entra_oauth.practice.signing.key_ring import key_for
from entra_oauth.protocol.messages import HttpResponse
from kit.practice import ALICE, BASE, NOON, SPA, Kit, authorize_url, body_of, refused, reply

TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
OIDC = {"scope": "openid profile offline_access 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"}


@pytest.fixture
def kit() -> Kit:
    return Kit()


def _id_token(answer: dict[str, object]) -> tuple[dict[str, object], dict[str, object], str]:
    """Header, claims and signature, the last as it stands there."""
    text = str(answer["id_token"])
    pieces = text.split(".")
    token = split(text if pieces[2] else f"{text}AA")
    assert token is not None
    return dict(token.header), dict(token.claims), pieces[2]


# ---- where -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"/{TENANT}/v2.0/.well-known/openid-configuration", "discovery"),
        (f"/{TENANT}/.well-known/openid-configuration", "discovery"),
        ("/common/discovery/instance", "instance"),
        ("/common/discovery/v2.0/keys", "keys"),
        ("/common/UserRealm/alice@x.example", "userrealm"),
        (f"/{TENANT}/oauth2/v2.0/authorize", "authorize"),
        (f"/{TENANT}/oauth2/authorize", "authorize"),
        (f"/{TENANT}/oauth2/v2.0/token", "token"),
        (f"/{TENANT}/oauth2/token", "token"),
        (f"/{TENANT}/oauth2/v2.0/devicecode", "devicecode"),
        ("/oidc/userinfo", "userinfo"),
        ("/api/2.0/clusters/list", "workspace"),
        ("/aad/auth", "workspace"),
        ("/v1.0/me", "graph"),
        ("/subscriptions", "management"),
        ("/metadata/endpoints", "management"),
        ("/oidc/oauth2/v2.0/authorize", "workspace"),
        (f"/{TENANT}/login", "page"),
        ("/", "page"),
    ],
)
def test_every_address_is_at_one_place(path: str, place: str) -> None:
    assert place_of(path) == place
    assert place in PLACES


def test_every_route_leads_to_a_function() -> None:
    assert routes._FIXED
    assert routes._UNDER_TENANT
    assert routes._THROTTLED
    for name in {*routes._FIXED.values(), *routes._UNDER_TENANT.values(), *routes._THROTTLED}:
        assert callable(routes.endpoint(name))


def test_a_rule_touches_its_places_and_no_others(kit: Kit) -> None:
    kit.tenant.faults.add("keys,instance status=503")
    assert kit.get(f"{BASE}/common/discovery/v2.0/keys").status == 503
    assert kit.get(f"{BASE}/common/discovery/instance").status == 503
    assert kit.get(f"{BASE}/common/v2.0/.well-known/openid-configuration").status == 200
    kit.tenant.faults.add("any status=500")
    assert kit.get(f"{BASE}/common/v2.0/.well-known/openid-configuration").status == 500


def test_only_a_request_with_the_parameter_is_touched(kit: Kit) -> None:
    kit.tenant.faults.add("token match=grant_type:refresh_token aadsts=700082")
    first = kit.tokens(OIDC)
    form = f"grant_type=refresh_token&client_id=x&refresh_token={first['refresh_token']}"
    answer = kit.post(f"{BASE}/{TENANT}/oauth2/v2.0/token", form)
    assert refused(answer) == (400, "invalid_grant", 700082)
    assert body_of(answer)["suberror"] == "bad_token"


def test_every_place_is_named_where_the_words_are_explained() -> None:
    told = set(re.findall(r"[a-z]+", str(syntax.__doc__).partition("match=NAME")[0]))
    assert {*PLACES, "any"} <= told


# ---- how often ---------------------------------------------------------------------------


def _statuses(kit: Kit, number: int) -> list[int]:
    return [kit.get(f"{BASE}/common/discovery/v2.0/keys").status for _ in range(number)]


def test_a_rule_begins_after_some_requests_and_ends_after_some(kit: Kit) -> None:
    kit.tenant.faults.add("keys status=503 after=2 times=2")
    assert _statuses(kit, 6) == [200, 200, 503, 503, 200, 200]
    ((rule, touched),) = kit.tenant.faults.rules
    assert (rule.text, touched) == ("keys status=503 after=2 times=2", 2)


def test_a_rule_touches_about_as_many_as_its_probability_says(kit: Kit) -> None:
    kit.tenant.faults.add("keys status=503 probability=0.5")
    hit = _statuses(kit, 400).count(503)
    assert 120 < hit < 280
    kit.tenant.faults.clear()
    kit.tenant.faults.add("keys status=503 probability=0")
    assert _statuses(kit, 20) == [200] * 20


def test_a_cleared_tenant_behaves(kit: Kit) -> None:
    kit.tenant.faults.add("any status=500")
    kit.tenant.faults.clear()
    assert kit.tenant.faults.rules == ()
    assert _statuses(kit, 1) == [200]


# ---- what --------------------------------------------------------------------------------


def test_an_answer_can_be_made_up_whole(kit: Kit) -> None:
    kit.tenant.faults.add(
        "token status=429 'body=Too Many Requests' type=text/plain retry-after=7 header=X-Why:fault"
    )
    answer = kit.redeem("x")
    assert (answer.status, answer.body) == (429, b"Too Many Requests")
    for name, value in (("Content-Type", "text/plain"), ("Retry-After", "7"), ("X-Why", "fault")):
        assert answer.header(name) == value


def test_a_made_up_answer_spends_no_code(kit: Kit) -> None:
    code = kit.code()
    kit.tenant.faults.add("token status=503 times=1")
    assert kit.redeem(code).status == 503
    assert kit.redeem(code).status == 200


@pytest.mark.parametrize(("word", "reset"), [("drop", False), ("reset", True)])
def test_a_connection_can_end_without_an_answer_and_the_log_says_so(
    word: str, reset: bool, kit: Kit
) -> None:
    kit.tenant.faults.add(f"token {word}")
    with pytest.raises(HangUp) as caught:
        kit.redeem("x")
    assert caught.value.reset is reset
    assert kit.tenant.log[-1][1].status == 444


def test_a_body_can_end_before_what_was_promised(kit: Kit) -> None:
    kit.tenant.faults.add("keys truncate=10")
    answer = kit.get(f"{BASE}/common/discovery/v2.0/keys")
    assert len(answer.body) == 10
    assert int(answer.header("Content-Length") or 0) > 100
    assert answer.header("Connection") == "close"


def test_an_answer_can_be_late(kit: Kit) -> None:
    kit.tenant.faults.add("keys delay=0.2")
    started = time.monotonic()
    assert _statuses(kit, 1) == [200]
    assert time.monotonic() - started >= 0.2


def test_a_refusal_of_entras_fits_the_place(kit: Kit) -> None:
    code = kit.code()
    kit.tenant.faults.add("any aadsts=50076 suberror=basic_action 'claims={\"x\":1}'")
    answer = kit.redeem(code)
    assert refused(answer) == (400, "invalid_grant", 50076)
    assert (body_of(answer)["suberror"], body_of(answer)["claims"]) == ("basic_action", '{"x":1}')
    assert b"AADSTS50076" in kit.get(f"{BASE}/{TENANT}/oauth2/v2.0/authorize").body
    kit.tenant.faults.clear()
    kit.tenant.faults.add("redirect aadsts=65004")
    fields = reply(kit.open())
    assert (fields["error"], fields["state"]) == ("access_denied", "12345")
    assert "code" not in fields


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_the_reply_to_the_app_can_be_changed_in_every_mode(mode: str, kit: Kit) -> None:
    state = "\"o'o& <b>é+%"
    kit.tenant.faults.add(f"redirect {quote(f'set=state:{state}')} set=iss:https://x/ unset=code")
    page = kit.open({"response_mode": mode})
    if mode == "form_post":
        fields = dict(parse_qsl(kit.received[0].body.decode(), strict_parsing=True))
    else:
        fields = reply(page)
    assert "code" not in fields
    assert (fields["state"], fields["iss"]) == (state, "https://x/")
    assert fields["session_state"]


def test_members_of_a_json_answer_can_be_set_and_taken_out(kit: Kit) -> None:
    kit.tenant.faults.add("token set=expires_in:0 set=token_type:DPoP unset=scope set=foo:bar")
    answer = kit.tokens()
    assert (answer["expires_in"], answer["token_type"], answer["foo"]) == (0, "DPoP", "bar")
    assert "scope" not in answer


def test_claims_can_be_changed_and_the_token_is_signed_again(kit: Kit) -> None:
    kit.tenant.faults.add("token id_token.nonce=other id_token.exp=-60 id_token.tid= id_token.n=7")
    header, claims, _ = _id_token(kit.tokens({**OIDC, "nonce": "mine"}))
    assert (claims["nonce"], claims["exp"], claims["n"]) == ("other", int(NOON) - 60, 7)
    assert "tid" not in claims
    assert header["alg"] == "RS256"


def test_the_access_token_can_be_changed_too(kit: Kit) -> None:
    kit.tenant.faults.add("token access_token.aud=https://other.example access_token.kid=unknown")
    token = split(kit.tokens()["access_token"])
    assert token is not None
    assert (token.claims["aud"], token.header["kid"]) == ("https://other.example", "unknown")
    assert key_for(None).key().verifies(token.signature, token.signed)


def test_a_token_can_be_unsigned_or_wrongly_signed(kit: Kit) -> None:
    kit.tenant.faults.add("token id_token.alg=none")
    header, _, signature = _id_token(kit.tokens(OIDC))
    assert (header["alg"], signature) == ("none", "")
    kit.tenant.faults.clear()
    kit.tenant.faults.add("token signature=broken")
    token = split(kit.tokens(OIDC)["id_token"])
    assert token is not None
    assert not key_for(None).key().verifies(token.signature, token.signed)


def test_a_clock_can_be_wrong_for_one_answer(kit: Kit) -> None:
    code = kit.code(OIDC)
    kit.tenant.faults.add("token clock=+590 times=1")
    _, claims, _ = _id_token(body_of(kit.redeem(code)))
    assert claims["iat"] == int(NOON) + 590 - 300
    assert kit.tenant.now() == NOON


def test_the_workspace_can_ask_for_a_newer_token(kit: Kit) -> None:
    kit.tenant.faults.add("workspace cae")
    answer = kit.get(f"{BASE}/api/2.0/clusters/list")
    assert answer.status == 401
    assert 'error="insufficient_claims"' in (answer.header("WWW-Authenticate") or "")


def test_a_rule_of_ones_own_can_be_made_in_python(kit: Kit) -> None:
    rule = FaultRule(
        text="teapot", where=("keys",), instead=lambda scene: HttpResponse(status=418), times=1
    )
    kit.tenant.faults.add(rule)
    assert _statuses(kit, 2) == [418, 200]


def test_the_first_rule_is_the_outermost(kit: Kit) -> None:
    kit.tenant.faults.add("keys header=X-Who:first")
    kit.tenant.faults.add("keys status=503 header=X-Who:second")
    answer = kit.get(f"{BASE}/common/discovery/v2.0/keys")
    assert (answer.status, answer.header("X-Who")) == (503, "first")


# ---- the way back to the app ---------------------------------------------------------------


def _visits(kit: Kit) -> list[tuple[str, str, bytes]]:
    """The requests at the app's own address: method, path with query, body."""
    return [(r.method, r.url.removeprefix("http://localhost"), r.body) for r in kit.received]


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_the_browser_can_deliver_a_reply_twice_in_every_mode(mode: str, kit: Kit) -> None:
    kit.tenant.faults.add("redirect twice")
    page = kit.open({"response_mode": mode})
    first, second = _visits(kit)
    assert first == second
    assert first[0] == ("POST" if mode == "form_post" else "GET")
    if mode != "form_post":
        assert reply(page)["code"]
    else:
        assert parse_qsl(first[2].decode(), strict_parsing=True)[0][0] == "code"


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_browser_can_ask_the_app_for_something_else_first(mode: str, kit: Kit) -> None:
    kit.tenant.faults.add("redirect 'first=/favicon.ico?a=\"<b>'")
    kit.open({"response_mode": mode})
    stray, delivery = _visits(kit)
    assert stray == ("GET", '/favicon.ico?a="<b>', b"")
    assert b"code=" in delivery[1].encode() + delivery[2]


MODES = ("query", "fragment", "form_post")


@pytest.mark.parametrize("came", MODES)
@pytest.mark.parametrize("asked", MODES)
def test_a_reply_can_come_another_way_than_was_asked_for(asked: str, came: str, kit: Kit) -> None:
    state = "\"o'o& <b>é+%"
    kit.tenant.faults.add(f"redirect mode={came}")
    page = kit.open({"response_mode": asked, "state": state})
    if came == "form_post":
        fields = dict(parse_qsl(kit.received[0].body.decode(), strict_parsing=True))
    else:
        assert page.url.startswith(
            "http://localhost/?" if came == "query" else "http://localhost/#"
        )
        fields = reply(page)
    assert fields["state"] == state
    assert kit.redeem(fields["code"]).status == 200


def test_a_reply_that_goes_another_way_leaves_the_session_where_it_was(kit: Kit) -> None:
    kit.open()  # and consent
    kit.tenant.faults.add("redirect mode=form_post twice")
    kit.as_user(ALICE).open(authorize_url())
    assert kit.tenant.log[-1][1].header("Set-Cookie")
    assert kit.tenant.log[-1][1].header("Date")


def test_a_second_delivery_carries_what_the_other_rules_made_of_the_first(kit: Kit) -> None:
    kit.tenant.faults.add("csrf-state")
    kit.tenant.faults.add("redirect twice")
    kit.open()
    assert [url.count("not-the-state-that-was-sent") for _, url, _ in _visits(kit)] == [1, 1]


def test_a_refusal_is_delivered_twice_as_well(kit: Kit) -> None:
    kit.tenant.faults.add("any twice")
    assert reply(kit.open({"prompt": "none"}))["error"] == "login_required"
    assert len(kit.received) == 2


# ---- the way to the tenant -----------------------------------------------------------------


def test_the_way_to_a_host_is_open_unless_a_rule_for_it_says_otherwise(kit: Kit) -> None:
    kit.tenant.faults.add("any status=500")
    kit.tenant.faults.add("connect status=503 match=host:graph.microsoft.com times=1")
    assert kit.tenant.connect("login.microsoftonline.com") == 200
    assert kit.tenant.connect("graph.microsoft.com") == 503
    assert kit.tenant.connect("graph.microsoft.com") == 200
    kit.tenant.faults.add("connect reset")
    with pytest.raises(HangUp) as caught:
        kit.tenant.connect("login.microsoftonline.com")
    assert caught.value.reset


def test_a_shut_way_touches_nothing_that_comes_without_a_proxy(kit: Kit) -> None:
    kit.tenant.faults.add("connect drop")
    assert _statuses(kit, 1) == [200]


# ---- what is not understood ----------------------------------------------------------------

WRONG = [
    ("", "empty"),
    ("'", "quotes"),
    ("token", "what is to happen"),
    ("nowhere status=500", "neither a place nor the name"),
    ("wrong-nonce unsigned", "wrong-nonce is a name, and unsigned follows it"),
    ("throttled times=1", "throttled is a name, and times=1 follows it"),
    ("token,nowhere status=500", "neither a place"),
    ("csrf-stat", "neither a place nor the name"),
    ("token status", "has no value"),
    ("token status=abc", "status is not a number"),
    ("token status=99", "status is not a number from 200 to 599"),
    ("token status=١٢٣", "status is not a number"),
    ("token times=0 drop", "times is not a number"),
    ("token probability=2 drop", "probability is not a number"),
    ("token delay=601", "delay is not a number"),
    ("token delay=nan", "delay is not a number"),
    ("token status=500 drop", "drop and status exclude each other"),
    ("token drop reset", "exclude each other"),
    ("token aadsts=1", "none that the practice tenant knows"),
    ("token set=x", "needs NAME:VALUE"),
    ("token match=:x drop", "needs NAME:VALUE"),
    ("token header=A:b\x00", "header cannot be sent"),
    ("token 'header=A B:c'", "header cannot be sent"),
    ("token header=A:é", "header cannot be sent"),
    ("token 'type=a\nb' status=200", "type cannot be sent"),
    ("token code=other", "not a word of a fault"),
    ("token signature=fine", "not a word"),
    ("token id_token.=x", "not a word"),
    ("token refresh_token.aud=x", "not a word"),
    ("token nonsense=1", "nonsense is not a word"),
    ("redirect mode=web_message", "mode is not a word of a fault, or has a value"),
    ("redirect first=favicon.ico", "first is not a path"),
    ("redirect 'first=/a b'", "first is not a path"),
    ("redirect first=", "first is not a path"),
    ("redirect twice=2", "twice is not a word of a fault, or has a value"),
    ("token twice", "are about the place redirect"),
    ("token mode=query", "are about the place redirect"),
    ("authorize,page first=/x", "are about the place redirect"),
    ("connect status=200", "at connect there is only"),
    ("connect status=302", "at connect there is only"),
    ("connect status=503 body=x", "at connect there is only"),
    ("connect aadsts=50076", "at connect there is only"),
    ("connect cae", "at connect there is only"),
    ("connect clock=+5", "at connect there is only"),
    ("connect,token header=A:b", "at connect there is only"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_not_understood_is_named_and_nothing_is_added(
    text: str, said: str, kit: Kit
) -> None:
    with pytest.raises(UsageError, match=said):
        kit.tenant.faults.add(text)
    assert kit.tenant.faults.rules == ()


@given(st.text(max_size=60))
def test_no_text_is_more_than_misunderstood(text: str) -> None:
    try:
        read_rule(text)
    except UsageError:
        return


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_name_stands_for_rules_that_are_understood(name: str) -> None:
    assert len(read_fault(name)) == len(SCENARIOS[name].rules)
    assert SCENARIOS[name].summary


def test_faults_leave_what_they_cannot_change_alone(kit: Kit) -> None:
    kit.tenant.faults.add("page set=x:1 id_token.nonce=y signature=broken")
    kit.tenant.faults.add("redirect code=stolen")
    assert kit.get(f"{BASE}/").status == 200
    assert reply(kit.open({"prompt": "none"}))["error"] == "login_required"
    assert "error" in json.loads(kit.redeem("x").body)


@pytest.mark.parametrize(("client_id", "readable"), [(SPA, True), (ARTICLE_CLIENT_ID, False)])
def test_a_refusal_at_the_token_endpoint_can_be_read_by_a_pages_script(
    client_id: str, readable: bool, kit: Kit
) -> None:
    kit.tenant.faults.add("token aadsts=50173")
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": "x"}
    response = kit.ask(form, ("Origin", "http://localhost:5000"))
    assert refused(response)[2] == 50173
    allowed = response.header("Access-Control-Allow-Origin")
    assert allowed == ("http://localhost:5000" if readable else None)
