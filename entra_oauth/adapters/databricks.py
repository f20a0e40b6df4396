"""For databricks-sdk: a `CredentialsStrategy`, without importing the SDK.

WorkspaceClient(config=Config(host=…, credentials_strategy=DatabricksStrategy()))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from entra_oauth.adapters.stored_tokens import StoredTokens

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DatabricksStrategy"]

_AZURE_RESOURCE = "X-Databricks-Azure-Workspace-Resource-Id"


class _Config(Protocol):
    @property
    def host(self) -> str | None: ...


class DatabricksStrategy:
    """The object that databricks-sdk asks for the headers of each request.

    Threads may share one.

    The token is only for a host that it may be sent to (`DestinationRefused`).
    `azure_workspace_resource_id` is for an administrator who is no user of the
    workspace yet: the SDK itself does not send that header beside a token.
    """

    def __init__(
        self,
        tokens: StoredTokens | None = None,
        *,
        profile: str | None = None,
        azure_workspace_resource_id: str | None = None,
    ) -> None:
        self._tokens = StoredTokens.given(tokens, profile)
        self._more = (
            {_AZURE_RESOURCE: azure_workspace_resource_id} if azure_workspace_resource_id else {}
        )

    def auth_type(self) -> str:
        """The name that the SDK tells in its messages."""
        return "entra-oauth"

    def __call__(self, cfg: _Config) -> Callable[[], dict[str, str]]:
        """The function that gives the headers, each time anew."""
        host = cfg.host or ""
        self._tokens.check_destination(host if "://" in host else f"https://{host}")

        def headers() -> dict[str, str]:
            return {"Authorization": f"Bearer {self._tokens.get().token.text}"} | self._more

        return headers
