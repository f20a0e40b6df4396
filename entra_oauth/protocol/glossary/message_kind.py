"""The messages of the flows, as kinds: a parameter means something only in its message.

`state` ties an authorization response to its request; in a token request it means nothing.
So whatever is said of a parameter is said of a kind of message and a name.
"""

from __future__ import annotations

from enum import StrEnum

from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from entra_oauth.protocol.messages import HttpRequest

__all__ = [
    "MessageKind",
    "asks_for_identity",
    "back_channel_kind",
    "kind_of_answer",
    "token_request_kind",
]


class MessageKind(StrEnum):
    """One kind of message, or of token. The value is its name for people."""

    AUTHORITY_REQUEST = "request to the authority"
    AUTHORIZATION_REQUEST = "authorization request"
    AUTHORIZATION_RESPONSE = "authorization response"
    REFUSED_RESPONSE = "refused authorization response"
    LANDING_PAGE = "landing page"
    AUTHORITY_PAGE = "page of the authority"
    TOKEN_REQUEST = "token request"  # noqa: S105
    CODE_REDEMPTION = "token request (authorization_code)"
    REFRESH = "token request (refresh_token)"
    PASSWORD = "token request (password)"  # noqa: S105
    CLIENT_CREDENTIALS = "token request (client_credentials)"
    DEVICE_POLL = "token request (device_code)"
    ON_BEHALF_OF = "token request (on_behalf_of)"
    TOKEN_EXCHANGE = "token request (token-exchange)"  # noqa: S105
    TOKEN_RESPONSE = "token response"  # noqa: S105
    ERROR_RESPONSE = "error response"
    DEVICE_REQUEST = "device authorization request"
    DEVICE_RESPONSE = "device authorization response"
    KEYS_REQUEST = "request for the signing keys"
    KEYS_RESPONSE = "signing keys"
    METADATA_REQUEST = "request for the authority metadata"
    METADATA_RESPONSE = "authority metadata"
    IDENTITY_REQUEST = "managed identity request"
    IDENTITY_ANSWER = "managed identity answer"
    API_CALL = "API call"
    API_ANSWER = "API answer"
    OTHER = "another message"
    TOKEN_HEADER = "header of a token"  # noqa: S105
    TOKEN_BODY = "body of a token"  # noqa: S105
    ID_TOKEN = "ID token"  # noqa: S105
    ACCESS_TOKEN = "access token"  # noqa: S105

    @property
    def from_special_to_general(self) -> Iterator[MessageKind]:
        """This kind, then the wider ones that it belongs to."""
        kind: MessageKind | None = self
        while kind is not None:
            yield kind
            kind = _WIDER.get(kind)


_GRANTS = {
    "authorization_code": MessageKind.CODE_REDEMPTION,
    "refresh_token": MessageKind.REFRESH,
    "password": MessageKind.PASSWORD,
    "client_credentials": MessageKind.CLIENT_CREDENTIALS,
    "urn:ietf:params:oauth:grant-type:device_code": MessageKind.DEVICE_POLL,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": MessageKind.ON_BEHALF_OF,
    "urn:ietf:params:oauth:grant-type:token-exchange": MessageKind.TOKEN_EXCHANGE,
}
_WIDER = {
    **dict.fromkeys(_GRANTS.values(), MessageKind.TOKEN_REQUEST),
    MessageKind.TOKEN_REQUEST: MessageKind.AUTHORITY_REQUEST,
    MessageKind.AUTHORIZATION_REQUEST: MessageKind.AUTHORITY_REQUEST,
    MessageKind.DEVICE_REQUEST: MessageKind.AUTHORITY_REQUEST,
    MessageKind.REFUSED_RESPONSE: MessageKind.AUTHORIZATION_RESPONSE,
    MessageKind.ID_TOKEN: MessageKind.TOKEN_BODY,
    MessageKind.ACCESS_TOKEN: MessageKind.TOKEN_BODY,
}
_ENDPOINTS = {
    "devicecode": MessageKind.DEVICE_REQUEST,
    "keys": MessageKind.KEYS_REQUEST,
    "openid-configuration": MessageKind.METADATA_REQUEST,
    "oauth-authorization-server": MessageKind.METADATA_REQUEST,
}
_ANSWERS = {
    MessageKind.DEVICE_REQUEST: MessageKind.DEVICE_RESPONSE,
    MessageKind.KEYS_REQUEST: MessageKind.KEYS_RESPONSE,
    MessageKind.METADATA_REQUEST: MessageKind.METADATA_RESPONSE,
    MessageKind.IDENTITY_REQUEST: MessageKind.IDENTITY_ANSWER,
}


def token_request_kind(grant_type: str) -> MessageKind:
    """The token request that hands in such a grant."""
    return _GRANTS.get(grant_type, MessageKind.TOKEN_REQUEST)


def asks_for_identity(request: HttpRequest) -> bool:
    """True for the request to a service that gives a managed identity's token.

    The metadata service and Azure Arc's agent by their path, App Service by its header.
    """
    by_path = request.path.endswith("/metadata/identity/oauth2/token")
    return by_path or request.header("X-IDENTITY-HEADER") is not None


def back_channel_kind(request: HttpRequest) -> MessageKind:
    """The kind of a request of the program's own, by its address and its form."""
    if asks_for_identity(request):
        return MessageKind.IDENTITY_REQUEST
    last = request.path.rpartition("/")[2]
    if last == "token" and request.method == "POST":
        form = dict(parse_form(request.body.decode("latin-1")))
        return token_request_kind(form.get("grant_type", ""))
    if last in _ENDPOINTS:
        return _ENDPOINTS[last]
    return MessageKind.API_CALL if request.header("Authorization") else MessageKind.OTHER


def kind_of_answer(request: MessageKind, members: Collection[str]) -> MessageKind:
    """The kind of the answer to a request, by its members: the authority's errors look alike."""
    at_authority = request in _ANSWERS or MessageKind.TOKEN_REQUEST in tuple(
        request.from_special_to_general
    )
    if not at_authority:
        return MessageKind.API_ANSWER
    if "error" in members and request is not MessageKind.IDENTITY_REQUEST:
        return MessageKind.ERROR_RESPONSE
    return _ANSWERS.get(request, MessageKind.TOKEN_RESPONSE)
