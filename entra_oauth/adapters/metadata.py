"""The metadata service that the Databricks SDKs know: tokens over loopback, by request.

The SDK asks before each token's end, so a job of many hours needs no renewal of its own.
Whoever can read the address can have tokens; so its path is secret, and a web page that
tries to reach it fails for want of the two headers and of the right Host, and for the headers
that only a browser or a proxy sends (`caller_gate`).
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import TYPE_CHECKING

from entra_oauth.adapters.caller_gate import caller_refusal
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import EntraOAuthError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.cache.token_source import Found

__all__ = ["MetadataService"]

_VERSION = "1"
_ONCE = ("host", "x-databricks-metadata-version", "x-databricks-host")


class MetadataService:
    """Serves tokens to databricks-sdk; use it in a `with` block.

    `get` gives the token, and may be called by many threads at once: where it has to wait, the
    waits of those who ask do not add up. `check` raises for a host that it may not be sent to.
    Raises `PortBusy` when made.
    """

    def __init__(
        self,
        get: Callable[[], Found],
        check: Callable[[str], None],
        *,
        port: int = 0,
        say: Callable[[str], None],
    ) -> None:
        self._get = get
        self._check = check
        self._say = say
        self._path = f"/{secrets.token_urlsafe(32)}"
        self._host = LoopbackHost(self._handle, port=port)

    @property
    def url(self) -> str:
        """For `DATABRICKS_METADATA_SERVICE_URL`. It is a secret."""
        return f"http://127.0.0.1:{self._host.port}{self._path}"

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._host.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        if not hmac.compare_digest(request.path.encode(), self._path.encode()):
            return _answer(404, {"error": "not found"})
        port = self._host.port
        if request.header("Host") not in (
            f"127.0.0.1:{port}",
            f"localhost:{port}",
            f"[::1]:{port}",
        ):
            return _answer(421, {"error": "this service has another name"})
        if refusal := caller_refusal(request, once=_ONCE):
            status, error = refusal
            return _answer(status, {"error": error})
        if request.method != "GET":
            return _answer(405, {"error": "only GET"})
        if request.header("X-Databricks-Metadata-Version") != _VERSION:
            return _answer(400, {"error": "X-Databricks-Metadata-Version: 1 is required"})
        host = request.header("X-Databricks-Host") or ""
        try:
            self._check(host if "://" in host else f"https://{host}")
            found = self._get()
        except EntraOAuthError as error:
            self._say(f"Refused a token: {error.what} {error.advice}")
            return _answer(403, {"error": error.what})
        return _answer(
            200,
            {
                "access_token": found.token.text,
                "token_type": "Bearer",
                "expires_on": found.token.expires_on,
            },
        )


def _answer(status: int, members: dict[str, object]) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "application/json"), ("Cache-Control", "no-store")),
        body=json.dumps(members).encode("ascii"),
    )
