"""login without a browser on this machine: device code, password, the app itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.cli.session.secret_input import SecretInput, read_secret
from entra_oauth.cli.sign_in.app_credential import PASSWORD, credential_of
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.plan import authority_of, claims_of, client_id_of
from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.access_request import AccessRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import AppOptions, RequestOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.get_tokens_verbs import LoginOptions
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["ask_for_person", "sign_in"]


def sign_in(options: LoginOptions, session: Session) -> tuple[AccessRequest, TokenResponse]:
    """Run the flow that `--flow` names. Raises an `EntraOAuthError`."""
    with back_channels(options.network, session) as channels:
        # What the person needs to see is said even when quiet.
        channels = replace(channels, say=session.console.ask)
        return _FLOWS[options.credential.flow](options, channels, session.environ)


def _device_code(
    options: LoginOptions, channels: Channels, environ: Mapping[str, str]
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import device_code

    access_request = ask_for_person(options.app, options.request)
    timeout_s = options.network.http_timeout
    is_bounded = "timeout" in options.credential.origins.named
    return access_request, device_code.sign_in(
        access_request,
        channels,
        timeout_s=timeout_s,
        wait_s=options.page.timeout if is_bounded else None,
    )


def _password(
    options: LoginOptions, channels: Channels, environ: Mapping[str, str]
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import password

    access_request = ask_for_person(options.app, options.request)
    credential = options.credential
    if not credential.username:
        raise UsageError(
            "No user name was given.", advice="Give it with --username or AZURE_USERNAME."
        )
    channels.say(password.WARNING)  # before it is typed
    given = SecretInput(stdin=credential.password_stdin, fd=credential.password_fd)
    secret = read_secret(PASSWORD, given)
    return access_request, password.sign_in(
        access_request,
        credential.username,
        secret,
        channels,
        timeout_s=options.network.http_timeout,
        is_warned=True,
    )


def _client_credentials(
    options: LoginOptions, channels: Channels, environ: Mapping[str, str]
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import client_credentials

    access_request = AccessRequest.for_app(
        authority=authority_of(options.app),
        client_id=client_id_of(options.app),
        scopes=options.app.scope,
        claims=claims_of(options.request),
        correlation_id=options.request.correlation_id,
    )
    timeout_s = options.network.http_timeout
    credential = credential_of(options.credential, environ, channels, timeout_s=timeout_s)
    return access_request, client_credentials.get_token(
        access_request, credential, channels, timeout_s=timeout_s
    )


_FLOWS = {
    "device-code": _device_code,
    "password": _password,
    "client-credentials": _client_credentials,
}


def ask_for_person(app: AppOptions, request: RequestOptions) -> AccessRequest:
    """The request in a person's name. Raises `UsageError`."""
    return AccessRequest.for_person(
        authority=authority_of(app),
        client_id=client_id_of(app),
        scopes=app.scope,
        claims=claims_of(request),
        correlation_id=request.correlation_id,
    )
