"""The reasons for which somebody is at the sign-in pages: three interactions, three ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.request.authorize_request import AuthorizeRequest

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp
    from entra_oauth.practice.directory.tenant_authority import TenantAuthority
    from entra_oauth.practice.request.authorize_request import Destination
    from entra_oauth.practice.request.scope_string import RequestedScope
    from entra_oauth.protocol.messages import Fields

__all__ = ["AdminInteraction", "DeviceInteraction", "Interaction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInteraction:
    """A person typed the code of a device, which waits for tokens."""

    authority: TenantAuthority
    app: RegisteredApp
    requested: RequestedScope
    device_code: str = field(repr=False)
    confirmed: bool = False
    """True once they confirmed that this is the app they mean."""
    destination: None = None
    prompt: None = None
    login_hint: None = None
    sent: Fields = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminInteraction:
    """An administrator is asked to consent for everybody."""

    authority: TenantAuthority
    app: RegisteredApp
    requested: RequestedScope
    destination: Destination
    scope: str | None
    """As it was sent; the answer repeats it."""
    sent: Fields = field(repr=False)
    prompt: None = None
    login_hint: None = None


Interaction = AuthorizeRequest | DeviceInteraction | AdminInteraction
