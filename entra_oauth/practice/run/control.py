"""Changing a tenant that is running: an endpoint of its own, for programs with the token.

    POST /faults {"fault": "throttled"}     add a fault
    GET /faults                             which are in force, and what each has touched
    DELETE /faults                          behave again
    POST /clock {"seconds": 3600}           put the clock forward
    GET /clock                              the tenant's time
    POST /visits {"method": …, "url": …}    the browser of `practice run` is about to go there
    POST /visits/end {"visit": 0, …}        what it sent and received, in base64

It is no page's business. A browser says in a header who sends it (`Origin`,
`Sec-Fetch-Site`), and such a request is refused, whatever token it has; so is one that
came by another name than this machine's (DNS rebinding).
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64decode
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, is_loopback

if TYPE_CHECKING:
    from typing import Self

    from entra_oauth.practice.run.browser_visits import BrowserVisits
    from entra_oauth.practice.tenant import PracticeTenant

__all__ = ["Control"]


T = TypeVar("T")

_BODY_LIMIT = 64 * 1024
_VISIT_LIMIT = 1024 * 1024
_FARTHEST_S = 10**9


class Control:
    """The endpoint, in a `with` block. Visits are reported to `visits`. Raises `PortBusy`."""

    def __init__(
        self, tenant: PracticeTenant, *, port: int = 0, visits: BrowserVisits | None = None
    ) -> None:
        self._tenant = tenant
        self._visits = visits
        self._token = secrets.token_urlsafe(32)
        self._host = LoopbackHost(
            self._handle, port=port, body_limit=_BODY_LIMIT if visits is None else _VISIT_LIMIT
        )

    @property
    def address(self) -> str:
        """Its URL, and the token behind the `#`: a secret of this machine's user."""
        return f"http://127.0.0.1:{self._host.port}/#{self._token}"

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._host.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        refusal = self._turned_away(request)
        if refusal is not None:
            return refusal
        try:
            return self._obey(request)
        except UsageError as error:
            return _answer(400, {"error": error.what, "next": error.advice})

    def _turned_away(self, request: HttpRequest) -> HttpResponse | None:
        # In this order: who asks by a wrong name learns nothing, not even that a token is
        # needed; who asks from a page is refused before the token counts, since a page that
        # has stolen the token must not get further than one that has not.
        parts = urlsplit(request.url)
        if not is_loopback(parts.hostname or "") or parts.port != self._host.port:
            return _answer(421, {"error": "This is not the host that was asked for."})
        names = {name.lower() for name, _ in request.headers}
        if "origin" in names or "referer" in names or any(n.startswith("sec-") for n in names):
            return _answer(403, {"error": "A web page has no business here."})
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode(), self._token.encode()
        ):
            return _answer(401, {"error": "The control token is missing or wrong."})
        # A page can send a POST of three media types without asking first (CORS); this is none.
        media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
        if request.method == "POST" and media_type != "application/json":
            return _answer(415, {"error": "The body must be application/json."})
        return None

    def _obey(self, request: HttpRequest) -> HttpResponse:
        match (request.method, request.path):
            case ("GET", "/faults"):
                return self._faults()
            case ("POST", "/faults"):
                self._tenant.faults.add(_member(request, "fault", str))
                return self._faults()
            case ("DELETE", "/faults"):
                self._tenant.faults.clear()
                return self._faults()
            case ("GET", "/clock"):
                return self._clock()
            case ("POST", "/clock"):
                seconds = _member(request, "seconds", int)
                if abs(seconds) > _FARTHEST_S:
                    raise _unfit("seconds is too far away")
                self._tenant.advance(seconds)
                return self._clock()
            case ("POST", "/visits" | "/visits/end") if self._visits is not None:
                return self._visit(request, self._visits)
            case (_, "/faults" | "/clock"):
                return _answer(405, {"error": "That cannot be done with it."})
            case _:
                return _answer(404, {"error": "There is /faults and /clock."})

    def _faults(self) -> HttpResponse:
        listed = [{"fault": r.text, "touched": n} for r, n in self._tenant.faults.rules]
        return _answer(200, {"faults": listed})

    def _visit(self, request: HttpRequest, visits: BrowserVisits) -> HttpResponse:
        if request.path == "/visits":
            number = visits.begin(_member(request, "method", str), _member(request, "url", str))
        else:
            number = _member(request, "visit", int)
            visits.end(number, _octets(request, "sent"), _octets(request, "received"))
        return _answer(200, {"visit": number})

    def _clock(self) -> HttpResponse:
        return _answer(200, {"now": int(self._tenant.now())})


def _member(request: HttpRequest, name: str, kind: type[T]) -> T:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise _unfit("the body is not JSON") from None
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _unfit(f"{name} is missing, or of the wrong type")
    return value


def _octets(request: HttpRequest, name: str) -> bytes:
    try:
        return b64decode(_member(request, name, str), validate=True)
    except ValueError:
        raise _unfit(f"{name} is not base64") from None


def _unfit(what: str) -> UsageError:
    return UsageError(f"The control request does not fit: {what}.", advice="Correct it.")


def _answer(status: int, content: dict[str, object]) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers=(
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=json.dumps(content).encode("utf-8"),
    )
