"""An API that answers with a claims challenge."""

from __future__ import annotations

import json
from base64 import b64encode

from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["CHALLENGE", "CLAIMS", "Api"]

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
CHALLENGE = (
    f'Bearer realm="", error="insufficient_claims", claims="{b64encode(CLAIMS.encode()).decode()}"'
)


class Api:
    """An API on this machine that turns down the first token, or each, or sends on."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None, bytes]] = []
        self.sends_to = ""
        self.redirects_by = 307
        self.first: str | None = None
        """The token that `/challenge` turns down; the first that comes if none is named."""

    def handle(self, request: HttpRequest) -> HttpResponse:
        token = request.header("Authorization")
        self.seen.append((request.path, token, request.body))
        if request.path == "/plain-401":
            return HttpResponse(status=401, headers=(("WWW-Authenticate", "Bearer"),))
        first = self.first or self.seen[0][1]
        is_second = token != first
        if request.path == "/away" or (request.path == "/challenged-then-away" and is_second):
            headers = (("Location", self.sends_to),)
            return HttpResponse(status=self.redirects_by, headers=headers)
        if request.path == "/always" or ("challenge" in request.path and not is_second):
            return HttpResponse(status=401, headers=(("WWW-Authenticate", CHALLENGE),))
        return HttpResponse(status=200, body=json.dumps(self.seen[-1][0]).encode())
