"""Tokens of issuers beside Entra, as a program in their care is given them.

All are signed with the tenant's own key: it plays these issuers, for itself alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import IssuerKind
from entra_oauth.practice.token.signed_tokens import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.directory.workloads import OutsideIssuer
    from entra_oauth.practice.state.context import Context

__all__ = ["TOKEN_EXCHANGE_AUDIENCE", "life_of", "outside_token"]

TOKEN_EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"  # noqa: S105 - a name
"""The audience of a token that stands in for an app's secret at Entra's public cloud."""

_REPOSITORY = re.compile(r"repo:([^/:]+)/([^:]+)(?::ref:(.+))?")
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")
_LIVES_S = {IssuerKind.GITHUB: 300, IssuerKind.AZURE_DEVOPS: 600, IssuerKind.KUBERNETES: 3600}


def life_of(issuer: OutsideIssuer) -> int:
    """Seconds for which a token of that issuer is good."""
    return _LIVES_S[issuer.kind]


def outside_token(
    context: Context, issuer: OutsideIssuer, audience: str | None = None, *, life_s: int = 0
) -> str:
    """A token for the issuer's program. Without an audience it has the issuer's usual one.

    `life_s` is in seconds; 0: as long as the issuer's are.
    """
    # fidelity: outside-tokens
    start = int(context.now())
    key = context.keys.key()
    header = {"typ": "JWT", "alg": "RS256", "kid": key.kid}
    if issuer.kind is IssuerKind.GITHUB:
        header["x5t"] = key.x5t
    claims: dict[str, object] = {
        "iss": issuer.url,
        "sub": issuer.subject,
        **_SHAPES[issuer.kind](context, issuer, audience),
        "iat": start,
        "nbf": start,
        "exp": start + (life_s or life_of(issuer)),
    }
    return sign(key, header, claims)


def _github(context: Context, issuer: OutsideIssuer, audience: str | None) -> dict[str, object]:
    """https://docs.github.com/actions/reference/security/oidc"""
    found = _REPOSITORY.match(issuer.subject)
    owner, name, ref = found.groups() if found else ("practice", "practice", None)
    ref = ref or "refs/heads/main"
    workflow = f"{owner}/{name}/.github/workflows/practice.yml@{ref}"
    return {
        "aud": audience or f"https://github.com/{owner}",
        "jti": context.chance.guid(),
        "ref": ref,
        "ref_type": "branch",
        "repository": f"{owner}/{name}",
        "repository_owner": owner,
        "run_id": "1",
        "run_attempt": "1",
        "actor": "practice",
        "event_name": "push",
        "workflow": "practice",
        "workflow_ref": workflow,
        "job_workflow_ref": workflow,
        "runner_environment": "github-hosted",
    }


def _azure_devops(
    context: Context, issuer: OutsideIssuer, audience: str | None
) -> dict[str, object]:
    """The audience is always the same one: whoever asks for another is not heard."""
    return {"aud": TOKEN_EXCHANGE_AUDIENCE, "jti": context.chance.guid()}


def _kubernetes(context: Context, issuer: OutsideIssuer, audience: str | None) -> dict[str, object]:
    """https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin"""
    found = _ACCOUNT.fullmatch(issuer.subject)
    namespace, name = found.groups() if found else ("default", "default")
    return {
        "aud": [audience or TOKEN_EXCHANGE_AUDIENCE],
        "jti": context.chance.guid(),
        "kubernetes.io": {
            "namespace": namespace,
            "pod": {"name": f"{name}-0", "uid": context.chance.guid()},
            "serviceaccount": {"name": name, "uid": context.chance.guid()},
        },
    }


_SHAPES: dict[IssuerKind, Callable[[Context, OutsideIssuer, str | None], dict[str, object]]] = {
    IssuerKind.GITHUB: _github,
    IssuerKind.AZURE_DEVOPS: _azure_devops,
    IssuerKind.KUBERNETES: _kubernetes,
}
