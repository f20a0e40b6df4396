"""A token of another issuer, exchanged for one of Databricks' own (RFC 8693).

https://learn.microsoft.com/azure/databricks/dev-tools/auth/oauth-federation-exchange. The
issuers are those of the directory, which the tenant plays: no key is fetched from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.signing.jws import believed, is_current, seconds
from entra_oauth.practice.workspace.identity import Identity, at_home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from entra_oauth.practice.directory.model import RegisteredApp
    from entra_oauth.practice.directory.workloads import FederationPolicy
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context

__all__ = ["Granted", "NotIssued", "exchange"]

_JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
_ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name


class NotIssued(Exception):
    """A token request that the workspace refuses (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Somebody who may have a token of Databricks' own."""

    who: Identity
    client_id: str
    life_s: int
    """Seconds."""
    scope: str | None = None
    """What was agreed before; None: what is asked now."""
    refresh_token: str | None = field(default=None, repr=False)


def exchange(context: Context, call: Call) -> Granted:
    """Judge a token exchange request. Raises `NotIssued`."""
    form = call.form
    if form.get("subject_token_type") != _JWT_TYPE:
        raise NotIssued(400, "invalid_request", f"subject_token_type must be {_JWT_TYPE}")
    if form.get("requested_token_type") not in (None, _ACCESS_TOKEN_TYPE):
        raise NotIssued(400, "invalid_request", "requested_token_type is not supported")
    if form.has("assume_group"):
        raise NotIssued(400, "invalid_request", "the practice workspace has no groups to assume")
    token = form.get("subject_token")
    if token is None:
        raise NotIssued(400, "invalid_request", "subject_token is missing")
    claims = believed(token, context.keys.key())
    if claims is None:
        raise _invalid("the subject token is no JWT with a valid signature")
    who = _mapped(context, claims, form.get("client_id"))
    if not is_current(claims, call.now):
        raise _invalid("the subject token is expired, or not valid yet")
    # fidelity: exchanged-life
    life_s = int(seconds(claims, "exp") - call.now)
    return Granted(who=who, client_id=form.get("client_id") or who.name, life_s=life_s)


def _mapped(context: Context, claims: Mapping[str, object], client_id: str | None) -> Identity:
    """By the first policy that fits: a service principal's if one is named, else the account's."""
    # fidelity: federation-policies, exchange-refusals
    book = context.directory
    app = book.app(client_id) if client_id is not None else None
    if client_id is not None and app is None:
        raise NotIssued(401, "invalid_client", "no service principal has that client_id")
    wanted = app.client_id if app is not None else None
    policies = [p for p in book.federation_policies if p.client_id == wanted]
    trusted = [p for p in policies if p.issuer == claims.get("iss")]
    if not trusted:
        kind = "the service principal" if client_id else "the account"
        raise _invalid(f"{kind} has no federation policy for the issuer {claims.get('iss')}")
    heard = [p for p in trusted if p.takes(claims.get("aud"))]
    if not heard:
        raise NotIssued(400, "invalid_grant", f"no policy has the audience {claims.get('aud')}")
    if app is not None:
        return _principal(heard, claims, app)
    return _person(context, heard[0], claims)


def _principal(
    policies: Iterable[FederationPolicy], claims: Mapping[str, object], app: RegisteredApp
) -> Identity:
    if not any(claims.get(p.subject_claim) == p.subject for p in policies):
        raise NotIssued(403, "access_denied", "the subject matches no federation policy")
    return at_home(app)


def _person(context: Context, policy: FederationPolicy, claims: Mapping[str, object]) -> Identity:
    name = str(claims.get(policy.subject_claim))
    known = context.directory.user(name) or context.directory.app(name)
    if known is None:
        raise _invalid(f"nobody in the account is called what {policy.subject_claim} says")
    return at_home(known)


def _invalid(description: str) -> NotIssued:
    return NotIssued(401, "invalid_grant", description)
