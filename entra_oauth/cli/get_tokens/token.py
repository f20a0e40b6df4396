"""token: the access token that is at hand, renewed when it must be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cache import paths
from entra_oauth.channels.base import now
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.output.formats import Shown, render
from entra_oauth.cli.session.times import clock_time, duration
from entra_oauth.errors import LocalError, SignInRequired
from entra_oauth.protocol.guid import folded

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Print it. Raises `SignInRequired` where a person has to go on and may not be asked."""
    source = token_store.source_for(args, console)
    try:
        found = token_store.find(args, source)
    except SignInRequired:
        if not args.interactive:
            raise
        return _sign_in(args, console)
    _remember_profile(args)
    _print(token_store.shown(found, args, source), args, console)
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
    from entra_oauth.cli.get_tokens.token_store import Keeper
    from entra_oauth.cli.output.token_output import print_tokens
    from entra_oauth.cli.sign_in.choose_receiver import run_sign_in
    from entra_oauth.cli.sign_in.plan import plan_of
    from entra_oauth.protocol.endpoints.authorize import Procedure

    keeper = Keeper.ready(args, console)
    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    _, sentence = keeper.keep(tokens, plan, args, console)
    print_tokens(tokens, plan, console, output=args.output, kept=sentence, env_name=args.env_name)
    return 0


def _remember_profile(args: argparse.Namespace) -> None:
    """Write down what the profile says, for the fast path; it is only a shortcut."""
    from entra_oauth.cache import private_files
    from entra_oauth.cache.account import scope_key

    folder, config = paths.tokens_folder(os.environ), paths.config_file(os.environ)
    if folder is None or config is None or not os.path.exists(config):
        return
    settings = args.settings
    values = ["", "", "", "", ""]
    if settings is not None:
        from entra_oauth.adapters.stored_tokens import authority_of

        if settings.text("tenant") is None:
            return
        base = authority_of(settings).base
        values = [
            base,
            folded(settings.text("tenant") or ""),
            folded(settings.text("client_id") or ""),
            settings.text("account") or "",
            scope_key(settings.texts("scope") or ("databricks",), base),
        ]
    named = args.profile or ""
    path = paths.line_file(folder, "profile", named)
    text = paths.write_line(paths.stamp(config, os.stat(config)), *values)
    try:
        if private_files.read(path) != text:
            private_files.write(path, text)
    except (LocalError, OSError, private_files.Damaged):
        return
