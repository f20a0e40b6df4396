"""login: the hardened procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.doors import run_sign_in
from entra_oauth.cli.output import print_tokens
from entra_oauth.cli.plans import plan_of
from entra_oauth.protocol.authorize import Procedure

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Sign in and print who it was, or the token."""
    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    print_tokens(tokens, plan, console, output=args.output)
    return 0
