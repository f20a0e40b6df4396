"""The slides: one HTML file without a script, one screen or one printed page to a slide.

Scroll snapping turns the keys that scroll into keys that turn the slides.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.protocol.glossary.message_kind import MessageKind
from entra_oauth.protocol.glossary.parameters import meaning_of
from entra_oauth.protocol.messages import parse_form
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.report.html_file import banner, html_file
from entra_oauth.recording.report.parameter_rows import tables
from entra_oauth.recording.report.parts import linked, table, text
from entra_oauth.recording.story import cast_of, evidence_remark, message_kind
from teaching_slide_diagram import slide_diagram

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from entra_oauth.lessons.labs.lab import Demonstration, Lab
    from entra_oauth.recording.report.parameter_rows import ParameterRow
    from entra_oauth.recording.step import Evidence, Step

__all__ = ["Shown", "slides"]

Shown = tuple["Lab", "Demonstration", "Demonstration"]

_LOOK = Path(__file__).parent / "teaching_slides.css"
_LONGEST = 110
"""Characters of a value that are shown whole. Nobody reads base64 from a wall."""
_TITLE = "The code flow, shown, attacked and repaired"
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
_IN_THE_TOKEN = ("iss", "aud", "exp", "nonce", "oid", "name")


def slides(article: Evidence, hardened: Evidence, shown: Sequence[Shown]) -> Html:
    """The whole file."""
    parts = [
        _start(hardened),
        _slide("roles", "Who takes part", _roles()),
        _slide("way", "The way of the messages", slide_diagram()),
        *_messages(hardened),
        _slide("two", "Two procedures, one flow", _two(article, hardened)),
        *(slide for each in shown for slide in _lab(*each)),
        _slide("stops", "What stops what", _stops()),
        _slide("home", "At home, with your own tenant", _home()),
    ]
    count = len(parts)
    numbered = (
        html('{}<p class="page">{} of {}</p></section>', part, n, count)
        for n, part in enumerate(parts, start=1)
    )
    look = Html("\n" + _LOOK.read_text("utf-8"))
    return html_file(
        _TITLE, html('<main id="content">\n{}\n</main>', joined(numbered, "\n")), look=look
    )


def _start(evidence: Evidence) -> Html:
    return html(
        '<section class="slide" id="start" aria-labelledby="start-title">'
        '<p class="kicker">entra-oauth · for a class</p><h1 id="start-title">{}</h1>{}'
        "<p>OAuth 2.0 with Microsoft Entra ID, on this machine alone. The messages were recorded "
        "at the practice tenant; people and tokens are invented. Secrets were taken out: equal "
        "tags mean equal values.</p>"
        "<p>Space, Page Down or the arrow down: the next slide. Page Up or the arrow up: the one "
        "before. Home and End: the first and the last.</p>",
        *(_TITLE, banner(evidence_remark(evidence))),
    )


def _slide(name: str, title: str, body: Html, *, kind: str = "", kicker: str = "") -> Html:
    """A slide without its end: the page number comes last."""
    above = html('<p class="kicker">{}</p>', kicker) if kicker else Html()
    return html(
        '<section class="slide{}" id="{}" aria-labelledby="{}-title">{}<h2 id="{}-title">{}</h2>{}',
        *(f" {kind}" if kind else "", name, name, above, name, title, body),
    )


def _roles() -> Html:
    return table("Who takes part", ("who", "what for"), _ROLES, widths="roles")


def _messages(evidence: Evidence) -> Iterator[Html]:
    named = {step.name: step for step in evidence.steps}
    cast = cast_of(evidence.steps)
    found = {
        (name, each.where): each.rows
        for name, step in named.items()
        for each in tables(step, message_kind(step, cast))
    }
    yield _slide(
        "ask", "1. The program sends the person to the authority", _ask(named["authorize"])
    )
    yield _slide("back", "2. The browser brings the answer", _back(named["redirect"]))
    yield _slide("redeem", "3. The program redeems the code", _redeem(named["token"]))
    yield _slide("answer", "4. The tokens come back", _answer(found["token", "In the answer"]))
    claims = found["token", "Inside the id_token (not verified here)"]
    yield _slide("inside", "Inside the ID token", _inside(claims))
    yield _slide("call", "5. The access token goes to its API", _call())


def _ask(step: Step) -> Html:
    return html(
        "<p>An address, opened in the browser ({}). Broken into lines here.</p><pre>{}</pre>",
        linked("RFC 6749 §4.1.1; RFC 7636 §4.3"),
        _lines(step.url.replace("?", "\n  ?")),
    )


def _back(step: Step) -> Html:
    return html(
        "<p>To a listener on this machine ({}), as a form, so that no address holds the code.</p>"
        '<pre>{}</pre><p class="ask">Which of these values did the program know before?</p>',
        linked("RFC 8252 §7.3"),
        _message(step.request.data),
    )


def _redeem(step: Step) -> Html:
    return html(
        "<p>Directly at the authority ({}). The browser sees none of it.</p><pre>{}</pre>",
        linked("RFC 6749 §4.1.3; RFC 7636 §4.5"),
        _message(step.request.data),
    )


def _message(data: bytes) -> Html:
    """Head and form of a request, each parameter on a line."""
    head, _, body = data.decode().replace("\r\n", "\n").partition("\n\n")
    return joined([_text_lines(head), _lines(body)], "\n\n")


def _lines(form: str) -> Html:
    return _text_lines(form.replace("&", "\n  &"))


def _text_lines(shown: str) -> Html:
    """Text with its own line breaks."""
    return joined((text(line, limit=9000) for line in shown.split("\n")), "\n")


def _answer(rows: Iterable[ParameterRow]) -> Html:
    return html(
        "<p>The access token is for the API, the ID token for the program, the refresh token for "
        "the authority.</p>{}",
        _table("The answer", rows),
    )


def _inside(rows: Iterable[ParameterRow]) -> Html:
    chosen = {row.name: row for row in rows}
    return html(
        "<p>Three parts with a full stop between: header, claims, signature. Some of the claims:"
        "</p>{}<p>Base64url hides nothing. The signature makes it believable, and the program "
        "compares iss, aud and nonce, and looks at exp.</p>",
        _table("Claims", (chosen[name] for name in _IN_THE_TOKEN)),
    )


def _table(caption: str, rows: Iterable[ParameterRow]) -> Html:
    cells = [(html("<code>{}</code>", r.name), _value(r.value), r.meaning) for r in rows]
    return table(caption, ("name", "value", "what for"), cells, widths="members")


def _value(value: str) -> Html:
    if len(value) <= _LONGEST or PLACEHOLDERS.fullmatch(value.encode()):
        return text(value)
    return html("{}… ({} characters)", value[:16], f"{len(value):,}")


def _call() -> Html:
    return html(
        "<p>In a header ({}), by https, and to the API only for which it was made.</p>"
        "<pre>GET /api/2.0/clusters/list HTTP/1.1\n"
        "Host: adb-1234567890123456.7.azuredatabricks.net\n"
        "Authorization: Bearer <mark>the access token</mark></pre>"
        "<ul><li>The API checks the signature, who issued it, until when it is good, and aud: "
        "whether the token is for it.</li>"
        "<li>Whoever holds the token may use it. So it goes to no other host.</li></ul>",
        linked("RFC 6750 §2.1, §5.3"),
    )


def _two(article: Evidence, hardened: Evidence) -> Html:
    sent = [dict(parse_form(each.steps[0].url.partition("?")[2])) for each in (article, hardened)]
    rows, same = [], []
    for name in dict.fromkeys([*sent[0], *sent[1]]):
        if _alike(*(each.get(name, "") for each in sent)):
            same.append(name)
            continue
        cells = [_sent(each.get(name, "")) for each in sent]
        # A parameter whose value differs between the two has the meaning of neither value.
        why = meaning_of(MessageKind.AUTHORIZATION_REQUEST, name)
        rows.append((html("<code>{}</code>", name), *cells, why))
    heads = ("parameter", "the article", "login", "what for")
    return html(
        "{}<p>The same in both: {}.</p>",
        table("Two procedures", heads, rows, widths="procedures"),
        joined((html("<code>{}</code>", name) for name in same), ", "),
    )


def _sent(value: str) -> Html:
    return html("<code>{}</code>", text(value)) if value else Html("–")


def _alike(one: str, other: str) -> bool:
    """True for equal values, and for two that are random."""
    random = [PLACEHOLDERS.fullmatch(each.encode()) for each in (one, other)]
    return one == other or all(random)


def _lab(lab: Lab, off: Demonstration, on: Demonstration) -> Iterator[Html]:
    questions = [line for line in lab.story if line.endswith("?")]
    story = [line for line in lab.story if line not in questions]
    yield _slide(
        f"lab-{lab.number}",
        lab.title,
        html(
            '<div class="halves"><div><h3>The situation</h3>{}</div>'
            '<div><h3>The attack</h3>{}</div></div><p class="verdict">{}</p><p class="ask">{}</p>',
            *(_list("ul", story), _list("ol", off.lines), off.verdict, " ".join(questions)),
        ),
        kind="attack",
        kicker=f"Lab {lab.number}, defence off",
    )
    yield _slide(
        f"lab-{lab.number}-stopped",
        f"Stopped: {lab.title}",
        html(
            '{}<p class="verdict">{}</p><p class="source">{}. <strong>{}</strong>: {}</p>',
            *(_list("ol", on.lines), on.verdict),
            *(linked(lab.source), lab.label.value, lab.fidelity),
        ),
        kind="stopped",
        kicker=f"Lab {lab.number}, defence on",
    )


def _list(kind: str, lines: Iterable[str]) -> Html:
    items = joined(html("<li>{}</li>", line) for line in lines)
    return html("<ol>{}</ol>" if kind == "ol" else "<ul>{}</ul>", items)


def _stops() -> Html:
    rows = [
        (html("<code>{}</code>", what), stops, html('<a href="#lab-{}">{}</a>', n, n))
        for what, stops, n in _STOPS
    ]
    return table("What stops what", ("what", "stops", "lab"), rows, widths="stops")


def _home() -> Html:
    steps = (
        "Register an app: public client, redirect URI http://localhost, no secret.",
        "API permissions: AzureDatabricks, user_impersonation; then consent.",
        "Copy the client id and the tenant id from its Overview page.",
    )
    command = "entra-oauth login --tenant TENANT --client-id CLIENT"
    return html(
        "{}<pre>{}</pre><p>The steps are told in the README.</p>", _list("ol", steps), command
    )
