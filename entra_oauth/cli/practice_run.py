"""practice run: a program written for Entra, against the practice tenant."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from entra_oauth.cli import signals
from entra_oauth.cli.practice_tenant import read_tenant
from entra_oauth.errors import plain
from entra_oauth.practice import run as practice_run
from entra_oauth.practice import serve
from entra_oauth.practice.control import CONTROL_VARIABLE, Control
from entra_oauth.practice.defaults import DEFAULT

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console
    from entra_oauth.practice.proxy import Proxy

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Run it, and say afterwards whom it wanted to reach and could not."""
    if warning := practice_run.warning(args.program):
        console.ask(f"warning: {warning}")
    with ExitStack() as opening:
        with signals.uninterrupted():
            proxy, environ = _open(args, opening)
        code = practice_run.run(args.program, environ)
        refused = proxy.refused
    if refused:
        console.say(
            "practice run: refused, because it is not played here: "
            + ", ".join(plain(each) for each in refused[:5])
            + (" …" if len(refused) > 5 else "")
        )
    return code


def _open(args: argparse.Namespace, opening: ExitStack) -> tuple[Proxy, dict[str, str]]:
    """Serve, and make the program's environment."""
    # As the article leaves its app registration: an administrator has consented.
    tenant = read_tenant(args, usual=DEFAULT.with_admin_consent())
    person = tenant.person(args.user)
    hosted = opening.enter_context(serve(tenant, proxy_port=args.proxy_port or 0))
    control = opening.enter_context(Control(tenant))
    browser = opening.enter_context(practice_run.browser_for(person))
    assert hosted.proxy is not None  # noqa: S101 - a port was asked for
    environ = practice_run.environment(
        os.environ, proxy_url=hosted.proxy.url, ca_file=hosted.ca_file, browser=browser
    )
    return hosted.proxy, environ | {CONTROL_VARIABLE: control.address}
