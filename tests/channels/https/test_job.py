"""One request on its way: its time, its result, and the times and bytes that are seen of it."""

from __future__ import annotations

import pytest

from entra_oauth.channels.https import job as job_module
from entra_oauth.channels.https.job import MAX_RAW_BYTES, Job, Tap, what_became_of_it
from entra_oauth.errors import LocalError, UnexpectedAnswer
from entra_oauth.protocol.messages import HttpResponse, Times, Wire
from kit.back_channels import StandingClock

URL = "https://a.example/token"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    made = StandingClock()
    monkeypatch.setattr(job_module, "monotonic", made)
    return made


# ---- a job ------------------------------------------------------------------------------


def test_a_job_has_the_time_that_it_was_given_and_never_less_than_none(
    clock: StandingClock,
) -> None:
    job = Job(None, URL, 5.0)
    assert job.remaining_s == 5.0
    clock.at += 2.0
    assert job.remaining_s == 3.0
    clock.at += 9.0
    assert job.remaining_s == 0.0
    assert not job.wait(clock.at)


def test_a_job_that_has_ended_is_not_waited_for() -> None:
    job = Job(None, URL, 5.0)
    assert (job.has_begun, job.has_ended, job.wire) == (False, False, None)
    assert job.wait(0.0) is False
    job.succeed(HttpResponse(status=200))
    assert job.has_ended
    assert job.wait(0.0) is True
    assert job.result().status == 200


def test_the_first_end_of_a_job_counts() -> None:
    job = Job(None, URL, 5.0)
    first, second = LocalError("a.", advice="b."), LocalError("c.", advice="d.")
    try:
        raise first
    except LocalError:
        job.fail(first)
    job.fail(second)
    assert job.has_ended
    with pytest.raises(LocalError) as caught:
        job.result()
    assert caught.value is first
    done = Job(None, URL, 5.0)
    done.succeed(HttpResponse(status=204))
    done.fail(second)
    assert done.result().status == 204
    job.succeed(HttpResponse(status=200))
    with pytest.raises(LocalError):
        job.result()


def test_an_error_of_the_worker_keeps_none_of_its_frames() -> None:
    job = Job(None, URL, 5.0)
    with pytest.raises(LocalError) as caught:
        raise LocalError("a.", advice="b.")
    assert caught.value.__traceback__ is not None
    job.fail(caught.value)
    assert caught.value.__traceback__ is None


def test_it_is_said_when_nothing_was_sent() -> None:
    assert what_became_of_it(sent=False) == " Nothing was sent."
    assert what_became_of_it(sent=True) == ""


# ---- what is seen of it -----------------------------------------------------------------


def test_the_times_of_a_request_are_those_of_its_parts(clock: StandingClock) -> None:
    tap = Tap()
    link = Wire(peer="192.0.2.1:443", times=Times(dns=0.5, tls=0.25))
    clock.at = 10.0
    tap.add_sent(link, b"POST ")
    clock.at = 11.0
    tap.add_sent(link, b"/ HTTP/1.1")
    clock.at = 13.0
    tap.all_sent()
    clock.at = 17.0
    tap.add_received(b"HTTP/1.1 ")
    clock.at = 25.0
    tap.add_received(b"200 OK")
    wire = tap.wire(proxy="http://proxy.example")
    assert (wire.sent, wire.received) == (b"POST / HTTP/1.1", b"HTTP/1.1 200 OK")
    assert (wire.peer, wire.proxy) == ("192.0.2.1:443", "http://proxy.example")
    assert wire.times == Times(dns=0.5, tls=0.25, send=3.0, wait=4.0, receive=8.0)
    assert tap.link is link
    tap.start()
    assert tap.wire() == Wire()
    assert tap.sent == b""
    clock.at = 30.0
    tap.add_sent(Wire(), b"x")
    clock.at = 31.0
    tap.all_sent()
    assert tap.wire().times == Times(send=1.0)


def test_a_part_that_never_came_has_no_time(clock: StandingClock) -> None:
    tap = Tap()
    assert tap.wire().times == Times()
    tap.add_sent(Wire(), b"x")
    assert tap.wire().times == Times()
    tap.add_received(b"y")
    assert tap.wire().times == Times(receive=0.0), "it was answered before all was sent"


def test_an_answer_that_does_not_end_is_given_up(clock: StandingClock) -> None:
    for was_sent in (False, True):
        tap = Tap()
        if was_sent:
            tap.add_sent(Wire(), b"x")
        tap.add_received(b"y" * MAX_RAW_BYTES)
        tap.add_received(b"y")
        with pytest.raises(UnexpectedAnswer) as caught:
            tap.add_received(b"y")
        assert caught.value.what == "An answer came in 4,194,304 bytes and more."
        assert str(caught.value).endswith(what_became_of_it(sent=was_sent))
        assert len(tap.wire().received) == MAX_RAW_BYTES + 1


def test_what_a_proxy_answers_is_kept_apart_and_bounded_too(clock: StandingClock) -> None:
    tap = Tap()
    sent, received = bytearray(), bytearray()
    tap.tunnel = (sent, received)
    tap.add_received(b"HTTP/1.1 200 OK")
    assert (bytes(received), tap.wire().received) == (b"HTTP/1.1 200 OK", b"")
    assert tap.wire().times == Times(), "the authority has answered nothing"
    received += b"y" * MAX_RAW_BYTES
    with pytest.raises(UnexpectedAnswer):
        tap.add_received(b"y")
