"""credential kubectl, az, databricks-cli, git: the ways in which other tools ask.

Each answers only for the scopes and hosts that were chosen: a program that asks for
more gets nothing, whatever the refresh token could bring.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from urllib.parse import urlsplit

from entra_oauth.cache.account import APP_ONLY, scope_key
from entra_oauth.channels.base import now
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.get_tokens.exchanged_tokens import (
    authority_for,
    check_goes_to,
    refuse_exchange,
    target_of,
)
from entra_oauth.cli.get_tokens.token_query import TokenQuery
from entra_oauth.cli.output.token_output import Shown, exec_version, render
from entra_oauth.cli.sign_in.identity_options import app_for_identity, check_flow_is_named
from entra_oauth.cli.sign_in.only_sign_in import use
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.cli.use_tokens import shim
from entra_oauth.cli.verbs.use_tokens_verbs import (
    DatabricksCliOptions,
    GitOptions,
    KubectlOptions,
    ToolOptions,
)
from entra_oauth.errors import DestinationRefused, EntraOAuthError, LocalError, UsageError
from entra_oauth.light import TYPE_CHECKING, replace
from entra_oauth.protocol.authority import folded
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.scopes import resource_of

if TYPE_CHECKING:
    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.session.console import Console, Session

__all__ = ["run"]

_INPUT_LIMIT = 64 * 1024


def run(
    options: KubectlOptions | ToolOptions | DatabricksCliOptions | GitOptions, session: Session
) -> int:
    """Answer in the tool's own protocol."""
    query = TokenQuery(
        app=options.app, renew=options.renew, network=options.network, credential=options.credential
    )
    if isinstance(options, GitOptions):
        _git(options.operation, query, session)
    elif isinstance(options, KubectlOptions):
        _kubectl(query, session)
    elif isinstance(options, DatabricksCliOptions):
        _databricks(options, replace(query, exchange=options.exchange), session)
    else:
        _az(options, query, session)
    return 0


def _using_stored(query: TokenQuery, session: Session) -> TokenQuery:
    if query.exchange.is_federated:
        return query
    if query.credential.is_identity:
        return replace(query, app=app_for_identity(query.app, query.credential))
    check_flow_is_named(query.app)
    return replace(query, app=use(query.app, query.network, session))


def _token(query: TokenQuery, session: Session) -> Shown:
    app = token_store.settled(query.app, query.network, session, query.credential, query.exchange)
    query = replace(query, app=app)
    source = token_store.exchanging_source_for(query, session)
    return token_store.shown(token_store.find(query, source), query, source)


def _result(output: str, shown: Shown, console: Console) -> None:
    console.result(render(output, shown) or "")


def _install(tool: str, folder: str, query: TokenQuery, session: Session) -> None:
    app = token_store.settled(query.app, query.network, session, query.credential, query.exchange)
    shim.install(tool, folder, replace(query, app=app), session.console)


# ---- kubectl -----------------------------------------------------------------------------


def _kubectl(query: TokenQuery, session: Session) -> None:
    exec_version(session.environ)  # before the store and the network
    refuse_exchange(query.app, query.app.scope, session, "kubectl")
    query = _using_stored(query, session)
    server = _cluster_server(session.environ.get("KUBERNETES_EXEC_INFO", ""))
    if server is not None and query.app.hosts:
        _check_host(server, query.app)
    _result("kubectl", _token(query, session), session.console)


def _cluster_server(text: str) -> str | None:
    """The API server that kubectl talks to, if it says (provideClusterInfo)."""
    import json

    try:
        server = json.loads(text)["spec"]["cluster"]["server"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return server if isinstance(server, str) else None


# ---- az ----------------------------------------------------------------------------------


def _az(options: ToolOptions, query: TokenQuery, session: Session) -> None:
    if options.install:
        _install("az", options.install, query, session)
        return
    given = _options(options.arguments, ("account", "get-access-token"), "az")
    output = given.get("output", "json")
    if output != "json":
        raise UsageError("Only JSON is put out here.", advice="Leave --output out.")
    query = _using_stored(query, session)
    asked = given.get("scope") or (f"{r}/.default" if (r := given.get("resource")) else "")
    if asked:
        scope = (_own_scope(asked, query.app),)
        query = replace(query, app=replace(query.app, scope=scope))
    tenant = given.get("tenant")
    if tenant is not None and query.credential.is_identity:
        raise DestinationRefused(
            "A token of one tenant was asked for, and which is the managed identity's is not known "
            "here.",
            advice="Let the program name no tenant: the identity has one only.",
        )
    if tenant is not None and folded(tenant).lower() != str(query.app.tenant).lower():
        raise DestinationRefused(
            "A token of another tenant than the chosen one was asked for.",
            advice="Make a profile for that tenant, and sign in to it.",
        )
    refuse_exchange(query.app, query.app.scope, session, "what asks az")
    _result("az", _token(query, session), session.console)


def _own_scope(asked: str, app: AppOptions) -> str:
    """The scope of ours that is asked for under some spelling."""
    from entra_oauth.protocol.scopes import expand

    also = app.settings.texts("also") if app.settings is not None else ()
    wanted = _spelled(asked)
    for own in (*app.scope, *also):
        for scope in expand((own,), cloud=authority_of(app).cloud):
            if _spelled(scope) == wanted:
                return scope
    raise DestinationRefused(
        "A token was asked for that the chosen scopes do not cover.",
        advice='If that is right, name the scope in the profile: also = ["…"].',
    )


def _spelled(scope: str) -> str:
    # v1 resources end in a slash or do not, and `//.default` is how Entra keeps one.
    return (resource_of(scope) or scope).rstrip("/").lower()


# ---- databricks ----------------------------------------------------------------------------


def _databricks(options: DatabricksCliOptions, query: TokenQuery, session: Session) -> None:
    if options.install:
        _install("databricks", options.install, query, session)
        return
    if options.arguments[:1] == ("version",):
        # The SDK asks whether it is new enough before it asks for a token.
        session.console.result_json({"Version": "0.250.0", "Major": 0, "Minor": 250, "Patch": 0})
        return
    given = _options(options.arguments, ("auth", "token"), "databricks")
    query = _using_stored(query, session)
    if "force-refresh" in given:
        query = replace(query, renew=replace(query.renew, force_refresh=True))
    target = target_of(query.exchange, query.app.workspace_url)
    if (host := given.get("host")) and target is None:
        _check_host(host, query.app)
    elif host and target is not None:
        url = host if "://" in host else f"https://{host}"
        check_goes_to(target, url, authority_for(query.app, query.exchange))
    _result("databricks-cli", _token(query, session), session.console)


def _check_host(host: str, app: AppOptions) -> None:
    """A host of the API; where a workspace was chosen, that one, or one that is named."""
    from entra_oauth.protocol.resource.workspace import Workspace

    url = host if "://" in host else f"https://{host}"
    named = app.hosts
    check_destination(url, scopes=app.scope, authority=authority_of(app), named_hosts=named)
    if (urlsplit(url).hostname or "") in (name.lower() for name in named):
        return
    if app.workspace_url and Workspace(app.workspace_url).url != Workspace(url).url:
        raise DestinationRefused(
            "A token for another workspace than the chosen one was asked for.",
            advice="Name that workspace with --workspace-url, or in a profile of its own.",
        )


_FLAGS = ("force-refresh", "only-show-errors", "debug", "verbose")
_SHORT = {"-o": "output", "-t": "tenant", "-s": "subscription", "-p": "profile"}


def _options(words: tuple[str, ...], command: tuple[str, ...], tool: str) -> dict[str, str]:
    """The options of another tool's command, by name."""
    if words[: len(command)] != command:
        raise UsageError(
            f"Only `{tool} {' '.join(command)}` is answered here.",
            advice=f"See entra-oauth credential {'az' if tool == 'az' else 'databricks-cli'} "
            "--help.",
        )
    given: dict[str, str] = {}
    rest = iter(words[len(command) :])
    for word in rest:
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name.removeprefix("--"))
        if name in _FLAGS:
            given[name] = ""
        else:
            given[name] = value if equals else next(rest, "")
    return given


# ---- git -----------------------------------------------------------------------------------


def _git(operation: str | None, query: TokenQuery, session: Session) -> None:
    """git's protocol (gitcredentials(7), git-credential(1)).

    `get` is answered. `erase` forgets the token that a server has refused, so that the next
    `get` brings another; `store` keeps nothing on git's word.
    """
    if operation not in ("get", "erase"):
        return
    asked = _git_request()
    host = asked.get("host", "")
    if asked.get("protocol") != "https":
        return  # git asks the next helper, or the person
    if operation == "erase":
        with suppress(EntraOAuthError):  # what is not ours is not erased, and git hears nothing
            quiet = replace(session, console=replace(session.console, quiet=True))
            _erase(asked, host, query, quiet)
        return
    query = _using_stored(query, session)
    try:
        _check_host(f"https://{host}/", query.app)
    except DestinationRefused as error:
        session.console.say(f"Not answered: {error.what}")
        return
    refuse_exchange(query.app, query.app.scope, session, "git")
    shown = _token(query, session)
    expires_on = shown.expires_on or int(now()) + 300
    if "authtype" in asked.get("capability[]", "").split(","):
        lines = ["capability[]=authtype", "authtype=Bearer", f"credential={shown.token}"]
    else:
        lines = ["username=token", f"password={shown.token}"]
    session.console.result("\n".join([*lines, f"password_expiry_utc={expires_on}", ""]))


def _erase(asked: dict[str, str], host: str, query: TokenQuery, session: Session) -> None:
    query = _using_stored(query, session)
    _check_host(f"https://{host}/", query.app)
    source = token_store.source_for(query, session)
    account = query.app.account or source.store.default_account(source.app)
    if query.credential.is_identity:
        account = APP_ONLY
    refused = asked.get("password") or asked.get("credential")
    if refused and account:
        scopes = scope_key(query.app.scope, source.app.base)
        source.store.drop_access_token(source.app, account, scopes, refused)


def _git_request() -> dict[str, str]:
    """The attributes up to the blank line. Raises `UsageError` for one that stands twice."""
    asked: dict[str, str] = {}
    for line in iter(_git_line, ""):
        name, _, value = line.partition("=")
        if name.endswith("[]") and name in asked:
            asked[name] += f",{value}"
        elif name in asked:
            raise UsageError(
                "git's request names one thing twice, so it is not clear what is meant.",
                advice="Look at the address of the remote: git remote -v.",
            )
        else:
            asked[name] = value
    return asked


def _git_line() -> str:
    try:
        return sys.stdin.buffer.readline(_INPUT_LIMIT).decode("utf-8").rstrip("\n")
    except (OSError, ValueError):
        raise LocalError(
            "What git asks for cannot be read from standard input.",
            advice="This is called by git: git config credential.helper.",
        ) from None
