"""A token as a result, in the formats that `-o` names, and what is said beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from entra_oauth.cache.account import scope_key
from entra_oauth.channels.base import now
from entra_oauth.cli.output.formats import Shown, render
from entra_oauth.cli.session.times import clock_time, duration, utc_time

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["TokenSubject", "print_tokens"]


class TokenSubject(Protocol):
    """The subject of a token: what a plan or an access request names."""

    @property
    def authority(self) -> Authority: ...

    @property
    def client_id(self) -> str: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...


def print_tokens(
    tokens: TokenResponse,
    subject: TokenSubject,
    console: Console,
    *,
    output: str,
    source: str = "authorization_code",
    with_refresh: bool = False,
    stored: str = "Nothing was kept on this machine.",
    env_name: str | None = None,
) -> None:
    """Put the result on standard output and its summary where people look.

    `source` is the grant. `with_refresh` puts the refresh token into the JSON: for
    whoever handed one in and keeps it. `stored` says where the tokens are now.
    """
    summary = _summary(tokens, stored)
    for warning in tokens.warnings:
        console.say(f"Note: {warning}")
    if output == "summary":
        console.result(summary)
        return
    console.say(summary)
    if output == "json":
        members = _as_json(tokens, subject, source)
        console.result_json(
            members | {"refresh_token": tokens.refresh_token} if with_refresh else members
        )
        return
    text = render(output, _shown(tokens, subject, source, env_name))
    if text is not None:
        console.result(text)


def _shown(
    tokens: TokenResponse, subject: TokenSubject, source: str, env_name: str | None
) -> Shown:
    identity = tokens.identity
    return Shown(
        token=tokens.access_token,
        expires_on=None if tokens.expires_at is None else int(tokens.expires_at),
        now=now(),
        scopes=scope_key(subject.scopes, subject.authority.base),
        granted=tokens.scope,
        tenant_id=identity.tenant_id if identity else None,
        client_id=subject.client_id,
        authority=str(subject.authority),
        username=identity.username if identity else None,
        source=source,
        env_name=env_name,
    )


def _summary(tokens: TokenResponse, stored: str) -> str:
    who = tokens.identity.username if tokens.identity else None
    start = f"Signed in as {who}." if who else "Signed in."
    if tokens.expires_in is None or tokens.expires_at is None:
        return f"{start} The authority did not say how long the access token is good."
    return (
        f"{start} Access token until {clock_time(tokens.expires_at)} "
        f"({duration(tokens.expires_in)}). {stored}"
    )


def _as_json(tokens: TokenResponse, subject: TokenSubject, source: str) -> dict[str, Any]:
    expires_at = tokens.expires_at
    identity = tokens.identity
    return {
        "schema": "entra-oauth/token/1",
        "token_type": tokens.token_type,
        "access_token": tokens.access_token,
        "expires_on": None if expires_at is None else int(expires_at),
        "expires_at": None if expires_at is None else utc_time(expires_at),
        "expires_in": tokens.expires_in,
        "scope": tokens.scope,
        "tenant_id": identity.tenant_id if identity else None,
        "client_id": subject.client_id,
        "authority": str(subject.authority),
        "username": identity.username if identity else None,
        "source": source,
        "warnings": list(tokens.warnings),
    }
