"""login: the hardened procedure in the browser, or one of the other ways to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.flow_options import check_flow
from entra_oauth.cli.output import print_tokens
from entra_oauth.cli.plans import plan_of, use_workspace
from entra_oauth.protocol.authorize import Procedure

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Sign in and print who it was, or the token."""
    check_flow(args)
    use_workspace(args, console)
    if args.flow != "auth-code":
        from entra_oauth.cli import other_flows

        asking, tokens = other_flows.sign_in(args, console)
        source = args.flow.replace("-", "_")
        print_tokens(tokens, asking, console, output=args.output, source=source)
        return 0
    from entra_oauth.cli.doors import run_sign_in

    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    print_tokens(tokens, plan, console, output=args.output)
    return 0
