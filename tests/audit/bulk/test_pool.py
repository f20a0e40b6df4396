"""The pool: the order of rows, what ends a process, and how few are under way."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.audit.bulk import pool
from entra_oauth.audit.bulk.pool import judged_by_pool
from entra_oauth.audit.bulk.recordings import names_in
from entra_oauth.audit.bulk.worker import Order, judge_named
from entra_oauth.errors import UsageError
from kit import needs
from kit.audit.corpus import make_corpus
from kit.recordings import written

TODAY = date(2026, 1, 1)


def _order(folder: Path) -> Order:
    return {"folder": str(folder), "policy": None, "today": TODAY.isoformat(), "max_mib": 1024}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_pool_finds_what_one_finds_alone_in_the_order_of_the_names(
    jobs: int, tmp_path: Path
) -> None:
    folder = make_corpus(tmp_path / "all", 90)
    written(folder / "rec")
    names = list(names_in(folder))
    alone = judge_named(_order(folder))
    expected = [row.as_record() for name in names for row in alone(name)]
    with closing(judged_by_pool(names, _order(folder), jobs=jobs)) as judged:
        assert [row for rows in judged for row in rows] == expected


def test_names_are_in_order_without_what_is_hidden_and_a_recording_is_one(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    written(tmp_path / "b" / "rec")
    for name in ("c", "a", ".hidden", "b/x"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_text("x")
    assert list(names_in(tmp_path)) == ["a", str(Path("b/rec")), str(Path("b/x")), "c"]
    with pytest.raises(UsageError):
        list(names_in(tmp_path / "a"))


@needs.posix
def test_links_and_pipes_are_rows_and_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    judge = judge_named(_order(tmp_path))
    rows = [row for name in names_in(tmp_path) for row in judge(name)]
    assert [(row.file, row.outcome) for row in rows] == [
        ("loop", "error"),
        ("out", "error"),
        ("pipe", "error"),
    ]


_ENDS = (
    "import os, sys; from entra_oauth.audit.bulk import worker; old = worker.read_named\n"
    "def read(folder, name, *, max_mib):\n"
    "    if 'kill' in name: os.kill(os.getpid(), 9)\n"
    "    if 'hang' in name: import time; time.sleep(100)\n"
    "    return old(folder, name, max_mib=max_mib)\n"
    "worker.read_named = read\n"
)


@needs.posix
def test_what_ends_its_process_or_holds_it_is_given_up_and_the_others_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=a"
    for number in range(40):
        name = {7: "kill", 30: "hang"}.get(number, "good")
        (tmp_path / f"{number:02d}-{name}").write_text(plain)
    # The first line is the path, read before anything of ours can be imported.
    first, rest = pool._START.split("; from ", 1)
    monkeypatch.setattr(pool, "_START", f"{first}\n{_ENDS}from {rest}")
    names = list(names_in(tmp_path))
    with closing(judged_by_pool(names, _order(tmp_path), jobs=2, patience_s=5.0)) as judged:
        rows = [row for each in judged for row in each]
    broken = sorted({row["file"] for row in rows if row["outcome"] == "error"})
    assert broken == ["07-kill", "30-hang"]
    assert len({row["file"] for row in rows}) == 40


def test_few_names_are_taken_ahead_of_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    taken = 0

    def names() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "a"

    with closing(judged_by_pool(names(), _order(tmp_path), jobs=2)) as judged:
        for _ in range(20):
            next(judged)
            most = taken
    assert most <= (20 + 2 * pool._UNDER_WAY) * pool._AT_A_TIME


def test_a_pool_that_is_closed_early_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noting(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(start(command, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noting)
    for number in range(200):
        (tmp_path / str(number)).write_text("x")
    judged = judged_by_pool(names_in(tmp_path), _order(tmp_path), jobs=2)
    next(judged)
    judged.close()
    # Each was waited for. Others of this program's, such as a server of other tests, may go on.
    assert started
    assert [process for process in started if process.returncode is None] == []
