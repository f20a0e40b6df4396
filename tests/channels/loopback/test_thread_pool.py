"""The threads of a loopback host: each is used again, a few wait, and none is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from entra_oauth.channels.loopback.ports import SPARE, ThreadPool
from kit.back_channels import eventually

ENOUGH_S = 5.0  # an upper bound for what takes milliseconds


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "a-pool"]


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    made = ThreadPool("a-pool")
    yield made
    made.finish()
    made.join(ENOUGH_S)
    assert threads() == []


def waiting_for(end: threading.Event | threading.Barrier) -> Callable[[], None]:
    """A task that takes until then."""

    def wait() -> None:
        end.wait(ENOUGH_S)

    return wait


def run(pool: ThreadPool) -> None:
    """Have something done, and wait until its thread is free again."""
    before, done = pool.spare, threading.Event()
    assert pool.run(done.set) is True
    assert done.wait(ENOUGH_S)
    assert eventually(lambda: pool.spare == max(before, 1))


def test_a_thread_that_is_free_takes_the_next_task_and_no_other_is_started(
    pool: ThreadPool,
) -> None:
    assert pool.spare == 0
    for _ in range(3):
        run(pool)
        assert len(threads()) == 1


def test_tasks_that_come_at_once_never_count_on_the_same_thread(pool: ThreadPool) -> None:
    run(pool)
    all_begun = threading.Barrier(3)
    for _ in range(2):
        assert pool.run(waiting_for(all_begun))
    assert pool.spare == 0
    all_begun.wait(ENOUGH_S)
    assert eventually(lambda: pool.spare == 2)


def test_a_few_wait_and_the_others_end_when_they_are_done(pool: ThreadPool) -> None:
    may_end = threading.Event()
    for _ in range(SPARE + 1):
        assert pool.run(waiting_for(may_end))
    assert len(threads()) == SPARE + 1
    may_end.set()
    assert eventually(lambda: len(threads()) == pool.spare == SPARE)
    assert eventually(lambda: len(pool._threads) == SPARE), "one that has ended is not kept"


def test_a_task_for_which_there_is_no_thread_is_not_done_later_either(
    pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    refused = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        assert pool.run(refused.set) is False
    pool.join(0.0)  # a thread that was never started cannot be waited for
    run(pool)
    run(pool)
    assert not refused.is_set()


def test_whoever_is_busy_at_the_end_ends_after_it_and_nobody_is_counted_on(
    pool: ThreadPool,
) -> None:
    run(pool)
    may_end = threading.Event()
    for _ in range(2):
        assert pool.run(waiting_for(may_end))
    pool.finish()
    assert pool.spare == 0
    may_end.set()
    pool.join(ENOUGH_S)
    assert threads() == []


def test_the_end_is_waited_for_so_long_at_most_and_nobody_waits_for_itself(
    pool: ThreadPool,
) -> None:
    may_end, has_waited = threading.Event(), threading.Event()
    assert pool.run(waiting_for(may_end))
    pool.join(0.0)
    assert len(threads()) == 1
    may_end.set()

    def wait() -> None:
        pool.join(ENOUGH_S)
        has_waited.set()

    assert pool.run(wait)
    pool.finish()
    assert has_waited.wait(ENOUGH_S)


def test_no_task_keeps_the_program_from_ending(pool: ThreadPool) -> None:
    run(pool)
    assert [each.daemon for each in threads()] == [True]
