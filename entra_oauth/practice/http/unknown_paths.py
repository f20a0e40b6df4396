"""A path or method that an API does not have, told in that API's own JSON: no page for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.server.host_names import METADATA_HOST
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call

__all__ = ["unknown_path"]

_REASONS = {404: "Not Found", 405: "Method Not Allowed"}


def unknown_path(call: Call, *, allowed: tuple[str, ...] = ()) -> HttpResponse | None:
    """404, or 405 where another method would do. None where people look, who want a page."""
    status = 405 if allowed else 404
    content = _content(call, status)
    if content is None:
        return None
    extra = (("Allow", ", ".join(allowed)),) if allowed else ()
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            ("Content-Type", "application/json; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *extra,
        ),
        body=json.dumps(content).encode("utf-8"),
    )


def _content(call: Call, status: int) -> dict[str, object] | None:
    # fidelity: unknown-paths
    said = f"There is no {call.method} /{'/'.join(call.segments)[:200]} here."
    if (urlsplit(call.base_url).hostname or "") == METADATA_HOST:
        return {"error": "invalid_request", "error_description": said}
    match call.segments:
        case ("api", *rest):
            # Of a workspace's API; its version is not part of what the message names.
            named = f"{call.method} /{'/'.join(rest[1:])[:200]}"
            return {"error_code": "ENDPOINT_NOT_FOUND", "message": f"No API found for '{named}'"}
        case ("metadata" | "oidc" | ".well-known", *_):
            return {"error": "invalid_request", "error_description": said}
        case ("msi", *_):
            return {"statusCode": status, "message": said}
        case ("github" | "azure-devops", *_):
            return {"message": said}
    return None
