"""A worksheet and its key as HTML files: two printed pages of A4 each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.report.html_file import banner, html_file
from entra_oauth.recording.report.parts import NOTHING, blanked, linked, table, text
from teaching_worksheets import HEADS, NONE

if TYPE_CHECKING:
    from teaching_worksheets import Blank, Message, Worksheet

__all__ = ["worksheet_page"]

_LOOK = Path(__file__).parent / "teaching_worksheets.css"
_LONGEST = 140
"""Characters of a value that are printed whole; a code or a token is longer."""


def worksheet_page(sheet: Worksheet, *, key: bool) -> Html:
    """The sheet as one HTML file; `key` fills it in."""
    first, last = sheet.messages[:3], sheet.messages[3]
    parts = [
        _top(sheet, key=key),
        Html('<main id="content"><div class="wide">'),
        *(_message(each, sheet, key=key) for each in first),
        Html('<div class="second">'),
        _message(last, sheet, key=key),
        _bank(sheet) if not key else NOTHING,
        _token(sheet, key=key),
        _questions(sheet, key=key),
        _reasons(sheet) if key else NOTHING,
        Html("</div></div></main>"),
    ]
    look = Html("\n" + _LOOK.read_text("utf-8"))
    title = f"{'Answers' if key else 'Worksheet'}: {sheet.title}"
    return html_file(title, joined(filter(None, parts), "\n"), remark=sheet.remark, look=look)


def _top(sheet: Worksheet, *, key: bool) -> Html:
    lead = (
        "What belongs into each blank, and at the end why. Sections are those of the message in "
        "which a parameter stands."
        if key
        else f"Four messages of one sign-in. Fill in the {len(sheet.blanks)} numbered blanks from "
        "the words in the bank on the second page; some words are left over. A value with a # "
        "is a secret that was taken out: equal tags mean equal values."
    )
    line = '<span class="field">{}<span class="line"></span></span>'
    name = html('<p class="who-line">{}{}</p>', html(line, "Name"), html(line, "Date"))
    return html(
        '<header class="top"><div class="wide"><h1>{}: {}</h1>{}<p class="lead">{}</p>{}'
        "</div></header>",
        *("Answers" if key else "Worksheet", sheet.title, banner(sheet.remark), lead),
        NOTHING if key else name,
    )


def _message(message: Message, sheet: Worksheet, *, key: bool) -> Html:
    here = {(each.name, each.cell): each for each in sheet.blanks if each.message is message}
    channel = here.get(("", "channel"))
    way = html(
        "{} · {} channel", message.way, _place(channel, key=key) if channel else message.channel
    )
    return html(
        '<section aria-labelledby="message-{}"><h2 id="message-{}">{}. {} '
        '<span class="way">{}</span></h2>{}</section>',
        *(message.number, message.number, message.number, message.title, way),
        _rows(message, sheet, key=key),
    )


def _rows(message: Message, sheet: Worksheet, *, key: bool) -> Html:
    here = {(each.name, each.cell): each for each in sheet.blanks if each.message is message}
    rows = []
    for row in message.rows:
        cells = (
            html("<code>{}</code>", row.name),
            _value(row.value),
            html("{}", row.meaning),
            linked(row.source) if row.source else html("{}", NONE),
        )
        rows.append(
            tuple(
                _place(here[row.name, head], key=key) if (row.name, head) in here else cell
                for head, cell in zip(HEADS, cells, strict=True)
            )
        )
    caption = f"Message {message.number}" if message.channel else "Claims"
    return table(caption, HEADS, rows, widths="worksheet")


def _value(value: object) -> Html:
    shown = str(value)
    taken = PLACEHOLDERS.fullmatch(shown.encode())
    if taken and taken[1]:
        # Without its kind, which would give the name away.
        return html("<mark>#{}, {} characters</mark>", taken[1].decode(), f"{len(shown):,}")
    if len(shown) <= _LONGEST:
        return text(shown)
    return html("{}… ({} characters)", shown[:24], f"{len(shown):,}")


def _place(blank: Blank, *, key: bool) -> Html:
    number = html('<span class="n">{}</span>', blank.number)
    if key:
        return html('<span class="filled">{}<strong>{}</strong></span>', number, blank.answer)
    unseen = Html('<span class="unseen">: a blank</span>')
    return html('<span class="blank">{}{}</span>', number, unseen)


def _bank(sheet: Worksheet) -> Html:
    words = joined(html("<li>{}</li>", word) for word in sheet.bank)
    return html(
        '<section class="bank" aria-labelledby="bank-title"><h2 id="bank-title">Word bank</h2>'
        "<ul>{}</ul></section>",
        words,
    )


def _token(sheet: Worksheet, *, key: bool) -> Html:
    claims = sheet.messages[-1]
    shown = NOTHING
    if not key:
        pieces = zip(("head", "claims", "signature"), sheet.token.split("."), strict=True)
        marks = (html('<span class="{}">{}</span>', kind, piece) for kind, piece in pieces)
        shown = html(
            "<p>A real one, from a sign-in of its own at the practice tenant: header, claims and "
            "signature, with a full stop between. <code>entra-oauth decode &lt; {}</code> reads "
            "it, and so does every decoder of base64url.</p>"
            '<pre class="token" tabindex="0" aria-label="The token">{}</pre>',
            sheet.token_file,
            joined(marks, "."),
        )
    return html(
        '<section aria-labelledby="token-title"><h2 id="token-title">{}</h2>{}{}</section>',
        f"The {sheet.token_name}, decoded" if key else f"An {sheet.token_name} to decode",
        shown,
        _rows(claims, sheet, key=key),
    )


def _questions(sheet: Worksheet, *, key: bool) -> Html:
    filled = (
        (ask, html("<br><strong>{}</strong>", linked(answer)) if key else blanked(2 if n else 1))
        for n, (ask, answer) in enumerate(sheet.questions)
    )
    items = joined(html("<li>{}{}</li>", ask, below) for ask, below in filled)
    return html(
        '<section aria-labelledby="ask-title"><h2 id="ask-title">In your own words</h2>'
        "<ol>{}</ol></section>",
        items,
    )


def _reasons(sheet: Worksheet) -> Html:
    return html(
        '<section aria-labelledby="why-title"><h2 id="why-title">Why</h2>'
        '<ol class="reasons">{}</ol></section>',
        joined(html("<li>{}</li>", _reason(each)) for each in sheet.blanks),
    )


def _reason(blank: Blank) -> Html:
    message = blank.message
    if blank.cell == "channel":
        through = "through the browser" if message.channel == "front" else "past the browser"
        return html(
            "<strong>{}</strong>. Message {} goes {}.", blank.answer, message.number, through
        )
    row = message.row(blank.name)
    place = f"message {message.number}" if message.channel else "the token"
    return html(
        "<strong>{}</strong>. <code>{}</code> in {}: {} ({}).",
        *(blank.answer, row.name, place, row.meaning),
        linked(row.source) if row.source else "no section gives it a meaning there",
    )
