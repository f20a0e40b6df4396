"""login: the hardened procedure in the browser, or one of the other ways to a token."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cache.profiles import NAMES, Profile, Profiles
from entra_oauth.cli.command_line.options import BY_KEY
from entra_oauth.cli.get_tokens.token_store import Keeper
from entra_oauth.cli.sign_in.plan import plan_of, use_workspace
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.endpoints.authorize import Procedure

if TYPE_CHECKING:
    import argparse
if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.account import Account
    from entra_oauth.cli.output.token_output import Asked
    from entra_oauth.cli.session.console import Console
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["check_flow", "run", "save"]


_AUTH_CODE = (
    "browser",
    "domain_hint",
    "listen",
    "login_hint",
    "no_browser",
    "paste",
    "port",
    "prompt",
    "redirect_uri",
    "response_mode",
    "timeout",
)
_PASSWORD = ("password_fd", "password_stdin", "username")
_CLIENT = (
    "certificate",
    "certificate_algorithm",
    "certificate_passphrase_fd",
    "certificate_passphrase_stdin",
    "client_secret_fd",
    "client_secret_stdin",
    "federated_token_file",
)
_FLOW_OF = {
    **dict.fromkeys(_AUTH_CODE, "auth-code"),
    **dict.fromkeys(_PASSWORD, "password"),
    **dict.fromkeys(_CLIENT, "client-credentials"),
}
_STDIN = ("password_stdin", "client_secret_stdin", "certificate_passphrase_stdin")


def check_flow(args: argparse.Namespace) -> None:
    """Raise `UsageError` for an option that the chosen flow has no use for."""
    for name in sorted(args.given):
        flow = _FLOW_OF.get(name, args.flow)
        if flow != args.flow:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --flow {flow} only.",
                advice=f"Leave it out, or use --flow {flow}.",
            )
    if sum(bool(getattr(args, name)) for name in _STDIN) > 1:
        raise UsageError(
            "Two secrets are to be read from standard input, which can hold one.",
            advice="Give one of them through a file descriptor: -fd N.",
        )


def run(args: argparse.Namespace, console: Console) -> int:
    """Sign in and print who it was, or the token."""
    check_flow(args)
    if args.dry_run:
        return _dry_run(args, console)
    use_workspace(args, console)
    keeper = Keeper.ready(args, console)
    if args.flow != "auth-code":
        from entra_oauth.cli.sign_in import other_flows

        access_request, tokens = other_flows.sign_in(args, console)
        _end(keeper, tokens, access_request, args, console)
        return 0
    from entra_oauth.cli.sign_in.choose_receiver import run_sign_in

    plan = plan_of(args, Procedure.HARDENED)
    tokens = run_sign_in(plan, args, console)
    _end(keeper, tokens, plan, args, console)
    return 0


def _dry_run(args: argparse.Namespace, console: Console) -> int:
    """The address that would be opened, and what the linter says of it. Nothing is sent."""
    from entra_oauth.cli.sign_in.choose_receiver import planned_request
    from entra_oauth.cli.sign_in.lint_request import say_findings
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
    from entra_oauth.cli.output.token_output import print_tokens

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
        pass

        save(args.save_profile, args, account.name if account else None, console)
    if account is not None:
        _say_what_is_next(account, asked, args, console)


def _say_what_is_next(
    account: Account, asked: Asked, args: argparse.Namespace, console: Console
) -> None:
    """The line that gives the token that was kept."""
    if console.quiet:
        return
    from entra_oauth.cache.account import App
    from entra_oauth.cli.sign_in.only_sign_in import Wanted, options_for

    profile = args.save_profile or (args.settings.name if args.settings else None)
    wanted = Wanted(
        app=App.of(asked.authority, asked.client_id),
        account=account,
        scopes=asked.scopes,
        ca_bundle=args.ca_bundle,
        profile=profile,
    )
    console.say(f"Next: entra-oauth token{options_for(wanted, console)}")


def save(name: str, args: argparse.Namespace, account: str | None, console: Console) -> None:
    """Keep what a sign-in was made with in a profile, and make that the default."""
    values: dict[str, str | tuple[str, ...]] = {}
    for key in NAMES:
        value = getattr(args, key, None)
        option = BY_KEY.get(key.replace("_", "-"))
        if value and (option is None or value != option.default):
            values[key] = value
    values["scope"] = tuple(args.scope)
    if "authority_host" in values:
        values.pop("cloud", None)
    if account is not None:
        values["account"] = account
    profiles = Profiles.standard(os.environ)
    profiles.put(Profile(name, values), as_default=True)
    console.say(f"The profile {name} is in {plain(profiles.path)}, and used from now on.")
