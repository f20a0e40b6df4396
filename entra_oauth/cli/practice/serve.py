"""practice serve: the practice tenant on this machine, until Ctrl-C."""

from __future__ import annotations

import gc
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from entra_oauth.cli.practice.tenant_options import read_tenant, told
from entra_oauth.cli.session import signals
from entra_oauth.practice import serve
from entra_oauth.practice.directory.model import ARTICLE_CLIENT_ID, ARTICLE_TENANT_ID

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console
    from entra_oauth.practice.server.hosts import Hosted

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Serve, and say how to sign in there."""
    with ExitStack() as opening:
        with signals.uninterrupted():
            _open(args, opening, console)
        # What a tenant keeps has no cycles, and looking for some in all of it takes time.
        gc.set_threshold(50_000, 20, 100)
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0


def _open(args: argparse.Namespace, opening: ExitStack, console: Console) -> None:
    tenant = read_tenant(args)
    hosted = opening.enter_context(
        serve(tenant, port=args.port or 0, tls=args.tls, proxy_port=args.proxy_port)
    )
    console.result(hosted.base_url)
    _introduce(hosted, console)
    from entra_oauth.practice.run.control import Control  # it can wait until others are served

    control = opening.enter_context(Control(tenant))
    opening.enter_context(told(control.address))
    console.say("To make it misbehave: entra-oauth practice fault")


def _introduce(hosted: Hosted, console: Console) -> None:
    trusting = (
        f" \\\n    --ca-bundle {hosted.ca_file}" if hosted.base_url.startswith("https") else ""
    )
    console.say(
        f"The practice tenant runs at {hosted.base_url}, for this machine only. Stop: Ctrl-C.\n"
        "People: alice, bob or mallory @contoso-practice.example, password: practice"
    )
    if hosted.ca_file:
        console.say(
            f"Certificate: {hosted.ca_file}\n"
            "  It vouches for this machine and the hosts that are played, and goes when this ends."
        )
    if hosted.proxy is not None:
        console.say(f"Proxy that plays the real hosts, and refuses all others: {hosted.proxy.url}")
    options = _options(hosted, console)
    console.say(
        "Next, in another terminal:\n"
        f"  entra-oauth login --authority-host {hosted.base_url} \\\n"
        f"    --tenant {ARTICLE_TENANT_ID} \\\n"
        f"    --client-id {ARTICLE_CLIENT_ID}{trusting}\n"
        f"  entra-oauth token{options}\n"
        f"  entra-oauth api GET {hosted.base_url}/api/2.0/clusters/list{options}"
    )


def _options(hosted: Hosted, console: Console) -> str:
    """Those that name the practice sign-in, where others are kept or named too."""
    if console.quiet:
        return ""
    from entra_oauth.cache.account import App
    from entra_oauth.cli.sign_in.only_sign_in import Wanted, options_for

    app = App(hosted.base_url, ARTICLE_TENANT_ID, ARTICLE_CLIENT_ID)
    bundle = hosted.ca_file if hosted.base_url.startswith("https") else None
    return options_for(Wanted(app=app, ca_bundle=bundle), console)
