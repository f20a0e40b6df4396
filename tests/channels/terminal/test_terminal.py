"""A secret line from real terminals: nothing echoed, nothing cut, all put back."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are of POSIX systems", allow_module_level=True)

from entra_oauth.channels.paste.parse_pasted import parse_pasted
from entra_oauth.channels.terminal.line import LIMIT, PASTE_OFF, PASTE_ON
from kit.processes.ptys import Session

REDIRECT = "http://localhost:51823"
PROMPT = "Paste:"
READ = f"""
from entra_oauth.channels.terminal.secret_line import read_secret_line
from entra_oauth.errors import EntraOAuthError
try:
    print(read_secret_line("{PROMPT}", timeout_s=TIMEOUT, from_stdin=FROM_STDIN), end="")
except KeyboardInterrupt:
    sys.exit(130)
except EntraOAuthError as error:
    print(type(error).__name__, error, end="")
    sys.exit(error.exit_code)
"""


def _reading(*, timeout_s: float = 30, from_stdin: bool = False) -> str:
    return READ.replace("TIMEOUT", str(timeout_s)).replace("FROM_STDIN", str(from_stdin))


def _address(code_length: int) -> str:
    # Not one character repeated: a lost or doubled piece has to show.
    code = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(code_length // 64 + 1))
    return f"{REDIRECT}/?code={code[:code_length]}&state=very-secret-state&session_state=1"


def _assert_nothing_was_shown_of(secret: str, shown: str) -> None:
    for at in range(0, len(secret) - 12, 6):
        assert secret[at : at + 12] not in shown


@pytest.mark.parametrize("code_length", [900, 1_100, 5_000, 20_000])
def test_a_code_of_any_length_is_read_whole_and_without_echo(code_length: int) -> None:
    address = _address(code_length)
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press(address)
        terminal.wait_for(f"{len(address):,} characters received. Enter")
        terminal.press("\r")
        assert terminal.finish() == (0, address)
        _assert_nothing_was_shown_of(address, terminal.shown)
        assert terminal.modes() == terminal.before


@pytest.mark.parametrize("line_break", ["\r", "\n", "\r\n"])
def test_a_paste_from_a_wrapped_window_is_joined(line_break: str) -> None:
    address = _address(5_000)
    wrapped = (line_break + "    ").join(re.findall(".{1,80}", address))
    with Session(_reading(), term="dumb") as terminal:
        terminal.wait_for(PROMPT)
        terminal.press(f"{wrapped}\r")
        status, text = terminal.finish()
        assert status == 0
        assert parse_pasted(text, redirect_uri=REDIRECT).url == address
        _assert_nothing_was_shown_of(address, terminal.shown)
        assert PASTE_ON not in terminal.shown
        assert terminal.modes() == terminal.before


def test_a_paste_that_comes_in_pieces_is_joined() -> None:
    patient = (
        "import entra_oauth.channels.terminal.secret_line as terminal; terminal._QUIET_S = 3\n"
    )
    with Session(patient + _reading(), term="dumb") as terminal:
        terminal.wait_for(PROMPT)
        for piece in ("http://localhost:51823/?code=a\r", "  &state=b\r"):
            terminal.press(piece)
            time.sleep(0.2)
        assert terminal.finish() == (0, "http://localhost:51823/?code=a\n  &state=b")


def test_a_terminal_that_marks_pastes_is_asked_to_and_asked_to_stop() -> None:
    address = _address(5_000)
    wrapped = "\r".join(re.findall(".{1,80}", address))
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        assert terminal.shown.count(PASTE_ON) == 1
        terminal.press(f"\x1b[200~{wrapped}\r\x1b[201~")
        # The paste ends with a line break of its own, and still an Enter is awaited.
        terminal.wait_for("characters received. Enter goes on")
        terminal.press("\r")
        status, text = terminal.finish()
        assert status == 0
        assert parse_pasted(text, redirect_uri=REDIRECT).url == address
        _assert_nothing_was_shown_of(address, terminal.shown)
        terminal.wait_for(PASTE_OFF)
        assert terminal.shown.count(PASTE_OFF) == 1
        assert terminal.shown.index(PASTE_ON) < terminal.shown.index(PASTE_OFF)
        assert terminal.modes() == terminal.before


def test_mistakes_can_be_corrected() -> None:
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("wrong\x15abx\x7fc\x1b[D\r")
        assert terminal.finish() == (0, "abc")


def test_characters_beyond_ascii_survive_being_split() -> None:
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        for byte in "“é€😀”".encode():
            terminal.press(bytes([byte]))
        terminal.press("\r")
        assert terminal.finish() == (0, "“é€😀”")


def test_keys_pressed_before_the_prompt_are_not_lost() -> None:
    with Session("import time; time.sleep(0.5)\n" + _reading()) as terminal:
        terminal.press("early")
        terminal.wait_for(PROMPT)
        terminal.press("bird\r")
        assert terminal.finish() == (0, "earlybird")


def test_ctrl_c_interrupts_and_the_terminal_is_as_before() -> None:
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.wait_until_raw()
        terminal.press("half an address")
        terminal.wait_for("15 characters received")
        terminal.press("\x03")
        assert terminal.finish() == (130, "")
        assert terminal.modes() == terminal.before
        terminal.wait_for(PASTE_OFF)  # what is displayed arrives on its own, perhaps after the end
        assert terminal.shown.endswith(PASTE_OFF)


def test_ctrl_d_ends_the_input_with_a_clear_text() -> None:
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("\x04")
        status, text = terminal.finish()
        assert status == 8
        assert text.startswith("LocalError The input ended before")
        assert terminal.modes() == terminal.before


def test_the_deadline_holds_and_the_terminal_is_as_before() -> None:
    with Session(_reading(timeout_s=0.3)) as terminal:
        status, text = terminal.finish()
        assert status == 7
        assert text.startswith("TimedOut")
        assert terminal.modes() == terminal.before


def test_more_than_the_limit_is_refused_and_not_cut_in_silence() -> None:
    with Session(_reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("x" * (LIMIT + 5_000) + "\r")
        status, text = terminal.finish()
        assert status == 2
        assert "65,536" in text


def test_what_follows_the_line_does_not_become_a_command_of_the_shell() -> None:
    slowly = "import entra_oauth.channels.terminal.posix as tty; tty._READ = 8\n"
    with Session(slowly + _reading() + "print('|', input(), end='')") as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("\x1b[200~abc\x1b[201~\r" + "rm -r everything; " * 20 + "\r")
        terminal.wait_for("3 characters received.")
        terminal.wait_until_cooked()
        terminal.press("ls\r")
        assert terminal.finish() == (0, "abc| ls")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_that_ends_the_process_leaves_the_terminal_as_before(
    number: signal.Signals,
) -> None:
    program = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n" + _reading()
    with Session(program) as terminal:
        terminal.wait_for(PROMPT)
        terminal.wait_until_raw()
        os.kill(terminal.pid, number)
        assert terminal.finish()[0] == -number
        assert terminal.modes() == terminal.before


def test_an_exception_in_a_handler_of_the_program_leaves_the_terminal_as_before() -> None:
    program = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    with Session(program + _reading()) as terminal:
        terminal.wait_for(PROMPT)
        terminal.wait_until_raw()
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.finish()[0] == 143
        assert terminal.modes() == terminal.before


# A little shell: runs the reader as a job of its own, and says on standard output
# how the job stopped, and whether the terminal echoes then.
SHELL = """
import signal, subprocess, termios, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
shells_own = termios.tcgetattr(2)
job = subprocess.Popen([sys.executable, "-c", PROGRAM], process_group=0,
    preexec_fn=lambda: signal.signal(signal.SIGTTOU, signal.SIG_DFL))
os.write(2, b"<job %d>" % job.pid)
os.tcsetpgrp(2, job.pid)
def echoes():
    return bool(termios.tcgetattr(2)[3] & termios.ECHO)
for stop in range(HOW_OFTEN):
    _, status = os.waitpid(job.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status
    os.tcsetpgrp(2, os.getpgrp())
    print("stopped", os.WSTOPSIG(status), echoes(), flush=True)
    if RESETS:
        termios.tcsetattr(2, termios.TCSADRAIN, shells_own)
    if BACKGROUND:
        os.kill(job.pid, signal.SIGCONT)
        os.write(2, b"in the background")
        typed = os.read(0, 1)
        time.sleep(0.7)
        os.read(0, 100)
        pid, status = os.waitpid(job.pid, os.WUNTRACED | os.WNOHANG)
        print("background", pid, typed, flush=True)
    os.tcsetpgrp(2, job.pid)
    if not BACKGROUND:
        os.killpg(job.pid, signal.SIGCONT)
    os.write(2, b"continued %d" % stop)
_, status = os.waitpid(job.pid, 0)
os.tcsetpgrp(2, os.getpgrp())
print("", os.waitstatus_to_exitcode(status), echoes(), flush=True)
job.returncode = 0
"""


def _under_a_shell(*, stops: int = 1, resets: bool = True, background: bool = False) -> str:
    program = SHELL.replace("PROGRAM", repr("import sys\n" + _reading()))
    return (
        program.replace("HOW_OFTEN", str(stops))
        .replace("RESETS", str(resets))
        .replace("BACKGROUND", str(background))
    )


def _job(terminal: Session) -> int:
    found = re.search(r"<job (\d+)>", terminal.shown)
    assert found is not None
    return int(found[1])


def test_ctrl_z_gives_the_terminal_back_each_time_and_fg_takes_it_again() -> None:
    with Session(_under_a_shell(stops=2)) as terminal:
        terminal.wait_for(PROMPT)
        for stop, secret in enumerate(("secret-one", "secret-two")):
            terminal.wait_until_raw()
            terminal.press(secret)
            terminal.wait_for(f"{10 * (stop + 1)} characters received")
            terminal.press("\x1a")
            terminal.wait_for(f"continued {stop}")
        terminal.wait_until_raw()
        terminal.press("\r")
        stopped = f"stopped {int(signal.SIGTSTP)} True\n"
        assert terminal.finish() == (0, stopped * 2 + "secret-onesecret-two 0 True\n")
        _assert_nothing_was_shown_of("secret-onesecret-two", terminal.shown)
        assert terminal.modes() == terminal.before


@pytest.mark.parametrize("resets", [True, False])
@pytest.mark.parametrize("stop", ["Ctrl-Z", "SIGSTOP"])
def test_in_the_background_the_terminal_is_another_programs(stop: str, resets: bool) -> None:
    with Session(_under_a_shell(background=True, resets=resets)) as terminal:
        terminal.wait_for(PROMPT)
        terminal.wait_until_raw()
        if stop == "Ctrl-Z":
            terminal.press("\x1a")
        else:
            os.kill(_job(terminal), signal.SIGSTOP)
        terminal.wait_for("in the background")
        # Key by key, so that some are there to be seen while the shell is not reading.
        for key in "ls\n":
            terminal.press(key)
        terminal.wait_for("continued")
        terminal.wait_until_raw()
        terminal.press("secret\r")
        status, output = terminal.finish()
        assert status == 0
        # Neither stopped there for touching what is not its own, nor did it take a key.
        assert output.splitlines()[1].startswith("background 0 b'l'")
        assert output.splitlines()[2] == "secret 0 True"
        assert "secret" not in terminal.shown
        assert terminal.modes() == terminal.before


def test_standard_input_that_is_a_pipe_is_left_alone() -> None:
    program = _reading() + "print('|', sys.stdin.read(), end='')"
    with Session(program, stdin=b"not for you") as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("from the terminal\r")
        assert terminal.finish() == (0, "from the terminal| not for you")
        assert terminal.modes() == terminal.before


def _without_a_terminal(program: str, stdin: bytes) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", "import sys\n" + program],
        input=stdin,
        stdout=subprocess.PIPE,
        start_new_session=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def test_without_a_terminal_nothing_is_read_and_it_is_said_why() -> None:
    status, text = _without_a_terminal(_reading(), b"piped\n")
    assert status == 8
    assert text.startswith("LocalError There is no terminal")


@pytest.mark.parametrize(
    ("stdin", "status", "text"),
    [
        (b"http://localhost/?code=a\n  &state=b\n", 0, "http://localhost/?code=a\n  &state=b\n"),
        ("\ufeffcode=a&state=b".encode(), 0, "code=a&state=b"),
        (_address(20_000).encode(), 0, _address(20_000)),
        (b"", 8, "LocalError The input ended"),
        (b"x" * (LIMIT + 1), 2, "UsageError The input is longer"),
        (b"x" * (6 * LIMIT), 2, "UsageError The input is longer"),
        (b"\xff\xfe", 0, "\ufffd\ufffd"),
    ],
)
def test_standard_input_is_read_to_its_end_when_that_was_asked_for(
    stdin: bytes, status: int, text: str
) -> None:
    got = _without_a_terminal(_reading(from_stdin=True), stdin)
    assert got[0] == status
    assert got[1] == text if status == 0 else got[1].startswith(text)


def test_standard_input_that_does_not_end_is_not_waited_for_without_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys\n" + _reading(timeout_s=0.3, from_stdin=True)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.wait(30) == 7


def test_the_terminal_is_read_when_standard_input_is_one_whatever_was_asked() -> None:
    with Session(_reading(from_stdin=True)) as terminal:
        terminal.wait_for(PROMPT)
        terminal.press("typed\r")
        assert terminal.finish() == (0, "typed")
        assert terminal.modes() == terminal.before
