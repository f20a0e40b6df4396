"""What the tests of the command line share."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal that the tests were started from is not the command's to use."""
    if sys.platform == "win32":
        from entra_oauth.channels.terminal.windows import ConsoleTerminal

        monkeypatch.setattr(ConsoleTerminal, "find", lambda: None)
    else:
        from entra_oauth.channels.terminal import secret_line

        monkeypatch.setattr(secret_line, "_has_terminal", lambda: False)
