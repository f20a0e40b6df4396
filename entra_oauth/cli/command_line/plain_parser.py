"""Ordinary command lines, read without argparse.

To import argparse and build a parser takes longer than all else before the browser
opens. What is not plainly an option of the verb and its value, is left to it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from entra_oauth.cli.command_line.options import BY_KEY

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.command_line.verbs import Verb

__all__ = ["read_plainly"]


def read_plainly(arguments: list[str], verb: Verb) -> argparse.Namespace | None:
    """What argparse would make of these; None where it has to look itself.

    Every option of the verb has an attribute: None, True, a text, or a list of texts.
    """
    if verb.word or verb.words:
        return None
    options = [BY_KEY[key] for key in verb.options]
    by_flag = {f"--{option.name}": option for option in options}
    by_flag |= {f"-{option.short}": option for option in options if option.short}
    values: dict[str, object] = {option.dest: None for option in options}
    rest = iter(arguments)
    for word in rest:
        flag, equals, value = word.partition("=")
        option = by_flag.get(flag)
        if option is None or option.kind == "paste" or (equals and not flag.startswith("--")):
            return None
        if option.kind == "flag":
            if equals:
                return None
            values[option.dest] = True
            continue
        if not equals:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
        before = values[option.dest]
        if option.kind == "list":
            values[option.dest] = [*(before if isinstance(before, list) else ()), value]
        else:
            values[option.dest] = value
    return cast("argparse.Namespace", SimpleNamespace(**values))
