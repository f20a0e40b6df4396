"""The managed identity that asks in its own name: its place in the store, and its request."""

from __future__ import annotations

from entra_oauth.cache.account import App
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from entra_oauth.channels.base import Channels
    from entra_oauth.flows.managed_identity.machine_identity import MachineIdentity
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = [
    "ANY_TENANT",
    "FLOWS",
    "IDENTITY_FLOW",
    "IDENTITY_VALUES",
    "NO_APP",
    "IdentityAsker",
    "no_flow",
]

IDENTITY_FLOW = "managed-identity"
"""The flow, as options and profiles name it, in which the place where it runs is the proof."""
FLOWS = ("auth-code", "device-code", "password", "client-credentials", IDENTITY_FLOW)
"""The flows that an option or a profile may name."""
IDENTITY_VALUES = ("managed_identity_source", "managed_identity_id")
"""The options, and values of a profile, that name a managed identity."""

NO_APP = "00000000-0000-0000-0000-000000000000"
ANY_TENANT = "organizations"
"""They stand where client id and tenant of a registered app would. Neither is sent anywhere."""


def no_flow(source: str, advice: str) -> UsageError:
    """The error of a managed identity that `source` names, a profile or a variable, alone.

    An option alone means the flow too. A profile may have both a person's app and an identity.
    """
    return UsageError(
        f"{source} names a managed identity, but neither the flow that asks for its token nor an "
        "app to sign in to.",
        advice=advice,
    )


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
