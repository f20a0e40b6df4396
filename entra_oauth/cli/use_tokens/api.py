"""api: one call of a workspace's API with the token, and what its answer means."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from entra_oauth.cli.session.secret_input import SecretOption, read_secret
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.only_sign_in import use
from entra_oauth.cli.sign_in.plan import authority_of, use_workspace
from entra_oauth.errors import LocalError, SignInRequired, UsageError, plain
from entra_oauth.flows import api_call
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.resource.destination import check_destination
from entra_oauth.protocol.resource.workspace import Workspace
from entra_oauth.protocol.resource.workspace_api import ApiCall, resource_id

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_DATA_BYTES = 16 * 1024 * 1024

TOKEN = SecretOption(name="token", words="access token")
_PARTS = ("subscription", "resource_group", "workspace_name")


def run(args: argparse.Namespace, console: Console) -> int:
    """Send the call, print the answer, and raise what it refuses."""
    method, url = _target(args)
    body, named = _body(args), _resource_id(args)
    authority = _authority(args, console)
    # Nobody is asked to sign in for a call that will not be made.
    check_destination(url, scopes=args.scope, authority=authority)
    tokens = _Tokens(args, console)
    token = tokens.first()
    with back_channels(args, console, max_body_bytes=MAX_ANSWER_BYTES) as channels:
        while True:
            call = ApiCall(
                method=method,
                url=url,
                access_token=token,
                scopes=args.scope,
                authority=authority,
                body=body,
                resource_id=named,
            )
            reply = api_call.send(call, channels, timeout_s=float(args.http_timeout))
            refusal = call.refusal(reply, now=channels.now())
            if refusal is None or refusal.claims is None:
                break
            better = tokens.next(refusal.claims)
            if better is None:
                break
            token = better
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


def _authority(args: argparse.Namespace, console: Console) -> Authority:
    """Who makes the token: as the options say, else the one of the workspace."""
    if not TOKEN.is_offered(args):
        use(args, console)
        if not args.tenant:
            use_workspace(args, console)
        return authority_of(args)
    # Of a token that is handed over only the cloud counts, and the domain says that.
    tenant = args.tenant or "organizations"
    if args.authority_host:
        return Authority(args.authority_host, tenant)
    cloud = args.cloud
    if "cloud" not in args.given and args.workspace_url:
        of_workspace = Workspace(args.workspace_url).cloud
        cloud = of_workspace.name if of_workspace else cloud
    return Authority.of(tenant, cloud=cloud)


class _Tokens:
    """The token to begin with, and better ones where a claims challenge asks for them.

    First without the person: a refresh that passes the claims on ("How to use continuous
    access evaluation enabled APIs"). Then, if that was allowed, with them; each once.
    """

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        if TOKEN.is_offered(args) and "interactive" in args.given:
            raise UsageError(
                "--interactive has nothing to do where a token is handed over.",
                advice="Leave it out, or leave --token-stdin and --token-fd out.",
            )
        self._args = args
        self._console = console
        self._ways = [] if TOKEN.is_offered(args) else [self._renew]
        if args.interactive and self._ways:
            self._ways.append(self._sign_in)

    def first(self) -> str:
        """Raises `SignInRequired` where only a person can go on."""
        if TOKEN.is_offered(self._args):
            return read_secret(TOKEN, self._args, os.environ)
        try:
            return self._renew(None)
        except SignInRequired:
            if not self._args.interactive:
                raise
        return self._sign_in(None)

    def next(self, claims: str) -> str | None:
        """One that answers the challenge; None where nothing is left to try."""
        while self._ways:
            try:
                return self._ways.pop(0)(claims)
            except SignInRequired:
                continue
        return None

    def _renew(self, claims: str | None) -> str:
        from entra_oauth.cli.get_tokens import token_store

        self._args.claims = claims
        return token_store.find(
            self._args, token_store.source_for(self._args, self._console)
        ).token.text

    def _sign_in(self, claims: str | None) -> str:
        from entra_oauth.cli.get_tokens.token_store import Keeper
        from entra_oauth.cli.sign_in.choose_receiver import run_sign_in
        from entra_oauth.cli.sign_in.plan import plan_of
        from entra_oauth.protocol.endpoints.authorize import Procedure

        if claims is not None:
            self._console.say("The workspace asks for a newer or stronger sign-in.")
        self._args.claims = claims
        keeper = Keeper.ready(self._args, self._console)
        plan = plan_of(self._args, Procedure.HARDENED)
        tokens = run_sign_in(plan, self._args, self._console)
        keeper.keep(tokens, plan, self._args, self._console)
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
