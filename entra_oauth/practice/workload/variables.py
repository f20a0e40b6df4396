"""The variables by which a program finds out where it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.practice.directory.workloads import IssuerKind
from entra_oauth.practice.token.outside_tokens import outside_token
from entra_oauth.practice.workload.managed_identity import ARC_KEY_FILE

if TYPE_CHECKING:
    from entra_oauth.practice.directory.workloads import OutsideIssuer
    from entra_oauth.practice.state.context import Context

__all__ = ["Workload", "workload_variables"]

_PROJECT = "de705000-0000-4000-8000-000000000002"
_PLAN = "de705000-0000-4000-8000-000000000003"
_JOB = "de705000-0000-4000-8000-000000000004"
_FILE_LIFE_S = 86_400


class Workload(StrEnum):
    """A place where programs run and are known without a secret of their own."""

    IMDS = "imds"
    """A virtual machine of Azure's."""
    APP_SERVICE = "app-service"
    ARC = "arc"
    """A machine elsewhere, with the agent of Azure Arc."""
    GITHUB = "github"
    AZURE_DEVOPS = "azure-devops"
    KUBERNETES = "kubernetes"


def workload_variables(
    context: Context, workload: Workload, *, base_url: str, authority_url: str, folder: str
) -> dict[str, str]:
    """Those of a program that runs there. Raises `UsageError` for an issuer that is not there.

    `base_url` is the tenant's own address, and `authority_url` the one that a client takes for
    Entra's, both without a slash. A cluster's token is a file in `folder`, 0600.
    """
    match workload:
        case Workload.IMDS:
            return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": base_url}
        case Workload.APP_SERVICE:
            return {
                "IDENTITY_ENDPOINT": f"{base_url}/msi/token",
                "IDENTITY_HEADER": context.secrets.of(workload),
            }
        case Workload.ARC:
            return _of_agent(context.secrets.of(workload), base_url)
        case Workload.GITHUB:
            _issuer(context, IssuerKind.GITHUB)
            return {
                "GITHUB_ACTIONS": "true",
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{base_url}/github/idtoken?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": context.secrets.of(workload),
            }
        case Workload.AZURE_DEVOPS:
            _issuer(context, IssuerKind.AZURE_DEVOPS)
            return _of_pipeline(base_url, context.secrets.of(workload))
        case Workload.KUBERNETES:
            return _of_pod(context, authority_url, folder)


def _of_agent(secret: str, base_url: str) -> dict[str, str]:
    """With the key in the one folder in which clients look for it. Raises `UsageError`."""
    file = Path(ARC_KEY_FILE)
    try:
        file.write_text(secret, encoding="ascii")
        file.chmod(0o600)
    except OSError:
        raise UsageError(
            f"A key cannot be written to {file.parent}, and clients read it nowhere else.",
            advice="Make that folder, and let it be yours, on a machine without the real agent.",
        ) from None
    return {
        "IDENTITY_ENDPOINT": f"{base_url}/arc/metadata/identity/oauth2/token",
        "IMDS_ENDPOINT": f"{base_url}/arc",
    }


def _of_pipeline(base_url: str, access_token: str) -> dict[str, str]:
    hub = f"{_PROJECT}/_apis/distributedtask/hubs/build/plans/{_PLAN}/jobs/{_JOB}"
    return {
        "TF_BUILD": "True",
        "SYSTEM_ACCESSTOKEN": access_token,
        "SYSTEM_HOSTTYPE": "build",
        "SYSTEM_JOBID": _JOB,
        "SYSTEM_OIDCREQUESTURI": f"{base_url}/azure-devops/{hub}/oidctoken",
        "SYSTEM_PLANID": _PLAN,
        "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": f"{base_url}/azure-devops/",
        "SYSTEM_TEAMPROJECTID": _PROJECT,
    }


def _of_pod(context: Context, authority_url: str, folder: str) -> dict[str, str]:
    issuer = _issuer(context, IssuerKind.KUBERNETES)
    if not folder:
        raise UsageError(
            "A tenant that is served without TLS has no folder for a cluster's token.",
            advice="Serve it with TLS, or write issuer_token('kubernetes') to a file of your own.",
        )
    file = Path(folder) / "azure-identity-token"
    # fidelity: cluster-token-file
    file.write_text(outside_token(context, issuer, life_s=_FILE_LIFE_S), encoding="ascii")
    file.chmod(0o600)
    trusting = (
        app
        for app in context.directory.apps
        if any((c.issuer, c.subject) == (issuer.url, issuer.subject) for c in app.federated)
    )
    app = next(trusting, None)
    named = {} if app is None else {"AZURE_CLIENT_ID": app.client_id}
    return {
        **named,
        "AZURE_AUTHORITY_HOST": f"{authority_url}/",
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_TENANT_ID": context.directory.tenants[0].id,
    }


def _issuer(context: Context, kind: IssuerKind) -> OutsideIssuer:
    for issuer in context.directory.issuers:
        if issuer.kind is kind:
            return issuer
    raise UsageError(
        f"The practice directory has no issuer of the kind {kind}.",
        advice="Give it one as [[issuers]].",
    )
