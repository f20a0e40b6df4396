"""A request to the control endpoint of a tenant that runs elsewhere."""

from __future__ import annotations

import json

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import HttpRequest

__all__ = ["CONTROL_VARIABLE", "command"]
CONTROL_VARIABLE = "ENTRA_OAUTH_PRACTICE_CONTROL"
"""The variable that holds a running tenant's control address, for the programs that it runs."""


def command(
    address: str, method: str, path: str, content: dict[str, object] | None = None
) -> dict[str, object]:
    """Send a command to a running tenant. Raises `UsageError` for what it does not take.

    `address` is a `Control.address`. Raises `ConnectFailed` where no tenant runs any more.
    """
    from entra_oauth.practice.browser.transport import http_send

    place, _, token = address.partition("/#")
    body = b"" if content is None else json.dumps(content).encode("utf-8")
    response = http_send(
        HttpRequest(
            method=method,
            url=place + path,
            headers=(
                ("Authorization", f"Bearer {token}"),
                *((("Content-Type", "application/json"),) if body else ()),
            ),
            body=body,
        ),
        timeout_s=10.0,
    )
    try:
        read = json.loads(response.body)
    except ValueError:
        read = None
    known: dict[str, object] = read if isinstance(read, dict) else {}
    if response.status != 200 or not known:
        raise UsageError(
            str(known.get("error", "Whoever answers there is no practice tenant.")),
            advice=str(known.get("next", "Start the tenant again and use the address it tells.")),
        )
    return known
