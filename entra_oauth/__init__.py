"""A raw OAuth 2.0 client for Microsoft Entra ID, without MSAL.

The public names are resolved when they are first used: importing the package
imports neither `requests` nor anything else that is slow.
"""

from __future__ import annotations

from entra_oauth._version import __version__

# Not typing's, whose import would cost more than a whole `entra-oauth token`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from entra_oauth.adapters.authlib import oauth2_session
    from entra_oauth.adapters.azure import AsyncEntraCredential, EntraCredential
    from entra_oauth.adapters.databricks import DatabricksStrategy
    from entra_oauth.adapters.http import EntraAuth
    from entra_oauth.adapters.stored_tokens import StoredTokens
    from entra_oauth.channels.base import Channels, Outcome
    from entra_oauth.client import ConfidentialClient, PublicClient, local_channels
    from entra_oauth.errors import (
        AuthorityError,
        CallbackRefused,
        EntraOAuthError,
        IdTokenRefused,
        LocalError,
        SecurityError,
        SignInRequired,
        StateMismatch,
        TimedOut,
        TransportError,
        UsageError,
    )
    from entra_oauth.flows.authorization_code import SignIn, sign_in
    from entra_oauth.practice import PracticeTenant
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
    from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Hints, Procedure
    from entra_oauth.protocol.endpoints.client_auth import (
        Certificate,
        ClientSecret,
        FederatedAssertion,
    )
    from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse
    from entra_oauth.protocol.id_token import IdToken
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse
    from entra_oauth.recording import Exchange, Recorder, Recording

_HOMES = {
    "adapters.authlib": ("oauth2_session",),
    "adapters.azure": ("AsyncEntraCredential", "EntraCredential"),
    "adapters.databricks": ("DatabricksStrategy",),
    "adapters.http": ("EntraAuth",),
    "adapters.stored_tokens": ("StoredTokens",),
    "channels.base": ("Channels", "Outcome"),
    "client": ("ConfidentialClient", "PublicClient", "local_channels"),
    "errors": (
        "AuthorityError",
        "CallbackRefused",
        "EntraOAuthError",
        "IdTokenRefused",
        "LocalError",
        "SecurityError",
        "SignInRequired",
        "StateMismatch",
        "TimedOut",
        "TransportError",
        "UsageError",
    ),
    "flows.authorization_code": ("SignIn", "sign_in"),
    "practice": ("PracticeTenant",),
    "protocol.authority": ("Authority",),
    "protocol.endpoints.authorization_response": ("AuthorizationResponse",),
    "protocol.endpoints.authorize": ("AuthorizationRequest", "Hints", "Procedure"),
    "protocol.endpoints.client_auth": ("Certificate", "ClientSecret", "FederatedAssertion"),
    "protocol.id_token": ("IdToken",),
    "protocol.messages": ("HttpRequest", "HttpResponse"),
    "protocol.endpoints.token": ("TokenRequest", "TokenResponse"),
    "recording": ("Exchange", "Recorder", "Recording"),
}

__all__ = [
    "AsyncEntraCredential",
    "Authority",
    "AuthorityError",
    "AuthorizationRequest",
    "AuthorizationResponse",
    "CallbackRefused",
    "Certificate",
    "Channels",
    "ClientSecret",
    "ConfidentialClient",
    "DatabricksStrategy",
    "EntraAuth",
    "EntraCredential",
    "EntraOAuthError",
    "Exchange",
    "FederatedAssertion",
    "Hints",
    "HttpRequest",
    "HttpResponse",
    "IdToken",
    "IdTokenRefused",
    "LocalError",
    "Outcome",
    "PracticeTenant",
    "Procedure",
    "PublicClient",
    "Recorder",
    "Recording",
    "SecurityError",
    "SignIn",
    "SignInRequired",
    "StateMismatch",
    "StoredTokens",
    "TimedOut",
    "TokenRequest",
    "TokenResponse",
    "TransportError",
    "UsageError",
    "__version__",
    "local_channels",
    "oauth2_session",
    "sign_in",
]


def __getattr__(name: str) -> Any:
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'entra_oauth' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"entra_oauth.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
