"""practice run: a program written for Entra, against the practice tenant."""

from __future__ import annotations

import os
from contextlib import ExitStack

from entra_oauth import child_program
from entra_oauth.cache.paths import config_file
from entra_oauth.cache.profiles import Profiles
from entra_oauth.cli.practice.tenant_options import read_tenant
from entra_oauth.cli.session import signals
from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice import serve
from entra_oauth.practice.browser.control_client import CONTROL_VARIABLE
from entra_oauth.practice.run import program as practice_run
from entra_oauth.practice.run.control import Control

if TYPE_CHECKING:
    from entra_oauth.cli.practice.record_programs import ProgramRecorder
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.learn_verbs import PracticeRunOptions
    from entra_oauth.practice.run.browser_visits import BrowserVisits
    from entra_oauth.practice.server.proxy import Proxy

__all__ = ["run"]

_PATIENCE_S = 2.0


def run(options: PracticeRunOptions, session: Session) -> int:
    """Run it, and say afterwards whom it wanted to reach and could not."""
    console = session.console
    if warning := practice_run.warning(list(options.program)):
        console.ask(f"warning: {warning}")
    passages = _passages(session)
    with ExitStack() as opening:
        with signals.uninterrupted():
            proxy, environ = _open(options, opening, passages)
        code = child_program.run(options.program, environ)
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


def _passages(session: Session) -> ProgramRecorder | None:
    if session.recorder is None:
        return None
    from entra_oauth.cli.practice.record_programs import ProgramRecorder

    return ProgramRecorder(session.recorder)


def _open(
    options: PracticeRunOptions, opening: ExitStack, passages: ProgramRecorder | None
) -> tuple[Proxy, dict[str, str]]:
    """Serve, and make the program's environment."""
    # As the article leaves its app registration: an administrator has consented.
    tenant = read_tenant(options.tenant, admin_consent=True)
    first = next((user.name for user in tenant.directory.users), "")
    person = tenant.person(first if options.user is None else options.user)
    witness = passages.at_tenant if passages is not None else None
    hosted = opening.enter_context(
        serve(
            tenant,
            proxy_port=options.tenant.proxy_port or 0,
            plays_metadata=options.workload == "imds",
            witness=witness,
        )
    )
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
    kept = opening.enter_context(practice_run.azure_settings())
    kept |= opening.enter_context(practice_run.own_settings(_profiles()))
    assert hosted.proxy is not None  # noqa: S101 - a port was asked for
    environ = practice_run.environment(
        os.environ,
        proxy_url=hosted.proxy.url,
        ca_file=hosted.ca_file,
        base_url=hosted.base_url,
        browser=browser,
        password=person.password,
    )
    if options.workload is not None:
        entra = "https://login.microsoftonline.com"
        environ |= tenant.variables_of(options.workload, hosted, authority_url=entra)
    return hosted.proxy, environ | kept | {CONTROL_VARIABLE: control.address}


def _profiles() -> str:
    """The person's profiles, for a program that names one. None of them is the default one.

    That would lead a program which names nobody to a real tenant.
    """
    path = config_file(os.environ)
    return Profiles(path).without_default() if path is not None else ""


def _keep_visits(passages: ProgramRecorder, visits: BrowserVisits, tenant_url: str) -> None:
    """The program has ended, but its browser may still be reading the last page."""
    passages.at_program(visits.wait(_PATIENCE_S), tenant_url)
