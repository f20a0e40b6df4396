"""What only a whole process shows: streams, signals, start-up, and mistakes of our own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.cli import main
from entra_oauth.cli.command_line import dispatch
from kit import canaries, needs
from kit.command_line import (
    AT_NOBODY,
    Person,
    Ran,
    Running,
    as_program,
    at,
    call,
    environment,
    error_of,
    free_port,
)
from kit.servers.raw_server import RawServer, hearing

STOPPED = "\nStopped.\nNext: Run the command again when you are ready.\n"

# ---- a mistake of our own ---------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: object, console: object) -> int:
        raise KeyError(f"a mistake with {canaries.CODE}")

    monkeypatch.setattr("entra_oauth.cli.get_tokens.login.run", fail)


def test_a_mistake_of_ours_is_one_sentence_without_its_text(broken: None) -> None:
    ran = call("login", *AT_NOBODY)
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (1, "")
    assert what.startswith(
        "Something unexpected happened: KeyError in cli/command_line/dispatch.py, line "
    )
    assert "ENTRA_OAUTH_DEBUG=1" in advice
    assert canaries.CODE not in ran.err


def test_a_mistake_of_ours_as_json(broken: None) -> None:
    said = json.loads(call("login", *AT_NOBODY, "--json").err)
    assert (said["kind"], said["exit_code"]) == ("EntraOAuthError", 1)


def test_the_traceback_is_there_for_who_asks(broken: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRA_OAUTH_DEBUG", "1")
    ran = call("login", *AT_NOBODY)
    assert ran.code == 1
    assert "Traceback (most recent call last):" in ran.err
    assert ran.err.splitlines()[-1].startswith("Next: ")
    monkeypatch.setenv("ENTRA_OAUTH_DEBUG", "0")
    assert "Traceback" not in call("login", *AT_NOBODY).err


@pytest.mark.parametrize("error", [RecursionError(), MemoryError(), OSError(28, "full")])
def test_no_exception_is_a_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: object, console: object) -> int:
        raise error

    monkeypatch.setattr("entra_oauth.cli.get_tokens.login.run", fail)
    ran = call("login", *AT_NOBODY)
    assert (ran.code, type(error).__name__ in error_of(ran)[0]) == (1, True)


def test_a_mistake_in_a_thread_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import threading

    def start(args: object, console: object) -> int:
        thread = threading.Thread(target=lambda: dict[str, str]()[canaries.CODE])
        thread.start()
        thread.join()
        return 0

    monkeypatch.setattr("entra_oauth.cli.get_tokens.login.run", start)
    before = threading.excepthook
    ran = call("login", *AT_NOBODY)
    assert ran.code == 0
    assert threading.excepthook is before
    assert "Traceback" not in ran.err
    assert canaries.CODE not in ran.err
    assert ran.err.startswith("Note: something unexpected happened in the background: KeyError")


def test_a_command_outside_the_main_thread_works() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(main, ["mirror", *AT_NOBODY, "--print"]).result() == 0


def test_signal_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    call("mirror", *AT_NOBODY, "--print")
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_ctrl_c_in_a_program_that_calls_main_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(args: object, console: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("entra_oauth.cli.get_tokens.login.run", stop)
    before = signal.getsignal(signal.SIGINT)
    assert call("login", *AT_NOBODY) == Ran(dispatch.INTERRUPTED, "", STOPPED)
    assert signal.getsignal(signal.SIGINT) is before
    said = json.loads(call("login", *AT_NOBODY, "--json").err)
    assert (said["kind"], said["exit_code"]) == ("Stopped", 130)


# ---- streams ------------------------------------------------------------------------

PRINT = ("mirror", *AT_NOBODY, "--print")
HELP = [("--help",), ("--version",), ("login", "--help"), PRINT, ("demo",)]


def finish(*arguments: str, **options: Any) -> Ran:
    with Running(*arguments, **options) as running:
        return running.finish()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", HELP)
def test_a_full_disk_is_one_clear_message(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = finish(*arguments, stdout=full.fileno())
    what, _ = error_of(ran)
    assert (ran.code, what) == (8, "Standard output cannot be written to: No space left on device.")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_nobody_hears_an_error_on_a_full_disk_but_the_exit_code_is_right() -> None:
    with Path("/dev/full").open("wb") as full:
        assert finish("login", stderr=full.fileno()).code == 2
        assert finish(*PRINT, stderr=full.fileno()).code == 0


def _shell(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", script, sys.executable, *arguments]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


@needs.posix
def test_closed_streams_do_not_mix_up_what_is_written() -> None:
    entra = '"$0" -m entra_oauth "$@"'
    done = _shell(f"{entra} 2>&-", *PRINT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("http://localhost:9/")
    assert done.stdout.count("\n") == 9
    done = _shell(f"{entra} >&-", *PRINT)
    assert done.returncode == 8
    assert "Standard output cannot be written to" in done.stderr
    assert _shell(f"{entra} <&- 2>&1", "exchange").returncode == 2
    assert _shell(f"{entra} <&- >&- 2>&-", *PRINT).returncode == 8


@needs.posix
@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONIOENCODING": "latin-1"},
    ],
    ids=["ascii", "C", "latin-1"],
)
def test_an_encoding_that_lacks_letters_is_no_reason_to_fail(env: dict[str, str]) -> None:
    merged = environment(**env)
    assert finish("demo", env=merged).code == 0
    assert finish("--help", env=merged).code == 0
    claims = {"name": "Ada Müller", "x" * 60: "§"}
    with (
        _pipe_with(canaries.jwt({"alg": "RS256"}, claims)) as stdin,
        Running("decode", env=merged, stdin=stdin) as running,
    ):
        ran = running.finish()
    assert (ran.code, "Ada M" in ran.out) == (0, True)


@contextmanager
def _pipe_with(text: str) -> Iterator[int]:
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, text.encode())
        os.close(write_end)
        yield read_end
    finally:
        os.close(read_end)


def test_no_colour_codes_reach_a_pipe_unless_they_are_asked_for() -> None:
    assert "\x1b" not in call("demo").both


# ---- signals ------------------------------------------------------------------------

SIGNALS = [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 1)]
SIGNAL_NAMES = ["ctrl-c", "ctrl-c-twice", "sigterm"]


def stop(running: Running, number: int, times: int) -> Ran:
    """Send the signal, and see that the end is near. A group is what a terminal sends it to."""
    began = time.monotonic()
    for _ in range(times):
        os.killpg(running.pid, number)
    ran = running.finish()
    assert time.monotonic() - began < 5.0
    assert _group_is_gone(running.pid), "a process is left over"
    assert "Traceback" not in ran.err
    assert ran.err.endswith(STOPPED)
    assert ran.err.count("Next: ") == 1
    assert ran.out == ""
    return ran


def _group_is_gone(group: int) -> bool:
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@needs.posix
@pytest.mark.parametrize(("number", "code", "times"), SIGNALS, ids=SIGNAL_NAMES)
def test_a_signal_while_waiting_for_the_browser(
    number: int, code: int, times: int, tmp_path: Path
) -> None:
    with Running("login", *AT_NOBODY, "-o", "token", browser=tmp_path) as running:
        running.address()
        running.wait_for("code_challenge")
        assert stop(running, number, times).code == code


def _got_the_code(server: RawServer) -> bool:
    until = time.monotonic() + 20.0
    while time.monotonic() < until:
        if any(message.startswith(b"POST ") for message in server.requests):
            return True
        time.sleep(0.005)
    return False


@needs.posix
@pytest.mark.parametrize(("number", "code", "times"), SIGNALS, ids=SIGNAL_NAMES)
def test_a_signal_while_a_silent_authority_has_the_code(
    number: int, code: int, times: int, tmp_path: Path
) -> None:
    person = Person()
    with (
        RawServer(hearing) as server,
        Running("login", *at(server.url), "-o", "token", browser=tmp_path) as running,
    ):
        person.launch(running.address())
        assert _got_the_code(server), "keys may be asked for before the person comes back"
        assert stop(running, number, times).code == code
        person.join()
    assert "Signed in" not in person.page
    assert "Not signed in" in person.page


@needs.posix
@pytest.mark.parametrize(("number", "code", "times"), SIGNALS, ids=SIGNAL_NAMES)
def test_a_signal_while_the_practice_tenant_serves(number: int, code: int, times: int) -> None:
    with Running("practice", "serve") as running:
        assert running.line().startswith("http://localhost:")
        running.wait_for("practice fault")
        assert stop(running, number, times).code == code


@needs.posix
@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.04, 0.08])
def test_a_busy_thread_does_not_spoil_the_end(delay_s: float) -> None:
    """The practice tenant makes its key in a thread, in code that cannot be unwound."""
    with Running("practice", "serve", strict=False) as running:
        assert running.line().startswith("http://localhost:")
        time.sleep(delay_s)
        assert stop(running, signal.SIGINT, 1).code == 130


@needs.posix
@pytest.mark.parametrize(("number", "code", "times"), SIGNALS, ids=SIGNAL_NAMES)
def test_a_signal_while_the_demo_waits_for_a_person(number: int, code: int, times: int) -> None:
    env = environment(BROWSER=f"{sys.executable} -c pass")
    with Running("demo", "--browser", env=env) as running:
        assert running.line().startswith("A whole sign-in")
        running.wait_for("code_challenge")
        os.killpg(running.pid, number)
        ran = running.finish()
    assert (ran.code, "Traceback" in ran.err) == (code, False)
    assert ran.err.endswith(STOPPED)


@needs.posix
@pytest.mark.parametrize(("number", "code", "times"), SIGNALS, ids=SIGNAL_NAMES)
@pytest.mark.parametrize("verb", ["login", "decode", "exchange"])
def test_a_signal_while_standard_input_says_nothing(
    verb: str, number: int, code: int, times: int
) -> None:
    options = [*AT_NOBODY, "--no-browser", "--paste", "-"] if verb == "login" else []
    if verb == "exchange":
        assert call("authorize-url", *AT_NOBODY).code == 0
    read_end, write_end = os.pipe()
    try:
        with Running(verb, *options, stdin=read_end) as running:
            if verb == "login":
                running.wait_for("AADSTS50011")
            _wait_until_asleep(running.pid)
            assert stop(running, number, times).code == code
    finally:
        os.close(read_end)
        os.close(write_end)


def _wait_until_asleep(pid: int) -> None:
    """Until the process has waited for something for a while, where this system tells."""
    status = Path(f"/proc/{pid}/stat")
    asleep, until = 0, time.monotonic() + (10.0 if status.exists() else 1.0)
    while asleep < 8 and time.monotonic() < until:
        time.sleep(0.01)
        is_asleep = status.exists() and status.read_text(encoding="utf-8").rpartition(") ")[
            2
        ].startswith("S")
        asleep = asleep + 1 if is_asleep else 0


@needs.posix
def test_a_signal_with_json_is_one_object() -> None:
    with Running("login", *AT_NOBODY, "--no-browser", "--json") as running:
        running.wait_for("code_challenge")
        running.signal(signal.SIGTERM)
        ran = running.finish()
    said = json.loads(ran.err.splitlines()[-1])
    assert (ran.code, said["exit_code"], said["kind"]) == (143, 143, "Stopped")


@needs.posix
@pytest.mark.parametrize("verb", ["decode", "exchange", "login"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_a_prompt_gives_the_terminal_back(verb: str, number: int) -> None:
    from kit.processes.ptys import Session

    options = [*AT_NOBODY, "--no-browser", "--paste"] if verb == "login" else []
    if verb == "exchange":
        assert call("authorize-url", *AT_NOBODY).code == 0
    with Session(as_program(verb, *options)) as terminal:
        terminal.wait_until_raw()
        terminal.wait_for("aste the")
        if number == signal.SIGINT:
            terminal.press("\x03")
        else:
            os.kill(terminal.pid, number)
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (130 if number == signal.SIGINT else 143, "")
    assert "Traceback" not in terminal.shown
    assert terminal.shown.count("Next: ") == 1


@needs.posix
def test_ctrl_c_is_not_for_a_background_job() -> None:
    """A shell without job control lets those begin with Ctrl-C ignored."""
    script = 'trap \'\' INT; exec "$0" -m entra_oauth "$@"'
    with subprocess.Popen(
        ["sh", "-c", script, sys.executable, "practice", "serve", "--quiet"],
        stdout=subprocess.PIPE,
        env=environment(),
    ) as job:
        assert job.stdout is not None
        assert job.stdout.readline().startswith(b"http://localhost:")
        job.send_signal(signal.SIGINT)
        time.sleep(0.1)
        assert job.poll() is None
        job.send_signal(signal.SIGTERM)
        assert job.wait(10) == 143


# ---- start-up -----------------------------------------------------------------------

HEAVY = [
    "requests",
    "urllib3",
    "joserfc",
    "cryptography",
    "ssl",
    "authlib",
    "http",
    "email",
    "json",
]


def _modules_after(statement: str) -> set[str]:
    program = f"import io, sys\n{statement}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["login", "--help"], ["--version"], ["lgoin"]])
def test_a_word_about_itself_imports_nothing_heavy(arguments: list[str]) -> None:
    statement = f"sys.argv[1:] = {arguments!r}\nfrom entra_oauth.cli import main\nmain()"
    assert set(HEAVY) & _modules_after(statement) == set()


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_needs_no_module_but_those_of_its_own(flag: str) -> None:
    statement = f"sys.argv[1:] = ['{flag}']\nfrom entra_oauth.cli import main\nmain()"
    more = _modules_after(statement) - _modules_after("")
    own = {"entra_oauth", "entra_oauth.cli", "entra_oauth._version"}
    assert more - own <= {"__future__"}


def test_python_m_is_the_same_program() -> None:
    assert finish("--version").out == call("--version").out


def test_nothing_is_imported_for_other_verbs() -> None:
    modules = _modules_after("from entra_oauth.cli import main\nmain(['decode', '--json'])")
    assert not [name for name in modules if name.startswith("entra_oauth.practice")]


UNTIL_THE_BROWSER = """
import entra_oauth.channels.listener.system_browser as system_browser
import entra_oauth.cli.sign_in.choose_receiver as receivers
from entra_oauth.cli import main
def launch(url, command, failed):
    raise KeyboardInterrupt  # at that moment
system_browser.launch = launch
# These work beside it, in threads.
receivers.RequestsBack.warm = lambda self, url: None
receivers.RequestsBack.send = lambda self, request, timeout_s, saw=None: None
assert main({arguments!r}) == 130
"""


@pytest.mark.parametrize(("verb", "more"), [("login", []), ("mirror", ["--port", "PORT"])])
def test_nothing_heavy_is_imported_before_the_browser_opens(verb: str, more: list[str]) -> None:
    arguments = [verb, *AT_NOBODY, "--browser", "x", *more]
    arguments = [free_port() if word == "PORT" else word for word in arguments]
    modules = _modules_after(UNTIL_THE_BROWSER.format(arguments=arguments))
    assert ({*HEAVY} - {"json"}) & modules == set()
