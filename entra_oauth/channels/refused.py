"""The end of a wait in which only such redirects came as were refused.

While a door waits, a refusal says to go on in the browser. At the deadline that
would be wrong: nothing is waited for any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.errors import CallbackRefused

__all__ = ["heard_no_other", "pasted_no_other"]


def heard_no_other(last: CallbackRefused) -> CallbackRefused:
    """What a listener's wait ends with: the same kind of error, to be raised."""
    return type(last)(
        f"{last.what} No other answer came in time, so the wait is over.",
        advice="Nothing was used. Start again, and finish in the window that opens then: a page "
        "that is left of an earlier attempt brings the answer to that one. If it comes again "
        "without such a page, something else sends redirects to this machine.",
    )


def pasted_no_other(last: CallbackRefused) -> CallbackRefused:
    """What a wait at a prompt ends with: the same kind of error, to be raised."""
    return type(last)(
        f"{last.what} No other address was pasted.",
        advice="Nothing was used. Start again, and paste the whole address on which that "
        "sign-in ends, from the address bar.",
    )
