"""Every figure of docs/comparison.md, on this machine, in one go.

    python benchmarks/run.py [--rounds N] [--races N] [--quick]

Writes a Markdown table to standard output and says on standard error what it is doing.
Needs the packages of the group `interop`; whoever is missing is left out. In turns: each
round measures every contestant once, and ratios are the median of those within a round.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stage import CLIENT, SCOPE, TENANT, USER, Stage, facts, stage

from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore
from entra_oauth.practice.directory.model import DATABRICKS

PERSON_S = 0.3
_PASS = [sys.executable, "-c", "pass"]
Row = dict[str, float]


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    ours: str
    other: str
    ratio: str
    goal: str


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--races", type=int, default=20)
    options.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    chosen = options.parse_args()
    rounds, races = (2, 2) if chosen.quick else (chosen.rounds, chosen.races)
    with tempfile.TemporaryDirectory() as folder:
        lines = [line for part in _parts(Path(folder), rounds, races) for line in part]
    machine = facts()
    print(f"Measured {time.strftime('%Y-%m-%d')}: {machine['cores']} cores ({machine['cpu']}), ")
    print(f"{machine['system']}, Python {machine['python']}, load at the end {machine['load']}; ")
    print(f"{rounds} rounds, {races} races. Medians; ratios are medians within a round.\n")
    print("| what | entra-oauth | beside it | ratio | goal |")
    print("|---|---|---|---|---|")
    for line in lines:
        print(f"| {line.what} | {line.ours} | {line.other} | {line.ratio} | {line.goal} |")


def _parts(folder: Path, rounds: int, races: int) -> Iterator[list[Line]]:
    for round_trip_s in (0.0, 0.04):
        with stage(folder, round_trip_s=round_trip_s) as on:
            suffix = f", round trip {round_trip_s * 1000:.0f} ms" if round_trip_s else ""
            yield _logins(on, rounds, suffix)
            yield _tokens(on, rounds, suffix)
            if not round_trip_s:
                yield _races(on, races)
                yield _many_accounts(on, rounds)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _interleaved(rounds: int, contestants: dict[str, Callable[[], Row]]) -> dict[str, list[Row]]:
    """Every contestant once in each round; the first round is not counted."""
    results: dict[str, list[Row]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, measure in contestants.items():
            row = measure()
            if number:
                results[name].append(row)
    return results


def _median(rows: list[Row], column: str) -> float:
    return statistics.median(row[column] for row in rows)


def _ratio(ours: list[Row], other: list[Row], column: str) -> float:
    return statistics.median(
        a[column] / b[column] for a, b in zip(ours, other, strict=True) if b[column]
    )


# ---- login ---------------------------------------------------------------------------------


def _logins(on: Stage, rounds: int, suffix: str) -> list[Line]:
    _say(f"login{suffix}")
    app = [*on.app(), "--ca-bundle", on.ca_file]
    commands = {
        "entra-oauth": on.ours("login", "-q", "-o", "token", *app),
        "limit": on.contestant("limit_login"),
    }
    if _has("msal"):
        commands["msal"] = on.contestant("msal_client", "login", str(on.home / "msal.json"))
    if _has("azure.identity"):
        commands["azure-identity"] = on.contestant("azure_identity_login")
    if _has("authlib"):
        commands["authlib"] = on.contestant("authlib_login")
    results = _interleaved(
        rounds,
        {n: (lambda c=c: on.sign_in(c, PERSON_S)) for n, c in commands.items()},  # type: ignore[misc]
    )
    ours = results.pop("entra-oauth")
    goals = {
        ("open", "msal"): "0.30",
        ("open", "limit"): "2.5",
        ("redeem", "msal"): "5 ms",
        ("added", "msal"): "0.14" if suffix else "0.10",
    }
    words = {
        "open": "`login`: start to browser opened",
        "redeem": "redirect to token request at the authority",
        "finish": "redirect to the end of the program",
        "added": "all that `login` adds to the person's time",
    }
    lines = [] if suffix else _peaks(
        "peak memory of `login`",
        {n: on.peak_mb(c, person_s=PERSON_S) for n, c in commands.items()},
        {"msal": "1.2"},
    )  # fmt: skip
    for column, what in words.items():
        for name, rows in results.items():
            lines.append(
                Line(
                    what + suffix,
                    f"{_median(ours, column):.1f} ms",
                    f"{name} {_median(rows, column):.1f} ms",
                    f"{_ratio(ours, rows, column):.3f}",
                    goals.get((column, name), ""),
                )
            )
    return lines


# ---- token ---------------------------------------------------------------------------------


def _store(on: Stage) -> FileStore:
    return FileStore(str(on.home / ".local/state/entra-oauth/tokens"))


def _app(on: Stage) -> App:
    return App(on.base_url, TENANT, CLIENT)


def _expire_ours(on: Stage) -> None:
    store, app = _store(on), _app(on)
    old, account = store.access_token(app, USER, SCOPE), store.account(app, USER)
    assert old is not None
    assert account is not None
    gone = CachedToken(
        text=old.text,
        expires_on=int(time.time()) - 10,
        arrived_at=int(time.time()) - 4000,
        arrived_on_clock=0,
    )
    store.save(app, account, SCOPE, gone, signed_in=False)


def _expire_msal(cache: Path) -> None:
    content = json.loads(cache.read_text(encoding="utf-8"))
    for token in content["AccessToken"].values():
        token["expires_on"] = str(int(time.time()) - 10)
        token.pop("refresh_on", None)
    cache.write_text(json.dumps(content), encoding="utf-8")


def _timed(on: Stage, command: list[str], before: Callable[[], None] = lambda: None) -> Row:
    before()
    on.tenant.requests = 0
    ended = on.run(command)
    assert len(ended.out.strip()) > 20 or "pass" in command, command
    return {"ms": ended.seconds * 1000, "requests": float(on.tenant.requests)}


def _tokens(on: Stage, rounds: int, suffix: str) -> list[Line]:
    _say(f"token{suffix}")
    app, cache = on.app(), on.home / "msal.json"
    kept = on.home / "limit.token"
    token = _store(on).access_token(_app(on), USER, SCOPE)
    account = _store(on).account(_app(on), USER)
    assert token is not None
    assert account is not None
    kept.write_text(f"{time.time() + 9000} {token.text}\n", encoding="utf-8")
    (on.home / "limit.refresh").write_text(account.refresh_token or "", encoding="utf-8")
    silent = on.contestant("msal_client", "token", str(cache))
    has_msal = _has("msal")
    cached = {
        "entra-oauth": lambda: _timed(on, on.ours("token", *app)),
        "python -c pass": lambda: _timed(on, _PASS),
        "limit": lambda: _timed(on, [*on.contestant("limit_token"), str(kept)]),
    }
    refreshed = {
        "entra-oauth": lambda: _timed(
            on, on.ours("token", *app, "--ca-bundle", on.ca_file), lambda: _expire_ours(on)
        ),
        "limit": lambda: _timed(on, on.contestant("limit_refresh", str(on.home / "limit.refresh"))),
    }
    if has_msal:
        cached["msal"] = lambda: _timed(on, silent)
        refreshed["msal"] = lambda: _timed(on, silent, lambda: _expire_msal(cache))
    lines = _token_lines(
        "`token` from the cache" + suffix,
        _interleaved(rounds, cached),
        {"msal": "0.15", "python -c pass": "2"},
    )
    lines += _token_lines(
        "`token` with a refresh" + suffix, _interleaved(rounds, refreshed), {"msal": "0.85"}
    )
    if not suffix:
        commands = {"entra-oauth": on.ours("token", *app), "python -c pass": _PASS}
        commands |= {"msal": silent} if has_msal else {}
        peaks = {name: on.peak_mb(command) for name, command in commands.items()}
        lines += _peaks("peak memory of a cached `token`", peaks, {"msal": "0.35"})
    return lines


def _token_lines(what: str, results: dict[str, list[Row]], goals: dict[str, str]) -> list[Line]:
    ours = results.pop("entra-oauth")
    return [
        Line(what, _in_ms(ours), f"{name} {_in_ms(rows)}", f"{_ratio(ours, rows, 'ms'):.3f}",
             goals.get(name, ""))
        for name, rows in results.items()
    ]  # fmt: skip


def _in_ms(rows: list[Row]) -> str:
    return f"{_median(rows, 'ms'):.1f} ms, {_median(rows, 'requests'):.0f} requests"


def _peaks(what: str, peaks: dict[str, float], goals: dict[str, str]) -> list[Line]:
    ours = peaks.pop("entra-oauth")
    return [
        Line(what, f"{ours:.1f} MB", f"{name} {mb:.1f} MB", f"{ours / mb:.3f}", goals.get(name, ""))
        for name, mb in peaks.items()
    ]


# ---- a hundred at once -----------------------------------------------------------------------


def _race(on: Stage, command: list[str]) -> Row:
    on.tenant.token_requests = on.tenant.requests = 0
    began = time.perf_counter()
    processes = [
        subprocess.Popen(
            command,
            env=on.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(100)
    ]
    answers = 0
    for process in processes:
        out, _ = process.communicate()
        answers += process.returncode == 0 and len(out.strip()) > 20
    return {
        "s": time.perf_counter() - began,
        "answers": float(answers),
        "token requests": float(on.tenant.token_requests),
    }


def _races(on: Stage, races: int) -> list[Line]:
    _say("100 processes, one expired token")
    ours = []
    for _ in range(races):
        _expire_ours(on)
        ours.append(_race(on, on.ours("token", *on.app(), "--ca-bundle", on.ca_file)))
    told = _told(ours)
    if not _has("msal_extensions"):
        return [
            Line("100 processes, one expired token", told, "msal-extensions is missing", "", "")
        ]
    cache, theirs = on.home / "msal.json", []
    for _ in range(max(2, min(3, races))):
        _expire_msal(cache)
        theirs.append(_race(on, on.contestant("msal_client", "race", str(cache))))
    ratio = _median(ours, "s") / _median(theirs, "s")
    return [
        Line(
            "100 processes, one expired token",
            told,
            f"msal-extensions {_told(theirs)}",
            f"{ratio:.3f}",
            "1 token request, 100 answers, 0.15",
        )
    ]


def _told(rows: list[Row]) -> str:
    requests = sorted(int(row["token requests"]) for row in rows)
    answers = sorted(int(row["answers"]) for row in rows)
    return (
        f"{_median(rows, 's'):.2f} s; token requests {_span(requests)}; answers {_span(answers)} "
        f"({len(rows)} runs)"
    )


def _span(numbers: list[int]) -> str:
    low, high = numbers[0], numbers[-1]
    return str(low) if low == high else f"{low} to {high}"


# ---- many accounts ------------------------------------------------------------------------------


def _many_accounts(on: Stage, rounds: int) -> list[Line]:
    _say("10,000 accounts")
    store, app = _store(on), _app(on)
    command = on.ours("token", *on.app())
    now = int(time.time())
    token = CachedToken(
        text="eyJ" + "x" * 1500,
        expires_on=now + 9000,
        arrived_at=now,
        arrived_on_clock=int(time.monotonic()),
    )
    fresh = CachedToken(
        text=token.text,
        expires_on=now + 9000,
        arrived_at=now,
        arrived_on_clock=int(time.monotonic()),
    )
    account = store.account(app, USER)
    assert account is not None
    store.save(app, account, SCOPE, fresh, signed_in=False)
    before = [_timed(on, command) for _ in range(rounds + 1)][1:]
    _fill(store, app, fresh)
    after = [_timed(on, command) for _ in range(rounds + 1)][1:]
    return [
        Line(
            "`token` with 10,000 accounts in the store",
            f"{_median(after, 'ms'):.1f} ms",
            f"with one {_median(before, 'ms'):.1f} ms",
            f"{_median(after, 'ms') / _median(before, 'ms'):.3f}",
            "1.1",
        )
    ]


def _fill(store: FileStore, app: App, token: CachedToken) -> None:
    for number in range(9_999):
        account = Account(name=f"user{number}@example.test", refresh_token="1.x" * 300)
        store.save(app, account, SCOPE, token, signed_in=False)


assert SCOPE.startswith(DATABRICKS)

if __name__ == "__main__":
    main()
