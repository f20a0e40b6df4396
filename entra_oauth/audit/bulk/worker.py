"""One process of the pool: it is told names, and tells the rows of each.

A line of JSON comes in, a line of JSON goes out. Nothing else is written anywhere.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.audit.bulk.from_bytes import error_row, policy_of, rows_of
from entra_oauth.audit.bulk.recordings import read_named
from entra_oauth.errors import EntraOAuthError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from entra_oauth.audit.bulk.from_bytes import Row

__all__ = ["Order", "judge_named", "main"]

Order = dict[str, Any]
"""`folder`, `policy` (the text or None), `today` (an ISO date), `max_mib`."""


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Take the order, then names for as long as there are any."""
    judge = judge_named(json.loads(source.readline()))
    while line := source.readline():
        rows = [row.as_record() for name in json.loads(line) for row in judge(name)]
        target.write(json.dumps(rows).encode("ascii") + b"\n")
        target.flush()


def judge_named(order: Order) -> Callable[[str], tuple[Row, ...]]:
    """The function that judges one recording by its name. Raises `UsageError` for the policy."""
    folder, max_mib = Path(order["folder"]), int(order["max_mib"])
    policy = policy_of(order["policy"]) if order["policy"] is not None else None
    today = date.fromisoformat(order["today"])

    def judge(name: str) -> tuple[Row, ...]:
        try:
            content = read_named(folder, name, max_mib=max_mib)
        except EntraOAuthError as error:
            return (error_row(name, str(error)),)
        except Exception as error:
            return (error_row(name, f"It could not be read ({type(error).__name__})."),)
        return rows_of(name, content, policy, today=today, max_mib=max_mib)

    return judge
