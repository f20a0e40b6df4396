"""login without a browser on this machine: device code, password, the app itself."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.cli.session.secret_input import read_secret
from entra_oauth.cli.sign_in.app_credential import PASSWORD, credential_of
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of
from entra_oauth.errors import UsageError
from entra_oauth.protocol.endpoints.access_request import AccessRequest

if TYPE_CHECKING:
    import argparse

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["ask_for_person", "sign_in"]


def sign_in(args: argparse.Namespace, console: Console) -> tuple[AccessRequest, TokenResponse]:
    """Run the flow that `--flow` names. Raises an `EntraOAuthError`."""
    with back_channels(args, console) as channels:
        # What the person needs to see is said even when quiet.
        return _FLOWS[args.flow](args, replace(channels, say=console.ask))


def _device_code(
    args: argparse.Namespace, channels: Channels
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import device_code

    access_request = ask_for_person(args)
    return access_request, device_code.sign_in(
        access_request, channels, timeout_s=float(args.http_timeout)
    )


def _password(args: argparse.Namespace, channels: Channels) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import password

    access_request = ask_for_person(args)
    if not args.username:
        raise UsageError(
            "No user name was given.", advice="Give it with --username or AZURE_USERNAME."
        )
    channels.say(password.WARNING)  # before it is typed
    secret = read_secret(PASSWORD, args, os.environ)
    return access_request, password.sign_in(
        access_request,
        args.username,
        secret,
        channels,
        timeout_s=float(args.http_timeout),
        is_warned=True,
    )


def _client_credentials(
    args: argparse.Namespace, channels: Channels
) -> tuple[AccessRequest, TokenResponse]:
    from entra_oauth.flows import client_credentials

    access_request = AccessRequest.for_app(
        authority=authority_of(args),
        client_id=client_id_of(args),
        scopes=args.scope,
        claims=args.claims,
        correlation_id=args.correlation_id,
    )
    credential = credential_of(args, os.environ, channels)
    timeout_s = float(args.http_timeout)
    return access_request, client_credentials.get_token(
        access_request, credential, channels, timeout_s=timeout_s
    )


_FLOWS = {
    "device-code": _device_code,
    "password": _password,
    "client-credentials": _client_credentials,
}


def ask_for_person(args: argparse.Namespace) -> AccessRequest:
    """What the options ask for in a person's name. Raises `UsageError`."""
    return AccessRequest.for_person(
        authority=authority_of(args),
        client_id=client_id_of(args),
        scopes=args.scope,
        claims=args.claims,
        correlation_id=args.correlation_id,
    )
