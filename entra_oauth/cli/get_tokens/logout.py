"""logout: forget tokens, and say what is still honoured elsewhere."""

from __future__ import annotations

from entra_oauth.cache.account import App
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli.get_tokens.exchanged_tokens import target_of
from entra_oauth.cli.get_tokens.token_store import settled
from entra_oauth.cli.options.common_options import NetworkOptions
from entra_oauth.cli.sign_in.identity_options import names_identity
from entra_oauth.cli.sign_in.only_sign_in import use
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of
from entra_oauth.errors import SignInRequired, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import CLOUDS

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.get_tokens_verbs import LogoutOptions
    from entra_oauth.protocol.endpoints.token_exchange import ExchangeTarget

__all__ = ["run"]

_STILL_HONOURED = (
    "Nothing was told to the authority. An access token that was copied stays good until it "
    "expires; a refresh token that was copied, until it is revoked or unused for 90 days."
)
_ALL_SESSIONS = (
    " To end all sessions of the account: https://mysignins.microsoft.com, Sign out everywhere."
)
_COPY_STAYS_GOOD = (
    "Nothing was told to the workspace. An access token that was copied stays good until it "
    "expires."
)


def run(options: LogoutOptions, session: Session) -> int:
    """Forget; the result is the address that signs the browser out."""
    console = session.console
    store = FileStore.standard(session.environ, say=console.say)
    if options.all:
        apps = {app for app, _ in store.accounts()}
        urls = sorted({_sign_out_url(app) for app in apps})
        number = store.forget_all()
        accounts = f"{number} account{'s' if number != 1 else ''}"
        console.say(f"Forgotten: {accounts}, and every token without one.")
        return _end(console, urls, number, still=_still_honoured(apps))
    target = None if _is_app_named(options) else _federated_target(options)
    if target is not None:
        from entra_oauth.cache.federated_exchange import app_at

        gone = store.forget_app(app_at(target))
        of_host = f"of {target.workspace.host}"
        console.say(
            f"Forgotten: the tokens {of_host}." if gone else f"No tokens {of_host} are kept here."
        )
        return _end(console, [], int(gone), still=_COPY_STAYS_GOOD)
    _refuse_identity(options.app)
    # What goes unnamed does not go unsaid.
    loud = replace(session, console=replace(console, quiet=False))
    chosen = use(options.app, NetworkOptions(), loud)
    chosen = settled(chosen, NetworkOptions(), session)
    app = App.of(authority_of(chosen), client_id_of(chosen))
    app, name = store.kept_as(app, chosen.account)
    name = name or store.default_account(app)
    if name is None:
        asked = app.key("", "")
        others = [each.name for known, each in store.accounts() if known.key("", "") == asked]
        if not others:
            console.say("Nobody is signed in to this app here.")
            return _end(console, [], 0)
        raise SignInRequired(
            "It is not clear whose tokens are meant.",
            advice=f"Name one with --account: {', '.join(map(plain, others[:5]))}.",
        )
    gone = store.forget(app, name)
    console.say(f"Forgotten: {plain(name)}." if gone else f"{plain(name)} was not signed in.")
    urls = [_sign_out_url(app)] if gone else []
    return _end(console, urls, int(gone), still=_still_honoured({app}))


def _is_app_named(options: LogoutOptions) -> bool:
    """True where the command line names a sign-in, beside an exchange that the profile has.

    Raises `UsageError` where it names both.
    """
    given = options.app.origins.given
    if given.isdisjoint({"tenant", "client_id", "account"}) or not options.exchange.is_federated:
        return False
    if "subject_token" in given:
        raise UsageError(
            "A sign-in at Entra and the tokens of a federated exchange are two things.",
            advice="Leave --tenant, --client-id and --account out, or --subject-token.",
        )
    return True


def _federated_target(options: LogoutOptions) -> ExchangeTarget | None:
    """The place whose tokens are meant, where a federated token is exchanged for them."""
    target = target_of(options.exchange, options.app.workspace_url)
    return target if options.exchange.is_federated else None


def _refuse_identity(app: AppOptions) -> None:
    """Raise `UsageError` for a profile of a managed identity: a person's sign-in is not meant."""
    if app.settings is None:
        return
    is_identity = names_identity(app.settings, app.client_id)
    if is_identity and not app.origins.given & {"tenant", "client_id", "account"}:
        raise UsageError(
            f"The profile {plain(app.settings.name)} names a managed identity, and no sign-in is "
            "kept of one. Nothing was forgotten.",
            advice="entra-oauth logout --all forgets its tokens too, with every sign-in. For one "
            "sign-in, name it with --tenant and --client-id.",
        )


def _still_honoured(apps: set[App]) -> str:
    """Of a practice tenant, or of another cloud, that page of Microsoft's ends nothing."""
    entra = any(app.base.partition("://")[2] in CLOUDS["public"].hosts for app in apps)
    return f"{_STILL_HONOURED}{_ALL_SESSIONS if entra else ''}"


def _end(console: Console, urls: list[str], number: int, *, still: str = "") -> int:
    if number:
        console.say(still)
    if console.as_json:
        console.result_json(
            {"schema": "entra-oauth/logout/1", "forgotten": number, "sign_out_urls": urls}
        )
    elif urls:
        console.say("To sign the browser out too, open:")
        console.result("\n".join(urls))
    return 0


def _sign_out_url(app: App) -> str:
    """OpenID Connect RP-Initiated Logout: Entra's end_session_endpoint."""
    return f"{app.base}/{app.tenant}/oauth2/v2.0/logout"
