"""Steps sorted into OAuth's messages, and put together into sign-ins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.classify import StepKind, items_of
from entra_oauth.audit.sign_ins import flows_of
from entra_oauth.protocol.messages import FORM, HttpResponse, Wire
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import steps_of
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, CLIENT, ENDPOINTS, authorize, call, redirect, token
from kit.audit.more_exchanges import device

REFUSED = HttpResponse(status=400)


def kinds(*exchanges: Exchange) -> list[str]:
    return [item.kind.value for item in items_of(steps_of(Recording(exchanges)))]


def flows(*exchanges: Exchange) -> list[list[int]]:
    """The numbers of the steps of each flow."""
    items = items_of(steps_of(Recording(exchanges)))
    return [[item.number for item in flow.items] for flow in flows_of(items)]


def get(url: str, **more: Any) -> Exchange:
    return step("request", "GET", url, **more)


SHOWN = (("Authorization", "Bearer t"),)
KINDS: list[tuple[Exchange, str]] = [
    (authorize(client_id=CLIENT), "authorize"),
    (authorize(response_type="code"), "authorize"),
    (authorize(redirect_uri="x"), "authorize"),
    (authorize(scope="x"), "authorize"),
    (authorize(domain="x"), "metadata"),
    (authorize(), "metadata"),
    (get(f"{ENDPOINTS}/authorize"), "metadata"),
    (redirect(code="c", state="s"), "redirect"),
    (replace(redirect(code="c"), response=HttpResponse(status=399)), "redirect"),
    (replace(redirect(code="c"), response=REFUSED), "unsolicited"),
    (replace(authorize(client_id=CLIENT), response=REFUSED), "authorize"),
    (step("refused", "GET", "http://localhost/?code=c"), "unsolicited"),
    (step("page", "GET", "http://localhost/done"), "page"),
    (step("ignored", "GET", "http://localhost/?code=c&state=s"), "page"),
    (token(grant_type="password"), "token"),
    (get(f"{ENDPOINTS}/token?access_token=t"), "token"),
    (step("devicecode", "POST", f"{ENDPOINTS}/devicecode"), "device"),
    (get(f"{LOGIN}/x/discovery/v2.0/keys"), "keys"),
    (get(f"{LOGIN}/x/v2.0/.well-known/openid-configuration"), "metadata"),
    (get(f"{ENDPOINTS}/logout"), "logout"),
    (get("https://idp.example/connect/endsession"), "logout"),
    (get("https://idp.example/logout/x"), "page"),
    (call("Bearer t"), "resource"),
    (get("https://api.example/?access_token=t"), "resource"),
    (get("https://api.example/?access_token=t&state=s"), "resource"),
    (step("page", "GET", "https://api.example/?access_token=t&state=s"), "page"),
    (step("page", "GET", "https://api.example/?access_token=t"), "page"),
    (get("https://api.example/?token=t"), "page"),
    (replace(get("https://api.example/", headers=SHOWN), purpose="page"), "resource"),
    (step("redirect", "GET", "https://api.example/", headers=SHOWN), "resource"),
]


@pytest.mark.parametrize(("exchange", "kind"), KINDS)
def test_each_message_has_its_kind(exchange: Exchange, kind: str) -> None:
    assert kinds(exchange) == [kind]


def test_a_request_that_asks_in_its_form_is_an_authorize_request_too() -> None:
    headers = (("Content-Type", FORM),)
    url = f"{ENDPOINTS}/authorize"
    posted = step("authorize", "POST", url, headers=headers, body=b"client_id=x")
    assert kinds(posted) == ["authorize"]


def test_of_messages_that_seem_to_begin_at_once_the_request_comes_first() -> None:
    together = [
        call("Bearer t", at=AT),
        token(grant_type="password", at=AT),
        redirect(code="c", at=AT),
        step("devicecode", "POST", f"{ENDPOINTS}/devicecode", at=AT),
        authorize(client_id=CLIENT, at=AT),
    ]
    wanted = ["authorize", "device", "redirect", "token", "resource"]
    assert kinds(*together) == wanted
    assert kinds(replace(together[0], started_at=AT - 1, ended_at=AT), *together[1:]) == [
        "resource",
        *wanted[:-1],
    ]


# ---- the parameters and members of one ------------------------------------------------


def item(exchange: Exchange) -> Any:
    (found,) = items_of(steps_of(Recording((exchange,))))
    return found


def test_parameters_count_from_the_form_of_a_token_request_and_from_the_address_else() -> None:
    headers = (("Content-Type", f"{FORM.upper()}; charset=utf-8"),)
    posted = step("token", "POST", f"{ENDPOINTS}/token?a=q", headers=headers, body=b"a=f&b=f")
    asked = item(posted)
    assert (asked.get("a"), asked.every("a"), asked.get("none")) == ("f", ["f", "q"], None)
    assert (asked.at("a"), asked.at("c")) == ("/request/form/a", "/request/form/c")
    form = step("authorize", "POST", f"{ENDPOINTS}/authorize?a=q&client_id=x", headers=headers)
    form = replace(form, request=replace(form.request, body=b"a=f"))
    assert item(form).every("a") == ["q", "f"]
    plain = replace(posted, request=replace(posted.request, headers=(("Content-Type", "x"),)))
    assert item(plain).every("a") == ["q"], "a body that is no form has none"


@pytest.mark.parametrize(
    ("body", "members"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[1]", {}),
        (b"{", {}),
        (b"", {}),
        (b"[" * 100_000, {}),
    ],
)
def test_members_are_those_of_a_json_object(body: bytes, members: dict[str, Any]) -> None:
    read = item(token(response=HttpResponse(status=200, body=body)))
    assert read.members == members
    assert read.text("a") is None, "a number is no text"
    assert item(token()).members == {}
    assert item(token({"a": "x"})).text("a") == "x"


@pytest.mark.parametrize(
    ("method", "name", "headers", "body", "is_gone"),
    [
        ("POST", "token", (), b"", True),
        ("POST", "devicecode", (), b"", True),
        ("POST", "token", (("Content-Type", FORM.upper()),), b"", True),
        ("POST", "token", (("Content-Type", FORM),), b"[REDACTED]", True),
        ("POST", "token", (("Content-Type", FORM),), b"code=[REDACTED]", False),
        ("POST", "token", (("Content-Type", FORM),), b"some text", False),
        ("POST", "token", (("Content-Length", "0"),), b"", False),
        ("POST", "token", (("Content-Type", "application/json"),), b"", False),
        ("GET", "token", (), b"", False),
        ("POST", "authorize", (), b"", False),
    ],
)
def test_a_form_is_gone_where_there_should_be_one(
    method: str, name: str, headers: tuple[tuple[str, str], ...], body: bytes, is_gone: bool
) -> None:
    url = f"{ENDPOINTS}/{name}?client_id=x"
    asked = step(name, method, url, headers=headers, body=body)
    assert item(asked).form_gone is is_gone
    head = f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    seen = replace(asked, wire=Wire(sent=head))
    assert item(seen).form_gone is False, "it was seen, and had none"


ASKED_OF_APP = authorize(client_id=CLIENT, redirect_uri="https://app.example/back")
TO_APP = "https://app.example/back?code=c&state=s"


def at_the_app(note: str, status: int) -> Exchange:
    return step(note, "GET", TO_APP, response=HttpResponse(status=status), at=AT)


@pytest.mark.parametrize(
    ("arrived", "kind"),
    [
        (at_the_app("page", 200), "redirect"),
        (at_the_app("page", 399), "redirect"),
        (at_the_app("page", 400), "unsolicited"),
        (at_the_app("ignored", 200), "page"),
        (get("https://app.example/back?access_token=t"), "redirect"),
        (get("https://app.example/back?access_token=t", headers=SHOWN), "resource"),
    ],
)
def test_a_page_at_a_redirect_uri_that_was_asked_is_an_answer(arrived: Exchange, kind: str) -> None:
    assert kinds(ASKED_OF_APP, arrived) == ["authorize", kind]


def test_an_address_that_only_a_token_request_names_was_not_asked_to_be_answered_at() -> None:
    redeemed = token(grant_type="authorization_code", redirect_uri="https://app.example/back")
    assert kinds(redeemed, at_the_app("page", 200)) == ["token", "page"]


@pytest.mark.parametrize(
    ("status", "made"), [(200, []), (299, []), (300, ["redirect"]), (399, ["redirect"]), (400, [])]
)
def test_an_answer_without_an_arrival_is_read_off_the_redirect(
    status: int, made: list[str]
) -> None:
    answer = HttpResponse(status=status, headers=(("Location", TO_APP),))
    assert kinds(replace(ASKED_OF_APP, response=answer)) == ["authorize", *made]
    sent_away = replace(ASKED_OF_APP, response=answer)
    elsewhere = redirect(code="other")
    assert kinds(sent_away, elsewhere) == ["authorize", *made, "redirect"], "another's arrival"
    assert kinds(sent_away, at_the_app("page", 200)) == ["authorize", "redirect"]
    assert kinds(ASKED_OF_APP, token(response=answer)) == ["authorize", "token"], "no browser's"


def test_what_the_listener_turned_down_is_no_answer_though_it_came_there() -> None:
    refused = step("refused", "GET", "http://localhost/?code=c&state=s")
    assert kinds(authorize(client_id=CLIENT, redirect_uri="http://localhost"), refused) == [
        "authorize",
        "unsolicited",
    ]


# ---- sign-ins ---------------------------------------------------------------------------

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


def test_a_metadata_answer_is_read() -> None:
    asked = get(
        f"{LOGIN}/x/v2.0/.well-known/openid-configuration", response=json_answer({"issuer": "i"})
    )
    assert item(asked).text("issuer") == "i"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("code", "/request/form/code"),
        ("client_secret", "/request/query/client_secret"),
        ("scope", "/request/form/scope"),
        ("missing", "/request/form/missing"),
    ],
)
def test_a_parameter_is_placed_where_it_stands(name: str, place: str) -> None:
    sent = step(
        "token",
        "POST",
        f"{ENDPOINTS}/token?client_secret=s&scope=x",
        body=b"grant_type=authorization_code&code=c&scope=x",
        headers=(("Content-Type", FORM),),
    )
    assert item(sent).at(name) == place
    assert item(authorize(client_id=CLIENT)).at("missing") == "/request/query/missing"
