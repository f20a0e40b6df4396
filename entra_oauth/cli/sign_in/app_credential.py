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

__all__ = ["PASSPHRASE", "PASSWORD", "SECRET", "check_stdin", "credential_of", "is_at_hand"]

PASSWORD = SecretOption(name="password", words="password")
SECRET = SecretOption(
    name="client-secret", words="client secret", variables=("AZURE_CLIENT_SECRET",)
)
PASSPHRASE = SecretOption(
    name="certificate-passphrase",
    words="passphrase of the certificate",
    variables=("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
)


def check_stdin(options: CredentialOptions) -> None:
    """Raise `UsageError` where two secrets are to be read from standard input."""
    stdin = (
        options.password_stdin,
        options.client_secret_stdin,
        options.certificate_passphrase_stdin,
    )
    if sum(stdin) > 1:
        raise UsageError(
            "Two secrets are to be read from standard input, which can hold one.",
            advice="Give one of them through a file descriptor: -fd N.",
        )


def is_at_hand(options: CredentialOptions, environ: Mapping[str, str]) -> bool:
    """True if an option, a variable or the profile names a proof. None is read."""
    return bool(
        options.client_secret_stdin
        or options.client_secret_fd is not None
        or options.certificate
        or options.federated_token_file
        or environ.get("AZURE_CLIENT_SECRET")
        or all(environ.get(name) for name in GITHUB_VARIABLES)
    )


def credential_of(
    options: CredentialOptions,
    environ: Mapping[str, str],
    channels: Channels,
    *,
    timeout_s: float,
    prompts: bool = True,
) -> Credential:
    """The credential: what is named first, else the environment's, else a secret is asked for.

    An option comes before the profile. In the environment the order is that of Azure's own
    tools: secret, certificate, federated token; GitHub's token service last. Raises
    `UsageError`, `LocalError`.
    """
    secret = SecretInput(stdin=options.client_secret_stdin, fd=options.client_secret_fd)
    chosen = _chosen(options, secret)
    if chosen is None and environ.get("AZURE_CLIENT_SECRET"):
        chosen = _SECRET
    if chosen in (None, _CERTIFICATE) and options.certificate:
        return _certificate(options.certificate, options, environ, prompts=prompts)
    if chosen in (None, _FEDERATED) and options.federated_token_file:
        return FederatedFile(options.federated_token_file)
    if chosen is None and all(environ.get(name) for name in GITHUB_VARIABLES):
        return from_github(environ, channels, timeout_s=timeout_s)
    if chosen is None and not prompts:
        raise UsageError(
            "The app has to prove itself, and its proof is not here.",
            advice="Set AZURE_CLIENT_SECRET, or name a --certificate or a --federated-token-file; "
            "a profile can keep the path of a file.",
        )
    return ClientSecret(read_secret(SECRET, secret, environ))


_SECRET, _CERTIFICATE, _FEDERATED = "a client secret", "--certificate", "--federated-token-file"


def _chosen(options: CredentialOptions, secret: SecretInput) -> str | None:
    """The proof that is named: on the command line, else by our variables or the profile."""
    for named in (options.origins.given, options.origins.named):
        ways = {
            _SECRET: secret.is_given,
            _CERTIFICATE: "certificate" in named,
            _FEDERATED: "federated_token_file" in named,
        }
        found = [name for name, is_named in ways.items() if is_named]
        if len(found) > 1:
            # RFC 6749 §2.3: one method for each request.
            raise UsageError(f"{found[0]} and {found[1]} exclude each other.", advice="Give one.")
        if found:
            return found[0]
    return None


def _certificate(
    file: str, options: CredentialOptions, environ: Mapping[str, str], *, prompts: bool
) -> Certificate:
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
    if not prompts:
        raise UsageError(
            "The certificate is locked, and its passphrase is not here.",
            advice="Set AZURE_CLIENT_CERTIFICATE_PASSWORD, or give --certificate-passphrase-fd.",
        )
    return Certificate.load(
        content, passphrase=read_secret(PASSPHRASE, source, environ), algorithm=algorithm
    )
