"""doctor: what is in the way, one line for each thing that was looked at."""

from __future__ import annotations

from entra_oauth.cli.doctor import registration
from entra_oauth.cli.doctor.machine import DoctorCheck, State, local_checks
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.cli.sign_in import only_sign_in
from entra_oauth.cli.sign_in.identity_options import names_identity
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from entra_oauth.cli.options.app_options import AppOptions
    from entra_oauth.cli.options.common_options import NetworkOptions
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.see_verbs import DoctorOptions

__all__ = ["run"]

_MARKS = {State.FINE: "ok", State.NOTE: "note", State.PROBLEM: "FAIL"}


def run(options: DoctorOptions, session: Session) -> int:
    """Look at everything; 0 if nothing is in the way, else 8 (this machine) or 6 (network)."""
    console = session.console
    if options.registration and options.classroom:
        raise UsageError("--registration and --class exclude each other.", advice="Give one.")
    if options.registration:
        return registration.run(options, console)
    if options.classroom:
        from entra_oauth.cli.doctor.lesson_check import run as check_lessons

        return check_lessons(console)
    found = []
    for check in _checks(options, session):
        found.append(check)
        if not console.as_json:
            _say(check, console)
    code = _exit_code(found)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/doctor/1",
                "checks": [_as_json(check) for check in found],
                "exit_code": code,
            }
        )
    elif code:
        wrong = ", ".join(check.name for check in found if check.state is State.PROBLEM)
        console.ask(f"In the way: {wrong}.\nNext: Follow the advice above, then run this again.")
    return code


def _as_json(check: DoctorCheck) -> dict[str, str]:
    return {
        "name": check.name,
        "state": check.state.value,
        "found": check.found,
        "advice": check.advice,
    }


def _checks(options: DoctorOptions, session: Session) -> Iterator[DoctorCheck]:
    yield from local_checks(
        session.environ,
        options.network.ca_bundle,
        allow_keylog=options.network.allow_keylog,
        say=session.console.ask,
    )
    from entra_oauth.cli.doctor.identities import identity_sources, knock, metadata_service
    from entra_oauth.cli.doctor.network import discovery, way_checks
    from entra_oauth.cli.sign_in.choose_receiver import back_channels

    yield identity_sources(session.environ)
    authority = registration.authority_of_any(_settled(options.app, options.network, session))
    try:
        with back_channels(options.network, session) as channels:
            session.console.say(f"One request is sent: GET {discovery(authority).url}")
            timeout_s = options.network.http_timeout
            if options.imds:
                session.console.say(f"And one more: GET {knock(session.environ).url}")
                yield metadata_service(session.environ, channels, timeout_s=timeout_s)
            yield from way_checks(authority, channels, session.environ, timeout_s=timeout_s)
    except EntraOAuthError as error:
        unasked = LocalError(f"It was not asked. {error.what}", advice=error.advice)
        yield DoctorCheck.problem("authority", unasked)


def _settled(app: AppOptions, network: NetworkOptions, session: Session) -> AppOptions:
    """The app that the other commands would take: the only sign-in's where nothing else is named.

    Where several fit nothing is refused here: the network can be looked at all the same.
    """
    if app.settings is not None and names_identity(app.settings, app.client_id):
        return app
    try:
        return only_sign_in.use(app, network, session)
    except UsageError:
        return app


def _say(check: DoctorCheck, console: Console) -> None:
    if console.quiet and check.state is State.FINE:
        return
    columns = width()
    line = prose(f"{check.name}: {check.found}", indent=6, columns=columns)
    console.result(f"{_MARKS[check.state]:<5} {line.lstrip()}")
    console.result(prose(check.advice, indent=8, columns=columns))


def _exit_code(found: list[DoctorCheck]) -> int:
    """This machine first: its faults can be the cause of the network's."""
    codes = {check.exit_code for check in found if check.state is State.PROBLEM}
    return max(codes, default=0)
