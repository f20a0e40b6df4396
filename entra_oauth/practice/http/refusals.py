"""A no of the tenant, before it is known how it travels.

A check anywhere in this room raises `Refused`. It never leaves the room: the endpoint turns it
into a JSON answer, fields for the redirect URI (both in `responses`) or a page, as Entra does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.moments import utc
from entra_oauth.practice.error_kinds import error_kinds

if TYPE_CHECKING:
    from entra_oauth.practice.error_kinds import ErrorKind

__all__ = ["Refused", "because_of", "entra_time", "refuse"]


class Refused(Exception):
    """A request that Entra would refuse too. Stays inside this room."""

    def __init__(self, kind: ErrorKind, text: str, error: str, suberror: str | None) -> None:
        super().__init__(kind.number)
        self.kind = kind
        self.text = text
        self.error = error
        self.suberror = suberror
        self.claims: str | None = None
        """JSON that the app must send back as its `claims` parameter."""
        self.correlation_id: str | None = None
        """The id that the answer carries, if it is not that of the request that is answered."""
        self.echoes_correlation = False
        """True if that id came from the client, so that a header repeats it."""
        self.fault = ""
        """The fault without which there would have been no refusal, by its name or its rule."""


def refuse(
    number: int, *names: str, error: str | None = None, suberror: str | None = None
) -> Refused:
    """The refusal of that number; `names` fill the gaps of its sentence.

    `error` and `suberror` replace the usual values where the same number means
    others at another endpoint.
    """
    kind = error_kinds()[number]
    text = f"AADSTS{number}: {kind.text.format(*names)}"
    return Refused(kind, text, error or kind.error, suberror or kind.suberror)


def because_of(fault: str, refused: Refused) -> Refused:
    """The same refusal, which names the fault that caused it; none, if the text is empty."""
    refused.fault = fault
    return refused


def entra_time(now: float) -> str:
    """Entra's way to write a time, with a blank and not a `T`. `now`: seconds since 1970."""
    return f"{utc(now).replace(microsecond=0, tzinfo=None)}Z"
