"""The help: of the whole program, and of a verb."""

from __future__ import annotations

from entra_oauth.cli.command_line.verb_index import (
    PARTS,
    SUMMARIES,
    actions_of,
    split_verb,
    verb_named,
)

__all__ = ["help_for"]

_HELP = ("-h", "--help")


def help_for(arguments: list[str]) -> str | None:
    """The version or a help text, if that is what the arguments ask for."""
    first, *rest = arguments or ["help"]
    if first in ("-V", "--version"):
        from entra_oauth._version import __version__

        return f"entra-oauth {__version__}"
    if first in ("help", *_HELP):
        named = split_verb(rest)[0] if rest else ""
        return _of(named) if named in SUMMARIES else _whole()
    name, rest = split_verb([first, *rest])
    if "--" in rest:
        rest = rest[: rest.index("--")]
    if set(_HELP) & set(rest):
        if name in SUMMARIES:
            return _of(name)
        if actions := actions_of(name):
            return "\n\n".join(_of(f"{name} {action}") for action in actions)
    return None


def _of(name: str) -> str:
    from entra_oauth.cli.command_line.argparse_parser import parser_for

    return parser_for(verb_named(name), columns=_columns()).format_help().rstrip()


def _columns() -> int:
    from entra_oauth.cli.session.wrap import width

    return min(width(), 100) - 1


def _whole() -> str:
    import textwrap

    columns = _columns()

    def filled(text: str, first: str = "", below: str = "") -> str:
        return textwrap.fill(text, columns, initial_indent=first, subsequent_indent=below)

    def entry(name: str, summary: str) -> list[str]:
        """A name that reaches into the column of the summaries has a line of its own."""
        column = " " * 18
        if len(name) > 15:
            return [f"  {name}", filled(summary, column, column)]
        return [filled(summary, f"  {name:<15} ", column)]

    lines = [
        "usage: entra-oauth VERB [options]",
        "",
        filled("Get, audit and learn Microsoft Entra ID tokens, without MSAL."),
    ]
    for title, _, entries in PARTS:
        lines += ["", f"{title}:"] if title else []
        lines += [line for each in entries for line in entry(*each)]
    lines += [
        "",
        "entra-oauth VERB --help   shows the options of a verb",
        "entra-oauth --version     shows the version",
        "",
        filled(
            "Results go to standard output, all else to standard error. Exit codes: 0 ok, "
            "1 unexpected, 2 usage, 3 the authority said no, 4 a person must sign in, 5 a security "
            "check failed, 6 network, 7 timed out, 8 this machine (port, file), 9 findings, an "
            "unequal diff, an unsolved lab, 130 Ctrl-C, 143 SIGTERM."
        ),
    ]
    return "\n".join(lines)
