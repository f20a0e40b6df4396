"""A token as a result: in the shapes that shells, files and other tools want, and in words."""

from __future__ import annotations

import os

from entra_oauth.cache.account import scope_key
from entra_oauth.channels.base import now
from entra_oauth.cli.session.times import clock_time, duration, local, utc_time
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass, field, pattern
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = [
    "Shown",
    "TokenSubject",
    "check_variable_name",
    "exec_credential",
    "exec_version",
    "grant_of",
    "print_tokens",
    "render",
    "variable_name",
]

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]{0,120}")
# RFC 6750 §2.1. No shell and no file format gives any of these a meaning of its own.
_PLAIN_TOKEN = pattern(r"[A-Za-z0-9._~+/-]+=*")
_SHELLS = {
    "env": "export {name}='{token}'",
    "env-no-export": "{name}='{token}'",
    "fish": "set -gx {name} '{token}'",
    "powershell": "$env:{name} = '{token}'",
    "windows-cmd": 'set "{name}={token}"',
    "dotenv": "{name}='{token}'",
}
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A token and what is told with it. Its repr does not show it."""

    token: str = field(repr=False)
    expires_on: int | None
    """Seconds since 1970; None if the authority did not say."""
    now: float
    scopes: str
    """What was asked for."""
    granted: str | None
    tenant_id: str | None
    client_id: str
    authority: str
    username: str | None
    source: str
    """`cache`, or the grant that brought it."""
    profile: str | None = None
    warnings: tuple[str, ...] = ()
    env_name: str | None = None
    whose: str | None = None
    """The owner of the token for people, where it is neither a person nor an app."""


def render(output: str, shown: Shown, environ: Mapping[str, str] = os.environ) -> str | None:
    """The text for standard output; None for `none`. Raises `UsageError`.

    `summary` is not rendered here: it is a sentence.
    """
    if output == "none":
        return None
    if output == "token":
        return shown.token
    if output == "header":
        return f"Authorization: Bearer {shown.token}"
    if output == "curl-config":
        # For `curl -K -`: so the token is in no command line.
        return f'header = "Authorization: Bearer {_plain_token(shown)}"'
    if output in _SHELLS:
        return _SHELLS[output].format(name=variable_name(shown), token=_plain_token(shown))
    return _as_json(_OBJECTS[output](shown, environ))


def variable_name(shown: Shown) -> str:
    """The variable that a token goes into. Raises `UsageError` for what is no name."""
    usual = "DATABRICKS_TOKEN" if shown.scopes == DATABRICKS else "ENTRA_ACCESS_TOKEN"
    name = shown.env_name or usual
    check_variable_name(name)
    return name


def check_variable_name(name: str) -> None:
    """Raise `UsageError` for what no shell takes as the name of a variable."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            "That cannot be the name of a variable.", advice="Use letters, digits and underscores."
        )


def _plain_token(shown: Shown) -> str:
    if not _PLAIN_TOKEN.fullmatch(shown.token):
        raise UsageError(
            "The token holds a character that this format has no safe way to write.",
            advice="Use -o token or -o json.",
        )
    return shown.token


def _as_json(value: dict[str, Any]) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)


def _own(shown: Shown, environ: Mapping[str, str]) -> dict[str, Any]:
    """Ours: versioned, and documented in docs/commands.md."""
    expires_on = shown.expires_on
    return {
        "schema": "entra-oauth/token/1",
        "token_type": "Bearer",
        "access_token": shown.token,
        "expires_on": expires_on,
        "expires_at": None if expires_on is None else utc_time(expires_on),
        "expires_in": None if expires_on is None else max(0, int(expires_on - shown.now)),
        "scope": shown.granted,
        "tenant_id": shown.tenant_id,
        "client_id": shown.client_id,
        "authority": shown.authority,
        "username": shown.username,
        "source": shown.source,
        "profile": shown.profile,
        "warnings": list(shown.warnings),
    }


def _az(shown: Shown, environ: Mapping[str, str]) -> dict[str, Any]:
    """`az account get-access-token`: local time without a zone, and since 2.54 the epoch."""
    expires_on = _expiry(shown)
    return {
        "accessToken": shown.token,
        "expiresOn": f"{_local(expires_on, ' ')}.000000",
        "expires_on": expires_on,
        "subscription": None,
        "tenant": shown.tenant_id,
        "tokenType": "Bearer",
    }


def _databricks_cli(shown: Shown, environ: Mapping[str, str]) -> dict[str, Any]:
    """`databricks auth token`. Local time with a fraction: databricks-sdk cuts the text at
    the dot, and compares what is left with its local clock."""
    expiry = f"{_local(_expiry(shown), 'T')}.000000"
    return {"access_token": shown.token, "token_type": "Bearer", "expiry": expiry}


def _local(at: float, between: str) -> str:
    return local(at).replace(tzinfo=None).isoformat(between)


def exec_credential(shown: Shown, environ: Mapping[str, str]) -> dict[str, Any]:
    """kubectl's ExecCredential, of the version that kubectl asks for."""
    return {
        "apiVersion": exec_version(environ),
        "kind": "ExecCredential",
        "spec": {"interactive": False},
        "status": {"token": shown.token, "expirationTimestamp": utc_time(_expiry(shown))},
    }


def exec_version(environ: Mapping[str, str]) -> str:
    """The version that kubectl asks for. Raises `UsageError` for one that is not known."""
    import json

    text = environ.get("KUBERNETES_EXEC_INFO", "")
    if not text:
        return _EXEC_VERSIONS[0]
    try:
        version = json.loads(text)["apiVersion"]
    except (ValueError, LookupError, TypeError, RecursionError):
        version = None
    if version not in _EXEC_VERSIONS:
        raise UsageError(
            "kubectl asks in KUBERNETES_EXEC_INFO for a version that is not known here.",
            advice=f"Set apiVersion to {_EXEC_VERSIONS[0]} in the exec part of the kubeconfig.",
        )
    return str(version)


_OBJECTS = {"json": _own, "az": _az, "databricks-cli": _databricks_cli, "kubectl": exec_credential}


def _expiry(shown: Shown) -> int:
    # Who must know it, and is not told, had better ask again soon.
    return int(shown.now) + 300 if shown.expires_on is None else shown.expires_on


# ---- the result of a sign-in ---------------------------------------------------------------


class TokenSubject(Protocol):
    """The subject of a token: what a plan or an access request names."""

    @property
    def authority(self) -> Authority: ...

    @property
    def client_id(self) -> str: ...

    @property
    def scopes(self) -> tuple[str, ...]: ...


def grant_of(flow: str) -> str:
    """The grant of a flow of `--flow`, as the source of a token."""
    return "authorization_code" if flow == "auth-code" else flow.replace("-", "_")


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
        console.result_sentence(summary)
        return
    console.say(summary)
    shown = _shown(tokens, subject, source, env_name)
    if output == "json":
        members = _own(shown, os.environ)
        members |= {"token_type": tokens.token_type, "expires_in": tokens.expires_in}
        console.result_json(
            members | {"refresh_token": tokens.refresh_token} if with_refresh else members
        )
        return
    text = render(output, shown)
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
        warnings=tuple(tokens.warnings),
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
