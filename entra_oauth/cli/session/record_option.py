"""`--record`: whatever a verb does, what passed is written down when it has ended.

On success, on each failure, and on Ctrl-C. The verbs only have their channels watched.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.errors import EntraOAuthError, UsageError, plain

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from entra_oauth.channels.base import Channels, FrontChannel
    from entra_oauth.cli.session.console import Console
    from entra_oauth.recording import Recorder

__all__ = ["recorded", "recorder_of", "watched", "watched_front"]


@contextmanager
def recorded(verb: str, args: argparse.Namespace, console: Console) -> Iterator[None]:
    """Around one command. A place that cannot be written to is refused before it begins.

    If the command fails, its own error or exit code goes on, and what is wrong with the
    recording is only said.
    """
    args.recorder = None
    if getattr(args, "record", None) is None:
        if "redact" in getattr(args, "given", ()):
            raise UsageError(
                "--redact says how a recording is made, and none is.",
                advice="Give --record DIR too, or leave --redact out.",
            )
        yield
        return
    from entra_oauth.recording import Recorder
    from entra_oauth.recording.store import check_target

    folder = Path(args.record)
    check_target(folder)
    if args.redact == "none":
        console.ask(
            "WARNING: with --redact none the recording holds codes, tokens and passwords as they "
            "are. Whoever reads it can act as you. Give it to nobody."
        )
    args.recorder = Recorder()
    try:
        yield
    except BaseException:
        _try_to_save(verb, folder, args, console)
        raise
    if getattr(args, "failed", False):
        _try_to_save(verb, folder, args, console)
    else:
        _save(verb, folder, args, console)


def _try_to_save(verb: str, folder: Path, args: argparse.Namespace, console: Console) -> None:
    try:
        _save(verb, folder, args, console)
    except EntraOAuthError as error:
        console.ask(f"Note: {error.what} {error.advice}")


def _save(verb: str, folder: Path, args: argparse.Namespace, console: Console) -> None:
    from entra_oauth.channels.base import now
    from entra_oauth.recording.facts import facts_of
    from entra_oauth.recording.save import save
    from entra_oauth.recording.step import Level

    recording = args.recorder.recording
    if not recording.exchanges:
        console.ask("Note: nothing was sent or received, so there is no recording.")
        return
    facts = facts_of(
        os.environ,
        verb=verb,
        ca_bundle=bool(getattr(args, "ca_bundle", None)),
        allow_keylog=bool(getattr(args, "allow_keylog", False)),
        watched=_name_of(args.program) if recording.at_authority else None,
    )
    level = Level(args.redact)
    save(recording, folder, level=level, created_at=now(), facts=facts)
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


def _name_of(program: Sequence[str]) -> str:
    """The name of a program without its folder, and without its arguments, which may be secrets."""
    return Path(program[0]).name


def recorder_of(args: argparse.Namespace) -> Recorder | None:
    """What this command is recorded with, if it is."""
    recorder: Recorder | None = getattr(args, "recorder", None)
    return recorder


def watched(args: argparse.Namespace, channels: Channels) -> Channels:
    """The same channels, remembered if the command is recorded."""
    recorder = recorder_of(args)
    return channels if recorder is None else recorder.wrap(channels)


def watched_front(args: argparse.Namespace, front: FrontChannel, channels: Channels) -> Channels:
    """Channels that are watched already, with this front, which is not."""
    recorder = recorder_of(args)
    if recorder is None:
        return replace(channels, front=front)
    return replace(channels, front=recorder.wrap(replace(channels, front=front)).front)
