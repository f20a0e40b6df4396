"""practice run: a program written for Entra, against the practice tenant."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from entra_oauth.cli.practice.tenant_options import read_tenant
from entra_oauth.cli.session import signals
from entra_oauth.cli.session.record_option import recorder_of
from entra_oauth.errors import plain
from entra_oauth.practice import serve
from entra_oauth.practice.browser.control_client import CONTROL_VARIABLE
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.run import program as practice_run
from entra_oauth.practice.run.control import Control

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.practice.record_programs import ProgramRecorder
    from entra_oauth.cli.session.console import Console
    from entra_oauth.practice.run.browser_visits import BrowserVisits
    from entra_oauth.practice.server.proxy import Proxy

__all__ = ["run"]

_PATIENCE_S = 2.0


def run(args: argparse.Namespace, console: Console) -> int:
    """Run it, and say afterwards whom it wanted to reach and could not."""
    if warning := practice_run.warning(args.program):
        console.ask(f"warning: {warning}")
    passages = _passages(args)
    with ExitStack() as opening:
        with signals.uninterrupted():
            proxy, environ = _open(args, opening, passages)
        code = practice_run.run(args.program, environ)
        args.failed = code != 0
        refused = proxy.refused
    if refused:
        console.say(
            "practice run: refused, because it is not played here: "
            + ", ".join(plain(each) for each in refused[:5])
            + (" …" if len(refused) > 5 else "")
        )
    if passages is not None and passages.left_out:
        console.ask(
            f"Note: {passages.left_out} more messages passed than a recording holds; they are "
            "not in it."
        )
    return code


def _passages(args: argparse.Namespace) -> ProgramRecorder | None:
    recorder = recorder_of(args)
    if recorder is None:
        return None
    from entra_oauth.cli.practice.record_programs import ProgramRecorder

    return ProgramRecorder(recorder)


def _open(
    args: argparse.Namespace, opening: ExitStack, passages: ProgramRecorder | None
) -> tuple[Proxy, dict[str, str]]:
    """Serve, and make the program's environment."""
    # As the article leaves its app registration: an administrator has consented.
    tenant = read_tenant(args, usual=DEFAULT.with_admin_consent())
    person = tenant.person(args.user)
    witness = passages.at_tenant if passages is not None else None
    hosted = opening.enter_context(serve(tenant, proxy_port=args.proxy_port or 0, witness=witness))
    visits = None
    if passages is not None:
        from entra_oauth.practice.run.browser_visits import BrowserVisits

        visits = BrowserVisits()
    control = opening.enter_context(Control(tenant, visits=visits))
    if passages is not None and visits is not None:
        opening.callback(_keep_visits, passages, visits, hosted.base_url)
    browser = opening.enter_context(
        practice_run.browser_for(person, reports_visits=passages is not None)
    )
    assert hosted.proxy is not None  # noqa: S101 - a port was asked for
    environ = practice_run.environment(
        os.environ, proxy_url=hosted.proxy.url, ca_file=hosted.ca_file, browser=browser
    )
    return hosted.proxy, environ | {CONTROL_VARIABLE: control.address}


def _keep_visits(passages: ProgramRecorder, visits: BrowserVisits, tenant_url: str) -> None:
    """The program has ended, but its browser may still be reading the last page."""
    passages.at_program(visits.wait(_PATIENCE_S), tenant_url)
