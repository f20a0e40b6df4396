"""The back channel: our own HTTPS requests, through `requests`.

What a general HTTP client adds by itself is kept out: redirects, netrc, cookies,
default headers, retries, and bundles or proxies that take effect unseen. A
request is prepared by hand and given to the adapter; no session is involved, and
so nothing ambient can join in.

All traffic runs in one worker thread. That makes the deadline a real one (name
look-up and a dripping answer included), keeps Ctrl-C instant, and lets the
imports, the TLS context and the connection get ready while the person signs in.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.base import monotonic
from entra_oauth.channels.trust import refuse_key_log, tls_context
from entra_oauth.errors import DeadlineExceeded, EntraOAuthError
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.requests_adapter import ExactAdapter, Tap

__all__ = ["MAX_BODY_BYTES", "SPENT", "RequestsBack", "too_late"]

MAX_BODY_BYTES = 1024 * 1024
"""The largest answer that is read, after decompression."""

WARM_TIMEOUT_S = 20.0


class RequestsBack:
    """A `BackChannel` over `requests`. Close it, or use it in a `with` block.

    `ca_bundle` is a file or folder of certificates to trust instead of the
    system's. `say` is told, once, of a proxy before anything secret goes through
    it. `allow_keylog` permits `SSLKEYLOGFILE`.
    """

    def __init__(
        self,
        *,
        ca_bundle: str | None = None,
        allow_keylog: bool = False,
        say: Callable[[str], None] | None = None,
    ) -> None:
        refuse_key_log(allow_keylog)
        self._ca_bundle = ca_bundle
        self._say = say
        self._said: set[str] = set()
        self._worker: _Worker | None = None

    def warm(self, url: str) -> None:
        """Import, build the TLS context and connect, in the background."""
        self._get_worker().submit(_Job(None, url, WARM_TIMEOUT_S))

    def send(self, request: HttpRequest, *, timeout_s: float) -> HttpResponse:
        """Send one request once. See `BackChannel.send`."""
        worker = self._get_worker()
        job = _Job(request, request.url, timeout_s, announce=self._announce_proxy)
        worker.submit(job)
        try:
            finished = job.wait(timeout_s)
        except BaseException:
            self.close()
            raise
        if not finished:
            self.close()
            raise too_late(request.url, timeout_s)
        if job.error is not None:
            raise job.error
        assert job.response is not None  # noqa: S101 - a finished job has one or the other
        return job.response

    def close(self) -> None:
        """Drop the connection. A request under way is abandoned, never repeated."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _get_worker(self) -> _Worker:
        if self._worker is None:
            self._worker = _Worker(self._ca_bundle)
        return self._worker

    def _announce_proxy(self, proxy: str) -> None:
        if self._say is not None and proxy not in self._said:
            self._said.add(proxy)
            self._say(f"Requests to the authority go through the proxy {proxy}.")


SPENT = "If a code was sent it is spent: sign in again."


def too_late(url: str, timeout_s: float) -> DeadlineExceeded:
    """The authority took longer than it may."""
    return DeadlineExceeded(
        f"{urlsplit(url).netloc} did not answer within {timeout_s:g} seconds.",
        advice=f"Check the network, then allow more time with --http-timeout. {SPENT}",
    )


class _Job:
    """One request on its way through the worker; without a request, a warm-up."""

    def __init__(
        self,
        request: HttpRequest | None,
        url: str,
        timeout_s: float,
        *,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self.request = request
        self.url = url
        self.deadline = monotonic() + timeout_s
        self.timeout_s = timeout_s
        self.announce = announce
        self.response: HttpResponse | None = None
        self.error: EntraOAuthError | None = None
        self._done = threading.Event()

    def finish(self) -> None:
        self._done.set()

    def wait(self, timeout_s: float) -> bool:
        # In slices, because Windows delivers Ctrl-C only between waits.
        while not self._done.wait(min(0.25, max(self.deadline - monotonic(), 0))):
            if monotonic() >= self.deadline:
                return False
        return True


class _Worker:
    """A thread with one adapter and the connection that it keeps."""

    def __init__(self, ca_bundle: str | None) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._ca_bundle = ca_bundle
        self._context: ssl.SSLContext | None = None
        self._adapter: ExactAdapter | None = None
        self._tap: Tap | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="entra-oauth-back", daemon=True)
        self._thread.start()

    def submit(self, job: _Job) -> None:
        self._jobs.put(job)

    def stop(self) -> None:
        self._stopped = True
        self._jobs.put(None)
        if self._tap is not None:
            self._tap.cut()
        self._thread.join(0.2)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopped:
            try:
                self._serve(job)
            except EntraOAuthError as error:
                job.error = error
            except Exception as error:  # told to the waiting thread
                from entra_oauth.channels.requests_adapter import translate

                job.error = translate(error, job.url, job.timeout_s)
            job.finish()
        if self._adapter is not None:
            self._adapter.close()

    def _serve(self, job: _Job) -> None:
        from entra_oauth.channels import requests_adapter

        if self._adapter is None or self._tap is None:
            self._tap = requests_adapter.Tap()
            self._adapter = requests_adapter.ExactAdapter(self._tap)
        call = requests_adapter.Call(
            url=job.url,
            context=self._trust(job.url),
            proxies=_proxies(job.url),
            deadline=job.deadline,
        )
        if job.request is None:
            requests_adapter.connect(self._adapter, call)
            return
        if call.proxy is not None and job.announce is not None:
            job.announce(call.proxy)
        job.response = requests_adapter.exchange(
            self._adapter, self._tap, job.request, call, cap=MAX_BODY_BYTES
        )

    def _trust(self, url: str) -> ssl.SSLContext | None:
        if not url.startswith("https:"):
            return None
        if self._context is None:
            self._context = tls_context(self._ca_bundle)
        return self._context


def _proxies(url: str) -> dict[str, str]:
    if is_loopback(urlsplit(url).hostname or ""):
        return {}
    from requests.utils import get_environ_proxies

    return dict(get_environ_proxies(url, no_proxy=None))
