"""run: a program with the token in its environment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.output.formats import variable_name
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import LocalError, plain
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.protocol.scopes import DATABRICKS

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Become that program, or on Windows wait for it; the exit code is its own."""
    source = token_store.source_for(args, console)
    found = token_store.find(args, source)
    token = token_store.shown(found, args, source)
    environ = dict(os.environ)
    environ[variable_name(token)] = token.token
    if found.scopes == DATABRICKS:
        # With ARM_… variables beside a token the SDK would not know which one to take.
        environ["DATABRICKS_AUTH_TYPE"] = "pat"
        if args.workspace_url:
            workspace = Workspace(args.workspace_url)
            authority = authority_of(args)
            check_destination(f"{workspace.url}/", scopes=args.scope, authority=authority)
            environ["DATABRICKS_HOST"] = workspace.url
    console.out.flush()
    return _become(args.program, environ)


def _become(program: list[str], environ: dict[str, str]) -> int:
    try:
        if sys.platform == "win32":
            import subprocess

            return subprocess.run(program, env=environ, check=False).returncode  # noqa: S603
        import signal

        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these; others must not
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvpe(program[0], program, environ)  # noqa: S606
    except OSError as error:
        raise LocalError(
            f"{plain(program[0], limit=200)} cannot be started: {error.strerror}.",
            advice="Check the name of the program.",
        ) from None
