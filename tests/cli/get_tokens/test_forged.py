"""Whoever knocks at the door of a sign-in: it goes on, and the genuine answer gets through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import quote_plus

import pytest

from kit import canaries
from kit.command_line import Person, at, authority, call, error_of
from kit.servers import raw_peer

Knock = Callable[[Person], raw_peer.Reply]

EVIL = "0.EvilCode-" + "Ee9_" * 8


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


def _state(person: Person) -> str:
    return person.asked["state"]


FORGED: dict[str, tuple[Knock, int]] = {
    "a wrong state": (lambda p: p.bring([("code", EVIL), ("state", "0" * 43)]), 400),
    "no state": (lambda p: p.bring([("code", EVIL)]), 400),
    "an empty state": (lambda p: p.bring([("code", EVIL), ("state", "")]), 400),
    "the state cut short": (lambda p: p.bring([("code", EVIL), ("state", _state(p)[:-1])]), 400),
    "a state of other letters": (lambda p: p.bring([("code", EVIL), ("state", "ü" * 43)]), 400),
    "the state twice": (
        lambda p: p.bring([("code", EVIL), ("state", _state(p)), ("state", _state(p))]),
        400,
    ),
    "an error without a state": (lambda p: p.bring([("error", "access_denied")]), 400),
    "an error with a wrong state": (
        lambda p: p.bring([("error", "server_error"), ("state", "x")]),
        400,
    ),
    "an empty redirect": (lambda p: p.bring([]), 400),
    "two codes": (lambda p: p.bring([("code", EVIL), ("code", EVIL), ("state", _state(p))]), 400),
    "code and error": (
        lambda p: p.bring([("code", EVIL), ("error", "x"), ("state", _state(p))]),
        400,
    ),
    "a token": (lambda p: p.bring([("access_token", "x"), ("state", _state(p))]), 400),
    "another issuer": (
        lambda p: p.bring([("code", EVIL), ("state", _state(p)), ("iss", "https://evil.example")]),
        400,
    ),
    "another host": (
        lambda p: p.bring([("code", EVIL), ("state", _state(p))], host="evil.example"),
        421,
    ),
    "another path": (
        lambda p: raw_peer.get(p.port, f"/callback?code={EVIL}&state={quote_plus(_state(p))}"),
        404,
    ),
    "another method": (
        lambda p: raw_peer.get(
            p.port, f"/?code={EVIL}&state={quote_plus(_state(p))}", method="PUT"
        ),
        405,
    ),
    "a guess at the last page": (lambda p: raw_peer.get(p.port, "/done/guess"), 404),
}


@pytest.mark.parametrize("mode", ["form_post", "query"])
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_redirect_is_refused_and_the_genuine_one_counts(
    person: Person, name: str, mode: str
) -> None:
    knock, status = FORGED[name]
    replies: list[raw_peer.Reply] = []
    person.before = lambda p: replies.append(knock(p))
    with authority(person) as server:
        ran = call("login", *at(server.url), "--browser", "x", "--response-mode", mode)
        person.join()
    assert (ran.code, [reply.status for reply in replies]) == (0, [status])
    assert EVIL.encode() not in replies[0].body
    assert len(server.requests) == 1
    assert quote_plus(canaries.CODE).encode() in server.requests[0]
    assert EVIL not in ran.both
    assert "Signed in as ada@example.test" in person.page


def test_where_only_forged_ones_came_it_is_a_failed_check(person: Person) -> None:
    person.answer = lambda asked: [("code", EVIL), ("state", "theirs")]
    with authority(person) as server:
        ran = call("login", *at(server.url), "--browser", "x", "--timeout", "1")
        person.join()
    what, advice = error_of(ran)
    assert ran.code == 5
    assert "a state that is not ours" in what
    assert "No other answer came in time" in what
    assert "Start again" in advice
    assert "still awaited" not in ran.err
    assert "1 redirect was refused" in ran.err
    assert server.requests == []


def test_a_no_of_the_authority_ends_the_wait_with_its_own_words(person: Person) -> None:
    said = "AADSTS65004: The user declined. Trace ID: 0a-1b Correlation ID: 0c-2d"
    person.answer = lambda asked: [
        ("error", "access_denied"),
        ("error_description", said),
        ("state", asked["state"]),
    ]
    with authority(person) as server:
        ran = call("login", *at(server.url), "--browser", "x")
        person.join()
    what, advice = error_of(ran)
    assert ran.code == 3
    assert "AADSTS65004: The user declined." in what
    assert "Consent was declined" in advice
    assert "  correlation id: 0c-2d" in ran.err.splitlines()
    assert "AADSTS65004" in person.page
    assert "0c-2d" in person.page
    assert server.requests == []


def test_many_silent_connections_delay_nothing(person: Person) -> None:
    with ExitStack() as crowd, authority(person) as server:
        person.before = lambda p: crowd.enter_context(raw_peer.silent_peers(p.port, 40))
        ran = call("login", *at(server.url), "--browser", "x", "--timeout", "20")
        person.join()
    assert ran.code == 0


def test_nobody_comes(person: Person) -> None:
    person.opens = False
    ran = call("login", *at("http://localhost:9"), "--browser", "x", "--timeout", "1")
    what, advice = error_of(ran)
    assert ran.code == 7
    assert what.startswith("No answer came to http://localhost:")
    assert "The browser's command x could not be started." in ran.err
    assert "The command that opens the browser had failed." in what
    assert "--paste" in advice
    assert "AADSTS50011" not in ran.err


def test_nobody_comes_though_the_browser_is_open(person: Person) -> None:
    person.comes = False
    ran = call("login", *at("http://localhost:9"), "--browser", "x", "--timeout", "1")
    _, advice = error_of(ran)
    assert ran.code == 7
    assert "AADSTS50011" in advice
