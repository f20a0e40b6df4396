"""The token that somebody shows to one of the tenant's APIs, and the reason why it is no good."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from entra_oauth.practice.request.claims_request import challenge_json
from entra_oauth.practice.signing.jws import believed, is_current, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.directory.model import RegisteredApp, Tenant, User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context

__all__ = ["REVOKED_TEXT", "PresentedToken", "TokenFlaw", "TokenUnfit", "read_presented"]


REVOKED_TEXT = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and "
    "code: TokenIssuedBeforeRevocationTimestamp"
)


class TokenFlaw(StrEnum):
    """The first thing that is wrong with it."""

    ABSENT = "absent"
    UNREADABLE = "unreadable"
    """Not a token of this tenant's, or changed since."""
    AUDIENCE = "audience"
    """For another API."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    """Older than the end of the person's sessions; its app can handle a claims challenge."""


class TokenUnfit(Exception):
    """A token that an API does not take. Stays inside this room."""

    def __init__(
        self,
        flaw: TokenFlaw,
        claims: Mapping[str, object] | None = None,
        *,
        not_before: int | None = None,
    ) -> None:
        super().__init__(flaw)
        self.flaw = flaw
        self.claims: Mapping[str, object] = claims or {}
        self.not_before = not_before
        """The time that a new one must not be older than, if that is its flaw."""

    @property
    def challenge(self) -> str | None:
        """The `WWW-Authenticate` header that asks for a newer token, if that would help."""
        if self.not_before is None:
            return None
        wanted = b64encode(challenge_json(self.not_before).encode()).decode("ascii")
        return (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
            f'authorize", error="insufficient_claims", claims="{wanted}"'
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """A token of this tenant's for the API that was asked, still good."""

    claims: Mapping[str, object] = field(repr=False)
    tenant: Tenant
    app: RegisteredApp
    user: User | None
    """None where an app speaks for itself."""

    @property
    def oid(self) -> str:
        return str(self.claims.get("oid"))

    @property
    def permissions(self) -> frozenset[str]:
        """The delegated permissions in it; none, if no person gave any."""
        return frozenset(str(self.claims.get("scp", "")).split())


def read_presented(context: Context, call: Call, resource_id: str) -> PresentedToken:
    """The token of the Authorization header, for the API of that id. Raises `TokenUnfit`."""
    scheme, _, text = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise TokenUnfit(TokenFlaw.ABSENT)
    claims = believed(text.strip(), context.keys.key())
    if claims is None:
        raise TokenUnfit(TokenFlaw.UNREADABLE)
    resource = context.directory.resource(resource_id)
    if resource is None or not resource.answers_to(str(claims.get("aud"))):
        raise TokenUnfit(TokenFlaw.AUDIENCE, claims)
    if not is_current(claims, call.now):
        raise TokenUnfit(TokenFlaw.EXPIRED, claims)
    # fidelity: cae-apis
    since = context.issued.challenged(str(claims.get("oid")))
    if since is not None and "xms_cc" in claims and seconds(claims, "nbf") < int(since):
        raise TokenUnfit(TokenFlaw.REVOKED, claims, not_before=int(since))
    book = context.directory
    tenant = book.tenant(str(claims.get("tid")))
    app = book.app(str(claims.get("appid", claims.get("azp"))))
    user = book.user_with_oid(str(claims.get("oid"))) if "scp" in claims else None
    if tenant is None or app is None or ("scp" in claims and user is None):
        # The key is this machine's: a tenant with another directory may have issued it.
        raise TokenUnfit(TokenFlaw.UNREADABLE)
    return PresentedToken(claims=claims, tenant=tenant, app=app, user=user)
