"""A verb run: its session is put together here, and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.take_apart import part_of
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.recording_options import ExplainOptions, RecordingOptions
from entra_oauth.cli.session import signals
from entra_oauth.cli.session.explain_option import explainer_for
from entra_oauth.cli.session.record_option import recorded
from entra_oauth.cli.session.verb_session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from entra_oauth.cli.command_line.arguments import CommandLine
    from entra_oauth.cli.session.console import Console

__all__ = ["run_verb"]


def run_verb(asked: CommandLine, console: Console, load: Callable[[str], ModuleType]) -> int:
    """Run it, recorded and explained as was asked for. Returns the exit code."""
    with signals.uninterrupted():
        module = load(asked.verb.module)
    recording = part_of(asked.options, RecordingOptions)
    network = part_of(asked.options, NetworkOptions)
    program = asked.program[0] if asked.program else None
    with recorded(asked.verb.name, recording, network, console, program=program) as running:
        session = Session(
            verb=asked.verb.name,
            console=console,
            environ=os.environ,
            recorder=running.recorder if running is not None else None,
            explainer=explainer_for(part_of(asked.options, ExplainOptions), console),
        )
        code: int = module.run(asked.options, session)
        if running is not None:
            running.failed = code != 0
    return code
