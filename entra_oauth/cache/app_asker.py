"""The app that asks in its own name: if it does, and its request.

It is decided in this order: what names a flow (an option, a profile); the sign-in that is kept.
A proof in the environment counts only where there is none of these: a variable that was meant for
another program makes no app of a person.
"""

from __future__ import annotations

from entra_oauth.cache.account import APP_ONLY
from entra_oauth.light import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from entra_oauth.cache.account import App
    from entra_oauth.cache.file_store import FileStore
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.client_auth import Credential
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["APP_FLOW", "AppAsker", "Asker", "asker_by_sign_in"]

APP_FLOW = "client-credentials"
"""The flow, as options and profiles name it, in which no person asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The one that asks, and why."""

    is_app: bool
    source: str
    """The option, the profile, or what else decided it."""
    is_by_environment: bool = False
    """Nothing but a proof in the environment decided it."""

    def notice(self, client_id: str) -> str | None:
        """The line for the person where nothing but the environment decided it."""
        if not self.is_by_environment:
            return None
        return (
            f"The app {client_id} asks itself, with the proof in the environment: "
            "nobody has signed in to it here."
        )


def asker_by_sign_in(
    store: FileStore, app: App, account: str | None, *, has_proof: Callable[[], bool]
) -> Asker:
    """The asker where no flow is named. `has_proof` tells of one in the environment.

    It is asked only where no sign-in is kept: to look for one imports what makes proofs.

    Raises `UsageError` where several sign-ins would fit, and what reading the store raises.
    """
    known, kept = store.kept_as(app, account)
    kept = kept or store.default_account(known)
    if kept is not None:
        return Asker(is_app=kept == APP_ONLY, source="the sign-in that is kept")
    if has_proof():
        return Asker(is_app=True, source="a proof in the environment", is_by_environment=True)
    return Asker(is_app=False, source="nothing else")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppAsker:
    """An `AskAsApp`: one request, over channels of its own, with a proof made for it."""

    authority: Authority
    client_id: str
    credential: Callable[[Channels], Credential]
    """The app's credential, asked for anew each time: a file may have changed."""
    channels: Callable[[], AbstractContextManager[Channels]]
    timeout_s: float = 30.0
    correlation_id: str | None = None

    def __call__(self, scopes: tuple[str, ...], /, *, claims: str | None) -> TokenResponse:
        # Late: a token that is still good needs none of it.
        from entra_oauth.flows.client_credentials import get_token
        from entra_oauth.protocol.endpoints.access_request import AccessRequest

        access_request = AccessRequest.for_app(
            authority=self.authority,
            client_id=self.client_id,
            scopes=scopes,
            claims=claims,
            correlation_id=self.correlation_id,
        )
        with self.channels() as channels:
            credential = self.credential(channels)
            return get_token(access_request, credential, channels, timeout_s=self.timeout_s)
