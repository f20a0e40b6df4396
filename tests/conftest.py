"""What holds for every test: no network beyond this machine, a clean environment,
a home of its own, and no skip in silence where everything is meant to be there.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
import pytest

from kit import needs
from kit.guards import groups, hangs, left_behind, offline, shares

ROOT = Path(__file__).parents[1]
_FOREIGN = ("AZURE_", "ENTRA_OAUTH_", "AUTHLIB_", "DATABRICKS_", "XDG_")
_FOREIGN_NAMES = frozenset(
    {
        "ALL_PROXY",
        "BROWSER",
        "CURL_CA_BUNDLE",
        "CURL_HOME",
        "DISPLAY",
        "FTP_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NETRC",
        "NO_COLOR",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SSH_CLIENT",
        "SSH_CONNECTION",
        "SSH_TTY",
        "SSLKEYLOGFILE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "WAYLAND_DISPLAY",
    }
)

# Nothing is left behind, and what failed once in CI fails there again.
# CI looks at more examples than whoever waits for the tests: the usual hundred.
hypothesis.settings.register_profile("here", deadline=None, database=None, max_examples=40)
hypothesis.settings.register_profile("ci", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


def _forget_the_machine(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in _FOREIGN_NAMES or name.upper().startswith(_FOREIGN):
            patch.delenv(name)


def _hung_up(number: int, frame: FrameType | None) -> None:
    """Nothing: a run under nohup outlives its terminal, its children get the default back."""


@contextmanager
def _signals_as_usual() -> Iterator[None]:
    """Undo what nohup and background jobs of a shell hand down: signals that are ignored.

    A program that finds one ignored leaves it so, and its test would wait in vain.
    """
    usual: dict[str, Any] = {
        "SIGHUP": _hung_up,
        "SIGINT": signal.default_int_handler,
        "SIGQUIT": signal.SIG_DFL,
        "SIGTERM": signal.SIG_DFL,
    }
    numbers = {name: getattr(signal, name) for name in usual if hasattr(signal, name)}
    ignored = [n for n, number in numbers.items() if signal.getsignal(number) is signal.SIG_IGN]
    for name in ignored:
        signal.signal(numbers[name], usual[name])
    try:
        yield
    finally:
        for name in ignored:
            signal.signal(numbers[name], signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def _this_machine_only(_folders: Folders) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, offline.stay_on_this_machine(), _signals_as_usual():
        _forget_the_machine(patch)
        _settle_in(patch, _folders.home, _folders.temporary)
        _folders.environment.update(_environment())
        yield


@dataclass(frozen=True)
class Folders:
    """Where a worker's tests are at home, and where they put what they need for a moment."""

    home: Path
    temporary: Path
    environment: dict[str, str] = field(default_factory=dict)
    """That of what tests share, once it has settled in."""


@pytest.fixture(scope="session")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary"))


_KEPT = {name: f".{name.lower()}" for name in ("CACHE", "CONFIG", "DATA", "RUNTIME", "STATE")}
_ROAMING = {name: name.lower() for name in ("APPDATA", "LOCALAPPDATA")}


def _settle_in(patch: pytest.MonkeyPatch, home: Path, temporary: Path) -> None:
    for name in ("HOME", "USERPROFILE"):
        patch.setenv(name, str(home))
    for name, folder in _ROAMING.items():
        patch.setenv(name, str(home / folder))
    for name, folder in _KEPT.items():
        patch.setenv(f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}", str(home / folder))
    for name in ("TMPDIR", "TEMP", "TMP"):
        patch.setenv(name, str(temporary))
    patch.setattr(tempfile, "tempdir", str(temporary))


def _environment() -> dict[str, str]:
    """That of this process, without the name of the test."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


# What a program keeps in its user's home, each in a place of its own: ours first.
_AT_HOME = frozenset(("entra-oauth", "chromium", "databricks-sdk-py", "dconf", "matplotlib"))
# Written beside the tests by those who check the same folder.
_CHECKERS = frozenset((".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".git"))
_OF_PROGRAMS = frozenset((*_KEPT.values(), *_ROAMING.values()))


def _files(home: str, temporary: str) -> frozenset[str]:
    """All that lies about. What a program keeps at its own place in the home does not.

    Paths are texts here: this is done twice for each of fifteen thousand tests.
    """
    at_home = _inside(home)
    lying = _below(home, at_home - _OF_PROGRAMS - {"Library", ".rustup"})
    lying |= _below(temporary, _inside(temporary)) | _below(str(ROOT), _inside(ROOT) - _CHECKERS)
    for folder in at_home & (_OF_PROGRAMS | {"Library"}):
        place = os.path.join(home, folder)
        lying |= _below(place, _inside(place) - _AT_HOME)
    return frozenset(lying)


def _inside(folder: str | Path) -> set[str]:
    return set(os.listdir(folder))


def _below(folder: str, names: set[str]) -> set[str]:
    return {os.path.join(folder, name) for name in names}


@contextmanager
def _at_home(folders: Folders, home: Path) -> Iterator[None]:
    """An empty home, and the usual environment. A home that stayed empty serves again."""
    home.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        if _environment() != folders.environment:
            _forget_the_machine(patch)
        _settle_in(patch, home, folders.temporary)
        yield
    if os.listdir(home):
        shutil.rmtree(home)


@pytest.fixture(autouse=True)
def _nothing_left(_folders: Folders) -> Iterator[None]:
    """A home for each test, which fails if it leaves something behind: no later one does.

    It fails as well for an attempt to leave this machine. All of this is one fixture,
    for each that every test has costs seconds for all of them.
    """
    home, temporary = _folders.home / "user", _folders.temporary
    looked = partial(_files, str(home), str(temporary))
    with _at_home(_folders, home):
        before = left_behind.traces(looked)
        offline.refused.clear()
        yield
        refused, offline.refused[:] = list(offline.refused), []
        left = left_behind.remains(before, looked)
        said = [*refused, *([f"left behind:\n{left}"] if left else [])]
        left_behind.clear(left, (home, temporary))
    if said:
        pytest.fail("\n".join(said), pytrace=False)


_COULD_NOT_IMPORT = "could not import"  # what pytest.importorskip says


def _forbidden_skip(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    if not needs.NO_SKIP or not report.skipped or hasattr(report, "wasxfail"):
        return None
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    missing = needs.PACKAGE_MISSING in reason or _COULD_NOT_IMPORT in reason
    return f"{reason} (a skip that ENTRA_OAUTH_NO_SKIP forbids)" if missing else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that `scripts/test.py` gives to each of several runs."""
    parser.addoption("--share", metavar="FOLDER", help="take only what no other run has taken")


def pytest_configure(config: pytest.Config) -> None:
    """Tell of a test that hangs; share the files with other runs, if that is asked for."""
    config.pluginmanager.register(hangs.Hangs())
    if folder := config.getoption("share"):
        config.pluginmanager.register(shares.Share(Path(folder)))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read a file of which nothing is wanted: reading all takes 7 seconds."""
    return groups.is_left_out(collection_path, shares.unwanted(config)) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """All that is collected at the beginning stays to the end."""
    with shares.kept_out_of_searches():
        return (yield)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    groups.mark(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the time each group took, added up over all workers."""
    seconds = groups.seconds(terminalreporter.stats)
    told = ", ".join(f"{name} {of / 60:.1f}" for name, of in seconds.items() if of)
    terminalreporter.write_line(f"Minutes of each group, added up: {told or 'none'}.")
    for file, of in groups.no_longer_quick(terminalreporter.stats).items():
        terminalreporter.write_line(f"Slow, but not listed in tests/kit/guards: {file}, {of:.0f} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if reason := _forbidden_skip(report):
        report.outcome, report.longrepr = "failed", reason
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if reason := _forbidden_skip(report):
        report.outcome, report.longrepr = "failed", reason
    return report
