"""Which way back from the browser fits this machine and these options.

The choice is made before the request is built, because the response mode depends
on it: `form_post` keeps the code out of the browser's history, but leaves nothing
that could be pasted.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.channels.back import RequestsBack
from entra_oauth.channels.base import Channels, FrontChannel, ignore
from entra_oauth.channels.beside import Either, Interruptible
from entra_oauth.channels.browser import has_local_browser, launch
from entra_oauth.channels.front import Listener
from entra_oauth.channels.paste import Paste, PasteWanted
from entra_oauth.channels.terminal import read_stdin
from entra_oauth.errors import LocalError, UsageError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.protocol.authorize import Procedure
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from entra_oauth.channels.base import Door, Witness
    from entra_oauth.cli.console import Console
    from entra_oauth.protocol.token import TokenResponse

__all__ = ["run_sign_in"]


def run_sign_in(plan: SignIn, args: argparse.Namespace, console: Console) -> TokenResponse:
    """Sign in through the door that fits; a second attempt by paste if the person asks."""
    with RequestsBack(
        ca_bundle=args.ca_bundle, allow_keylog=args.allow_keylog, say=console.say
    ) as back:
        front = _front(plan, args, console)
        try:
            return sign_in(plan, Channels(front=front, back=back))
        except PasteWanted:
            console.say("A new attempt begins; the page that is open can be closed.")
        return sign_in(plan, Channels(front=_paste(args, console, opens=True), back=back))


def _front(plan: SignIn, args: argparse.Namespace, console: Console) -> FrontChannel:
    redirect_uri = args.redirect_uri or "http://localhost"
    local, why = _local_browser(args)
    if args.paste is not None:
        return _paste(args, console, opens=local)
    if not is_loopback(urlsplit(redirect_uri).hostname or ""):
        console.ask(f"{redirect_uri} is not on this machine, so the answer is to be pasted.")
        return _paste(args, console, opens=local)
    if args.listen:
        console.ask(
            f"Listening on {args.listen}: whoever can reach that address can send answers here."
        )
    if plan.procedure is Procedure.ARTICLE and args.port is None and _names_no_port(redirect_uri):
        # The article's redirect URI is http://localhost, which means port 80.
        return _PortEighty(
            listener=_listener(args, console, port=80, opens=local, default_mode="query"),
            paste=lambda: _paste(args, console, opens=local),
            say=console.ask,
        )
    if not local:
        console.ask(f"No browser is opened here: {why}.")
        listener = _listener(args, console, port=args.port, opens=False, default_mode="query")
        return Either(listener=listener, say=console.ask)
    mode = "query" if plan.procedure is Procedure.ARTICLE else "form_post"
    listener = _listener(args, console, port=args.port, opens=True, default_mode=mode)
    return Interruptible(front=listener, say=console.say)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PortEighty:
    """The listener on port 80 where that is allowed, else paste."""

    listener: FrontChannel
    paste: Callable[[], FrontChannel]
    say: Callable[[str], None]

    def open(self, witness: Witness = ignore) -> Door:
        try:
            return self.listener.open(witness)
        except LocalError:
            self.say(
                "The redirect URI means port 80, and this program may not listen there or it is "
                "taken. That is no obstacle: the answer can be pasted."
            )
            return self.paste().open(witness)


def _local_browser(args: argparse.Namespace) -> tuple[bool, str]:
    if args.no_browser:
        return False, "--no-browser was given"
    if args.browser:
        return True, "--browser names one"
    return has_local_browser(os.environ, sys.platform)


def _names_no_port(uri: str) -> bool:
    try:
        return urlsplit(uri).port is None
    except ValueError:
        return False


def _listener(
    args: argparse.Namespace, console: Console, *, port: int | None, opens: bool, default_mode: str
) -> Listener:
    mode = args.response_mode or default_mode
    if default_mode == "query" and mode == "form_post" and not opens:
        raise UsageError(
            "With form_post the answer cannot be pasted, and no browser is opened here.",
            advice="Leave --response-mode out.",
        )
    return Listener(
        redirect_uri=args.redirect_uri or "http://localhost",
        port=port,
        address=args.listen,
        response_mode=mode,
        launch=partial(launch, command=args.browser) if opens else _open_nothing,
        say=console.ask,
    )


def _open_nothing(url: str) -> bool:
    return False


def _paste(args: argparse.Namespace, console: Console, *, opens: bool) -> Paste:
    if args.response_mode == "form_post":
        raise UsageError(
            "With form_post the final page leaves nothing to paste.",
            advice="Leave --response-mode out, or --paste.",
        )
    return Paste(
        redirect_uri=_pasted_uri(args),
        say=console.ask,
        launch=partial(launch, command=args.browser) if opens else None,
        ask_line=_standard_input if args.paste == "-" else None,
    )


def _pasted_uri(args: argparse.Namespace) -> str:
    uri: str = args.redirect_uri or "http://localhost"
    if args.port is not None and _names_no_port(uri):
        parts = urlsplit(uri)
        uri = parts._replace(netloc=f"{parts.netloc}:{args.port}").geturl()
    return uri


def _standard_input(timeout_s: float) -> str:
    return read_stdin(timeout_s=timeout_s)
