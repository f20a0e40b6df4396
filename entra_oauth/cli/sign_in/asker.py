"""The asker of a token: a person who has signed in, or the app itself.

It is decided in this order: options; the profile's `flow`; the sign-in that is kept. A proof in
the environment counts only where there is none of these: a variable that was meant for another
program makes no app of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.cache.account import APP_ONLY, App
from entra_oauth.cli.sign_in.app_credential import check_stdin, credential_of, is_at_hand
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.cache.token_source import AskAsApp
    from entra_oauth.cli.options.app_options import AppOptions, CredentialOptions, RequestOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.endpoints.client_auth import Credential
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["APP_FLOW", "PROOF_VARIABLES", "Asker", "ask_as_app", "asker_of"]

APP_FLOW = "client-credentials"
_PROOFS = ("certificate", "client_secret_fd", "client_secret_stdin", "federated_token_file")
PROOF_VARIABLES = frozenset(
    {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "ENTRA_OAUTH_CERTIFICATE",
        "ENTRA_OAUTH_FEDERATED_TOKEN_FILE",
    }
)
"""With one of these a program could ask as the app itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The one that asks, and why."""

    is_app: bool
    source: str
    """The option, the profile, or what else decided it."""
    is_by_environment: bool = False
    """Nothing but a proof in the environment decided it."""


def asker_of(
    app: AppOptions, credential: CredentialOptions, environ: Mapping[str, str], store: FileStore
) -> Asker:
    """The asker for an app that is settled. Raises `UsageError` where none is named."""
    origins = credential.origins
    proof = next((name for name in _PROOFS if name in origins.given), None)
    if proof is not None and "flow" not in origins.given:
        return Asker(is_app=True, source=f"--{proof.replace('_', '-')}")
    if "flow" in origins.named:
        return Asker(is_app=credential.flow == APP_FLOW, source=origins.source("flow"))
    known, kept = store.kept_as(App.of(authority_of(app), client_id_of(app)), app.account)
    kept = kept or store.default_account(known)
    if kept is not None:
        return Asker(is_app=kept == APP_ONLY, source="the sign-in that is kept")
    if is_at_hand(credential, environ):
        return Asker(is_app=True, source="a proof in the environment", is_by_environment=True)
    return Asker(is_app=False, source="nothing else")


def ask_as_app(
    app: AppOptions,
    credential: CredentialOptions,
    network: NetworkOptions,
    request: RequestOptions,
    session: Session,
) -> AskAsApp:
    """The request in the app's own name, its proof made anew for each. Nobody is prompted.

    What was read from standard input or a descriptor cannot be read again, and is kept.
    """
    check_stdin(credential)
    kept: list[Credential] = []

    def ask(scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels
        from entra_oauth.flows.client_credentials import get_token
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_app(
            authority=authority_of(app),
            client_id=client_id_of(app),
            scopes=scopes,
            claims=claims,
            correlation_id=request.correlation_id,
        )
        timeout_s = network.http_timeout
        with back_channels(network, session) as channels:
            proof = kept or [
                credential_of(
                    credential, session.environ, channels, timeout_s=timeout_s, prompts=False
                )
            ]
            if credential.is_read_once:
                kept[:] = proof
            return get_token(access_request, proof[0], channels, timeout_s=timeout_s)

    return ask
