"""Steps sorted into OAuth's messages, with their parameters and members."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.classify import items_of
from entra_oauth.protocol.messages import FORM, HttpResponse, Wire
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.step import steps_of
from kit.audit.exchanges import LOGIN, json_answer, step
from kit.audit.judged import AT, CLIENT, ENDPOINTS, authorize, call, redirect, token

REFUSED = HttpResponse(status=400)


def kinds(*exchanges: Exchange) -> list[str]:
    return [item.kind.value for item in items_of(steps_of(Recording(exchanges)))]


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
    if made:
        ignored = at_the_app("ignored", 200)
        assert kinds(sent_away, ignored) == ["authorize", "redirect", "page"], "it was not taken"
    assert kinds(sent_away, elsewhere) == ["authorize", *made, "redirect"], "another's arrival"
    assert kinds(sent_away, at_the_app("page", 200)) == ["authorize", "redirect"]
    assert kinds(ASKED_OF_APP, token(response=answer)) == ["authorize", "token"], "no browser's"


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/?code=c&state=s", "https://app.example/back", ""]
)
def test_what_leads_elsewhere_or_brings_nothing_is_no_answer(location: str) -> None:
    answer = HttpResponse(status=302, headers=(("Location", location),))
    assert kinds(replace(ASKED_OF_APP, response=answer)) == ["authorize"]


@pytest.mark.parametrize(
    ("body", "is_gone"),
    [
        (b"", True),
        (b"[REDACTED]", True),
        (b"***", True),
        (b"<html>", True),
        (b"<html></html>", False),
        (b'{"access_token":"***"}', False),
        (b"body~0123456789~~~", False),
        (b"{}", False),
    ],
)
def test_an_answer_is_gone_where_its_body_was_taken_out_whole(body: bytes, is_gone: bool) -> None:
    assert item(token(response=HttpResponse(status=200, body=body))).answer_gone is is_gone
    assert item(token()).answer_gone is True


def test_what_the_listener_turned_down_is_no_answer_though_it_came_there() -> None:
    refused = step("refused", "GET", "http://localhost/?code=c&state=s")
    assert kinds(authorize(client_id=CLIENT, redirect_uri="http://localhost"), refused) == [
        "authorize",
        "unsolicited",
    ]


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
