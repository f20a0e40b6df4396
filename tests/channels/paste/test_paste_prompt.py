"""The receiver where the final address is pasted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from entra_oauth.channels.base import FrontChannel, Outcome, RedirectReceiver
from entra_oauth.channels.paste.paste_prompt import Paste
from entra_oauth.errors import AuthorityError, CallbackRefused, LocalError, StateMismatch, TimedOut
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import FrontEvent

REDIRECT = "http://localhost:51823"
URL = "https://login.microsoftonline.com/t/oauth2/v2.0/authorize?client_id=" + "x" * 3000
CODE = "0.secret-code" * 10


def _request() -> AuthorizationRequest:
    return AuthorizationRequest.hardened(
        authority=Authority.of("organizations"),
        client_id="12a34b56-789c-0d12-e3fa-b456789c0123",
        redirect_uri=REDIRECT,
        scopes=("databricks",),
        response_mode="query",
    )


class _Person:
    """Answers every question with the next of `lines`; keeps what was said."""

    def __init__(self, *lines: str | BaseException) -> None:
        self.lines = list(lines)
        self.said: list[str] = []
        self.witnessed: list[tuple[str, HttpRequest, HttpResponse | None]] = []
        self.time_left: list[float] = []

    def answer(self, timeout_s: float) -> str:
        self.time_left.append(timeout_s)
        line = self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def witness(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /
    ) -> None:
        self.witnessed.append((str(event), request, response))

    def paste(self, *, launch: Callable[[str], bool] | None = None) -> Paste:
        return Paste(
            redirect_uri=REDIRECT, say=self.said.append, launch=launch, ask_line=self.answer
        )


def _read(request: AuthorizationRequest) -> Callable[[HttpRequest], AuthorizationResponse]:
    return lambda callback: AuthorizationResponse.read(callback, answering=request)


def _sign_in(person: _Person, request: AuthorizationRequest) -> AuthorizationResponse:
    with person.paste().open(person.witness) as receiver:
        return receiver.receive(URL, _read(request), timeout_s=60)


def test_a_pasted_address_is_read_like_any_redirect() -> None:
    request = _request()
    person = _Person(f"{REDIRECT}/?code={CODE}&state={request.state}#\n")
    assert _sign_in(person, request).code == CODE


def test_it_is_a_front_channel_that_asks_for_query() -> None:
    front: FrontChannel = _Person().paste()
    with front.open() as opened:
        receiver: RedirectReceiver = opened
        assert (receiver.redirect_uri, receiver.response_mode) == (REDIRECT, "query")
        receiver.report_outcome(Outcome(succeeded=True, headline="Signed in"))


def test_the_person_is_told_beforehand_and_the_url_stands_alone_on_one_line() -> None:
    request = _request()
    person = _Person(f"code={CODE}&state={request.state}")
    _sign_in(person, request)
    assert URL in person.said
    assert sum(URL in line for line in person.said) == 1
    told = " ".join(person.said)
    for words in (f"does not load, at {REDIRECT}:", "whole address", "nowhere else"):
        assert words in told
    # What is to be registered has no port (Entra ignores that of localhost).
    assert "AADSTS50011 (the app has no mobile and desktop redirect URI http://localhost)" in told


def test_a_page_that_does_load_is_not_announced_as_one_that_does_not() -> None:
    uri = "https://login.microsoftonline.com/common/oauth2/nativeclient"
    said: list[str] = []
    front = Paste(redirect_uri=uri, say=said.append, ask_line=lambda _: "code=a&state=b")
    with front.open() as receiver:
        receiver.receive(URL, lambda callback: callback, timeout_s=60)
    assert "on an empty page" in " ".join(said)
    assert "does not load" not in " ".join(said)
    assert "moves on to one called wrongplace" in " ".join(said)


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        (None, "Open this address in a browser"),
        (lambda url: False, "Open this address in a browser"),
        (lambda url: url == URL, "Your browser opens"),
    ],
)
def test_the_browser_is_opened_when_that_was_asked_for(
    launch: Callable[[str], bool] | None, words: str
) -> None:
    person = _Person("code=a&state=b")
    with person.paste(launch=launch).open() as receiver:
        receiver.receive(URL, lambda callback: callback, timeout_s=60)
    assert person.said[0].startswith(words)


def test_after_a_mistake_it_is_explained_and_asked_again() -> None:
    request = _request()
    person = _Person(
        "",
        URL,
        CODE,
        f"{REDIRECT}/?code={CODE}&state=wrong",
        f"{REDIRECT}/?error=access_denied&state=wrong",
        f"{REDIRECT}/?code={CODE}&state={request.state}&state={request.state}",
        f"{REDIRECT}/?code={CODE}&state={request.state}",
    )
    assert _sign_in(person, request).code == CODE
    explained = person.said[-6:]
    for line, words in zip(
        explained,
        (
            "the line is empty",
            "where the sign-in begins",
            "the code alone",
            "a state that is not ours",
            "a state that is not ours",
            "a state that is not ours",
        ),
        strict=True,
    ):
        assert words in line
        assert CODE not in line
        assert request.state not in line


def test_the_authoritys_own_refusal_ends_the_wait() -> None:
    request = _request()
    person = _Person(
        f"error=access_denied&error_subcode=cancel&state={request.state}", "never read"
    )
    with pytest.raises(AuthorityError) as caught:
        _sign_in(person, request)
    assert caught.value.error == "access_denied"
    assert person.lines == ["never read"]


def test_the_witness_sees_each_address_that_was_judged_and_what_became_of_it() -> None:
    request = _request()
    right = f"code={CODE}&state={request.state}"
    person = _Person("no address", "code=a&state=wrong", right)
    _sign_in(person, request)
    notes = [(note, seen.url, response) for note, seen, response in person.witnessed]
    assert notes[0] == ("authorize", URL, None)
    assert notes[1][0].startswith("refused: A redirect came with a state")
    assert notes[1][1:] == (f"{REDIRECT}/?code=a&state=wrong", None)
    assert notes[2] == ("accepted", f"{REDIRECT}/?{right}", None)


def test_the_authoritys_refusal_is_witnessed_as_the_answer() -> None:
    request = _request()
    person = _Person(f"error=access_denied&state={request.state}")
    with pytest.raises(AuthorityError):
        _sign_in(person, request)
    assert person.witnessed[-1][0] == "accepted: an error of the authority"


@pytest.mark.parametrize(
    ("lines", "error", "words"),
    [
        ([TimedOut("x", advice="y")], TimedOut, "No address was pasted within 60 seconds"),
        (["", TimedOut("x", advice="y")], CallbackRefused, "the line is empty"),
        (["code=a&state=b", TimedOut("x", advice="y")], StateMismatch, "a state that is not ours"),
        ([EOFError()], LocalError, "The input ended before an address was pasted"),
        (["code=a&state=b", EOFError()], StateMismatch, "a state that is not ours"),
        (["code=a", EOFError()], StateMismatch, "no state"),
    ],
)
def test_a_wait_that_ends_without_an_answer_says_the_last_reason(
    lines: list[str | BaseException], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        _sign_in(_Person(*lines), _request())
    assert caught.type is error


@pytest.mark.parametrize("end", [TimedOut("x", advice="y"), EOFError()])
def test_at_its_end_nobody_is_told_to_go_on(end: BaseException) -> None:
    person = _Person("code=a&state=b", end)
    with pytest.raises(StateMismatch) as caught:
        _sign_in(person, _request())
    assert "still awaited" in person.said[-1]  # right while the prompt was there
    assert "still awaited" not in str(caught.value)
    assert "Start again" in caught.value.advice


def test_the_time_for_an_answer_is_what_is_left_of_the_whole() -> None:
    person = _Person("", "", TimedOut("x", advice="y"))
    with pytest.raises(CallbackRefused):
        _sign_in(person, _request())
    assert 60 >= person.time_left[0] > person.time_left[1] > person.time_left[2] > 0


def test_ctrl_c_goes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        _sign_in(_Person(KeyboardInterrupt()), _request())


def test_without_a_terminal_the_door_does_not_open() -> None:
    front = Paste(redirect_uri=REDIRECT, say=lambda line: None, terminal=lambda: None)
    with pytest.raises(LocalError, match="no terminal"):
        front.open()


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    def read(callback: HttpRequest) -> None:
        raise CallbackRefused("\x1b[2Jwhat", advice="advice")

    person = _Person("code=a&state=b", EOFError())
    with person.paste().open() as receiver, pytest.raises(CallbackRefused):
        receiver.receive(URL, read, timeout_s=60)
    assert person.said[-1] == "<ESC>[2Jwhat advice"
