"""Backends of keyring that are played: one that fails, and one that waits to be unlocked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entra_oauth.cache import vault
from kit import canaries

__all__ = ["Backend", "Locked", "playing_locked"]


class Backend:
    """A backend of keyring that is a dictionary; it can lose, cut or refuse what it gets."""

    def __init__(self, *, cut: int | None = None, fails: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.cut = cut
        self.fails = fails

    def get_password(self, service: str, name: str) -> str | None:
        self._fail()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        self._fail()
        self.kept[service, name] = secret[: self.cut]

    def delete_password(self, service: str, name: str) -> None:
        from keyring.errors import PasswordDeleteError

        if self.kept.pop((service, name), None) is None:
            raise PasswordDeleteError("not there")

    def _fail(self) -> None:
        if self.fails:
            raise RuntimeError(canaries.REFRESH_TOKEN)


class Locked(Backend):
    """A backend that answers once it is unlocked."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = threading.Event()
        self.is_open.set()
        self.asked = 0

    def _fail(self) -> None:
        self.asked += 1
        self.is_open.wait(60)


@contextmanager
def playing_locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    """It is the only store there is, and patience is short; its threads end with it."""
    backend = Locked()
    monkeypatch.setattr("keyring.get_keyring", lambda: backend)
    monkeypatch.setattr(vault, "_silent_since", [])
    for name, seconds in (("_NOTICE_S", 0.02), ("_LONGEST_S", 0.1), ("_PROBE_S", 0.1)):
        monkeypatch.setattr(vault, name, seconds)
    yield backend
    backend.is_open.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(20)
