"""The back channel: our own HTTPS requests, through `requests`.

What a general HTTP client adds by itself is kept out: redirects, netrc, cookies,
default headers, retries, and bundles or proxies that take effect unseen. A
request is prepared by hand and given to the adapter; no session is involved, and
so nothing ambient can join in.

All traffic runs in one worker thread, one request at a time. That makes the
deadline a real one (name look-up and a dripping answer included), keeps Ctrl-C
instant, and lets the imports, the TLS context and the connection get ready while
the person signs in.
"""

from __future__ import annotations

import os
import queue
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from entra_oauth.channels.base import look_away, monotonic, sleep
from entra_oauth.channels.https.failures import abandoned, too_late, translate
from entra_oauth.channels.https.job import SLICE_S, WORKER_NAME, Job, Tap
from entra_oauth.channels.https.trust import trust_in
from entra_oauth.errors import EntraOAuthError, ExchangeBroken, LocalError, SecurityError
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.messages import is_link_local, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from entra_oauth.channels.https.requests_adapter import ExactAdapter
    from entra_oauth.channels.https.trust import Trust
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire

__all__ = ["MAX_BODY_BYTES", "RequestsBack", "key_log_file"]

MAX_BODY_BYTES = 1024 * 1024
"""The largest answer that is read, after decompression, unless more is allowed."""

WARM_TIMEOUT_S = 20.0

_AFTER_S = 0.03
"""Seconds before a warm-up begins: its imports would hold up those that open the browser."""

LINK_LOCAL_CONNECT_S = 3.0
"""Seconds to connect to a link-local address, which is one step away or not there."""

PATIENCE_S = 3.0
"""Seconds that a request waits for a warm-up that is under way, before it goes its own way."""


class RequestsBack:
    """A `BackChannel` over `requests`. Close it, or use it in a `with` block.

    `ca_bundle` is a file or folder of certificates to trust instead of the
    system's. `say` is told, once, of a proxy before anything secret goes through
    it. `allow_keylog` permits `SSLKEYLOGFILE`; set and not allowed, it raises
    `SecurityError`. `max_body_bytes` is the largest answer that is read: an authority
    says little, an API may say more.
    """

    def __init__(
        self,
        *,
        ca_bundle: str | None = None,
        allow_keylog: bool = False,
        say: Callable[[str], None] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._max_body_bytes = max_body_bytes
        self._key_log = key_log_file(allowed=allow_keylog)
        self._ca_bundle = ca_bundle
        self._say = say
        self._said: set[str] = set()
        # Two locks. `_turn` is held for a whole request, so that one goes after the other.
        # `_guard` is held for moments only, around `_worker` and `_left`: `close` must get
        # it while a request is under way.
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._worker: _Worker | None = None
        self._left = False

    def warm(self, url: str) -> None:
        """Import, build the TLS context and connect, in the background."""
        with suppress(LocalError, ExchangeBroken):  # the request will say it
            self._get_worker().submit(Job(None, url, WARM_TIMEOUT_S))

    def send(
        self, request: HttpRequest, *, timeout_s: float, saw: Callable[[Wire], None] = look_away
    ) -> HttpResponse:
        """Send one request once. See `BackChannel.send`.

        Raises a `LocalError` too: for a bundle that cannot be read, for instance.
        """
        job = Job(request, request.url, timeout_s, announce=self._announce_proxy)
        try:
            return self._send(job)
        except BaseException:
            if job.wire is not None:
                saw(job.wire)
            raise

    def _send(self, job: Job) -> HttpResponse:
        with self._a_turn(job):
            worker = self._ready_worker(job)
            # The worker can hang in a look-up, a handshake or an answer that drips, and none
            # of these can be ended by a timeout of its own. So the deadline is kept here:
            # whoever waits goes, and leaves the worker behind with its connection cut.
            try:
                worker.submit(job)
                finished = job.wait(job.deadline)
            except BaseException:  # Ctrl-C: the code must not go out after it
                self._drop(worker)
                worker.show(job)
                raise
            if not finished:
                # First the cut, then the question what was sent: after the cut nothing
                # more goes out, so that the answer stays true.
                sent = self._drop(worker)
                worker.show(job)
                raise too_late(job.url, job.timeout_s, sent=sent)
        return job.result()

    def close(self) -> None:
        """Drop the connection. A request under way is abandoned, never repeated."""
        self._end(for_good=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        # A thread that still had something to send finds nobody to send it.
        self._end(for_good=True)

    def _end(self, *, for_good: bool) -> None:
        # A worker is made under the same guard. So it is either made before, and stopped
        # here, or it is not made at all: none can come into being unseen beside this.
        with self._guard:
            self._left = self._left or for_good
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    @contextmanager
    def _a_turn(self, job: Job) -> Iterator[None]:
        while not self._turn.acquire(timeout=min(SLICE_S, job.remaining_s)):
            if job.remaining_s <= 0:
                raise too_late(job.url, job.timeout_s, sent=False)
        try:
            yield
        finally:
            self._turn.release()

    def _get_worker(self) -> _Worker:
        with self._guard:
            if self._left:
                raise ExchangeBroken(
                    "The channel was closed before the request.", advice="Nothing was sent."
                )
            if self._worker is None:
                try:
                    self._worker = _Worker(self._ca_bundle, self._key_log, self._max_body_bytes)
                except RuntimeError:
                    raise LocalError(
                        "The system gives this program no more threads.",
                        advice="Close other programs, or raise the limit (ulimit -u).",
                    ) from None
            return self._worker

    def _ready_worker(self, job: Job) -> _Worker:
        """The worker, unless its warm-up hangs: what that waits for, we need not."""
        worker = self._get_worker()
        patience_s = min(PATIENCE_S, job.remaining_s / 2)
        if worker.is_free(monotonic() + patience_s):
            return worker
        self._drop(worker)
        return self._get_worker()

    def _drop(self, worker: _Worker) -> bool:
        with self._guard:
            if self._worker is worker:
                self._worker = None
        return worker.stop()

    def _announce_proxy(self, proxy: str) -> None:
        if self._say is not None and proxy not in self._said:
            self._said.add(proxy)
            self._say(f"Requests go through the proxy {proxy}.")


class _Worker:
    """A thread with one adapter, and the connection that it reuses."""

    def __init__(self, ca_bundle: str | None, key_log: str | None, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._ca_bundle = ca_bundle
        self._key_log = key_log
        self._trust: Trust | None = None
        self._adapter: ExactAdapter | None = None
        self._tap = Tap()
        self._lock = threading.Lock()
        self._unfinished: list[Job] = []
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=WORKER_NAME, daemon=True).start()

    def submit(self, job: Job) -> None:
        # `stop` cuts first and takes this lock after that. So a job is either in the list
        # that `stop` fails, or it is seen here that it comes too late.
        with self._lock:
            self._unfinished = [j for j in self._unfinished if not j.has_ended]
            self._unfinished.append(job)
            stopped = self._tap.is_cut
        if stopped:
            job.fail(abandoned(job.url, sent=False))
        self._jobs.put(job)

    def is_free(self, until: float) -> bool:
        """Wait until all that was submitted has ended, or until that time; says if it has."""
        with self._lock:
            jobs = list(self._unfinished)
        return all(job.wait(until) for job in jobs)

    def stop(self) -> bool:
        """End the thread and its connection; says whether any of the last request was sent.

        Nobody waits for the thread, which sends nothing any more: it goes when what it is in
        returns, and the look-up of a name cannot be ended. Certificates are read to their end.
        """
        self._tap.cut()
        sent = bool(self._tap.sent)
        with self._lock:
            jobs = [job for job in self._unfinished if not job.has_ended]
            trust = self._trust
        for job in jobs:
            job.fail(abandoned(job.url, sent=sent))
        self._jobs.put(None)
        if trust is not None:
            trust.close()
        return sent

    def show(self, job: Job) -> None:
        """Give the job what was seen of it."""
        if job.has_begun and job.wire is None:
            job.wire = self._tap.wire(proxy=job.proxy_url)
            job.proxy_refusal = self._tap.proxy_refusal

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._tap.is_cut:
            try:
                response = self._serve(job)
                if not self._tap.is_cut:  # a cut can look like the end of an answer
                    job.succeed(response)
            except EntraOAuthError as error:
                self.show(job)
                job.fail(error)
            except Exception as error:  # told to the waiting thread
                self.show(job)
                if not self._tap.is_cut:
                    job.fail(translate(error, job, sent=bool(self._tap.sent)))
            finally:
                if not job.has_ended:
                    job.fail(abandoned(job.url, sent=bool(self._tap.sent)))
        if self._tap.early is not None:
            self._tap.early.close()
        if self._adapter is not None:
            self._adapter.close()

    def _serve(self, job: Job) -> HttpResponse | None:
        if job.request is None:
            sleep(_AFTER_S)
            # What the answer will be exchanged with: here nobody waits for the import.
            import entra_oauth.protocol.endpoints.token  # noqa: F401
        self._tap.start()
        job.has_begun = True
        trust = self._trust_for(job.url)
        host = urlsplit(job.url).hostname or ""
        if not is_loopback(host) and not is_link_local(host):  # no module for what has no proxy
            from entra_oauth.channels.https.environment_proxy import environment_proxy

            job.proxy = environment_proxy(job.url)
        if self._adapter is None:
            self._begin_early(job, host, trust)
        from entra_oauth.channels.https import requests_adapter

        if self._adapter is None:
            self._adapter = requests_adapter.ExactAdapter(self._tap)
        self._adapter.context = trust.context() if trust is not None else None
        if job.request is None:
            if job.proxy is None:
                requests_adapter.make_ready(self._adapter, job.url)
            if self._tap.early is not None and not self._tap.early.wait_idle():
                self._tap.early = None  # the request will find out for itself, and say it
            return None
        if job.proxy is not None:
            job.announce(job.proxy.url)
        return requests_adapter.exchange(
            self._adapter, self._tap, job, job.request, cap=self._max_body_bytes
        )

    def _trust_for(self, url: str) -> Trust | None:
        if not url.startswith("https:"):
            return None
        with self._lock:  # it is either seen by `stop`, or not made at all
            if self._tap.is_cut:
                raise ConnectionAbortedError
            if self._trust is None:
                self._trust = trust_in(self._ca_bundle, key_log=self._key_log)
            return self._trust

    def _begin_early(self, job: Job, host: str, trust: Trust | None) -> None:
        """Begin what takes long, and is done while the libraries are imported."""
        if trust is not None:
            trust.begin()
        if job.proxy is None:
            from entra_oauth.channels.https import early_connection

            until = job.deadline
            if is_link_local(host):
                until = min(until, monotonic() + LINK_LOCAL_CONNECT_S)
            self._tap.early = early_connection.begin(job.url, trust, self._tap.hold, until)


def key_log_file(*, allowed: bool) -> str | None:
    """The file that `SSLKEYLOGFILE` names, if that was allowed.

    Raises `SecurityError` if it is set and was not.
    """
    named = os.environ.get("SSLKEYLOGFILE") or None
    if named is not None and not allowed:
        raise SecurityError(
            "SSLKEYLOGFILE is set: the keys of every TLS connection would be written to a file, "
            "and with them the tokens.",
            advice="Unset it, or allow it with --allow-keylog.",
        )
    return named
