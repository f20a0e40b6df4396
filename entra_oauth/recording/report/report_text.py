"""A recording as text: raw HTTP, curl commands, a Mermaid diagram, Markdown.

Text from outside is made harmless for where it goes: control characters are named,
and what a format would read as its own is escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.message_stories import Actor
from entra_oauth.recording.cover.cover_sheet import cover_rows
from entra_oauth.recording.cover.mark_words import mark_words
from entra_oauth.recording.cover.seen_words import is_as_sent, seen_words
from entra_oauth.recording.curl import curl_command
from entra_oauth.recording.report.parameter_rows import tables
from entra_oauth.recording.report.parts import visible
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import (
    actors,
    cast_of,
    evidence_remark,
    message_kind,
    step_story,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.recording.step import Evidence, Half, Step
    from entra_oauth.recording.story import Cast

__all__ = ["as_curl", "as_http", "as_markdown", "as_mermaid"]

_BY_BROWSER = {
    Actor.PROGRAM: "The browser brought this to the program's listener; that has ended.",
    Actor.AUTHORITY: "The browser sent this to the authority; it is no request of the program's.",
}


def as_http(evidence: Evidence) -> str:
    """Each step's bytes as text, under a line that says which it is."""
    parts = [f"# {line}" for line in _remarks(evidence)]
    cast = cast_of(evidence.steps)
    for step in evidence.steps:
        parts.append(f"### {_heading(step, cast)}")
        for title, half in (("request", step.request), ("answer", step.response)):
            note = "" if is_as_sent(half) else f" ({seen_words(half)})"
            parts.append(f"# {title}{note}")
            parts.append(_lines(half))
    return "\n".join(parts) + "\n"


def _remarks(evidence: Evidence) -> list[str]:
    """What must be said before anything else: at most one line."""
    remark = evidence_remark(evidence)
    return [remark] if remark else []


def _heading(step: Step, cast: Cast) -> str:
    what = step_story(step, cast)
    way = f"{what.sender.value} to {what.receiver.value}"
    return f"{step.number} {plain(step.name)}: {what.title} ({way})"


def _lines(half: Half) -> str:
    """The message with its line ends as line ends, and every other control character named."""
    message = half.message
    decoded = message.decoded() if message.whole else None
    if decoded is None:
        data = half.data
    else:
        data = half.data[: len(half.data) - len(message.body)] + decoded
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "\n".join(plain(line, limit=100_000) for line in text.split("\n"))


# ---- curl -----------------------------------------------------------------------------


def as_curl(evidence: Evidence) -> str:
    """A shell script that sends each request of the program again."""
    head = [
        "#!/bin/sh",
        "# The requests of a recorded sign-in, for curl. Read before you run: a code is good",
        "# once, and every secret is a variable that you must set, as it goes on the wire",
        "# (in a form that is percent-encoded).",
        *(f"# {line}" for line in _remarks(evidence)),
        "set -eu",
    ]
    parts = ["\n".join(head)]
    cast = cast_of(evidence.steps)
    for step in evidence.steps:
        lines = [f"# {_heading(step, cast)}"]
        message = step.request.message
        if step.request.seen is Seen.ADDRESS or not message.whole:
            lines.append(f"# The browser opened: {plain(step.url, limit=8000)}")
        elif step.channel == "front":
            lines.append(f"# {_BY_BROWSER[step_story(step, cast).receiver]}")
        else:
            command = curl_command(message, step.url)
            lines += [f"# {name}: {plain(stands)}" for name, stands in command.variables]
            lines += [f"# Note: {remark}" for remark in command.remarks]
            lines.append(command.text)
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


# ---- Mermaid --------------------------------------------------------------------------


def as_mermaid(evidence: Evidence) -> str:
    """A sequence diagram (mermaid.js.org)."""
    lines = ["sequenceDiagram", "  autonumber"]
    known, cast = actors(evidence), cast_of(evidence.steps)
    for actor, host in known.items():
        shown = f"{actor.value}<br/>{_mermaid(host)}" if host else actor.value
        lines.append(f"  participant {actor.name} as {shown}")
    present = list(known)
    over = ",".join(actor.name for actor in present[:1] + present[1:][-1:])
    lines += [f"  Note over {over}: {_mermaid(line)}" for line in _remarks(evidence) if over]
    for step in evidence.steps:
        what = step_story(step, cast)
        sender, receiver = what.sender.name, what.receiver.name
        path = plain(step.url.partition("?")[0].partition("://")[2].partition("/")[2], limit=60)
        text = _mermaid(f"{what.title}: {step.method} /{path}")
        if step.name == "authorize" and Actor.PROGRAM in known:
            lines.append(f"  PROGRAM->>{sender}: {_mermaid('opens the authorize URL')}")
        lines.append(f"  {sender}->>{receiver}: {text}")
        response = step.http_response
        if response is not None:
            lines.append(f"  {receiver}-->>{sender}: {response.status} {_mermaid(response.reason)}")
        elif step.failure:
            lines.append(f"  Note over {sender},{receiver}: {_mermaid(step.failure)}")
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    # Mermaid reads # and ; as its own, and would run HTML.
    return re.sub(r"[#;<>&\"`{}\[\]|\\]", lambda m: f"#{ord(m[0])};", plain(text, limit=200))


# ---- Markdown -------------------------------------------------------------------------


def as_markdown(evidence: Evidence, *, seal: str = "") -> str:
    """The whole recording for people, in Markdown. `seal` is a sentence on its seal."""
    parts = [
        f"# {title_of(evidence)}",
        *(f"**{_markdown(line)}**" for line in _remarks(evidence)),
        "## Cover sheet",
        _markdown_table(("", ""), cover_rows(evidence, seal=seal)),
        "## The way of the messages",
        "```mermaid\n" + as_mermaid(evidence) + "```",
    ]
    cast = cast_of(evidence.steps)
    for step in evidence.steps:
        parts += _markdown_step(step, cast)
    if evidence.claims:
        parts.append("## What the recorder claims")
        parts.append(
            _markdown_table(
                ("claim", "verdict", "in words", "steps"),
                [
                    (c.name, c.verdict, c.detail, ", ".join(map(str, c.steps)))
                    for c in evidence.claims
                ],
            )
        )
    if told := mark_words(evidence):
        parts.append("## What was taken out")
        parts.append(_markdown_table(("in the marks", "what it was"), told))
    return "\n\n".join(parts) + "\n"


def _markdown_step(step: Step, cast: Cast) -> list[str]:
    what = step_story(step, cast)
    parts = [
        f"## {step.number}. {what.title}",
        f"{what.purpose} ({what.source})",
        f"{what.sender.value} to {what.receiver.value}: {seen_words(step.request)}.",
        _fenced(visible(step.request.data)),
    ]
    if step.response.seen is not Seen.NOTHING:
        parts += ["The answer:", _fenced(visible(step.response.data))]
    for table in tables(step, message_kind(step, cast)):
        parts.append(f"**{table.where}**")
        rows = [
            (row.name, row.raw or row.value, row.value, row.meaning, row.source)
            for row in table.rows
        ]
        parts.append(_markdown_table(("name", "raw", "decoded", "what for", "source"), rows))
    return parts


def _fenced(text: str) -> str:
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}text\n{text}\n{fence}"


def _markdown_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(_markdown(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", plain(text, limit=2000))
