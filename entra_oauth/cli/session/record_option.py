"""`--record`: whatever a verb does, what passed is written down when it has ended.

On success, on each failure, and on Ctrl-C. The verbs only have their channels watched.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

from entra_oauth.errors import EntraOAuthError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from entra_oauth.cli.options.common_options import NetworkOptions, RecordingOptions
    from entra_oauth.cli.session.console import Console
    from entra_oauth.recording import Recorder

__all__ = ["CommandGiven", "Recorded", "recorded"]


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """The command line whose messages are recorded."""

    verb: str
    settings: tuple[Mapping[str, str], ...] = ()
    """The options that were set, as they may be written down."""
    program: tuple[str, ...] = field(default=(), repr=False)
    """The program that is watched and its arguments, as they were given."""


@contextmanager
def recorded(
    given: CommandGiven, recording: RecordingOptions, network: NetworkOptions, console: Console
) -> Iterator[Recorded]:
    """Around one command. A place that cannot be written to is refused before it begins.

    If the command fails, its own error or exit code goes on, and what is wrong with the
    recording is only said.
    """
    if recording.record is None:
        raise UsageError(
            "--redact says how a recording is made, and none is.",
            advice="Give --record DIR too, or leave --redact out.",
        )
    from entra_oauth.recording import Recorder
    from entra_oauth.recording.store import check_target

    folder = Path(recording.record)
    check_target(folder)
    if recording.redact == "none":
        console.ask(
            "WARNING: with --redact none the recording holds codes, tokens and passwords as they "
            "are. Whoever reads it can act as you. Give it to nobody."
        )
    if recording.name_machine and recording.redact == "pii":
        console.ask("Note: with --redact pii neither machine nor user is named.")
    running = Recorded(Recorder())

    def save() -> None:
        _save(given, folder, recording, network, running.recorder, console)

    try:
        yield running
    except BaseException:
        _try(save, console)
        raise
    if running.failed:
        _try(save, console)
    else:
        save()


class Recorded:
    """A command that is recorded."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.failed = False
        """It ended with an exit code that is not 0, though without an error of ours."""


def _try(save: Callable[[], None], console: Console) -> None:
    try:
        save()
    except EntraOAuthError as error:
        console.ask(f"Note: {error.what} {error.advice}")


def _save(
    given: CommandGiven,
    folder: Path,
    options: RecordingOptions,
    network: NetworkOptions,
    recorder: Recorder,
    console: Console,
) -> None:
    from entra_oauth.channels.base import now
    from entra_oauth.recording.cover.file_name import proposed_name
    from entra_oauth.recording.facts import facts_of
    from entra_oauth.recording.save import save
    from entra_oauth.recording.step import Level
    from entra_oauth.shell_words import quoted

    recording = recorder.recording
    if not recording.exchanges:
        console.ask("Note: nothing was sent or received, so there is no recording.")
        return
    facts = facts_of(
        os.environ,
        verb=given.verb,
        settings=given.settings,
        ca_bundle=bool(network.ca_bundle),
        allow_keylog=network.allow_keylog,
        watched=given.program if recording.at_authority else (),
        names_people=options.redact != "pii",
        names_machine=options.name_machine,
    )
    level = Level(options.redact)
    evidence = save(recording, folder, level=level, created_at=now(), facts=facts)
    holds = {
        Level.SECRETS: "no secrets, but names of people and tenants (--redact pii takes them out)",
        Level.PII: "no secrets and no names of people",
        Level.NONE: "ALL SECRETS",
    }[level]
    count = len(recording.exchanges)
    console.ask(
        f"Recorded {count} message{'s' if count != 1 else ''} in {plain(str(folder))}. It holds "
        f"{holds}. Look at it: entra-oauth audit show {plain(str(folder))}"
    )
    report = proposed_name(folder.name, evidence, "html")
    shown, named = quoted(plain(str(folder))), quoted(report)
    console.say(f"As a report: entra-oauth audit export {shown} -o {named}")
