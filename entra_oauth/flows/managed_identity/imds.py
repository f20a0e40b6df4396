"""A managed identity's token from a virtual machine's metadata service, from top to bottom.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from __future__ import annotations

from entra_oauth.errors import TransportError
from entra_oauth.flows.managed_identity.identity_answer import (
    IdentityRequest,
    ServiceWords,
    absent,
    checked_endpoint,
)
from entra_oauth.flows.managed_identity.named_identity import IdKind
from entra_oauth.flows.patience import send_on_schedule
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.managed_identity.named_identity import NamedIdentity
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["ADDRESS", "HOST_VARIABLE", "WORDS", "endpoint", "get_token"]

ADDRESS = "http://169.254.169.254"
HOST_VARIABLE = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
"""Another host in its place: the pod identity of older clusters, and the practice tenant."""

_PATH = "/metadata/identity/oauth2/token"
_NAMES = {IdKind.CLIENT: "client_id", IdKind.OBJECT: "object_id", IdKind.RESOURCE: "msi_res_id"}

_PAUSES_S = (0.0, 2.0, 6.0, 14.0, 30.0)
_PAUSES_WHILE_UPDATED_S = (0.0, 2.0, 6.0, 14.0, 30.0, 18.0)
"""410: the service is being updated, and back within 70 seconds."""

WORDS = ServiceWords(
    absent="Nothing answers at the address of the metadata service: this machine is no virtual "
    "machine of Azure's, or the way there is closed.",
    elsewhere="Elsewhere another --managed-identity-source may be the right one: entra-oauth "
    "doctor says what this machine could use.",
    advice=(
        (
            "identity not found",
            "Assign the identity to this machine (its page Identity in the Azure portal), or "
            "check --managed-identity-id; without that option the system-assigned one is meant.",
        ),
        ("multiple user assigned", "Name one of them with --managed-identity-id client-id=GUID."),
        ("invalid_resource", "Check --scope: the tenant knows no such resource."),
        ("aadsts500011", "Check --scope: the tenant knows no such resource."),
        ("bad_request_102", "Something on the way takes the header Metadata out: let it pass."),
        ("unreachable", "Docker Desktop answers so for what it cannot reach: this is not Azure."),
    ),
    otherwise="Look at the page Identity of this machine in the Azure portal.",
)


def endpoint(environ: Mapping[str, str]) -> str:
    """The address that is asked. Raises `UsageError`."""
    host = environ.get(HOST_VARIABLE)
    base = checked_endpoint(HOST_VARIABLE, host.rstrip("/")) if host else ADDRESS
    return base + _PATH


def get_token(
    resource: str,
    named: NamedIdentity | None,
    channels: Channels,
    *,
    environ: Mapping[str, str],
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Ask the metadata service, again while it is busy, as its own page says.

    `timeout_s` is for each attempt. Raises `AuthorityError` where it says no, a
    `TransportError` where it does not answer as such, and `UsageError`.
    """
    request = IdentityRequest(
        endpoint=endpoint(environ),
        query=(
            ("api-version", "2018-02-01"),
            ("resource", resource),
            *(((_NAMES[named.kind], named.value),) if named else ()),
        ),
        headers=(("Metadata", "true"),),
        words=WORDS,
    )
    try:
        reply = send_on_schedule(request.to_http(), channels, _pauses_s, timeout_s=timeout_s)
    except TransportError as error:
        raise absent(error, WORDS) from None
    return request.read(reply, received_at=channels.now())


def _pauses_s(status: int) -> tuple[float, ...]:
    if status == 410:
        return _PAUSES_WHILE_UPDATED_S
    return _PAUSES_S if status in (404, 429) or status >= 500 else ()
