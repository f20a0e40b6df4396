"""Many rows in one test, where each row is looked at in a moment.

pytest's own work for a test, from collecting it to reporting it, takes five milliseconds
of the processor. For hundreds of rows that need no fixture that is most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["every"]


def every(rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """A test of one function for every row, one after the other. A failure names its row.

    A row is a tuple of the arguments, or the only argument.
    """

    table = list(rows)
    assert table

    def made(test: Callable[..., None]) -> Callable[[], None]:
        def all_rows() -> None:
            for row in table:
                try:
                    test(*row) if isinstance(row, tuple) else test(row)
                except BaseException as error:
                    error.add_note(f"for the row {row!r}")
                    raise

        # Not `wraps`: pytest would look for fixtures of the arguments' names.
        all_rows.__name__, all_rows.__doc__ = test.__name__, test.__doc__
        all_rows.__module__ = test.__module__
        return all_rows

    return made
