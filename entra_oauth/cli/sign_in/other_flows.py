"""login without a browser on this machine: device code, password, the app itself."""

from __future__ import annotations

from entra_oauth.cli.session.secret_input import SecretInput, read_secret
from entra_oauth.cli.sign_in.app_credential import PASSWORD, credential_of
from entra_oauth.cli.sign_in.choose_receiver import back_channels, sign_in_safely
from entra_oauth.cli.sign_in.plan import authority_of, claims_of, client_id_of
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.endpoints.access_request import AccessRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import AppOptions, RequestOptions
    from entra_oauth.cli.output.token_output import TokenSubject
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.get_tokens_verbs import LoginOptions, TokenOptions
    from entra_oauth.cli.verbs.use_tokens_verbs import ApiOptions
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["ask_for_person", "sign_in", "sign_in_person"]


def sign_in(options: LoginOptions, session: Session) -> tuple[AccessRequest, TokenResponse]:
    """Run the flow that `--flow` names. Raises an `EntraOAuthError`."""
    with back_channels(options.network, session) as channels:
        # What the person needs to see is said even when quiet.
        channels = replace(channels, say=session.console.ask)
        return _FLOWS[options.credential.flow](options, channels, session.environ)


def sign_in_person(
    options: TokenOptions | ApiOptions, request: RequestOptions, session: Session
) -> tuple[TokenSubject, TokenResponse]:
    """Let a person sign in by the flow that the options or the profile name.

    Raises `UsageError` for one in which nobody can be asked here.
    """
    flow = options.credential.flow
    if flow == "auth-code":
        return sign_in_safely(
            options.app, session, page=options.page, network=options.network, request=request
        )
    if flow != "device-code":
        raise UsageError(
            f"This sign-in is of the flow {flow} ({options.credential.origins.source('flow')}), "
            "and --interactive asks for none of that flow.",
            advice=f"Sign in with entra-oauth login --flow {flow} and its options, then run this "
            "again without --interactive.",
        )
    with back_channels(options.network, session) as channels:
        return _by_device_code(options, request, replace(channels, say=session.console.ask))


def _device_code(
    options: LoginOptions, channels: Channels, environ: Mapping[str, str]
) -> tuple[AccessRequest, TokenResponse]:
    return _by_device_code(options, options.request, channels)


def _by_device_code(
    options: LoginOptions | TokenOptions | ApiOptions, request: RequestOptions, channels: Channels
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import device_code

    access_request = ask_for_person(options.app, request)
    is_bounded = "timeout" in options.credential.origins.named
    return access_request, device_code.sign_in(
        access_request,
        channels,
        timeout_s=options.network.http_timeout,
        wait_s=options.page.timeout if is_bounded else None,
    )


def _password(
    options: LoginOptions, channels: Channels, environ: Mapping[str, str]
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import password

    access_request = ask_for_person(options.app, options.request)
    credential = options.credential
    channels.say(password.WARNING)  # before it is typed
    given = SecretInput(stdin=credential.password_stdin, fd=credential.password_fd)
    secret = read_secret(PASSWORD, given)
    return access_request, password.sign_in(
        access_request,
        credential.username or "",  # `check_flow` refuses none
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
