"""A file that a person or a profile names: read whole, and of a bounded size."""

from __future__ import annotations

from entra_oauth.errors import LocalError

__all__ = ["read_file"]

_MOST_BYTES = 1024 * 1024


def read_file(path: str, words: str) -> bytes:
    """A whole file of at most 1 MiB. Raises `LocalError`. `words` is what it is called."""
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise LocalError(
            f"The {words} cannot be read: {error.strerror}.", advice="Check its path and rights."
        ) from None
    if len(content) > _MOST_BYTES:
        raise LocalError(f"The {words} is larger than 1 MiB.", advice="Check its path.")
    return content
