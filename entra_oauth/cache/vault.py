"""The operating system's store of passwords, through `keyring`, for refresh tokens.

macOS' Keychain, Windows' Credential Manager, the Secret Service of a Linux desktop.
`keyring` is an extra; where it or the store behind it is missing, there is none.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from entra_oauth.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyring.backend import KeyringBackend

__all__ = ["Keyring", "Vault", "can_be_expected"]

T = TypeVar("T")

_SERVICE = "entra-oauth"
_PROBE = "probe"
_AS_LONG_AS_A_TOKEN = 2500  # characters: Windows takes 1,280 where it is not split up


def can_be_expected(environ: Mapping[str, str], platform: str) -> bool:
    """Tell if it is worth trying. Nothing is imported for this.

    `keyring` takes 80 ms to import, and on a Linux without a desktop's message bus there
    is no store behind it.
    """
    if importlib.util.find_spec("keyring") is None:
        return False
    if platform != "linux" or environ.get("PYTHON_KEYRING_BACKEND"):
        return True
    bus = os.path.join(environ.get("XDG_RUNTIME_DIR") or "/nowhere", "bus")
    return bool(environ.get("DBUS_SESSION_BUS_ADDRESS")) or os.path.exists(bus)


class Vault(Protocol):
    """A place for secrets. Every method raises `LocalError`."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, secret: str) -> None: ...

    def drop(self, key: str) -> None: ...


class Keyring:
    """A `Vault` over a backend of `keyring`."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    @classmethod
    def open(cls) -> Keyring:
        """The backend that this machine has. Raises `LocalError` if it has none."""
        if importlib.util.find_spec("keyring") is None:
            raise LocalError(
                "The package keyring is not installed.",
                advice="Install entra-oauth[keyring], or choose --cache file.",
            )
        import keyring

        return cls(_attempt("found", keyring.get_keyring))

    @classmethod
    def working(cls) -> Keyring:
        """The same, tried out with something as long as a token. Raises `LocalError`."""
        vault = cls.open()
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
        return vault

    def get(self, key: str) -> str | None:
        """The secret of a key; None if there is none."""
        return _attempt("read", lambda: self._backend.get_password(_SERVICE, key))

    def put(self, key: str, secret: str) -> None:
        """Keep a secret."""
        _attempt("written to", lambda: self._backend.set_password(_SERVICE, key, secret))

    def drop(self, key: str) -> None:
        """Forget a secret; none to forget is fine."""
        if self.get(key) is not None:
            _attempt("changed", lambda: self._backend.delete_password(_SERVICE, key))


def _attempt(what: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except Exception as error:
        kind = type(error).__name__
    # Raised out here, so that it leads to nothing: the text of a backend's error could
    # hold anything, and backends raise what they like.
    raise LocalError(
        f"The system's password store cannot be {what} ({kind}).",
        advice="Unlock it, or choose --cache file.",
    )
