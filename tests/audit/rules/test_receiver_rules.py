"""Each rule about how the answer is received at its limits, also where a part is hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.case import Case
from entra_oauth.protocol.messages import FORM, HttpResponse, encode_form
from entra_oauth.recording import Exchange
from kit.audit.exchanges import LOGIN, step
from kit.audit.judged import AT, ENDPOINTS, authorize, call, case, redirect, said, token, words

APP = "http://localhost"
LONG_CODE = "0.ASkAIj-x"
TAGGED = "code~0123456789~~~"
CAREFUL: dict[str, Any] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


def answer(status: int = 200, body: str = "", **headers: Any) -> HttpResponse:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpResponse(status=status, headers=named, body=body.encode())


def came(response: HttpResponse | None = None, at: float = AT - 10, **fields: str) -> Exchange:
    """A redirect that the listener answered so."""
    return replace(redirect(at=at, **({"code": "c"} | fields)), response=response)


def one(rule: str, response: HttpResponse | None = None, **fields: Any) -> str:
    (word,) = words(rule, case(came(response, **fields)))
    return word


@pytest.mark.parametrize("rule", ["RR09", "RR10", "RR11", "RR12"])
def test_what_the_listener_answered_may_not_be_there(rule: str) -> None:
    assert one(rule) == "undecidable"
    assert words(rule, case(token(grant_type="password"))) == ["not applicable"]


# ---- RR09: headers ----------------------------------------------------------------------


@pytest.mark.parametrize("missing", [*CAREFUL, ""])
def test_the_listeners_answer_is_not_kept_sends_no_referer_and_loads_nothing(missing: str) -> None:
    kept = {name: value for name, value in CAREFUL.items() if name != missing}
    assert one("RR09", answer(**kept)) == ("warning" if missing else "pass")
    if missing:
        found = said("RR09", case(came(answer(**kept))))
        assert found == [f"Without {missing.lower()}."]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("Cache-Control", "No-Store, max-age=0", "pass"),
        ("Cache-Control", "no-cache", "warning"),
        ("Referrer-Policy", "origin", "warning"),
        ("Content-Security-Policy", "default-src 'self'", "warning"),
    ],
)
def test_a_header_counts_by_its_value(name: str, value: str, word: str) -> None:
    assert one("RR09", answer(**CAREFUL | {name: value})) == word


# ---- RR10: the page ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("", "pass"),
        ("<p>You can close this window.</p>", "pass"),
        ("<script>x</script>", "warning"),
        ("<SCRIPT src=x>", "warning"),
        ("<scripted>", "pass"),
        ('<img src="https://cdn.example/x">', "warning"),
        ("<a href = ' http://evil.example/'>", "warning"),
        ("<form ACTION=https://evil.example/>", "warning"),
        ('<a href="http://localhost:8400/done">', "pass"),
        ('<a href="http://127.0.0.1:8400/done">', "pass"),
        ('<a href="/done">', "pass"),
        ("https://docs.example/ is an address", "pass"),
    ],
)
def test_the_page_loads_nothing_from_elsewhere(page: str, word: str) -> None:
    assert one("RR10", answer(body=page)) == word


@pytest.mark.parametrize("name", ["code", "state"])
@pytest.mark.parametrize(
    ("value", "page", "word"),
    [
        (LONG_CODE, f"<p>{LONG_CODE}</p>", "warning"),
        (LONG_CODE, "<p>Done.</p>", "pass"),
        ("12345678", "12345678", "warning"),
        ("1234567", "1234567", "pass"),
        (TAGGED, f"<p>{TAGGED}</p>", "warning"),
        (TAGGED, "<p>cod~0123456789</p>", "warning"),
        (TAGGED, "<p>code~9876543210~~~</p>", "pass"),
        ("~code~", "<p>Done.</p>", "undecidable"),
        ("~code~", "", "pass"),
        ("<hidden value>", "<p>Done.</p>", "undecidable"),
        ("[removed]", "<p>[removed]</p>", "undecidable"),
        (LONG_CODE, "body~0123456789~~~", "undecidable"),
        (LONG_CODE, "~body~", "undecidable"),
    ],
)
def test_the_page_repeats_no_code_and_no_state(name: str, value: str, page: str, word: str) -> None:
    fields: dict[str, Any] = {"code": "x", "state": "x"} | {name: value}
    assert one("RR10", answer(body=page), **fields) == word
    if word == "warning":
        found = said("RR10", case(came(answer(body=page), **fields)))
        assert found == [f"The {name} is repeated."]


def test_a_page_of_a_server_may_load_scripts_where_the_code_is_not_in_its_address() -> None:
    page = answer(body="<script src=https://cdn.example/x.js></script>")
    form = (("Content-Type", FORM),)
    url = "https://app.example/cb"
    posted_on = step("accepted", "POST", url, headers=form, body=b"code=c&state=s", response=page)
    assert words("RR10", case(posted_on)) == ["pass"]
    in_fragment = step("accepted", "GET", f"{url}#code=c&state=s", response=page)
    assert said("RR10", case(in_fragment)) == ["There is a script of another host in the page."]


def test_an_app_with_a_scheme_of_its_own_takes_its_answers_without_a_script() -> None:
    asked = authorize(client_id="x", redirect_uri="com.example.app:/cb", state="s")
    url = "com.example.app:/cb?code=c&state=s"
    taken = step("accepted", "GET", url, response=answer(body="<script>x</script>"), at=AT - 10)
    assert words("RR10", case(asked, taken)) == ["warning"]
    led_nowhere = step("page", "POST", f"{LOGIN}/login", response=HttpResponse(status=200), at=AT)
    assert words(RR14, case(asked, led_nowhere, taken)) == ["undecidable"]


def test_a_header_of_the_answer_repeats_it_just_as_well() -> None:
    assert one("RR10", answer(303, Location=f"/done?{LONG_CODE}"), code=LONG_CODE) == "warning"
    assert one("RR10", answer(303, Location="/done"), code=LONG_CODE) == "pass"


def test_of_two_codes_each_is_looked_for() -> None:
    asked = step("accepted", "GET", f"{APP}/?code=x&code={LONG_CODE}", at=AT - 10)
    page = replace(asked, response=answer(body=LONG_CODE))
    assert words("RR10", case(page)) == ["warning"]
    hidden_first = step("accepted", "GET", f"{APP}/?code=~code~&state=s", at=AT - 10)
    assert words("RR10", case(replace(hidden_first, response=answer(body="x")))) == ["undecidable"]


# ---- RR11: an open redirect -------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "location", "word"),
    [
        ("https://evil.example", "https://evil.example", "error"),
        ("https://evil.example", "https://evil.example/?x", "error"),
        ("//evil.example", "//evil.example", "error"),
        ("https://evil.example", "/done", "pass"),
        ("https://evil.example", "/x?https://evil.example", "pass"),
        ("/done", "/done", "pass"),
        ("", "/done", "pass"),
        ("https://evil.example", "", "not applicable"),
    ],
)
def test_the_listener_leads_to_no_address_of_the_query(
    target: str, location: str, word: str
) -> None:
    headers: dict[str, Any] = {"Location": location} if location else {}
    assert one("RR11", answer(303, **headers), next=target) == word


# ---- RR12: the address bar --------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "location", "word"),
    [
        (303, "/done", "pass"),
        (302, "/done", "pass"),
        (303, "", "warning"),
        (303, "/done?code=c", "warning"),
        (303, "/done?postcode=1234", "pass"),
        (303, "/done?x=c", "warning"),
        (303, "/done#code=c", "warning"),
        (303, "/done?x=~code~", "undecidable"),
        (303, "/done?x=~code~&y=z", "undecidable"),
        (303, "/done?x=~code~&y=c", "warning"),
        (200, "", "warning"),
        (200, "/done", "warning"),
        (300, "/done", "warning"),
        (304, "/done", "warning"),
        *((status, "/done", "pass") for status in (301, 307, 308)),
        *((status, "/done?code=c", "warning") for status in (301, 307, 308)),
    ],
)
def test_the_code_leaves_the_address_bar(status: int, location: str, word: str) -> None:
    headers: dict[str, Any] = {"Location": location} if location else {}
    assert one("RR12", answer(status, **headers)) == word
    if word == "warning":
        found = said("RR12", case(came(answer(status, **headers))))
        leads = status in (301, 302, 303, 307, 308) and location
        where = (
            "the address that it leads to has the code" if leads else "the page's address keeps it"
        )
        assert found == [f"{status}: {where}."]


def test_what_a_pages_script_does_with_its_address_is_not_seen() -> None:
    for url in ("https://spa.example/#code=c&state=s", f"{APP}/#code=c&state=s"):
        answered = step("accepted", "GET", url, response=answer(), at=AT - 10)
        assert words("RR12", case(answered)) == ["undecidable"]


def test_a_code_in_a_form_was_never_in_the_address() -> None:
    body = encode_form((("code", "c"),)).encode()
    headers = (("Content-Type", FORM),)
    posted = step("accepted", "POST", f"{APP}/", headers=headers, body=body, response=answer())
    assert words("RR12", case(posted)) == ["not applicable"]
    assert words("RR12", case(replace(redirect(error="e"), response=answer()))) == [
        "not applicable"
    ]


# ---- RR13: the Referer ------------------------------------------------------------------


def fetched(referer: str = "") -> Exchange:
    headers = (("Referer", referer),) if referer else ()
    return step("page", "GET", f"{APP}/style.css", headers=headers, at=AT - 5)


def seen(*exchanges: Exchange) -> Case:
    """The same, with the browser's own requests in it."""
    return replace(case(*exchanges), browser_side=True)


@pytest.mark.parametrize(
    ("referer", "word"),
    [
        (f"{APP}/?code=c", "error"),
        (f"{APP}/?x=1&state=s", "error"),
        (f"{APP}/#code=c", "error"),
        (f"{APP}/?error=e", "pass"),
        (f"{APP}/?barcode=c", "pass"),
        (f"{APP}/", "pass"),
        (f"{LOGIN}/authorize?response_type=code&state=s", "pass"),
        ("", "pass"),
    ],
)
def test_no_referer_carries_the_code_or_the_state(referer: str, word: str) -> None:
    assert words("RR13", seen(came(), fetched(referer))) == [word]


def test_without_the_browsers_requests_nobody_knows_their_referers() -> None:
    assert words("RR13", case(came(), fetched())) == ["undecidable"]
    assert words("RR13", case(came(), fetched(f"{APP}/?code=c"))) == ["error"]
    assert words("RR13", seen(token(grant_type="password"))) == ["not applicable"]
    twice = seen(came(), fetched(f"{APP}/?code=c"), fetched(f"{APP}/?code=c"))
    assert words("RR13", twice) == ["error", "error"]


# ---- RR14: the password -----------------------------------------------------------------

RR14 = "RR14"


def posted(
    status: int = 302,
    location: str = f"{APP}/?code=c",
    *,
    method: str = "POST",
    url: str = f"{LOGIN}/login",
) -> Exchange:
    headers: dict[str, Any] = {"Location": location} if location else {}
    return step("page", method, url, response=answer(status, **headers), at=AT - 15)


@pytest.mark.parametrize(
    ("status", "good"), [(302, True), (303, True), (306, True), (307, False), (308, False)]
)
@pytest.mark.parametrize("location", [f"{APP}/?code=c", f"{APP}/#code=c", f"{APP}/?x&error=e"])
def test_the_password_does_not_travel_on(status: int, good: bool, location: str) -> None:
    (word,) = words(RR14, case(posted(status, location), came()))
    assert (word == "pass") is good
    assert good or word in ("warning", "error")
    if not good:
        assert said(RR14, case(posted(status, location), came())) == [f"It answered {status}."]


@pytest.mark.parametrize(
    "page",
    [
        posted(307, "https://elsewhere.example/?code=c"),
        posted(307, f"{APP}/"),
        posted(307, ""),
        posted(307, method="GET"),
        token(response=answer(307, Location=f"{APP}/?code=c"), grant_type="password"),
    ],
)
def test_only_what_led_the_browser_to_the_app_counts(page: Exchange) -> None:
    assert words(RR14, case(page, came())) == ["undecidable"]


def test_an_authorize_request_that_was_posted_counts() -> None:
    asked = step(
        "authorize",
        "POST",
        f"{ENDPOINTS}/authorize?client_id=x",
        headers=(("Accept", "*/*"),),
        response=answer(303, Location=f"{APP}/?code=c"),
        at=AT - 20,
    )
    assert words(RR14, case(asked, came())) == ["pass"]
    assert words(RR14, case(asked)) == ["not applicable"], "nothing came back"


def by_form() -> Exchange:
    headers = (("Content-Type", FORM),)
    return step("accepted", "POST", f"{APP}/", headers=headers, body=b"code=c", at=AT - 10)


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ((posted(200, ""), by_form()), "pass"),
        ((posted(307, ""), by_form()), "undecidable"),
        ((posted(200, ""), posted(308, ""), by_form()), "undecidable"),
        ((posted(200, ""), came()), "undecidable"),
        ((posted(200, ""), came(), by_form()), "undecidable"),
        ((posted(200, "", method="GET"), by_form()), "undecidable"),
        ((by_form(),), "undecidable"),
        ((token(response=answer(), grant_type="password", at=AT - 15), by_form()), "undecidable"),
        ((posted(303, f"{APP}/?code=c"), by_form()), "pass"),
    ],
)
def test_a_page_that_posts_the_answer_leads_by_no_redirect(
    steps: tuple[Exchange, ...], word: str
) -> None:
    assert words(RR14, seen(*steps)) == [word]
    led = steps[0].response is not None and bool(steps[0].response.header("location"))
    if word == "pass" and not led:
        assert words(RR14, case(*steps)) == ["undecidable"]


def test_it_is_told_what_is_missing() -> None:
    assert said(RR14, seen(came())) == ["what led the browser to the app is not here"]
    assert said(RR14, case(came())) == ["the browser's own requests are not here"]


# ---- RR18: one answer -------------------------------------------------------------------

ASKED = authorize(client_id="x", state="s")


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [("s", "s", "error"), ("s", "t", "pass"), ("~state~", "~state~", "undecidable")],
)
def test_one_answer_is_taken_for_each_request(first: str, second: str, word: str) -> None:
    answers = (came(at=AT - 10, state=first), came(at=AT - 9, state=second))
    assert words("RR18", case(ASKED, *answers)) == [word]
    refused = came(answer(409), at=AT - 9, state=second)
    assert words("RR18", case(ASKED, answers[0], refused)) == ["pass"]


def test_the_answer_that_was_taken_is_named() -> None:
    answers = [came(at=AT - 10 + each, state="s") for each in range(3)]
    found = said("RR18", case(ASKED, *answers))
    assert found == ["Step 2 was taken for the answer already."] * 2
    assert words("RR18", case(ASKED)) == ["not applicable"]


def test_two_answers_without_a_state_are_two_for_one_request() -> None:
    answers = [came(at=AT - 10 + each) for each in range(2)]
    assert words("RR18", case(authorize(client_id="x"), *answers)) == ["error"]


# ---- RR19: strangers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "Something was turned down."),
        ({"Origin": "https://evil.example"}, "Something from evil.example was turned down."),
        ({"Referer": "https://b.example/x"}, "Something from b.example was turned down."),
        (
            {"Origin": "https://a.example", "Referer": "https://b.example/x"},
            "Something from a.example was turned down.",
        ),
        ({"Origin": "null"}, "Something was turned down."),
    ],
)
def test_each_answer_that_was_turned_down_is_counted(
    headers: dict[str, Any], sentence: str
) -> None:
    stranger = step("refused", "GET", f"{APP}/?code=x", headers=tuple(headers.items()))
    assert words("RR19", case(ASKED, stranger, stranger)) == ["note", "note"]
    assert said("RR19", case(ASKED, stranger)) == [sentence]
    assert words("RR19", case(ASKED, call("Bearer at"))) == ["not applicable"]
