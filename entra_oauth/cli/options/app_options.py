"""The app: whose token it is, of which authority, for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.declare import Origins, filled, flag, option

if TYPE_CHECKING:
    from entra_oauth.cache.profiles import Profile

__all__ = ["AppOptions", "RenewOptions", "RequestOptions", "StoreOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOptions:
    """The app, its authority, what its token is for, and whose it is."""

    tenant: str | None = option(
        "Directory (tenant) ID, a domain, or common, organizations, consumers",
        metavar="ID",
        azure="AZURE_TENANT_ID",
    )
    client_id: str | None = option(
        "Application (client) ID of the app registration", metavar="ID", azure="AZURE_CLIENT_ID"
    )
    scope: tuple[str, ...] = option(
        "what the token is for; may be repeated; databricks, graph and arm are short names",
        metavar="SCOPE",
        default=("databricks",),
    )
    workspace_url: str | None = option(
        "Databricks workspace; it names tenant and cloud, where --tenant is not given",
        metavar="URL",
        azure="DATABRICKS_HOST",
    )
    profile: str | None = option(
        "take what is not given here from this profile (default: the default one)",
        short="p",
        metavar="NAME",
    )
    account: str | None = option("who signed in (default: the latest who did)", metavar="USER")
    cloud: str | None = option(
        "national cloud",
        metavar="NAME",
        choices=("public", "usgov", "china", "bleu", "delos", "govsg"),
        default="public",
    )
    """None where `authority_host` counts instead."""
    authority_host: str | None = option(
        "login host, instead of --cloud's", metavar="URL", azure="AZURE_AUTHORITY_HOST"
    )
    settings: Profile | None = filled()
    """The profile that is used, if there is one."""
    origins: Origins = field(default_factory=Origins)

    @property
    def profile_name(self) -> str | None:
        """The name of the profile that is used."""
        return self.settings.name if self.settings is not None else None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the profile allows a token to be sent to, beside the known ones."""
        return self.settings.texts("hosts") if self.settings is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """Parameters that are sent beside the usual ones."""

    claims: str | None = option(
        "claims challenge to answer: the JSON text that came with an error", metavar="JSON"
    )
    correlation_id: str | None = option(
        "id by which Entra's logs know the requests (default: none is sent)", metavar="GUID"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewOptions:
    """The renewal of a stored token."""

    min_validity: int = option(
        "seconds that the token must still be good, else it is renewed", metavar="S", default=300
    )
    force_refresh: bool = flag("renew the token in any case")
    interactive: bool = flag("sign in where only a person can go on")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """The place where tokens are stored."""

    cache: str | None = option(
        "where tokens are kept: keyring, file, memory or none (default: keyring where it works, "
        "else file)",
        metavar="WHERE",
        choices=("keyring", "file", "memory", "none"),
    )
