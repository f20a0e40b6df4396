"""Answers in JSON, as programs without a browser want them."""

from __future__ import annotations

import json

from entra_oauth.protocol.messages import HttpResponse

__all__ = ["as_json"]

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


def as_json(status: int, content: dict[str, object]) -> HttpResponse:
    """An answer that nobody may keep."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            ("Content-Type", "application/json; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=json.dumps(content).encode("utf-8"),
    )
