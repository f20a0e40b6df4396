"""The documents of issuers beside Entra, by which others check their tokens.

OpenID Connect Discovery 1.0 §4. They are found under the issuers' real names, behind the proxy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import IssuerKind
from entra_oauth.practice.workload.answers import as_json

if TYPE_CHECKING:
    from entra_oauth.practice.directory.workloads import OutsideIssuer
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["document"]

_KEYS = {
    IssuerKind.GITHUB: ".well-known/jwks",
    IssuerKind.AZURE_DEVOPS: ".well-known/jwks",
    IssuerKind.KUBERNETES: "openid/v1/jwks",
}


def document(context: Context, call: Call) -> HttpResponse:
    """GET `.well-known/openid-configuration` and the keys below an issuer's address."""
    # fidelity: outside-documents
    asked = "/".join((call.base_url, *call.segments))
    for issuer in context.directory.issuers if call.method == "GET" else ():
        keys_at = _below(issuer, _KEYS[issuer.kind])
        if asked == _below(issuer, ".well-known/openid-configuration"):
            return as_json(200, _configuration(issuer, keys_at))
        if asked == keys_at:
            return as_json(200, {"keys": [context.keys.key().public]})
    return as_json(404, {"message": "The practice directory has no such issuer."})


def _below(issuer: OutsideIssuer, path: str) -> str:
    return f"{issuer.url.removesuffix('/')}/{path}"


def _configuration(issuer: OutsideIssuer, keys_at: str) -> dict[str, object]:
    return {
        "issuer": issuer.url,
        "jwks_uri": keys_at,
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }
