"""What holds for every test: no network beyond this machine, a clean environment,
a home of its own, and no skip in silence where everything is meant to be there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from kit import needs, offline

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
hypothesis.settings.register_profile("here", deadline=None, database=None)
hypothesis.settings.register_profile("ci", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


def _forget_the_machine(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in _FOREIGN_NAMES or name.upper().startswith(_FOREIGN):
            patch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _this_machine_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, offline.stay_on_this_machine():
        _forget_the_machine(patch)
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _homes: Path) -> None:
    _forget_the_machine(monkeypatch)
    home = tempfile.mkdtemp(dir=_homes)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, home)
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, os.path.join(home, name.lower()))
    for name in ("CACHE", "CONFIG", "DATA", "RUNTIME", "STATE"):
        tail = "DIR" if name == "RUNTIME" else "HOME"
        monkeypatch.setenv(f"XDG_{name}_{tail}", os.path.join(home, f".{name.lower()}"))


@pytest.fixture(autouse=True)
def _no_hidden_refusal() -> Iterator[None]:
    offline.refused.clear()
    yield
    seen, offline.refused[:] = list(offline.refused), []
    if seen:
        pytest.fail("\n".join(seen), pytrace=False)


_COULD_NOT_IMPORT = "could not import"  # what pytest.importorskip says


def _forbidden_skip(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    if not needs.NO_SKIP or not report.skipped or hasattr(report, "wasxfail"):
        return None
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    missing = needs.PACKAGE_MISSING in reason or _COULD_NOT_IMPORT in reason
    return f"{reason} (a skip that ENTRA_OAUTH_NO_SKIP forbids)" if missing else None


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
