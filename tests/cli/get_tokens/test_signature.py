"""The ID token's signature, from the command line: login, and the two halves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kit import canaries
from kit.command_line import (
    TENANT,
    Person,
    Ran,
    at,
    call,
    error_of,
    id_token,
    on_stdin,
    token_answer,
)
from kit.servers import id_token_key
from kit.servers.raw_server import Peer, RawServer, answer

KEYS = answer(json.dumps(id_token_key.jwks()).encode())
NO_KEYS = answer(b"{}", status="404 Not Found")


def forged(token: str) -> str:
    """The same token, its signature changed."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'A' * len(signature)}"


@contextmanager
def authority(
    person: Person, *, keys: bytes = KEYS, change: Callable[[str], str] = str
) -> Iterator[RawServer]:
    def play(peer: Peer) -> None:
        while message := peer.request():
            if id_token_key.is_for_keys(message):
                peer.send(keys)
                continue
            nonce = person.asked.get("nonce")
            token = id_token(nonce, f"{server.url}/{TENANT}/v2.0") if nonce else None
            members = token_answer(id_token=change(token) if token else None)
            peer.send(answer(json.dumps(members).encode()))

    with RawServer(play) as server:
        yield server


def login(person: Person, server: RawServer) -> Ran:
    ran = call("login", *at(server.url), "--browser", "x", "-o", "token")
    person.join()
    return ran


def two_halves(person: Person, server: RawServer) -> Ran:
    begun = call("authorize-url", *at(server.url), "--procedure", "hardened")
    person.see(begun.out.rstrip("\n"))
    with on_stdin(person.final_address()):
        return call("exchange", "-o", "token")


BOTH = {"login": login, "exchange": two_halves}


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


@pytest.mark.parametrize("name", BOTH)
def test_a_good_signature_is_not_worth_a_word(name: str, person: Person) -> None:
    with authority(person) as server:
        ran = BOTH[name](person, server)
    assert (ran.code, ran.out) == (0, f"{canaries.ACCESS_TOKEN}\n"), ran.err
    assert "Note:" not in ran.err
    assert len([m for m in server.requests if id_token_key.is_for_keys(m)]) == 1


@pytest.mark.parametrize("name", BOTH)
def test_a_bad_signature_is_a_failed_check_and_no_token_comes_out(
    name: str, person: Person
) -> None:
    with authority(person, change=forged) as server:
        ran = BOTH[name](person, server)
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (5, "")
    assert "signature is wrong" in what
    canaries.assert_clean(ran.err.replace(person.urls[0] if person.urls else "\0", ""))
    if name == "login":
        assert "Not signed in" in person.page


@pytest.mark.parametrize("name", BOTH)
def test_keys_that_cannot_be_had_are_a_note(name: str, person: Person) -> None:
    with authority(person, keys=NO_KEYS) as server:
        ran = BOTH[name](person, server)
    assert (ran.code, ran.out) == (0, f"{canaries.ACCESS_TOKEN}\n")
    assert "Note: The authority's keys could not be had" in ran.err


def test_the_articles_procedure_asks_for_no_keys(person: Person) -> None:
    with authority(person) as server:
        begun = call("authorize-url", *at(server.url))
        person.see(begun.out.rstrip("\n"))
        with on_stdin(person.final_address()):
            assert call("exchange").code == 0
    assert not [m for m in server.requests if id_token_key.is_for_keys(m)]
