"""The managed identity that asks in its own name: its place in the store, and its request."""

from __future__ import annotations

from entra_oauth.cache.account import App
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["ANY_TENANT", "IDENTITY_FLOW", "NO_APP", "IdentityAsker"]

IDENTITY_FLOW = "managed-identity"
"""The flow, as options and profiles name it, in which the place where it runs is the proof."""

NO_APP = "00000000-0000-0000-0000-000000000000"
ANY_TENANT = "organizations"
"""They stand where client id and tenant of a registered app would. Neither is sent anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityAsker:
    """An `AskAsApp`: the source's requests, over channels of its own."""

    identity: MachineIdentity
    authority: Authority
    """Its cloud says where a token may go. Nothing is sent to it, and its tenant means nothing."""
    channels: Callable[[], AbstractContextManager[Channels]]
    timeout_s: float = 30.0

    @property
    def app(self) -> App:
        """The key in the store. Raises `UsageError` for what the environment lacks."""
        place = f"{IDENTITY_FLOW} {self.identity.place}"
        return App(self.authority.base, place, self.identity.words)

    def __call__(self, scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        with self.channels() as channels:
            return self.identity.get_token(
                scopes,
                channels,
                cloud=self.authority.cloud,
                claims=claims,
                timeout_s=self.timeout_s,
            )
