"""The function of lab 11, WRONG ON PURPOSE: to be repaired, never to be copied."""

from collections.abc import Callable
from typing import Any


def listen(bind: Callable[[str, int], Any], port: int) -> list[Any]:
    """Return a list with every listener for http://localhost:port.

    `bind(address, port)` returns a listener, which has a method close(). It raises
    OSError if another program has that address. Raise ValueError then: half a
    listener is none, and nothing may stay open.
    """
    return [bind("0.0.0.0", port)]
