"""The way back from the browser that fits this machine and these options.

The choice is made before the request is built, because the response mode depends
on it: `form_post` keeps the code out of the browser's history, but leaves nothing
that could be pasted.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from entra_oauth.channels.base import Channels, FrontChannel, NoFront, PasteWanted
from entra_oauth.channels.https.back_channel import MAX_BODY_BYTES, RequestsBack
from entra_oauth.channels.listener.listener import Listener
from entra_oauth.channels.listener.system_browser import SystemBrowser, has_local_browser
from entra_oauth.channels.terminal.secret_line import find_terminal, read_stdin
from entra_oauth.cli.command_line.declare import PasteFrom
from entra_oauth.cli.session.signals import uninterrupted
from entra_oauth.cli.sign_in.plan import check_workspace, plan_of
from entra_oauth.errors import LocalError, UsageError
from entra_oauth.flows.authorization_code import SignIn, sign_in
from entra_oauth.light import TYPE_CHECKING, dataclass, replace
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entra_oauth.channels.base import RedirectReceiver, Witness
    from entra_oauth.channels.paste.paste_prompt import Paste
    from entra_oauth.cli.options.app_options import AppOptions, RequestOptions, SignInPageOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Session
    from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
    from entra_oauth.protocol.endpoints.token import TokenResponse

__all__ = [
    "back_channels",
    "pasted_uri",
    "planned_request",
    "run_sign_in",
    "sign_in_safely",
    "use_workspace",
]


def run_sign_in(
    plan: SignIn, page: SignInPageOptions, network: NetworkOptions, session: Session
) -> TokenResponse:
    """Sign in through the receiver that fits; a second attempt by paste if the person asks."""
    # What may not be sent is found out before a port is taken or a word is said.
    plan.request(redirect_uri=page.redirect_uri, response_mode="query")
    with back_channels(network, session) as channels:
        front = _front(plan, page, session)
        try:
            return sign_in(plan, session.with_front(channels, front))
        except PasteWanted:
            session.console.say("A new attempt begins; the page that is open can be closed.")
        front = _paste(page, session, opens=True)
        return sign_in(plan, session.with_front(channels, front))


def sign_in_safely(
    app: AppOptions,
    session: Session,
    *,
    page: SignInPageOptions,
    network: NetworkOptions,
    request: RequestOptions,
) -> tuple[SignIn, TokenResponse]:
    """The hardened procedure, through the receiver that fits."""
    plan = plan_of(app, Procedure.HARDENED, page=page, network=network, request=request)
    return plan, run_sign_in(plan, page, network, session)


def planned_request(plan: SignIn, page: SignInPageOptions) -> AuthorizationRequest:
    """The request that `run_sign_in` would begin with, but for the port of the listener."""
    local, _ = _local_browser(page)
    pasted = page.paste is not None or not local
    return plan.request(
        redirect_uri=pasted_uri(page),
        response_mode=page.response_mode or ("query" if pasted else "form_post"),
    )


@contextmanager
def back_channels(
    network: NetworkOptions, session: Session, *, max_body_bytes: int = MAX_BODY_BYTES
) -> Iterator[Channels]:
    """Our own requests, as the options have it. There is no front: nobody is sent anywhere."""
    bundle, keylog, say = network.ca_bundle, network.allow_keylog, session.console.say
    with (
        RequestsBack(
            ca_bundle=bundle,
            allow_keylog=keylog,
            say=session.console.announce,
            max_body_bytes=max_body_bytes,
        ) as back,
        RequestsBack(ca_bundle=bundle, allow_keylog=keylog) as aside,
    ):
        yield session.watched(Channels(front=NoFront(), back=back, aside=aside, say=say))


def use_workspace(app: AppOptions, network: NetworkOptions, session: Session) -> AppOptions:
    """The same app; with `--workspace-url`, of the tenant and the cloud that the workspace names.

    A tenant that was given is not asked for. Raises what asking raises.
    """
    if not app.workspace_url:
        return app
    check_workspace(app)
    if app.tenant and "workspace_url" not in app.origins.given:
        return app
    from entra_oauth.flows.find_authority import find_authority
    from entra_oauth.protocol.resource.workspace import Workspace

    workspace = Workspace(app.workspace_url)
    with back_channels(network, session) as channels:
        authority = find_authority(workspace, channels, timeout_s=network.http_timeout)
    session.console.say(f"{workspace.host} belongs to the tenant {authority}.")
    return replace(app, tenant=authority.tenant, authority_host=authority.base)


def _front(plan: SignIn, page: SignInPageOptions, session: Session) -> FrontChannel:
    uri = page.redirect_uri
    local, why = _local_browser(page)
    if page.paste is not None:
        _refuse_form_post(page, "--paste was given")
        return _paste(page, session, opens=local)
    if not is_loopback(urlsplit(uri).hostname or ""):
        _refuse_form_post(page, "the redirect URI is not on this machine")
        session.console.ask(f"{uri} is not on this machine, so the answer is to be pasted.")
        return _paste(page, session, opens=local)
    if not local:
        _refuse_form_post(page, why)
    _check_address(plan, page, session)
    if plan.procedure is Procedure.ARTICLE and page.port is None and _names_no_port(uri):
        # The article's redirect URI is http://localhost, which means port 80.
        return _PortEighty(
            listening=_listening(plan, page, session, port=80),
            paste=lambda: _paste_by_itself(page, session, opens=local),
            say=session.console.ask,
        )
    return _listening(plan, page, session, port=page.port)


def _listening(
    plan: SignIn, page: SignInPageOptions, session: Session, *, port: int | None
) -> FrontChannel:
    """A listener, and a terminal beside it: for the answer, or for leaving it."""
    local, why = _local_browser(page)
    article = plan.procedure is Procedure.ARTICLE
    browser = SystemBrowser(session.console.ask, page.browser)
    listener = Listener(
        redirect_uri=page.redirect_uri,
        port=port,
        address=page.listen,
        response_mode=page.response_mode or ("query" if article or not local else "form_post"),
        launch=_launcher(browser) if local else _open_nothing,
        say=session.console.ask if local else _say_nothing,
        tell=session.console.ask,
        browser_failed=lambda: browser.has_failed,
    )
    if local:
        # Without a terminal there is nobody to press a key: the listener alone.
        if find_terminal() is None:
            return listener
        from entra_oauth.channels.paste.beside_terminal import Interruptible

        return Interruptible(front=listener, say=session.console.say)
    from entra_oauth.channels.paste.listen_or_paste import ListenOrPaste

    session.console.ask(f"No browser is opened here: {why}.")
    return ListenOrPaste(listener=listener, say=session.console.ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PortEighty:
    """The listener on port 80 where that is allowed, else paste."""

    listening: FrontChannel
    paste: Callable[[], FrontChannel]
    say: Callable[[str], None]

    def open(self, witness: Witness | None = None) -> RedirectReceiver:
        try:
            return self.listening.open(witness)
        except LocalError:
            self.say(
                "The redirect URI means port 80, and this program may not listen there or it is "
                "taken. That is no obstacle: the answer can be pasted."
            )
            return self.paste().open(witness)


def _local_browser(page: SignInPageOptions) -> tuple[bool, str]:
    if page.no_browser:
        return False, "--no-browser was given"
    if page.browser:
        return True, "--browser names one"
    return has_local_browser(os.environ, sys.platform)


def _names_no_port(uri: str) -> bool:
    try:
        return urlsplit(uri).port is None
    except ValueError:  # the request that is to hold it says what is wrong
        return False


def _refuse_form_post(page: SignInPageOptions, why: str) -> None:
    if page.response_mode == "form_post":
        raise UsageError(
            f"With form_post the last page leaves nothing to paste, and {why}.",
            advice="Leave --response-mode out.",
        )


def _check_address(plan: SignIn, page: SignInPageOptions, session: Session) -> None:
    if page.listen is None or is_loopback(page.listen):
        return
    if plan.procedure is Procedure.ARTICLE:
        raise UsageError(
            "The article's procedure has no PKCE: whoever reads the answer on its way to "
            "another address than loopback could redeem the code.",
            advice="Use entra-oauth login with --listen, or paste the answer.",
        )
    session.console.ask(
        f"Listening on {page.listen}: whoever can reach that address can send answers here."
    )


def _launcher(browser: SystemBrowser) -> Callable[[str], bool]:
    def open_browser(url: str) -> bool:
        opened = browser.open(url)
        with uninterrupted():
            _import_what_the_end_needs()
        return opened

    return open_browser


def _import_what_the_end_needs() -> None:
    """Import while the browser comes up: nobody waits for it now."""
    from importlib import import_module

    import_module("entra_oauth.protocol.endpoints.authorization_response")
    import_module("entra_oauth.protocol.endpoints.token")
    import_module("entra_oauth.cache.file_store")
    import_module("entra_oauth.cli.output.token_output")
    import_module("entra_oauth.cli.sign_in.only_sign_in")


def _open_nothing(url: str) -> bool:
    return False


def _say_nothing(line: str) -> None:
    """Nothing: `ListenOrPaste` says what there is to say."""


def _paste_by_itself(page: SignInPageOptions, session: Session, *, opens: bool) -> Paste:
    _refuse_form_post(page, "port 80 cannot be had")
    return _paste(page, session, opens=opens)


def _paste(page: SignInPageOptions, session: Session, *, opens: bool) -> Paste:
    from entra_oauth.channels.paste.paste_prompt import Paste

    return Paste(
        redirect_uri=pasted_uri(page),
        say=session.console.ask,
        launch=_launcher(SystemBrowser(session.console.ask, page.browser)) if opens else None,
        ask_line=_standard_input if page.paste is PasteFrom.STDIN else None,
    )


def pasted_uri(page: SignInPageOptions) -> str:
    """The redirect URI where nothing listens: as given, with the port if one was."""
    uri = page.redirect_uri
    if page.port is not None and _names_no_port(uri):
        parts = urlsplit(uri)
        uri = parts._replace(netloc=f"{parts.netloc}:{page.port}").geturl()
    return uri


def _standard_input(timeout_s: float) -> str:
    return read_stdin(timeout_s=timeout_s)
