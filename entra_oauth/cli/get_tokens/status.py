"""status: who has signed in, until when, and where every value comes from."""

from __future__ import annotations

from contextlib import contextmanager

from entra_oauth.cache.account import APP_ONLY, App, scope_key
from entra_oauth.cache.federated_exchange import kept_exchanges
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.identity_asker import IDENTITY_VALUES
from entra_oauth.channels.base import monotonic, now
from entra_oauth.cli.session.times import clock_time, duration, utc_time
from entra_oauth.cli.session.wrap import in_columns
from entra_oauth.cli.sign_in.app_credential import is_at_hand
from entra_oauth.cli.sign_in.asker import asker_of
from entra_oauth.cli.sign_in.identity_options import check_flow_is_named
from entra_oauth.cli.sign_in.login_command import login_command
from entra_oauth.cli.sign_in.only_sign_in import filled_in
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from entra_oauth.cache.account import Account
    from entra_oauth.cache.federated_exchange import KeptExchange
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.get_tokens_verbs import StatusOptions

__all__ = ["run"]


def run(options: StatusOptions, session: Session) -> int:
    """Show it. Sends nothing, and shows no token."""
    console = session.console
    store = FileStore.standard(session.environ, say=console.say)
    stored = store.accounts()
    notes: dict[str, None] = {}
    app = options.app
    if not options.credential.is_identity and _is_whole(app, notes):
        app = filled_in(app, stored)
    values = _values(app, options)
    proof = is_at_hand(options.credential, session.environ)
    accounts = []
    for each, account in stored:
        with _noted(notes):
            accounts.append(_account(store, each, account, app, proof=proof, notes=notes))
    exchanges: list[dict[str, Any]] = []
    with _noted(notes):
        exchanges = [_exchange(each) for each in kept_exchanges(store)]
    asker = None
    with _noted(notes):
        asker = _asker(app, options, store, session)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/status/1",
                "profile": app.profile_name,
                "values": values,
                "asks": asker,
                "folder": store.folder,
                "accounts": accounts,
                "exchanges": exchanges,
                "notes": list(notes),
            }
        )
        return 0
    lines = _lines(app, values, asker, accounts, store.folder)
    lines += [line for each in exchanges for line in _exchange_lines(each)]
    console.result_rows([*lines, *(f"Note: {note}" for note in notes)])
    return 0


def _is_whole(app: AppOptions, notes: dict[str, None]) -> bool:
    """False, and a note, where a managed identity is named and no flow: no command goes on."""
    try:
        check_flow_is_named(app)
    except UsageError as error:
        notes[str(error)] = None
        return False
    return True


@contextmanager
def _noted(notes: dict[str, None]) -> Iterator[None]:
    """Tell the rest although one file cannot be read; each is noted once."""
    try:
        yield
    except LocalError as error:
        notes[str(error)] = None


def _asker(
    app: AppOptions, options: StatusOptions, store: FileStore, session: Session
) -> dict[str, str] | None:
    """The one that would ask for a token; None where no app is named."""
    credential = options.credential
    if options.exchange.exchange is not None and options.exchange.is_federated:
        return {"who": "federated token", "from": app.origins.source("subject_token")}
    if credential.is_identity:
        named = next((n for n in IDENTITY_VALUES if n in credential.origins.given), "flow")
        return {"who": "managed identity", "from": credential.origins.source(named)}
    if not app.tenant or not app.client_id:
        return None
    asker = asker_of(app, credential, session.environ, store)
    return {"who": "app" if asker.is_app else "person", "from": asker.source}


def _values(app: AppOptions, options: StatusOptions) -> list[dict[str, str]]:
    credential, network, exchange = options.credential, options.network, options.exchange
    named = (
        ("tenant", app.tenant),
        ("client_id", app.client_id),
        ("scope", " ".join(app.scope)),
        ("cloud", app.cloud),
        ("authority_host", app.authority_host),
        ("workspace_url", app.workspace_url),
        ("account", app.account),
        ("flow", credential.flow if "flow" in credential.origins.named else None),
        ("certificate", credential.certificate),
        ("federated_token_source", credential.federated_token_source),
        ("federated_token_file", credential.federated_token_file),
        ("federated_token_env", credential.federated_token_env),
        ("service_connection_id", credential.service_connection_id),
        ("managed_identity_source", credential.managed_identity_source),
        ("managed_identity_id", credential.managed_identity_id),
        ("exchange", exchange.exchange),
        ("subject_token", exchange.subject_token if exchange.exchange else None),
        ("exchange_client_id", exchange.exchange_client_id),
        ("exchange_account", exchange.exchange_account if exchange.exchange else None),
        ("exchange_audience", exchange.exchange_audience if exchange.exchange else None),
        ("ca_bundle", network.ca_bundle),
        ("cache", options.store.cache),
    )
    return [
        {"name": name, "value": value, "from": app.origins.source(name)}
        for name, value in named
        if value
    ]


def _account(
    store: FileStore,
    app: App,
    account: Account,
    chosen: AppOptions,
    *,
    proof: bool,
    notes: dict[str, None],
) -> dict[str, Any]:
    is_app = account.name == APP_ONLY
    scopes = scope_key(chosen.scope, app.base)
    token = store.access_token(app, account.name, scopes)
    left = token.seconds_left(now=now(), monotonic=monotonic()) if token else 0.0
    default = None
    with _noted(notes):
        default = store.default_account(app)
    return {
        "account": account.name,
        "tenant": app.tenant,
        "client_id": app.client_id,
        "authority": app.base,
        "default": default is not None and default.lower() == account.name.lower(),
        "chosen": _is_chosen(app, chosen),
        "signed_in_at": utc_time(account.signed_in_at),
        "scope": scopes,
        "expires_on": token.expires_on if token and left > 0 else None,
        "is_app": is_app,
        "can_be_renewed": proof if is_app else store.has_refresh_token(app, account.name),
        "kept_in": account.place,
    }


def _exchange(kept: KeptExchange) -> dict[str, Any]:
    return {
        "place": kept.place,
        "client_id": kept.client_id,
        "subject": kept.subject,
        "expires_on": kept.expires_on,
    }


def _exchange_lines(each: dict[str, Any]) -> list[str]:
    whose = f"service principal {each['client_id']}" if each["client_id"] else each["subject"]
    until = "no good token"
    if each["expires_on"] is not None:
        left = duration(each["expires_on"] - now())
        until = f"token until {clock_time(each['expires_on'])} ({left})"
    return [
        f"  {plain(whose or '')}",
        f"    exchanged at {plain(each['place'])} for a federated token",
        f"    {until}; the next one is exchanged anew",
    ]


def _is_chosen(app: App, chosen: AppOptions) -> bool:
    if not chosen.tenant or not chosen.client_id:
        return False
    return app.key("", "") == App.of(authority_of(chosen), chosen.client_id).key("", "")


_ASKERS = {
    "app": "the app itself",
    "federated token": "nobody at Entra: a federated token is exchanged",
    "managed identity": "a managed identity",
    "person": "a person who signed in",
}


_NEED_NO_SIGN_IN = ("federated token", "managed identity")


def _lines(
    app: AppOptions,
    values: list[dict[str, str]],
    asker: dict[str, str] | None,
    accounts: list[dict[str, Any]],
    folder: str,
) -> list[str]:
    lines = [f"Profile: {app.profile_name or 'none'}"]
    rows = ((each["name"], f"{plain(each['value'])}   (from {each['from']})") for each in values)
    lines += in_columns(rows, indent=2)
    if asker is not None:
        who = _ASKERS[asker["who"]]
        lines.append(f"Asks: {who}   (from {asker['from']})")
    lines.append(f"Tokens: {plain(folder)}")
    if not accounts and asker is not None and asker["who"] in _NEED_NO_SIGN_IN:
        return [*lines, "  Nobody has signed in, and nobody has to."]
    if not accounts:
        return [*lines, f"  Nobody has signed in. Next: {login_command(app)}"]
    for each in accounts:
        star = "*" if each["default"] and each["chosen"] else " "
        lines.append(f"{star} {plain(each['account'])}")
        lines.append(
            f"    app {plain(each['client_id'])} at {plain(each['authority'])}/"
            f"{plain(each['tenant'])}"
        )
        lines.append(f"    {_token_words(each)}")
    return lines


def _token_words(each: dict[str, Any]) -> str:
    if each["is_app"]:
        here = "its proof is named" if each["can_be_renewed"] else "but no proof is named here"
        renewed = f"the app asks again itself, {here}"
    elif each["can_be_renewed"]:
        renewed = f"can be renewed (refresh token in the {each['kept_in']})"
    else:
        renewed = "cannot be renewed: sign in again"
    if each["expires_on"] is None:
        return f"no good token for {plain(each['scope'])}; {renewed}"
    until, left = clock_time(each["expires_on"]), duration(each["expires_on"] - now())
    return f"token for {plain(each['scope'])} until {until} ({left}); {renewed}"
