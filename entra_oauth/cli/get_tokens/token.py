"""token: the access token that is at hand, renewed when it must be."""

from __future__ import annotations

import os

from entra_oauth.cache import paths
from entra_oauth.cache.app_asker import APP_FLOW
from entra_oauth.cache.identity_asker import IDENTITY_FLOW
from entra_oauth.channels.base import now
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.output.token_output import Shown, render
from entra_oauth.cli.session.times import clock_time, duration
from entra_oauth.errors import LocalError, SignInRequired
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.get_tokens_verbs import TokenOptions

__all__ = ["run"]


def run(options: TokenOptions, session: Session) -> int:
    """Print it. Raises `SignInRequired` where a person has to go on and may not be asked."""
    app = token_store.settled(
        options.app, options.network, session, options.credential, options.exchange
    )
    query = token_store.TokenQuery(
        app=app,
        renew=options.renew,
        network=options.network,
        request=options.request,
        credential=options.credential,
        exchange=options.exchange,
    )
    source = token_store.exchanging_source_for(query, session)
    try:
        found = token_store.find(query, source)
    except SignInRequired:
        if not options.renew.interactive:
            raise
        return _sign_in(replace(options, app=app), session)
    _remember_profile(app, session.environ)
    shown = token_store.shown(found, query, source, env_name=options.output.env_name)
    _print(shown, options.output.output, session.console)
    return 0


def _print(shown: Shown, output: str, console: Console) -> None:
    sentence = _sentence(shown)
    if output == "summary":
        console.result_sentence(sentence)
        return
    text = render(output, shown)
    if text is not None:
        console.result(text)
    if console.out.isatty():
        console.say(sentence)


def _sentence(shown: Shown) -> str:
    whose = shown.username or shown.whose or f"the app {shown.client_id}"
    if shown.expires_on is None:
        return f"A token of {whose}."
    left = duration(shown.expires_on - now())
    return f"A token of {whose}, good until {clock_time(shown.expires_on)} ({left})."


def _sign_in(options: TokenOptions, session: Session) -> int:
    from entra_oauth.cli.output.token_output import grant_of, print_tokens
    from entra_oauth.cli.sign_in.other_flows import sign_in_person
    from entra_oauth.cli.sign_in.plan import Keeper, is_for_cae

    keeper = Keeper.ready(options.store, session)
    subject, tokens = sign_in_person(options, options.request, session)
    _, sentence = keeper.keep(
        tokens, subject, options.app.scope, session.console, cae=is_for_cae(options.request)
    )
    print_tokens(
        tokens,
        subject,
        session.console,
        output=options.output.output,
        source=grant_of(options.credential.flow),
        stored=sentence,
        env_name=options.output.env_name,
    )
    return 0


def _remember_profile(app: AppOptions, environ: Mapping[str, str]) -> None:
    """Write down what the profile says, for the fast path; it is only a shortcut."""
    from entra_oauth.cache import private_files
    from entra_oauth.cache.account import APP_ONLY, scope_key

    folder, config = paths.tokens_folder(environ), paths.config_file(environ)
    if folder is None or config is None or not os.path.exists(config):
        return
    settings = app.settings
    values = ["", "", "", "", ""]
    if settings is not None:
        from entra_oauth.adapters.stored_tokens import authority_of

        flow, account = settings.text("flow"), settings.text("account") or ""
        if flow == APP_FLOW:
            account = APP_ONLY
        if settings.text("exchange") is not None:  # the fast path knows Entra's tokens alone
            return
        if flow == IDENTITY_FLOW:  # nor does it know how the place is called
            return
        if settings.text("tenant") is None or (flow is not None and not account):
            return
        base = authority_of(settings).base
        values = [
            base,
            folded(settings.text("tenant") or ""),
            folded(settings.text("client_id") or ""),
            account,
            scope_key(settings.texts("scope") or ("databricks",), base),
        ]
    named = app.profile or ""
    path = paths.line_file(folder, "profile", named)
    text = paths.write_line(paths.stamp(config, os.stat(config)), *values)
    try:
        if private_files.read(path) != text:
            private_files.write(path, text)
    except (LocalError, OSError, private_files.Damaged):
        return
