"""Sign-ins at Databricks' own authority: under way, agreed, and lasting."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User

__all__ = ["OwnCode", "OwnRefresh", "OwnRequest", "OwnSignIns"]

T = TypeVar("T")

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRequest:
    """An authorize request of a client of Databricks' own."""

    issuer: str
    """The workspace that was asked."""
    back: str
    """Scheme, host and port to which Entra sends the person back."""
    client_id: str
    redirect_uri: str
    scope: str
    state: str | None = field(repr=False)
    challenge: str
    """S256 of the verifier (RFC 7636 §4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCode:
    """What a code stands for."""

    request: OwnRequest
    user: User
    issued_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRefresh:
    """What a refresh token stands for."""

    issuer: str
    client_id: str
    scope: str
    user: User


class _Once(Generic[T]):
    """Values by a name that nobody can guess; the oldest goes when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, T] = OrderedDict()

    def put(self, name: str, value: T) -> None:
        with self._lock:
            self._kept[name] = value
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def take(self, name: str) -> T | None:
        """The value, for one caller alone."""
        with self._lock:
            return self._kept.pop(name, None)


class OwnSignIns:
    """All three are used once: a code as RFC 6749 says, a refresh token because it rotates."""

    def __init__(self) -> None:
        self.requests: _Once[OwnRequest] = _Once()
        self.codes: _Once[OwnCode] = _Once()
        self.refresh: _Once[OwnRefresh] = _Once()
