"""The messages of a recording put together into sign-ins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entra_oauth.audit.classify import StepKind, items_of
from entra_oauth.audit.sign_ins import flows_of
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import steps_of
from kit.audit.exchanges import LOGIN, step
from kit.audit.judged import AT, CLIENT, ENDPOINTS, authorize, call, redirect, token
from kit.audit.more_exchanges import device


def flows(*exchanges: Exchange) -> list[list[int]]:
    """The numbers of the steps of each flow."""
    items = items_of(steps_of(Recording(exchanges)))
    return [[item.number for item in flow.items] for flow in flows_of(items)]


def get(url: str, at: float = AT) -> Exchange:
    return step("request", "GET", url, at=at)


CODE = "authorization_code"


def sign_in(name: str, at: float) -> list[Exchange]:
    answer = {"access_token": f"at-{name}", "refresh_token": f"rt-{name}"}
    return [
        authorize(client_id=CLIENT, state=f"st-{name}", at=at),
        redirect(state=f"st-{name}", code=f"co-{name}", at=at + 2),
        token(answer, grant_type=CODE, code=f"co-{name}", at=at + 4),
        token({}, grant_type="refresh_token", refresh_token=f"rt-{name}", at=at + 6),
        call(f"Bearer at-{name}", at=at + 8),
    ]


def test_two_sign_ins_at_the_same_time_are_told_apart_by_what_they_share() -> None:
    assert flows(*sign_in("a", AT), *sign_in("b", AT + 1)) == [[1, 3, 5, 7, 9], [2, 4, 6, 8, 10]]


def test_a_code_tells_where_a_token_request_belongs_and_its_state_does_not() -> None:
    first, second = sign_in("a", AT)[:2], sign_in("b", AT + 1)[:2]
    redeemed = token(grant_type=CODE, code="co-a", state="st-b", at=AT + 9)
    assert flows(*first, *second, redeemed) == [[1, 3, 5], [2, 4]]


def test_a_call_belongs_to_the_token_that_it_shows_and_else_to_none() -> None:
    (asked,) = [token({"access_token": "at"}, grant_type="password")]
    assert flows(asked, call("Bearer at")) == [[1, 2]]
    assert flows(asked, call("bearer at")) == [[1, 2]]
    assert flows(asked, call("Basic at")) == [[1]], "then it is a page"
    assert flows(asked, call("Bearer other")) == [[1], [2]]
    assert flows(asked, get("https://a.example/?access_token=at", at=AT + 1)) == [[1, 2]]
    assert flows(asked, call("Bearer ~at~")) == [[1], [2]]


def test_of_two_that_share_a_value_the_later_has_it() -> None:
    asked = [authorize(client_id=CLIENT, state="st", at=AT + at) for at in (0, 1)]
    assert flows(*asked, redirect(state="st", code="c", at=AT + 2)) == [[1], [2, 3]]


def test_the_polls_of_a_device_flow_are_one_flow_with_its_request() -> None:
    assert flows(*device().exchanges) == [[1, 2, 3]]
    request, first, last = device().exchanges
    assert flows(first, last) == [[1, 2]], "by the device code that both hand in"
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    other = token(grant_type=grant, device_code="another", at=AT + 30)
    assert flows(request, other) == [[1, 2]], "looked at beside the latest that fits"
    assert flows(request, first, other) == [[1, 2, 3]]
    assert flows(other) == [[1]]


def test_a_redirect_that_fits_no_state_is_judged_beside_the_latest_request() -> None:
    asked = [authorize(client_id=CLIENT, state=f"st-{at}", at=AT + at) for at in (0, 1)]
    assert flows(*asked, redirect(state="wrong", code="c", at=AT + 2)) == [[1], [2, 3]]
    refused = step("refused", "GET", "http://localhost/?state=wrong", at=AT + 2)
    assert flows(*asked, refused) == [[1], [2, 3]]
    assert flows(redirect(state="st", code="c")) == [[1]]


def test_where_states_were_taken_out_one_that_waits_has_the_redirect_and_of_two_none() -> None:
    one = authorize(client_id=CLIENT, state="~state~", at=AT)
    two = authorize(client_id=CLIENT, state="~state~", at=AT + 1)
    came = redirect(state="~state~", code="~code~", at=AT + 2)
    assert flows(one, came) == [[1, 2]]
    assert flows(one, two, came) == [[1], [2], [3]]
    first = redirect(state="~state~", code="~code~", at=AT + 0.5)
    assert flows(one, first, two, came) == [[1, 2], [3, 4]], "the other has its redirect"
    keys = get(f"{LOGIN}/x/discovery/v2.0/keys", at=AT + 2)
    assert flows(one, two, keys) == [[1], [2, 3]], "keys go with the latest"


@pytest.mark.parametrize(
    ("grant", "joined"),
    [
        (CODE, True),
        ("refresh_token", False),
        ("client_credentials", False),
        ("password", False),
        ("x:device_code", False),
    ],
)
def test_a_token_request_fits_a_flow_by_its_grant(grant: str, joined: bool) -> None:
    asked = authorize(client_id=CLIENT, state="st", at=AT)
    assert flows(asked, token(grant_type=grant, at=AT + 1)) == ([[1, 2]] if joined else [[1], [2]])


def test_an_admins_consent_goes_before_the_apps_own_token_once() -> None:
    came = redirect(state="st", tenant="t", admin_consent="True", at=AT + 1)
    asked = authorize(client_id=CLIENT, state="st", at=AT)
    app = token(grant_type="client_credentials", at=AT + 2)
    assert flows(asked, came, app) == [[1, 2, 3]]
    assert flows(asked, came, app, replace(app, started_at=AT + 3)) == [[1, 2, 3], [4]]


def test_a_refresh_goes_with_a_token_and_a_code_with_a_redirect_alone() -> None:
    first = token({"refresh_token": "~rt~"}, grant_type="password", at=AT)
    assert flows(first, token(grant_type="refresh_token", at=AT + 1)) == [[1, 2]]
    came = redirect(state="st", code="c", at=AT)
    assert flows(came, token(grant_type=CODE, code="c", at=AT + 1)) == [[1, 2]]
    twice = [token(grant_type=CODE, code="c", at=AT + at) for at in (1, 2)]
    assert flows(*twice) == [[1, 2]], "the same code, without its redirect"


@pytest.mark.parametrize("code", ["~code~", "code~0123456789~~~"])
def test_a_code_that_is_another_s_for_sure_goes_with_one_that_cannot_be_compared(code: str) -> None:
    hidden_one = [
        authorize(client_id=CLIENT, state="a", at=AT - 40),
        redirect(state="a", code=code, at=AT - 39),
    ]
    known_one = [
        authorize(client_id=CLIENT, state="b", at=AT - 30),
        redirect(state="b", code="x", at=AT - 29),
    ]
    redeemed = token(grant_type=CODE, code="y")
    assert flows(*hidden_one, *known_one, redeemed) == [[1, 2, 5], [3, 4]]
    assert flows(*known_one, token(grant_type=CODE, code=code)) == [[1, 2, 3]]
    assert flows(hidden_one[1], token(grant_type=CODE, code="y")) == [[1, 2]]


def test_a_stranger_goes_with_the_latest_request_whose_state_may_be_its_own() -> None:
    asked = [
        authorize(client_id=CLIENT, state=state, at=AT - 40 + n)
        for n, state in enumerate(("~state~", "b"))
    ]
    stranger = step("refused", "GET", "http://localhost/?code=c&state=z", at=AT)
    assert flows(*asked, stranger) == [[1, 3], [2]]
    assert flows(asked[1], stranger) == [[1, 2]]


def test_a_token_request_whose_form_is_gone_goes_with_a_redirect_that_waits_for_one() -> None:
    waiting = [authorize(client_id=CLIENT, state="s"), redirect(state="s", code="c")]
    assert flows(*waiting, token()) == [[1, 2, 3]]
    assert flows(*waiting, token(), token(at=AT + 1)) == [[1, 2, 3], [4]]
    assert flows(waiting[0], token()) == [[1], [2]]


def test_a_sign_out_and_a_page_belong_to_no_sign_in() -> None:
    asked = authorize(client_id=CLIENT, state="st", at=AT)
    assert flows(asked, get(f"{ENDPOINTS}/logout", at=AT + 1)) == [[1], [2]]
    assert flows(asked, step("page", "GET", "http://localhost/done", at=AT + 1)) == [[1]]
    assert flows(get(f"{LOGIN}/x/discovery/v2.0/keys")) == [[1]]


def test_a_flow_names_its_parts() -> None:
    items = items_of(steps_of(Recording(tuple(sign_in("a", AT)))))
    (flow,) = flows_of(items)
    assert flow.authorize is items[0]
    assert flow.redirect is items[1]
    assert flow.first(StepKind.DEVICE) is None
    assert flow.tokens() == items[2:4]
    assert flow.tokens("refresh_token") == items[3:4]
    assert flow.tokens("password", CODE) == items[2:3]
    assert "co-a" not in repr(items[1])
