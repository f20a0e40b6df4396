"""The directory that is there when none is given.

It fits the article: its client id and its tenant id are registered, so its example
URL works here unchanged. Every other id is invented. No password or secret here is
one: the start page prints them all.
"""

from __future__ import annotations

from entra_oauth.practice.directory.model import (
    ARTICLE_CLIENT_ID,
    ARTICLE_TENANT_ID,
    DATABRICKS,
    GRAPH,
    AccountStatus,
    Directory,
    FederatedCredential,
    Platform,
    Redirect,
    RegisteredApp,
    Resource,
    Tenant,
    User,
)

__all__ = ["DEFAULT", "DEFAULT_PASSWORD", "MANAGEMENT"]

DEFAULT_PASSWORD = "practice"  # noqa: S105 - printed on the start page
MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""Azure's management API, which service principals of Databricks need as well."""

_DOMAIN = "contoso-practice.example"
_MANAGEMENT_HOSTS = (
    "management.azure.com",
    "management.core.windows.net",
    "management.usgovcloudapi.net",
    "management.core.usgovcloudapi.net",
    "management.chinacloudapi.cn",
    "management.core.chinacloudapi.cn",
)
_MIDDLE = "3dd1e000-0000-4000-8000-000000000006"


def _user(
    number: int,
    given: str,
    *,
    domain: str = _DOMAIN,
    account: AccountStatus = AccountStatus.ACTIVE,
    mfa: bool = False,
    federated: bool = False,
    admin: bool = False,
    outside: bool = False,
) -> User:
    return User(
        oid=f"0a11ce00-0000-4000-8000-{number:012d}",
        name=f"{given.lower()}@{domain}",
        display_name=f"{given} Practice",
        given_name=given,
        family_name="Practice",
        password=DEFAULT_PASSWORD,
        account=account,
        mfa=mfa,
        federated=federated,
        admin=admin,
        in_workspace=not outside,
        contributor=outside,
    )


DEFAULT = Directory(
    tenants=(Tenant(id=ARTICLE_TENANT_ID, domain=_DOMAIN, name="Contoso (practice)"),),
    users=(
        _user(1, "Alice"),
        _user(2, "Bob"),
        _user(3, "Mallory"),
        _user(4, "Carol", mfa=True),
        _user(5, "Dave", account=AccountStatus.DISABLED),
        _user(6, "Erin", account=AccountStatus.EXPIRED),
        _user(7, "Frank", domain=f"federated.{_DOMAIN}", federated=True),
        _user(8, "Grace", outside=True),
        _user(9, "Heidi", account=AccountStatus.LOCKED),
        _user(10, "Trent", admin=True),
    ),
    apps=(
        RegisteredApp(
            client_id=ARTICLE_CLIENT_ID,
            name="Practice native app",
            redirects=(
                Redirect("http://localhost"),
                Redirect("https://login.microsoftonline.com/common/oauth2/nativeclient"),
            ),
            public_flows=True,
        ),
        RegisteredApp(
            client_id="5eb00000-0000-4000-8000-000000000002",
            name="Practice web app",
            redirects=(Redirect("http://localhost/web", Platform.WEB),),
            secret="practice-secret",  # noqa: S106 - as above
        ),
        RegisteredApp(
            client_id="5ba00000-0000-4000-8000-000000000003",
            name="Practice single-page app",
            redirects=(Redirect("http://localhost/spa", Platform.SPA),),
        ),
        RegisteredApp(
            client_id="51f61e00-0000-4000-8000-000000000004",
            name="Practice single-tenant app",
            redirects=(Redirect("http://localhost"), Redirect("http://127.0.0.1/ip")),
            multitenant=False,
        ),
        RegisteredApp(
            client_id="da3e0000-0000-4000-8000-000000000005",
            name="Practice daemon",
            secret="practice-secret",  # noqa: S106 - as above
            expired_secret="practice-secret-of-last-year",  # noqa: S106 - as above
            own_certificate=True,
            federated=(
                FederatedCredential(
                    issuer="https://token.actions.practice.example",
                    subject="repo:contoso/practice:ref:refs/heads/main",
                ),
            ),
            multitenant=False,
            in_workspace=True,
        ),
        RegisteredApp(
            client_id=_MIDDLE,
            name="Practice middle-tier API",
            redirects=(Redirect("http://localhost/middle", Platform.WEB),),
            secret="practice-secret",  # noqa: S106 - as above
        ),
        RegisteredApp(
            client_id="fa311700-0000-4000-8000-000000000007",
            name="Practice family app",
            redirects=(Redirect("http://localhost"),),
            public_flows=True,
            family=True,
        ),
        RegisteredApp(
            client_id="fa311700-0000-4000-8000-000000000008",
            name="Practice family app, the sibling",
            redirects=(Redirect("http://localhost"),),
            public_flows=True,
            family=True,
        ),
    ),
    resources=(
        Resource(
            id=DATABRICKS,
            name="AzureDatabricks",
            uris=("https://azuredatabricks.net/",),
            cae=True,  # fidelity: cae-databricks
        ),
        Resource(
            id=GRAPH,
            name="Microsoft Graph",
            uris=("https://graph.microsoft.com", "https://graph.microsoft.com/"),
            permissions=("User.Read",),
            admin_permissions=("Directory.Read.All",),
            cae=True,
        ),
        Resource(
            id=MANAGEMENT,
            name="Azure Service Management",
            uris=tuple(f"https://{host}{end}" for host in _MANAGEMENT_HOSTS for end in ("", "/")),
        ),
        Resource(
            id=_MIDDLE,
            name="Practice middle-tier API",
            uris=(f"api://{_MIDDLE}",),
            permissions=("access_as_user",),
            version=2,
        ),
    ),
)
"""The default directory."""
