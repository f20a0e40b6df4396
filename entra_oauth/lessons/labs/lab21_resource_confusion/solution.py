"""Lab 21, one solution of many: resource is the address that is called, to the letter."""

from typing import Any


def resource_for(url: str, metadata: dict[str, Any]) -> str:
    if metadata.get("resource") != url:
        raise ValueError("it speaks for another API (RFC 9728 section 3.3)")
    return url
