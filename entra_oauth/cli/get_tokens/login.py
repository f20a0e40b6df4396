"""login: the hardened procedure in the browser, or one of the other ways to a token."""

from __future__ import annotations

import os

from entra_oauth.cli.command_line.arguments import profile_option
from entra_oauth.cli.command_line.declare import values_of
from entra_oauth.cli.options.app_options import SignInPageOptions
from entra_oauth.cli.sign_in.plan import (
    Keeper,
    check_asked,
    check_workspace,
    client_id_of,
    is_for_cae,
    plan_of,
)
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING, fields, replace
from entra_oauth.protocol.endpoints.authorize import Procedure

if TYPE_CHECKING:
    from entra_oauth.cache.account import Account
    from entra_oauth.cli.output.token_output import TokenSubject
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.get_tokens_verbs import LoginOptions
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = ["check_flow", "run", "save"]


_PASSWORD = ("password_fd", "password_stdin", "username")
_CLIENT = (
    "certificate",
    "certificate_algorithm",
    "certificate_passphrase_fd",
    "certificate_passphrase_stdin",
    "client_secret_fd",
    "client_secret_stdin",
    "federated_token_command",
    "federated_token_env",
    "federated_token_file",
    "federated_token_source",
    "service_connection_id",
)
_IDENTITY = {"managed_identity_id", "managed_identity_source"}
_FLOW_OF = {
    **dict.fromkeys((each.name for each in fields(SignInPageOptions)), "auth-code"),
    **dict.fromkeys(_PASSWORD, "password"),
    **dict.fromkeys(_CLIENT, "client-credentials"),
}


def check_flow(options: LoginOptions) -> None:
    """Raise `UsageError` for an option that the chosen flow has no use for."""
    credential = options.credential
    settings = options.app.settings
    is_identity = credential.flow == "managed-identity" or credential.origins.named & _IDENTITY
    if is_identity or (settings is not None and settings.text("exchange")):
        from entra_oauth.cli.sign_in.needs_no_login import refuse_what_needs_no_login

        refuse_what_needs_no_login(options.app, credential)
    for name in sorted(credential.origins.given):
        flow = _FLOW_OF.get(name, credential.flow)
        if (name, credential.flow) != ("timeout", "device-code") and flow != credential.flow:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --flow {flow} only.",
                advice=f"Leave it out, or use --flow {flow}.",
            )
    if credential.flow != "auth-code":
        from entra_oauth.cli.sign_in.app_credential import check_stdin, proof_of

        check_stdin(credential)
        proof_of(credential, os.environ)
    if credential.flow == "password" and not credential.username:
        raise UsageError(
            "No user name was given.", advice="Give it with --username or AZURE_USERNAME."
        )


def run(options: LoginOptions, session: Session) -> int:
    """Sign in and print who it was, or the token."""
    check_flow(options)
    client_id_of(options.app)
    if options.dry_run:
        return _dry_run(options, session.console)
    from entra_oauth.cli.sign_in.choose_receiver import sign_in_safely, use_workspace

    app = use_workspace(options.app, options.network, session)
    check_asked(app)
    options = replace(options, app=app)
    keeper = Keeper.ready(options.store, session)
    if options.credential.flow != "auth-code":
        from entra_oauth.cli.sign_in import other_flows

        access_request, tokens = other_flows.sign_in(options, session)
        _end(keeper, tokens, access_request, options, session)
        return 0
    plan, tokens = sign_in_safely(
        app, session, page=options.page, network=options.network, request=options.request
    )
    _end(keeper, tokens, plan, options, session)
    return 0


def _dry_run(options: LoginOptions, console: Console) -> int:
    """The address that would be opened, and what the linter says of it. Nothing is sent."""
    from entra_oauth.cli.sign_in.choose_receiver import planned_request
    from entra_oauth.cli.sign_in.plan import say_findings
    from entra_oauth.protocol.messages import HttpRequest

    app = options.app
    check_workspace(app)
    # A workspace on the command line comes before a tenant from elsewhere, and is not asked here.
    asks_workspace = app.workspace_url and (not app.tenant or "workspace_url" in app.origins.given)
    if options.credential.flow != "auth-code" or asks_workspace:
        raise UsageError(
            "A dry run is for a sign-in in the browser whose tenant is given.",
            advice="Leave --flow and --workspace-url out, and name the tenant with --tenant.",
        )
    if options.recording.record is not None:
        raise UsageError(
            "There is nothing to record: no authority is talked to.",
            advice="Leave --record out, or --dry-run.",
        )
    check_asked(app)
    plan = plan_of(
        app, Procedure.HARDENED, page=options.page, network=options.network, request=options.request
    )
    request = planned_request(plan, options.page)
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
    keeper: Keeper,
    tokens: TokenResponse,
    subject: TokenSubject,
    options: LoginOptions,
    session: Session,
) -> None:
    from entra_oauth.cli.output.token_output import grant_of, print_tokens

    flow = options.credential.flow
    account, sentence = keeper.keep(
        tokens,
        subject,
        options.app.scope,
        session.console,
        cae=is_for_cae(options.request),
        is_app=flow == "client-credentials",
    )
    print_tokens(
        tokens,
        subject,
        session.console,
        output=options.output.output,
        source=grant_of(flow),
        stored=sentence,
        env_name=options.output.env_name,
    )
    if options.save_profile:
        save(options.save_profile, options, account.name if account else None, session)
    if account is not None:
        _say_what_is_next(account, subject, options, session)


def _say_what_is_next(
    account: Account, subject: TokenSubject, options: LoginOptions, session: Session
) -> None:
    """The line that gives the token that was stored."""
    if session.console.quiet:
        return
    from entra_oauth.cache.account import App
    from entra_oauth.cli.sign_in.only_sign_in import TokenToName, options_for

    settings = options.app.settings
    wanted = TokenToName(
        app=App.of(subject.authority, subject.client_id),
        account=account,
        scopes=subject.scopes,
        ca_bundle=options.network.ca_bundle,
        profile=options.save_profile or (settings.name if settings is not None else None),
    )
    session.console.say(f"Next: entra-oauth token{options_for(wanted, session)}")


def save(name: str, options: LoginOptions, account: str | None, session: Session) -> None:
    """Write what a sign-in was made with to a profile, and make that the default."""
    from entra_oauth.cache.profiles import NAMES, Profile, Profiles

    given = values_of(options)
    values: dict[str, str | tuple[str, ...]] = {}
    for key in NAMES:
        value = given.get(key)
        option = profile_option(key)
        if isinstance(value, str) and value and (option is None or value != option.default):
            values[key] = value
    if values.get("federated_token_source") == "command":
        # A profile names no command: each of the next commands has to.
        del values["federated_token_source"]
    for key in {"certificate", "federated_token_file"} & values.keys():
        values[key] = os.path.abspath(str(values[key]))  # the next command runs elsewhere
    values["scope"] = options.app.scope
    if "authority_host" in values:
        values.pop("cloud", None)
    if account is not None:
        values["account"] = account
    profiles = Profiles.standard(session.environ)
    profiles.put(Profile(name, values), as_default=True)
    session.console.say(f"The profile {name} is in {plain(profiles.path)}, and used from now on.")
