"""The help: of the whole program, and of a verb."""

from __future__ import annotations

from entra_oauth.cli.verb_help.contents import CONTENTS, help_of
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["help_for"]

_HELP = ("-h", "--help")


def help_for(arguments: list[str]) -> str | None:
    """The version or a help text, if that is what the arguments ask for.

    Raises `UsageError` where help is asked for on what is no verb.
    """
    first, *rest = arguments or ["help"]
    if first in ("-V", "--version"):
        from entra_oauth._version import __version__

        return f"entra-oauth {__version__}"
    if first in ("help", *_HELP):
        asked = [word for word in rest if word[:1] != "-"]
        if not asked:
            return _whole()
        from entra_oauth.cli.command_line.arguments import VERB_NAMES, no_verb, split_verb

        name, more = split_verb(asked)
        if (found := _about(name)) is None or (name not in VERB_NAMES and more):
            raise no_verb(name, more)
        return found
    from entra_oauth.cli.command_line.arguments import split_verb

    name, rest = split_verb([first, *rest])
    if "--" in rest:
        rest = rest[: rest.index("--")]
    return _about(name) if set(_HELP) & set(rest) else None


def _about(name: str) -> str | None:
    """The help of a verb, or of all that begin with this word; None where there are none."""
    from entra_oauth.cli.command_line.arguments import VERB_NAMES, actions_of

    if name in VERB_NAMES:
        return _of(name)
    actions = actions_of(name)
    return "\n\n".join(_of(f"{name} {action}") for action in actions) if actions else None


def _of(name: str) -> str:
    from entra_oauth.cli.command_line.argparse_parser import parser_for
    from entra_oauth.cli.command_line.arguments import verb_named

    parser = parser_for(verb_named(name), said=help_of(name), columns=_columns())
    return parser.format_help().rstrip()


def _columns() -> int:
    from entra_oauth.cli.session.wrap import width

    return min(width(), 100) - 1


def _whole() -> str:
    import textwrap

    columns = _columns()

    def filled(text: str, first: str = "", below: str = "") -> str:
        return textwrap.fill(text, columns, initial_indent=first, subsequent_indent=below)

    def entry(verb: VerbHelp) -> list[str]:
        """A name that reaches into the column of the summaries has a line of its own."""
        column = " " * 18
        if len(verb.name) > 15:
            return [f"  {verb.name}", filled(verb.summary, column, column)]
        return [filled(verb.summary, f"  {verb.name:<15} ", column)]

    lines = [
        "usage: entra-oauth VERB [options]",
        "",
        filled("Get, audit and learn Microsoft Entra ID tokens, without MSAL."),
    ]
    for title, verbs in CONTENTS:
        lines += ["", f"{title}:", *(line for verb in verbs for line in entry(verb))]
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
