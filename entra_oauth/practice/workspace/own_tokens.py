"""Databricks' own access tokens: made at `/oidc/v1/token`, and read by the workspace's API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.directory.workloads import DATABRICKS_ACCOUNT
from entra_oauth.practice.signing.jws import believed, is_current
from entra_oauth.practice.token.signed_tokens import sign
from entra_oauth.practice.workspace.identity import Identity, at_home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context

__all__ = [
    "ACCOUNT_URL",
    "ALL_APIS",
    "is_account",
    "is_own",
    "issuer_of",
    "make_own_token",
    "read_own",
    "workspace_id",
]

ACCOUNT_URL = "https://accounts.azuredatabricks.net"
"""The host of all accounts."""
_ACCOUNT_PATH = f"oidc/accounts/{DATABRICKS_ACCOUNT}"
ALL_APIS = "all-apis"
_NUMBER = re.compile(r"adb-([0-9]{1,20})\.", re.ASCII)
_USUAL_NUMBER = "1234567890123456"


def workspace_id(call: Call) -> str:
    """The number in the workspace's name; away from the real hosts always the same one."""
    found = _NUMBER.match(urlsplit(call.base_url).hostname or "")
    return found[1] if found else _USUAL_NUMBER


def is_account(call: Call) -> bool:
    """True where the account is called, and no workspace of it."""
    return call.segments[:3] == ("oidc", "accounts", DATABRICKS_ACCOUNT)


def issuer_of(call: Call) -> str:
    """The `iss` of the workspace, or the account, that is called."""
    # fidelity: databricks-account
    return f"{call.base_url}/{_ACCOUNT_PATH if is_account(call) else 'oidc'}"


def make_own_token(
    context: Context, call: Call, who: Identity, *, client_id: str, scope: str, life_s: int
) -> str:
    """A token for this workspace, or for the account. `life_s` is in seconds."""
    # fidelity: databricks-token
    key = context.keys.key()
    now = int(call.now)
    return sign(
        key,
        {"kid": key.kid, "typ": "at+jwt", "alg": "RS256"},
        {
            "client_id": client_id,
            "scope": scope,
            "iss": issuer_of(call),
            "aud": DATABRICKS_ACCOUNT if is_account(call) else workspace_id(call),
            "sub": who.name,
            "iat": now,
            "nbf": now,
            "exp": now + life_s,
            "jti": context.chance.guid(),
        },
    )


def _of_account(call: Call) -> tuple[tuple[str, str], ...]:
    """Issuer and audience of the account's tokens: at its own host, and on this machine at all."""
    hosts = (ACCOUNT_URL, call.base_url)
    return tuple((f"{host}/{_ACCOUNT_PATH}", DATABRICKS_ACCOUNT) for host in hosts)


def is_own(claims: Mapping[str, object]) -> bool:
    """True if a workspace, this one or another, says that it made the token."""
    return str(claims.get("iss")).endswith(("/oidc", f"/{_ACCOUNT_PATH}"))


def read_own(context: Context, call: Call, token: str) -> tuple[Identity, tuple[str, ...]] | None:
    """Whose token of this workspace, or of its account, it is, and its scopes.

    None for one that is not good.
    """
    claims = believed(token, context.keys.key())
    if claims is None or not is_current(claims, call.now):
        return None
    ours = (issuer_of(call), workspace_id(call))
    said = (claims.get("iss"), claims.get("aud"))
    if said != ours and said not in _of_account(call):
        return None
    name = str(claims.get("sub"))
    known = context.directory.user(name) or context.directory.app(name)
    if known is None:
        return None
    return at_home(known), tuple(str(claims.get("scope")).split())
