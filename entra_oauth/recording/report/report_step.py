"""One step of the report: what for, what was sent and answered, how long it took."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.moments import utc
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.cover.seen_words import change_words, seen_words
from entra_oauth.recording.curl import curl_command
from entra_oauth.recording.report.parameter_rows import ParameterRow, Table, tables
from entra_oauth.recording.report.parts import (
    NOTHING,
    blanked,
    bytes_shown,
    facts,
    gap,
    linked,
    table,
    text,
)
from entra_oauth.recording.step import Seen
from entra_oauth.recording.story import message_kind, step_story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from entra_oauth.protocol.glossary.message_stories import MessageStory
    from entra_oauth.protocol.messages import Wire
    from entra_oauth.recording.findings import Finding
    from entra_oauth.recording.step import Half, Step
    from entra_oauth.recording.story import Cast

__all__ = ["finding", "step_section"]

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
_HTML = re.compile(rb"\r\nContent-Type: *text/html\b", re.IGNORECASE)
_LONG_VALUE = 240


def step_section(
    step: Step, cast: Cast, findings: Sequence[Finding], *, learner: bool, blank: bool
) -> Html:
    """The section of a step."""
    what = step_story(step, cast)
    parts = [_opening(step, what), _purpose(what, learner=learner, blank=blank)]
    if step.failure:
        ended = html("<p><strong>It ended with an error:</strong> {}</p>", text(step.failure))
        parts.append(ended)
    if not blank:
        parts += [finding(each) for each in findings]
    parts += [_half("Request", step.request, blank), _half("Answer", step.response, blank)]
    parts += [_table(each, blank) for each in tables(step, message_kind(step, cast))]
    if not blank:
        parts += [_times(step), _connection(step.link), _curl(step)]
    return joined([*(part for part in parts if part), Html("</article>")], "\n")


def _opening(step: Step, what: MessageStory) -> Html:
    kind = "front" if step.channel == "front" else "back"
    return html(
        '<article class="card" id="step-{}" aria-labelledby="title-{}">\n'
        '<div class="title"><span class="number {}" aria-hidden="true">{}</span>'
        '<h2 id="title-{}"><span class="unseen">Step {}: </span>{}</h2></div>\n'
        '<p class="way">{} → {} · {} channel · {}</p>',
        *(step.number, step.number),
        *(kind, step.number),
        *(step.number, step.number, what.title),
        *(what.sender.value, what.receiver.value, kind, linked(what.source)),
    )


def _purpose(what: MessageStory, *, learner: bool, blank: bool) -> Html:
    if blank:
        question = "<p>What is this step for, and what would happen without it?</p>\n{}"
        return html(question, blanked(3))
    if not learner:
        return html("<p>{}</p>", what.purpose)
    return html(
        '<p>{}</p>\n<div class="lesson"><p><strong>Why so?</strong> {}</p></div>',
        *(what.purpose, what.lesson),
    )


def finding(each: Finding, more: Html = NOTHING) -> Html:
    """One finding; its severity as a word and a symbol, not as a colour alone.

    `more` stands below it.
    """
    severity = each.severity.value
    return html(
        '<div class="finding {}"><p><span class="word"><span aria-hidden="true">{} </span>{}</span>'
        " <strong>{}</strong> Rule: {}</p><p>Found: {}</p>"
        '<p class="small">{}{}{}</p>{}</div>',
        *(severity, _SYMBOLS[severity], severity),
        *(text(each.id, limit=40), text(each.rule), text(each.text)),
        *(linked(each.source), " · " if each.mend else "", text(each.mend), more),
    )


def _half(title: str, half: Half, blank: bool) -> Html:
    if half.seen is Seen.NOTHING:
        return html("<h3>{}</h3><p>Not seen.</p>", title) if title == "Answer" else NOTHING
    about = [f"{len(half.data):,} bytes", seen_words(half)]
    was = half.original_size if half.seen is Seen.WIRE else None
    if was is not None and was != len(half.data):
        about.append(f"{was:,} bytes on the wire")
    if half.changes:
        about.append(f"also changed: {change_words(half)}")
    is_left_out = blank and _has_page(half.data)
    shown = half.data
    if is_left_out:
        shown = b"%b\r\n\r\n" % shown.partition(b"\r\n\r\n")[0]
        about.append("its page is left out")
    is_open = title == "Request" or len(half.data) < _UNFOLDED
    more = NOTHING
    message = half.message
    if message.whole and (message.is_chunked or message.coding) and not is_left_out:
        body = message.decoded()
        if body is not None:
            unpacked = bytes_shown(body, blank=blank)
            more = html("<h3>Its body, unpacked</h3><pre>{}</pre>", unpacked)
    return html(
        '<details{}><summary>{} <span class="quiet">· {}</span></summary><pre>{}</pre>{}</details>',
        *(" open" if is_open else "", title, text("; ".join(about))),
        *(bytes_shown(shown, blank=blank), more),
    )


def _has_page(data: bytes) -> bool:
    """True for a message with HTML, of whose markup nobody could fill in what is left out."""
    return bool(_HTML.search(data.partition(b"\r\n\r\n")[0]))


def _table(each: Table, blank: bool) -> Html:
    has_raw = not blank and any(row.raw for row in each.rows)
    heads = ("name", *(("as on the wire",) if has_raw else ()), "decoded", "what for", "source")
    widths = "on-the-wire" if has_raw else "parameters"
    return table(each.where, heads, [_row(row, has_raw, blank) for row in each.rows], widths=widths)


def _row(row: ParameterRow, has_raw: bool, blank: bool) -> tuple[str, ...]:
    cells: list[str] = [html("<code>{}</code>", text(row.name, limit=80))]
    if has_raw:
        cells.append(text(row.raw))
    cells += [gap(), gap()] if blank else [_value(row.value), row.meaning]
    return (*cells, linked(row.source))


def _value(value: str) -> Html:
    """A long one only in part: its bytes stand above."""
    if len(value) <= _LONG_VALUE or PLACEHOLDERS.fullmatch(value.encode("utf-8", "replace")):
        return text(value)
    return html("{}… ({} characters)", text(value[: _LONG_VALUE // 3]), f"{len(value):,}")


def _times(step: Step) -> Html:
    at = f"{utc(step.started_at):%H:%M:%S.%f}"[:-3]
    times = {name: getattr(step.link.times, name) for name in _TIMES}
    known = {name: value for name, value in times.items() if value is not None}
    if step.link.reused:
        known = {n: v for n, v in known.items() if n in ("send", "wait", "receive")}
    if not known:
        return html('<p class="quiet small">At {} UTC.</p>', at)
    total = sum(known.values()) or 1
    rects, keys, x = [], [], 0.0
    for name, value in known.items():
        width = value / total * 1000
        rect = '<rect class="{}" x="{}" y="0" width="{}" height="10"/>'
        rects.append(html(rect, name, f"{x:.1f}", f"{width:.1f}"))
        x += width
        keys.append(
            html(
                '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" '
                'height="10" rx="2"/></svg>{} {} ms</li>',
                *(name, _WORDS[name], f"{value * 1000:.1f}"),
            )
        )
    return html(
        '<h3>Time</h3><p class="quiet small">At {} UTC, {} ms in all.{}</p>'
        '<div class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" '
        'aria-hidden="true">{}</svg></div><ul class="keys small">{}</ul>',
        *(at, f"{total * 1000:.1f}"),
        " On a connection that stood already." if step.link.reused else "",
        *(joined(rects), joined(keys)),
    )


def _connection(link: Wire) -> Html:
    digests = (hashlib.sha256(der).hexdigest() for der in link.certificates)
    pairs = [
        ("Peer", text(link.peer or "")),
        ("Proxy", text(link.proxy or "")),
        ("TLS", text(link.tls_version or "")),
        ("Cipher", text(link.cipher or "")),
        ("ALPN", text(link.alpn or "")),
        ("Certificate (SHA-256)", joined((html("<code>{}</code>", d) for d in digests), "<br>")),
    ]
    shown = facts(pairs)
    return html("<h3>Connection</h3>{}", shown) if shown else NOTHING


def _curl(step: Step) -> Html:
    if step.channel == "front" or step.request.seen in (Seen.ADDRESS, Seen.NOTHING):
        return NOTHING
    message = step.request.message
    if not message.whole:
        return NOTHING
    command = curl_command(message, step.url)
    notes: list[Html] = []
    if command.variables:
        listed = (html("<code>{}</code> is the {}", n, text(s)) for n, s in command.variables)
        first = "<p>Set these first, as they go on the wire: {}.</p>"
        notes.append(html(first, joined(listed, "; ")))
    notes += [html("<p>{}</p>", remark) for remark in command.remarks]
    shown = joined((text(line, limit=200_000) for line in command.text.split("\n")), "\n")
    return html(
        "<details><summary>Repeat it with curl</summary>{}<pre>{}</pre></details>",
        *(joined(notes), shown),
    )
