"""A managed identity's token from the endpoint of App Service and Functions, top to bottom.

https://learn.microsoft.com/azure/app-service/overview-managed-identity, the REST endpoint of
2019-08-01. Container Apps have the same, and so does `serve identity`.
"""

from __future__ import annotations

from entra_oauth.errors import ProofMissing, TransportError
from entra_oauth.flows.managed_identity.identity_answer import (
    IdentityRequest,
    ServiceWords,
    absent,
    checked_endpoint,
)
from entra_oauth.flows.managed_identity.named_identity import IdKind
from entra_oauth.flows.patience import send_on_schedule
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.json_response import PASSING
from entra_oauth.protocol.messages import check_opaque

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.managed_identity.named_identity import NamedIdentity
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["VARIABLES", "get_token", "settings"]

VARIABLES = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
"""The address, and a secret that shows that the asker runs there. The platform sets both."""

_NAMES = {IdKind.CLIENT: "client_id", IdKind.OBJECT: "object_id", IdKind.RESOURCE: "mi_res_id"}
_PAUSES_S = (5.0, 10.0)
"""Its page names none. These are those before all other requests that may be repeated."""

_WORDS = ServiceWords(
    absent="Nothing answers at the address in IDENTITY_ENDPOINT.",
    elsewhere="Check that both variables are those of the running platform, and not kept from "
    "an earlier start. entra-oauth doctor says what this machine could use.",
    advice=(
        (
            "x-identity-header",
            "IDENTITY_HEADER is not the service's own: use the one of this start of the app.",
        ),
        (
            "identity not found",
            "Assign the identity to the app (its page Identity in the Azure portal), or check "
            "--managed-identity-id; without that option the system-assigned one is meant.",
        ),
        ("multiple user assigned", "Name one of them with --managed-identity-id client-id=GUID."),
        ("aadsts500011", "Check --scope: the tenant knows no such resource."),
        ("http 401", "IDENTITY_HEADER is not the service's own: use the one of this start."),
        ("http 403", "This identity or audience is not served there: check --scope and the id."),
    ),
    otherwise="Check --scope, --managed-identity-id, and the page Identity of the app in the "
    "Azure portal: the service says little of its reasons.",
)


def settings(environ: Mapping[str, str]) -> tuple[str, str]:
    """Address and secret. Raises `ProofMissing` where they are not set, and `UsageError`."""
    address, secret = (environ.get(name, "") for name in VARIABLES)
    if not address or not secret:
        raise ProofMissing(
            "IDENTITY_ENDPOINT and IDENTITY_HEADER are not both set here: no app with a managed "
            "identity runs here.",
            advice="Switch the identity on in the app's page Identity, then start the app again; "
            "or choose another --managed-identity-source.",
        )
    check_opaque("secret in IDENTITY_HEADER", secret)
    return checked_endpoint(VARIABLES[0], address), secret


def get_token(
    resource: str,
    named: NamedIdentity | None,
    channels: Channels,
    *,
    environ: Mapping[str, str],
    timeout_s: float = 30.0,
) -> TokenResponse:
    """Ask the endpoint in the environment, with the secret beside it.

    Raises what `imds.get_token` does, and `ProofMissing` where there is none.
    """
    address, secret = settings(environ)
    request = IdentityRequest(
        endpoint=address,
        query=(
            ("api-version", "2019-08-01"),
            ("resource", resource),
            *(((_NAMES[named.kind], named.value),) if named else ()),
        ),
        headers=(("X-IDENTITY-HEADER", secret),),
        words=_WORDS,
        secrets=(secret,),
    )
    try:
        reply = send_on_schedule(request.to_http(), channels, _pauses_s, timeout_s=timeout_s)
    except TransportError as error:
        raise absent(error, _WORDS) from None
    return request.read(reply, received_at=channels.now())


def _pauses_s(status: int) -> tuple[float, ...]:
    return _PAUSES_S if status in PASSING else ()
