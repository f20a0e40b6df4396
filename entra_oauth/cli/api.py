"""api: one call of a workspace's API with the token, and what its answer means."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from entra_oauth.cli.doors import back_channels
from entra_oauth.cli.plans import authority_of, client_id_of
from entra_oauth.cli.secret_input import SecretOption, read_secret
from entra_oauth.errors import LocalError, SignInRequired, UsageError, plain
from entra_oauth.flows import api_call
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.destination import check_destination
from entra_oauth.protocol.workspace import Workspace
from entra_oauth.protocol.workspace_api import ApiCall, resource_id

if TYPE_CHECKING:
    import argparse

    from entra_oauth.channels.base import Channels
    from entra_oauth.cli.console import Console
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["run"]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_DATA_BYTES = 16 * 1024 * 1024

TOKEN = SecretOption(name="token", words="access token")
_PARTS = ("subscription", "resource_group", "workspace_name")


def run(args: argparse.Namespace, console: Console) -> int:
    """Send the call, print the answer, and raise what it refuses."""
    method, url = _target(args)
    body = _body(args)
    with back_channels(args, console, max_body_bytes=MAX_ANSWER_BYTES) as channels:
        authority = _authority(args, channels)
        # Nobody is asked to sign in for a call that will not be made.
        check_destination(url, scopes=args.scope, authority=authority)
        token = _token(args, console, authority, channels)
        while True:
            call = ApiCall(
                method=method,
                url=url,
                access_token=token,
                scopes=args.scope,
                authority=authority,
                body=body,
                resource_id=_resource_id(args),
            )
            reply = api_call.send(call, channels, timeout_s=float(args.http_timeout))
            refusal = call.refusal(reply, now=channels.now())
            if refusal is None or not refusal.claims or not _may_step_up(args):
                break
            console.say(f"{refusal.what} Signing in once more for that.")
            args.interactive = False  # one step-up for one call
            token = _sign_in(args, console, authority, claims=refusal.claims)
    _show(reply.body, console)
    if "text/html" in (reply.header("Content-Type") or "") and refusal is None:
        console.say("Note: this is a page, not an API's answer; the path may be wrong.")
    if refusal is not None:
        raise refusal
    return 0


# ---- what is asked -----------------------------------------------------------------------


def _target(args: argparse.Namespace) -> tuple[str, str]:
    """Method and whole address."""
    if len(args.words) != 2:
        raise UsageError(
            "api needs a method and a path.",
            advice="For example: entra-oauth api GET /api/2.0/clusters/list --workspace-url URL",
        )
    method, path = args.words
    if "://" in path:
        return method.upper(), path
    if not args.workspace_url:
        raise UsageError(
            "No workspace was given.",
            advice="Copy its address from the browser and give it with --workspace-url or "
            "DATABRICKS_HOST: https://adb-….azuredatabricks.net.",
        )
    if not path.startswith("/"):
        raise UsageError(
            "The path does not begin with a slash.",
            advice="Write it as the API's documentation has it: /api/2.0/clusters/list.",
        )
    return method.upper(), Workspace(args.workspace_url).url + path


def _body(args: argparse.Namespace) -> bytes | None:
    if args.data is None:
        return None
    if args.data == "-":
        if args.token_stdin:
            raise UsageError(
                "Token and data are both to be read from standard input, which can hold one.",
                advice="Give the data as --data @FILE, or the token with --token-fd.",
            )
        return _read("standard input", 0)
    if not args.data.startswith("@"):
        raise UsageError(
            "--data takes no JSON itself: other programs can see a command line.",
            advice="Give --data @FILE, or pipe it in: --data -.",
        )
    return _read("the file of --data", args.data[1:])


def _read(name: str, source: str | int) -> bytes:
    try:
        with open(source, "rb", closefd=source != 0) as file:
            data = file.read(MAX_DATA_BYTES + 1)
    except OSError as error:
        raise LocalError(
            f"{name[:1].upper()}{name[1:]} cannot be read: {error.strerror}.",
            advice="Check its path and rights.",
        ) from None
    if len(data) > MAX_DATA_BYTES:
        raise UsageError(f"In {name} there is more than 16 MiB.", advice="Send less at a time.")
    return data


def _resource_id(args: argparse.Namespace) -> str | None:
    parts = [getattr(args, name) for name in _PARTS]
    if not any(parts):
        named: str | None = args.workspace_resource_id
        return named
    if not all(parts):
        raise UsageError(
            "--subscription, --resource-group and --workspace-name go together.",
            advice="Give all three, or --workspace-resource-id.",
        )
    if "workspace_resource_id" in args.given:
        raise UsageError(
            "--workspace-resource-id and its parts exclude each other.",
            advice="Give the one or the other.",
        )
    return resource_id(*parts)


# ---- whose token --------------------------------------------------------------------------


def _authority(args: argparse.Namespace, channels: Channels) -> Authority:
    """Who makes the token: as the options say, else the one of the workspace."""
    if args.tenant and not TOKEN.is_offered(args):
        return authority_of(args)
    tenant = args.tenant or "organizations"
    if args.authority_host:
        return Authority(args.authority_host, tenant)
    if "cloud" in args.given or not args.workspace_url:
        return Authority.of(tenant, cloud=args.cloud)
    workspace = Workspace(args.workspace_url)
    if TOKEN.is_offered(args):
        # Of a token that is handed over only the cloud counts, and the domain says that.
        return Authority.of(tenant, cloud=workspace.cloud.name if workspace.cloud else "public")
    from entra_oauth.flows.workspace import find_authority

    return find_authority(workspace, channels, timeout_s=float(args.http_timeout))


def _token(
    args: argparse.Namespace, console: Console, authority: Authority, channels: Channels
) -> str:
    if TOKEN.is_offered(args):
        return read_secret(TOKEN, args, os.environ)
    try:
        return _kept_token(args, console, authority, channels)
    except SignInRequired:
        if not args.interactive:
            raise
    return _sign_in(args, console, authority, claims=None)


def _kept_token(
    args: argparse.Namespace, console: Console, authority: Authority, channels: Channels
) -> str:
    """The token of the last sign-in, renewed if need be."""
    from entra_oauth.cache.kept import App
    from entra_oauth.cache.source import TokenSource
    from entra_oauth.cache.store import FileStore
    from entra_oauth.flows.refresh_token import refresh
    from entra_oauth.protocol.asking import Asking

    client_id = client_id_of(args)

    def renew(
        refresh_token: str, scopes: tuple[str, ...], /, *, claims: str | None
    ) -> TokenResponse:
        asking = Asking.for_person(
            authority=authority, client_id=client_id, scopes=scopes, claims=claims
        )
        return refresh(asking, refresh_token, channels, timeout_s=float(args.http_timeout))

    source = TokenSource(
        store=FileStore.standard(os.environ, say=console.say),
        app=App.of(authority, client_id),
        refresh=renew,
        say=console.say,
    )
    return source.get(*args.scope).token.text


def _may_step_up(args: argparse.Namespace) -> bool:
    return bool(args.interactive) and not TOKEN.is_offered(args)


def _sign_in(
    args: argparse.Namespace, console: Console, authority: Authority, *, claims: str | None
) -> str:
    """Let the person sign in, with the claims that were asked for, and keep what comes."""
    from entra_oauth.cache.kept import App
    from entra_oauth.cache.source import keep_sign_in
    from entra_oauth.cache.store import FileStore
    from entra_oauth.cli.doors import run_sign_in
    from entra_oauth.flows.authorization_code import SignIn
    from entra_oauth.protocol.authorize import Hints, Procedure

    client_id = client_id_of(args)
    plan = SignIn(
        procedure=Procedure.HARDENED,
        authority=authority,
        client_id=client_id,
        scopes=args.scope,
        hints=Hints(claims=claims),
        timeout_s=float(args.timeout),
        http_timeout_s=float(args.http_timeout),
    )
    tokens = run_sign_in(plan, args, console)
    try:
        store = FileStore.standard(os.environ, say=console.say)
        app = App.of(authority, client_id)
        keep_sign_in(store, app, tokens, args.scope, otherwise="somebody")
    except LocalError as error:
        console.say(f"Note: the sign-in could not be kept. {error.what}")
    return tokens.access_token


# ---- what came -----------------------------------------------------------------------------


def _show(body: bytes, console: Console) -> None:
    """Untouched for a program; for a person laid out, and without anything to be obeyed."""
    if not body:
        return
    if not console.out.isatty():
        console.result_bytes(body)
        return
    text = body.decode("utf-8", "replace")
    try:
        laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        for line in text.splitlines():
            console.result(plain(line, limit=len(line)))
        return
    console.result("".join(map(_visible, laid_out)))


def _visible(character: str) -> str:
    """A character as it may go to a terminal, still JSON."""
    if character == "\n" or character.isprintable():
        return character
    return json.dumps(character)[1:-1]
