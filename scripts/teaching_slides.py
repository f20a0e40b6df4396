"""The slides: one HTML file without a script, to be shown, or printed one to a page."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import meaning_of
from entra_oauth.protocol.messages import parse_form
from entra_oauth.recording.report.diagram import diagram
from entra_oauth.recording.report.html_file import style as report_style
from entra_oauth.recording.report.parts import bytes_shown, linked, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from entra_oauth.lessons.labs.lab import Demonstration, Lab
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["slides"]

Shown = tuple["Lab", "Demonstration", "Demonstration"]

_OWN = """
.slide {
  max-width: 64rem; margin: 1.5rem auto; padding: 2rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: .75rem;
}
.slide h2 { font-size: clamp(1.4rem, 1.1rem + 1.4vw, 2rem); margin: 0 0 1rem; }
.slide p, .slide li { font-size: 1.125rem; }
.slide .small, .slide td, .slide th { font-size: 1rem; }
.slide ul, .slide ol { padding-left: 1.4rem; }
.slide pre { font-size: .8125rem; }
.label { font-weight: 700; }
.halves { display: grid; gap: 1rem; }
@media (min-width: 56rem) { .halves { grid-template-columns: 1fr 1fr; } }
.half { padding: 1rem 1.25rem; border-left: .25rem solid var(--error); background: var(--soft); }
.half.on { border-color: var(--good); }
.half h3 { margin: 0 0 .5rem; font-size: 1.125rem; }
.half ul { margin: 0 0 .75rem; padding-left: 1.2rem; }
.half li, .half p { font-size: 1rem; }
.half p:last-child { margin: 0; font-weight: 600; }
.page { color: var(--quiet); font-size: .875rem; text-align: right; margin: 1rem 0 0; }
@media (max-width: 44rem) { .slide { padding: 1rem; border-radius: .5rem; } }
@media print {
  @page { size: A4 landscape; margin: 12mm 14mm; }
  main { padding: 0; }
  .slide {
    max-width: none; margin: 0; padding: 0; border: 0; border-radius: 0;
    break-after: page; break-inside: avoid;
  }
  .slide:last-of-type { break-after: auto; }
  .slide pre { font-size: 10pt; line-height: 1.45; }
  #answer pre { font-size: 8pt; }
  #two td, #two th { font-size: 9pt; padding-top: .25rem; padding-bottom: .25rem; }
  .slide .diagram { padding: 0; }
  .slide .diagram svg { width: auto; max-width: 100%; max-height: 150mm; margin: 0 auto; }
  .halves { grid-template-columns: 1fr 1fr; }
  header.top { break-after: page; border: 0; }
  footer { display: none; }
}
"""

_ROLES = (
    ("The person", "Alice. Signs in, and allows. Her password is for the authority only."),
    ("The browser", "Hers, not ours. Carries two messages, and others may read along."),
    ("The program", "The client. A native app: it has no secret that it could keep."),
    ("The authority", "Microsoft Entra ID; here the practice tenant. Asks, and issues."),
    ("The API", "Azure Databricks; here a toy. Takes a token that was made for it."),
    ("Mallory", "Has an account of her own, and reads whatever stands in an address."),
)
_STOPS = (
    ("state", "an answer that nobody asked for", 1),
    ("code_challenge, code_verifier", "a code in the hands of a thief", 2),
    ("one use, ten minutes", "a code that is found later", 3),
    ("redirect_uri, compared whole", "a code that is sent to somebody else", 4),
    ("response_mode=form_post", "a code in the history", 9),
    ("aud", "a token at the wrong API", 12),
    ("RS256 and published keys", "a token that somebody wrote", 13),
    ("no password in the program", "a password that is lost", 14),
)


def slides(article: Evidence, hardened: Evidence, shown: Sequence[Shown]) -> str:
    """The whole file."""
    parts = [
        _slide("roles", "Who takes part", _roles()),
        _slide("way", "The way of the messages", _way(hardened)),
        *_steps(hardened),
        _slide("two", "Two procedures, one flow", _two(article, hardened)),
        *(_lab(*each) for each in shown),
        _slide("stops", "What stops what", _stops()),
        _slide("home", "At home, with your own tenant", _home()),
    ]
    count = len(parts)
    numbered = (
        part.replace("</section>", f'<p class="page">{n} of {count}</p></section>')
        for n, part in enumerate(parts, start=1)
    )
    style = report_style() + _OWN
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    title = "The code flow, shown, attacked and repaired"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header class="top"><div class="wide"><p class="kicker">entra-oauth · for a class</p>
<h1>{title}</h1>
<p class="lead">OAuth 2.0 with Microsoft Entra ID, on this machine alone. The messages were \
recorded at the practice tenant; people and tokens are invented. Secrets were taken out: equal \
tags mean equal values.</p></div></header>
<main id="content">
{chr(10).join(numbered)}
</main>
<footer><div class="wide"><p class="small">Made from a recording. This file holds no script and \
loads nothing.</p></div></footer>
</body>
</html>
"""


def _slide(name: str, title: str, body: str) -> str:
    return (
        f'<section class="slide" id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{escape(title)}</h2>{body}</section>'
    )


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _roles() -> str:
    return _table(("who", "what for"), ((escape(who), escape(what)) for who, what in _ROLES))


def _way(evidence: Evidence) -> str:
    return (
        '<div class="diagram" role="region" tabindex="0" aria-label="Sequence diagram">'
        f"{diagram(evidence)}</div>"
    )


def _steps(evidence: Evidence) -> list[str]:
    named = {step.name: step for step in evidence.steps}
    authorize, redirect, token = named["authorize"], named["redirect"], named["token"]
    url = authorize.url.replace("?", "\n  ?").replace("&", "\n  &").encode()
    return [
        _slide(
            "ask",
            "1. The program sends the person to the authority",
            f"<p>An address, opened in the browser ({linked('RFC 6749 §4.1.1')}). Broken into "
            f"lines here.</p><pre>{text(url.decode(), limit=9000).replace('&lt;LF&gt;', chr(10))}"
            "</pre>",
        ),
        _slide(
            "back",
            "2. The browser brings the answer",
            f"<p>To a listener on this machine ({linked('RFC 8252 §7.3')}), as a form, so that no "
            f"address holds the code.</p><pre>{bytes_shown(redirect.request.data)}</pre>"
            "<p>Which of these values did the program know before?</p>",
        ),
        _slide(
            "redeem",
            "3. The program redeems the code",
            f"<p>Directly at the authority ({linked('RFC 6749 §4.1.3, RFC 7636 §4.5')}). The "
            f"browser sees none of it.</p><pre>{bytes_shown(token.request.data)}</pre>",
        ),
        _slide("answer", "4. The tokens", _answer(token)),
    ]


def _answer(step: Step) -> str:
    head, _, body = step.response.data.partition(b"\r\n\r\n")
    return (
        f"<p>{text(head.decode().splitlines()[0])}, JSON. The access token is for the API, the ID "
        "token for the program, the refresh token for the authority again.</p>"
        f"<pre>{bytes_shown(body)}</pre>"
    )


def _two(article: Evidence, hardened: Evidence) -> str:
    sent = [dict(parse_form(each.steps[0].url.partition("?")[2])) for each in (article, hardened)]
    rows = []
    for name in dict.fromkeys([*sent[0], *sent[1]]):
        cells = [text(each[name], limit=200) if name in each else "–" for each in sent]
        # A parameter whose value differs between the two has the meaning of neither value.
        why = meaning_of(MessageKind.AUTHORIZATION_REQUEST, name)
        rows.append((f"<code>{escape(name)}</code>", *cells, escape(why)))
    return _table(("parameter", "the article", "login", "what for"), rows)


def _lab(lab: Lab, off: Demonstration, on: Demonstration) -> str:
    story = "".join(f"<li>{escape(line)}</li>" for line in lab.story)
    halves = "".join(
        f'<div class="half {kind}"><h3>{title}</h3><ul>'
        f"{''.join(f'<li>{escape(line)}</li>' for line in seen.lines)}</ul>"
        f"<p>{escape(seen.verdict)}</p></div>"
        for kind, title, seen in (("off", "Defence off", off), ("on", "Defence on", on))
    )
    return _slide(
        f"lab-{lab.number}",
        f"Lab {lab.number}: {lab.title}",
        f'<p class="small quiet">{linked(lab.source)}. <span class="label">{lab.label.value}'
        f"</span>: {escape(lab.fidelity)}</p><ul>{story}</ul>"
        f'<div class="halves">{halves}</div>',
    )


def _stops() -> str:
    return _table(
        ("what", "stops", "lab"),
        ((escape(what), escape(stops), f'<a href="#lab-{n}">{n}</a>') for what, stops, n in _STOPS),
    )


def _home() -> str:
    steps = (
        "Register an app: public client, redirect URI http://localhost, no secret.",
        "API permissions: AzureDatabricks, user_impersonation; then consent.",
        "Copy the client id and the tenant id from its Overview page.",
    )
    items = "".join(f"<li>{escape(step)}</li>" for step in steps)
    command = "entra-oauth login --tenant TENANT --client-id CLIENT"
    return f"<ol>{items}</ol><pre>{command}</pre><p>The steps are told in the README.</p>"
