"""audit diff: two requests compared on five layers, with a verdict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from entra_oauth.cli.audit.opened import tell_need
from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import UsageError, plain
from entra_oauth.recording.compare.layers import Comparison, Equality, Layer, compare
from entra_oauth.recording.compare.named_step import masking, pair, shown, split_name
from entra_oauth.recording.report.diff_page import diff_page

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.audit_verbs import DiffOptions

__all__ = ["run"]

NOT_EQUAL = 9
_GOOD = (Equality.BYTE_EQUAL, Equality.BODY_EQUAL, Equality.SAME_PARAMETERS)
_ENOUGH = {"bytes": 1, "body": 2, "parameters": 3}


def run(options: DiffOptions, session: Session) -> int:
    """Compare. Returns 0 if the requests are as equal as `--accept` asks, else 9."""
    console = session.console
    if len(options.pair) != 2:
        raise UsageError(
            "Two requests are compared.",
            advice="Name both, such as rec#4 and article:curl, or rec#4 and x.har#3.",
        )
    for name in options.pair:
        tell_need(split_name(name)[0], options.memory, console)
    a, b = pair(*options.pair, max_mib=options.memory.max_memory)
    found = compare(a, b, show=partial(shown, masking()))
    if options.output == "html":
        console.result_bytes(diff_page(found).encode("utf-8", "backslashreplace"))
    elif console.as_json:
        console.result_json(_as_json(found))
    else:
        _print(found, console)
    return 0 if found.equality in _GOOD[: _ENOUGH[options.accept]] else NOT_EQUAL


def _print(found: Comparison, console: Console) -> None:
    for remark in found.authorities:
        console.result(prose(remark, indent=0, columns=width()))
    lines = [
        f"{name}  {plain(side.label, limit=60)}   {len(bytes(side.message)):,} bytes"
        for name, side in (("A", found.a), ("B", found.b))
    ]
    console.result_rows([*lines, *(f"   {plain(note)}" for note in found.notes), ""])
    for layer in found.layers:
        console.result(f"{layer.name:<13} {layer.summary}")
        for line in layer.lines:
            console.result(f"   {line}")
    console.result("")
    console.result(found.equality.value)
    if found.equality is Equality.UNDECIDABLE:
        console.say("Nothing that is known differs, but what was taken out cannot be compared.")


def _as_json(found: Comparison) -> dict[str, Any]:
    return {
        "schema": "entra-oauth/diff/1",
        "a": plain(found.a.label),
        "b": plain(found.b.label),
        "authority": {"a": found.a.authority or None, "b": found.b.authority or None},
        "verdict": found.equality.value,
        "layers": [_layer(layer) for layer in found.layers],
        "notes": [plain(note) for note in found.notes],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "verdict": None if layer.truth is None else layer.truth.value,
        "summary": layer.summary,
        "differences": list(layer.lines),
    }
