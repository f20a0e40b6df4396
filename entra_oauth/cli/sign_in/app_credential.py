"""The credential of an app that the options or the environment name. One is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.session.secret_input import SecretInput, SecretOption, read_file, read_secret
from entra_oauth.errors import UsageError
from entra_oauth.flows.federated import GITHUB_VARIABLES, FederatedFile, from_github
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import CredentialOptions
    from entra_oauth.protocol.endpoints.client_auth import Credential

__all__ = ["PASSPHRASE", "PASSWORD", "SECRET", "credential_of"]

PASSWORD = SecretOption(name="password", words="password")
SECRET = SecretOption(
    name="client-secret", words="client secret", variables=("AZURE_CLIENT_SECRET",)
)
PASSPHRASE = SecretOption(
    name="certificate-passphrase",
    words="passphrase of the certificate",
    variables=("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
)


def credential_of(
    options: CredentialOptions, environ: Mapping[str, str], channels: Channels, *, timeout_s: float
) -> Credential:
    """The credential: an option's first, else the environment's, else a secret is asked for.

    In the environment the order is that of Azure's own tools: secret, certificate,
    federated token; GitHub's token service last. Raises `UsageError`, `LocalError`.
    """
    given = options.origins.given
    secret = SecretInput(stdin=options.client_secret_stdin, fd=options.client_secret_fd)
    ways = {
        "a client secret": secret.is_given,
        "--certificate": "certificate" in given,
        "--federated-token-file": "federated_token_file" in given,
    }
    chosen = [name for name, is_given in ways.items() if is_given]
    if len(chosen) > 1:
        # RFC 6749 §2.3: one method for each request.
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other.", advice="Give one.")
    in_environment = bool(environ.get("AZURE_CLIENT_SECRET")) and not chosen
    if ways["a client secret"] or in_environment:
        return ClientSecret(read_secret(SECRET, secret, environ))
    if options.certificate and not ways["--federated-token-file"]:
        return _certificate(options.certificate, options, environ)
    if options.federated_token_file:
        return FederatedFile(options.federated_token_file)
    if all(environ.get(name) for name in GITHUB_VARIABLES):
        return from_github(environ, channels, timeout_s=timeout_s)
    return ClientSecret(read_secret(SECRET, secret, environ))


def _certificate(file: str, options: CredentialOptions, environ: Mapping[str, str]) -> Certificate:
    content = read_file(file, "certificate")
    source = SecretInput(
        stdin=options.certificate_passphrase_stdin, fd=options.certificate_passphrase_fd
    )
    given = source.is_given or any(environ.get(n) for n in PASSPHRASE.variables)
    algorithm = options.certificate_algorithm
    if given:
        passphrase = read_secret(PASSPHRASE, source, environ)
        return Certificate.load(content, passphrase=passphrase, algorithm=algorithm)
    if not Certificate.is_locked(content):
        return Certificate.load(content, algorithm=algorithm)
    return Certificate.load(
        content, passphrase=read_secret(PASSPHRASE, source, environ), algorithm=algorithm
    )
