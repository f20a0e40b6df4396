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

from urllib.parse import urlsplit

from entra_oauth.cache.account import Account, App, one_each, scope_key
from entra_oauth.cache.file_store import FileStore
from entra_oauth.cli.sign_in.plan import authority_of, client_id_of
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, replace
from entra_oauth.protocol.authority import CLOUDS, Authority
from entra_oauth.protocol.messages import is_loopback
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session


__all__ = ["SOURCE", "TokenToName", "filled_in", "options_for", "use"]

SOURCE = "the only sign-in"
"""Where a value comes from that was filled in here."""

_Stored = list[tuple[App, Account]]
_LISTED = 20


def use(app: AppOptions, network: NetworkOptions, session: Session) -> AppOptions:
    """The app of the only sign-in that fits, and say which; if there is none, as it was.

    Raises `UsageError` that lists them where several fit.
    """
    if _is_told(app):
        return app
    fitting = [each for each in _stored(session) if _fits(*each, app)]
    if len(fitting) > 1:
        raise _several(fitting, app, network, session.verb)
    for found, account in fitting:
        practice = " It is a practice one." if _is_practice(found.base) else ""
        session.console.say(
            f"Using the only sign-in that fits: {_described(found, account)}.{practice}"
        )
        return _taken(found, account, app)
    return app


def filled_in(app: AppOptions, stored: _Stored) -> AppOptions:
    """The app of the only one of `stored` that fits, in silence; else as it was."""
    if _is_told(app):
        return app
    try:
        fitting = [each for each in one_each(stored) if _fits(*each, app)]
    except EntraOAuthError:  # a workspace or authority that is none: others will say so
        return app
    return _taken(*fitting[0], app) if len(fitting) == 1 else app


# ---- which -----------------------------------------------------------------------------


def _is_told(app: AppOptions) -> bool:
    return bool(app.client_id and (app.tenant or app.workspace_url))


def _stored(session: Session) -> _Stored:
    try:
        return one_each(FileStore.standard(session.environ, say=session.console.say).accounts())
    except LocalError:  # no store, and so no sign-in
        return []


def _fits(stored: App, account: Account, app: AppOptions) -> bool:
    pairs = (
        (app.tenant, stored.tenant),
        (app.client_id, stored.client_id),
        (app.account, account.name),
    )
    if any(named and named.lower() != other.lower() for named, other in pairs):
        return False
    if app.authority_host:
        return Authority(app.authority_host, app.tenant or "common").base == stored.base
    cloud_is_named = app.origins.source("cloud") not in ("", "the default")
    if cloud_is_named and app.cloud and not _is_of_cloud(app.cloud, stored.base):
        return False
    if not app.workspace_url:
        return True
    from entra_oauth.protocol.resource.workspace import Workspace

    cloud = Workspace(app.workspace_url).cloud
    return _is_of_cloud(cloud.name, stored.base) if cloud else _is_practice(stored.base)


def _is_of_cloud(cloud: str, base: str) -> bool:
    return base.startswith("https://") and urlsplit(base).netloc in CLOUDS[cloud].hosts


def _is_practice(base: str) -> bool:
    return is_loopback(urlsplit(base).hostname or "")


def _taken(stored: App, account: Account, app: AppOptions) -> AppOptions:
    """The app, with what was not named taken from what is stored."""
    values = {"tenant": stored.tenant, "client_id": stored.client_id, "account": account.name}
    before = {"tenant": app.tenant, "client_id": app.client_id, "account": app.account}
    new = [name for name, value in before.items() if not value]
    taken = replace(
        app,
        tenant=app.tenant or values["tenant"],
        client_id=app.client_id or values["client_id"],
        account=app.account or values["account"],
    )
    if authority_of(taken).base != stored.base:
        taken = replace(taken, authority_host=stored.base)
        new.append("authority_host")
    return replace(taken, origins=app.origins.changed(SOURCE, *new))


# ---- in words ----------------------------------------------------------------------------


def _described(app: App, account: Account) -> str:
    return (
        f"{plain(account.name, limit=200)}, app {plain(app.client_id, limit=100)} "
        f"at {plain(app.base, limit=200)}/{plain(app.tenant, limit=200)}"
    )


def _several(fitting: _Stored, app: AppOptions, network: NetworkOptions, verb: str) -> UsageError:
    lines = []
    for stored, account in fitting[:_LISTED]:
        practice = " (practice)" if _is_practice(stored.base) else ""
        more = sum(other.key("", "") == stored.key("", "") for other, _ in fitting) > 1
        words = [
            *_naming(stored, account.name if more else None, needs_host=bool(app.authority_host)),
            *_repeated(app, network),
        ]
        lines += [
            f"  {_described(stored, account)}{practice}",
            f"    entra-oauth {verb}{_quoted(words)}{_rest(verb)}",
        ]
    if len(fitting) > _LISTED:
        lines.append(f"  and {len(fitting) - _LISTED} more: entra-oauth status")
    return UsageError(
        "\n".join([f"{len(fitting)} sign-ins are kept here, and none was named.", *lines]),
        advice="Run one of these lines. To keep a choice: entra-oauth profile set NAME "
        f"{_values_to_keep(fitting)}, then entra-oauth profile use NAME.",
    )


def _values_to_keep(fitting: _Stored) -> str:
    """The values by which a profile tells each of them from the others."""
    apps = {app.key("", "") for app, _ in fitting}
    is_usual = all("--authority-host" not in app.options for app, _ in fitting)
    host = "" if is_usual else " authority_host=HOST"
    account = "" if len(apps) == len(fitting) else " account=ACCOUNT"
    return f"tenant=TENANT client_id=CLIENT{host}{account}"


def _quoted(words: list[str]) -> str:
    return "".join(f" {quoted(plain(word, limit=300))}" for word in words)


def _rest(verb: str) -> str:
    """The words that have to follow the options, as the help calls it."""
    from entra_oauth.cli.command_line.arguments import verb_named
    from entra_oauth.cli.command_line.declare import declared_by

    words = declared_by(verb_named(verb).options).words
    if words is None:
        return ""
    return " -- PROGRAM" if words.program else f" {words.metavar}"


def _naming(app: App, account: str | None, *, needs_host: bool = False) -> list[str]:
    """The options that name an app, and an account of it if one is to be named."""
    words = list(app.options)
    if needs_host and "--authority-host" not in words:
        words[:0] = ["--authority-host", app.base]
    return [*words, "--account", account] if account else words


def _repeated(app: AppOptions, network: NetworkOptions) -> list[str]:
    """Options that stand on this command line, to be given again."""
    values = (
        ("scope", app.scope),
        ("workspace_url", (app.workspace_url,)),
        ("ca_bundle", (network.ca_bundle,)),
    )
    words: list[str] = []
    for name, texts in values:
        if name in app.origins.given:
            for text in filter(None, texts):
                words += [f"--{name.replace('_', '-')}", text]
    return words


# ---- the way to a token --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenToName:
    """The token that a `login` brings, for whoever asks for it next."""

    app: App
    scopes: tuple[str, ...] = ("databricks",)
    ca_bundle: str | None = None
    account: Account | None = None
    """None: nobody has signed in yet, and anybody may."""
    profile: str | None = None

    def is_of(self, each: tuple[App, Account]) -> bool:
        return each[0].key("", "") == self.app.key("", "")


def options_for(wanted: TokenToName, session: Session) -> str:
    """The fewest options with which `token` finds it, each with a blank before it.

    They are tried one after the other, read as `token` would read them.
    """
    stored = _stored(session)
    if wanted.account is None and not any(wanted.is_of(each) for each in stored):
        stored.append((wanted.app, Account(name="anyone")))
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
    found = (
        words for words in sorted(tries, key=len) if _finds(words, wanted, stored, session.environ)
    )
    return _quoted(next(found, tries[-1]))


def _finds(
    words: list[str], wanted: TokenToName, stored: _Stored, environ: Mapping[str, str]
) -> bool:
    from entra_oauth.cli.command_line.arguments import read_arguments
    from entra_oauth.cli.verbs.get_tokens_verbs import TokenOptions

    try:
        options = read_arguments(["token", *words], environ).options
        assert isinstance(options, TokenOptions)  # noqa: S101 - it is what `token` takes
        app = filled_in(options.app, stored)
        found = App.of(authority_of(app), client_id_of(app))
    except EntraOAuthError:
        return False
    if app.account and wanted.account and app.account.lower() != wanted.account.name.lower():
        return False
    return (
        wanted.is_of((found, Account(name="")))
        and scope_key(app.scope, found.base) == scope_key(wanted.scopes, found.base)
        and options.network.ca_bundle == wanted.ca_bundle
    )
