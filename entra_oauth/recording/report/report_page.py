"""The report: a recording as one HTML file that anybody can read.

No script, no image, nothing from elsewhere. Every text from outside is shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import plain
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.cover.cover_sheet import ON_THE_SHEET, cover_rows, made_by
from entra_oauth.recording.cover.mark_words import mark_words
from entra_oauth.recording.findings import Finding, Severity
from entra_oauth.recording.report.diagram import diagram
from entra_oauth.recording.report.html_file import banner, html_file
from entra_oauth.recording.report.parts import NOTHING, facts, plural, table, text
from entra_oauth.recording.report.report_step import finding, step_section
from entra_oauth.recording.step import Level, Seen
from entra_oauth.recording.story import cast_of, evidence_remark, step_story, title_of

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence, Step
    from entra_oauth.recording.story import Cast

__all__ = ["as_html"]

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.UNDECIDABLE)


def as_html(
    evidence: Evidence,
    *,
    findings: Sequence[Finding] | None = None,
    learner: bool = False,
    blank: bool = False,
    seal: str = "",
) -> Html:
    """The whole file.

    `findings` None: nobody looked for any, and none are spoken of. `learner` adds why
    each step is as it is; `blank` leaves the values out: a worksheet. `seal` is a sentence
    on the recording's seal, for its cover sheet.
    """
    title = title_of(evidence)
    if blank:
        title = f"Worksheet: {title[:1].lower()}{title[1:]}"
    body = [_top(evidence, title, blank=blank), Html('<main id="content"><div class="wide">')]
    if not blank:
        body.append(_cover(evidence, seal))
    if findings is not None and not blank:
        body.append(_findings(findings))
    body += [
        _messages(evidence),
        Html('<section aria-labelledby="steps-title"><h2 id="steps-title">Step by step</h2>'),
        _legend(evidence, blank=blank),
    ]
    cast = cast_of(evidence.steps)
    decided = [each for each in findings or () if each.severity is not Severity.UNDECIDABLE]
    for step in evidence.steps:
        here = [each for each in decided if each.step == step.number]
        body.append(step_section(step, cast, here, learner=learner, blank=blank))
    body.append(Html("</section>"))
    if not blank:
        body += [_claims(evidence), _ledger(evidence), _facts(evidence)]
    body.append(Html("</div></main>"))
    remark = evidence_remark(evidence)
    return html_file(title, joined((part for part in body if part), "\n"), remark=remark)


def _top(evidence: Evidence, title: str, *, blank: bool) -> Html:
    lead = (
        "Every message of one sign-in, with its values left out. Fill in what belongs there, and "
        "say what each step is for."
        if blank
        else f"Every message that was recorded, {_how_exact(evidence)}."
    )
    made = f"{made_by(evidence)}, {plural(len(evidence.steps), 'step')}"
    return html(
        '<header class="top"><div class="wide">'
        '<p class="kicker">entra-oauth · a recording</p>'
        '<h1>{}</h1>{}<p class="lead">{}</p><p class="quiet">{}</p></div></header>',
        *(title, banner(evidence_remark(evidence)), lead, made),
    )


def _how_exact(evidence: Evidence) -> str:
    halves = [half for step in evidence.steps for half in (step.request, step.response)]
    if not any(half.seen is Seen.REBUILT for half in halves):
        left = "" if evidence.level is Level.NONE else " but for what was taken out"
        return f"byte by byte{left}"
    left = "" if evidence.level is Level.NONE else "; what was taken out is marked"
    return f"put together from its parts where its bytes are not known{left}"


def _cover(evidence: Evidence, seal: str) -> Html:
    rows = joined(
        html("<div><dt>{}</dt><dd>{}</dd></div>", name, text(words))
        for name, words in cover_rows(evidence, seal=seal)
    )
    return html(
        '<section class="card" aria-labelledby="cover-title">'
        '<h2 id="cover-title">Cover sheet</h2><dl class="sheet">{}</dl></section>',
        rows,
    )


def _findings(findings: Sequence[Finding]) -> Html:
    decided = [each for each in findings if each.severity is not Severity.UNDECIDABLE]
    ordered = sorted(decided, key=lambda each: _ORDER.index(each.severity))
    counts = [(s, sum(each.severity is s for each in findings)) for s in _ORDER]
    summary = ", ".join(
        plural(n, s.value) if s is not Severity.UNDECIDABLE else f"{n} undecidable"
        for s, n in counts
        if n
    )
    return html(
        '<section aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>'
        "<p>{}</p>{}</section>",
        summary or "Nothing was found against the rules.",
        joined([*(finding(each, _place(each)) for each in ordered), _undecided(findings)]),
    )


def _undecided(findings: Sequence[Finding]) -> Html:
    """What nobody can decide, by its reason: in a recording of a browser's that is most rules."""
    reasons: dict[str, list[Finding]] = {}
    for each in findings:
        if each.severity is Severity.UNDECIDABLE:
            reasons.setdefault(each.text, []).append(each)
    if not reasons:
        return NOTHING
    rows = [
        (text(reason), joined((_named(each) for each in those), "<br>"))
        for reason, those in reasons.items()
    ]
    count = sum(map(len, reasons.values()))
    return html(
        "<details><summary>{}</summary>{}</details>",
        *(
            f"{count} undecidable, and why",
            table("By reason", ("why", "rules"), rows, widths="why"),
        ),
    )


def _named(each: Finding) -> Html:
    step = html(' <a href="#step-{}">step {}</a>', each.step, each.step) if each.step else NOTHING
    return html("<strong>{}</strong> {}{}", text(each.id, limit=40), text(each.rule), step)


def _place(each: Finding) -> Html:
    if each.step is None:
        return NOTHING
    return html('<p class="small"><a href="#step-{}">Step {}</a></p>', each.step, each.step)


def _messages(evidence: Evidence) -> Html:
    cast = cast_of(evidence.steps)
    return html(
        '<section aria-labelledby="way-title"><h2 id="way-title">The way of the messages</h2>'
        '<div class="card diagram" role="region" tabindex="0" aria-label="Sequence diagram">'
        '{}</div><h3>The same as a list</h3><nav aria-label="Steps"><ol class="steps">'
        "{}</ol></nav></section>",
        *(diagram(evidence), joined(_listed(step, cast) for step in evidence.steps)),
    )


def _listed(step: Step, cast: Cast) -> Html:
    what = step_story(step, cast)
    kind = "front" if step.channel == "front" else "back"
    response, came, failed = step.http_response, NOTHING, NOTHING
    if response is not None:
        came = html(" Answer: {} {}.", response.status, text(response.reason))
    if step.failure:
        failed = html(" It ended with {}.", text(step.failure))
    return html(
        '<li><span class="number {}">{}</span><span><a href="#step-{}">{}</a><br>'
        '<span class="quiet small">{} to {}, {} channel.{}{}</span></span></li>',
        *(kind, step.number, step.number, what.title),
        *(what.sender.value, what.receiver.value, kind, came, failed),
    )


def _legend(evidence: Evidence, *, blank: bool) -> Html:
    if blank:
        return NOTHING
    taken = Html(
        " A value that was taken out is shown as <mark>code #0123456789, 896 characters</mark>"
        ": its kind, a tag and its length. Equal tags mean equal values in this recording; "
        "the key of the tags was thrown away."
    )
    return html(
        '<p class="quiet"><span class="eol">CR</span><span class="eol">LF</span> is a line end on '
        "the wire. Control characters are named, such as &lt;ESC&gt;.{}</p>",
        taken if evidence.level is not Level.NONE else NOTHING,
    )


def _claims(evidence: Evidence) -> Html:
    rows = [
        (
            html("<code>{}</code>", text(claim.name, limit=60)),
            html("<strong>{}</strong>", text(claim.verdict, limit=60)),
            text(claim.detail),
            _to_steps(claim.steps),
        )
        for claim in evidence.claims
    ]
    if not rows:
        return NOTHING
    return html(
        '<section class="card" aria-labelledby="claims-title">'
        '<h2 id="claims-title">What the recorder says</h2>'
        "<p>Seen by the program while the secrets were there. It is the word of whoever recorded; "
        "nobody can check it afterwards.</p>{}</section>",
        table("Claims", ("claim", "verdict", "in words", "steps"), rows, widths="claims"),
    )


def _to_steps(numbers: Sequence[int]) -> Html:
    return joined((html('<a href="#step-{}">{}</a>', n, n) for n in numbers), ", ")


def _ledger(evidence: Evidence) -> Html:
    rows = [
        (
            html("<code>{}</code>", text(entry.kind, limit=20)),
            html("<code>{}</code>", text(entry.tag, limit=20)) if entry.tag else "a fixed mask",
            "" if entry.length is None else f"{entry.length:,}",
            _to_steps(entry.steps),
            html("<code>{}</code>", text(entry.sha256, limit=80)) if entry.sha256 else "",
        )
        for entry in evidence.ledger
    ]
    if not rows:
        return NOTHING
    heads = ("kind", "tag", "characters", "steps", "SHA-256, of long tokens")
    return html(
        '<section class="card" aria-labelledby="ledger-title">'
        '<h2 id="ledger-title">What was taken out</h2>'
        "{}<details><summary>{}</summary>{}</details></section>",
        _kinds(evidence),
        *(plural(len(rows), "value"), table("Values", heads, rows, widths="values")),
    )


def _kinds(evidence: Evidence) -> Html:
    told = [html("<code>{}</code>: {}", *each) for each in mark_words(evidence)]
    return html("<p>{}.</p>", joined(told, "; ")) if told else NOTHING


def _facts(evidence: Evidence) -> Html:
    pairs = [
        (plain(name.replace("_", " "), limit=60), _fact(value))
        for name, value in evidence.facts.items()
        if name not in ON_THE_SHEET
    ]
    if not pairs:
        return NOTHING
    return html(
        '<section class="card" aria-labelledby="facts-title">'
        '<h2 id="facts-title">Where it was recorded</h2>'
        '{}<p class="quiet small">Of variables of the environment only the names '
        "are kept.</p></section>",
        facts(pairs),
    )


def _fact(value: Any) -> Html:
    if isinstance(value, dict):
        lines = (html("{}: {}", text(str(k)), _fact(v)) for k, v in value.items())
        return joined(lines, "<br>")
    if isinstance(value, list):
        return joined(map(_fact, value), ", ") or text("none")
    if isinstance(value, bool):
        return text("yes" if value else "no")
    return text(str(value) if value is not None else "–")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
