"""Opening a browser: no shell, no output, no text browser, no zombie."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path

import pytest

from entra_oauth.channels.listener import system_browser
from entra_oauth.errors import UsageError
from kit import needs
from kit.back_channels import eventually
from kit.processes import child_process

URL = "https://login.example/authorize?client_id=a&state=%27%22%3B&x=%s"
ENOUGH_S = 5.0


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A program that writes its arguments down, and noise to its outputs."""
    script = tmp_path / "a browser.py"
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, sys, pathlib\n"
        "print('noise'); print('noise', file=sys.stderr)\n"
        "out = pathlib.Path(sys.argv[0]).with_name('called')\n"
        "out.with_name('writing').write_text('\\n'.join(sys.argv[1:]))\n"
        "out.with_name('writing').rename(out)\n",
        encoding="utf-8",
    )
    script.chmod(0o700)
    return script


def called(recorder: Path) -> list[str]:
    """The arguments that the program was started with."""
    path = recorder.with_name("called")
    until = time.monotonic() + ENOUGH_S
    while not path.exists():
        assert time.monotonic() < until, "it was not started"
        time.sleep(0.01)
    return path.read_text(encoding="utf-8").split("\n")


@needs.posix
@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("{}", [URL]),
        ("'{}' --new-window", ["--new-window", URL]),
        ("'{}' --app=%s --quiet", [f"--app={URL}", "--quiet"]),
        ("'{}' %s &", [URL]),
        (
            "'{}' '$(touch hacked)' `touch hacked` ; %s",
            ["$(touch hacked)", "`touch", "hacked`", ";", URL],
        ),
    ],
)
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_the_url_is_one_argument_of_the_named_command(
    recorder: Path,
    command: str,
    arguments: list[str],
    by: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    named = command.format(recorder)
    if by == "environment":
        monkeypatch.setenv("BROWSER", named)
        assert system_browser.launch(URL) is True
    else:
        monkeypatch.setenv("BROWSER", "none")
        assert system_browser.launch(URL, named) is True
    assert called(recorder) == arguments
    assert capfd.readouterr() == ("", "")


@needs.posix
def test_the_first_of_several_browsers_that_can_be_started_is_used(
    recorder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", os.pathsep.join(["", "/no/such/browser", "lynx", str(recorder)]))
    assert system_browser.launch(URL) is True
    assert called(recorder) == [URL]


# In a process of its own: one that runs tests may have other children.
_LAUNCH_AND_WAIT = """
import os, sys, time
from entra_oauth.channels.listener import system_browser

assert system_browser.launch(sys.argv[1], sys.argv[2])
until = time.monotonic() + float(sys.argv[3])
while time.monotonic() < until:
    try:
        # Raises once no child is left, neither running nor a zombie.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        sys.exit(0)
    time.sleep(0.01)
sys.exit("a child remains")
"""


@needs.posix
def test_nothing_of_the_child_remains(recorder: Path) -> None:
    with child_process.running(_LAUNCH_AND_WAIT, URL, str(recorder), str(ENOUGH_S)) as child:
        assert child.end() == ("", "")
        assert child.code == 0
    called(recorder)


@pytest.mark.parametrize(
    "command", ["none", "false", "", "None", "true", "/no/such/program", "'", "&"]
)
def test_a_command_that_opens_nothing_says_so(command: str) -> None:
    assert system_browser.launch(URL, command) is False


@needs.posix
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sh -c 'exit 3' %s", [("sh", 3)]),
        ("sh -c 'kill -9 $$' %s", [("sh", -9)]),
        ("sh -c 'exit 0' %s", []),
        ("/no/such/program --new", [("/no/such/program", None)]),
        ("none", []),
        ("lynx", []),
    ],
)
def test_a_command_that_is_of_no_use_is_told_with_its_name(
    command: str, told: list[tuple[str, int | None]]
) -> None:
    seen: list[tuple[str, int | None]] = []
    system_browser.launch(URL, command, failed=lambda *each: seen.append(each))
    assert eventually(lambda: not any(t.name == "browser" for t in threading.enumerate()))
    assert seen == told


@needs.posix
def test_a_browser_that_ends_with_an_error_after_a_while_has_been_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(system_browser, "SOON_S", 0.05)
    seen: list[object] = []
    system_browser.launch(URL, "sh -c 'sleep 0.2; exit 3' %s", failed=lambda *a: seen.append(a))
    assert eventually(lambda: not any(t.name == "browser" for t in threading.enumerate()))
    assert seen == []


@needs.posix
def test_without_posix_spawn_an_error_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_spawnp")
    seen: list[tuple[str, int | None]] = []
    system_browser.launch(URL, "sh -c 'exit 4' %s", failed=lambda *each: seen.append(each))
    assert eventually(lambda: seen == [("sh", 4)])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Nothing is started; what would have been is kept. The first two attempts fail."""
    attempts: list[list[str]] = []

    def start(arguments: list[str], failed: object) -> bool:
        attempts.append(arguments)
        return len(attempts) > 2

    monkeypatch.setattr(system_browser, "_start", start)
    return attempts


@pytest.mark.parametrize(
    "command",
    ["lynx", "w3m", "links", "elinks", "www-browser", "/usr/bin/lynx", "LYNX", "lynx -accept %s"],
)
def test_a_text_browser_is_never_launched(command: str, started: list[list[str]]) -> None:
    assert system_browser.launch(URL, command) is False
    assert started == []


def test_linux_is_asked_for_its_preferred_browser(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert system_browser.launch(URL) is True
    assert started == [["xdg-open", URL], ["x-www-browser", URL], ["gio", "open", URL]]


def test_wsl_is_asked_for_the_browser_of_windows_first(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    assert system_browser.launch(URL) is True
    assert [each[0] for each in started] == ["wslview", "rundll32.exe", "xdg-open"]


def test_macos_is_asked_by_open(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert system_browser.launch(URL) is False
    assert started == [["open", URL]]


def test_windows_is_asked_without_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "startfile", asked.append, raising=False)
    assert system_browser.launch(URL) is True
    assert asked == [URL]


@pytest.mark.parametrize(
    ("name", "attempts"), [("firefox", [["firefox", URL]]), ("w3m", []), (None, [])]
)
def test_the_last_resort_is_what_the_standard_library_knows(
    name: str | None, attempts: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def get() -> webbrowser.BaseBrowser:
        if name is None:
            raise webbrowser.Error("could not locate runnable browser")
        return webbrowser.GenericBrowser(name)

    seen: list[list[str]] = []

    def start(arguments: list[str], failed: object) -> bool:
        seen.append(arguments)
        return arguments[0] == "firefox"

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(system_browser, "_start", start)
    assert system_browser.launch(URL) is (name == "firefox")
    assert seen[3:] == attempts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "-new-window",
        "--help",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ms-calculator:",
        "http:/localhost",
        "http:localhost",
        "httpx://localhost",
        " https://login.example/",
        "https://login.example/\n",
        "https://login.example/\x00",
        "https://login.example/\x1b[0m",
        "https://login.example/a b",
        "https://login.example/\u202e",
        "https://login.example/ä",
        'https://login.example/"&calc',
        "https://login.example/'",
        "https://login.example/`id`",
        "https://login.example/|id",
        "https://login.example\\@evil.example",
    ],
)
def test_what_is_no_plain_web_address_is_never_handed_over(
    url: str, started: list[list[str]]
) -> None:
    with pytest.raises(UsageError) as error:
        system_browser.launch(url, "firefox")
    assert started == []
    assert not url or url not in str(error.value)


# ---- where there is a browser ----------------------------------------------------

SCREEN = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        (SCREEN, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "freebsd14", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", True),
        ({"WSL_INTEROP": "/run/WSL/1_interop"}, "linux", True),
        ({**SCREEN, "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", False),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "darwin", False),
        ({"SSH_TTY": "/dev/pts/0"}, "win32", False),
        ({**SCREEN, "CI": "true"}, "linux", False),
        ({**SCREEN, "CI": "false"}, "linux", True),
        ({**SCREEN, "CI": ""}, "linux", True),
        ({**SCREEN, "container": "podman"}, "linux", False),
        ({**SCREEN, "KUBERNETES_SERVICE_HOST": "192.0.2.9"}, "linux", False),
        ({**SCREEN, "BROWSER": "none"}, "linux", False),
        ({**SCREEN, "BROWSER": "lynx"}, "linux", False),
        ({**SCREEN, "BROWSER": ""}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"BROWSER": os.pathsep.join(["w3m", "firefox"])}, "linux", True),
        # An editor that runs elsewhere sets BROWSER to open the page at the person's side.
        ({"BROWSER": "/vscode/bin/browser.sh", "SSH_CONNECTION": "a b c d"}, "linux", True),
    ],
)
def test_a_local_browser_is_expected_only_where_one_can_be_seen(
    environ: dict[str, str], platform: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_browser, "_is_container", lambda: False)
    found, reason = system_browser.has_local_browser(environ, platform)
    assert found is expected
    assert reason
    assert not reason.endswith(".")


def test_a_container_has_no_local_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda path: path == "/.dockerenv")
    assert system_browser.has_local_browser(SCREEN, "linux") == (False, "this is a container")


@needs.posix
def test_ctrl_c_at_the_terminal_does_not_reach_the_browser(tmp_path: Path) -> None:
    out = tmp_path / "session"
    program = f"import os; open({str(out)!r}, 'w').write(str(os.getsid(0)))"
    command = shlex.join([sys.executable, "-c", program])
    assert system_browser.launch(URL, command) is True
    until = time.monotonic() + ENOUGH_S
    while not (out.exists() and out.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert int(out.read_text()) != os.getsid(0)


def test_importing_the_module_loads_no_browser_library() -> None:
    program = (
        "import sys, entra_oauth.channels.listener.system_browser as b;"
        "print([m for m in ('subprocess', 'webbrowser', 'shlex') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
