"""exchange: the second half of the procedure, where curl stands in the article."""

from __future__ import annotations

import sys

from entra_oauth.channels.paste.parse_pasted import parse_pasted
from entra_oauth.channels.terminal.secret_line import read_secret_line
from entra_oauth.cli.article import pending_request
from entra_oauth.cli.output.token_output import print_tokens
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.plan import plan_of
from entra_oauth.errors import CallbackRefused, ConnectFailed, StateMismatch, TlsFailed, UsageError
from entra_oauth.flows.authorization_code import SignIn
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck, require_library
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.article_verbs import ExchangeOptions
    from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["run"]

READ_TIMEOUT_S = 300.0

_WITH_STATE = ("tenant", "client_id", "scope", "cloud", "authority_host", "redirect_uri")

_AGAIN = (
    "Nothing was used. Sign in with the address that authorize-url printed, and give the whole "
    "address that the browser ends on to entra-oauth exchange."
)


def run(options: ExchangeOptions, session: Session) -> int:
    """Read the final address, find the request that it answers, redeem its code."""
    console = session.console
    by_hand = options.article.state is not None
    candidates = [_by_hand(options)] if by_hand else _waiting(options)
    with back_channels(options.network, session) as channels:
        response, callback = _read(candidates, console)
        if session.recorder is not None:
            session.recorder.pasted(response.request.url, callback, at=channels.now())
        request = TokenRequest.redeem(response)
        hardened = response.request.procedure is Procedure.HARDENED
        if hardened:
            require_library(channels)
        if not by_hand:
            _claim(response.request)
        signature = SignatureCheck.begin(request.authority, channels, KeyStore(), wanted=hardened)
        try:
            reply = channels.back.send(request.to_http(), timeout_s=options.network.http_timeout)
        except (ConnectFailed, TlsFailed):
            if not by_hand:  # nothing was sent, so the code is still good
                pending_request.keep(response.request)
            raise
        tokens = TokenResponse.read(reply, answering=request, received_at=channels.now())
        tokens = signature.check(tokens)
    print_tokens(tokens, _plan(response.request), console, output=options.output.output)
    return 0


def _by_hand(options: ExchangeOptions) -> AuthorizationRequest:
    plan = plan_of(
        options.app,
        Procedure.ARTICLE,
        page=options.page,
        network=options.network,
        state=options.article.state,
    )
    return plan.request(redirect_uri=options.page.redirect_uri, response_mode="query")


def _waiting(options: ExchangeOptions) -> list[AuthorizationRequest]:
    for name in _WITH_STATE:
        if name in options.app.origins.given:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --state only.",
                advice="Leave it out: the request that authorize-url has kept says all of that.",
            )
    waiting = pending_request.waiting()
    if not waiting:
        raise UsageError(
            "No request on this machine is waiting for an answer.",
            advice="Make one: entra-oauth authorize-url. A request waits for an hour.",
        )
    return waiting


def _claim(request: AuthorizationRequest) -> None:
    if not pending_request.forget(request):
        raise StateMismatch(
            "The answer to this request was just redeemed by another run.",
            advice="A code is good once. Begin again: entra-oauth authorize-url.",
        )


def _read(
    candidates: list[AuthorizationRequest], console: Console
) -> tuple[AuthorizationResponse, HttpRequest]:
    from_stdin = not sys.stdin.isatty()
    if not from_stdin:
        console.ask("Paste the whole address that the browser ended on; it is not shown.")
    while True:
        text = read_secret_line("address> ", timeout_s=READ_TIMEOUT_S, from_stdin=from_stdin)
        try:
            return _match(text, candidates)
        except CallbackRefused as refused:
            if from_stdin and isinstance(refused, StateMismatch):  # nobody waits any more
                raise StateMismatch(refused.what, advice=_AGAIN) from None
            if from_stdin:
                raise
            console.ask(f"Not usable: {refused.what}\n{refused.advice}")


def _match(
    text: str, candidates: list[AuthorizationRequest]
) -> tuple[AuthorizationResponse, HttpRequest]:
    refusals: list[CallbackRefused] = []
    for candidate in candidates:
        try:
            callback = parse_pasted(
                text, redirect_uri=candidate.redirect_uri, state=candidate.state
            )
            return AuthorizationResponse.read(callback, answering=candidate), callback
        except CallbackRefused as refused:
            refusals.append(refused)
    # A candidate that wants another address says less than one whose state differs.
    raise next((r for r in refusals if isinstance(r, StateMismatch)), refusals[0])


def _plan(request: AuthorizationRequest) -> SignIn:
    return SignIn(
        procedure=request.procedure,
        authority=request.authority,
        client_id=request.client_id,
        scopes=request.scopes,
    )
