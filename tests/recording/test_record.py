"""A recording holds what passed, in order, and changes nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from entra_oauth.channels.base import Channels, look_away
from entra_oauth.errors import ExchangeBroken, StateMismatch
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, FrontEvent, Recorder, Recording
from kit.back_channels import a_back, token_post
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, CODE, TENANT, assert_clean, found_in
from kit.played_channels import FakeBack, FakeFront, answer_to, channels
from kit.servers.raw_server import RawServer

PLAN = SignIn(
    procedure=Procedure.ARTICLE,
    authority=Authority.of(TENANT),
    client_id=CLIENT_ID,
    scopes=("databricks",),
)
GOOD = HttpResponse(
    status=200,
    headers=(("Content-Type", "application/json"),),
    body=f'{{"token_type": "Bearer", "access_token": "{ACCESS_TOKEN}"}}'.encode(),
)
SENT = HttpRequest(method="POST", url="https://login.example/t/oauth2/v2.0/token", body=b"a=b")


def ticking(front: FakeFront, back: FakeBack) -> Channels:
    """A clock that is a second further at each look."""
    ticks = count(100)
    return replace(channels(front, back, at=0.0), now=lambda: float(next(ticks)))


def played(back: FakeBack | None = None) -> Channels:
    front = FakeFront(
        lambda url: [
            answer_to(url, ("code", "forged"), state="another"),
            answer_to(url, ("code", CODE)),
        ],
        [],
        mode="query",
    )
    return ticking(front, back or FakeBack(lambda request: GOOD))


def test_a_sign_in_is_recorded_from_the_first_message_to_the_last() -> None:
    recorder = Recorder()
    tokens = sign_in(PLAN, recorder.wrap(played()))
    exchanges = recorder.recording.exchanges
    assert [(e.channel, e.note) for e in exchanges] == [
        ("front", "authorize"),
        ("front", "refused"),
        ("front", "accepted"),
        ("back", "token"),
    ]
    authorize, refused, accepted, token = exchanges
    assert authorize.response is None
    assert authorize.request.url.startswith(PLAN.authority.authorization_endpoint)
    assert [e.response.status for e in (refused, accepted) if e.response] == [400, 303]
    assert CODE in accepted.request.url
    assert CODE.encode() in token.request.body
    assert token.response is GOOD
    assert token.failure is None
    assert tokens.access_token == ACCESS_TOKEN


def test_times_are_those_of_the_channels_own_clock() -> None:
    recorder = Recorder()
    sign_in(PLAN, recorder.wrap(played()))
    times = [(e.started_at, e.ended_at) for e in recorder.recording.exchanges]
    assert times == [(100.0, 100.0), (101.0, 101.0), (102.0, 102.0), (103.0, 104.0)]


@pytest.mark.parametrize("kind", [ExchangeBroken, KeyboardInterrupt])
def test_a_request_that_failed_is_recorded_and_the_failure_goes_on(
    kind: type[BaseException],
) -> None:
    error = ExchangeBroken("It broke.", advice="Again.") if kind is ExchangeBroken else kind()

    def fail(request: HttpRequest) -> HttpResponse:
        raise error

    recorder = Recorder()
    wrapped = recorder.wrap(played(FakeBack(fail)))
    with pytest.raises(kind) as caught:
        wrapped.back.send(SENT, timeout_s=1.0)
    assert caught.value is error
    (exchange,) = recorder.recording.exchanges
    assert (exchange.request, exchange.response, exchange.failure) == (SENT, None, kind.__name__)


def test_what_was_on_the_wire_of_a_request_that_failed_is_told_and_recorded() -> None:
    wire = Wire(peer="192.0.2.1:443", sent=b"POST")

    class Breaking(FakeBack):
        def send(
            self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
        ) -> HttpResponse:
            saw(wire)
            raise ExchangeBroken("It broke.", advice="Again.")

    recorder, told = Recorder(), list[Wire]()
    back = recorder.wrap(played(Breaking(lambda request: GOOD))).back
    with pytest.raises(ExchangeBroken):
        back.send(SENT, timeout_s=1.0, saw=told.append)
    assert told == [wire]
    assert [each.wire for each in recorder.recording.exchanges] == [wire]


def test_an_answer_that_was_pasted_stands_behind_the_address_that_was_opened_by_hand() -> None:
    recorder = Recorder()
    callback = HttpRequest(method="GET", url="http://localhost/?code=c")
    recorder.pasted("https://login.example/authorize?state=s", callback, at=5.0)
    assert [
        (each.channel, each.note, each.request.url, each.started_at, each.ended_at)
        for each in recorder.recording.exchanges
    ] == [
        ("front", "authorize, opened by hand", "https://login.example/authorize?state=s", 5.0, 5.0),
        ("front", "accepted", "http://localhost/?code=c", 5.0, 5.0),
    ]


def test_what_is_wrapped_gets_exactly_what_was_given() -> None:
    back = FakeBack(lambda request: GOOD)
    plain = played(back)
    wrapped = Recorder().wrap(plain)
    wrapped.back.warm("https://login.example/")
    assert wrapped.back.send(SENT, timeout_s=2.5) is GOOD
    assert (back.warmed, back.requests, back.timeouts_s) == (
        ["https://login.example/"],
        [SENT],
        [2.5],
    )
    assert back.requests[0] is SENT
    assert (wrapped.now, wrapped.sleep) == (plain.now, plain.sleep)
    with plain.front.open() as one, wrapped.front.open() as other:
        assert type(one) is type(other)
        assert (one.redirect_uri, one.response_mode) == (other.redirect_uri, other.response_mode)


def test_a_channel_beside_the_others_is_wrapped_only_where_there_is_one() -> None:
    plain = played()
    assert Recorder().wrap(replace(plain, aside=None)).aside is None
    recorder = Recorder()
    wrapped = recorder.wrap(replace(plain, aside=FakeBack(lambda request: GOOD)))
    assert wrapped.aside is not None
    assert wrapped.aside.send(SENT, timeout_s=1.0) is GOOD
    assert [each.request for each in recorder.recording.exchanges] == [SENT]


def test_another_witness_still_hears_what_the_recorder_hears() -> None:
    heard: list[str] = []

    def listen(event: FrontEvent, request: HttpRequest, response: HttpResponse | None, /) -> None:
        heard.append(str(event))

    recorder = Recorder()
    with recorder.wrap(played()).front.open(listen) as receiver, pytest.raises(StateMismatch):
        receiver.receive(
            "https://login.example/?redirect_uri=x&response_mode=query&state=s",
            _refuse,
            timeout_s=1.0,
        )
    assert heard == ["authorize", "refused", "refused"]
    assert heard == [e.note for e in recorder.recording.exchanges]


def _refuse(callback: HttpRequest) -> None:
    raise StateMismatch("Not ours.", advice="Wait.")


def test_two_recorders_on_top_of_each_other_hold_the_same() -> None:
    inner, outer = Recorder(), Recorder()
    sign_in(PLAN, outer.wrap(inner.wrap(played())))
    notes = [[e.note for e in r.recording.exchanges] for r in (inner, outer)]
    assert notes[0] == notes[1] == ["authorize", "refused", "accepted", "token"]


def test_a_recording_that_was_taken_does_not_change_any_more() -> None:
    recorder = Recorder()
    assert recorder.recording == Recording()
    back = recorder.wrap(played()).back
    back.send(SENT, timeout_s=1.0)
    before = recorder.recording
    back.send(SENT, timeout_s=1.0)
    assert (len(before.exchanges), len(recorder.recording.exchanges)) == (1, 2)


def test_exchanges_stand_in_the_order_in_which_they_ended() -> None:
    """The front channel's come from the threads of a listener, while a request is under way."""
    recorder = Recorder()
    asked, go_on = threading.Event(), threading.Event()

    def wait(request: HttpRequest) -> HttpResponse:
        asked.set()
        assert go_on.wait(10)
        return GOOD

    wrapped = recorder.wrap(played(FakeBack(wait)))
    sender = threading.Thread(target=lambda: wrapped.back.send(SENT, timeout_s=1.0))
    sender.start()
    assert asked.wait(10)
    with wrapped.front.open() as receiver, pytest.raises(StateMismatch):
        receiver.receive(
            "https://x/?redirect_uri=x&response_mode=query&state=s", _refuse, timeout_s=1.0
        )
    go_on.set()
    sender.join()
    assert [e.note for e in recorder.recording.exchanges][-1] == "token"


def test_no_repr_of_a_recording_shows_a_secret() -> None:
    recorder = Recorder()
    sign_in(PLAN, recorder.wrap(played()))
    recording = recorder.recording
    assert_clean([repr(recording), str(recording), *map(repr, recording.exchanges)])
    assert_clean([repr(recorder), repr(recorder.wrap(played()))])
    assert found_in([e.request.body for e in recording.exchanges]), "the secrets are in there"
    assert "HttpRequest POST https://login.microsoftonline.com/" in repr(recording)


def test_a_real_request_is_recorded_with_what_was_on_the_wire() -> None:
    recorder = Recorder()
    with RawServer() as server, a_back() as back:
        wrapped = recorder.wrap(replace(played(), back=back))
        wrapped.back.warm(server.url)
        wrapped.back.send(token_post(server.url), timeout_s=5)
        again = HttpRequest(method="GET", url=f"{server.url}/keys?x=y")
        wrapped.back.send(again, timeout_s=5)
    token, keys = recorder.recording.exchanges
    for exchange, raw in zip((token, keys), server.requests, strict=True):
        assert exchange.response is not None
        assert exchange.response.wire is not None
        assert exchange.response.wire.sent == raw
    assert (token.note, keys.note) == ("token", "keys")
    assert isinstance(token, Exchange)
