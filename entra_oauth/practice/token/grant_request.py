"""The argument of a grant function, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import because_of, refuse
from entra_oauth.practice.request.claims_request import NO_CLAIMS
from entra_oauth.practice.request.scope_string import check_target, read_resource, read_scope

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp, Tenant, User
    from entra_oauth.practice.directory.tenant_authority import TenantAuthority
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.claims_request import ClaimsRequest
    from entra_oauth.practice.request.scope_string import RequestedScope, ResourceScope
    from entra_oauth.practice.state.context import Context

__all__ = [
    "AppCredential",
    "AppGrant",
    "GrantRequest",
    "UserGrant",
    "choose_resource",
    "need_consent",
    "requested_now",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest:
    """A token request whose client is known to exist."""

    context: Context
    call: Call
    authority: TenantAuthority
    app: RegisteredApp
    credential: AppCredential
    version: int
    """Of the endpoint: 1 or 2."""

    def need(self, name: str) -> str:
        return self.call.form.need(name)

    @property
    def home(self) -> Tenant:
        return self.authority.home(self.context.directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGrant:
    """The tokens that may be issued for a person."""

    user: User
    tenant: Tenant
    platform: Platform
    resource_scope: ResourceScope
    """The one resource that the access token is for."""
    requested: RequestedScope
    """All that was agreed; a refresh token stands for this."""
    nonce: str | None = field(default=None, repr=False)
    first_issued_at: float
    """The time at which the line of refresh tokens began."""
    amr: tuple[str, ...] = ("pwd",)
    claims: ClaimsRequest = NO_CLAIMS


@dataclass(frozen=True, slots=True, kw_only=True)
class AppGrant:
    """The token that may be issued to an app for itself."""

    tenant: Tenant
    resource_scope: ResourceScope
    life_s: int
    claims: ClaimsRequest = NO_CLAIMS


def requested_now(
    request: GrantRequest, *, agreed: tuple[ResourceScope, ...] = ()
) -> RequestedScope:
    """Read the scope that this very request names, by `scope`, or `resource` with v1.0.

    `agreed` is what a scope without an API means to a `resource` beside it.
    """
    directory = request.context.directory
    if request.version == 1:
        return read_resource(request.need("resource"), directory, request.home, request.app)
    scope = request.need("scope")
    check_target(request.call.form.get("resource"), scope, directory, agreed)
    requested = read_scope(scope, directory, request.home, request.app)
    if len(requested.resources) > 1:
        raise refuse(28000, request.need("scope"))
    return requested


def need_consent(request: GrantRequest, resource_scope: ResourceScope, user: User) -> None:
    """AADSTS65001 unless that person, or an administrator, agreed."""
    context = request.context
    if not context.consented(request.app, resource_scope, user):
        no = refuse(65001, request.app.client_id, request.app.name)
        raise because_of(context.withdrawn_by, no)


def choose_resource(request: GrantRequest, requested: RequestedScope, user: User) -> ResourceScope:
    """The resource of this token: what is named now, else the first that was agreed."""
    form = request.call.form
    if request.version == 1:
        if form.get("resource") is None:
            return requested.resources[0]
        (resource_scope,) = requested_now(request).resources
        need_consent(request, resource_scope, user)
        return resource_scope
    text = form.get("scope")
    if text is None:
        if form.has("scope"):
            raise refuse(28003)
        check_target(form.get("resource"), "", request.context.directory, requested.resources[:1])
        return requested.resources[0]
    now = requested_now(request, agreed=requested.resources[:1])
    if set(text.split()) <= set(now.oidc):
        return requested.resources[0]
    need_consent(request, now.resources[0], user)
    return now.resources[0]


@dataclass(frozen=True, slots=True)
class AppCredential:
    """The proof that the app showed, if it did."""

    secret: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)

    @property
    def given(self) -> bool:
        return self.secret is not None or self.assertion is not None

    @property
    def proof(self) -> str:
        """As tokens tell it: 0 not at all, 1 by secret, 2 by assertion."""
        if self.assertion is not None:
            return "2"
        return "0" if self.secret is None else "1"
