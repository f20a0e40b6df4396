"""The Windows console, played by a stand-in for `msvcrt`: its loop, not its keyboard."""

from __future__ import annotations

import importlib
import sys
import threading
import types
from collections.abc import Iterator

import pytest

from entra_oauth.channels.terminal.secret_line import read_line
from entra_oauth.channels.terminal.terminal import Terminal, Woken
from entra_oauth.errors import TimedOut
from kit import needs


class _Keyboard(types.ModuleType):
    """`kbhit` and `getwch` over keys that the test has pressed."""

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.pressed: list[str] = []

    def kbhit(self) -> bool:
        return bool(self.pressed)

    def getwch(self) -> str:
        return self.pressed.pop(0)


@pytest.fixture
def keyboard() -> _Keyboard:
    return _Keyboard()


@pytest.fixture
def console(keyboard: _Keyboard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    name = "entra_oauth.channels.terminal.windows"
    monkeypatch.setitem(sys.modules, "msvcrt", keyboard)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        module = importlib.import_module(name)
    terminal = module.ConsoleTerminal()
    monkeypatch.setattr(module.ConsoleTerminal, "show", lambda self, text: None)
    with terminal:
        yield terminal
    sys.modules.pop(name, None)


pytestmark = needs.posix  # On Windows itself the real module would be in the way.


def test_a_line_is_read_key_by_key(console: Terminal, keyboard: _Keyboard) -> None:
    keyboard.pressed = [*"wrong\x15http://localhost/?code=a\r", *"  &state=bx\x08\r"]
    text = read_line(console, "", timeout_s=10)
    assert "".join(text.split()) == "http://localhost/?code=a&state=b"


def test_arrow_and_function_keys_are_passed_over(console: Terminal, keyboard: _Keyboard) -> None:
    keyboard.pressed = ["a", "\xe0", "K", "\x00", ";", "b", "\r"]
    assert read_line(console, "", timeout_s=10) == "ab"


def test_ctrl_c_as_a_key_interrupts(console: Terminal, keyboard: _Keyboard) -> None:
    keyboard.pressed = ["a", "\x03"]
    with pytest.raises(KeyboardInterrupt):
        read_line(console, "", timeout_s=10)


def test_the_deadline_holds(console: Terminal) -> None:
    with pytest.raises(TimedOut):
        read_line(console, "", timeout_s=0.1)


def test_another_thread_ends_the_wait(console: Terminal) -> None:
    threading.Timer(0.1, console.wake).start()
    with pytest.raises(Woken):
        console.keys(30)


def test_what_was_not_read_is_thrown_away(console: Terminal, keyboard: _Keyboard) -> None:
    keyboard.pressed = [*"the rest of a paste\r"]
    console.__exit__(None, None, None)
    assert keyboard.pressed == []
