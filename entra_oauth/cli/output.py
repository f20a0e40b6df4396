"""A token as a result, in the formats that `-o` names, and what is said beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from entra_oauth.cache.kept import scope_key
from entra_oauth.channels.base import now
from entra_oauth.cli.formats import Shown, render

if TYPE_CHECKING:
    from entra_oauth.cli.console import Console
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["Asked", "clock_time", "duration", "print_tokens", "utc_time"]


class Asked(Protocol):
    """What a token was asked for: a plan, or an asking."""

    @property
    def authority(self) -> Authority: ...

    @property
    def client_id(self) -> str: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...


def print_tokens(
    tokens: TokenResponse,
    asked: Asked,
    console: Console,
    *,
    output: str,
    source: str = "authorization_code",
    with_refresh: bool = False,
    kept: str = "Nothing was kept on this machine.",
    env_name: str | None = None,
) -> None:
    """Put the result on standard output and its summary where people look.

    `source` is the grant. `with_refresh` puts the refresh token into the JSON: for
    whoever handed one in and keeps it. `kept` says where the tokens are now.
    """
    summary = _summary(tokens, kept)
    for warning in tokens.warnings:
        console.say(f"Note: {warning}")
    if output == "summary":
        console.result(summary)
        return
    console.say(summary)
    if output == "json":
        members = _as_json(tokens, asked, source)
        console.result_json(
            members | {"refresh_token": tokens.refresh_token} if with_refresh else members
        )
        return
    text = render(output, _shown(tokens, asked, source, env_name))
    if text is not None:
        console.result(text)


def _shown(tokens: TokenResponse, asked: Asked, source: str, env_name: str | None) -> Shown:
    identity = tokens.identity
    return Shown(
        token=tokens.access_token,
        expires_on=None if tokens.expires_at is None else int(tokens.expires_at),
        now=now(),
        scopes=scope_key(asked.scopes, asked.authority.base),
        granted=tokens.scope,
        tenant_id=identity.tenant_id if identity else None,
        client_id=asked.client_id,
        authority=str(asked.authority),
        username=identity.username if identity else None,
        source=source,
        env_name=env_name,
    )


def _summary(tokens: TokenResponse, kept: str) -> str:
    who = tokens.identity.username if tokens.identity else None
    start = f"Signed in as {who}." if who else "Signed in."
    if tokens.expires_in is None or tokens.expires_at is None:
        return f"{start} The authority did not say how long the access token is good."
    return (
        f"{start} Access token until {clock_time(tokens.expires_at)} "
        f"({duration(tokens.expires_in)}). {kept}"
    )


def _as_json(tokens: TokenResponse, asked: Asked, source: str) -> dict[str, Any]:
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
        "client_id": asked.client_id,
        "authority": str(asked.authority),
        "username": identity.username if identity else None,
        "source": source,
        "warnings": list(tokens.warnings),
    }


def utc_time(at: float) -> str:
    """Seconds since 1970 as `2026-11-25T14:10:47Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def clock_time(at: float) -> str:
    """Seconds since 1970 as `14:10` of the local day, with the date if it is another day."""
    local = time.localtime(at)
    today = time.localtime(now())
    same_day = local[:3] == today[:3]
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", local)


def duration(seconds: float) -> str:
    """Seconds in words: `1 h 16 min`, `40 s`."""
    whole = int(abs(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n)
