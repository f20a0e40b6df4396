"""Issuers beside Entra, and the Databricks account's policies that believe them.

The practice tenant plays every issuer itself: no key is fetched from anywhere. A policy can
name none but those of the directory, and Entra's own tenants.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "DATABRICKS_ACCOUNT",
    "FederationPolicy",
    "IssuerKind",
    "ManagedIdentity",
    "OutsideIssuer",
    "entra_issuers",
    "identity_path",
]

DATABRICKS_ACCOUNT = "acc00000-0000-4000-8000-00000000000a"
"""The id of the account that the practice workspace belongs to."""


class ManagedIdentity(StrEnum):
    """An app that nobody registered: Azure made it for a machine, and keeps its secret."""

    NONE = "none"
    """An app registration like all others."""
    SYSTEM = "system"
    """The machine's own, which is meant where none is named."""
    USER = "user"
    """One of several that the machine may be told to use."""


class IssuerKind(StrEnum):
    """The shape of an issuer: the addresses, claims and lives of its tokens."""

    GITHUB = "github"
    """GitHub Actions."""
    AZURE_DEVOPS = "azure-devops"
    """A service connection of Azure Pipelines."""
    KUBERNETES = "kubernetes"
    """A cluster's service account tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideIssuer:
    """A build server or cluster whose programs are known by its tokens."""

    kind: IssuerKind
    url: str
    """Its `iss`, letter by letter; a slash at the end counts."""
    subject: str
    """The `sub` of the one program that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationPolicy:
    """Whose tokens the Databricks account takes, and for whom.

    https://learn.microsoft.com/azure/databricks/dev-tools/auth/oauth-federation-policy
    """

    issuer: str
    audiences: tuple[str, ...] = ()
    """One of them must be in the token; if there are none, the account's id."""
    subject_claim: str = "sub"
    subject: str | None = None
    """The value of that claim: of a service principal's policy, and of no other."""
    client_id: str | None = None
    """The service principal that the token stands for. None: the user whom the claim names."""

    def takes(self, audience: object) -> bool:
        """True if a token's `aud`, a text or a list of texts, is one that the policy wants."""
        sent = audience if isinstance(audience, list) else [audience]
        return bool(set(self.audiences or (DATABRICKS_ACCOUNT,)).intersection(map(str, sent)))


def identity_path(name: str) -> str:
    """The resource id of the managed identity of that name."""
    return (
        "/subscriptions/5ab00000-0000-4000-8000-000000000001/resourcegroups/practice/providers/"
        f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


def entra_issuers(tenant_id: str) -> tuple[str, str]:
    """Both issuers of a tenant: of v1.0 tokens, as those for Databricks are, and of v2.0."""
    v2 = f"https://login.microsoftonline.com/{tenant_id}/v2.0"
    return f"https://sts.windows.net/{tenant_id}/", v2
