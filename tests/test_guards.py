"""The guards of `conftest.py`, `offline.py` and `needs.py` are there and bite."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from kit import needs
from kit.guards import groups, left_behind, offline, rows

Refused = pytest.fail.Exception
HERE = Path(__file__).parent


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "login.microsoftonline.com", "10.0.0.1", "::ffff:8.8.8.8"]
)
def test_a_look_up_beyond_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="may not leave this machine"):
        socket.create_connection((host, 443), timeout=1)
    assert offline.refused
    offline.refused.clear()


@pytest.mark.parametrize("how", ["connect", "connect_ex"])
def test_a_socket_that_would_leave_this_machine_is_refused(how: str) -> None:
    with socket.socket() as outward, pytest.raises(Refused):
        getattr(outward, how)(("192.0.2.1", 443))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward, pytest.raises(Refused):
        outward.sendto(b"x", ("192.0.2.1", 53))
    offline.refused.clear()


def test_code_that_swallows_exceptions_does_not_hide_an_attempt() -> None:
    with contextlib.suppress(BaseException):
        socket.getaddrinfo("example.com", 443)
    assert offline.refused == ["look up 'example.com': the tests may not leave this machine"]
    offline.refused.clear()


def test_an_invalid_name_fails_as_names_do() -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("login.invalid", 443), timeout=1)
    assert offline.refused == []


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port), timeout=5).close()


def test_the_environment_and_the_home_are_not_the_persons() -> None:
    foreign = ("AZURE_", "ENTRA_OAUTH_", "HTTPS_PROXY", "SSLKEYLOGFILE", "REQUESTS_CA_BUNDLE")
    assert not [name for name in os.environ if name.startswith(foreign)]
    home = Path.home()
    assert list(home.iterdir()) == []
    assert os.environ["XDG_CACHE_HOME"].startswith(str(home))


def test_signals_have_their_usual_dispositions() -> None:
    ignored = "import signal; print(signal.getsignal(signal.%s) is signal.SIG_IGN)"
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"):
        if hasattr(signal, name):
            child = [sys.executable, "-c", ignored % name]
            assert subprocess.check_output(child, text=True) == "False\n", name


SKIPPING = """
import pytest
from kit import needs

@needs.python("no_such_module_here")
def test_that_needs_a_module() -> None: ...

@needs.python("json.no_such.module", pypi="no_such_module_here")
def test_that_needs_a_module_in_a_package_that_lacks_it() -> None: ...

def test_that_finds_out_later() -> None:
    pytest.importorskip("no_such_module_here")

@pytest.mark.skipif(True, reason="only on another system")
def test_of_another_system() -> None: ...
"""


LEAVING = """
import os, socket, subprocess, sys, tempfile, threading
import pytest
from pathlib import Path
from typing import Literal
from kit.guards import left_behind

left_behind.PATIENCE_S = 0.3
kept = []

def test_a_thread():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()

def test_a_child():
    kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_a_socket():
    kept.append(socket.socket())

def test_a_pipe():
    kept.append(os.pipe())

def test_an_open_file(tmp_path):
    kept.append(open(tmp_path / "file", "w"))

def test_a_file_of_a_moment():
    os.close(tempfile.mkstemp(prefix="forgotten")[0])

def test_a_folder_at_home():
    (Path.home() / "forgotten").mkdir()

def test_a_file_where_the_program_keeps_its_own():
    place = Path(os.environ["XDG_STATE_HOME"])
    place.mkdir()
    (place / "forgotten").touch()

@pytest.fixture(scope="module")
def shared():
    over = threading.Event()
    server = threading.Thread(target=over.wait, name="server")
    server.start()
    yield over
    over.set()
    server.join()

def test_a_further_thread_of_a_shared_server(shared):
    threading.Thread(target=shared.wait, name="server-connection").start()

def test_nothing():
    place = Path(os.environ["XDG_STATE_HOME"]) / "entra-oauth"
    place.mkdir(parents=True)
    threading.Timer(0.05, lambda: None).start()
    with open(place / "kept", "w"), socket.socket():
        subprocess.run([sys.executable, "-c", ""])
"""


@needs.posix
def test_who_leaves_something_behind_fails_and_nobody_else(tmp_path: Path) -> None:
    said = _pytest(tmp_path, LEAVING)
    left = ["thread", "child", "socket", "pipe", "open_file", "file_of_a_moment"]
    left += ["folder_at_home", "file_where_the_program_keeps_its_own"]
    failed = re.findall(r"ERROR at teardown of test_an?_(\w+) _", said)
    if Path("/proc/self/fd").is_dir():
        assert failed == left
        assert "10 passed, 8 errors in" in said
    assert {"thread", *left[-3:]} <= set(failed)
    assert "a thread: forgotten" in said
    assert "test_nothing" not in said


def _pytest(folder: Path, tests: str, **environment: str) -> str:
    (folder / "test_it.py").write_text(tests, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-ra"],
        cwd=folder,
        env={**kept, **environment, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


HANGING = """
import time
from kit.guards import hangs

hangs.AFTER_S = 0.1

def test_a_short_one(): ...

def test_a_long_one():
    time.sleep(1)
"""


def test_a_test_that_hangs_tells_where_it_stands(tmp_path: Path) -> None:
    said = _pytest(tmp_path, HANGING)
    assert re.search(r'File ".*test_it\.py", line 10 in test_a_long_one', said), said
    assert "2 passed in" in said


def test_only_what_lies_in_the_tests_own_folders_is_taken_away(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        (folder / "file").touch()
        (folder / "folder").mkdir()
    inside = [str(each) for folder in (ours, theirs) for each in folder.iterdir()]
    left = left_behind.Traces(frozenset(), frozenset(), frozenset(), frozenset(inside))
    left_behind.clear(left, (ours,))
    assert list(ours.iterdir()) == []
    assert sorted(each.name for each in theirs.iterdir()) == ["file", "folder"]


def test_what_is_missing_is_skipped_and_named(tmp_path: Path) -> None:
    said = _pytest(tmp_path, SKIPPING)
    assert "4 skipped in" in said
    assert "needs the package no_such_module_here: pip install no_such_module_here" in said


def test_where_no_skip_is_allowed_what_is_missing_fails(tmp_path: Path) -> None:
    said = _pytest(tmp_path, SKIPPING, ENTRA_OAUTH_NO_SKIP="1")
    assert "1 failed, 1 skipped, 2 errors in" in said
    assert "a skip that ENTRA_OAUTH_NO_SKIP forbids" in said


def test_whatever_is_listed_as_slow_or_foreign_is_there() -> None:
    listed = {name.partition("::") for name in (*groups.SLOW, *groups.FOREIGN)}
    texts = {file: (HERE / file).read_text(encoding="utf-8") for file, _, _ in listed}
    assert [test for file, _, test in listed if test and f"def {test}(" not in texts[file]] == []


def test_a_quick_file_that_has_become_slow_is_named() -> None:
    def report(file: str, seconds: float, **marks: Literal[1]) -> pytest.TestReport:
        name = f"{file}::test"
        return pytest.TestReport(name, (file, 1, name), marks, "passed", None, "call", (), seconds)

    long = groups.NO_LONGER_QUICK_S * 0.6
    passed = [report("a.py", long), report("a.py", long), report("b.py", long)]
    passed.append(report("c.py", 9 * long, slow=1))
    stats: dict[str, list[object]] = {"passed": [*passed], "deselected": [object()]}
    assert groups.no_longer_quick(stats) == {"a.py": 2 * long}


@pytest.mark.parametrize(
    ("mark", "large"),
    [
        (needs.chromium, True),
        (needs.mitmproxy, True),
        (needs.azure_cli, True),
        (needs.msgraph, True),
        (needs.node_package("har-validator"), True),
        (needs.curl, False),
        (needs.python("msal"), False),
        (needs.posix, False),
    ],
    ids=str,
)
def test_what_needs_a_large_foreign_program_is_foreign(
    mark: pytest.MarkDecorator, large: bool
) -> None:
    assert needs.is_large(mark.mark) is large


def test_a_program_that_a_test_needs_is_installed_in_ci() -> None:
    listed = re.search(r'programs="\n(.*?)"', (HERE.parent / ".ci" / "run").read_text(), re.DOTALL)
    assert listed
    there = [line.split()[0] for line in listed[1].splitlines()]
    named = re.compile(r"needs\.program\(\s*\"([\w.-]+)\"")
    files = [path for path in HERE.rglob("test_*.py") if path != Path(__file__)]
    wanted = {name for file in files for name in named.findall(file.read_text(encoding="utf-8"))}
    assert sorted(wanted - set(there)) == []


def test_a_need_names_the_package_and_the_way_to_it() -> None:
    reasons = {
        str(mark.kwargs["reason"])
        for mark in (
            needs.chromium,
            needs.curl,
            needs.node_package("oidc-provider"),
            needs.python("azure.identity", pypi="azure-identity", group="interop"),
            needs.program("chromedriver", debian="chromium-driver"),
        )
    }
    assert reasons == {
        "needs the package chromium: apt install chromium",
        "needs the package curl: apt install curl",
        "needs the package oidc-provider: npm install --prefix FOLDER oidc-provider, "
        "ENTRA_OAUTH_NODE_MODULES=FOLDER/node_modules",
        "needs the package azure-identity: pip install --group interop",
        "needs the package chromium-driver: apt install chromium-driver",
    }


def test_of_many_rows_in_one_test_the_one_that_fails_is_named() -> None:
    seen: list[int] = []

    @rows.every([(1, 2), (2, 3), (3, 3), (4, 5)])
    def is_one_less(one: int, other: int) -> None:
        seen.append(one)
        assert one == other - 1

    with pytest.raises(AssertionError) as caught:
        is_one_less()
    assert caught.value.__notes__ == ["for the row (3, 3)"]
    assert seen == [1, 2, 3]
    with pytest.raises(AssertionError):
        rows.every([])
