"""The proof of an app: the places where it may be, and the one that is used.

Commands and programs find it the same way, and read it anew for each request.
"""

from __future__ import annotations

from enum import StrEnum

from entra_oauth.errors import ProofMissing, UsageError
from entra_oauth.flows.federated import GITHUB_VARIABLES, FederatedFile, from_github
from entra_oauth.flows.named_file import read_file
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass, field
from entra_oauth.protocol.authority import folded, same_id
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.client_auth import Credential

__all__ = ["PROOF_VALUES", "AppProof", "EnvironmentSecrets", "ProofKind", "ProofSecrets"]

PROOF_VALUES = ("certificate", "certificate_algorithm", "federated_token_file")
"""The values of a profile that name a proof."""

_SECRET, _PASSPHRASE = "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD"


class ProofKind(StrEnum):
    """The proofs that an option or a profile can name, as the command line calls them."""

    SECRET = "a client secret"  # noqa: S105
    CERTIFICATE = "--certificate"
    FEDERATED = "--federated-token-file"


class ProofSecrets(Protocol):
    """The source of what no path leads to. Each raises `UsageError` where there is nothing."""

    def client_secret(self) -> str: ...

    def passphrase(self, *, is_locked: bool) -> str | None:
        """The certificate's passphrase; None where there is none and none is needed."""


@dataclass(frozen=True, slots=True)
class EnvironmentSecrets:
    """The secrets in the variables that Azure's own tools read. Nobody is asked."""

    environ: Mapping[str, str] = field(repr=False)

    def client_secret(self) -> str:
        """The secret of the app. Raises `ProofMissing`."""
        if self.environ.get(_SECRET):
            return self._text(_SECRET, "client secret")
        raise ProofMissing(
            "The app has to prove itself, and its proof is not here.",
            advice="Set AZURE_CLIENT_SECRET, or name a --certificate or a --federated-token-file; "
            "a profile can keep the path of a file.",
        )

    def passphrase(self, *, is_locked: bool) -> str | None:
        """See `ProofSecrets`. Raises `ProofMissing`."""
        if self.environ.get(_PASSPHRASE):
            return self._text(_PASSPHRASE, "passphrase of the certificate")
        if not is_locked:
            return None
        raise ProofMissing(
            "The certificate is locked, and its passphrase is not here.",
            advice="Set AZURE_CLIENT_CERTIFICATE_PASSWORD, or give --certificate-passphrase-fd.",
        )

    def _text(self, name: str, words: str) -> str:
        text = self.environ[name].removesuffix("\n").removesuffix("\r")
        if not text:
            raise UsageError(f"The {words} is empty.", advice=f"Give the {words}.")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class AppProof:
    """The places of an app's proof. Nothing is read until a credential is asked for."""

    environ: Mapping[str, str] = field(repr=False)
    certificate: str | None = None
    """The path of a file, as all that follow."""
    certificate_algorithm: str = "PS256"
    federated_token_file: str | None = None
    named: ProofKind | None = None
    """The one that an option or the profile names, which comes before the environment."""

    @classmethod
    def of(cls, profile: Mapping[str, str | None], environ: Mapping[str, str]) -> AppProof:
        """The proof for a program: our variables come before the profile, Azure's after it.

        `profile` has values by the names in `PROOF_VALUES`. Raises `UsageError` for two files.
        """
        named = {
            name: environ.get(f"ENTRA_OAUTH_{name.upper()}") or profile.get(name)
            for name in PROOF_VALUES
        }
        certificate, token_file = named["certificate"], named["federated_token_file"]
        if certificate and token_file:
            raise UsageError(
                "The profile names a certificate and a federated token file.",
                advice="Let it name one.",
            )
        file_kind = ProofKind.CERTIFICATE if certificate else ProofKind.FEDERATED
        return cls(
            environ=environ,
            certificate=certificate or environ.get("AZURE_CLIENT_CERTIFICATE_PATH"),
            certificate_algorithm=named["certificate_algorithm"] or "PS256",
            federated_token_file=token_file or environ.get("AZURE_FEDERATED_TOKEN_FILE"),
            named=file_kind if certificate or token_file else None,
        )

    @property
    def is_at_hand(self) -> bool:
        """True if any place names a proof."""
        return bool(
            self.certificate or self.federated_token_file or self.environ.get(_SECRET)
        ) or all(self.environ.get(name) for name in GITHUB_VARIABLES)

    def is_of(self, client_id: str) -> bool:
        """True if a proof is at hand that may be this app's.

        Where `AZURE_CLIENT_ID` names another app, what the environment holds is that one's.
        """
        other = self.environ.get("AZURE_CLIENT_ID")
        is_ours = self.named is not None or not other or same_id(folded(other), client_id)
        return self.is_at_hand and is_ours

    def credential(
        self, channels: Channels, secrets: ProofSecrets, *, timeout_s: float
    ) -> Credential:
        """The credential: what is named first, else the environment's, else a secret.

        In the environment the order is that of Azure's own tools: secret, certificate,
        federated token; GitHub's token service last. Raises `UsageError`, `LocalError` and
        what a request to GitHub raises.
        """
        kind = self.named
        if kind is None and self.environ.get(_SECRET):
            kind = ProofKind.SECRET
        if kind in (None, ProofKind.CERTIFICATE) and self.certificate:
            return self._certificate(self.certificate, secrets)
        if kind in (None, ProofKind.FEDERATED) and self.federated_token_file:
            return FederatedFile(self.federated_token_file)
        if kind is None and all(self.environ.get(name) for name in GITHUB_VARIABLES):
            return from_github(self.environ, channels, timeout_s=timeout_s)
        return ClientSecret(secrets.client_secret())

    def _certificate(self, path: str, secrets: ProofSecrets) -> Certificate:
        content = read_file(path, "certificate")
        # One that is no certificate is locked by nothing, and `load` says what it is.
        passphrase = secrets.passphrase(is_locked=Certificate.is_locked(content))
        return Certificate.load(
            content, passphrase=passphrase, algorithm=self.certificate_algorithm
        )
