"""The only sign-in that is kept, for a command that was not told whose token is meant.

What is named comes first: options, variables and the profile, in the order of `values`. Where
these name tenant and app, or the app beside a workspace that names its tenant, nothing is
looked for here. Else the sign-ins count that are kept, all but those that are not what was
named: of another tenant, app, account or authority, or of another cloud than `--cloud` or the
workspace. One that is left is used, and standard error says which; several are listed, with a
command for each, and nothing is guessed.

A practice sign-in is one of an authority on a loopback host. It counts like any other: alone
it is used, because it is the only one that the person can mean, and beside a real one it makes
two, so neither stands in for the other. A cloud or a workspace that is named and real rules it
out; a workspace on this machine rules out the real ones.

Only options are filled in here. Where the token may go, `protocol.destination` decides as ever.
`refresh` has no part in this: a refresh token that is handed over may not be shown to an
authority that nobody named.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.cache.account import Account, App, scope_key
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError, plain
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["SOURCE", "Wanted", "fill_in", "options_for", "use"]

SOURCE = "the only sign-in"
"""Where a value comes from that was filled in here."""

_Kept = list[tuple[App, Account]]
_PUBLIC = f"https://{CLOUDS['public'].host}"
_LISTED = 20


def use(args: argparse.Namespace, console: Console) -> None:
    """Fill in the only sign-in that fits, and say which. None: `args` stay as they are.

    Raises `UsageError` that lists them where several fit.
    """
    if _is_told(args):
        return
    kept = _kept(console)
    fitting = [each for each in kept if _fits(*each, args)]
    if len(fitting) > 1:
        raise _several(fitting, args)
    for app, account in fitting:
        _take(app, account, args)
        practice = " It is a practice one." if _is_practice(app.base) else ""
        console.say(f"Using the only sign-in that fits: {_described(app, account)}.{practice}")


def fill_in(args: argparse.Namespace, kept: _Kept) -> None:
    """Fill in the only one of `kept` that fits, in silence; else `args` stay as they are."""
    if _is_told(args):
        return
    try:
        fitting = [each for each in kept if _fits(*each, args)]
    except EntraOAuthError:  # a workspace or authority that is none: others will say so
        return
    if len(fitting) == 1:
        _take(*fitting[0], args)


# ---- which -----------------------------------------------------------------------------


def _is_told(args: argparse.Namespace) -> bool:
    return bool(args.client_id and (args.tenant or args.workspace_url))


def _kept(console: Console) -> _Kept:
    try:
        return FileStore.standard(os.environ, say=console.say).accounts()
    except LocalError:  # no store, and so no sign-in
        return []


def _fits(app: App, account: Account, args: argparse.Namespace) -> bool:
    pairs = (
        (args.tenant, app.tenant),
        (args.client_id, app.client_id),
        (args.account, account.name),
    )
    if any(named and named.lower() != kept.lower() for named, kept in pairs):
        return False
    if args.authority_host:
        return Authority(args.authority_host, args.tenant or "common").base == app.base
    if args.sources["cloud"] != "the default" and not _is_of_cloud(args.cloud, app.base):
        return False
    if not args.workspace_url:
        return True
    from entra_oauth.protocol.resource.workspace import Workspace

    cloud = Workspace(args.workspace_url).cloud
    return _is_of_cloud(cloud.name, app.base) if cloud else _is_practice(app.base)


def _is_of_cloud(cloud: str, base: str) -> bool:
    return base.startswith("https://") and urlsplit(base).netloc in CLOUDS[cloud].hosts


def _is_practice(base: str) -> bool:
    return is_loopback(urlsplit(base).hostname or "")


def _take(app: App, account: Account, args: argparse.Namespace) -> None:
    values = {"tenant": app.tenant, "client_id": app.client_id, "account": account.name}
    for name, value in values.items():
        if not getattr(args, name):
            setattr(args, name, value)
            args.sources[name] = SOURCE
    if authority_of(args).base != app.base:
        args.authority_host = app.base
        args.sources["authority_host"] = SOURCE


# ---- in words ----------------------------------------------------------------------------


def _described(app: App, account: Account) -> str:
    return (
        f"{plain(account.name, limit=200)}, app {plain(app.client_id, limit=100)} "
        f"at {plain(app.base, limit=200)}/{plain(app.tenant, limit=200)}"
    )


def _several(fitting: _Kept, args: argparse.Namespace) -> UsageError:
    lines = []
    for app, account in fitting[:_LISTED]:
        practice = " (practice)" if _is_practice(app.base) else ""
        more = sum(other.key("", "") == app.key("", "") for other, _ in fitting) > 1
        words = [
            *_naming(app, account.name if more else None, needs_host=bool(args.authority_host)),
            *_repeated(args, "scope", "workspace_url", "ca_bundle"),
        ]
        lines += [
            f"  {_described(app, account)}{practice}",
            f"    entra-oauth {args.verb}{_quoted(words)}{_rest(args.verb)}",
        ]
    if len(fitting) > _LISTED:
        lines.append(f"  and {len(fitting) - _LISTED} more: entra-oauth status")
    return UsageError(
        "\n".join([f"{len(fitting)} sign-ins are kept here, and none was named.", *lines]),
        advice="Run one of these lines. To keep a choice: entra-oauth profile set NAME "
        "tenant=TENANT client_id=CLIENT, then entra-oauth profile use NAME.",
    )


def _quoted(words: list[str]) -> str:
    return "".join(f" {shlex.quote(plain(word, limit=300))}" for word in words)


def _rest(verb: str) -> str:
    """What has to follow the options, as the help calls it."""
    from entra_oauth.cli.command_line.verbs import VERBS

    known = VERBS[verb]
    rest = "-- PROGRAM" if known.runs else known.words or known.word
    return f" {rest}" if rest else ""


def _naming(app: App, account: str | None, *, needs_host: bool = False) -> list[str]:
    """The options that name an app, and an account of it if one is to be named."""
    words = ["--authority-host", app.base] if needs_host or app.base != _PUBLIC else []
    words += ["--tenant", app.tenant, "--client-id", app.client_id]
    return [*words, "--account", account] if account else words


def _repeated(args: argparse.Namespace, *names: str) -> list[str]:
    """Options that stand on this command line, to be given again."""
    words: list[str] = []
    for name in names:
        value = getattr(args, name, None)
        if value and args.sources.get(name, "").startswith("--"):
            for each in value if isinstance(value, tuple) else (value,):
                words += [f"--{name.replace('_', '-')}", each]
    return words


# ---- the way to a token --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The token that a `login` brings, for whoever asks for it next."""

    app: App
    scopes: tuple[str, ...] = ("databricks",)
    ca_bundle: str | None = None
    account: Account | None = None
    """None: nobody has signed in yet, and anybody may."""
    profile: str | None = None

    def is_of(self, each: tuple[App, Account]) -> bool:
        return each[0].key("", "") == self.app.key("", "")


def options_for(wanted: Wanted, console: Console) -> str:
    """The fewest options with which `token` finds it, each with a blank before it.

    They are tried one after the other, read as `token` would read them.
    """
    kept = _kept(console)
    if wanted.account is None and not any(wanted.is_of(each) for each in kept):
        kept.append((wanted.app, Account(name="anyone")))
    name = wanted.account.name if wanted.account else None
    ways = [
        [],
        ["--profile", wanted.profile] if wanted.profile else [],
        _naming(wanted.app, None),
        _naming(wanted.app, name, needs_host=True),
    ]
    bundle = ["--ca-bundle", wanted.ca_bundle] if wanted.ca_bundle else []
    scopes = [word for scope in wanted.scopes for word in ("--scope", scope)]
    tries = [[*way, *more] for way in ways for more in ([], bundle, scopes, [*scopes, *bundle])]
    found = (words for words in sorted(tries, key=len) if _finds(words, wanted, kept))
    return _quoted(next(found, tries[-1]))


def _finds(words: list[str], wanted: Wanted, kept: _Kept) -> bool:
    from entra_oauth.cli.command_line.arguments import read_arguments

    try:
        _, args = read_arguments(["token", *words], os.environ)
        fill_in(args, kept)
        app = App.of(authority_of(args), client_id_of(args))
    except EntraOAuthError:
        return False
    if args.account and wanted.account and args.account.lower() != wanted.account.name.lower():
        return False
    return (
        wanted.is_of((app, Account(name="")))
        and scope_key(args.scope, app.base) == scope_key(wanted.scopes, app.base)
        and args.ca_bundle == wanted.ca_bundle
    )
