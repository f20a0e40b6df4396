"""practice serve: the practice tenant on this machine, until Ctrl-C."""

from __future__ import annotations

import gc
import threading
from contextlib import ExitStack

from entra_oauth.cli.practice.introduction import app_to_try, people_to_try
from entra_oauth.cli.practice.tenant_options import announced, read_tenant
from entra_oauth.cli.session import signals
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice import serve
from entra_oauth.shell_words import next_line, quoted

if TYPE_CHECKING:
    from entra_oauth.cache.account import App
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.learn_verbs import PracticeServeOptions
    from entra_oauth.practice import Directory
    from entra_oauth.practice.server.hosts import Hosted

__all__ = ["run"]


def run(options: PracticeServeOptions, session: Session) -> int:
    """Serve, and say how to sign in there."""
    with ExitStack() as opening:
        with signals.uninterrupted():
            _open(options, opening, session)
        # What a tenant keeps has no cycles, and looking for some in all of it takes time.
        gc.set_threshold(50_000, 20, 100)
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0


def _open(options: PracticeServeOptions, opening: ExitStack, session: Session) -> None:
    console = session.console
    tenant = read_tenant(options.tenant)
    hosted = opening.enter_context(
        serve(tenant, port=options.port or 0, tls=options.tls, proxy_port=options.tenant.proxy_port)
    )
    console.result(hosted.base_url)
    _introduce(hosted, tenant.directory, session)
    from entra_oauth.practice.run.control import Control  # it can wait until others are served

    control = opening.enter_context(Control(tenant))
    opening.enter_context(announced(control.address))
    console.say("To make it misbehave: entra-oauth practice fault")


def _introduce(hosted: Hosted, directory: Directory, session: Session) -> None:
    console = session.console
    on = next_line()
    is_tls = hosted.base_url.startswith("https")
    trusting = f"{on}--ca-bundle {quoted(str(hosted.ca_file))}" if is_tls else ""
    console.say(
        f"The practice tenant runs at {hosted.base_url}, for this machine only. Stop: Ctrl-C.\n"
        f"{people_to_try(directory)}"
    )
    if hosted.ca_file:
        console.say(
            f"Certificate: {hosted.ca_file}\n"
            "  It vouches for this machine and the hosts that are played, and goes when this ends."
        )
    if hosted.proxy is not None:
        console.say(f"Proxy that plays the real hosts, and refuses all others: {hosted.proxy.url}")
    app = app_to_try(directory, hosted.base_url)
    if app is None:
        console.say("No app of the directory has http://localhost as a native redirect URI.")
        return
    options = _options(hosted, app, session)
    console.say(
        "Next, in another terminal:\n"
        f"  entra-oauth login --authority-host {hosted.base_url}{on}"
        f"--tenant {app.tenant}{on}"
        f"--client-id {app.client_id}{trusting}\n"
        f"  entra-oauth token{options}\n"
        f"  entra-oauth api GET {hosted.base_url}/api/2.0/clusters/list{options}"
    )


def _options(hosted: Hosted, app: App, session: Session) -> str:
    """Those that name the practice sign-in, where others are kept or named too."""
    if session.console.quiet:
        return ""
    from entra_oauth.cli.sign_in.only_sign_in import TokenToName, options_for

    bundle = hosted.ca_file if hosted.base_url.startswith("https") else None
    return options_for(TokenToName(app=app, ca_bundle=bundle), session)
