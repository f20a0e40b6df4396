"""exchange: the second half of the procedure, where curl stands in the article."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from entra_oauth.channels.back import RequestsBack
from entra_oauth.channels.base import now
from entra_oauth.channels.pasted import parse_pasted
from entra_oauth.cli import pending
from entra_oauth.cli.output import print_tokens
from entra_oauth.cli.plans import plan_of
from entra_oauth.errors import CallbackRefused, StateMismatch
from entra_oauth.flows.authorization_code import SignIn
from entra_oauth.protocol.authorize import AuthorizationResponse, Procedure
from entra_oauth.protocol.token import TokenRequest, TokenResponse

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console
    from entra_oauth.protocol.authorize import AuthorizationRequest

__all__ = ["run"]

READ_TIMEOUT_S = 300.0


def run(args: argparse.Namespace, console: Console) -> int:
    """Read the final address, find the request that it answers, redeem its code."""
    candidates = _candidates(args)
    if not candidates:
        raise StateMismatch(
            "No request on this machine is waiting for an answer.",
            advice="Make one: entra-oauth authorize-url. A request waits for an hour.",
        )
    response = _read(candidates, console)
    pending.forget(response.request)
    request = TokenRequest.redeem(response)
    with RequestsBack(
        ca_bundle=args.ca_bundle, allow_keylog=args.allow_keylog, say=console.say
    ) as back:
        reply = back.send(request.to_http(), timeout_s=args.http_timeout)
    tokens = TokenResponse.read(reply, answering=request, received_at=now())
    print_tokens(tokens, _plan(response.request), console, output=args.output)
    return 0


def _candidates(args: argparse.Namespace) -> list[AuthorizationRequest]:
    if args.state is None:
        return pending.waiting()
    plan = plan_of(args, Procedure.ARTICLE)
    redirect_uri = args.redirect_uri or "http://localhost"
    return [plan.request(redirect_uri=redirect_uri, response_mode="query")]


def _read(candidates: list[AuthorizationRequest], console: Console) -> AuthorizationResponse:
    from entra_oauth.channels.terminal import read_secret_line

    from_stdin = sys.stdin is not None and not sys.stdin.isatty()
    if not from_stdin:
        console.ask("Paste the whole address that the browser ended on; it is not shown.")
    while True:
        text = read_secret_line("address> ", timeout_s=READ_TIMEOUT_S, from_stdin=from_stdin)
        try:
            return _match(text, candidates)
        except CallbackRefused as refused:
            if from_stdin:
                raise
            console.ask(f"Not usable: {refused.what}\n{refused.advice}")


def _match(text: str, candidates: list[AuthorizationRequest]) -> AuthorizationResponse:
    # Finding the request is not the check; `read` compares the state in full.
    joined = "".join(text.split())
    likely = [c for c in candidates if quote_plus(c.state) in joined] or candidates[:1]
    callback = parse_pasted(text, redirect_uri=likely[0].redirect_uri)
    return AuthorizationResponse.read(callback, answering=likely[0])


def _plan(request: AuthorizationRequest) -> SignIn:
    return SignIn(
        procedure=request.procedure,
        authority=request.authority,
        client_id=request.client_id,
        scopes=request.scopes,
    )
