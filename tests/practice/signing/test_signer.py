"""The second process that signs: never needed, never wrong, and never left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from entra_oauth.practice.signing import signer
from entra_oauth.practice.signing.key_ring import KeyRing, key_for, make_key
from entra_oauth.practice.signing.signer import Signer
from entra_oauth.practice.signing.signing_key import SigningKey
from entra_oauth.practice.tenant import PracticeTenant
from kit.practice import NOON, Kit
from kit.processes.child_process import running

LOOP = """\
for message in asked:
    os.write(1, key.sign(message, PKCS1v15(), SHA256()))
"""
PAYS = signer._pays
MESSAGES = [f"message {number}".encode() for number in range(5)]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@cache
def key() -> SigningKey:
    return make_key(None)


_others: set[threading.Thread] = set()
"""What other tests' tenants have running."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start at the first signature, on any machine."""
    _others.clear()
    _others.update(threading.enumerate())
    monkeypatch.setattr(signer, "NOT_BEFORE", 1)
    monkeypatch.setattr(signer, "_pays", lambda: True)


@pytest.fixture
def signers() -> Iterator[Callable[[], Signer]]:
    """Makes signers that have asked for their process, and ends what they started."""
    made: list[Signer] = []

    def make() -> Signer:
        made.append(Signer())
        made[-1].begin(key(), b"first")()
        return made[-1]

    yield make
    for one in made:
        one.end()
    _until(lambda: not _starting(), "a thread is left")


@pytest.fixture
def beside(signers: Callable[[], Signer]) -> tuple[Signer, signer._Beside]:
    """A signer and its process, which has been started and shown to sign."""
    return _with_process(signers())


def _with_process(one: Signer) -> tuple[Signer, signer._Beside]:
    _until(lambda: one._beside is not None, "it was not started")
    assert one._beside is not None
    return one, one._beside


def _until(done: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + 20.0
    while not done():
        assert time.monotonic() < until, otherwise
        time.sleep(0.01)


def _starting() -> list[threading.Thread]:
    here = threading.enumerate()
    return [t for t in here if t.name == "practice-signer" and t not in _others]


def _right(one: Signer) -> bool:
    return [one.begin(key(), m)() for m in MESSAGES] == [key().sign(m) for m in MESSAGES]


def _only_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, whatever this process signs itself fails the test."""

    def here(self: SigningKey, message: bytes) -> bytes:
        raise AssertionError("signed here")

    monkeypatch.setattr(SigningKey, "sign", here)


def test_the_other_process_makes_the_same_signature(
    beside: tuple[Signer, signer._Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [key().sign(message) for message in MESSAGES]
    _only_beside(monkeypatch)
    assert [beside[0].begin(key(), message)() for message in MESSAGES] == expected


def test_a_seeded_tenant_answers_the_same_bytes_with_it_and_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answered() -> dict[str, object]:
        kit = Kit(tenant=PracticeTenant(seed=7, clock=lambda: NOON))
        asked = {"scope": "openid profile offline_access User.Read"}
        return kit.tokens(asked, asked)

    ring = KeyRing(7)
    ring._key = key_for(7).key()
    monkeypatch.setattr("entra_oauth.practice.tenant.key_for", lambda seed: ring)
    alone = answered()
    _, process = _with_process(ring._signer)
    try:
        before = next(process._turns)
        assert list(answered().items()) == list(alone.items())
        assert next(process._turns) == before + 2  # one of them for the access token
    finally:
        ring._signer.end()
    assert {"access_token", "refresh_token", "id_token"} <= set(alone)


def test_four_threads_at_once_get_the_right_signatures(
    beside: tuple[Signer, signer._Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signer, "REST", 0)
    messages = [f"message {number}".encode() for number in range(400)]
    barrier = threading.Barrier(4)

    def sign(number: int) -> list[bytes]:
        barrier.wait(10)
        return [beside[0].begin(key(), message)() for message in messages[number::4]]

    with ThreadPoolExecutor(4) as pool:
        signed = list(pool.map(sign, range(4)))
    assert signed == [[key().sign(m) for m in messages[n::4]] for n in range(4)]
    assert next(beside[1]._turns) > 10


def test_two_at_once_are_signed_here_for_a_while(
    beside: tuple[Signer, signer._Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signer, "REST", 3)
    one, process = beside
    first = one.begin(key(), b"1")
    assert one.begin(key(), b"2")() == key().sign(b"2")
    assert first() == key().sign(b"1")
    assert [process.take(b"x") for _ in range(4)] == [False, False, False, True]
    assert process.answer() == key().sign(b"x")


BAD_LOOPS = {
    "ends": "raise SystemExit",
    "says too little": "os.write(1, bytes(10))",
    "says too much": "os.write(1, bytes(300))",
    "says nothing": "sys.stdin.buffer.read()",
}


@pytest.mark.parametrize("then", BAD_LOOPS.values(), ids=BAD_LOOPS)
def test_without_a_good_answer_it_is_signed_here_and_the_process_is_ended(
    then: str, signers: Callable[[], Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = "os.write(1, key.sign(next(asked), PKCS1v15(), SHA256()))\n"
    bad = f"{good}for message in asked:\n    {then}\n"
    monkeypatch.setattr(signer, "_PROGRAM", _changed(bad))
    monkeypatch.setattr(signer, "PATIENCE_S", 0.1)
    one, process = _with_process(signers())
    assert _right(one)
    assert process._process.returncode is not None  # it was waited for, and is no zombie
    assert next(process._turns) == 3  # the probe and one message, then no more


BAD_STARTS = {
    "does not start": "raise SystemExit",
    "has another key": "next(asked)\nos.write(1, bytes(256))\nsys.stdin.buffer.read()\n",
}


@pytest.mark.parametrize("program", BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_process_that_does_not_prove_itself_is_never_asked(
    program: str, signers: Callable[[], Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signer, "_PROGRAM", _changed(program))
    started = _recorded(monkeypatch)
    one = signers()
    _until(lambda: bool(started) and not _starting(), "it is still being started")
    assert one._beside is None
    assert started[0]._process.poll() is not None
    assert _right(one)
    assert len(started) == 1


def _changed(loop: str) -> str:
    assert LOOP in signer._PROGRAM
    return signer._PROGRAM.replace(LOOP, loop)


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[signer._Beside]:
    """Every process that is started from now on."""
    started: list[signer._Beside] = []

    class Recorded(signer._Beside):
        def __init__(self, key: SigningKey) -> None:
            super().__init__(key)
            started.append(self)

    monkeypatch.setattr(signer, "_Beside", Recorded)
    return started


def test_one_that_is_killed_is_done_without(beside: tuple[Signer, signer._Beside]) -> None:
    one, process = beside
    process._process.kill()
    process._process.wait()
    assert _right(one)
    assert next(process._turns) == 3  # the probe, and the message that found it dead


def test_one_that_is_killed_in_the_middle_is_done_without(
    beside: tuple[Signer, signer._Beside],
) -> None:
    one, process = beside
    signatures = [one.begin(key(), b"1")]
    process._process.kill()
    signatures += [one.begin(key(), b"2")]
    assert [signature() for signature in signatures] == [key().sign(b"1"), key().sign(b"2")]


def test_a_python_that_cannot_be_started_is_done_without(
    signers: Callable[[], Signer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    one = signers()
    _until(lambda: not _starting(), "it is still being started")
    assert one._beside is None
    assert _right(one)


def test_a_signature_that_nobody_calls_for_is_in_nobodys_way(
    signers: Callable[[], Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signer, "PATIENCE_S", 0.1)
    one, process = _with_process(signers())
    one.begin(key(), b"forgotten")
    assert _right(one)
    _until(lambda: process._process.poll() is not None, "it is still there")


def test_a_message_that_is_too_long_for_a_pipe_is_signed_here(
    beside: tuple[Signer, signer._Beside],
) -> None:
    one, process = beside
    long = bytes(1_000_000)
    assert one.begin(key(), long)() == key().sign(long)
    assert next(process._turns) == 2  # the probe only
    assert process.take(b"short")
    assert process.answer() == key().sign(b"short")


def test_a_fork_leaves_it_to_the_process_that_started_it(
    beside: tuple[Signer, signer._Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, process = beside
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        assert _right(one)
        one.end()
    assert process._process.poll() is None
    assert next(process._turns) == 2  # the probe only


def test_a_short_run_has_no_second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signer, "NOT_BEFORE", 64)
    started = _recorded(monkeypatch)
    one = Signer()
    for _ in range(63):
        one.begin(key(), b"message")()
    assert (_starting(), started) == ([], [])
    one.begin(key(), b"message")()
    _with_process(one)
    assert len(started) == 1
    one.end()
    _until(lambda: not _starting(), "a thread is left")


@pytest.mark.parametrize("reason", ["one processor", "frozen", "no executable"])
def test_where_it_cannot_pay_there_is_no_second_process(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    assert PAYS()
    if reason == "one processor":
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1}, raising=False)
    elif reason == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", "")
    assert not PAYS()


def test_where_it_cannot_pay_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signer, "_pays", lambda: False)
    started = _recorded(monkeypatch)
    assert _right(Signer())
    assert (_starting(), started) == ([], [])


def test_it_ends_when_its_input_ends(beside: tuple[Signer, signer._Beside]) -> None:
    beside[1]._to.close()
    assert beside[1]._process.wait(10) == 0


def test_ctrl_c_is_left_to_the_process_that_started_it(
    beside: tuple[Signer, signer._Beside], monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        pytest.skip("it has no console there")
    expected = key().sign(b"message")
    _only_beside(monkeypatch)
    os.kill(beside[1]._process.pid, signal.SIGINT)
    time.sleep(0.1)
    assert beside[0].begin(key(), b"message")() == expected


def test_it_does_not_look_for_modules_where_it_is_started(
    signers: Callable[[], Signer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cryptography.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    _with_process(signers())


@linux
def test_the_key_is_in_no_argument_variable_or_file(
    beside: tuple[Signer, signer._Beside],
) -> None:
    process = Path(f"/proc/{beside[1]._process.pid}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert b"Signs for the practice tenant" in seen
    assert b"PATH=" in seen
    for line in key().pem.splitlines():
        assert line not in seen
    kinds = {os.readlink(opened).partition(":")[0] for opened in (process / "fd").iterdir()}
    assert kinds == {"pipe", "/dev/null"}


PARENT = """
import sys, time
from entra_oauth.practice.signing import signer
from entra_oauth.practice.signing.key_ring import make_key
signer.NOT_BEFORE, signer._pays = 1, lambda: True
one, key = signer.Signer(), make_key(None)
one.begin(key, b"first")()
while one._beside is None:
    time.sleep(0.01)
print(one._beside._process.pid, flush=True)
if sys.argv[1] == "in the middle":
    kept = one.begin(key, b"second")
sys.stdin.read()
"""


@linux
@pytest.mark.parametrize("when", ["idle", "in the middle"])
def test_it_ends_with_the_process_that_started_it_and_nothing_is_said(when: str) -> None:
    with running(PARENT, when) as parent:
        pid = int(parent.line())
        assert _alive(pid)
        assert parent.end() == ("", "")
        assert parent.code == 0
        assert not _alive(pid)  # it is waited for


@linux
def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    with running(PARENT, "idle") as parent:
        pid = int(parent.line())
        assert _alive(pid)
        parent.signal(signal.SIGKILL)
        _until(lambda: not _alive(pid), "it is still there")


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return not status.rpartition(") ")[2].startswith("Z")
