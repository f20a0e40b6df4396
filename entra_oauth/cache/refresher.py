"""The refresh that a token source makes: one grant over a back channel of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.channels.base import Channels, NoFront, say_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entra_oauth.channels.base import BackChannel
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["Refresher"]


@dataclass(frozen=True, slots=True)
class Refresher:
    """A `source.Refresh`. Its connection is made when it is needed, and dropped at once:
    the next refresh is an hour away."""

    authority: Authority
    client_id: str
    ca_bundle: str | None = None
    allow_keylog: bool = False
    timeout_s: float = 30.0
    say: Callable[[str], None] = say_nothing

    def __call__(
        self, refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        from entra_oauth.flows.refresh_token import refresh
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_person(
            authority=self.authority, client_id=self.client_id, scopes=scopes, claims=claims
        )
        with self._back() as back:
            channels = Channels(front=NoFront(), back=back, say=self.say)
            return refresh(access_request, refresh_token, channels, timeout_s=self.timeout_s)

    @contextmanager
    def _back(self) -> Iterator[BackChannel]:
        from entra_oauth.channels.https.back_channel import RequestsBack

        with RequestsBack(
            ca_bundle=self.ca_bundle, allow_keylog=self.allow_keylog, say=self.say
        ) as back:
            yield back
