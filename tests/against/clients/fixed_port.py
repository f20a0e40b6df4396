"""A port that a library will have and no other, for one process of this machine at a time.

Two that sign in at once would not only find it taken: the browser of one would deliver its
answer to the other.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE_S = 50.0
_TURN = 10_000  # above the port: whoever has bound that one has the turn, until it ends


@contextmanager
def turn_at(port: int) -> Iterator[None]:
    """Wait for the turn, and until nobody listens at the port any more."""
    until = time.monotonic() + _PATIENCE_S
    with socket.socket() as turn:
        _wait_for(turn, port + _TURN, until)
        with socket.socket() as there:
            # As http.server does: what is left of closed connections is not in the way.
            there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _wait_for(there, port, until)
        yield


def _wait_for(sock: socket.socket, port: int, until: float) -> None:
    while True:
        try:
            return sock.bind(("127.0.0.1", port))
        except OSError as error:
            if time.monotonic() > until:
                raise TimeoutError(f"another program has had port {port} all the time") from error
            time.sleep(0.05)
