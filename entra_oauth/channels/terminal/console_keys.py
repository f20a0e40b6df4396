"""Text made of the events of a Windows console's keyboard. Pure.

An event says by itself whether it is a character or a key without one, such as an arrow.
`msvcrt.getwch` does not: `à` and the first half of an arrow are the same value there, and
`msvcrt.kbhit` does not see the second half.
"""

from __future__ import annotations

from entra_oauth.light import dataclass

__all__ = ["ConsoleKeys", "KeyEvent"]

_ALT = 0x12
"""VK_MENU."""
_DIGITS = frozenset([*range(0x21, 0x29), 0x2D, 0x0C, *range(0x60, 0x6A)])
"""The digits of the keypad, with and without NumLock."""
_LEFT_ALT_PRESSED, _ENHANCED_KEY = 0x0002, 0x0100
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """A key that went down or up: `KEY_EVENT_RECORD` of the console's functions."""

    is_down: bool
    unit: int
    """The UTF-16 unit that it makes; 0 for a key that makes none."""
    key: int = 0
    """The virtual-key code."""
    state: int = 0
    """The control keys that are held."""
    repeats: int = 1


class ConsoleKeys:
    """Takes events in their order and gives the text that they type."""

    __slots__ = ("_high",)

    def __init__(self) -> None:
        self._high = 0
        """The first half of a character beyond U+FFFF; 0 without one."""

    def text(self, event: KeyEvent) -> str:
        """The characters of one event, often none. A half without its other is U+FFFD."""
        unit = event.unit
        if not unit or not _types(event):
            return ""
        if unit in _LOW and self._high:
            unit = 0x10000 + (self._high - 0xD800) * 0x400 + (unit - 0xDC00)
            self._high = 0
            return chr(unit)
        lost, self._high = "\ufffd" if self._high else "", 0
        if unit in _HIGH:
            self._high = unit
            return lost
        return lost + ("\ufffd" if unit in _LOW else chr(unit)) * max(1, event.repeats)


def _types(event: KeyEvent) -> bool:
    if not event.is_down:
        # A character composed with Alt and the keypad comes when Alt is let go. A console
        # also pastes in this way what no key of the keyboard makes.
        return event.key == _ALT
    composing = event.state & _LEFT_ALT_PRESSED and not event.state & _ENHANCED_KEY
    return not (composing and event.key in _DIGITS)
