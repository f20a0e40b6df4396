"""The judgement on each request that reaches the listener: one redirect counts, once.

A latch stands behind `read`: the first redirect that it accepts, or that ends the wait,
sets it, and no later one is looked at (RFC 6749 §4.1.2: a code is used once). Whatever
else knocks is put off with a page and changes nothing.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from typing import TYPE_CHECKING

from entra_oauth.channels.front_event import FrontEvent, Occurred
from entra_oauth.channels.listener import landing_pages
from entra_oauth.errors import AuthorityError, CallbackRefused, EntraOAuthError
from entra_oauth.protocol.messages import FORM

if TYPE_CHECKING:
    from collections.abc import Callable

    from entra_oauth.channels.base import Witness
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["RedirectLatch"]

_WITNESSED = 1000


class RedirectLatch:
    """The state of one wait, shared by the host's threads and the one that waits.

    The host's threads call `handle`; the waiting thread calls `expect` and `stop`, waits
    for `over`, and reads the rest after that. `method` is the one of the agreed response
    mode; `path` and `hosts` are those of the redirect URI.
    """

    def __init__(self, *, method: str, path: str, hosts: frozenset[str], witness: Witness) -> None:
        self._method = method
        self._path = path
        self._hosts = hosts
        self._witness = witness
        # The browser is sent there after the redirect. Nobody can guess it, so that no
        # page elsewhere can fetch the last page before the person's browser does.
        self._done_path = f"/done/{secrets.token_urlsafe(32)}"
        # Guards all that follows. `read` runs inside it: two redirects that come at once
        # are judged one after the other, and the second finds the latch set.
        self._lock = threading.Lock()
        self._read: Callable[[HttpRequest], None] | None = None
        self._witnessed = 0
        self.is_set = False
        """True once an answer was accepted, or one came that ends the wait."""
        self.over = threading.Event()
        """Set with the latch, and by `stop`."""
        self.error: Exception | None = None
        """The error that ended the wait, if one did."""
        self.refusal: CallbackRefused | None = None
        """The latest refusal, after which the wait went on."""
        self.refusals = 0
        self.ignored = 0

    def expect(self, read: Callable[[HttpRequest], None], asked: HttpRequest) -> None:
        """Let redirects in from now on; `asked` is the address that the person is sent to."""
        with self._lock:
            self._read = read
            self._witness(FrontEvent(Occurred.ASKED), asked, None)

    def stop(self) -> None:
        """Let none in any more. One that is being judged is waited for."""
        with self._lock:
            self._read = None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Judge one request, and tell the witness."""
        with self._lock:
            try:
                event, response = self._route(request)
                self._tell_witness(event, request, response)
            except Exception as error:
                # A mistake of ours ends the wait; a hang would hide it.
                self.is_set, self.error = True, error
                raise
            finally:
                if self.is_set:
                    # Inside the lock: whoever waits and then takes it finds all in place.
                    self.over.set()
        return response

    def saw_last_page(self, request: HttpRequest, page: HttpResponse) -> None:
        """Tell the witness of the page that ends the browser's way."""
        with self._lock:
            self._tell_witness(FrontEvent(Occurred.PAGE), request, page)

    def leads_to_done(self, request: HttpRequest) -> bool:
        """Tell if the browser has come for its last page."""
        return (
            request.method == "GET"
            and self._is_for_us(request)
            and hmac.compare_digest(request.path, self._done_path)
        )

    def _is_for_us(self, request: HttpRequest) -> bool:
        # Another name that leads here is how a page from elsewhere would reach us (DNS
        # rebinding). Origin says nothing: Chromium sends `null` after a form_post.
        return (request.header("host") or "").lower() in self._hosts

    def _route(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        # The host first: a stranger's page learns nothing, not even which paths there are.
        if not self._is_for_us(request):
            return self._ignore("meant for another host", landing_pages.wrong_host())
        if request.path == self._path:
            return self._at_redirect_uri(request)
        if request.path == "/favicon.ico":
            return FrontEvent(Occurred.IGNORED, "the icon"), landing_pages.empty()
        return self._ignore("another path", landing_pages.not_found())

    def _at_redirect_uri(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if request.method != self._method:
            return self._ignore("another method", landing_pages.wrong_method(self._method))
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if self._method == "POST" and kind != FORM:
            return self._ignore("not a form", landing_pages.wrong_kind())
        if self.is_set:
            late = FrontEvent(Occurred.REFUSED, "there has been an answer")
            return late, landing_pages.already_answered()
        return self._callback(request)

    def _callback(self, request: HttpRequest) -> tuple[FrontEvent, HttpResponse]:
        if self._read is None:
            return self._ignore("nothing has been asked yet", landing_pages.still_waiting())
        event = FrontEvent(Occurred.ACCEPTED)
        try:
            self._read(request)
        except CallbackRefused as error:
            self.refusals += 1
            # Without its frames, which hold what was sent.
            self.refusal = error.with_traceback(None)
            return FrontEvent(Occurred.REFUSED, error.what), landing_pages.still_waiting()
        except AuthorityError as error:
            event = FrontEvent(Occurred.ACCEPTED, "an error of the authority")
            self.error = error.with_traceback(None)
        except EntraOAuthError as error:
            event = FrontEvent(Occurred.REFUSED, error.what, ends_the_wait=True)
            self.error = error.with_traceback(None)
        self.is_set = True
        # On to an address without a code: it stays in no history, and a reload sends none.
        return event, landing_pages.see_other(self._done_path)

    def _ignore(self, why: str, response: HttpResponse) -> tuple[FrontEvent, HttpResponse]:
        self.ignored += 1
        return FrontEvent(Occurred.IGNORED, why), response

    def _tell_witness(
        self, event: FrontEvent, request: HttpRequest, response: HttpResponse
    ) -> None:
        # A flood of requests must not fill the memory; what decides is always told.
        self._witnessed += 1
        if self._witnessed <= _WITNESSED or response.status in (200, 303):
            self._witness(event, request, response)
