"""A federated token in a file that something else keeps fresh (`AZURE_FEDERATED_TOKEN_FILE`)."""

from __future__ import annotations

from pathlib import Path

from entra_oauth.errors import LocalError
from entra_oauth.flows.proofs.federated_text import MOST_BYTES, token_in
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.endpoints.client_auth import FederatedAssertion

if TYPE_CHECKING:
    from entra_oauth.protocol.endpoints.client_auth import Proof

__all__ = ["FederatedFile"]

_ADVICE = "Check AZURE_FEDERATED_TOKEN_FILE or --federated-token-file."


@dataclass(frozen=True, slots=True)
class FederatedFile:
    """A file with the token. It is read for each request: the token in it lives an hour or less."""

    path: str

    def token(self) -> str:
        """The token that is in it now. Raises `LocalError` and `UsageError`."""
        try:
            with Path(self.path).open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise LocalError(
                f"The file with the federated token cannot be read: {error.strerror}.",
                advice=_ADVICE,
            ) from None
        return token_in(content, source="The file with the federated token", advice=_ADVICE)

    def prove(self, client_id: str, audience: str, *, now: float) -> Proof:
        """See `Credential.prove`. Raises `LocalError` too."""
        return FederatedAssertion(self.token()).prove(client_id, audience, now=now)
