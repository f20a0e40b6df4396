"""An authority: a host, a tenant, and the endpoints and issuers that follow.

No discovery request is made: the endpoints of Entra's clouds are constants.
Hosts, aliases and issuers: Entra's "National clouds" page, for the two Chinese host
names the metadata that they serve, for the newer sovereign clouds the tables of
Microsoft's own libraries; suffixes of workspaces: those of Databricks' own SDK.

The ids of tenants, apps and people are GUIDs: one value in several spellings (RFC 9562 §4:
read without regard to case). An issuer, a subject, a nonce, a key's name or an App ID URI is
not, and is compared byte for byte.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from entra_oauth.errors import UsageError
from entra_oauth.light import dataclass, pattern
from entra_oauth.protocol.messages import is_loopback, refuse_control_characters

__all__ = [
    "CLOUDS",
    "GUID",
    "Authority",
    "Cloud",
    "check_app",
    "cloud_of",
    "folded",
    "require_client_id",
    "same_id",
]

GUID = pattern(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HTTPS_URL = pattern(r"https://[^/?#\s]+", re.IGNORECASE)


def folded(text: str) -> str:
    """A GUID as Entra writes it: without braces, in lower case. Any other text as it is."""
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    return bare.lower() if GUID.fullmatch(bare) else text


def require_client_id(client_id: str) -> None:
    """Raise `UsageError` for an empty client id."""
    if not client_id.strip():
        raise UsageError(
            "There is no client id.",
            advice="Copy the Application (client) ID from the app's Overview page "
            "and give it with --client-id.",
        )


def same_id(one: object, other: object) -> bool:
    """True where two ids are one: GUIDs without regard to case, all else exactly."""
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return one.lower() == other.lower() and bool(GUID.fullmatch(one))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One national cloud. Each has its own app registrations and its own tenants."""

    name: str
    host: str
    """The login host that requests go to, and that v2.0 tokens name as their issuer."""
    aliases: tuple[str, ...] = ()
    """Other names of the same service."""
    workspaces: str = ""
    """The end of a Databricks workspace's host; empty where none is known."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """All names of the login service."""
        return (self.host, *self.aliases)


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="public",
            host="login.microsoftonline.com",
            aliases=("login.windows.net", "login.microsoft.com", "sts.windows.net"),
            workspaces=".azuredatabricks.net",
        ),
        Cloud(
            name="usgov",
            host="login.microsoftonline.us",
            aliases=("login.usgovcloudapi.net",),
            workspaces=".databricks.azure.us",
        ),
        Cloud(
            name="china",
            host="login.partner.microsoftonline.cn",
            aliases=("login.chinacloudapi.cn",),
            workspaces=".databricks.azure.cn",
        ),
        Cloud(name="bleu", host="login.sovcloud-identity.fr"),
        Cloud(name="delos", host="login.sovcloud-identity.de"),
        Cloud(name="govsg", host="login.sovcloud-identity.sg"),
    )
}
"""By name. The last three are the sovereign clouds of France, Germany and Singapore."""


def cloud_of(base: str) -> str:
    """The name of the cloud that an origin is the login host of; `public` if of none."""
    host = base.partition("://")[2]
    return next((cloud.name for cloud in CLOUDS.values() if host in cloud.hosts), "public")


# A GUID, a verified domain, or one of the three words. Nothing else can be a
# path segment that needs no escaping.
_TENANT = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")

MULTI_TENANT = frozenset(["common", "organizations", "consumers"])

_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal Microsoft accounts ("OpenID Connect on the Microsoft
identity platform")."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A host and a tenant of it.

    `base` is an origin: scheme, host and perhaps a port. `http` is for loopback
    only (RFC 6749 §3.1: TLS is required). `tenant` is a GUID, a verified domain,
    `common`, `organizations` or `consumers`.

    Raises `UsageError` when made from anything else.
    """

    base: str
    tenant: str

    def __post_init__(self) -> None:
        refuse_control_characters("The authority", self.base)
        refuse_control_characters("The tenant", self.tenant)
        object.__setattr__(self, "base", _checked_origin(self.base))
        if not _TENANT.fullmatch(self.tenant) or ".." in self.tenant:
            raise UsageError(
                "The tenant is neither a GUID nor a domain nor one of common, organizations, "
                "consumers.",
                advice="Copy the Directory (tenant) ID from the app's Overview page.",
            )

    @classmethod
    def of(cls, tenant: str, *, cloud: str = "public") -> Authority:
        """The authority of a tenant in one of Entra's clouds (see `CLOUDS`)."""
        if cloud not in CLOUDS:
            raise UsageError(
                f"There is no cloud of that name here; the names are {', '.join(CLOUDS)}.",
                advice="Choose one of them, or name the host with --authority-host.",
            )
        return cls(f"https://{CLOUDS[cloud].host}", tenant)

    @property
    def host(self) -> str:
        """Host, and port if there is one."""
        return urlsplit(self.base).netloc

    @property
    def cloud(self) -> str:
        """The name of its cloud; `public` for a host of none, such as a practice tenant."""
        return cloud_of(self.base)

    @property
    def authorization_endpoint(self) -> str:
        """The address that the browser goes to (RFC 6749 §3.1)."""
        return f"{self.base}/{self.tenant}/oauth2/v2.0/authorize"

    @property
    def token_endpoint(self) -> str:
        """The address at which the code is redeemed (RFC 6749 §3.2)."""
        return f"{self.base}/{self.tenant}/oauth2/v2.0/token"

    @property
    def device_authorization_endpoint(self) -> str:
        """The address at which a device sign-in begins (RFC 8628 §3.1)."""
        return f"{self.base}/{self.tenant}/oauth2/v2.0/devicecode"

    @property
    def keys_endpoint(self) -> str:
        """The address of the keys that sign ID tokens."""
        return f"{self.base}/{self.tenant}/discovery/v2.0/keys"

    @property
    def entra_cloud(self) -> Cloud | None:
        """The cloud whose login host this is; None for any other host."""
        return next((cloud for cloud in CLOUDS.values() if self.host in cloud.hosts), None)

    def own_page(self, url: str | None) -> str | None:
        """The address, if it is https on a host of this authority: no other is shown to people."""
        hosts = self.entra_cloud.hosts if self.entra_cloud else (self.host,)
        good = any(f"{url}/".startswith(f"https://{host}/") for host in hosts)
        return url if good else None

    @property
    def is_entra(self) -> bool:
        """True where the host is the login host of one of Entra's clouds."""
        return self.entra_cloud is not None

    @property
    def is_on_this_machine(self) -> bool:
        """True for a loopback host, such as that of a practice tenant."""
        return is_loopback(urlsplit(self.base).hostname or "")

    @property
    def is_shared(self) -> bool:
        """True for `common`, `organizations` or `consumers`, and no one tenant."""
        return self.tenant.lower() in MULTI_TENANT

    def issuer(self, tenant_id: str) -> str:
        """The issuer of an ID token of that tenant (OpenID Connect Core §2).

        `tenant_id` is the token's own `tid`; whether that tenant was asked for is
        `accepts_tenant`'s to say.
        """
        cloud = self.entra_cloud
        base = f"https://{cloud.host}" if cloud else self.base
        return f"{base}/{tenant_id}/v2.0"

    def accepts_tenant(self, tenant_id: str) -> bool:
        """True where a token of that tenant can be the answer to this authority.

        Asked for by GUID, only that one can; `consumers` means one tenant, and
        `organizations` all others. `common` and a domain name say nothing about the
        GUID, so there any well-formed one passes.
        """
        if not GUID.fullmatch(tenant_id):
            return False
        asked, found = self.tenant.lower(), tenant_id.lower()
        if asked == "consumers":
            return found == _PERSONAL
        if asked == "organizations":
            return found != _PERSONAL
        return found == asked or not GUID.fullmatch(asked)

    def __str__(self) -> str:
        return f"{self.base}/{self.tenant}"


def check_app(authority: Authority, client_id: str) -> None:
    """Raise `UsageError` for a tenant or a client id that Entra's hosts can only refuse.

    Entra says so on a page in the browser, and nothing comes back. Other hosts may have ids
    of other forms. The article's procedure sends what it was given, and does not ask here.
    """
    if not authority.is_entra:
        return
    is_guid = bool(GUID.fullmatch(authority.tenant))
    if not (is_guid or authority.is_shared or "." in authority.tenant):
        raise UsageError(
            "The tenant is neither a GUID nor a domain with a dot nor one of common, "
            "organizations, consumers.",
            advice="Copy the Directory (tenant) ID from the app's Overview page, or write "
            "the domain in full, such as NAME.onmicrosoft.com.",
        )
    # An https URL is the id of a client that is described by a document of its own. The value
    # is not repeated: it may be a secret in the wrong place.
    if not GUID.fullmatch(client_id) and not _HTTPS_URL.match(client_id):
        raise UsageError(
            "The client id is neither a GUID nor an https URL, so no app at Entra has it.",
            advice="Copy the Application (client) ID from the app's Overview page.",
        )


def _checked_origin(base: str) -> str:
    advice = "Write it as https://host, for example https://login.microsoftonline.com."
    try:
        parts = urlsplit(base if "://" in base else f"https://{base}")
        port = parts.port
    except ValueError:
        raise UsageError("The authority host is not a URL.", advice=advice) from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError("The authority host is not an https URL.", advice=advice)
    if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError(
            "The authority host has more than scheme, host and port.",
            advice=f"{advice} The tenant is an option of its own.",
        )
    if not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", parts.hostname):
        raise UsageError("The authority host holds a character no host has.", advice=advice)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(
            "The authority is plain http and not on this machine: a code or a token sent there "
            "could be read on the way.",
            advice="Use https. Plain http is for a practice tenant on localhost only.",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # The default port is left out: it would make another issuer of the same host.
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in (None, usual) else f":{port}")
