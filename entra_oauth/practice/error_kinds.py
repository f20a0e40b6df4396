"""Entra's numbered errors, as far as the practice tenant gives them.

The table is `error_kinds.json` beside this module. It is read when the first error needs it,
so that a tenant starts without it. The texts follow real answers where one was seen. Programs
must not depend on them, nor on the numbers
(https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ErrorKind", "error_kinds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKind:
    """One numbered error."""

    number: int
    error: str
    """The OAuth `error` value: all that a program may look at."""
    text: str
    """Entra's sentence; `{}` stands where it names something."""
    advice: str
    """The next step for a learner; only pages of the practice tenant show it."""
    status: int = 400
    suberror: str | None = None
    listed: bool = True
    """True if Entra's lookup page knows the number, so that `error_uri` is sent."""


@cache
def error_kinds() -> Mapping[int, ErrorKind]:
    """Every error that the tenant can give, by number, smallest first."""
    # fidelity: error-pair
    import pkgutil  # not needed to start

    text = pkgutil.get_data("entra_oauth.practice", "error_kinds.json")
    return {entry["number"]: ErrorKind(**entry) for entry in json.loads(text or b"")}
