"""The ways to a new token where the kept one is over: a refresh, or the app that asks."""

from __future__ import annotations

from entra_oauth.channels.base import Channels, NoFront, say_nothing
from entra_oauth.light import TYPE_CHECKING, Protocol, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["AskAsApp", "Refresh", "Refresher"]


class Refresh(Protocol):
    """Fetches fresh tokens for a refresh token: one grant, one request."""

    def __call__(
        self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse: ...


@dataclass(frozen=True, slots=True)
class Refresher:
    """A `Refresh` over a back channel of its own.

    Its connection is made when it is needed, and dropped at once: the next refresh is an
    hour away.
    """

    authority: Authority
    client_id: str
    ca_bundle: str | None = None
    allow_keylog: bool = False
    timeout_s: float = 30.0
    say: Callable[[str], None] = say_nothing
    announce: Callable[[str], None] = say_nothing
    """Is told of a proxy before anything goes through it."""

    def __call__(
        self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        # Late: a token that is still good needs none of it.
        from entra_oauth.channels.https.back_channel import RequestsBack
        from entra_oauth.flows.refresh_token import refresh
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_person(
            authority=self.authority, client_id=self.client_id, scopes=scopes, claims=claims
        )
        with RequestsBack(
            ca_bundle=self.ca_bundle, allow_keylog=self.allow_keylog, say=self.announce
        ) as back:
            channels = Channels(front=NoFront(), back=back, say=self.say)
            return refresh(access_request, refresh_token, channels, timeout_s=self.timeout_s)


class AskAsApp(Protocol):
    """Asks for a token in the app's own name, with its proof: no person, no refresh token."""

    def __call__(self, scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse: ...
