"""The proof of an app: the places where it may be, and the one that is used.

Commands and programs find it the same way, and read it anew for each request.
"""

from __future__ import annotations

from enum import StrEnum

from entra_oauth.errors import ProofMissing, UsageError
from entra_oauth.flows.named_file import read_file
from entra_oauth.flows.proofs.build_job import GitHubJob, PipelineJob
from entra_oauth.flows.proofs.federated_file import FederatedFile
from entra_oauth.flows.proofs.federated_variable import FederatedVariable
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass, field
from entra_oauth.protocol.authority import folded, same_id
from entra_oauth.protocol.endpoints.client_auth import Certificate, ClientSecret, FederatedAssertion
from entra_oauth.protocol.endpoints.job_token import GITHUB_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.proofs.federated_command import FederatedCommand
    from entra_oauth.protocol.endpoints.client_auth import Credential

__all__ = [
    "FEDERATED_VALUES",
    "PROOF_VALUES",
    "AppProof",
    "EnvironmentSecrets",
    "FederatedSource",
    "ProofKind",
    "ProofSecrets",
    "source_of",
]

FEDERATED_VALUES = (
    "federated_token_source",
    "federated_token_file",
    "federated_token_env",
    "service_connection_id",
)
"""The values of a profile that name a federated token. None is a command: a file that another
program may write must not say what is run here."""
PROOF_VALUES = ("certificate", "certificate_algorithm", *FEDERATED_VALUES)
"""The values of a profile that name a proof."""

_SECRET, _PASSPHRASE = "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD"


class ProofKind(StrEnum):
    """The proofs that an option or a profile can name, as the command line calls them."""

    SECRET = "a client secret"  # noqa: S105
    CERTIFICATE = "--certificate"
    FEDERATED = "a federated token"


class FederatedSource(StrEnum):
    """The place of a federated token, as the command line calls it."""

    FILE = "file"
    VARIABLE = "env"
    COMMAND = "command"
    GITHUB = "github"
    AZURE_DEVOPS = "azure-devops"


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
    federated_token_source: FederatedSource | None = None
    """None: the file, else in a job of GitHub's its token service."""
    federated_token_file: str | None = None
    federated_token_env: str | None = None
    """The name of a variable."""
    federated_token_command: str | None = None
    """A command as a JSON list of words."""
    service_connection_id: str | None = None
    """Of Azure DevOps."""
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
        certificate = named["certificate"]
        federated = any(named[name] for name in FEDERATED_VALUES)
        if certificate and federated:
            raise UsageError(
                "The profile names a certificate and a federated token.", advice="Let it name one."
            )
        token_kind = ProofKind.CERTIFICATE if certificate else ProofKind.FEDERATED
        return cls(
            environ=environ,
            certificate=certificate or environ.get("AZURE_CLIENT_CERTIFICATE_PATH"),
            certificate_algorithm=named["certificate_algorithm"] or "PS256",
            federated_token_source=source_of(named["federated_token_source"])
            or (FederatedSource.VARIABLE if named["federated_token_env"] else None),
            federated_token_file=named["federated_token_file"]
            or environ.get("AZURE_FEDERATED_TOKEN_FILE"),
            federated_token_env=named["federated_token_env"],
            service_connection_id=named["service_connection_id"],
            named=token_kind if certificate or federated else None,
        )

    @property
    def is_at_hand(self) -> bool:
        """True if any place names a proof."""
        return bool(
            self.certificate
            or self.federated_token_source
            or self.federated_token_file
            or self.environ.get(_SECRET)
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
        if kind is ProofKind.FEDERATED or (kind is None and self.federated_token_file):
            return self._federated(channels, timeout_s)
        if kind is None and all(self.environ.get(name) for name in GITHUB_VARIABLES):
            return GitHubJob(environ=self.environ, channels=channels, timeout_s=timeout_s)
        return ClientSecret(secrets.client_secret())

    def federated_token(self, channels: Channels, audience: str, *, timeout_s: float) -> str:
        """The federated token itself, for another than Entra; GitHub makes it for `audience`.

        Only from a source that is named: what the environment holds is meant for Entra. Raises
        as `credential` does.
        """
        if self.named is not ProofKind.FEDERATED:
            raise ProofMissing(
                "It is not said where the federated token comes from.",
                advice=f"Give --federated-token-source: {', '.join(FederatedSource)}.",
            )
        source = self._federated(channels, timeout_s)
        token = source.token(audience) if isinstance(source, GitHubJob) else source.token()
        return FederatedAssertion(token).token  # which sees that it is a JWT

    def _federated(
        self, channels: Channels, timeout_s: float
    ) -> FederatedCommand | FederatedFile | FederatedVariable | GitHubJob | PipelineJob:
        """The source that is named. Raises `ProofMissing` where it lacks what it needs."""
        match self.federated_token_source:
            case FederatedSource.VARIABLE:
                name = _needed(self.federated_token_env, "env", "--federated-token-env NAME")
                return FederatedVariable(name, self.environ)
            case FederatedSource.COMMAND:
                # Late: subprocess is imported for this source alone.
                from entra_oauth.flows.proofs.federated_command import FederatedCommand, words_of

                option = "--federated-token-command, which no profile and no variable can hold"
                text = _needed(self.federated_token_command, "command", option)
                return FederatedCommand(words_of(text), self.environ)
            case FederatedSource.GITHUB:
                return GitHubJob(environ=self.environ, channels=channels, timeout_s=timeout_s)
            case FederatedSource.AZURE_DEVOPS:
                return PipelineJob(
                    environ=self.environ,
                    channels=channels,
                    timeout_s=timeout_s,
                    connection=self.service_connection_id,
                )
            case _:
                option = "--federated-token-file FILE or AZURE_FEDERATED_TOKEN_FILE"
                return FederatedFile(_needed(self.federated_token_file, "file", option))

    def _certificate(self, path: str, secrets: ProofSecrets) -> Certificate:
        content = read_file(path, "certificate")
        # One that is no certificate is locked by nothing, and `load` says what it is.
        passphrase = secrets.passphrase(is_locked=Certificate.is_locked(content))
        return Certificate.load(
            content, passphrase=passphrase, algorithm=self.certificate_algorithm
        )


def source_of(text: str | None) -> FederatedSource | None:
    """The source of that name. Raises `UsageError`."""
    if text is None:
        return None
    try:
        return FederatedSource(text)
    except ValueError:
        raise UsageError(
            "The source of the federated token is none that is known.",
            advice=f"Use one of {', '.join(FederatedSource)}.",
        ) from None


def _needed(value: str | None, source: str, option: str) -> str:
    if value:
        return value
    raise ProofMissing(
        f"The federated token is to come from {source}, and it is not said from which.",
        advice=f"Give {option}.",
    )
