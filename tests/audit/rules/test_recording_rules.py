"""Each rule about the recording itself: what it still holds, whether it opens, what it lacks."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from entra_oauth.audit.rules.all_rules import BY_ID
from entra_oauth.protocol.messages import HttpResponse
from entra_oauth.recording import Exchange
from kit.audit.exchanges import json_answer, step
from kit.audit.judged import AT, ENDPOINTS, authorize, call, case, redirect, said, token, words

CODE = "authorization_code"

# ---- HR01: shareable --------------------------------------------------------------------


def shared(*exchanges: Exchange) -> tuple[list[str], list[str]]:
    """The words of the rule, and the places, for a recording that says it is clean."""
    judged = replace(case(*exchanges), shareable=True)
    return words("HR01", judged), [verdict.where for verdict in BY_ID["HR01"].judge(judged)]


def sent(name: str, value: str, **fields: Any) -> Exchange:
    asked = token(**({"grant_type": "password"} | fields))
    headers = (*asked.request.headers, (name, value))
    return replace(asked, request=replace(asked.request, headers=headers))


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        *((name, "x", "error") for name in ("code", "state", "password", "refresh_token")),
        *((name, "", "pass") for name in ("code", "password")),
        *((name, "~val~", "pass") for name in ("code", "password")),
        ("code", "code~0123456789~~~", "pass"),
        ("code_challenge", "x", "pass"),
        ("client_id", "x", "pass"),
        ("scope", "x", "pass"),
    ],
)
def test_what_is_shared_holds_no_secret_by_its_name(name: str, value: str, word: str) -> None:
    fields: dict[str, Any] = {"grant_type": CODE, name: value}
    assert shared(token(**fields))[0] == [word]
    asked: dict[str, Any] = {"client_id": "x", name: value}
    found, where = shared(authorize(**asked))
    assert found == [word]
    assert where == ([f"/request/query/{name}"] if word == "error" else [""])
    assert words("HR01", case(token(**fields))) == ["not applicable"], "it does not say so"


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"access_token": "x"}, "/response/content/access_token"),
        ({"access_token": "~at~", "refresh_token": "x"}, "/response/content/refresh_token"),
        ({"access_token": "~at~"}, ""),
        ({"access_token": 5}, ""),
        ({"access_token": ""}, ""),
        ({"token_type": "Bearer", "scope": "a"}, ""),
    ],
)
def test_an_answer_that_is_shared_holds_no_token(members: dict[str, Any], where: str) -> None:
    assert shared(token(members, grant_type="password"))[1] == [where]


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("Authorization", "Bearer x", "/request/headers/authorization"),
        ("AUTHORIZATION", "Basic eDp5", "/request/headers/authorization"),
        ("Authorization", "Bearer x y", "/request/headers/authorization"),
        ("Authorization", "Bearer ~at~", ""),
        ("Authorization", "Bearer", ""),
        ("Cookie", "a=b", "/request/headers/cookie"),
        ("COOKIE", "a=b", "/request/headers/cookie"),
        ("Cookie", "a=~ck~", ""),
        ("X-Other", "a", ""),
        ("User-Agent", "a program", ""),
    ],
)
def test_a_header_that_is_shared_holds_no_secret(name: str, value: str, where: str) -> None:
    assert shared(sent(name, value))[1] == [where]


LIVE = f"ey{'A' * 10}.ey{'A' * 2}."


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"{LIVE}{'s' * 40}", "error"),
        (f"x {LIVE}{'s' * 50} y", "error"),
        (f"{LIVE}{'s' * 39}", "pass"),
        (f"{LIVE}sig~0123456789{'~' * 40}", "pass"),
        (f"{LIVE}", "pass"),
        (f"e{LIVE[2:]}{'s' * 40}", "pass"),
    ],
)
def test_a_token_that_works_is_found_wherever_it_stands(text: str, word: str) -> None:
    assert shared(sent("X-Debug", text))[0] == [word]
    answer = HttpResponse(status=200, headers=(), body=text.encode())
    assert shared(token(response=answer, grant_type="password"))[0] == [word]


def test_each_step_is_judged() -> None:
    found, where = shared(token(grant_type="password"), call("Bearer x"))
    assert (found, where) == (["pass", "error"], ["", "/request/headers/authorization"])


# ---- HR02: a HAR file -------------------------------------------------------------------

SIDE = {"headersSize": -1, "bodySize": 0}
ENTRY: dict[str, Any] = {
    "request": SIDE | {"postData": {"text": ""}},
    "response": SIDE,
    "cache": {},
    "timings": {"send": 0, "wait": 12.5, "receive": 0},
    "startedDateTime": "2026-11-25T12:00:00.000Z",
}
LOG: dict[str, Any] = {"version": "1.2", "creator": {"name": "x"}, "pages": [], "entries": [ENTRY]}
MISSING = object()


def without(path: str, value: Any = MISSING) -> dict[str, Any]:
    """A good file with one value changed, or taken out."""
    har: dict[str, Any] = {"log": copy.deepcopy(LOG)}
    parts = path.split("/")
    inner: Any = har
    for part in parts[:-1]:
        inner = inner[int(part) if part.isdigit() else part]
    if value is MISSING:
        del inner[parts[-1]]
    else:
        inner[parts[-1]] = value
    return har


E = "log/entries/0"
FAULTS: list[tuple[str, Any, str]] = [
    ("log", [], "There is no log."),
    ("log/pages", MISSING, "log.pages is missing, without which Firefox opens nothing."),
    ("log/pages", {}, "log.pages is missing, without which Firefox opens nothing."),
    ("log/version", MISSING, "log.version is missing."),
    ("log/version", "", "log.version is missing."),
    ("log/creator", {}, "log.creator is missing."),
    ("log/entries", ["x"], "Entry 1: request or response is missing."),
    ("log/entries", [ENTRY, {}], "Entry 2: request or response is missing."),
    (f"{E}/request", MISSING, "Entry 1: request or response is missing."),
    (f"{E}/response", [], "Entry 1: request or response is missing."),
    (f"{E}/cache", MISSING, "Entry 1: cache is missing, without which Firefox opens nothing."),
    *(
        (f"{E}/timings/{name}", value, f"Entry 1: timings.{name} is no number.")
        for name in ("send", "wait", "receive")
        for value in (MISSING, "1", -1)
    ),
    (f"{E}/timings", MISSING, "Entry 1: timings.send is no number."),
    *(
        (f"{E}/{side}/{name}", value, f"Entry 1: {name} is no number, which Chrome needs.")
        for side in ("request", "response")
        for name in ("headersSize", "bodySize")
        for value in (MISSING, "1")
    ),
    *(
        (f"{E}/startedDateTime", value, "Entry 1: startedDateTime is no time with a zone.")
        for value in (MISSING, "2026-11-25T12:00:00", "yesterday", 5)
    ),
]


@pytest.mark.parametrize(("path", "value", "sentence"), FAULTS)
def test_a_har_file_has_what_browsers_need(path: str, value: Any, sentence: str) -> None:
    judged = replace(case(), har=without(path, value))
    assert words("HR02", judged) == ["warning"]
    assert said("HR02", judged) == [sentence]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("log/entries", []),
        ("log/entries", MISSING),
        ("log/browser", {}),
        (f"{E}/request/postData", MISSING),
        (f"{E}/request/postData/text", MISSING),
        (f"{E}/timings/wait", 0),
        (f"{E}/startedDateTime", "2026-11-25T12:00:00+01:00"),
    ],
)
def test_what_browsers_do_without_may_be_missing(path: str, value: Any) -> None:
    assert words("HR02", replace(case(), har=without(path, value))) == ["pass"]
    assert words("HR02", case()) == ["not applicable"]


# ---- HR03: what is missing --------------------------------------------------------------

ASKED = authorize(client_id="x", state="s")
CAME = redirect(code="c", state="s")
REDEEMED = token({"access_token": "at"}, grant_type=CODE, code="c")


@pytest.mark.parametrize(
    ("steps", "missing"),
    [
        ((ASKED, CAME, REDEEMED), ""),
        ((CAME, REDEEMED), "authorize request"),
        ((ASKED, REDEEMED), "redirect"),
        ((ASKED, CAME), "token request"),
        ((ASKED,), "redirect, token request"),
        ((ASKED, CAME, token()), ""),  # its form was taken out
        ((REDEEMED,), "authorize request, redirect"),
        ((ASKED, redirect(error="access_denied", state="s")), ""),
        ((ASKED, redirect(error="", state="s")), "token request"),
    ],
)
def test_a_sign_in_has_three_parts(steps: tuple[Exchange, ...], missing: str) -> None:
    assert words("HR03", case(*steps)) == (["note"] if missing else ["pass"])
    if missing:
        assert said("HR03", case(*steps)) == [f"Not in it: {missing}."]
    assert words("HR03", case(*steps, planned=True)) == ["not applicable"]


@pytest.mark.parametrize(
    "other",
    [
        token(grant_type="password"),
        call("Bearer x"),
        step(
            "device",
            "POST",
            f"{ENDPOINTS}/devicecode",
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=b"client_id=x",
        ),
    ],
)
def test_another_way_to_a_token_is_no_sign_in(other: Exchange) -> None:
    assert said("HR03", case(other)) == ["it is no sign-in through a browser"]


def test_metadata_alone_is_nothing_to_be_judged() -> None:
    url = "https://login.example/t/v2.0/.well-known/openid-configuration"
    metadata = step("openid-configuration", "GET", url, response=json_answer({}), at=AT - 30)
    assert said("HR03", case(metadata)) == ["there is nothing of the kind in this recording"]


def test_which_redirect_is_whose_may_have_been_taken_out() -> None:
    hidden = [authorize(at=AT - 40 + n, client_id="x", state="~state~") for n in range(2)]
    answers = [redirect(at=AT - 20 + n, code="~code~", state="~state~") for n in range(2)]
    torn = case(*hidden, *answers)
    assert set(words("HR03", torn)) == {"undecidable"}
    assert words("HR03", case(*hidden)) == ["note", "note"], "no redirect is there at all"
    whole = [replace(each, started_at=each.started_at + 99) for each in (ASKED, CAME, REDEEMED)]
    assert words("HR03", case(*hidden, *answers, *whole))[-1] == "pass", "of itself nothing is torn"
    assert words("HR03", case(ASKED, token(grant_type="password"))) == ["note", "not applicable"]
    late = authorize(at=AT + 60, client_id="x", state="t")
    assert words("HR03", case(ASKED, CAME, REDEEMED, late)) == ["pass", "note"], "none is alone"
    alone = redirect(at=AT - 100, code="b", state="r")
    assert words("HR03", case(alone, ASKED, CAME, REDEEMED)) == ["note", "pass"]
