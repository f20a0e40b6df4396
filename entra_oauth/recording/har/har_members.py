"""Members of a HAR file's objects, where they are what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["members_at", "number_in", "objects", "pairs_in", "text_at"]


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


def pairs_in(value: object) -> list[dict[str, Any]]:
    """Names and values in a list, as objects; some programs write each as a list of two."""
    found: list[dict[str, Any]] = []
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            found.append(each)
        elif isinstance(each, list) and len(each) == 2:
            found.append({"name": each[0], "value": each[1]})
    return found


def number_in(value: object, default: float = -1) -> float:
    """The number itself, if it is one and is in bounds; else the other one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return default
    return value if abs(value) < 10**15 else default
