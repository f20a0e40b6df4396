"""The function of lab 13, WRONG ON PURPOSE: to be repaired, never to be copied."""

from typing import Any


def how_to_check(header: dict[str, Any], keys: dict[str, str]) -> tuple[str, str]:
    """Return (algorithm, key) with which a token is to be checked.

    `header` is the token's own, whatever JSON its maker wrote. `keys` are those that
    the authority publishes: kid -> key. It signs with RS256. ValueError for all else.
    """
    return header["alg"], keys[header["kid"]]
