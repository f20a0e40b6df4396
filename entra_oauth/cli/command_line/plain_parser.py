"""Ordinary command lines, read without argparse.

To import argparse and build a parser takes longer than all else before the browser
opens. What is not plainly an option of the verb and its value, is left to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.declare import Kind

if TYPE_CHECKING:
    from entra_oauth.cli.command_line.declare import Declared

__all__ = ["read_plainly"]


def read_plainly(arguments: list[str], declared: Declared) -> dict[str, object] | None:
    """The values that argparse would find; None where it has to look itself.

    Every option has one, by its field: None, True, a text, or a list of texts.
    """
    if declared.words is not None and not declared.program:
        return None
    by_flag = {flag: option for option in declared.options for flag in option.flags}
    values: dict[str, object] = {option.dest: None for option in declared.options}
    rest = iter(arguments)
    for word in rest:
        flag, equals, value = word.partition("=")
        option = by_flag.get(flag)
        if option is None or option.kind is Kind.PASTE or (equals and not flag.startswith("--")):
            return None
        if option.kind is Kind.FLAG:
            if equals:
                return None
            values[option.dest] = True
            continue
        if not equals:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
        before = values[option.dest]
        if option.kind is Kind.LIST:
            values[option.dest] = [*(before if isinstance(before, list) else ()), value]
        else:
            values[option.dest] = value
    return values
