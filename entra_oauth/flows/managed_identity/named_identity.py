"""The identity that is asked for, the place that gives its token, and the resource it is for."""

from __future__ import annotations

import re
from enum import StrEnum

from entra_oauth.errors import UsageError, plain
from entra_oauth.light import dataclass
from entra_oauth.protocol.authority import GUID, folded
from entra_oauth.protocol.scopes import expand, resource_of

__all__ = ["IdKind", "IdentitySource", "NamedIdentity", "identity_source", "resource_asked"]

_RESOURCE_ID = re.compile(r"/subscriptions/[\w.()/-]{1,500}", re.ASCII | re.IGNORECASE)
_FORM = (
    "Write --managed-identity-id client-id=GUID, object-id=GUID or "
    "resource-id=/subscriptions/…; without it the system-assigned identity is meant."
)


class IdentitySource(StrEnum):
    """The service that gives the token, as the command line calls it."""

    IMDS = "imds"
    """The metadata service of a virtual machine, a scale set, a node of AKS."""
    APP_SERVICE = "app-service"
    """App Service, Functions, Container Apps; and `serve identity` of this tool."""
    ARC = "arc"
    """The agent of Azure Arc, on a machine that stands elsewhere."""


def identity_source(text: str | None) -> IdentitySource:
    """The source of that name. Raises `UsageError`, also where none is named."""
    if text is None:
        raise UsageError(
            "It is not said which service gives the managed identity's token.",
            advice=f"Give --managed-identity-source: {', '.join(IdentitySource)}. "
            "entra-oauth doctor says what this machine could use.",
        )
    try:
        return IdentitySource(text)
    except ValueError:
        raise UsageError(
            "The source of the managed identity is none that is known.",
            advice=f"Use one of {', '.join(IdentitySource)}.",
        ) from None


class IdKind(StrEnum):
    """The ids by which a user-assigned identity can be named."""

    CLIENT = "client-id"
    OBJECT = "object-id"
    RESOURCE = "resource-id"


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """A user-assigned identity, by one of its ids."""

    kind: IdKind
    value: str

    @classmethod
    def read(cls, text: str | None) -> NamedIdentity | None:
        """The identity in `KIND=VALUE`; None where none is named. Raises `UsageError`."""
        if text is None:
            return None
        kind, mark, value = text.partition("=")
        if not mark or kind not in tuple(IdKind):
            raise UsageError("The managed identity is not named as it must be.", advice=_FORM)
        value = folded(value.strip())
        pattern = _RESOURCE_ID if kind == IdKind.RESOURCE else GUID
        if not pattern.fullmatch(value):
            form = "path of a resource" if kind == IdKind.RESOURCE else "GUID"
            raise UsageError(f"The {kind} of the managed identity is no {form}.", advice=_FORM)
        return cls(IdKind(kind), value)

    def __str__(self) -> str:
        return f"{self.kind}={self.value}"


def resource_asked(scopes: tuple[str, ...], *, cloud: str) -> str:
    """The resource of the one scope, which ends in `/.default`. Raises `UsageError`.

    Of `https://management.azure.com//.default` it ends in a slash, as Azure's libraries have it.
    """
    named = expand(scopes, cloud=cloud)
    if len(named) != 1 or not named[0].endswith("/.default"):
        raise UsageError(
            "A managed identity's token is for one resource, as a scope that ends in /.default.",
            advice="Give --scope once, for example databricks or https://vault.azure.net/.default; "
            f"{plain(named[0], limit=80)} cannot be asked for there.",
        )
    return str(resource_of(named[0]))
