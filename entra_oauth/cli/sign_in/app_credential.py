"""The credential of an app, as the options name it: see `flows.proofs.find_proof`."""

from __future__ import annotations

from entra_oauth.cli.session.secret_input import SecretInput, SecretOption, read_secret
from entra_oauth.errors import UsageError
from entra_oauth.flows.proofs.find_proof import (
    FEDERATED_VALUES,
    AppProof,
    EnvironmentSecrets,
    FederatedSource,
    ProofKind,
    source_of,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.options.app_options import CredentialOptions
    from entra_oauth.protocol.endpoints.client_auth import Credential

__all__ = ["PASSWORD", "check_stdin", "credential_of", "is_at_hand", "may_prove", "proof_of"]

PASSWORD = SecretOption(name="password", words="password")
_SECRET = SecretOption(name="client-secret", words="client secret")
_FEDERATED = frozenset([*FEDERATED_VALUES, "federated_token_command"])
_PASSPHRASE = SecretOption(name="certificate-passphrase", words="passphrase of the certificate")


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
    return _secret_input(options).is_given or _proof(options, environ, None).is_at_hand


def may_prove(options: CredentialOptions, environ: Mapping[str, str], client_id: str) -> bool:
    """True if a proof is named that may be this app's: see `AppProof.is_of`."""
    if _secret_input(options).is_given:
        return True
    is_named = {"certificate", *_FEDERATED} & options.origins.named
    named = ProofKind.CERTIFICATE if is_named else None  # whichever: it is not the environment's
    return _proof(options, environ, named).is_of(client_id)


def credential_of(
    options: CredentialOptions,
    environ: Mapping[str, str],
    channels: Channels,
    *,
    timeout_s: float,
    prompts: bool = True,
) -> Credential:
    """The credential; a secret that is nowhere is asked for at a prompt.

    Raises `UsageError`, `LocalError`.
    """
    secrets = _GivenSecrets(options, environ, prompts=prompts)
    return proof_of(options, environ).credential(channels, secrets, timeout_s=timeout_s)


def proof_of(options: CredentialOptions, environ: Mapping[str, str]) -> AppProof:
    """The places of the app's proof, as the options name them. Raises `UsageError`."""
    return _proof(options, environ, _named(options))


def _proof(
    options: CredentialOptions, environ: Mapping[str, str], named: ProofKind | None
) -> AppProof:
    return AppProof(
        environ=environ,
        certificate=options.certificate,
        certificate_algorithm=options.certificate_algorithm,
        federated_token_source=_source(options),
        federated_token_file=options.federated_token_file,
        federated_token_env=options.federated_token_env,
        federated_token_command=options.federated_token_command,
        service_connection_id=options.service_connection_id,
        named=named,
    )


def _named(options: CredentialOptions) -> ProofKind | None:
    """The proof that is named: on the command line, else by our variables or the profile."""
    for named in (options.origins.given, options.origins.named):
        ways = {
            ProofKind.SECRET: _secret_input(options).is_given,
            ProofKind.CERTIFICATE: "certificate" in named,
            ProofKind.FEDERATED: bool(_FEDERATED & named),
        }
        found = [kind for kind, is_named in ways.items() if is_named]
        if len(found) > 1:
            # RFC 6749 §2.3: one method for each request.
            one, other = (_as_named(kind, named) for kind in found[:2])
            raise UsageError(f"{one} and {other} exclude each other.", advice="Give one.")
        if found:
            return found[0]
    return None


_DETAILS = {
    "federated_token_file": FederatedSource.FILE,
    "federated_token_env": FederatedSource.VARIABLE,
    "federated_token_command": FederatedSource.COMMAND,
    "service_connection_id": FederatedSource.AZURE_DEVOPS,
}
"""The options that say more of one source."""


def _as_named(kind: ProofKind, named: frozenset[str]) -> str:
    """The option that names a proof of that kind."""
    name = next((each for each in sorted(_FEDERATED & named)), None)
    if kind is not ProofKind.FEDERATED or name is None:
        return str(kind)
    return f"--{name.replace('_', '-')}"


def _source(options: CredentialOptions) -> FederatedSource | None:
    """The source that is named, else the one that its details name. Raises `UsageError`."""
    named = source_of(options.federated_token_source)
    given = {name: each for name, each in _DETAILS.items() if name in options.origins.given}
    for name, each in given.items():
        if named not in (None, each) and "federated_token_source" in options.origins.given:
            raise UsageError(
                f"--{name.replace('_', '-')} has nothing to do with --federated-token-source "
                f"{named}.",
                advice=f"Leave one of them out, or choose --federated-token-source {each}.",
            )
    if len(set(given.values())) > 1:
        one, other = (f"--{name.replace('_', '-')}" for name in list(given)[:2])
        raise UsageError(f"{one} and {other} exclude each other.", advice="Give one.")
    if given:
        return next(iter(given.values()))
    kept = {each for name, each in _DETAILS.items() if name in options.origins.named}
    return named or next(iter(kept), None)


def _secret_input(options: CredentialOptions) -> SecretInput:
    return SecretInput(stdin=options.client_secret_stdin, fd=options.client_secret_fd)


@dataclass(frozen=True, slots=True)
class _GivenSecrets:
    """`ProofSecrets` from where the options say, else the environment, else a prompt."""

    options: CredentialOptions
    environ: Mapping[str, str] = field(repr=False)
    prompts: bool

    def client_secret(self) -> str:
        given = _secret_input(self.options)
        if given.is_given or (self.prompts and not self.environ.get("AZURE_CLIENT_SECRET")):
            return read_secret(_SECRET, given)
        return EnvironmentSecrets(self.environ).client_secret()

    def passphrase(self, *, is_locked: bool) -> str | None:
        fd, stdin = (
            self.options.certificate_passphrase_fd,
            self.options.certificate_passphrase_stdin,
        )
        given, environment = SecretInput(stdin=stdin, fd=fd), EnvironmentSecrets(self.environ)
        if given.is_given:
            return read_secret(_PASSPHRASE, given)
        found = environment.passphrase(is_locked=is_locked and not self.prompts)
        return read_secret(_PASSPHRASE, given) if found is None and is_locked else found
