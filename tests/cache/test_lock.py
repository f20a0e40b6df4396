"""The lock of an account: whoever has it, whoever waits, and for how long."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from entra_oauth.cache import file_store, paths, vault
from entra_oauth.cache import lock as lock_module
from entra_oauth.cache.file_store import FileStore, store_sign_in
from entra_oauth.cache.lock import Lock
from entra_oauth.cache.refresher import Refresher
from entra_oauth.flows import patience
from entra_oauth.protocol.authority import Authority as RealAuthority
from entra_oauth.protocol.endpoints.token import TokenResponse
from kit import canaries, needs
from kit.stores import APP, NOON, SCOPE, USER, Authority, account, fill, source, token

ACCESS = canaries.ACCESS_TOKEN


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(str(tmp_path / "tokens"))


def folder_of(store: FileStore) -> Path:
    app = paths.app_folder(store.folder, APP.base, APP.tenant, APP.client_id)
    return Path(paths.account_folder(app, USER))


_HOLD = """
import sys
from entra_oauth.cache.lock import Lock
lock = Lock(sys.argv[1])
assert lock.take(5)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child
        finally:
            child.kill()


@needs.posix
def test_a_stopped_holder_holds_nobody_up_and_a_dead_one_holds_nothing(store: FileStore) -> None:
    fill(store)
    authority = Authority()
    authority.clock.pass_by(3400)
    with holder(folder_of(store) / "lock") as child:
        child.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        tokens = source(store, authority, lock_wait_s=0.1)
        assert tokens.get("databricks").token.text == ACCESS
        assert time.monotonic() - began < 5
        assert authority.asked == []
        child.kill()
        child.wait()
        assert tokens.get("databricks").token.text == f"{ACCESS}1"


_TWO_WAITS = """
import os, sys
from entra_oauth.cache import lock, single_flight
from entra_oauth.cli import fast_token, main
fast_token._WAIT_S = single_flight.LOCK_WAIT_WITH_TOKEN_S = 0.3
slept, noted = [], fast_token.paths._waited_s
lock.sleep = slept.append
fast_token.try_token(sys.argv[2:])
waited_before = list(noted.values())
code = main(sys.argv[1:])
print(code, waited_before, slept)
"""


@needs.posix
def test_the_two_waits_for_a_stopped_holder_are_one(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick look waits, and then the whole program waits for what is left, if anything is."""
    old = token(life_s=200, at=int(time.time()))
    old = replace(old, arrived_on_clock=int(time.monotonic()))
    store.save(APP, account(), SCOPE, old, signed_in=True)
    monkeypatch.setenv("ENTRA_OAUTH_CACHE_DIR", store.folder)
    ids = ("--authority-host", APP.base, "--tenant", APP.tenant, "--client-id", APP.client_id)
    with holder(folder_of(store) / "lock") as child:
        child.send_signal(signal.SIGSTOP)
        command = [sys.executable, "-c", _TWO_WAITS, "token", *ids]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == f"{ACCESS}\n0 [0.3] []\n", ran.stderr
    assert "another process does not finish renewing the token; used as it is" in ran.stderr


def test_whoever_waits_for_the_lock_is_told_once_and_at_once_after_the_quick_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, said = str(tmp_path / "lock"), list[str]()
    monkeypatch.setattr(lock_module, "_NOTICE_S", 0.05)
    with Lock(path) as held, Lock(path, said.append) as second:
        assert held.take(0)
        assert not second.take(0.02)
        assert said == []
        assert not second.take(0.2)
        assert len(said) == 1
        monkeypatch.setattr(lock_module, "_NOTICE_S", 2.0)
        paths.note_wait(path, 10.0)
        assert not second.take(10.02)
        assert len(said) == 2
    assert said[0].startswith("Waiting for another entra-oauth process")


def test_a_sign_in_is_kept_though_somebody_renews_patiently_meanwhile(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notice stands for a long wait: only then does the other one let go."""
    monkeypatch.setattr(lock_module, "_NOTICE_S", 0.02)
    fill(store)
    with store.lock(APP, USER) as held:
        assert held.take(0)

        def let_go(line: str) -> None:
            held.__exit__()

        ours = FileStore(store.folder, say=let_go)
        tokens = TokenResponse(
            token_type="Bearer", access_token="eyNew", scope=None, expires_in=3600, received_at=NOON
        )
        store_sign_in(ours, APP, tokens, ("databricks",), otherwise=USER)
    kept = store.access_token(APP, USER, SCOPE)
    assert kept is not None
    assert kept.text == "eyNew"


def test_whoever_waits_does_not_give_up_before_the_one_who_works() -> None:
    """The request for the proof, that for the token, two calls of the password store."""
    one = patience.LONGEST_S + Refresher(RealAuthority("https://a.test", "t"), "c").timeout_s
    assert 2 * one + 2 * vault._LONGEST_S <= file_store.LOCK_WAIT_S


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(str(path)) as first:
        assert first.take(0)
        path.unlink()
        with Lock(str(path)) as second:
            assert second.take(1)  # a sign-out; the next sign-in need not wait
