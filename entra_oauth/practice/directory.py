"""Who and what the practice tenant knows: people, apps, APIs, consents.

Plain frozen values, with a default that fits the article: its client id and its
tenant id are registered, so its example URL works here unchanged. Nothing in
this module answers anything; the tenant only reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from entra_oauth.errors import UsageError, plain

__all__ = [
    "ARTICLE_CLIENT_ID",
    "ARTICLE_TENANT_ID",
    "DATABRICKS",
    "DEFAULT",
    "GRAPH",
    "App",
    "Consent",
    "Directory",
    "Platform",
    "Redirect",
    "Resource",
    "Tenant",
    "User",
]

ARTICLE_TENANT_ID = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
ARTICLE_CLIENT_ID = "12a34b56-789c-0d12-e3fa-b456789c0123"
DATABRICKS = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"
GRAPH = "00000003-0000-0000-c000-000000000000"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One directory of people and apps."""

    id: str
    """GUID, lower case."""
    domain: str
    """A verified domain name; works in the URL in place of the id."""
    name: str


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
    in_workspace: bool = True
    """Whether the practice workspace lets this person in."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A registered redirect URI and its platform."""

    uri: str
    platform: Platform = Platform.NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app registration."""

    client_id: str
    name: str
    redirects: tuple[Redirect, ...]
    secret: str | None = field(default=None, repr=False)
    tenant_id: str = ARTICLE_TENANT_ID
    multitenant: bool = True
    """Whether `/common` and `/organizations` may be used with it (AADSTS50194)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An API that tokens can be asked for."""

    id: str
    """Its application id, a GUID; always a valid way to name it in a scope."""
    name: str
    uris: tuple[str, ...] = ()
    """Other names it answers to in a scope, as registered."""
    permissions: tuple[str, ...] = ("user_impersonation",)

    def answers_to(self, name: str) -> bool:
        """Whether a scope's resource part means this API."""
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
    apps: tuple[App, ...]
    resources: tuple[Resource, ...]
    consents: tuple[Consent, ...] = ()

    def __post_init__(self) -> None:
        """Raise `UsageError` for a directory that does not fit together."""
        known = {tenant.id for tenant in self.tenants}
        if not known:
            raise _unfit("has no tenant")
        named = {user.tenant_id for user in self.users} | {app.tenant_id for app in self.apps}
        if strange := named - known:
            raise _unfit(f"speaks of an unknown tenant, {plain(min(strange))}")
        names = [t.id for t in self.tenants] + [t.domain for t in self.tenants]
        names += [u.oid for u in self.users] + [u.name for u in self.users]
        names += [a.client_id for a in self.apps] + [r.id for r in self.resources]
        for name in names:
            if name != name.lower() or names.count(name) > 1:
                raise _unfit(f"has {plain(name)} twice, or not in lower case")

    def tenant(self, name: str) -> Tenant | None:
        """By id or domain."""
        name = name.lower()
        return next((t for t in self.tenants if name in (t.id, t.domain)), None)

    def user(self, name: str, tenant_id: str | None = None) -> User | None:
        """By sign-in name; in one tenant only, if given."""
        name = name.strip().lower()
        return next(
            (u for u in self.users if u.name == name and tenant_id in (None, u.tenant_id)), None
        )

    def user_with_oid(self, oid: str) -> User | None:
        return next((u for u in self.users if u.oid == oid), None)

    def app(self, client_id: str, tenant_id: str | None = None) -> App | None:
        """By client id; only if it can be used in that tenant."""
        client_id = client_id.lower()
        return next(
            (
                a
                for a in self.apps
                if a.client_id == client_id and (a.multitenant or tenant_id in (None, a.tenant_id))
            ),
            None,
        )

    def resource(self, name: str) -> Resource | None:
        """By what a scope calls it."""
        return next((r for r in self.resources if r.answers_to(name)), None)


def _unfit(what: str) -> UsageError:
    return UsageError(
        f"The practice directory {what}.",
        advice="Correct the directory that is given to the practice tenant.",
    )


def _user(number: int, given: str, family: str) -> User:
    return User(
        oid=f"0a11ce00-0000-4000-8000-{number:012d}",
        name=f"{given.lower()}@contoso-practice.example",
        display_name=f"{given} {family}",
        given_name=given,
        family_name=family,
        password="practice",  # noqa: S106 - printed on the start page: nothing here is secret
    )


DEFAULT = Directory(
    tenants=(
        Tenant(id=ARTICLE_TENANT_ID, domain="contoso-practice.example", name="Contoso (practice)"),
    ),
    users=(
        _user(1, "Alice", "Practice"),
        _user(2, "Bob", "Practice"),
        _user(3, "Mallory", "Practice"),
    ),
    apps=(
        App(
            client_id=ARTICLE_CLIENT_ID,
            name="Practice native app",
            redirects=(
                Redirect("http://localhost"),
                Redirect("https://login.microsoftonline.com/common/oauth2/nativeclient"),
            ),
        ),
        App(
            client_id="5eb00000-0000-4000-8000-000000000002",
            name="Practice web app",
            redirects=(Redirect("http://localhost/web", Platform.WEB),),
            secret="practice-secret",  # noqa: S106 - as above
        ),
        App(
            client_id="5ba00000-0000-4000-8000-000000000003",
            name="Practice single-page app",
            redirects=(Redirect("http://localhost/spa", Platform.SPA),),
        ),
        App(
            client_id="51f61e00-0000-4000-8000-000000000004",
            name="Practice single-tenant app",
            redirects=(Redirect("http://localhost"), Redirect("http://127.0.0.1/ip")),
            multitenant=False,
        ),
    ),
    resources=(
        Resource(id=DATABRICKS, name="AzureDatabricks"),
        Resource(
            id=GRAPH,
            name="Microsoft Graph",
            uris=("https://graph.microsoft.com", "https://graph.microsoft.com/"),
            permissions=("User.Read",),
        ),
        Resource(
            id="797f4846-ba00-4fd7-ba43-dac1f8f63013",
            name="Azure Service Management",
            uris=("https://management.core.windows.net/", "https://management.azure.com/"),
        ),
    ),
)
"""The directory that is used when none is given."""
