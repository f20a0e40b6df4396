"""The person's or the app's own credential: where each secret is read from, never the secret."""

from __future__ import annotations

from dataclasses import dataclass, field

from entra_oauth.cli.command_line.declare import Origins, flag, option

__all__ = ["CredentialOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialOptions:
    """The secrets of the flows that need one."""

    HEADING = "other ways to sign in"

    flow: str = option(
        "way to the token",
        metavar="NAME",
        choices=("auth-code", "device-code", "password", "client-credentials"),
        default="auth-code",
    )
    username: str | None = option(
        "user name, for --flow password", metavar="USER", azure="AZURE_USERNAME"
    )
    password_stdin: bool = flag("read the password from standard input")
    password_fd: int | None = option(
        "read the password from this file descriptor (default: ask at a prompt)", metavar="N"
    )
    client_secret_stdin: bool = flag(
        "read the client secret from standard input (else AZURE_CLIENT_SECRET, or a prompt)"
    )
    client_secret_fd: int | None = option(
        "read the client secret from this file descriptor", metavar="N"
    )
    certificate: str | None = option(
        "certificate of the app with its private key: PEM or PFX",
        metavar="FILE",
        azure="AZURE_CLIENT_CERTIFICATE_PATH",
    )
    certificate_algorithm: str = option(
        "how the certificate signs: PS256, or RS256 for the older form",
        metavar="ALG",
        choices=("PS256", "RS256"),
        default="PS256",
    )
    certificate_passphrase_stdin: bool = flag(
        "read the certificate's passphrase from standard input"
    )
    certificate_passphrase_fd: int | None = option(
        "read the certificate's passphrase from this file descriptor", metavar="N"
    )
    federated_token_file: str | None = option(
        "file with a token that the app registration trusts",
        metavar="FILE",
        azure="AZURE_FEDERATED_TOKEN_FILE",
    )
    origins: Origins = field(default_factory=Origins)
