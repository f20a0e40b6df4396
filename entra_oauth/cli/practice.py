"""practice serve: the practice tenant on this machine, until Ctrl-C."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from entra_oauth.cli.plans import EXAMPLE_CLIENT, EXAMPLE_TENANT
from entra_oauth.practice import PracticeTenant, serve

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Serve, and say how to sign in there."""
    with serve(PracticeTenant(), port=args.port or 0, tls=False) as hosted:
        console.result(hosted.base_url)
        console.say(
            f"The practice tenant runs at {hosted.base_url}, for this machine only. Stop: Ctrl-C.\n"
            "People: alice, bob or mallory @contoso-practice.example, password: practice\n"
            "Next, in another terminal:\n"
            f"  entra-oauth login --authority-host {hosted.base_url} \\\n"
            f"    --tenant {EXAMPLE_TENANT} \\\n"
            f"    --client-id {EXAMPLE_CLIENT}"
        )
        forever = threading.Event()
        while not forever.wait(0.25):  # in slices: Windows sees Ctrl-C between them
            pass
    return 0
