"""The exchange, one value on all ways: its channel, and its words for people."""

from __future__ import annotations

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from entra_oauth.recording import Recording
from entra_oauth.recording.step import steps_of
from kit import canaries

BODY = f"code={canaries.CODE}".encode()
REQUEST = HttpRequest(method="POST", url="https://login.example/t/oauth2/v2.0/token", body=BODY)


@pytest.mark.parametrize(
    ("event", "words", "step"),
    [
        (FrontEvent(Occurred.ASKED), "authorize", "authorize"),
        (FrontEvent(Occurred.ASKED, "opened by hand"), "authorize, opened by hand", "authorize"),
        (FrontEvent(Occurred.ACCEPTED), "accepted", "redirect"),
        (FrontEvent(Occurred.ACCEPTED, "an error"), "accepted: an error", "redirect"),
        (FrontEvent(Occurred.REFUSED, "Not ours."), "refused: Not ours.", "redirect-refused"),
        (
            FrontEvent(Occurred.REFUSED, "Not ours.", ends_the_wait=True),
            "refused, which ends the wait: Not ours.",
            "redirect-refused",
        ),
        (FrontEvent(Occurred.IGNORED, "the icon"), "ignored: the icon", "ignored"),
        (FrontEvent(Occurred.PAGE), "page", "page"),
        (FrontEvent(Occurred.PAGE, "login"), "page: login", "page"),
    ],
)
def test_an_event_has_its_words_and_its_step(event: FrontEvent, words: str, step: str) -> None:
    exchange = _exchange(event=event)
    assert (exchange.channel, exchange.note) == ("front", words)
    (made,) = steps_of(Recording((exchange,)))
    assert (made.channel, made.note, made.name) == ("front", words, step)


@pytest.mark.parametrize("detail", ["accepted", "authorize", "page"])
def test_the_words_of_an_error_do_not_make_another_step_of_it(detail: str) -> None:
    exchange = _exchange(event=FrontEvent(Occurred.REFUSED, f"{detail}: a lie"))
    (made,) = steps_of(Recording((exchange,)))
    assert made.name == "redirect-refused"


def test_a_request_of_our_own_is_called_by_its_purpose_or_by_its_address() -> None:
    assert (_exchange().channel, _exchange().note) == ("back", "token")
    assert _exchange(purpose="lookup of the authority").note == "lookup of the authority"


def test_its_repr_shows_no_secret() -> None:
    canaries.assert_clean(_exchange())


def _exchange(*, event: FrontEvent | None = None, purpose: str = "") -> Exchange:
    return Exchange(
        request=REQUEST,
        response=HttpResponse(status=200, body=BODY),
        started_at=1.0,
        ended_at=2.0,
        event=event,
        purpose=purpose,
    )
