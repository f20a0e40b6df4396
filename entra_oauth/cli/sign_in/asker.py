"""The asker of a token: a person who has signed in, or the app itself.

It is decided in this order: options; the profile's `flow`; then see `cache.app_asker`.
"""

from __future__ import annotations

from entra_oauth.cache.account import App
from entra_oauth.cache.app_asker import APP_FLOW, AppAsker, Asker, asker_by_sign_in
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.cache.refresher import AskAsApp
    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import AppOptions, CredentialOptions, RequestOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.endpoints.client_auth import Credential

__all__ = ["PROOF_VARIABLES", "ask_as_app", "asker_of", "withheld_from_program"]

_PROOFS = (
    "certificate",
    "client_secret_fd",
    "client_secret_stdin",
    "federated_token_command",
    "federated_token_env",
    "federated_token_file",
    "federated_token_source",
)
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

_APP_SERVICE = "app-service"
"""The source whose variables are the whole proof."""
_DEVOPS = "azure-devops"
"""The source that asks with a variable which a job's other steps need too."""


def withheld_from_program(credential: CredentialOptions) -> frozenset[str]:
    """The variables that a program which gets the token is not given beside it."""
    more = {name for name in (credential.federated_token_env,) if name}
    if credential.is_identity and credential.managed_identity_source == _APP_SERVICE:
        more |= {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}
    if credential.federated_token_source == _DEVOPS:
        more.add("SYSTEM_ACCESSTOKEN")
    return PROOF_VARIABLES | more


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
    known = App.of(authority_of(app), client_id_of(app))

    def has_proof() -> bool:
        from entra_oauth.cli.sign_in.app_credential import may_prove

        return may_prove(credential, environ, known.client_id)

    return asker_by_sign_in(store, known, app.account, has_proof=has_proof)


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
    # Late, here as above: a person's renewal needs none of it.
    from entra_oauth.cli.sign_in.app_credential import check_stdin, credential_of

    check_stdin(credential)
    kept: list[Credential] = []
    timeout_s = network.http_timeout

    def proof(channels: Channels) -> Credential:
        made = kept or [
            credential_of(credential, session.environ, channels, timeout_s=timeout_s, prompts=False)
        ]
        if credential.is_read_once:
            kept[:] = made
        return made[0]

    def channels() -> AbstractContextManager[Channels]:
        from entra_oauth.cli.sign_in.choose_receiver import back_channels

        return back_channels(network, session)

    return AppAsker(
        authority=authority_of(app),
        client_id=client_id_of(app),
        credential=proof,
        channels=channels,
        timeout_s=timeout_s,
        correlation_id=request.correlation_id,
    )
