"""The managed identity of the place where this runs, and the one service that is asked for it."""

from __future__ import annotations

import hashlib
import platform

from entra_oauth.errors import EntraOAuthError, UsageError, bare
from entra_oauth.flows.managed_identity import app_service, arc, imds
from entra_oauth.flows.managed_identity.named_identity import (
    IdentitySource,
    NamedIdentity,
    identity_source,
    resource_asked,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["MachineIdentity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineIdentity:
    """One identity at one source. Nothing is guessed, and nothing is asked until `get_token`."""

    source: IdentitySource
    named: NamedIdentity | None
    """None: the system-assigned one."""
    environ: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(
        cls, source: str | None, named: str | None, environ: Mapping[str, str]
    ) -> MachineIdentity:
        """The identity that two options or values of a profile name. Raises `UsageError`."""
        return cls(source=identity_source(source), named=NamedIdentity.read(named), environ=environ)

    @property
    def words(self) -> str:
        """The identity, for people and for output."""
        return f"{self.source} {self.named or 'system-assigned'}"

    @property
    def place(self) -> str:
        """A fingerprint of the machine and the service, for keys in the store.

        A home may be shared by machines, and a service's address by apps one after the other:
        each has an identity of its own. Raises what `get_token` does for the variables.
        """
        match self.source:
            case IdentitySource.IMDS:
                where: tuple[str, ...] = (imds.endpoint(self.environ),)
            case IdentitySource.APP_SERVICE:
                where = app_service.settings(self.environ)
            case IdentitySource.ARC:
                where = (arc.endpoint(self.environ),)
        text = "\0".join((self.source, platform.node(), *where))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def get_token(
        self,
        scopes: tuple[str, ...],
        channels: Channels,
        *,
        cloud: str,
        claims: str | None = None,
        timeout_s: float = 30.0,
    ) -> TokenResponse:
        """Ask the source. Raises `AuthorityError`, `TransportError`, `LocalError`, `UsageError`.

        And `SecurityError`, of the agent of Azure Arc. No frame that is left behind holds a secret.
        """
        _refuse_claims(claims)
        ask = {
            IdentitySource.IMDS: imds.get_token,
            IdentitySource.APP_SERVICE: app_service.get_token,
            IdentitySource.ARC: arc.get_token,
        }[self.source]
        resource = resource_asked(scopes, cloud=cloud)
        try:
            return ask(resource, self.named, channels, environ=self.environ, timeout_s=timeout_s)
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure


def _refuse_claims(claims: str | None) -> None:
    """Raise `UsageError` for a claims challenge, which no source of these can be handed."""
    if claims is not None:
        raise UsageError(
            "A claims challenge cannot be answered by a managed identity: its service takes none.",
            advice="Leave --claims and --cae out. A policy that asks for more than the identity "
            "can show has to be changed by an administrator.",
        )
