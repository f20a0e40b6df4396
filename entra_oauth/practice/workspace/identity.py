"""Somebody whom the Databricks account knows."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.practice.directory.model import RegisteredApp, User
from entra_oauth.practice.token.signed_tokens import service_oid

__all__ = ["Identity", "at_home"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, or an app that speaks for itself: a service principal."""

    known: User | RegisteredApp
    oid: str
    """Object id in the tenant by which they came."""

    @property
    def user(self) -> User | None:
        return self.known if isinstance(self.known, User) else None

    @property
    def name(self) -> str:
        """User name or application id: the `sub` of tokens of Databricks' own."""
        return self.known.name if isinstance(self.known, User) else self.known.client_id

    @property
    def display_name(self) -> str:
        return self.known.display_name if isinstance(self.known, User) else self.known.name


def at_home(known: User | RegisteredApp) -> Identity:
    """Somebody in their own tenant."""
    if isinstance(known, User):
        return Identity(known, known.oid)
    return Identity(known, service_oid(known.tenant_id, known.client_id))
