"""The function of lab 20, WRONG ON PURPOSE: to be repaired, never to be copied."""

from typing import Any


def audience(issuer: str, metadata: dict[str, Any]) -> str:
    """Return for whom (aud) the app signs its proof at an authority.

    `issuer` is the authority as it is configured in the app. `metadata` are what that
    authority publishes, whatever it likes. ValueError if they are not its own (RFC
    8414 section 3.3). What is signed is good at its audience only.
    """
    endpoint: str = metadata["token_endpoint"]
    return endpoint
