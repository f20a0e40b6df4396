"""What there is to know of one of Entra's numbered errors."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Kind", "kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One numbered error."""

    number: int
    error: str
    """The OAuth `error` value: all that a program may look at."""
    text: str
    """Entra's sentence; `{}` stands where it names something."""
    advice: str
    """What a learner should do next; only pages of the practice tenant show it."""
    status: int = 400
    suberror: str | None = None
    listed: bool = True
    """Whether Entra's lookup page knows the number, so that `error_uri` is sent."""


def kind(
    number: int,
    error: str,
    text: str,
    advice: str,
    status: int = 400,
    suberror: str | None = None,
    listed: bool = True,
) -> Kind:
    """The same, shorter to write in a table."""
    return Kind(
        number=number,
        error=error,
        text=text,
        advice=advice,
        status=status,
        suberror=suberror,
        listed=listed,
    )
