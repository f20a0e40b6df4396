"""A first look at a command line, before it is read: a mistake in it has to be told somehow."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO", "asks_for_json", "is_on"]

NO = ("0", "false", "no", "off")


def asks_for_json(arguments: list[str], environ: Mapping[str, str]) -> bool:
    """True if a mistake in the arguments themselves is to be told as JSON."""
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]  # the rest is another program's
    if {"--json", "-ojson", "--output=json"} & set(arguments):
        return True
    pairs = itertools.pairwise(arguments)
    if any(flag in ("-o", "--output") and value == "json" for flag, value in pairs):
        return True
    return is_on(environ.get("ENTRA_OAUTH_JSON", ""))


def is_on(text: str) -> bool:
    """True if the text of a variable means yes."""
    return text.lower() not in ("", *NO)
