"""JSON as OAuth wants it: one object, strict UTF-8, each member once.

Lenient parsers disagree about doubled members and `NaN`; an answer that two
programs can read differently is refused (RFC 8259 §4, §8.1).
"""

from __future__ import annotations

from typing import Any

__all__ = ["read_object"]


def read_object(body: bytes) -> dict[str, Any]:
    """The object in `body`. Raises `ValueError`, which quotes nothing, if it is not one."""
    import json  # late: not on the way to the browser

    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_each_once,
            parse_constant=_refuse_constant,
            parse_int=_read_whole_number,
        )
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except RecursionError:
        problem = "it is nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"it is malformed or breaks off at character {error.pos}"
    else:
        if isinstance(value, dict):
            return value
        problem = "it is not an object"
    # Raised out here because the errors above hold the whole body, tokens and
    # all, and would stay attached as the context of this one.
    raise ValueError(problem)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("it has a member twice")
    return members


def _read_whole_number(digits: str) -> int:
    # Python refuses 4,300 digits and more by itself, with words that help nobody.
    if len(digits) > 400:
        raise ValueError("it holds a number of more than 400 digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is not JSON")
