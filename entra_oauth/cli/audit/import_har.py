"""audit import: a recording from a file of a browser, a proxy or another program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.audit.opened import import_of, read_told
from entra_oauth.errors import UsageError, plain
from entra_oauth.recording.cover.file_name import proposed_name
from entra_oauth.recording.importing.captures.read_capture import is_capture, read_capture
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Level
from entra_oauth.recording.store import check_target, write
from entra_oauth.shell_words import quoted

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import ImportOptions
    from entra_oauth.recording.har.har_select import Import

__all__ = ["run"]


def run(options: ImportOptions, session: Session) -> int:
    """Write the recording to the folder `--out`, and say what was taken and what was left."""
    console = session.console
    if not options.file or not options.out:
        raise UsageError(
            "audit import needs a file, and a folder to write to.",
            advice="Use entra-oauth audit import browser.har -o rec.",
        )
    folder = Path(options.out)
    check_target(folder)
    path, keys = Path(options.file), Path(options.keys) if options.keys else None
    captured = is_capture(path)
    if keys is not None and not captured:
        raise UsageError(
            f"--keys opens captures of packets, and {plain(str(path))} is none.",
            advice="Leave it out, or name the capture (pcapng or pcap).",
        )
    if captured:
        file = read_capture(path, keys, max_mib=options.memory.max_memory)
    else:
        file = read_told(path, options.memory, console)
    done = import_of(file, Level(options.copy.level))
    write(finished_files(done.evidence, done.recording), folder)
    if console.as_json:
        console.result_json(_as_json(done))
        if captured:
            _say_delete(path, keys, console)
        return 0
    for step, (number, kind) in zip(done.evidence.steps, done.taken, strict=True):
        address = plain(step.url.partition("?")[0], limit=80)
        console.result(f"{step.number:>3}  entry {number:<5} {kind:<10} {step.method} {address}")
    if done.left:
        console.say(f"Left out as not OAuth, by host: {sum(count for _, count in done.left):,}.")
        for host, count in done.left[:10]:
            console.say(f"  {count:>5}  {host}")
        if len(done.left) > 10:
            console.say(f"         and {len(done.left) - 10} hosts more")
    if done.unusable:
        numbers = ", ".join(map(str, done.unusable[:10]))
        console.say(f"Not understood: entry {numbers}{' …' if len(done.unusable) > 10 else ''}.")
    shown = plain(str(folder))
    console.say(f"Written to {shown}. Look at it: entra-oauth audit show {shown}")
    report = quoted(proposed_name(folder.name, done.evidence, "html"))
    console.say(f"As a report: entra-oauth audit export {quoted(shown)} -o {report}")
    if captured:
        _say_delete(path, keys, console)
    return 0


def _say_delete(capture: Path, keys: Path | None, console: Console) -> None:
    named = " and ".join(plain(str(each)) for each in (capture, keys) if each is not None)
    console.ask(
        f"Next: delete {named}. Whoever has them can read all that passed, codes and tokens too."
    )


def _as_json(done: Import) -> dict[str, Any]:
    return {
        "schema": "entra-oauth/import/1",
        "steps": [
            {"step": step.number, "entry": number, "kind": kind}
            for step, (number, kind) in zip(done.evidence.steps, done.taken, strict=True)
        ],
        "left_out": [{"host": host, "entries": count} for host, count in done.left],
        "not_understood": list(done.unusable),
    }
