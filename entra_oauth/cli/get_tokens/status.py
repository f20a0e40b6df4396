"""status: who has signed in, until when, and where every value comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from entra_oauth.cache.account import App, scope_key
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cache.profiles import NAMES
from entra_oauth.channels.base import monotonic, now
from entra_oauth.cli.session.times import clock_time, duration, utc_time
from entra_oauth.cli.sign_in.only_sign_in import fill_in
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.errors import plain

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cache.account import Account
    from entra_oauth.cli.session.console import Console

__all__ = ["run"]

_VALUES = ("tenant", "client_id", "scope", "cloud", "authority_host", "workspace_url", "account")


def run(args: argparse.Namespace, console: Console) -> int:
    """Show it. Sends nothing, and shows no token."""
    store = FileStore.standard(os.environ, say=console.say)
    kept = store.accounts()
    fill_in(args, kept)
    values = [_value(args, name) for name in _VALUES if getattr(args, name)]
    if args.cache:
        values.append(_value(args, "cache"))
    accounts = [_account(store, app, account, args) for app, account in kept]
    if args.json:
        console.result_json(
            {
                "schema": "entra-oauth/status/1",
                "profile": args.settings.name if args.settings else None,
                "values": values,
                "folder": store.folder,
                "accounts": accounts,
            }
        )
        return 0
    console.result("\n".join(_lines(args, values, accounts, store.folder)))
    return 0


def _value(args: argparse.Namespace, name: str) -> dict[str, str]:
    value = getattr(args, name)
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return {"name": name, "value": text, "from": args.sources[name]}


def _account(
    store: FileStore, app: App, account: Account, args: argparse.Namespace
) -> dict[str, Any]:
    scopes = scope_key(args.scope, app.base)
    token = store.access_token(app, account.name, scopes)
    left = token.seconds_left(now=now(), monotonic=monotonic()) if token else 0.0
    default = store.default_account(app)
    return {
        "account": account.name,
        "tenant": app.tenant,
        "client_id": app.client_id,
        "authority": app.base,
        "default": default is not None and default.lower() == account.name.lower(),
        "chosen": _is_chosen(app, args),
        "signed_in_at": utc_time(account.signed_in_at),
        "scope": scopes,
        "expires_on": token.expires_on if token and left > 0 else None,
        "can_be_renewed": store.has_refresh_token(app, account.name),
        "kept_in": account.place,
    }


def _is_chosen(app: App, args: argparse.Namespace) -> bool:
    if not args.tenant or not args.client_id:
        return False
    return app.key("", "") == App.of(authority_of(args), args.client_id).key("", "")


def _lines(
    args: argparse.Namespace,
    values: list[dict[str, str]],
    accounts: list[dict[str, Any]],
    folder: str,
) -> list[str]:
    lines = [f"Profile: {args.settings.name}"] if args.settings else ["Profile: none"]
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


assert set(_VALUES) <= set(NAMES)  # noqa: S101 - what is shown can be kept in a profile
