"""All that the practice tenant knows: people, apps, APIs, consents.

Plain frozen values. Nothing in this module answers anything; the tenant only
reads it. `defaults.DEFAULT` is the directory that is there when none is given,
and `defaults.read_directory` reads one from a file: see docs/practice.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.misfits import first_misfit
from entra_oauth.practice.directory.subscriptions import subscription_columns
from entra_oauth.practice.directory.workloads import (
    FederationPolicy,
    ManagedIdentity,
    OutsideIssuer,
)
from entra_oauth.practice.signing.jws import base64url, compact_json

if TYPE_CHECKING:
    from entra_oauth.practice.directory.misfits import Columns
    from entra_oauth.practice.directory.subscriptions import Subscription

__all__ = [
    "ARTICLE_CLIENT_ID",
    "ARTICLE_TENANT_ID",
    "DATABRICKS",
    "DEFAULT_PASSWORD",
    "GRAPH",
    "MANAGEMENT",
    "AccountStatus",
    "Consent",
    "Directory",
    "FederatedCredential",
    "Platform",
    "Preauthorized",
    "Redirect",
    "RegisteredApp",
    "Resource",
    "Tenant",
    "User",
    "client_info",
    "columns_of",
]

ARTICLE_TENANT_ID = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
ARTICLE_CLIENT_ID = "12a34b56-789c-0d12-e3fa-b456789c0123"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
GRAPH = "00000003-0000-0000-c000-000000000000"
MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""Azure Resource Manager."""
DEFAULT_PASSWORD = "practice"  # noqa: S105 - printed on the start page
"""The password of everybody whose own is not given."""

_IDENTITY = ("openid", "profile", "email")


class Platform(StrEnum):
    """Under which heading of the portal a redirect URI was registered.

    It decides how a code that went there may be redeemed: see
    https://learn.microsoft.com/entra/identity-platform/reply-url.
    """

    NATIVE = "native"
    """Mobile and desktop: a public client, no secret, no `Origin`."""
    WEB = "web"
    """A confidential client: a secret is required."""
    SPA = "spa"
    """A page's script: PKCE and an `Origin` header are required."""


class AccountStatus(StrEnum):
    """The state of a person's account."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """Blocked by an administrator (AADSTS50057)."""
    EXPIRED = "expired"
    """The password is too old (AADSTS50055)."""
    LOCKED = "locked"
    """Too many wrong passwords, or a bad address (AADSTS50053)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One directory of people and apps."""

    id: str
    """GUID, lower case."""
    domain: str
    """A verified domain name; works in the URL in place of the id."""
    name: str
    user_consent: bool = True
    """True if people may consent for themselves; if not, an administrator must (AADSTS90094)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `name` is what is typed at sign-in (the UPN)."""

    oid: str
    """Object id: the one name of a person that never changes."""
    name: str
    display_name: str
    given_name: str
    family_name: str
    password: str = field(repr=False)
    tenant_id: str = ARTICLE_TENANT_ID
    account: AccountStatus = AccountStatus.ACTIVE
    mfa: bool = False
    """True if a second step is asked for after the password."""
    federated: bool = False
    """True if another server knows the password, so that the password grant cannot work."""
    admin: bool = False
    """True if this person may consent for everybody."""
    in_workspace: bool = True
    """True if the practice workspace lets this person in."""
    contributor: bool = False
    """True if they have that role on the workspace's Azure resource: let in if they name it."""
    photo: bool = False
    """True if Graph has a photo of them."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A registered redirect URI and its platform."""

    uri: str
    platform: Platform = Platform.NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedCredential:
    """An issuer whose tokens may stand in for an app's secret (workload identity federation)."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preauthorized:
    """APIs that let an app have these permissions without anybody's consent."""

    resource_ids: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredApp:
    """An app registration."""

    client_id: str
    name: str
    redirects: tuple[Redirect, ...] = ()
    secret: str | None = field(default=None, repr=False)
    expired_secret: str | None = field(default=None, repr=False)
    """An earlier secret, whose time is over (AADSTS7000222)."""
    certificates: tuple[str, ...] = field(default=(), repr=False)
    """PEM texts of certificates whose keys may sign the app's assertions."""
    own_certificate: bool = False
    """True if the tenant makes the app one more, with a key: `PracticeTenant.certificate_of`."""
    federated: tuple[FederatedCredential, ...] = ()
    public_flows: bool = False
    """The portal's "Allow public client flows": password and device code without a secret."""
    id_tokens: bool = False
    """The portal's "ID tokens (used for implicit and hybrid flows)" (AADSTS700054)."""
    family: bool = False
    """True if refresh tokens may be shared with other family apps (`foci`)."""
    tenant_id: str = ARTICLE_TENANT_ID
    multitenant: bool = True
    """True if `/common` and `/organizations` may be used with it (AADSTS50194)."""
    in_workspace: bool = False
    """True if the practice workspace lets the app itself in."""
    contributor: bool = False
    """As with people."""
    managed: ManagedIdentity = ManagedIdentity.NONE
    """A managed identity of Azure's in the place of a registration."""
    preauthorized: tuple[Preauthorized, ...] = ()

    def held(self, resource_id: str) -> tuple[str, ...]:
        """The permissions of that API that the app has without anybody's consent."""
        given = (
            each.permissions for each in self.preauthorized if resource_id in each.resource_ids
        )
        return tuple(name for names in given for name in names)

    def holds(self, resource_id: str, permissions: tuple[str, ...]) -> bool:
        """True if the app has all of these without anybody's consent."""
        free = {*self.held(resource_id), *_IDENTITY}
        return bool(self.preauthorized) and set(permissions) <= free

    @property
    def confidential(self) -> bool:
        """True if there is anything by which the app could prove itself."""
        return bool(
            self.secret
            or self.expired_secret
            or self.certificates
            or self.own_certificate
            or self.federated
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An API that tokens can be asked for."""

    id: str
    """Its application id, a GUID; always a valid way to name it in a scope."""
    name: str
    uris: tuple[str, ...] = ()
    """Other names it answers to in a scope, as registered."""
    permissions: tuple[str, ...] = ("user_impersonation",)
    admin_permissions: tuple[str, ...] = ()
    """Permissions that only an administrator can consent to; `.default` leaves them out."""
    version: int = 1
    """Of its access tokens, 1 or 2: the registration decides that, not the endpoint."""
    cae: bool = False
    """True if it takes part in continuous access evaluation."""

    def answers_to(self, name: str) -> bool:
        """True if a scope's resource part means this API."""
        return name.lower() == self.id or name in self.uris


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`app` may call `resource` for `user`; no user means: an administrator, for all."""

    client_id: str
    resource_id: str
    oid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everything that is registered. Looking up is without regard to the case of ids."""

    tenants: tuple[Tenant, ...]
    users: tuple[User, ...]
    apps: tuple[RegisteredApp, ...]
    resources: tuple[Resource, ...]
    consents: tuple[Consent, ...] = ()
    issuers: tuple[OutsideIssuer, ...] = ()
    federation_policies: tuple[FederationPolicy, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    microsoft_apps: tuple[RegisteredApp, ...] = ()
    """Microsoft's own, which are in every tenant without having been registered there."""

    def __post_init__(self) -> None:
        """Raise `UsageError` for a directory that does not fit together."""
        columns = {
            **columns_of(self.tenants, self.users, self.apps, self.resources, self.consents),
            **subscription_columns(self.subscriptions),
        }
        misfit = first_misfit(columns, {app.client_id: app.name for app in self.microsoft_apps})
        if misfit is not None or not self.tenants:
            raise UsageError(
                f"The practice directory {misfit.what if misfit else 'has no tenant'}.",
                advice="Correct the directory that is given to the practice tenant.",
            )

    def with_admin_consent(self) -> Directory:
        """The same, with every app allowed to call every API for everybody.

        No consent page then stands between a sign-in and its token, and the password
        grant works at once. What Microsoft's apps hold of Microsoft's APIs stays as it is.
        """
        given = tuple(
            Consent(client_id=app.client_id, resource_id=resource.id)
            for app in (*self.apps, *self.microsoft_apps)
            for resource in self.resources
            if not self.both_microsofts(app, resource)
        )
        return replace(self, consents=given)

    def tenant(self, name: str) -> Tenant | None:
        """By id or domain."""
        name = name.lower()
        return next((t for t in self.tenants if name in (t.id, t.domain)), None)

    def tenant_of(self, owner: User | RegisteredApp) -> Tenant:
        """The tenant in which a person or an app is registered."""
        return next(t for t in self.tenants if t.id == owner.tenant_id)

    def user(self, name: str, tenant_id: str | None = None) -> User | None:
        """By sign-in name; in one tenant only, if given."""
        name = name.strip().lower()
        return next(
            (u for u in self.users if u.name == name and tenant_id in (None, u.tenant_id)), None
        )

    def user_with_oid(self, oid: str) -> User | None:
        return next((u for u in self.users if u.oid == oid), None)

    def app(self, client_id: str, tenant_id: str | None = None) -> RegisteredApp | None:
        """By client id; only if it can be used in that tenant."""
        client_id = client_id.lower()
        return next(
            (
                a
                for a in (*self.apps, *self.microsoft_apps)
                if a.client_id == client_id and (a.multitenant or tenant_id in (None, a.tenant_id))
            ),
            None,
        )

    def resource(self, name: str) -> Resource | None:
        """By what a scope calls it."""
        return next((r for r in self.resources if r.answers_to(name)), None)

    def subscription(self, name: str) -> Subscription | None:
        return next((s for s in self.subscriptions if s.id == name.lower()), None)

    def both_microsofts(self, app: RegisteredApp, resource: Resource) -> bool:
        """True if app and API are Microsoft's own, so that no consent can join them."""
        return app in self.microsoft_apps and any(a.held(resource.id) for a in self.microsoft_apps)


def columns_of(
    tenants: tuple[Tenant, ...],
    users: tuple[User, ...],
    apps: tuple[RegisteredApp, ...],
    resources: tuple[Resource, ...],
    consents: tuple[Consent, ...],
) -> Columns:
    """Their names and ids, for those who look if they fit together."""
    return {
        ("tenants", "id"): tuple(each.id for each in tenants),
        ("tenants", "domain"): tuple(each.domain for each in tenants),
        ("users", "name"): tuple(each.name for each in users),
        ("users", "oid"): tuple(each.oid for each in users),
        ("users", "tenant_id"): tuple(each.tenant_id for each in users),
        ("apps", "client_id"): tuple(each.client_id for each in apps),
        ("apps", "tenant_id"): tuple(each.tenant_id for each in apps),
        ("resources", "id"): tuple(each.id for each in resources),
        ("resources", "version"): tuple(str(each.version) for each in resources),
        ("consents", "client_id"): tuple(each.client_id for each in consents),
        ("consents", "resource_id"): tuple(each.resource_id for each in consents),
        ("consents", "oid"): tuple(each.oid for each in consents),
    }


def client_info(user: User, tenant: Tenant) -> str:
    """The ids of the person and the tenant, for clients that asked with `client_info=1`."""
    text = compact_json({"uid": user.oid, "utid": tenant.id})
    return base64url(text.encode()).decode("ascii")
