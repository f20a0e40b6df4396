"""Calls of an API that are sent again: which, how often, and that it is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from entra_oauth.channels.base import Channels, RedirectReceiver, Witness, look_away
from entra_oauth.errors import ConnectFailed, ExchangeBroken, TransportError
from entra_oauth.flows import api_call
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.protocol.resource.workspace_api import ApiCall
from kit import canaries

GOOD = HttpResponse(status=200, body=b"{}")
BUSY = HttpResponse(status=503, headers=(("Retry-After", "7"),))
NOBODY = ConnectFailed("No connection to the workspace.", advice="Check it.")
BROKEN = ExchangeBroken("It broke.", advice="Check it.")

Answer = HttpResponse | TransportError


@dataclass
class Back:
    """Answers as it was told to, and remembers what came."""

    answers: list[Answer]
    sent: list[HttpRequest] = field(default_factory=list)

    def warm(self, url: str) -> None:
        raise AssertionError

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer


class NoFront:
    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        raise AssertionError


def call(method: str = "GET") -> ApiCall:
    return ApiCall(
        method=method,
        url="https://adb-1.2.azuredatabricks.net/api/2.0/clusters/list",
        access_token=canaries.ACCESS_TOKEN,
        scopes=("databricks",),
        authority=Authority.of(canaries.TENANT),
    )


def run(
    method: str, *answers: Answer
) -> tuple[Callable[[], HttpResponse], Back, list[float], list[str]]:
    back, slept, said = Back([*answers]), list[float](), list[str]()
    channels = Channels(front=NoFront(), back=back, say=said.append, sleep=slept.append)
    return lambda: api_call.send(call(method), channels), back, slept, said


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_is_asked_again_when_nobody_was_there_or_all_were_busy(method: str) -> None:
    send, back, slept, said = run(method, NOBODY, BUSY, GOOD)
    assert send() == GOOD
    assert len(set(back.sent)) == 1
    assert slept == [1.0, 7.0]
    assert said == [
        "No connection to the workspace. Trying again in 1 s.",
        "adb-1.2.azuredatabricks.net answered HTTP 503. Trying again in 7 s.",
    ]


def test_a_question_is_asked_three_times_at_most() -> None:
    send, back, *_ = run("GET", BUSY, BUSY, BUSY)
    assert send() == BUSY
    assert len(back.sent) == 3
    send, back, *_ = run("GET", NOBODY, NOBODY, NOBODY)
    with canaries.refused(ConnectFailed):
        send()
    assert len(back.sent) == 3


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_whose_answer_broke_off_is_asked_again(method: str) -> None:
    send, back, *_ = run(method, BROKEN, GOOD)
    assert send() == GOOD
    assert len(back.sent) == 2


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_a_question_is_asked_again_when_the_fault_may_pass(status: int) -> None:
    send, back, *_ = run("GET", HttpResponse(status=status), GOOD)
    assert send() == GOOD
    assert len(back.sent) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("answer", [BUSY, NOBODY], ids=["busy", "nobody"])
def test_what_may_change_something_is_sent_once(method: str, answer: Answer) -> None:
    send, back, slept, _ = run(method, answer)
    if isinstance(answer, TransportError):
        with canaries.refused(ConnectFailed):
            send()
    else:
        assert send() == answer
    assert (len(back.sent), slept) == (1, [])
