"""A verb run: its session is put together here, and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cli.command_line.take_apart import part_of
from entra_oauth.cli.session import signals
from entra_oauth.cli.session.verb_session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from entra_oauth.cli.command_line.arguments import CommandLine
    from entra_oauth.cli.session.console import Console
    from entra_oauth.lessons.live_explain import Explained

__all__ = ["run_verb"]


def run_verb(asked: CommandLine, console: Console, load: Callable[[str], ModuleType]) -> int:
    """Run it, recorded and explained as was asked for. Returns the exit code.

    What watches messages is imported for a verb that can be watched, and for no other.
    """
    with signals.uninterrupted():
        module = load(asked.verb.module)
    session = Session(verb=asked.verb.name, console=console, environ=os.environ)
    if "record" in asked.values:
        return _run_watched(module, asked, session)
    code: int = module.run(asked.options, session)
    return code


def _run_watched(module: ModuleType, asked: CommandLine, session: Session) -> int:
    from dataclasses import replace

    from entra_oauth.cli.options.network_options import NetworkOptions
    from entra_oauth.cli.options.recording_options import RecordingOptions
    from entra_oauth.cli.session.record_option import recorded

    recording = part_of(asked.options, RecordingOptions)
    network = part_of(asked.options, NetworkOptions)
    program = asked.program[0] if asked.program else None
    with recorded(session.verb, recording, network, session.console, program=program) as running:
        session = replace(
            session,
            recorder=running.recorder if running is not None else None,
            explainer=_explainer(asked, session.console),
        )
        code: int = module.run(asked.options, session)
        if running is not None:
            running.failed = code != 0
    return code


def _explainer(asked: CommandLine, console: Console) -> Explained | None:
    from entra_oauth.cli.options.recording_options import ExplainOptions
    from entra_oauth.cli.session.explain_option import explainer_for

    return explainer_for(part_of(asked.options, ExplainOptions), console)
