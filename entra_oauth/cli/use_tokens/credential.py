"""credential kubectl, az, databricks-cli, git: the ways in which other tools ask.

Each answers only for the scopes and hosts that were chosen: a program that asks for
more gets nothing, whatever the refresh token could bring.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.base import now
from entra_oauth.cli.get_tokens import token_store
from entra_oauth.cli.output.formats import Shown, render
from entra_oauth.cli.sign_in.only_sign_in import use
from entra_oauth.cli.sign_in.plan import authority_of
from entra_oauth.cli.use_tokens import shim
from entra_oauth.errors import DestinationRefused, LocalError, UsageError
from entra_oauth.protocol.guid import folded
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.scopes import resource_of

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]

_INPUT_LIMIT = 64 * 1024


def run(args: argparse.Namespace, console: Console) -> int:
    """Answer in the tool's own protocol."""
    _TOOLS[args.action](args, console)
    return 0


def _token(args: argparse.Namespace, console: Console) -> Shown:
    source = token_store.source_for(args, console)
    return token_store.shown(token_store.find(args, source), args, source)


def _result(output: str, shown: Shown, console: Console) -> None:
    console.result(render(output, shown) or "")


# ---- kubectl -----------------------------------------------------------------------------


def _kubectl(args: argparse.Namespace, console: Console) -> None:
    use(args, console)
    server = _cluster_server(os.environ.get("KUBERNETES_EXEC_INFO", ""))
    if server is not None and args.settings is not None and args.settings.texts("hosts"):
        _check_host(server, args)
    _result("kubectl", _token(args, console), console)


def _cluster_server(text: str) -> str | None:
    """The API server that kubectl talks to, if it says (provideClusterInfo)."""
    import json

    try:
        server = json.loads(text)["spec"]["cluster"]["server"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return server if isinstance(server, str) else None


# ---- az ----------------------------------------------------------------------------------


def _az(args: argparse.Namespace, console: Console) -> None:
    if args.install:
        shim.install("az", args, console)
        return
    use(args, console)
    given = _options(args.words, ("account", "get-access-token"), "az")
    output = given.get("output", "json")
    if output != "json":
        raise UsageError("Only JSON is put out here.", advice="Leave --output out.")
    asked = given.get("scope") or (f"{r}/.default" if (r := given.get("resource")) else "")
    if asked:
        args.scope = (_own_scope(asked, args),)
    tenant = given.get("tenant")
    if tenant is not None and folded(tenant).lower() != str(args.tenant).lower():
        raise DestinationRefused(
            "A token of another tenant than the chosen one was asked for.",
            advice="Make a profile for that tenant, and sign in to it.",
        )
    _result("az", _token(args, console), console)


def _own_scope(asked: str, args: argparse.Namespace) -> str:
    """The scope of ours that is asked for under some spelling."""
    from entra_oauth.protocol.scopes import expand

    also = args.settings.texts("also") if args.settings else ()
    wanted = _spelled(asked)
    for own in (*args.scope, *also):
        for scope in expand((own,), cloud=authority_of(args).cloud):
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


def _databricks(args: argparse.Namespace, console: Console) -> None:
    if args.install:
        shim.install("databricks", args, console)
        return
    if args.words[:1] == ["version"]:
        # The SDK asks whether it is new enough before it asks for a token.
        console.result_json({"Version": "0.250.0", "Major": 0, "Minor": 250, "Patch": 0})
        return
    use(args, console)
    given = _options(args.words, ("auth", "token"), "databricks")
    args.force_refresh = args.force_refresh or "force-refresh" in given
    if host := given.get("host"):
        _check_host(host, args)
    _result("databricks-cli", _token(args, console), console)


def _check_host(host: str, args: argparse.Namespace) -> None:
    """A host of the API; where a workspace was chosen, that one, or one that is named."""
    from entra_oauth.protocol.resource.workspace import Workspace

    url = host if "://" in host else f"https://{host}"
    named = args.settings.texts("hosts") if args.settings else ()
    check_destination(url, scopes=args.scope, authority=authority_of(args), named_hosts=named)
    if (urlsplit(url).hostname or "") in (name.lower() for name in named):
        return
    if args.workspace_url and Workspace(args.workspace_url).url != Workspace(url).url:
        raise DestinationRefused(
            "A token for another workspace than the chosen one was asked for.",
            advice="Name that workspace with --workspace-url, or in a profile of its own.",
        )


_FLAGS = ("force-refresh", "only-show-errors", "debug", "verbose")
_SHORT = {"-o": "output", "-t": "tenant", "-s": "subscription", "-p": "profile"}


def _options(words: list[str], command: tuple[str, ...], tool: str) -> dict[str, str]:
    """The options of another tool's command, by name."""
    if tuple(words[: len(command)]) != command:
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


def _git(args: argparse.Namespace, console: Console) -> None:
    """git's protocol (gitcredentials(7), git-credential(1)): `get` is answered, no other."""
    if args.word != "get":
        return  # store and erase: nothing is kept on git's word
    asked = _git_request()
    host = asked.get("host", "")
    if asked.get("protocol") != "https":
        return  # git asks the next helper, or the person
    use(args, console)
    try:
        _check_host(f"https://{host}/", args)
    except DestinationRefused as error:
        console.say(f"Not answered: {error.what}")
        return
    shown = _token(args, console)
    expires_on = shown.expires_on or int(now()) + 300
    if "authtype" in asked.get("capability[]", "").split(","):
        lines = ["capability[]=authtype", "authtype=Bearer", f"credential={shown.token}"]
    else:
        lines = ["username=token", f"password={shown.token}"]
    console.result("\n".join([*lines, f"password_expiry_utc={expires_on}", ""]))


def _git_request() -> dict[str, str]:
    try:
        data = sys.stdin.buffer.read(_INPUT_LIMIT).decode("utf-8")
    except (OSError, ValueError):
        raise LocalError(
            "What git asks for cannot be read from standard input.",
            advice="This is called by git: git config credential.helper.",
        ) from None
    asked: dict[str, str] = {}
    for line in data.split("\n"):
        name, _, value = line.partition("=")
        if name.endswith("[]") and name in asked:
            asked[name] += f",{value}"
        elif name:
            asked[name] = value
    return asked


_TOOLS = {"kubectl": _kubectl, "az": _az, "databricks-cli": _databricks, "git": _git}
