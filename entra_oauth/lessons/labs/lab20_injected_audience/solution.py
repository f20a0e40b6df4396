"""Lab 20, one solution of many: the issuer that is configured, and nothing that was published."""

from typing import Any


def audience(issuer: str, metadata: dict[str, Any]) -> str:
    if metadata.get("issuer") != issuer:
        raise ValueError("these are not the metadata of that authority")
    return issuer
