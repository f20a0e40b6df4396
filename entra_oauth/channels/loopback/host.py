"""A small threaded HTTP/1.1 host for this machine only.

The listener of a sign-in, the practice tenant and the local services all run on
it. It is not built on `http.server`: that costs 40 ms to import, lets a silent
peer hold up the others, and does the TLS handshake while accepting.

One thread accepts, and each connection has its own (`ThreadPool`). A connection that has not
yet delivered a whole request is worth nothing: it is cut at its deadline, or
earlier when its place is needed. So no number of silent peers keeps a speaking
one from being answered.
"""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from functools import partial

from entra_oauth.channels.loopback import http1
from entra_oauth.channels.loopback.connection import Connection
from entra_oauth.channels.loopback.http1 import Refusal
from entra_oauth.channels.loopback.ports import ThreadPool, bind
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Self

    from entra_oauth.channels.exchange import Exchange
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["HangUp", "LoopbackHost", "Refusal"]


_PAUSE_S = 0.002


class HangUp(Exception):
    """Raised by a handler in place of an answer: the connection ends without one.

    With `reset` the peer sees it torn down (RST), not closed.
    """

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__(reset)
        self.reset = reset


class LoopbackHost:
    """Answers requests to one port with `handle`, each connection in its own thread.

    The port is bound here and answers from `start()` on; `port=0` picks a free
    one. Without `address` it is 127.0.0.1 and ::1 together, so that nobody else
    can answer to the name `localhost` there (RFC 8252 §8.1). Any other address
    has to be asked for by name.

    `request_timeout_s` is the time for one whole request to arrive (and again
    for its answer to be taken), however it is spread; `idle_timeout_s` is how
    long a connection that is reused may be silent before one. `handle` may block; if it
    raises, the peer gets a bare 500, and `failure` keeps the first such error;
    `HangUp` alone is a wish and no failure.

    With `tunnel` it is a proxy as well: asked to CONNECT, it looks up the
    `host:port` there, ends the encryption itself with the context it gets, and
    takes the requests inside as its own. `tunnel` may block; it raises `Refusal`
    with the status that a client gets instead, or `HangUp`.

    `met_tls` is told of a client that speaks TLS where none is spoken; without it that is a
    bad request like any other.

    `witness` is told of every request that was answered, or refused, or hung up on, with
    the bytes of both directions; in the thread of its connection, afterwards.

    Raises `PortBusy` if another program has the port, `LocalError` if the system
    does not give it or does not have the address.
    """

    def __init__(
        self,
        handle: Callable[[HttpRequest], HttpResponse],
        *,
        port: int = 0,
        address: str | None = None,
        tls: ssl.SSLContext | None = None,
        tunnel: Callable[[str], ssl.SSLContext] | None = None,
        witness: Callable[[Exchange], None] | None = None,
        met_tls: Callable[[], None] | None = None,
        keep_alive: bool = False,
        request_timeout_s: float = 5.0,
        idle_timeout_s: float = 30.0,
        max_connections: int = 256,
        body_limit: int = http1.BODY_LIMIT,
    ) -> None:
        self._handle = handle
        self._tls = tls
        self._tunnel = tunnel
        self._witness = witness
        self._met_tls = met_tls
        self._keep_alive = keep_alive
        self._request_timeout_s = request_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._max_connections = max_connections
        self._body_limit = body_limit
        self._listeners = bind(port, address)
        self.port: int = self._listeners[0].getsockname()[1]
        self.addresses: tuple[str, ...] = tuple(s.getsockname()[0] for s in self._listeners)
        first = self.addresses[0]
        self._own_name = f"{f'[{first}]' if ':' in first else first}:{self.port}"
        self.failure: Exception | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._acceptor: threading.Thread | None = None
        self._wakers: tuple[socket.socket, ...] = ()
        self._connections: dict[Connection, None] = {}  # the longest unused first
        self._threads = ThreadPool(f"loopback-{self.port}-connection")

    def start(self) -> None:
        """Begin to answer; returns at once."""
        if self._acceptor is not None or self._stopping.is_set():
            return
        self._wakers = woken, _ = socket.socketpair()
        selector = selectors.DefaultSelector()
        selector.register(woken, selectors.EVENT_READ)
        for listener in self._listeners:
            selector.register(listener, selectors.EVENT_READ, listener)
        self._acceptor = threading.Thread(
            target=self._accept_all, args=(selector,), name=f"loopback-{self.port}", daemon=True
        )
        self._acceptor.start()

    def close(self, grace_s: float = 1.0) -> None:
        """Stop listening at once, let answers under way finish, then cut the rest.

        Waits `grace_s` seconds at most for those answers. A handler that blocks
        longer keeps its (daemon) thread until it returns; its peer is gone by then.
        """
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
        if self._acceptor is not None:
            self._wakers[1].send(b".")
            self._acceptor.join()
        for sock in (*self._listeners, *self._wakers):
            sock.close()
        self._threads.finish()
        self._cut(only_waiting=True)
        self._threads.join(grace_s)
        self._cut(only_waiting=False)
        self._threads.join(0.2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ---- accepting -----------------------------------------------------------

    def _accept_all(self, selector: selectors.BaseSelector) -> None:
        with selector:
            while not self._stopping.is_set():
                for key, _ in selector.select():
                    if key.data is not None:  # a listener
                        self._accept(key.data)

    def _accept(self, listener: socket.socket) -> None:
        if not self._make_room(self._max_connections):
            return
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError:  # no descriptor or no memory is left; the peer stays in the queue
            self._make_room(1)
            self._stopping.wait(_PAUSE_S)
            return
        connection = Connection(sock, timeout_s=self._request_timeout_s, witness=self._witness)
        with self._lock:
            self._connections[connection] = None
        if not self._threads.run(partial(self._serve, connection)):
            self._forget(connection)
            sock.close()

    def _make_room(self, limit: int) -> bool:
        """Find a place below `limit`, cutting a waiting peer if need be; tell if there is one."""
        with self._lock:
            if len(self._connections) < limit or self._evict():
                return True
        # All are being answered. Whoever knocks waits in the queue, and we do not spin.
        self._stopping.wait(_PAUSE_S)
        return False

    def _evict(self) -> bool:
        """Cut the connection that has waited longest without a whole request."""
        oldest = next((c for c in self._connections if c.waiting), None)
        if oldest is None:
            return False
        del self._connections[oldest]
        oldest.cut()
        return True

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.pop(connection, None)

    def _cut(self, *, only_waiting: bool) -> None:
        with self._lock:
            for connection in self._connections:
                if connection.waiting or not only_waiting:
                    connection.cut()

    # ---- one connection --------------------------------------------------------

    def _serve(self, connection: Connection) -> None:
        try:
            # A peer that goes away is no error; TLS failures are OSErrors too, and
            # ValueError is what ssl says about a connection that was cut.
            with suppress(OSError, ValueError):
                self._converse(connection)
        finally:
            connection.close()
            self._forget(connection)

    def _converse(self, connection: Connection) -> None:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            connection.shake_hands(self._tls, self._lock)
        silence_s = self._idle_timeout_s if self._keep_alive else self._request_timeout_s
        while connection.await_first_byte(silence_s):
            if self._met_tls is not None and connection.begins_with_tls:
                self._met_tls()
                connection.refuse_tls()
                return
            try:
                head = connection.read_head(self._body_limit)
                if head.method == "CONNECT" and self._tunnel is not None:
                    self._open_tunnel(connection, head, self._tunnel)
                    continue
                request = connection.read_request(head, self._own_name)
            except Refusal as refusal:
                connection.refuse(refusal.status)
                return
            except HangUp as wish:
                connection.hang_up(None, reset=wish.reset)
                return
            self._wait(connection, waiting=False)
            keep = self._answer(connection, request, head)
            if not keep or not self._keep(connection):
                return

    def _wait(self, connection: Connection, *, waiting: bool) -> None:
        with self._lock:
            connection.waiting = waiting

    def _open_tunnel(
        self, connection: Connection, head: http1.Head, tunnel: Callable[[str], ssl.SSLContext]
    ) -> None:
        """Play the host that a client of a proxy wants to be connected with."""
        self._wait(connection, waiting=False)  # what was asked for is there as a whole
        tls = tunnel(head.target)
        self._wait(connection, waiting=True)
        if connection.tunnel or head.length or connection.buffered:
            raise Refusal(400)  # a tunnel in a tunnel, or bytes before it was there
        connection.open_tunnel(head.target)
        connection.shake_hands(tls, self._lock)

    def _answer(self, connection: Connection, request: HttpRequest, head: http1.Head) -> bool:
        # A second request that is here already is served in any case: closing on it would
        # tear down the connection, and the first answer with it (RFC 9112 §9.3.2).
        keep = (self._keep_alive or connection.buffered) and not head.ends
        try:
            response = self._handle(request)
            keep = keep and not http1.ends_connection(response.headers)
            message = http1.encode_response(response, method=request.method, keep=keep)
        except HangUp as wish:
            connection.hang_up(request, reset=wish.reset)
            return False
        except Exception as error:
            self.failure = self.failure or error
            keep, response = False, http1.bare(500)
            message = http1.encode_response(response, method=request.method, keep=False)
        connection.answer(request, response, message)
        return keep

    def _keep(self, connection: Connection) -> bool:
        with self._lock:
            if self._stopping.is_set() or connection not in self._connections:
                return False
            connection.waiting = True
            del self._connections[connection]
            self._connections[connection] = None
            return True
