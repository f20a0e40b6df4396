"""The memory that reading or cleaning a file takes, estimated from its size."""

from __future__ import annotations

from entra_oauth.errors import UsageError

__all__ = ["USUAL_MIB", "check_need", "check_unpacked", "most_bytes", "need_mib"]

USUAL_MIB = 1024
"""MiB that are taken without asking."""
_TIMES = 10
"""Bytes of memory for each byte of the file: the file, both its trees, and what is searched."""
_MIB = 2**20
_FEWER = "Save only the requests of the sign-in"


def need_mib(size: int) -> int:
    """MiB of memory for a file of that many bytes."""
    return -(-size * _TIMES // _MIB)


def most_bytes(max_mib: int) -> int:
    """Bytes of the largest file for which so many MiB are enough."""
    return max_mib * _MIB // _TIMES


def check_need(size: int, max_mib: int) -> None:
    """Raise `UsageError` if a file of that many bytes needs more."""
    if size > most_bytes(max_mib):
        need = need_mib(size)
        raise UsageError(
            f"The file needs about {need:,} MiB of memory, and {max_mib:,} are allowed.",
            advice=f"{_FEWER}, or allow it: --max-memory {need}.",
        )


def check_unpacked(data: bytes, max_mib: int) -> None:
    """Raise `UsageError` if so much was read or unpacked that the rest was left.

    The whole size is not known then: to count it would be to unpack what is refused.
    """
    if len(data) > most_bytes(max_mib):
        raise UsageError(
            f"The file needs more than {max_mib:,} MiB of memory, which are allowed.",
            advice=f"{_FEWER}, or allow more: --max-memory {2 * max_mib}.",
        )
