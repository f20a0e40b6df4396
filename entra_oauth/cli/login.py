"""login: the hardened procedure in the browser, or one of the other ways to a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.cli.flow_options import check_flow
from entra_oauth.cli.keeping import Keeper
from entra_oauth.cli.plans import plan_of, use_workspace
from entra_oauth.errors import UsageError
from entra_oauth.protocol.authorize import Procedure

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.kept import Account
    from entra_oauth.cli.console import Console
    from entra_oauth.cli.output import Asked
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Sign in and print who it was, or the token."""
    check_flow(args)
    if args.dry_run:
        return _dry_run(args, console)
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


def _dry_run(args: argparse.Namespace, console: Console) -> int:
    """The address that would be opened, and what the linter says of it. Nothing is sent."""
    from entra_oauth.cli.doors import planned_request
    from entra_oauth.cli.linted import say_findings
    from entra_oauth.protocol.messages import HttpRequest

    if args.flow != "auth-code" or (args.workspace_url and not args.tenant):
        raise UsageError(
            "A dry run is for a sign-in in the browser whose tenant is given.",
            advice="Leave --flow and --workspace-url out, and name the tenant with --tenant.",
        )
    if args.record is not None:
        raise UsageError(
            "There is nothing to record: no authority is talked to.",
            advice="Leave --record out, or --dry-run.",
        )
    request = planned_request(plan_of(args, Procedure.HARDENED), args)
    if console.as_json:
        parameters = [list(pair) for pair in request.parameters]
        console.result_json(
            {"schema": "entra-oauth/dry-run/1", "url": request.url, "parameters": parameters}
        )
    else:
        console.result(request.url)
    console.say("\nNothing was sent. State, nonce, challenge and port are new for each sign-in.")
    say_findings(console, HttpRequest(method="GET", url=request.url))
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
    if account is not None:
        _say_what_is_next(account, asked, args, console)


def _say_what_is_next(
    account: Account, asked: Asked, args: argparse.Namespace, console: Console
) -> None:
    """The line that gives the token that was kept."""
    if console.quiet:
        return
    from entra_oauth.cache.kept import App
    from entra_oauth.cli.only_sign_in import Wanted, options_for

    profile = args.save_profile or (args.settings.name if args.settings else None)
    wanted = Wanted(
        app=App.of(asked.authority, asked.client_id),
        account=account,
        scopes=asked.scopes,
        ca_bundle=args.ca_bundle,
        profile=profile,
    )
    console.say(f"Next: entra-oauth token{options_for(wanted, console)}")
