"""An authority that was not written here: authlib's AuthorizationServer behind pytest-httpserver.

Only the glue is ours. The checks of client, redirect URI, code and verifier, the
answers and the ID token are authlib's. The paths and the issuer are Entra's.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, cast

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants.util import generate_id_token
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from entra_oauth.protocol.authority import Authority
from kit.canaries import ACCESS_TOKEN, CLIENT_ID, REFRESH_TOKEN, TENANT

__all__ = ["USER", "AuthlibAuthority"]

USER = "alice@example.test"


class _Client(ClientMixin):
    """A native app: no secret, any port of localhost."""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.startswith("http://localhost")

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")

    def get_allowed_scope(self, scope: Any) -> Any:
        return scope


@dataclass(frozen=True, slots=True)
class _Code:
    """What the grant and CodeChallenge want to be remembered with a code."""

    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class _Payload(OAuth2Payload):
    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def data(self) -> Any:
        return self._request.values

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        pairs: defaultdict[str, list[str]] = defaultdict(list)
        for name in self._request.values:
            pairs[name].extend(self._request.values.getlist(name))
        return pairs


class _Request(OAuth2Request):
    def __init__(self, request: Request) -> None:
        # It wants https; this is loopback, which has its own exception.
        super().__init__(request.method, request.url.replace("http://", "https://", 1))
        self._request = request
        self.headers = dict(request.headers)
        self.payload = _Payload(request)

    @property
    def args(self) -> Any:
        return self._request.args

    @property
    def form(self) -> Any:
        return self._request.form


class _CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012 - authlib's own attribute

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        self.server.codes[code] = _Code(
            redirect_uri=asked["redirect_uri"],
            scope=asked["scope"],
            nonce=asked.get("nonce"),
            code_challenge=asked.get("code_challenge"),
            code_challenge_method=asked.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> _Code | None:
        found: _Code | None = self.server.codes.get(code)
        return found

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        codes = self.server.codes
        self.server.codes = {c: kept for c, kept in codes.items() if kept is not authorization_code}

    def authenticate_user(self, authorization_code: _Code) -> str:
        return USER


class _IdTokens:
    """Adds an ID token where `openid` was asked for."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_create_token_response", self._add)

    def _add(self, grant: Any, response: tuple[int, dict[str, Any], Any]) -> None:
        _, token, _ = response
        code = grant.request.authorization_code
        if "openid" in code.scope.split():
            token["id_token"] = generate_id_token(
                token,
                UserInfo(sub="subject", tid=TENANT, oid="object", preferred_username=USER),
                self._server.key,  # type: ignore[arg-type]  # the stubs do not know joserfc
                iss=self._server.authority.issuer(TENANT),
                aud=[CLIENT_ID],
                nonce=code.nonce,
            )


class _Server(AuthorizationServer):
    def __init__(self, authority: Authority, *, pkce_required: bool) -> None:
        super().__init__()
        self.authority = authority
        self.codes: dict[str, _Code] = {}
        self.key = RSAKey.generate_key(2048)
        self.register_grant(_CodeGrant, [CodeChallenge(required=pkce_required), _IdTokens(self)])
        self.register_token_generator(
            "default", BearerTokenGenerator(lambda **_: ACCESS_TOKEN, lambda **_: REFRESH_TOKEN)
        )

    def query_client(self, client_id: str) -> Any:
        return _Client() if client_id == CLIENT_ID else None

    def save_token(self, token: object, request: object) -> None:
        """Nobody comes back with it."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> Any:
        return _Request(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, list(headers))


class AuthlibAuthority:
    """Registered at `httpserver` as the tenant's authority. `consents=False` declines."""

    def __init__(
        self, httpserver: HTTPServer, *, consents: bool = True, pkce_required: bool = True
    ) -> None:
        self.authority = Authority(httpserver.url_for("").rstrip("/"), TENANT)
        self._server = _Server(self.authority, pkce_required=pkce_required)
        self._consents = consents
        path = f"/{TENANT}/oauth2/v2.0"
        httpserver.expect_request(f"{path}/authorize", "GET").respond_with_handler(self._authorize)
        httpserver.expect_request(f"{path}/token", "POST").respond_with_handler(self._token)

    @property
    def codes(self) -> dict[str, Any]:
        """Codes that were given out and not redeemed."""
        return self._server.codes

    def _authorize(self, request: Request) -> Response:
        try:
            grant = self._server.get_consent_grant(request, USER)  # type: ignore[no-untyped-call]
        except OAuth2Error as error:
            return Response(str(error), 400)
        response: Any = self._server.create_authorization_response(
            request, grant_user=USER if self._consents else None, grant=grant
        )
        return cast("Response", response)

    def _token(self, request: Request) -> Response:
        return cast("Response", self._server.create_token_response(request))
