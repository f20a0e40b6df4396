"""For `requests`: an `AuthBase` that brings a fresh token to each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.adapters.stored_tokens import StoredTokens
from entra_oauth.channels.base import say_nothing
from entra_oauth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

__all__ = ["EntraAuth", "claims_of"]


class EntraAuth:
    """`requests.get(url, auth=EntraAuth(profile="work"))`. Threads may share one.

    Refuses to send the token to a host that it is not for (`DestinationRefused`); where
    requests follows a redirect to another host, it takes the header off itself. On a
    claims challenge `on_claims` is told what to sign in with: `--claims` takes it.

    NOTE: not derived from `requests.auth.AuthBase`, whose import would cost 90 ms and
    which asks for nothing but this call.
    """

    def __init__(
        self,
        tokens: StoredTokens | None = None,
        *,
        profile: str | None = None,
        scopes: tuple[str, ...] = (),
        on_claims: Callable[[str], None] = say_nothing,
    ) -> None:
        if tokens is not None and profile is not None:
            raise UsageError("Tokens and a profile exclude each other.", advice="Give one.")
        self._tokens = tokens or StoredTokens.of_profile(profile)
        self._scopes = scopes
        self._on_claims = on_claims

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Give the request its header. Raises `DestinationRefused`, `SignInRequired` …"""
        self._tokens.check_destination(request.url or "", *self._scopes)
        found = self._tokens.get(*self._scopes)
        request.headers["Authorization"] = f"Bearer {found.token.text}"
        request.register_hook("response", self._watch)  # type: ignore[no-untyped-call]
        return request

    def _watch(self, response: Response, *_: object, **__: object) -> Response:
        if response.status_code == 401:
            challenge = claims_of(response.headers.get("WWW-Authenticate", ""))
            if challenge is not None:
                self._on_claims(challenge)
        return response


def claims_of(header: str) -> str | None:
    """The claims in a challenge, as JSON text; None if there are none.

    "Claims challenges, claims requests and client capabilities": base64url of JSON in
    the parameter `claims`, beside `error="insufficient_claims"`.
    """
    import base64
    import re

    if "insufficient_claims" not in header:
        return None
    found = re.search(r'claims="([A-Za-z0-9+/_=-]{1,12000})"', header)
    if found is None:
        return None
    text = found[1].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return None
