"""token: the access token that is at hand, renewed when it must be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cache import layout
from entra_oauth.channels.base import now
from entra_oauth.cli import kept
from entra_oauth.cli.formats import Shown, render
from entra_oauth.cli.output import clock_time, duration
from entra_oauth.errors import LocalError, SignInRequired

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Print it. Raises `SignInRequired` where a person has to go on and may not be asked."""
    source = kept.source_for(args, console)
    try:
        found = kept.find(args, source)
    except SignInRequired:
        if not args.interactive:
            raise
        return _sign_in(args, console)
    _remember_profile(args)
    _print(kept.shown(found, args, source), args, console)
    return 0


def _print(shown: Shown, args: argparse.Namespace, console: Console) -> None:
    sentence = _sentence(shown)
    if args.output == "summary":
        console.result(sentence)
        return
    text = render(args.output, shown)
    if text is not None:
        console.result(text)
    if console.out.isatty():
        console.say(sentence)


def _sentence(shown: Shown) -> str:
    if shown.expires_on is None:
        return f"A token of {shown.username}."
    left = duration(shown.expires_on - now())
    return f"A token of {shown.username}, good until {clock_time(shown.expires_on)} ({left})."


def _sign_in(args: argparse.Namespace, console: Console) -> int:
    from entra_oauth.cli.doors import run_sign_in
    from entra_oauth.cli.keeping import Keeper
    from entra_oauth.cli.output import print_tokens
    from entra_oauth.cli.plans import plan_of
    from entra_oauth.protocol.authorize import Procedure

    keeper = Keeper.ready(args, console)
    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    _, sentence = keeper.keep(tokens, plan, args, console)
    print_tokens(tokens, plan, console, output=args.output, kept=sentence, env_name=args.env_name)
    return 0


def _remember_profile(args: argparse.Namespace) -> None:
    """Write down what the profile says, for the fast path; it is only a shortcut."""
    from entra_oauth.cache import files
    from entra_oauth.cache.kept import scope_key

    folder, config = layout.tokens_folder(os.environ), layout.config_file(os.environ)
    if folder is None or config is None or not os.path.exists(config):
        return
    settings = args.settings
    values = ["", "", "", "", ""]
    if settings is not None:
        from entra_oauth.adapters.stored import authority_of

        if settings.text("tenant") is None:
            return
        base = authority_of(settings).base
        values = [
            base,
            settings.text("tenant") or "",
            settings.text("client_id") or "",
            settings.text("account") or "",
            scope_key(settings.texts("scope") or ("databricks",), base),
        ]
    named = args.profile or ""
    path = layout.line_file(folder, "profile", named)
    text = layout.write_line(layout.stamp(config, os.stat(config)), *values)
    try:
        if files.read(path) != text:
            files.write(path, text)
    except (LocalError, OSError, files.Damaged):
        return
