"""Members of a HAR file's objects, where they are what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["members_at", "number_in", "objects", "text_at"]


def text_at(members: Mapping[str, Any], name: str) -> str:
    """The member of that name if it is a text; else an empty one."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def members_at(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The member of that name if it is an object; else an empty one."""
    value = members.get(name)
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list; none if it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def number_in(value: object, default: float = -1) -> float:
    """The number itself, if it is one and is in bounds; else the other one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return default
    return value if abs(value) < 10**15 else default
