"""The practice tenant as one value: a function from request to answer."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from entra_oauth.channels.base import now
from entra_oauth.errors import UsageError
from entra_oauth.practice import discovery, info, pages, signin, workspace
from entra_oauth.practice.calls import read_call
from entra_oauth.practice.chance import Chance
from entra_oauth.practice.directory import DEFAULT
from entra_oauth.practice.keys import key_for
from entra_oauth.practice.ledger import Ledger
from entra_oauth.practice.refusals import Refused
from entra_oauth.practice.token import token
from entra_oauth.practice.world import World
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import Directory
    from entra_oauth.practice.hosts import Hosted
    from entra_oauth.protocol.messages import HttpRequest

    Endpoint = Callable[[World, Call], HttpResponse]

__all__ = ["PracticeTenant"]

_LOG_SIZE = 2_000

_FIXED: dict[tuple[str, str], Endpoint] = {
    ("GET", "/"): info.start,
    ("GET", "/fidelity"): info.fidelity,
    ("GET", "/error"): info.error_lookup,
    ("GET", "/api/2.0/clusters/list"): workspace.clusters,
    ("GET", "/api/2.1/clusters/list"): workspace.clusters,
    ("GET", "/api/2.0/preview/scim/v2/Me"): workspace.who_am_i,
}

_UNDER_TENANT: dict[tuple[str, str], Endpoint] = {
    ("GET", "oauth2/v2.0/authorize"): signin.authorize,
    ("POST", "oauth2/v2.0/authorize"): signin.authorize,
    ("POST", "login"): signin.sign_in,
    ("POST", "pick"): signin.pick_account,
    ("POST", "consent"): signin.decide_consent,
    ("GET", "oauth2/v2.0/logout"): signin.log_out,
    ("GET", "oauth2/v2.0/token"): token,
    ("POST", "oauth2/v2.0/token"): token,
    ("GET", "v2.0/.well-known/openid-configuration"): discovery.configuration,
    ("GET", "discovery/v2.0/keys"): discovery.keys,
}


class PracticeTenant:
    """An Entra-shaped authority for one process, offline.

    `handle` is the whole of it, and may be called from many threads. Give it to a
    `LoopbackHost`, or use the tenant in a `with` block to have it served over TLS::

        with PracticeTenant() as tenant:
            tenant.authority, tenant.ca

    `directory` says who exists. With `seed`, ids, codes, lives and the signing key
    come from a known sequence, and with a `clock` that stands still every byte is
    the same on each run; requests must then come one after another. `clock` gives
    seconds since 1970.

    What the tenant keeps and logs holds practice passwords and tokens; it stays in
    memory.
    """

    def __init__(
        self,
        *,
        directory: Directory | None = None,
        seed: int | None = None,
        clock: Callable[[], float] = now,
    ) -> None:
        book = directory or DEFAULT
        self._clock = clock
        self._ahead_s = 0.0
        self._log: deque[tuple[HttpRequest, HttpResponse]] = deque(maxlen=_LOG_SIZE)
        self._lock = Lock()
        self._hosted: Hosted | None = None
        self._world = World(
            directory=book,
            ledger=Ledger(frozenset((c.oid, c.client_id, c.resource_id) for c in book.consents)),
            keys=key_for(seed),
            chance=Chance(seed),
            now=self.now,
        )
        self._world.keys.warm()

    @property
    def directory(self) -> Directory:
        return self._world.directory

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        response = self._answer(request)
        self._log.append((request, response))
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            call = read_call(request, chance=self._world.chance, now=self.now())
        except ValueError:
            return HttpResponse(status=400, reason="Bad Request")
        path = "/" + "/".join(call.segments)
        endpoint = _FIXED.get((call.method, path)) or _UNDER_TENANT.get(
            (call.method, "/".join(call.segments[1:]))
        )
        if endpoint is None:
            return pages.missing(call)
        try:
            return endpoint(self._world, call)
        except Refused as refused:
            return pages.error(refused, call)

    @property
    def log(self) -> tuple[tuple[HttpRequest, HttpResponse], ...]:
        """What was asked and answered so far, oldest first; the last two thousand."""
        return tuple(self._log)

    def now(self) -> float:
        """Seconds since 1970, by the tenant's clock."""
        return self._clock() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Put the tenant's clock forward (or back): codes and tokens age at once."""
        with self._lock:
            self._ahead_s += seconds

    # ---- served on this machine --------------------------------------------------

    def __enter__(self) -> Self:
        from entra_oauth.practice.hosts import serve

        hosted = serve(self, tls=True)
        hosted.__enter__()
        self._hosted = hosted
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        hosted, self._hosted = self._hosted, None
        if hosted is not None:
            hosted.__exit__(kind, error, trace)

    @property
    def _served(self) -> Hosted:
        if self._hosted is None:
            raise UsageError(
                "This practice tenant is not being served.",
                advice="Use it in a `with` block, or give its `handle` to a host.",
            )
        return self._hosted

    @property
    def base_url(self) -> str:
        """Where it is served, inside a `with` block."""
        return self._served.base_url

    @property
    def authority(self) -> str:
        """The URL of its first tenant, as clients want it, inside a `with` block."""
        return self._served.authority_url()

    @property
    def ca(self) -> str:
        """The file with the certificate that clients must trust, inside a `with` block."""
        return self._served.ca_file
