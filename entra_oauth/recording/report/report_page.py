"""The report: a recording as one HTML file that anybody can read.

No script, no image, nothing from elsewhere; the browser is told to allow only this
style sheet (Content-Security-Policy by hash). Every text from outside is shown as text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

from entra_oauth._version import __version__
from entra_oauth.errors import plain
from entra_oauth.recording.findings import Finding, Severity
from entra_oauth.recording.report.diagram import diagram
from entra_oauth.recording.report.parts import (
    facts,
    plural,
    table,
    text,
)
from entra_oauth.recording.report.report_step import finding, step_section
from entra_oauth.recording.report.report_style import STYLE
from entra_oauth.recording.step import Level
from entra_oauth.recording.story import told

if TYPE_CHECKING:
    from entra_oauth.recording.step import Evidence

__all__ = ["as_html"]

_LEVELS = {
    Level.SECRETS: "secrets taken out; people and tenants are named",
    Level.PII: "secrets and names of people and tenants taken out",
    Level.NONE: "nothing taken out",
}
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTE, Severity.UNDECIDABLE)


def as_html(
    evidence: Evidence,
    *,
    findings: Sequence[Finding] | None = None,
    learner: bool = False,
    blank: bool = False,
) -> str:
    """The whole file.

    `findings` None: nobody looked for any, and none are spoken of. `learner` adds why
    each step is as it is; `blank` leaves the values out: a worksheet.
    """
    digest = b64encode(sha256(STYLE.encode()).digest()).decode("ascii")
    title = "Worksheet: a sign-in with Entra ID" if blank else "A sign-in with Entra ID"
    body = [_top(evidence, title, blank=blank), '<main id="content"><div class="wide">']
    if findings is not None and not blank:
        body.append(_findings(findings))
    body.append(_way(evidence))
    body.append('<section aria-labelledby="steps-title"><h2 id="steps-title">Step by step</h2>')
    body.append(_legend(evidence, blank=blank))
    for step in evidence.steps:
        here = [each for each in findings or () if each.step == step.number]
        body.append(step_section(step, here, learner=learner, blank=blank))
    body.append("</section>")
    if not blank:
        body += [_claims(evidence), _not_seen(evidence), _ledger(evidence), _facts(evidence)]
    body.append("</div></main>")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
{chr(10).join(part for part in body if part)}
<footer><div class="wide"><p class="small">Made by entra-oauth {escape(__version__)}. This file \
holds no script and loads nothing.</p></div></footer>
</body>
</html>
"""


def _top(evidence: Evidence, title: str, *, blank: bool) -> str:
    at = datetime.fromtimestamp(evidence.created_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    program = _dict(evidence.facts.get("program"))
    verb = str(program.get("verb") or "")
    made_by = f"{program.get('name', 'entra-oauth')} {program.get('version', '')} {verb}".strip()
    lead = (
        "Every message of one sign-in, with its values left out. Fill in what belongs there, and "
        "say what each step is for."
        if blank
        else "Every message of one sign-in, byte by byte, as far as this machine saw them."
    )
    pairs = [
        ("Recorded", text(at)),
        ("With", text(made_by)),
        ("Steps", str(len(evidence.steps))),
        ("Contents", _LEVELS[evidence.level]),
    ]
    return (
        '<header class="top"><div class="wide">'
        '<p class="kicker">entra-oauth · recorded on the wire</p>'
        f'<h1>{title}</h1><p class="lead">{lead}</p>{facts(pairs)}</div></header>'
    )


def _findings(findings: Sequence[Finding]) -> str:
    ordered = sorted(findings, key=lambda each: _ORDER.index(each.severity))
    counts = [(s, sum(each.severity is s for each in findings)) for s in _ORDER]
    summary = ", ".join(
        plural(n, s.value) if s is not Severity.UNDECIDABLE else f"{n} undecidable"
        for s, n in counts
        if n
    )
    parts = [
        '<section aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>',
        f"<p>{summary or 'Nothing was found against the rules.'}</p>",
    ]
    for each in ordered:
        where = ""
        if each.step is not None:
            where = f'<p class="small"><a href="#step-{each.step}">Step {each.step}</a></p>'
        parts.append(finding(each).replace("</div>", f"{where}</div>"))
    return "".join([*parts, "</section>"])


def _way(evidence: Evidence) -> str:
    items = []
    for step in evidence.steps:
        what = told(step)
        kind = "front" if step.channel == "front" else "back"
        response = step.http_response
        came = f" Answer: {response.status} {text(response.reason)}." if response else ""
        failed = f" It ended with {text(step.failure)}." if step.failure else ""
        items.append(
            f'<li><span class="number {kind}">{step.number}</span><span>'
            f'<a href="#step-{step.number}">{escape(what.title)}</a><br>'
            f'<span class="quiet small">{what.sender.value} to {what.receiver.value}, '
            f"{kind} channel.{came}{failed}</span></span></li>"
        )
    return (
        '<section aria-labelledby="way-title"><h2 id="way-title">The way of the messages</h2>'
        '<div class="card diagram" role="region" tabindex="0" aria-label="Sequence diagram">'
        f"{diagram(evidence)}</div>"
        '<h3>The same as a list</h3><nav aria-label="Steps"><ol class="steps">'
        f"{''.join(items)}</ol></nav></section>"
    )


def _legend(evidence: Evidence, *, blank: bool) -> str:
    if blank:
        return ""
    taken = ""
    if evidence.level is not Level.NONE:
        taken = (
            " A value that was taken out is shown as <mark>code #0123456789, 896 characters</mark>"
            ": its kind, a tag and its length. Equal tags mean equal values in this recording; "
            "the key of the tags was thrown away."
        )
    return (
        '<p class="quiet"><span class="eol">CR</span><span class="eol">LF</span> is a line end on '
        f"the wire. Control characters are named, such as &lt;ESC&gt;.{taken}</p>"
    )


def _claims(evidence: Evidence) -> str:
    rows = [
        (
            f"<code>{text(claim.name, limit=60)}</code>",
            f"<strong>{text(claim.verdict, limit=60)}</strong>",
            text(claim.detail),
            ", ".join(f'<a href="#step-{n}">{n}</a>' for n in claim.steps),
        )
        for claim in evidence.claims
    ]
    if not rows:
        return ""
    return (
        '<section class="card" aria-labelledby="claims-title">'
        '<h2 id="claims-title">What the recorder says</h2>'
        "<p>Seen by the program while the secrets were there. It is the word of whoever recorded; "
        "nobody can check it afterwards.</p>"
        f"{table('Claims', ('claim', 'verdict', 'in words', 'steps'), rows)}</section>"
    )


def _not_seen(evidence: Evidence) -> str:
    if not evidence.not_seen:
        return ""
    items = "".join(f"<li>{text(line)}</li>" for line in evidence.not_seen)
    return (
        '<section class="card" aria-labelledby="unseen-title">'
        f'<h2 id="unseen-title">What is not here</h2><ul>{items}</ul></section>'
    )


def _ledger(evidence: Evidence) -> str:
    rows = [
        (
            f"<code>{text(entry.kind, limit=20)}</code>",
            f"<code>{text(entry.tag, limit=20)}</code>" if entry.tag else "a fixed mask",
            "" if entry.length is None else f"{entry.length:,}",
            ", ".join(f'<a href="#step-{n}">{n}</a>' for n in entry.steps),
            f"<code>{text(entry.sha256, limit=80)}</code>" if entry.sha256 else "",
        )
        for entry in evidence.ledger
    ]
    if not rows:
        return ""
    heads = ("kind", "tag", "characters", "steps", "SHA-256, of long tokens")
    return (
        '<section class="card" aria-labelledby="ledger-title">'
        '<h2 id="ledger-title">What was taken out</h2>'
        f"<details><summary>{plural(len(rows), 'value')}</summary>"
        f"{table('Values', heads, rows)}</details></section>"
    )


def _facts(evidence: Evidence) -> str:
    pairs = [
        (plain(name.replace("_", " "), limit=60), _fact(value))
        for name, value in evidence.facts.items()
    ]
    if not pairs:
        return ""
    return (
        '<section class="card" aria-labelledby="facts-title">'
        '<h2 id="facts-title">Where it was recorded</h2>'
        f'{facts(pairs)}<p class="quiet small">Of variables of the environment only the names '
        "are kept.</p></section>"
    )


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{text(str(k))}: {_fact(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_fact(each) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text(str(value)) if value is not None else "–"


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
