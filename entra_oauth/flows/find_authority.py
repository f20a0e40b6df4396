"""Tenant and cloud, asked of a Databricks workspace; nothing secret is sent."""

from __future__ import annotations

from entra_oauth.errors import UnexpectedAnswer
from entra_oauth.flows.patience import send_patiently
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.resource.workspace import SIGN_IN_PATHS, Workspace

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority

__all__ = ["find_authority"]


def find_authority(
    workspace: Workspace, channels: Channels, *, timeout_s: float = 30.0
) -> Authority:
    """The authority that a workspace sends people to.

    Two paths are asked, the newer one first; what is passing is tried again. Raises a
    `TransportError`, or `DestinationRefused` for a workspace that leads out of its cloud.
    """
    first, second = map(workspace.request, SIGN_IN_PATHS)
    # Any answer that is none to the first sends us on to the second at once.
    reply = send_patiently(
        first, channels.back, channels, timeout_s=timeout_s, passes=lambda _: False
    )
    try:
        return workspace.read_authority(reply)
    except UnexpectedAnswer:
        reply = send_patiently(second, channels.back, channels, timeout_s=timeout_s)
        return workspace.read_authority(reply)
