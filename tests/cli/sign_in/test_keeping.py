"""A sign-in is kept though the system's password store waits; and it is said where."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from entra_oauth.cache.file_store import FileStore
from kit import canaries, command_line, needs
from kit.command_line import Person
from kit.vaults import Locked, playing_locked

pytestmark = needs.python("keyring", group="interop")

NOTE = "Note: The system's password store does not answer. The refresh token"


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    with playing_locked(monkeypatch) as played:
        yield played


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "played")
    return person


def login(person: Person, *more: str) -> command_line.Ran:
    with command_line.authority(person) as server:
        ran = command_line.call("login", *command_line.at(server.url), "--browser", "x", *more)
        person.join()
    return ran


def place() -> str:
    ((_, account),) = FileStore.standard(os.environ).accounts()
    return account.place


def test_an_open_store_takes_the_token(locked: Locked, person: Person) -> None:
    ran = login(person)
    assert ran.code == 0, ran.err
    assert "Kept in the password store of the system." in ran.both
    assert (place(), canaries.REFRESH_TOKEN in locked.kept.values()) == ("keyring", True)


@pytest.mark.parametrize("more", [(), ("--quiet",)])
def test_a_store_that_waits_before_the_sign_in_leaves_it_to_a_file(
    locked: Locked, person: Person, more: tuple[str, ...]
) -> None:
    locked.is_open.clear()
    ran = login(person, *more)
    assert ran.code == 0, ran.err
    assert f"{NOTE} will be kept in a file." in ran.err
    assert place() == "file"


def test_a_store_that_was_asked_for_ends_it_before_the_browser_opens(
    locked: Locked, person: Person
) -> None:
    locked.is_open.clear()
    ids = command_line.at("https://login.example")
    ran = command_line.call("login", *ids, "--browser", "x", "--cache", "keyring")
    assert (ran.code, person.urls) == (8, [])
    assert "does not answer" in command_line.error_of(ran)[0]


def test_a_store_that_waits_only_after_the_sign_in_leaves_it_to_a_file_too(
    locked: Locked, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock_when_signed_in(locked, monkeypatch)
    ran = login(person)
    assert ran.code == 0, ran.err
    assert f"{NOTE} is kept in a file." in ran.err
    assert "which only you can read" in ran.both
    assert place() == "file"


def test_a_store_that_was_asked_for_gets_it_or_nobody_does(
    locked: Locked, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lock_when_signed_in(locked, monkeypatch)
    ran = login(person, "--cache", "keyring")
    assert ran.code == 0, ran.err
    assert "Note: the tokens could not be kept. The system's password store" in ran.err
    assert "Nothing was kept on this machine." in ran.both
    assert FileStore.standard(os.environ).accounts() == []


def _lock_when_signed_in(locked: Locked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is away from the machine for so long that it locks itself."""
    put = locked.set_password

    def lock_then_put(service: str, name: str, secret: str) -> None:
        if name != "probe":
            locked.is_open.clear()
        put(service, name, secret)

    monkeypatch.setattr(locked, "set_password", lock_then_put)
