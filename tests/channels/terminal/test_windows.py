"""The Windows console, played from the documentation of its functions: records in, text out."""

from __future__ import annotations

import ctypes
import importlib
import struct
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.channels.terminal.console_keys import ConsoleKeys, KeyEvent
from entra_oauth.channels.terminal.secret_line import read_line, winpty_advice
from entra_oauth.channels.terminal.terminal import Terminal, Woken
from entra_oauth.errors import TimedOut
from kit import needs

KEY, MOUSE = 1, 2
LEFT, UP, F1, ALT, PAD_4, PAD_CENTRE = 0x25, 0x26, 0x70, 0x12, 0x64, 0x0C
LEFT_ALT = 0x0002


def record(
    *, kind: int = KEY, down: bool = True, key: int = 0, unit: int = 0, **more: int
) -> bytes:
    """One `INPUT_RECORD`, byte for byte as wincon.h lays it out."""
    repeats, state = more.get("repeats", 1), more.get("state", 0)
    return struct.pack("<HxxiHHHHI", kind, down, repeats, key, 0, unit, state)


def typed(text: str) -> list[bytes]:
    """Keys that go down and up, a pair of them for a character beyond U+FFFF."""
    octets = text.encode("utf-16-le")
    units = struct.unpack(f"<{len(octets) // 2}H", octets)
    return [record(down=down, unit=unit) for unit in units for down in (True, False)]


def pressed(key: int) -> list[bytes]:
    """A key that is no character."""
    return [record(down=down, key=key) for down in (True, False)]


def composed(text: str) -> list[bytes]:
    """Characters of no key, as the console pastes them: Alt, the keypad, and Alt let go."""
    keypad = [record(down=d, key=PAD_4, unit=0x34, state=LEFT_ALT) for d in (True, False)]
    units = [unit for at, unit in enumerate(typed(text)) if at % 2 == 0]
    numbers = [struct.unpack("<HxxiHHHHI", unit)[5] for unit in units]
    return [
        each
        for number in numbers
        for each in (
            record(key=ALT, state=LEFT_ALT),
            *keypad,
            record(down=False, key=ALT, unit=number),
        )
    ]


class Kernel:
    """The console's functions over records that the test has put in."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.is_gone = False

    def GetNumberOfConsoleInputEvents(self, handle: Any, count: Any) -> int:
        count._obj.value = len(self.records)
        return not self.is_gone

    def ReadConsoleInputW(self, handle: Any, into: Any, most: int, count: Any) -> int:
        assert self.records, "this would wait for a key"
        taken, self.records = self.records[:most], self.records[most:]
        data = b"".join(taken)
        assert len(data) <= ctypes.sizeof(into)
        ctypes.memmove(into, data, len(data))
        count._obj.value = len(taken)
        return 1

    def PeekConsoleInputW(self, handle: Any, into: Any, most: int, count: Any) -> int:
        data = b"".join(self.records[:most])
        ctypes.memmove(into, data, len(data))
        count._obj.value = len(self.records[:most])
        return not self.is_gone

    def FlushConsoleInputBuffer(self, handle: Any) -> int:
        self.records.clear()
        return 1


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def console(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Terminal]:
    name = "entra_oauth.channels.terminal.windows"
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.get_osfhandle = int  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    windll = types.SimpleNamespace(kernel32=kernel)
    monkeypatch.setattr(ctypes, "windll", windll, raising=False)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        module = importlib.import_module(name)
    for device in ("CONIN$", "CONOUT$"):
        (tmp_path / device).touch()
    monkeypatch.chdir(tmp_path)
    terminal = module.ConsoleTerminal()
    with terminal:
        yield terminal
    sys.modules.pop(name, None)


pytestmark = needs.posix  # On Windows itself the real module would be in the way.

LINES = [
    ("letters", typed("ab"), "ab"),
    ("a letter that is also the prefix of an arrow for getwch", typed("Voilà"), "Voilà"),
    ("that letter and what follows it at once", typed("àK"), "àK"),
    ("a character beyond U+FFFF", typed("a😀b"), "a😀b"),
    ("one that no key makes, pasted", composed("é😀"), "é😀"),
    ("arrows and function keys", [*typed("a"), *pressed(LEFT), *pressed(F1), *typed("b")], "ab"),
    ("a mouse that moves", [record(kind=MOUSE, unit=0x41), *typed("b")], "b"),
    ("a key that is held", [record(unit=0x61, repeats=3)], "aaa"),
    ("half a character", [*typed("a"), record(unit=0xD83D), *typed("b")], "a\ufffdb"),
    ("the other half", [record(unit=0xDE00), *typed("b")], "\ufffdb"),
    ("Alt and a letter", [record(key=0x51, unit=0x71, state=LEFT_ALT)], "q"),
    ("Alt and the keypad's centre", [record(key=PAD_CENTRE, unit=0, state=LEFT_ALT)], ""),
]


@pytest.mark.parametrize(("records", "text"), [row[1:] for row in LINES], ids=[r[0] for r in LINES])
def test_keys_are_the_text_that_they_type(
    records: Sequence[bytes], text: str, console: Terminal, kernel: Kernel
) -> None:
    kernel.records = [*records, *typed("\r")]
    assert read_line(console, "", timeout_s=10) == text


def test_a_line_is_edited_key_by_key(console: Terminal, kernel: Kernel) -> None:
    kernel.records = typed("wrong\x15http://localhost/?code=a\r  &state=bx\x08\r")
    text = read_line(console, "", timeout_s=10)
    assert "".join(text.split()) == "http://localhost/?code=a&state=b"


def test_the_halves_of_a_character_may_come_one_after_the_other() -> None:
    keys = ConsoleKeys()
    assert keys.text(KeyEvent(is_down=True, unit=0xD83D)) == ""
    assert keys.text(KeyEvent(is_down=False, unit=0xD83D)) == ""
    assert keys.text(KeyEvent(is_down=True, unit=0xDE00)) == "😀"


def test_ctrl_c_as_a_key_interrupts(console: Terminal, kernel: Kernel) -> None:
    kernel.records = typed("a\x03")
    with pytest.raises(KeyboardInterrupt):
        read_line(console, "", timeout_s=10)


def test_the_deadline_holds_although_keys_without_text_keep_coming(
    console: Terminal, kernel: Kernel
) -> None:
    kernel.records = pressed(UP)
    with pytest.raises(TimedOut):
        read_line(console, "", timeout_s=0.1)


def test_a_console_that_is_gone_ends_the_input(console: Terminal, kernel: Kernel) -> None:
    kernel.is_gone = True
    with pytest.raises(EOFError):
        console.keys(30)


@pytest.mark.parametrize(
    ("records", "is_ahead"),
    [
        (typed("entra-oauth token\r"), True),
        (typed("\r"), False),
        ([*pressed(UP), record(down=False, unit=0x0D)], False),
        ([], False),
    ],
)
def test_keys_that_are_the_next_commands_are_told_and_left(
    records: list[bytes], is_ahead: bool, console: Terminal, kernel: Kernel
) -> None:
    kernel.records = list(records)
    assert console.has_typed_ahead() is is_ahead
    assert kernel.records == records


def test_another_thread_ends_the_wait(console: Terminal) -> None:
    threading.Timer(0.1, console.wake).start()
    with pytest.raises(Woken):
        console.keys(30)


def test_what_was_not_read_is_thrown_away(console: Terminal, kernel: Kernel) -> None:
    kernel.records = typed("the rest of a paste\r")
    console.__exit__(None, None, None)
    assert kernel.records == []
    console.__enter__()


@pytest.mark.parametrize(
    ("platform", "environ", "terminals", "is_told"),
    [
        ("win32", {"MSYSTEM": "MINGW64"}, (), True),
        ("win32", {"MSYSTEM": "MINGW64"}, (2,), False),
        ("win32", {}, (), False),
        ("linux", {"MSYSTEM": "MINGW64"}, (), False),
    ],
)
def test_git_bash_without_a_console_is_told_of_winpty(
    platform: str, environ: dict[str, str], terminals: tuple[int, ...], is_told: bool
) -> None:
    advice = winpty_advice(environ, platform, lambda number: number in terminals)
    assert ("winpty entra-oauth" in advice) is is_told
    assert bool(advice) is is_told
