"""The endpoint of a managed identity, as Azure App Service has it: tokens for other programs.

A program that finds `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` in its environment asks there
(Microsoft's page "Managed identities for App Service and Azure Functions", the REST endpoint of
2019-08-01). Azure's own libraries do it unchanged. The secret is looked at before all else:
whoever does not know it learns nothing, not even if there is such an address. A failure is 400,
401, 403 or 405, because the libraries ask again after others.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import threading
from typing import TYPE_CHECKING

from entra_oauth.adapters.caller_gate import caller_refusal
from entra_oauth.cache.account import APP_ONLY
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import DestinationRefused, EntraOAuthError, UsageError, plain
from entra_oauth.protocol.authority import same_id
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form
from entra_oauth.protocol.resource.destination import check_audience

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.cache.token_source import Found
    from entra_oauth.channels.exchange import Exchange

__all__ = [
    "ENDPOINT_VARIABLE",
    "SECRET_VARIABLE",
    "IdentityService",
    "check_address",
    "is_in_the_clear",
    "scope_of",
]

ENDPOINT_VARIABLE = "IDENTITY_ENDPOINT"
SECRET_VARIABLE = "IDENTITY_HEADER"  # noqa: S105 - the name of a variable

_HEADER = "x-identity-header"
_PATH = "/msi/token"
_VERSION = "2019-08-01"
_ONCE = ("host", _HEADER)
_KNOWN = frozenset({"api-version", "resource", "client_id"})
_OTHER_NAMES = frozenset({"object_id", "principal_id", "mi_res_id", "msi_res_id"})
_BROADCAST = "255.255.255.255"
_QUIET_FROM = 10
"""So many refusals are told one by one, then only each that doubles their number."""


def scope_of(audience: str) -> str:
    """The scope that asks for a token for `audience`, which is what a program calls resource."""
    return f"{audience}/.default"


def check_address(address: str, *, delegates: bool = False) -> None:
    """See that `address` is one that a service may have. Raises `UsageError`, `DestinationRefused`.

    An address that stands for all of this machine's is none: tokens would be served to networks
    that nobody thought of.
    """
    try:
        place = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        place = None
    mapped = getattr(place, "ipv4_mapped", None)
    if place is None or mapped is not None:
        raise UsageError(
            "The address to listen on is not an IP address.",
            advice="Give one address of this machine, such as 127.0.0.1.",
        )
    if place.is_unspecified or place.is_multicast or str(place) == _BROADCAST:
        raise UsageError(
            "Tokens are not served on every address of this machine.",
            advice="Give the one address that the programs reach.",
        )
    if delegates and not place.is_loopback:
        raise DestinationRefused(
            "A person's token is served on this machine only.",
            advice="Leave --listen out, or serve an app.",
        )


def is_in_the_clear(address: str) -> bool:
    """Tell if what is served there leaves this machine, without encryption."""
    return not ipaddress.ip_address(address.strip("[]")).is_loopback


class IdentityService:
    """Serves tokens of one identity; use it in a `with` block.

    `get` gives the token for an audience, and may be called by many threads at once. Only
    `audiences` are served, compared letter by letter. `address` is one address of this machine.
    A person's token is given only with `delegates`, and only over loopback.
    Raises `PortBusy`, `LocalError`, `UsageError` and `DestinationRefused` when made.
    """

    def __init__(
        self,
        get: Callable[[str], Found],
        *,
        client_id: str,
        audiences: tuple[str, ...],
        say: Callable[[str], None],
        delegates: bool = False,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        check_address(address, delegates=delegates)
        self._get = get
        self._client_id = client_id
        self._audiences = frozenset(audiences)
        self._say = say
        self._delegates = delegates
        self._secret = secrets.token_urlsafe(32)  # 256 bits
        self._lock = threading.Lock()
        self._given = self._refused = 0
        # A request of these clients is short and has no body; who sends one slowly is cut.
        self._host = LoopbackHost(
            self._handle,
            port=port,
            address=address,
            max_connections=64,
            body_limit=0,
            witness=self._count_unread,
        )
        bound = self._host.addresses[0]
        self._place = f"{f'[{bound}]' if ':' in bound else bound}:{self._host.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The two variables for a program; the second one is a secret."""
        return {ENDPOINT_VARIABLE: f"http://{self._place}{_PATH}", SECRET_VARIABLE: self._secret}

    @property
    def counts(self) -> tuple[int, int]:
        """The number of tokens that were given, and of requests that got none."""
        with self._lock:
            return self._given, self._refused

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._host.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        said = request.header(_HEADER) or ""
        if not hmac.compare_digest(said.encode("utf-8", "replace"), self._secret.encode("ascii")):
            self._count_refusal("the secret was missing or wrong")
            return _answer(401, {})
        if refusal := self._refusal(request):
            status, reason = refusal
            self._count_refusal(reason)
            return _failure(status, reason)
        fields = dict(parse_form(request.query))
        audience = fields["resource"]
        try:
            found = self._get(audience)
            self._check(found, audience)
        except EntraOAuthError as error:
            self._count_refusal(f"{error.what} {error.advice}")
            return _failure(403, error.what)
        self._count_token(audience)
        return _answer(
            200,
            {
                "access_token": found.token.text,
                "expires_on": str(found.token.expires_on),
                "resource": audience,
                "token_type": "Bearer",
                "client_id": self._client_id,
            },
        )

    def _check(self, found: Found, audience: str) -> None:
        if found.account != APP_ONLY and not self._delegates:
            raise DestinationRefused(
                "The token is a person's, and programs get an app's.",
                advice="Serve an app, or give --delegate-my-token.",
            )
        check_audience(found.token.text, (scope_of(audience),))

    def _refusal(self, request: HttpRequest) -> tuple[int, str] | None:
        """Status and reason, in an order that does not matter: the caller knows the secret."""
        if refusal := caller_refusal(request, once=_ONCE):
            return refusal
        if request.header("Host") != self._place:
            return 403, "this service has another address"
        if request.path != _PATH:
            return 400, f"the path is not {_PATH}"
        if request.method != "GET":
            return 405, "only GET is answered"
        return self._fault_of(parse_form(request.query))

    def _fault_of(self, fields: tuple[tuple[str, str], ...]) -> tuple[int, str] | None:
        values = dict(fields)
        if len(values) != len(fields):
            return 400, "a parameter stands twice"
        if _OTHER_NAMES & values.keys():
            return 400, "this identity is named by its client_id only"
        if values.keys() - _KNOWN:
            return 400, "there is a parameter that is not known here"
        if values.get("api-version") != _VERSION:
            return 400, f"api-version is not {_VERSION}"
        if "client_id" in values and not same_id(values["client_id"], self._client_id):
            return 400, "another identity was asked for than the one that is served"
        audience = values.get("resource", "")
        if audience not in self._audiences:
            return 400, f"the audience {plain(audience, limit=120)} is not served"
        return None

    def _count_unread(self, exchange: Exchange) -> None:
        """Count what the host refused before it was a request; all answers of ours are JSON."""
        answer = exchange.response
        if answer is not None and answer.header("Content-Type") is None:
            self._count_refusal(f"it was no request that is read here ({answer.status})")

    def _count_token(self, audience: str) -> None:
        with self._lock:
            self._given += 1
            number = self._given
        self._say(f"Token {number} was given: {plain(audience, limit=120)}.")

    def _count_refusal(self, reason: str) -> None:
        with self._lock:
            self._refused += 1
            number = self._refused
        # A program that goes on and on must not fill a log.
        if number <= _QUIET_FROM or number & (number - 1) == 0:
            self._say(f"Refused, {number} so far: {reason}")


def _failure(status: int, message: str) -> HttpResponse:
    """A refusal as App Service words it; its clients show the message to people."""
    return _answer(status, {"statusCode": status, "message": message})


def _answer(status: int, members: dict[str, object]) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "application/json"), ("Cache-Control", "no-store")),
        body=json.dumps(members).encode("ascii") if members else b"",
    )
