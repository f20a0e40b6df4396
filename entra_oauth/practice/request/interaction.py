"""Why somebody is at the sign-in pages: three errands that end in three ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from entra_oauth.practice.request.authorize_request import AuthorizeRequest

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import App
    from entra_oauth.practice.directory.tenant_authority import Authority
    from entra_oauth.practice.request.authorize_request import Destination
    from entra_oauth.practice.request.scope_string import Asked
    from entra_oauth.protocol.messages import Fields

__all__ = ["AdminErrand", "DeviceErrand", "Errand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceErrand:
    """A person typed the code of a device, which waits for tokens."""

    authority: Authority
    app: App
    asked: Asked
    device_code: str = field(repr=False)
    confirmed: bool = False
    """Whether they said that this is the app they mean."""
    destination: None = None
    prompt: None = None
    login_hint: None = None
    sent: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminErrand:
    """An administrator is asked to consent for everybody."""

    authority: Authority
    app: App
    asked: Asked
    destination: Destination
    scope: str | None
    """As it was sent; the answer repeats it."""
    sent: Fields = field(repr=False)
    prompt: None = None
    login_hint: None = None


Errand = AuthorizeRequest | DeviceErrand | AdminErrand
