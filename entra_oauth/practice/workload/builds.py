"""Build servers: the address at which a job asks for a token that says which job it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import IssuerKind
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.token.outside_tokens import outside_token
from entra_oauth.practice.workload.answers import as_json

if TYPE_CHECKING:
    from entra_oauth.practice.directory.workloads import OutsideIssuer
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["azure_devops_token", "github_token"]


def github_token(context: Context, call: Call) -> HttpResponse:
    """GET the address in `ACTIONS_ID_TOKEN_REQUEST_URL`, with an audience behind it.

    https://docs.github.com/actions/reference/security/oidc
    """
    # fidelity: github-token
    issuer = _issuer(context, IssuerKind.GITHUB)
    if not _proved(context, call, IssuerKind.GITHUB):
        return as_json(401, {"message": "The request token is missing or wrong."})
    if issuer is None:
        return _nothing("no GitHub")
    try:
        audience = call.query.get("audience")
    except Refused as refused:
        return as_json(400, {"message": refused.text})
    token = outside_token(context, issuer, audience)
    return as_json(200, {"count": len(token), "value": token})


def azure_devops_token(context: Context, call: Call) -> HttpResponse:
    """POST the address in `SYSTEM_OIDCREQUESTURI`."""
    # fidelity: azure-devops-token
    issuer = _issuer(context, IssuerKind.AZURE_DEVOPS)
    if not _proved(context, call, IssuerKind.AZURE_DEVOPS):
        return as_json(401, {"message": "The access token is missing or wrong."})
    if issuer is None:
        return _nothing("no Azure DevOps")
    if not call.query.has("api-version"):
        return as_json(400, {"message": "No api-version was supplied for the request."})
    return as_json(200, {"oidcToken": outside_token(context, issuer)})


def _issuer(context: Context, kind: IssuerKind) -> OutsideIssuer | None:
    return next((each for each in context.directory.issuers if each.kind is kind), None)


def _proved(context: Context, call: Call, kind: IssuerKind) -> bool:
    scheme, _, token = (call.request.header("Authorization") or "").partition(" ")
    return scheme.lower() == "bearer" and context.secrets.knows(kind, token.strip())


def _nothing(what: str) -> HttpResponse:
    return as_json(404, {"message": f"The practice directory has {what}."})
