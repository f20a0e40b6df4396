"""Managed identity: a virtual machine's metadata service, App Service's, and Azure Arc's agent.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token,
https://learn.microsoft.com/azure/app-service/overview-managed-identity and
https://learn.microsoft.com/azure/azure-arc/servers/managed-identity-authentication
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.workloads import ManagedIdentity, identity_path
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.request.scope_string import read_resource
from entra_oauth.practice.token.signed_tokens import Subject, make_access_token, service_oid
from entra_oauth.practice.workload.answers import as_json

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["ARC_KEY_FILE", "app_service", "arc_agent", "instance_metadata"]

ARC_KEY_FILE = "/var/opt/azcmagent/tokens/practice.key"
"""The agent's own folder on Linux: clients read a key nowhere else."""

_LIFE_S = 86_400
_VERSION = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)


def instance_metadata(context: Context, call: Call) -> HttpResponse:
    """GET `/metadata/identity/oauth2/token` (IMDS)."""
    # fidelity: imds
    return _metadata(context, call)


def _metadata(context: Context, call: Call) -> HttpResponse:
    if (call.request.header("Metadata") or "").lower() != "true":
        return _imds_refusal("bad_request_102", "Required metadata header not specified")
    try:
        if not _VERSION.fullmatch(_needed(call, "api-version")):
            return _imds_refusal("invalid_request", "The api-version is not supported")
        named = _Named.read(call, ("client_id", "object_id", "msi_res_id", "mi_res_id"))
        issued = _issue(context, call, named)
    except _Unknown as no:
        return _imds_refusal("invalid_request", no.said)
    except Refused as refused:
        # A resource that the directory does not have has this name here.
        error = "invalid_resource" if refused.kind.number == 500011 else "invalid_request"
        return _imds_refusal(error, refused.text)
    now = int(call.now)
    return as_json(
        200,
        {
            "access_token": issued.token,
            "client_id": issued.app.client_id,
            **({} if named.name in ("", "client_id") else {named.name: named.value}),
            "expires_in": str(_LIFE_S - 1),
            "expires_on": str(now + _LIFE_S),
            "ext_expires_in": str(_LIFE_S - 1),
            "not_before": str(now - 300),
            "resource": issued.resource,
            "token_type": "Bearer",
        },
    )


def _imds_refusal(error: str, description: str) -> HttpResponse:
    return as_json(400, {"error": error, "error_description": description})


def arc_agent(context: Context, call: Call) -> HttpResponse:
    """GET `/arc/metadata/identity/oauth2/token`: first a challenge, then as a machine's."""
    # fidelity: arc-agent
    scheme, _, given = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic" or not context.secrets.knows("arc", given):
        challenge = ("WWW-Authenticate", f"Basic realm={ARC_KEY_FILE}")
        reply = as_json(401, {"error": "unauthorized_client", "error_description": "No key"})
        return replace(reply, headers=(*reply.headers, challenge))
    return _metadata(context, call)


def app_service(context: Context, call: Call) -> HttpResponse:
    """GET `/msi/token`, the address in `IDENTITY_ENDPOINT`."""
    # fidelity: app-service-identity
    given = call.request.header("X-IDENTITY-HEADER") or ""
    if not context.secrets.knows("app-service", given):
        return as_json(401, {"statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong"})
    try:
        if _needed(call, "api-version") != "2019-08-01":
            return _service_refusal("The api-version is not supported.")
        named = _Named.read(call, ("client_id", "principal_id", "object_id", "mi_res_id"))
        issued = _issue(context, call, named)
    except _Unknown as no:
        return _service_refusal(no.said)
    except Refused as refused:
        return _service_refusal(refused.text)
    return as_json(
        200,
        {
            "access_token": issued.token,
            "expires_on": str(int(call.now) + _LIFE_S),
            "resource": issued.resource,
            "token_type": "Bearer",
            "client_id": issued.app.client_id,
        },
    )


def _service_refusal(message: str) -> HttpResponse:
    return as_json(400, {"statusCode": 400, "message": message})


class _Unknown(Exception):
    """A question without what it needs, or about an identity that the machine does not have."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def _needed(call: Call, name: str) -> str:
    """A parameter of the query, which must be there. Raises `_Unknown` and `Refused`."""
    value = call.query.get(name)
    if value is None:
        raise _Unknown(f"Required query variable '{name}' is missing")
    return value


@dataclass(frozen=True, slots=True)
class _Named:
    """The identity that was asked for; an empty `name` where none was."""

    name: str = ""
    value: str = ""

    @classmethod
    def read(cls, call: Call, names: tuple[str, ...]) -> _Named:
        """Raises `_Unknown` where several are named."""
        given = [(name, value) for name in names if (value := call.query.get(name))]
        if len(given) > 1:
            raise _Unknown("Only one of the names of an identity may be given")
        return cls(*given[0]) if given else cls()

    def fits(self, app: RegisteredApp) -> bool:
        """True if the name is that identity's. The case of letters does not matter."""
        own = {
            "client_id": app.client_id,
            "object_id": service_oid(app.tenant_id, app.client_id),
            "principal_id": service_oid(app.tenant_id, app.client_id),
        }.get(self.name, identity_path(app.name))
        return own.lower() == self.value.lower()


@dataclass(frozen=True, slots=True)
class _Issued:
    app: RegisteredApp
    token: str = field(repr=False)
    resource: str


def _issue(context: Context, call: Call, named: _Named) -> _Issued:
    """Raises `Refused` and `_Unknown`."""
    resource = _needed(call, "resource")
    app = _chosen(context, named)
    tenant = context.directory.tenant_of(app)
    (resource_scope,) = read_resource(resource, context.directory, tenant, app).resources
    subject = Subject(app=app, tenant=tenant, user=None, proof="2")
    token = make_access_token(context, call, subject, resource_scope, life_s=_LIFE_S)
    return _Issued(app, token, resource)


def _chosen(context: Context, named: _Named) -> RegisteredApp:
    """The one that is named; else the system's; else the only one there is."""
    # fidelity: identity-choice
    there = [app for app in context.directory.apps if app.managed is not ManagedIdentity.NONE]
    if named.name:
        found = [app for app in there if named.fits(app)]
        if not found:
            raise _Unknown("Identity not found")
        return found[0]
    found = [app for app in there if app.managed is ManagedIdentity.SYSTEM] or there
    if len(found) > 1:
        raise _Unknown(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of "
            "the identity in the token request"
        )
    if not found:
        raise _Unknown("Identity not found")
    return found[0]
