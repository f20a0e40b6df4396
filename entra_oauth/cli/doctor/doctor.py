"""doctor: what is in the way, one line for each thing that was looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cli.doctor.machine import Check, State, local_checks
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import EntraOAuthError, LocalError, UsageError
from entra_oauth.protocol.authority import Authority

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]

_MARKS = {State.FINE: "ok", State.NOTE: "note", State.PROBLEM: "FAIL"}


def run(args: argparse.Namespace, console: Console) -> int:
    """Look at everything; 0 if nothing is in the way, else 8 (this machine) or 6 (network)."""
    in_class = getattr(args, "class")
    if args.registration and in_class:
        raise UsageError("--registration and --class exclude each other.", advice="Give one.")
    if args.registration:
        from entra_oauth.cli.doctor import registration

        return registration.run(args, console)
    if in_class:
        from entra_oauth.cli.doctor import classroom

        return classroom.run(console)
    found = []
    for check in _checks(args, console):
        found.append(check)
        if not args.json:
            _tell(check, console)
    code = _exit_code(found)
    if args.json:
        console.result_json(
            {
                "schema": "entra-oauth/doctor/1",
                "checks": [
                    {
                        "name": check.name,
                        "state": check.state.value,
                        "found": check.found,
                        "advice": check.advice,
                    }
                    for check in found
                ],
                "exit_code": code,
            }
        )
    elif code:
        wrong = ", ".join(check.name for check in found if check.state is State.PROBLEM)
        console.ask(f"In the way: {wrong}.\nNext: Follow the advice above, then run this again.")
    return code


def _checks(args: argparse.Namespace, console: Console) -> Iterator[Check]:
    yield from local_checks(os.environ, args.ca_bundle, allow_keylog=args.allow_keylog)
    from entra_oauth.cli.doctor.network import discovery, way_checks
    from entra_oauth.cli.sign_in.choose_receiver import back_channels

    tenant = args.tenant or "organizations"
    if args.authority_host:
        authority = Authority(args.authority_host, tenant)
    else:
        authority = Authority.of(tenant, cloud=args.cloud)
    try:
        with back_channels(args, console) as channels:
            console.say(f"One request is sent: GET {discovery(authority).url}")
            timeout_s = float(args.http_timeout)
            yield from way_checks(authority, channels, os.environ, timeout_s=timeout_s)
    except EntraOAuthError as error:
        yield Check(
            name="authority",
            state=State.PROBLEM,
            found=f"It was not asked. {error.what}",
            advice=error.advice,
            exit_code=LocalError.exit_code,
        )


def _tell(check: Check, console: Console) -> None:
    if console.quiet and check.state is State.FINE:
        return
    columns = width()
    line = prose(f"{check.name}: {check.found}", indent=6, columns=columns)
    console.result(f"{_MARKS[check.state]:<5} {line.lstrip()}")
    console.result(prose(check.advice, indent=8, columns=columns))


def _exit_code(found: list[Check]) -> int:
    """This machine first: its faults can be the cause of the network's."""
    codes = {check.exit_code for check in found if check.state is State.PROBLEM}
    return max(codes, default=0)
