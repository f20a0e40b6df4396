"""The function of lab 21, WRONG ON PURPOSE: to be repaired, never to be copied."""

from typing import Any


def resource_for(url: str, metadata: dict[str, Any]) -> str:
    """Return the API for which a token is asked, or raise ValueError.

    `url` is the API that the program was told to call. `metadata` are what that API
    says of itself (RFC 9728): resource, and whatever it likes besides. The token will
    be sent to `url`, so it must be good there and nowhere else.
    """
    resource: str = metadata["resource"]
    return resource
