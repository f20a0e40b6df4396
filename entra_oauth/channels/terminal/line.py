"""One line made of keys: editing, pasting, and the end of the line. Pure.

A terminal that echoes nothing has no line editing either, so it is done here.
Two kinds of terminal are told apart by what they send. One that marks a paste
(`ESC [ 200 ~` before, `ESC [ 201 ~` after it) lets line breaks inside stand and
needs an Enter of its own. Otherwise a line break ends the line only if nothing
follows at once: a paste from a wrapped window has breaks in the middle.
"""

from __future__ import annotations

import re

__all__ = ["LIMIT", "PASTE_OFF", "PASTE_ON", "Line"]

LIMIT = 64 * 1024
"""The longest text that is looked at, in characters. Entra's codes stay below 5,000."""

PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
"""Ask a terminal to mark what is pasted, and to stop doing so (xterm, `ctlseqs`)."""

_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
# ECMA-48 §5.4: parameters, intermediates, one final byte. `ESC O x` is a function key.
# Compiled at the first escape: a sign-in imports this and need not meet one.
_SEQUENCE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)"
_UNFINISHED = r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z"
_SEQUENCE_LIMIT = 64

_ENTER, _BACKSPACE, _CTRL_C, _CTRL_D, _CTRL_U = "\r\n", "\x08\x7f", "\x03", "\x04", "\x15"


class Line:
    """One line while it is being entered; at most `limit` characters are taken.

    After every `feed`, `finished` says that the line is complete, and `ended`
    that it is if no key follows at once.
    """

    __slots__ = ("_entered", "_held", "_limit", "_marked", "_pasting", "ended", "finished")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entered: list[str] = []
        self._held = ""
        self._pasting = False
        self._marked = False
        self.ended = False
        self.finished = False

    @property
    def text(self) -> str:
        """The text entered, without the line break that ended it."""
        return "".join(self._entered).rstrip(_ENTER)

    def feed(self, keys: str) -> None:
        """Take keys in the order in which they came.

        Raises `KeyboardInterrupt` at Ctrl-C, and `EOFError` at Ctrl-D on an empty
        line. What comes after the end of the line is dropped.
        """
        waiting, self._held = self._held + keys, ""
        at = 0
        while at < len(waiting) and not self.finished:
            if waiting[at] == "\x1b":
                at = self._escape(waiting, at)
            else:
                self._key(waiting[at])
                at += 1

    def _escape(self, keys: str, at: int) -> int:
        found = re.compile(_SEQUENCE).match(keys, at)
        if self._pasting:
            return self._escape_in_paste(keys, at)
        if found is None:
            unfinished = re.compile(_UNFINISHED).match(keys, at)
            if unfinished is not None and len(keys) - at < _SEQUENCE_LIMIT:
                self._held = keys[at:]
                return len(keys)
            return at + 1
        if found.group() == _PASTE_BEGINS:
            self._pasting, self.ended = True, False
        # Any other one is an arrow or a function key: nothing to move in here.
        return found.end()

    def _escape_in_paste(self, keys: str, at: int) -> int:
        if keys.startswith(_PASTE_ENDS, at):
            self._pasting, self._marked = False, True
            return at + len(_PASTE_ENDS)
        if _PASTE_ENDS.startswith(keys[at:]):
            self._held = keys[at:]
            return len(keys)
        self._add(keys[at])
        return at + 1

    def _key(self, key: str) -> None:
        if self._pasting:
            self._add(key)
            return
        self.ended = False
        if key in _ENTER:
            self._enter()
        elif key in _BACKSPACE:
            if self._entered:
                self._entered.pop()
        elif key == _CTRL_U:
            self._entered.clear()
            self._marked = False
        elif key == _CTRL_C:
            raise KeyboardInterrupt
        elif key == _CTRL_D:
            if not self._entered:
                raise EOFError
            self.finished = True
        else:
            self._add(key)

    def _enter(self) -> None:
        if self._marked:
            self.finished = True
            return
        self._add("\n")
        self.ended = True

    def _add(self, key: str) -> None:
        if len(self._entered) < self._limit:
            self._entered.append(key)
