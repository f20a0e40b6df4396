"""What a grant function is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.request.claims_request import NO_CLAIMS
from entra_oauth.practice.request.scope_string import read_resource, read_scope

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.claims_request import ClaimsRequest

    pass
    from entra_oauth.practice.directory.model import (
        App,
        Platform,
        Tenant,
        User,
    )
    from entra_oauth.practice.directory.tenant_authority import Authority
    from entra_oauth.practice.request.scope_string import Asked, Wanted
    from entra_oauth.practice.state.context import World

__all__ = [
    "Credential",
    "Granted",
    "GrantedToApp",
    "TokenCall",
    "asked_now",
    "choose_resource",
    "need_consent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCall:
    """A token request whose client is known to exist."""

    world: World
    call: Call
    authority: Authority
    app: App
    credential: Credential
    version: int
    """Of the endpoint: 1 or 2."""

    def need(self, name: str) -> str:
        return self.call.form.need(name)

    @property
    def home(self) -> Tenant:
        return self.authority.home(self.world.directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What may be issued for a person."""

    user: User
    tenant: Tenant
    platform: Platform
    wanted: Wanted
    """The one resource that the access token is for."""
    asked: Asked
    """All that was agreed; a refresh token stands for this."""
    nonce: str | None = field(default=None, repr=False)
    first_issued: float
    """When the line of refresh tokens began."""
    amr: tuple[str, ...] = ("pwd",)
    claims: ClaimsRequest = NO_CLAIMS


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedToApp:
    """What may be issued to an app for itself."""

    tenant: Tenant
    wanted: Wanted
    life_s: int
    claims: ClaimsRequest = NO_CLAIMS


def asked_now(token: TokenCall) -> Asked:
    """What this very request asks for, by `scope`, or `resource` with v1.0."""
    directory = token.world.directory
    if token.version == 1:
        return read_resource(token.need("resource"), directory, token.home)
    asked = read_scope(token.need("scope"), directory, token.home, token.app)
    if len(asked.wanted) > 1:
        raise refuse(28000, token.need("scope"))
    return asked


def need_consent(token: TokenCall, wanted: Wanted, user: User) -> None:
    """AADSTS65001 unless that person, or an administrator, agreed."""
    ledger, client_id = token.world.ledger, token.app.client_id
    if wanted.needs_admin and not user.admin:
        agreed = ledger.consented_for_all(client_id, wanted.resource.id)
    else:
        agreed = ledger.consented(user.oid, client_id, wanted.resource.id)
    if not agreed:
        raise refuse(65001, client_id, token.app.name)


def choose_resource(token: TokenCall, asked: Asked, user: User) -> Wanted:
    """The resource of this token: what is named now, else the first that was agreed."""
    form = token.call.form
    if token.version == 1:
        if form.get("resource") is None:
            return asked.wanted[0]
        (wanted,) = asked_now(token).wanted
        need_consent(token, wanted, user)
        return wanted
    text = form.get("scope")
    if text is None:
        if form.has("scope"):
            raise refuse(28003)
        return asked.wanted[0]
    now = asked_now(token)
    if set(text.split()) <= set(now.oidc):
        return asked.wanted[0]
    need_consent(token, now.wanted[0], user)
    return now.wanted[0]


@dataclass(frozen=True, slots=True)
class Credential:
    """How the app proved itself, if it did."""

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
