"""The way back from the browser: which receiver is chosen, and what becomes of it."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entra_oauth.channels.loopback import host, ports
from entra_oauth.errors import LocalError, PortBusy
from kit import canaries, needs
from kit.command_line import (
    AT_NOBODY,
    Person,
    Running,
    Stdin,
    as_program,
    at,
    authority,
    call,
    error_of,
    free_port,
    on_stdin,
)

if sys.platform != "win32":
    import termios

    from kit.processes.ptys import Session

TOKEN = f"{canaries.ACCESS_TOKEN}\n"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person()
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


# ---- ports --------------------------------------------------------------------------


def test_a_busy_port_is_named(person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = call("login", *AT_NOBODY, "--browser", "x", "--port", str(port))
    what, advice = error_of(ran)
    assert ran.code == 8
    assert what == f"Port {port} of this machine is in use by another program."
    assert "choose another port" in advice
    assert person.urls == []


@pytest.mark.parametrize("named", ["--port", "--redirect-uri"])
def test_the_port_that_is_asked_for_is_the_one_in_the_redirect_uri(
    person: Person, named: str
) -> None:
    port = free_port()
    value = port if named == "--port" else f"http://localhost:{port}/back?x=1"
    with authority(person) as server:
        ran = call("login", *at(server.url), "--browser", "x", named, value)
        person.join()
    expected = f"http://localhost:{port}" + ("" if named == "--port" else "/back?x=1")
    assert (ran.code, person.asked["redirect_uri"]) == (0, expected)


REFUSALS = [LocalError("Only root.", advice="Do not."), PortBusy("Taken.", advice="Do not.")]


@pytest.mark.parametrize("error", REFUSALS, ids=["forbidden", "taken"])
def test_where_port_80_cannot_be_had_the_answer_is_pasted_by_itself(
    person: Person, error: LocalError, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def bind(port: int, address: str | None) -> list[socket.socket]:
        asked.append(port)
        raise error

    monkeypatch.setattr(host, "bind", bind)
    ran = call("mirror", *AT_NOBODY, "--browser", "x")
    assert asked == [80]
    assert "That is no obstacle: the answer can be pasted." in ran.err
    # Then there must be a terminal to paste into.
    what, _ = error_of(ran)
    assert (ran.code, what) == (8, "There is no terminal to read from.")
    assert "sudo" not in ran.err


def test_port_80_where_it_can_be_had(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    real, taken = ports.bind, []

    def bind(port: int, address: str | None) -> list[socket.socket]:
        assert port == 80
        listeners = real(0, address)
        taken.append(listeners[0].getsockname()[1])
        return listeners

    monkeypatch.setattr(host, "bind", bind)
    monkeypatch.setattr(Person, "port", property(lambda self: taken[0]))
    with authority(person) as server:
        ran = call("mirror", *at(server.url), "--browser", "x", "--state", "12345")
        person.join()
    # What is not port 80 stands in the redirect URI; the point is that 80 was asked for.
    assert (ran.code, ran.out) == (0, TOKEN)
    assert person.asked["state"] == "12345"


def test_the_article_with_form_post_does_not_fall_back_to_the_address(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bind(port: int, address: str | None) -> list[socket.socket]:
        raise PortBusy("Taken.", advice="Do not.")

    monkeypatch.setattr(host, "bind", bind)
    ran = call("mirror", *AT_NOBODY, "--browser", "x", "--response-mode", "form_post")
    what, _ = error_of(ran)
    assert (ran.code, person.urls) == (2, [])
    assert "port 80 cannot be had" in what


# ---- addresses ------------------------------------------------------------------------


def test_another_address_than_loopback_is_said_loudly_even_when_quiet(person: Person) -> None:
    ran = call("login", *AT_NOBODY, "--browser", "x", "--listen", "192.0.2.1", "--quiet")
    what, _ = error_of(ran)
    assert ran.code == 8
    assert what.startswith("Listening on 192.0.2.1 is not possible here")
    assert "Listening on 192.0.2.1: whoever can reach that address" in ran.err


# ---- paste, from standard input -------------------------------------------------------


@contextmanager
def pasting(
    person: Person, monkeypatch: pytest.MonkeyPatch, **changes: str | None
) -> Iterator[None]:
    """When the browser is opened, the final address comes on standard input."""
    with Stdin() as stdin:

        def launch(url: str, *args: object, **more: object) -> bool:
            person.see(url)
            stdin.feed(person.final_address(**changes) + "\n")
            return True

        monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)
        yield


@pytest.mark.parametrize("verb", ["login", "mirror"])
def test_an_address_on_standard_input(
    person: Person, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority(person) as server, pasting(person, monkeypatch):
        ran = call(verb, *at(server.url), "--browser", "x", "--paste", "-", "-o", "token")
    assert (ran.code, ran.out) == (0, TOKEN)
    assert person.asked["response_mode"] == "query"
    assert person.asked["redirect_uri"] == "http://localhost"
    assert ran.err.splitlines().count(person.urls[0]) == 1
    assert canaries.CODE not in ran.err


WRONG: list[tuple[dict[str, str | None], int, str]] = [
    ({"state": "theirs"}, 5, "a state that is not ours"),
    ({"state": None}, 5, "There is no state in what was pasted"),
    ({"code": None}, 5, "neither code nor error"),
    ({"code": None, "error": "access_denied"}, 3, "access_denied"),
]


@pytest.mark.parametrize(("changes", "code", "said"), WRONG)
def test_a_wrong_address_on_standard_input_is_the_end(
    person: Person,
    changes: dict[str, str | None],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with authority(person) as server, pasting(person, monkeypatch, **changes):
        ran = call("login", *at(server.url), "--browser", "x", "--paste", "-")
    what, _ = error_of(ran)
    assert (ran.code, server.requests) == (code, [])
    assert said in what
    assert canaries.CODE not in ran.err


def test_an_empty_standard_input(person: Person) -> None:
    with on_stdin(""):
        ran = call("login", *AT_NOBODY, "--no-browser", "--paste", "-")
    what, _ = error_of(ran)
    assert (ran.code, what) == (8, "The input ended before an address was pasted.")


def test_a_standard_input_that_says_nothing(person: Person) -> None:
    with Stdin():
        ran = call("login", *AT_NOBODY, "--no-browser", "--paste", "-", "--timeout", "1")
    what, _ = error_of(ran)
    assert (ran.code, what) == (7, "No address was pasted within 1 seconds.")


def test_a_redirect_uri_elsewhere_means_paste(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "https://app.example.test/back"
    ran = call("login", *AT_NOBODY, "--browser", "x", "--redirect-uri", uri)
    what, _ = error_of(ran)
    assert (ran.code, what) == (8, "There is no terminal to read from.")
    assert f"{uri} is not on this machine" in ran.err


def test_standard_input_is_not_read_unasked(person: Person) -> None:
    with authority(person) as server, Stdin() as stdin:
        stdin.feed("http://localhost/?code=x&state=y\n")
        ran = call("login", *at(server.url), "--browser", "x")
        person.join()
    assert ran.code == 0


# ---- no browser, no terminal ------------------------------------------------------------


def test_without_browser_and_terminal_the_listener_waits_alone() -> None:
    person = Person()
    with authority(person) as server, Running("login", *at(server.url), "--no-browser") as running:
        running.wait_for("code_challenge_method=S256&nonce=")
        person.see(address_in(running.said))
        person.visit(again=True)
        ran = running.finish()
    assert ran.code == 0
    assert person.asked["response_mode"] == "query"
    assert "No browser is opened here: --no-browser was given." in ran.err
    assert f"ssh -L {person.port}:localhost:{person.port} " in ran.err
    assert ran.err.splitlines().count(person.urls[0]) == 1, "alone on its line, and once"
    assert "Paste" not in ran.err
    assert "Signed in as ada@example.test" in person.page


def address_in(said: str, *, number: int = -1) -> str:
    """The authorize URL that was printed."""
    pattern = r"^(http://localhost:\d+/\S+/authorize\?\S+)\r?$"
    found: list[str] = re.findall(pattern, said, re.MULTILINE)
    return found[number]


# ---- a terminal -----------------------------------------------------------------------


@pytest.fixture
def server_and_person() -> Iterator[tuple[str, Person]]:
    person = Person()
    with authority(person) as server:
        yield server.url, person


def in_terminal(*arguments: str) -> Session:
    return Session(as_program(*arguments))


@needs.posix
def test_pasting_is_asked_for_again_until_the_state_is_right(
    server_and_person: tuple[str, Person],
) -> None:
    url, person = server_and_person
    with in_terminal("login", *at(url), "--no-browser", "--paste", "-o", "token") as terminal:
        terminal.wait_for("Paste the address here")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        terminal.press(person.final_address(state="theirs") + "\r")
        terminal.wait_for("a state that is not ours")
        terminal.press("http://localhost\r")
        terminal.wait_for("carries no answer")
        terminal.press(person.final_address() + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (0, TOKEN)
    assert canaries.CODE not in terminal.shown
    assert person.asked["redirect_uri"] == "http://localhost"


@needs.posix
def test_without_a_browser_a_paste_beside_the_listener_counts(
    server_and_person: tuple[str, Person],
) -> None:
    url, person = server_and_person
    with in_terminal("login", *at(url), "--no-browser", "-o", "token") as terminal:
        terminal.wait_for("Paste the address here")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        terminal.press(person.final_address() + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (0, TOKEN)
    assert canaries.CODE not in terminal.shown


@needs.posix
def test_without_a_browser_the_listener_beside_the_paste_counts(
    server_and_person: tuple[str, Person],
) -> None:
    url, person = server_and_person
    with in_terminal("login", *at(url), "--no-browser", "-o", "token") as terminal:
        terminal.wait_for("Paste the address here")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        person.visit(again=True)
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (0, TOKEN)
    assert "Signed in as ada@example.test" in person.page


@needs.posix
def test_p_begins_a_new_attempt_by_paste(server_and_person: tuple[str, Person]) -> None:
    url, person = server_and_person
    options = ("--browser", f"{sys.executable} -c pass", "-o", "token")
    with in_terminal("login", *at(url), *options) as terminal:
        terminal.wait_for("&nonce=")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        terminal.press("x")
        terminal.press("p")
        terminal.wait_for("A new attempt begins")
        terminal.wait_for("Paste the address here")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        terminal.press(person.final_address() + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (0, TOKEN)
    first, second = person.urls
    assert "response_mode=form_post" in first
    assert "response_mode=query" in second
    for name in ("state", "nonce", "code_challenge"):
        (one,), (other,) = (re.findall(rf"[?&]{name}=([^&]+)", u) for u in (first, second))
        assert one != other


@needs.posix
def test_p_after_form_post_was_asked_for_by_name(server_and_person: tuple[str, Person]) -> None:
    url, person = server_and_person
    browser = ("--browser", f"{sys.executable} -c pass")
    with in_terminal("login", *at(url), *browser, "--response-mode", "form_post") as terminal:
        terminal.wait_for("&nonce=")
        terminal.wait_until_raw()
        terminal.press("p")
        terminal.wait_for("Paste the address here")
        person.see(address_in(terminal.shown))
        terminal.wait_until_raw()
        terminal.press(person.final_address() + "\r")
        code, _ = terminal.finish()
    assert code == 0


@needs.posix
@pytest.mark.parametrize("options", [["--paste"], []], ids=["paste", "both"])
def test_the_end_of_the_input(options: list[str]) -> None:
    with in_terminal("login", *AT_NOBODY, "--no-browser", *options, "--timeout", "1") as terminal:
        terminal.wait_for("Paste the address here")
        terminal.wait_until_raw()
        terminal.press("\x04")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
        assert terminal.modes()[3] & termios.ECHO
    assert out == ""
    if options:
        assert code == 8
        assert "The input ended before an address was pasted." in terminal.shown
    else:
        assert code == 7
        assert "Still waiting for the browser" in terminal.shown
    assert terminal.shown.count("Next: ") == 1
