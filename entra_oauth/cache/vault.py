"""The operating system's store of passwords, through `keyring`, for refresh tokens.

macOS' Keychain, Windows' Credential Manager, the Secret Service of a Linux desktop.
`keyring` is an extra; where it or the store behind it is missing, there is none. A store that
is locked waits for a person at a prompt which nobody may see; so each call has an end.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from entra_oauth.channels.base import monotonic, say_nothing
from entra_oauth.errors import LocalError, StoreSilent
from entra_oauth.light import TYPE_CHECKING, Protocol, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    T = TypeVar("T")

__all__ = ["Keyring", "Vault", "can_be_expected"]


_SERVICE = "entra-oauth"
_PROBE = "probe"
_NOTICE_S = 2.0
"""Seconds after which a person is told what is waited for."""
_LONGEST_S, _PROBE_S = 30.0, 12.0
"""Seconds that a call may take, and those of trying the store out before a sign-in."""
_SILENT_S = 60.0
"""Seconds in which a store that did not answer is not asked again."""
_SLICE_S = 0.25
_AS_LONG_AS_A_TOKEN = 2500  # characters: Windows takes 1,280 where it is not split up


def can_be_expected(environ: Mapping[str, str], platform: str) -> bool:
    """Tell if it is worth trying. Nothing is imported for this.

    `keyring` takes 80 ms to import, and on a Linux without a desktop's message bus there
    is no store behind it.
    """
    if not is_installed("keyring"):
        return False
    if platform != "linux" or environ.get("PYTHON_KEYRING_BACKEND"):
        return True
    bus = os.path.join(environ.get("XDG_RUNTIME_DIR") or "/nowhere", "bus")
    return bool(environ.get("DBUS_SESSION_BUS_ADDRESS")) or os.path.exists(bus)


class Vault(Protocol):
    """A place for secrets. Every method raises `LocalError`, `StoreSilent` where it waits."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, secret: str) -> None: ...

    def drop(self, key: str) -> None: ...


class Keyring:
    """A `Vault` over a backend of `keyring`. `say` is told when it has to be waited for."""

    def __init__(self, backend: KeyringBackend, say: Callable[[str], None] = say_nothing) -> None:
        self._backend = backend
        self._say = say
        self._longest_s = _LONGEST_S

    @classmethod
    def open(cls, say: Callable[[str], None] = say_nothing) -> Keyring:
        """The backend that this machine has. Raises `LocalError` if it has none."""
        if not is_installed("keyring"):
            raise LocalError(
                "The package keyring is not installed.",
                advice="Install entra-oauth[keyring], or choose --cache file.",
            )
        import keyring

        return cls(_attempt("found", keyring.get_keyring, say, _LONGEST_S), say)

    @classmethod
    def working(cls, say: Callable[[str], None] = say_nothing) -> Keyring:
        """The same, tried out with something as long as a token. Raises `LocalError`."""
        vault = cls.open(say)
        vault._longest_s = _PROBE_S
        secret = "x" * _AS_LONG_AS_A_TOKEN
        vault.put(_PROBE, secret)
        try:
            if vault.get(_PROBE) != secret:
                raise LocalError(
                    "The system's password store does not give back what it was given.",
                    advice="Choose --cache file.",
                )
        finally:
            with suppress(LocalError):
                vault.drop(_PROBE)
        vault._longest_s = _LONGEST_S
        return vault

    def get(self, key: str) -> str | None:
        """The secret of a key; None if there is none."""
        return self._attempt("read", lambda: self._backend.get_password(_SERVICE, key))

    def put(self, key: str, secret: str) -> None:
        """Keep a secret."""
        self._attempt("written to", lambda: self._backend.set_password(_SERVICE, key, secret))

    def drop(self, key: str) -> None:
        """Forget a secret; none to forget is fine."""
        if self.get(key) is not None:
            self._attempt("changed", lambda: self._backend.delete_password(_SERVICE, key))

    def _attempt(self, what: str, call: Callable[[], T]) -> T:
        return _attempt(what, call, self._say, self._longest_s)


_silent_since: list[float] = []


def _attempt(what: str, call: Callable[[], T], say: Callable[[str], None], longest_s: float) -> T:
    """The outcome of a call of a backend, made in a thread of its own so that it has an end."""
    if any(monotonic() - since < _SILENT_S for since in _silent_since):
        raise _silent()
    found: list[T] = []
    kinds: list[str] = []
    done = threading.Event()

    def work() -> None:
        try:
            found.append(call())
        except BaseException as error:
            kinds.append(type(error).__name__)
        finally:
            done.set()

    threading.Thread(target=work, name="keyring", daemon=True).start()
    begun = monotonic()
    if not _wait(done, begun + min(_NOTICE_S, longest_s)):
        say("Waiting for the system's password store; it may want to be unlocked.")
        if not _wait(done, begun + longest_s):
            _silent_since[:] = [monotonic()]
            raise _silent()
    if found:
        return found[0]
    # Raised out here, so that it leads to nothing: the text of a backend's error could
    # hold anything, and backends raise what they like.
    raise LocalError(
        f"The system's password store cannot be {what} ({kinds[0]}).",
        advice="Unlock it, or choose --cache file.",
    )


def _wait(done: threading.Event, until: float) -> bool:
    # In slices, because Windows lets no Ctrl-C into a long wait.
    while not done.wait(min(_SLICE_S, max(0.0, until - monotonic()))):
        if monotonic() >= until:
            return False
    return True


def _silent() -> StoreSilent:
    return StoreSilent(
        "The system's password store does not answer.",
        advice="Unlock it, then run this again. A new sign-in can be kept with --cache file.",
    )
