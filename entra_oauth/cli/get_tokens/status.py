"""status: who has signed in, until when, and where every value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entra_oauth.cache.account import App, scope_key
from entra_oauth.cache.file_store import FileStore
from entra_oauth.channels.base import monotonic, now
from entra_oauth.cli.session.times import clock_time, duration, utc_time
from entra_oauth.cli.sign_in.only_sign_in import filled_in
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import plain

if TYPE_CHECKING:
    from entra_oauth.cache.account import Account
    from entra_oauth.cli.options.app_options import AppOptions, StoreOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.get_tokens_verbs import StatusOptions

__all__ = ["run"]


def run(options: StatusOptions, session: Session) -> int:
    """Show it. Sends nothing, and shows no token."""
    console = session.console
    store = FileStore.standard(session.environ, say=console.say)
    stored = store.accounts()
    app = filled_in(options.app, stored)
    values = _values(app, options.store)
    accounts = [_account(store, each, account, app) for each, account in stored]
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/status/1",
                "profile": app.profile_name,
                "values": values,
                "folder": store.folder,
                "accounts": accounts,
            }
        )
        return 0
    console.result("\n".join(_lines(app, values, accounts, store.folder)))
    return 0


def _values(app: AppOptions, store: StoreOptions) -> list[dict[str, str]]:
    named = (
        ("tenant", app.tenant),
        ("client_id", app.client_id),
        ("scope", " ".join(app.scope)),
        ("cloud", app.cloud),
        ("authority_host", app.authority_host),
        ("workspace_url", app.workspace_url),
        ("account", app.account),
        ("cache", store.cache),
    )
    return [
        {"name": name, "value": value, "from": app.origins.source(name)}
        for name, value in named
        if value
    ]


def _account(store: FileStore, app: App, account: Account, chosen: AppOptions) -> dict[str, Any]:
    scopes = scope_key(chosen.scope, app.base)
    token = store.access_token(app, account.name, scopes)
    left = token.seconds_left(now=now(), monotonic=monotonic()) if token else 0.0
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
        "can_be_renewed": store.has_refresh_token(app, account.name),
        "kept_in": account.place,
    }


def _is_chosen(app: App, chosen: AppOptions) -> bool:
    if not chosen.tenant or not chosen.client_id:
        return False
    return app.key("", "") == App.of(authority_of(chosen), chosen.client_id).key("", "")


def _lines(
    app: AppOptions, values: list[dict[str, str]], accounts: list[dict[str, Any]], folder: str
) -> list[str]:
    lines = [f"Profile: {app.profile_name or 'none'}"]
    lines += [f"  {v['name']:<15} {plain(v['value'])}   (from {v['from']})" for v in values]
    lines.append(f"Tokens: {plain(folder)}")
    if not accounts:
        return [*lines, "  Nobody has signed in. Next: entra-oauth login"]
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
    renewed = (
        f"can be renewed (refresh token in the {each['kept_in']})"
        if each["can_be_renewed"]
        else "cannot be renewed: sign in again"
    )
    if each["expires_on"] is None:
        return f"no good token for {plain(each['scope'])}; {renewed}"
    until, left = clock_time(each["expires_on"]), duration(each["expires_on"] - now())
    return f"token for {plain(each['scope'])} until {until} ({left}); {renewed}"
