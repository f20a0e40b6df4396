"""A federated token in an environment variable, as GitLab and CircleCI hand it to a job."""

from __future__ import annotations

from entra_oauth.errors import ProofMissing, plain
from entra_oauth.flows.proofs.federated_text import token_in
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.protocol.endpoints.client_auth import Proof

__all__ = ["FederatedVariable"]


@dataclass(frozen=True, slots=True)
class FederatedVariable:
    """A variable with the token, which was given once: nobody renews it while the job runs."""

    name: str
    environ: Mapping[str, str] = field(repr=False)

    def token(self) -> str:
        """The token that is in it. Raises `UsageError`."""
        name = plain(self.name, limit=80)
        advice = f"Let the job have its token in {name}, or name another --federated-token-env."
        text = self.environ.get(self.name)
        if text is None:
            raise ProofMissing(f"There is no variable {name} here.", advice=advice)
        content = text.encode("utf-8", "surrogateescape")
        return token_in(content, source=f"The variable {name}", advice=advice)

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`."""
        return FederatedAssertion(self.token()).prove(client_id, audience, now=now)
