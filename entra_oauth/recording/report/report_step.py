"""One step of the report: what for, what was sent and answered, how long it took."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.curl import curl_command
from entra_oauth.recording.report.parameter_rows import Row, Table, tables
from entra_oauth.recording.report.parts import (
    blanked,
    bytes_shown,
    facts,
    gap,
    linked,
    table,
    text,
)
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from entra_oauth.protocol.messages import Wire
    from entra_oauth.recording.findings import Finding
    from entra_oauth.recording.step import Half, Step

__all__ = ["finding", "step_section"]

_SEEN = {
    Seen.WIRE: "as on the wire",
    Seen.REBUILT: "put together from its parts; spacing may have differed",
    Seen.ADDRESS: "only the address is known: the browser sent the rest",
    Seen.NOTHING: "not seen",
}
_SYMBOLS = {"error": "✕", "warning": "▲", "note": "●", "undecidable": "?"}
_TIMES = ("dns", "connect", "tunnel", "tls", "send", "wait", "receive")
_WORDS = {
    "dns": "name look-up",
    "connect": "connection",
    "tunnel": "proxy",
    "tls": "TLS",
    "send": "sending",
    "wait": "waiting",
    "receive": "receiving",
}
_UNFOLDED = 2500
_LONG_VALUE = 240


def step_section(step: Step, findings: Sequence[Finding], *, learner: bool, blank: bool) -> str:
    """The section of a step."""
    what = told(step)
    kind = "front" if step.channel == "front" else "back"
    parts = [
        f'<article class="card" id="step-{step.number}" aria-labelledby="title-{step.number}">',
        f'<div class="title"><span class="number {kind}" aria-hidden="true">{step.number}</span>'
        f'<h2 id="title-{step.number}">{_hidden(step.number)}{escape(what.title)}</h2></div>',
        f'<p class="way">{what.sender.value} → {what.receiver.value} · {kind} channel · '
        f"{linked(what.source)}</p>",
    ]
    if blank:
        parts += ["<p>What is this step for, and what would happen without it?</p>", blanked(3)]
    else:
        parts.append(f"<p>{escape(what.purpose)}</p>")
        if learner:
            why = f"<p><strong>Why so?</strong> {escape(what.lesson)}</p>"
            parts.append(f'<div class="lesson">{why}</div>')
    if step.failure:
        parts.append(f"<p><strong>It ended with an error:</strong> {text(step.failure)}</p>")
    if not blank:
        parts += [finding(each) for each in findings]
    parts += [_half("Request", step.request, blank), _half("Answer", step.response, blank)]
    parts += [_table(each, blank) for each in tables(step)]
    if not blank:
        parts += [_times(step), _connection(step.link), _curl(step)]
    return "\n".join([*(part for part in parts if part), "</article>"])


def _hidden(number: int) -> str:
    return f'<span class="unseen">Step {number}: </span>'


def finding(each: Finding) -> str:
    """One finding; its severity as a word and a symbol, not as a colour alone."""
    severity = each.severity.value
    return (
        f'<div class="finding {severity}"><p><span class="word">'
        f'<span aria-hidden="true">{_SYMBOLS[severity]} </span>{severity}</span> '
        f"<strong>{text(each.id, limit=40)}</strong> {text(each.text)}</p>"
        f'<p class="small">{linked(each.source)}{" · " if each.mend else ""}{text(each.mend)}</p>'
        "</div>"
    )


def _half(title: str, half: Half, blank: bool) -> str:
    if half.seen is Seen.NOTHING:
        return f"<h3>{title}</h3><p>Not seen.</p>" if title == "Answer" else ""
    about = [f"{len(half.data):,} bytes", _SEEN[half.seen]]
    if half.original_size is not None and half.original_size != len(half.data):
        about.append(f"{half.original_size:,} bytes on the wire")
    if half.changes:
        about.append(f"also changed: {', '.join(half.changes)}")
    opened = " open" if title == "Request" or len(half.data) < _UNFOLDED else ""
    shown = bytes_shown(half.data, blank=blank)
    more = ""
    message = half.message
    if message.whole and (message.is_chunked or message.coding):
        body = message.decoded()
        if body is not None:
            more = f"<h3>Its body, unpacked</h3><pre>{bytes_shown(body, blank=blank)}</pre>"
    return (
        f'<details{opened}><summary>{title} <span class="quiet">· {text("; ".join(about))}</span>'
        f"</summary><pre>{shown}</pre>{more}</details>"
    )


def _table(each: Table, blank: bool) -> str:
    has_raw = any(row.raw for row in each.rows)
    heads = ("name", *(("as on the wire",) if has_raw else ()), "decoded", "what for", "source")
    return table(each.where, heads, [_row(row, has_raw, blank) for row in each.rows])


def _row(row: Row, has_raw: bool, blank: bool) -> tuple[str, ...]:
    cells = [f"<code>{text(row.name, limit=80)}</code>"]
    if has_raw:
        cells.append("" if blank else text(row.raw))
    cells += [gap(), gap()] if blank else [_value(row.value), escape(row.meaning)]
    return (*cells, linked(row.source))


def _value(value: str) -> str:
    """A long one only in part: its bytes stand above."""
    if len(value) <= _LONG_VALUE or PLACEHOLDERS.fullmatch(value.encode("utf-8", "replace")):
        return text(value)
    return f"{text(value[: _LONG_VALUE // 3])}… ({len(value):,} characters)"


def _times(step: Step) -> str:
    at = datetime.fromtimestamp(step.started_at, UTC).strftime("%H:%M:%S.%f")[:-3]
    times = {name: getattr(step.link.times, name) for name in _TIMES}
    known = {name: value for name, value in times.items() if value is not None}
    if step.link.kept:
        known = {n: v for n, v in known.items() if n in ("send", "wait", "receive")}
    if not known:
        return f'<p class="quiet small">At {at} UTC.</p>'
    total = sum(known.values()) or 1
    rects, keys, x = [], [], 0.0
    for name, value in known.items():
        width = value / total * 1000
        rects.append(f'<rect class="{name}" x="{x:.1f}" y="0" width="{width:.1f}" height="10"/>')
        x += width
        keys.append(
            f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{name}" width="10" '
            f'height="10" rx="2"/></svg>{_WORDS[name]} {value * 1000:.1f} ms</li>'
        )
    kept = " On a connection that stood already." if step.link.kept else ""
    return (
        f'<h3>Time</h3><p class="quiet small">At {at} UTC, {total * 1000:.1f} ms in all.{kept}</p>'
        '<div class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" '
        'aria-hidden="true">'
        f"{''.join(rects)}</svg></div>"
        f'<ul class="keys small">{"".join(keys)}</ul>'
    )


def _connection(link: Wire) -> str:
    certificates = "<br>".join(
        f"<code>{hashlib.sha256(der).hexdigest()}</code>" for der in link.certificates
    )
    pairs = [
        ("Peer", text(link.peer or "")),
        ("Proxy", text(link.proxy or "")),
        ("TLS", text(link.tls_version or "")),
        ("Cipher", text(link.cipher or "")),
        ("ALPN", text(link.alpn or "")),
        ("Certificate (SHA-256)", certificates),
    ]
    shown = facts(pairs)
    return f"<h3>Connection</h3>{shown}" if shown else ""


def _curl(step: Step) -> str:
    if step.channel == "front" or step.request.seen in (Seen.ADDRESS, Seen.NOTHING):
        return ""
    message = step.request.message
    if not message.whole:
        return ""
    command = curl_command(message, step.url)
    notes: Iterable[str] = ()
    if command.variables:
        listed = "; ".join(
            f"<code>{escape(n)}</code> is the {text(s)}" for n, s in command.variables
        )
        notes = [f"<p>Set these first, as they go on the wire: {listed}.</p>"]
    notes = [*notes, *(f"<p>{escape(remark)}</p>" for remark in command.remarks)]
    shown = "\n".join(text(line, limit=200_000) for line in command.text.split("\n"))
    return (
        "<details><summary>Repeat it with curl</summary>"
        f"{''.join(notes)}<pre>{shown}</pre></details>"
    )
