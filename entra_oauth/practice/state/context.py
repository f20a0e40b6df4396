"""All that an endpoint may use, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.practice.directory.client_keys import ClientKeys
    from entra_oauth.practice.directory.model import Directory, RegisteredApp, User
    from entra_oauth.practice.http.chance import Chance
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.signing.key_ring import KeyRing
    from entra_oauth.practice.state.issued import Issued
    from entra_oauth.practice.state.limits import Limits
    from entra_oauth.practice.state.own_sign_ins import OwnSignIns
    from entra_oauth.practice.state.program_secrets import ProgramSecrets
    from entra_oauth.practice.state.sign_in_log import SignInLog

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Directory, memory, key, chance and clock of one practice tenant."""

    directory: Directory
    issued: Issued
    keys: KeyRing
    client_keys: ClientKeys
    limits: Limits
    sign_ins: SignInLog
    secrets: ProgramSecrets
    own_sign_ins: OwnSignIns
    chance: Chance
    now: Callable[[], float]
    withdrawn_by: str = ""
    """The fault by which every consent is taken back, as long as it is in force."""

    def consented(self, app: RegisteredApp, resource_scope: ResourceScope, user: User) -> bool:
        """True if that person, or an administrator, agreed, and no fault takes it back.

        What an app has without consent stays.
        """
        if self.withdrawn_by:
            return app.holds(resource_scope.resource.id, resource_scope.permissions)
        return self.issued.consented(app, resource_scope, user)
