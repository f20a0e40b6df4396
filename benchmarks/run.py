"""Every figure of docs/comparison.md, on this machine, in one go.

    python benchmarks/run.py [--rounds N] [--races N] [--times N] [--all] [--accounts] [--quick]

Writes a Markdown table to standard output and says on standard error what it is doing. Needs
the packages of the group `interop`; whoever is missing is left out. Each round measures every
contestant once, in one order and then in the other, and ratios are the median of those within a
round. As root on Linux it runs in a network of its own, where Entra's host name leads to the
practice tenant; else on localhost, and says so.
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

from stage import (
    CLIENT,
    SCOPE,
    TENANT,
    USER,
    Stage,
    enter_own_network,
    facts,
    is_in_own_network,
    stage,
)

from entra_oauth.cache.account import Account, App, CachedToken
from entra_oauth.cache.file_store import FileStore

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
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--races", type=int, default=5)
    options.add_argument("--times", type=int, default=1, help="so many tables")
    options.add_argument("--all", action="store_true", help="azure-identity, authlib, scripts")
    options.add_argument("--accounts", action="store_true", help="a store of 10,000 accounts too")
    options.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    chosen = options.parse_args()
    enter_own_network()
    if chosen.quick:
        chosen.rounds = chosen.races = 2
    # The hundred processes come last: for minutes after them all else is slower.
    machine = facts()
    tables = [_in_a_folder(_quiet, chosen) for _ in range(chosen.times)]
    crowds = [_in_a_folder(_crowds, chosen) for _ in range(chosen.times)]
    for table, crowd in zip(tables, crowds, strict=True):
        _print([*table, *crowd], chosen, machine)


def _in_a_folder(
    part: Callable[[Path, argparse.Namespace], Iterator[list[Line]]], chosen: argparse.Namespace
) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        return [line for lines in part(Path(folder), chosen) for line in lines]


def _print(lines: list[Line], chosen: argparse.Namespace, machine: dict[str, str]) -> None:
    where = "Entra's host name in a network of its own" if is_in_own_network() else "localhost"
    print(f"Measured {time.strftime('%Y-%m-%d')}: {machine['cores']} cores ({machine['cpu']}), ")
    print(f"{machine['system']}, Python {machine['python']}, on {where}, ")
    print(
        f"load at the beginning {machine['load']}; {chosen.rounds} rounds, {chosen.races} races; "
    )
    print(f"a file is made in {machine['file']} (above 0.2, tests have just run: wait, or name ")
    print("another folder by TMPDIR). ")
    print("Medians; ratios are medians within a round, and in brackets their quarters.\n")
    print("| what | entra-oauth | beside it | ratio | goal |")
    print("|---|---|---|---|---|")
    for line in lines:
        print(f"| {line.what} | {line.ours} | {line.other} | {line.ratio} | {line.goal} |")
    print(flush=True)


def _quiet(folder: Path, chosen: argparse.Namespace) -> Iterator[list[Line]]:
    for round_trip_s in (0.0, 0.04):
        with stage(folder, round_trip_s=round_trip_s) as on:
            suffix = f", round trip {round_trip_s * 1000:.0f} ms" if round_trip_s else ""
            yield _logins(on, chosen, suffix)
            _sign_in(on)
            yield _tokens(on, chosen.rounds, suffix)
            if not round_trip_s:
                yield _small_answers(on, chosen.rounds)


def _crowds(folder: Path, chosen: argparse.Namespace) -> Iterator[list[Line]]:
    with stage(folder) as on:
        _sign_in(on)
        yield _races(on, chosen.races)
        if chosen.accounts:
            yield _many_accounts(on, chosen.rounds)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _interleaved(rounds: int, contestants: dict[str, Callable[[], Row]]) -> dict[str, list[Row]]:
    """Every contestant once in each round; the first round is not counted.

    Every other round runs backwards, so that nobody always comes after the same one.
    """
    results: dict[str, list[Row]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        names = list(contestants)
        for name in names if number % 2 else reversed(names):
            row = contestants[name]()
            if number:
                results[name].append(row)
    return results


def _median(rows: list[Row], column: str) -> float:
    return statistics.median(row[column] for row in rows)


def _ratio(ours: list[Row], other: list[Row], column: str) -> str:
    ratios = [a[column] / b[column] for a, b in zip(ours, other, strict=True)]
    middle = f"{statistics.median(ratios):.3f}"
    if len(ratios) < 4:
        return middle
    low, _, high = statistics.quantiles(ratios, n=4)
    return f"{middle} ({low:.3f} to {high:.3f})"


# ---- login ---------------------------------------------------------------------------------


def _commands(on: Stage, *, everybody: bool) -> dict[str, list[str]]:
    found = {"entra-oauth": on.ours("login", "-q", "-o", "token", *on.app())}
    if _has("msal"):
        found["msal"] = on.contestant("msal_client", "login", "{home}/msal.json")
    if everybody:
        found["limit"] = on.contestant("limit_login")
        if _has("azure.identity"):
            found["azure-identity"] = on.contestant("azure_identity_login")
        if _has("authlib"):
            found["authlib"] = on.contestant("authlib_login")
    return found


def _logins(on: Stage, chosen: argparse.Namespace, suffix: str) -> list[Line]:
    _say(f"login{suffix}")
    commands = _commands(on, everybody=chosen.all)
    contestants: dict[str, Callable[[], Row]] = {
        name: (lambda c=command: on.sign_in(c, PERSON_S))  # type: ignore[misc]
        for name, command in commands.items()
    }
    if is_in_own_network():
        contestants["by the system's certificates"] = lambda: on.sign_in(
            commands["entra-oauth"], PERSON_S, by_system=True
        )
    results = _interleaved(chosen.rounds, contestants)
    ours = results.pop("entra-oauth")
    goals = {
        ("open", "msal"): "0.30",
        ("redeem", "msal"): "3 ms",
        ("end", "msal"): "12 ms",
        ("added", "msal"): "0.12" if suffix else "0.10",
    }
    words = {
        "open": "`login`: start to browser opened",
        "redeem": "redirect to token request at the authority",
        "end": "token answer to the end of the program",
        "added": "all that `login` adds to the person's time",
    }
    if suffix:
        goals = {key: goal for key, goal in goals.items() if key[0] == "added"}
    lines = [] if suffix else _peaks(
        "peak memory of `login`",
        {n: _peak(on, c, person_s=PERSON_S) for n, c in commands.items()},
        {"msal": "1.28"},
    )  # fmt: skip
    for column, what in words.items():
        for name, rows in results.items():
            lines.append(
                Line(
                    what + suffix,
                    f"{_median(ours, column):.1f} ms",
                    f"{name} {_median(rows, column):.1f} ms",
                    _ratio(ours, rows, column),
                    goals.get((column, name), ""),
                )
            )
    return lines


def _sign_in(on: Stage) -> None:
    """Sign in to the home of who is signed in already, with each client that keeps tokens."""
    for command in _commands(on, everybody=False).values():
        on.sign_in(command, PERSON_S, home=on.home)


def _peak(on: Stage, command: list[str], person_s: float | None = None) -> float:
    return statistics.median(on.peak_mb(command, person_s=person_s) for _ in range(3))


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


def _timed(
    on: Stage,
    command: list[str],
    before: Callable[[], None] = lambda: None,
    *,
    by_system: bool = False,
) -> Row:
    before()
    on.tenant.requests = 0
    ended = on.run(command, by_system=by_system)
    assert ended.out.strip() or "pass" in command, command
    return {"ms": ended.seconds * 1000, "requests": float(on.tenant.requests)}


def _tokens(on: Stage, rounds: int, suffix: str) -> list[Line]:
    _say(f"token{suffix}")
    app, cache = on.app(), on.home / "msal.json"
    silent = on.contestant("msal_client", "token", str(cache))
    token = on.ours("token", *app)
    cached = {"entra-oauth": lambda: _timed(on, token), "python -c pass": lambda: _timed(on, _PASS)}
    refreshed = {"entra-oauth": lambda: _timed(on, token, lambda: _expire_ours(on))}
    if is_in_own_network():
        refreshed["by the system's certificates"] = lambda: _timed(
            on, token, lambda: _expire_ours(on), by_system=True
        )
    if _has("msal"):
        cached["msal"] = lambda: _timed(on, silent)
        refreshed["msal"] = lambda: _timed(on, silent, lambda: _expire_msal(cache))
    goals = {"msal": "0.57" if suffix else "0.75"}
    lines = _token_lines("`token` with a refresh" + suffix, _interleaved(rounds, refreshed), goals)
    if suffix:
        return lines
    lines += _renewals(on, rounds)
    lines += _token_lines(
        "`token` from the cache", _interleaved(rounds, cached), {"python -c pass": "1.1"}
    )
    commands = {"entra-oauth": token, "python -c pass": _PASS}
    commands |= {"msal": silent} if _has("msal") else {}
    peaks = {name: _peak(on, command) for name, command in commands.items()}
    return lines + _peaks("peak memory of a cached `token`", peaks, {})


def _renewals(on: Stage, rounds: int) -> list[Line]:
    """Renewals of one program: with the keys of the day each ID token's signature is checked."""
    account, file = _store(on).account(_app(on), USER), on.home / "refresh-token"
    assert account is not None
    file.write_text(account.refresh_token or "", encoding="utf-8")

    def renewing(keys: str) -> Row:
        return {"ms": float(on.run(on.contestant("renewals", keys, str(file))).out)}

    results = _interleaved(
        rounds,
        {keys: lambda keys=keys: renewing(keys) for keys in ("with", "without")},  # type: ignore[misc]
    )
    ours, other = results["with"], results["without"]
    return [
        Line(
            "one more renewal of a program, the keys of the day at hand",
            f"{_median(ours, 'ms'):.1f} ms",
            f"without them {_median(other, 'ms'):.1f} ms",
            _ratio(ours, other, "ms"),
            "",
        )
    ]


def _small_answers(on: Stage, rounds: int) -> list[Line]:
    _say("small answers")
    goals = {"--version": "1.2", "--help": "2.4", "login --help": ""}
    contestants: dict[str, Callable[[], Row]] = {
        name: (lambda n=name: _timed(on, on.ours(*n.split())))  # type: ignore[misc]
        for name in goals
    }
    contestants["python -c pass"] = lambda: _timed(on, _PASS)
    results = _interleaved(rounds, contestants)
    empty = results.pop("python -c pass")
    return [
        Line(
            f"`{name}`",
            f"{_median(rows, 'ms'):.1f} ms",
            f"python -c pass {_median(empty, 'ms'):.1f} ms",
            _ratio(rows, empty, "ms"),
            goals[name],
        )
        for name, rows in results.items()
    ]


def _token_lines(what: str, results: dict[str, list[Row]], goals: dict[str, str]) -> list[Line]:
    ours = results.pop("entra-oauth")
    return [
        Line(what, _in_ms(ours), f"{name} {_in_ms(rows)}", _ratio(ours, rows, "ms"),
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
        ours.append(_race(on, on.ours("token", *on.app())))
    told = _told(ours)
    if not _has("msal_extensions"):
        return [
            Line("100 processes, one expired token", told, "msal-extensions is missing", "", "")
        ]
    cache, theirs = on.home / "msal.json", []
    for _ in range(max(1, min(3, races))):
        _expire_msal(cache)
        theirs.append(_race(on, on.contestant("msal_client", "race", str(cache))))
    ratio = _median(ours, "s") / _median(theirs, "s")
    return [
        Line(
            "100 processes, one expired token",
            told,
            f"msal-extensions {_told(theirs)}",
            f"{ratio:.3f}",
            "1 token request, 100 answers, 0.08",
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
    fresh = CachedToken(
        text="eyJ" + "x" * 1500,
        expires_on=now + 9000,
        arrived_at=now,
        arrived_on_clock=int(time.monotonic()),
    )
    account = store.account(app, USER)
    assert account is not None
    store.save(app, account, SCOPE, fresh, signed_in=False)
    before = [_timed(on, command) for _ in range(rounds + 1)][1:]
    for number in range(9_999):
        other = Account(name=f"user{number}@example.test", refresh_token="1.x" * 300)
        store.save(app, other, SCOPE, fresh, signed_in=False)
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


if __name__ == "__main__":
    main()
