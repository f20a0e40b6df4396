"""Many processes at one store. Run as a program, because a test's own process has threads.

    python swarm.py kill FOLDER ROUNDS      writers, each killed in the middle
    python swarm.py race FOLDER PROCESSES   all find the token expired at once
    python swarm.py add FOLDER PROCESSES    each adds three accounts of its own

Each prints what it has counted, as JSON. Processes are forked: a hundred that start
Python anew would take the test longer than what they are to show.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from entra_oauth.cache.account import CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.token_source import TokenSource
from entra_oauth.protocol.endpoints.token import TokenResponse
from kit import stores
from kit.stores import APP, SCOPE, USER

LONG = 160_000


def _fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def kill(folder: str, rounds: int) -> dict[str, int]:
    """Writers of a long file, killed at random moments; every look finds a whole one.

    A moment is counted from the writer's first whole write, which it tells through a
    pipe: before that there is nothing that a kill could harm.
    """
    store = FileStore(folder)
    stores.fill(store)
    chance = random.Random(7)
    seen = {"rounds": rounds, "lost": 0, "locked": 0, "distinct": 0}
    texts = set()

    def write_on(told: int) -> None:
        number = 0
        while True:
            number += 1
            text = f"{os.getpid()}-{number}-".ljust(LONG, "x")
            with store.lock(APP, USER) as lock:
                lock.take(5)
                account = stores.account(refresh_token=f"refresh-{os.getpid()}-{number}")
                store.save(APP, account, SCOPE, stores.token(text), signed_in=False)
            if number == 1:
                os.write(told, b"w")

    for _ in range(rounds):
        told, tell = os.pipe()
        pid = _fork(partial(write_on, tell))
        os.close(tell)
        assert os.read(told, 1) == b"w"
        os.close(told)
        time.sleep(chance.uniform(0.001, 0.012))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        token, account = store.access_token(APP, USER, SCOPE), store.account(APP, USER)
        if token is None or account is None or not account.refresh_token:
            seen["lost"] += 1
        else:
            texts.add(token.text[:40])
        with store.lock(APP, USER) as lock:
            seen["locked"] += not lock.take(0)
    stores.fill(store)  # whoever writes next tidies up
    seen["distinct"] = len(texts)
    seen["left"] = sum(".new-" in name for _, _, names in os.walk(folder) for name in names)
    seen["aside"] = sum("damaged" in name for _, _, names in os.walk(folder) for name in names)
    return seen


def race(folder: str, processes: int) -> dict[str, int]:
    """All wait at one gate, then want a token; the authority is a file that grows."""
    store = FileStore(folder)
    log = f"{folder}.requests"
    past = int(time.time()) - 7200
    old = CachedToken(
        text="old", expires_on=past + 3600, arrived_at=past, arrived_on_clock=0, granted=SCOPE
    )
    store.save(APP, stores.account(), SCOPE, old, signed_in=True)

    def ask(refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        with open(log, "a", encoding="ascii") as file:
            file.write(f"{refresh_token}\n")
        time.sleep(0.2)
        return TokenResponse(
            token_type="Bearer",
            access_token="fresh",
            scope=SCOPE,
            expires_in=3600,
            received_at=time.time(),
            refresh_token="the-next",
        )

    gate, open_gate = os.pipe()

    def want() -> None:
        os.close(open_gate)
        os.read(gate, 1)
        found = TokenSource(store=store, app=APP, refresh=ask).get("databricks")
        assert found.token.text == "fresh"

    pids = [_fork(want) for _ in range(processes)]
    os.close(open_gate)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    with open(log, encoding="ascii") as file:
        requests = len(file.readlines())
    os.unlink(log)
    account = store.account(APP, USER)
    return {
        "answers": codes.count(0),
        "requests": requests,
        "kept": int(account is not None and account.refresh_token == "the-next"),
    }


def add(folder: str, processes: int) -> dict[str, int]:
    """Every process signs three people in."""

    def sign_in() -> None:
        store = FileStore(folder)
        for number in range(3):
            name = f"{os.getpid()}-{number}@example.test"
            with store.lock(APP, name) as lock:
                assert lock.take(5)
                store.save(APP, stores.account(name), SCOPE, stores.token(name), signed_in=True)

    pids = [_fork(sign_in) for _ in range(processes)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    store = FileStore(folder)
    names = [f"{pid}-{number}@example.test" for pid in pids for number in range(3)]
    tokens = [store.access_token(APP, name, SCOPE) for name in names]
    whole = [n for n, token in zip(names, tokens, strict=True) if token and token.text == n]
    return {
        "ended well": codes.count(0),
        "whole": len(whole),
        "listed": len(store.accounts()),
        "default": int(store.default_account(APP) in names),
    }


if __name__ == "__main__":
    scenario, where, number = sys.argv[1:]
    print(json.dumps({"kill": kill, "race": race, "add": add}[scenario](where, int(number))))
