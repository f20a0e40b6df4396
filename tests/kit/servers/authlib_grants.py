"""authlib's server-side grants as a back channel: refresh, password, device, app, on-behalf-of.

Only the glue is ours; no socket is used. Who may do what is at the top of `GrantServer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from joserfc.jwk import RSAKey
from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.canaries import CLIENT_ID
from kit.servers.authlib_authority import _Request

__all__ = ["GrantServer"]

_METHODS = ["none", "client_secret_post", "client_secret_basic", "client_assertion_jwt"]


@dataclass
class _Client(ClientMixin):
    """The app: what it may do is what its server says."""

    server: GrantServer

    def get_client_id(self) -> str:
        return CLIENT_ID

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.server.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        self.server.methods.append(method)
        return method == self.server.method

    def check_grant_type(self, grant_type: str) -> bool:
        return True

    def get_allowed_scope(self, scope: Any) -> Any:
        return scope


@dataclass
class _Kept(TokenMixin):
    """A refresh token that was given out."""

    scope: str

    def check_client(self, client: Any) -> bool:
        return True

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False


class _Refresh(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        kept: _Kept | None = self.server.refresh_tokens.get(refresh_token)
        return kept

    def authenticate_user(self, refresh_token: _Kept) -> str:
        return "a user"

    def revoke_old_credential(self, refresh_token: Any) -> None:
        tokens = self.server.refresh_tokens
        for name in [name for name, kept in tokens.items() if kept is refresh_token]:
            del tokens[name]


class _Password(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    def authenticate_user(self, username: str, password: str) -> str | None:
        return username if self.server.users.get(username) == password else None


class _App(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS


class _Device(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    def query_device_credential(self, device_code: str) -> Any:
        return self.server.devices.get(device_code)

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        answer = self.server.person.pop(0) if self.server.person else True
        return None if answer is None else ("a user", answer)

    def should_slow_down(self, credential: Any) -> bool:
        return bool(self.server.slow_downs and self.server.slow_downs.pop(0))


class _DeviceEndpoint(DeviceAuthorizationEndpoint):
    CLIENT_AUTH_METHODS = _METHODS

    def get_verification_uri(self) -> str:
        return "https://microsoft.com/devicelogin"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        self.server.devices[data["device_code"]] = DeviceCredentialDict(
            client_id=client_id, scope=scope, expires_at=2**40, **data
        )


class _Assertion(JWTBearerClientAssertion):
    def __init__(self, server: GrantServer) -> None:
        super().__init__()
        self._server = server

    def validate_jti(self, claims: Any, jti: str) -> bool:
        fresh = jti not in self._server.seen
        self._server.seen.add(jti)
        return fresh

    def resolve_client_public_key(self, client: Any, headers: Any = None) -> Any:
        return self._server.key

    def get_audiences(self) -> list[str]:
        return [self._server.audience]


class _OnBehalf(JWTBearerGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    CLIENT_AUTH_METHODS = _METHODS

    def resolve_issuer_client(self, issuer: str) -> Any:
        return self.server.query_client(CLIENT_ID)

    def resolve_client_public_key(self, client: Any) -> Any:
        return self.server.key

    def get_audiences(self) -> list[str]:
        return [CLIENT_ID]

    def authenticate_user(self, subject: str) -> str | None:
        return subject if subject in self.server.users else None

    def has_granted_permission(self, client: Any, user: Any) -> bool:
        return True


class GrantServer(AuthorizationServer):
    """Call it with a request; it is a back channel's other end.

    `method` is the one way for the app to prove itself; `person` is what the person
    has done at each question of the device flow: None nothing yet, True agreed,
    False declined.
    """

    def __init__(self, *, method: str = "none", key: RSAKey | None = None) -> None:
        super().__init__()
        self.method, self.key = method, key
        self.secret = ""
        self.audience = ""
        self.users: dict[str, str] = {}
        self.refresh_tokens: dict[str, _Kept] = {}
        self.devices: dict[str, Any] = {}
        self.person: list[bool | None] = []
        self.slow_downs: list[bool] = []
        self.methods: list[str] = []
        self.seen: set[str] = set()
        self.register_grant(_Refresh)
        self.register_grant(_Password)
        self.register_grant(_App)
        self.register_grant(_Device)
        self.register_grant(_OnBehalf)
        self.register_endpoint(_DeviceEndpoint)  # type: ignore[arg-type]  # the stubs ask for more
        self.register_client_auth_method("client_assertion_jwt", _Assertion(self))
        self._count = 0
        self.register_token_generator(
            "default", BearerTokenGenerator(self._next_token, self._next_token)
        )

    def __call__(self, message: HttpRequest) -> HttpResponse:
        builder = EnvironBuilder(
            method=message.method,
            path=message.path,
            base_url="https://login.microsoftonline.com/",
            data=message.body,
            headers=list(message.headers),
        )
        request = Request(builder.get_environ())
        builder.close()
        if message.path.endswith("/devicecode"):
            create: Any = self.create_endpoint_response
            answer: Any = create("device_authorization", request)
        else:
            answer = self.create_token_response(request)
        return HttpResponse(
            status=answer.status_code, headers=tuple(answer.headers), body=answer.get_data()
        )

    def _next_token(self, **_: object) -> str:
        self._count += 1
        return f"token-{self._count}"

    def query_client(self, client_id: str) -> Any:
        return _Client(self) if client_id == CLIENT_ID else None

    def save_token(self, token: Any, request: object) -> None:
        if "refresh_token" in token:
            self.refresh_tokens[token["refresh_token"]] = _Kept(token["scope"])

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> Any:
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, list(headers))
