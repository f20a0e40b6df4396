"""JSON as OAuth wants it: one object, strict UTF-8, each member once.

Lenient parsers disagree about doubled members and `NaN`; an answer that two
programs can read differently is refused (RFC 8259 §4, §8.1).
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["read_object"]


def read_object(body: bytes) -> dict[str, Any]:
    """The object in `body`. Raises `ValueError`, without any of the text, if it is not one."""
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it breaks off or is malformed at character {error.pos}") from None
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it has a member twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is not JSON")
