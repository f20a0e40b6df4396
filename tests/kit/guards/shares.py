"""Files of tests that several runs of pytest share among themselves.

Each run takes the next file that no other has taken, the longest first, until there is
none. So each file is read by one run, and nothing has to be told between them. A folder
has an empty file for each that was taken, one with their number in its name, and at the
end each run's counts.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.guards import groups

__all__ = ["Share", "kept_out_of_searches", "unwanted"]

LINES_OF_A_FAILURE = 25
"""The last lines of a failure: the values and the error stand there."""

COUNTED = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


@contextmanager
def kept_out_of_searches() -> Iterator[None]:
    """Keep what is collected out of every later search for garbage: it stays to the end.

    Tests look for garbage, and each such look at all the others would take 0.3 seconds.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def unwanted(config: pytest.Config) -> list[str]:
    """The words of the expression of marks, `not foreign` being one of them."""
    return str(config.getoption("markexpr")).replace("not ", "not-").split()


class Share:
    """The plugin of a run that takes its files one by one, and notes them in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: list[pytest.Module] = []
        self._looks_for_files = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Find the files. All of one run are of one tree, to which fixtures belong."""
        self._looks_for_files = True
        session.perform_collect()
        self._looks_for_files = False
        self._folder.joinpath(f"found-{len(self._found)}").touch()  # whoever waits is told
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> pytest.CollectReport | None:
        """Nothing yet of a file that is found: it is read when it is taken."""
        if not self._looks_for_files or not isinstance(collector, pytest.Module):
            return None
        self._found.append(collector)
        return pytest.CollectReport(collector.nodeid, "passed", None, [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each test; the next one is known before, for what both share stays."""
        items, number = self._items(session), 0
        item = next(items, None)
        while item is not None:
            following = next(items, None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item, number = following, number + 1
        session.testscollected = number
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No dot for a test that passed."""
        passed = report.when == "call" and report.passed and not hasattr(report, "wasxfail")
        return ("passed", "", "") if passed else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say at once that a test failed, and why: a run that is ended tells nothing later."""
        if report.failed:
            why = report.longreprtext.splitlines()[-LINES_OF_A_FAILURE:]
            print(f"failed: {report.nodeid}", *why, sep="\n", file=sys.stderr, flush=True)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Where this run stops before the end, let the others stop too."""
        if session.shouldfail or session.shouldstop:
            self._folder.joinpath("stop").touch()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the counts down for whoever adds them up."""
        stats = terminalreporter.stats
        told = {
            "counts": {name: len(stats[name]) for name in COUNTED if stats.get(name)},
            "seconds": groups.seconds(stats),
        }
        path = self._folder / f"counts-{os.getpid()}.json"
        path.write_text(json.dumps(told), encoding="utf-8")

    def _items(self, session: pytest.Session) -> Iterator[pytest.Item]:
        for module in self._taken():
            with kept_out_of_searches():
                items = list(session.genitems(module))
                session.config.hook.pytest_collection_modifyitems(
                    session=session, config=session.config, items=items
                )
            yield from items

    def _taken(self) -> Iterator[pytest.Module]:
        for number, module in enumerate(sorted(self._found, key=_longest_first)):
            if self._folder.joinpath("stop").exists():
                return
            try:
                self._folder.joinpath(f"taken-{number}").touch(exist_ok=False)
            except FileExistsError:
                continue
            yield module


def _longest_first(module: pytest.Module) -> tuple[float, int, str]:
    """As measured; of the others the largest file, for their times are alike."""
    return -groups.measured(module.path), -module.path.stat().st_size, module.nodeid
