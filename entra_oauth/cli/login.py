"""login: the hardened procedure in the browser, or one of the other ways to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.flow_options import check_flow
from entra_oauth.cli.keeping import Keeper
from entra_oauth.cli.plans import plan_of, use_workspace
from entra_oauth.protocol.authorize import Procedure

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console
    from entra_oauth.cli.output import Asked
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Sign in and print who it was, or the token."""
    check_flow(args)
    use_workspace(args, console)
    keeper = Keeper.ready(args, console)
    if args.flow != "auth-code":
        from entra_oauth.cli import other_flows

        asking, tokens = other_flows.sign_in(args, console)
        _end(keeper, tokens, asking, args, console)
        return 0
    from entra_oauth.cli.doors import run_sign_in

    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    _end(keeper, tokens, plan, args, console)
    return 0


def _end(
    keeper: Keeper, tokens: TokenResponse, asked: Asked, args: argparse.Namespace, console: Console
) -> None:
    from entra_oauth.cli.output import print_tokens

    account, sentence = keeper.keep(tokens, asked, args, console)
    code = args.flow == "auth-code"
    print_tokens(
        tokens,
        asked,
        console,
        output=args.output,
        source="authorization_code" if code else args.flow.replace("-", "_"),
        kept=sentence,
        env_name=args.env_name,
    )
    if args.save_profile:
        from entra_oauth.cli.profile import save

        save(args.save_profile, args, account.name if account else None, console)
