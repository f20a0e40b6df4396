"""The managed identities that this machine could use, and how that is known."""

from __future__ import annotations

import os
import sys

from entra_oauth.cli.doctor.machine import DoctorCheck
from entra_oauth.errors import EntraOAuthError, LocalError, TransportError
from entra_oauth.flows.managed_identity import app_service, arc, imds
from entra_oauth.flows.managed_identity.identity_answer import absent
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels

__all__ = ["identity_sources", "knock", "metadata_service"]

_NAME = "managed identity"
_OTHERS = {
    "IDENTITY_SERVER_THUMBPRINT": "Service Fabric",
    "MSI_ENDPOINT": "Azure Machine Learning or Cloud Shell",
}
"""Variables of services that are not asked here."""
_LONGEST_S = 5.0


def identity_sources(environ: Mapping[str, str], platform: str = sys.platform) -> DoctorCheck:
    """The sources that variables and the agent's folder tell of. Nothing is asked."""
    known = []
    other = next((words for name, words in _OTHERS.items() if environ.get(name)), None)
    is_app = all(environ.get(name) for name in app_service.VARIABLES)
    # App Service sets the older MSI_ENDPOINT too; Service Fabric has the same two variables.
    if is_app and not environ.get("IDENTITY_SERVER_THUMBPRINT"):
        known.append(f"app-service ({' and '.join(app_service.VARIABLES)} are set)")
    if environ.get(arc.ENDPOINT_VARIABLE) and environ.get("IMDS_ENDPOINT"):
        known.append("arc (IDENTITY_ENDPOINT and IMDS_ENDPOINT are set)")
    elif (folder := _agent_folder(environ, platform)) is not None:
        known.append(f"arc ({folder} is there)")
    if environ.get(imds.HOST_VARIABLE):
        known.append(f"imds ({imds.HOST_VARIABLE} is set)")
    if known:
        return DoctorCheck.fine(
            _NAME,
            f"--managed-identity-source could be {', '.join(known)}.",
            "Choose one beside --flow managed-identity; none is taken by itself.",
        )
    if other is not None:
        advice = "Azure's own libraries ask there; serve identity hands on what another app has."
        return DoctorCheck.note(_NAME, f"The variables are {other}'s, not asked here.", advice)
    return DoctorCheck.fine(
        _NAME,
        "No variable and no folder tells of one.",
        "A virtual machine of Azure's has none of these: doctor --imds asks if this is one.",
    )


def _agent_folder(environ: Mapping[str, str], platform: str) -> str | None:
    try:
        folder = arc.agent_folder(environ, platform)
    except LocalError:
        return None
    return folder if os.path.isdir(folder) else None


def knock(environ: Mapping[str, str]) -> HttpRequest:
    """The request that a metadata service refuses: without its header, and for no resource.

    Raises `UsageError`.
    """
    return HttpRequest(
        method="GET",
        url=f"{imds.endpoint(environ)}?api-version=2018-02-01",
        headers=(("User-Agent", USER_AGENT), ("Accept", "application/json")),
    )


def metadata_service(
    environ: Mapping[str, str], channels: Channels, *, timeout_s: float
) -> DoctorCheck:
    """Ask once if the metadata service of a virtual machine is there. No token is asked for."""
    name = "metadata service"
    try:
        reply = channels.back.send(knock(environ), timeout_s=min(timeout_s, _LONGEST_S))
    except TransportError as error:
        told = absent(error, imds.WORDS)
        return DoctorCheck.note(name, told.what, "Another source may be there: see above.")
    except EntraOAuthError as error:
        return DoctorCheck.problem(name, error)
    if _refuses_as_azures(reply):
        found = "It answers as a virtual machine's does."
        advice = "Use --managed-identity-source imds, once an identity is assigned to the machine."
        return DoctorCheck.fine(name, found, advice)
    found = f"Something answers at its address (HTTP {reply.status}), and not as it would."
    return DoctorCheck.note(name, found, "A proxy, a gateway or Docker Desktop may do that.")


def _refuses_as_azures(reply: HttpResponse) -> bool:
    try:
        return reply.status == 400 and isinstance(read_object(reply.body).get("error"), str)
    except ValueError:
        return False
