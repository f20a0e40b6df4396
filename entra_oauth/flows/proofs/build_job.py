"""A federated token that a build job asks its own service for: GitHub's, or Azure DevOps'."""

from __future__ import annotations

from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion
from entra_oauth.protocol.endpoints.job_token import JobTokenRequest, exchange_audience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.client_auth import Proof

__all__ = ["GitHubJob", "PipelineJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubJob:
    """A job of GitHub Actions. Each request asks anew: such a token lives five minutes."""

    environ: Mapping[str, str] = field(repr=False)
    channels: Channels = field(repr=False)
    timeout_s: float = 30.0

    def token(self, audience: str) -> str:
        """A token about the job, for `audience` to read. Raises `UsageError` outside a job.

        Raises a `TransportError` if none was had; what is passing is tried again.
        """
        request = JobTokenRequest.github(self.environ, audience)
        return _ask(request, self.channels, self.timeout_s)

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises what `token` does."""
        token = self.token(exchange_audience(audience))
        return FederatedAssertion(token).prove(client_id, audience, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineJob:
    """A job of Azure Pipelines. Each request asks anew: such a token lives ten minutes."""

    environ: Mapping[str, str] = field(repr=False)
    channels: Channels = field(repr=False)
    timeout_s: float = 30.0
    connection: str | None = None
    """The id of the service connection."""

    def token(self) -> str:
        """A token about the job or the connection. Raises as `GitHubJob.token` does."""
        request = JobTokenRequest.pipeline(self.environ, self.connection)
        return _ask(request, self.channels, self.timeout_s)

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises what `token` does."""
        return FederatedAssertion(self.token()).prove(client_id, audience, now=now)


def _ask(request: JobTokenRequest, channels: Channels, timeout_s: float) -> str:
    reply = send_patiently(request.to_http(), channels.back, channels, timeout_s=timeout_s)
    return request.read(reply)
