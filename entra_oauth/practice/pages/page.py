"""The parts that all pages share: banner, look, forms, and the explanation of a request."""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.page_style import CSS, policy
from entra_oauth.practice.request.redirects import origin_of

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["answer", "buttons", "cause", "explained", "facts", "form", "meaning", "page", "problem"]


_IGNORED = frozenset(["domain_hint", "max_age"])


@cache
def _lessons() -> dict[str, str]:
    """Sentences by parameter. They are made from the client's glossary, see `scripts/`."""
    text = pkgutil.get_data("entra_oauth.practice.pages", "parameter_lessons.json")
    lessons: dict[str, str] = json.loads(text or b"{}")
    return lessons


def meaning(name: str) -> str:
    """One or two sentences on a parameter of the authorize request."""
    said = _lessons().get(name, "Not a parameter of this endpoint: ignored.")
    return f"{said} Accepted here, and not used." if name in _IGNORED else said


_BANNER = html(
    '<header class="banner"><b>PRACTICE</b> This is not Microsoft. '
    "Type no real password here.</header>"
)
_SHOWN_VALUE = 64


def page(title: str, body: Html, *, wide: bool = False) -> Html:
    """A whole document around the body of a page."""
    return html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<title>{} – practice tenant</title><style>{}</style></head>\n"
        "<body>{}<main{}>\n{}\n</main></body></html>\n",
        title,
        Html(CSS),
        _BANNER,
        html(' class="wide"') if wide else "",
        body,
    )


def answer(
    call: Call, interaction: Interaction, document: Html, *, extra: Fields = ()
) -> HttpResponse:
    """A page whose forms may end at the app's redirect URI, if the interaction has one."""
    destination = interaction.destination
    target = origin_of(destination.redirect_uri) if destination is not None else ""
    return page_answer(200, document, call, policy=policy(form_to=target), extra=extra)


def form(call: Call, step: str, ctx: str, inner: Html) -> Html:
    """A form that comes back to a step of the same tenant."""
    return html(
        '<form method="post" action="/{}/{}" accept-charset="utf-8">'
        '<input type="hidden" name="ctx" value="{}">{}</form>',
        call.segments[0],
        step,
        ctx,
        inner,
    )


def buttons(*named: tuple[str, str]) -> Html:
    """Buttons by value and words, the first of them the main one."""
    main = html(' class="main"')
    made = joined(
        html('<button{} name="action" value="{}">{}</button>', "" if number else main, value, words)
        for number, (value, words) in enumerate(named)
    )
    return html('<p class="buttons">{}</p>', made)


def problem(text: str) -> Html:
    """The fault of the last attempt, if there was one."""
    return html('<p class="problem" role="alert">{}</p>', text) if text else html("")


def facts(*pairs: tuple[str, object]) -> Html:
    """Names and values."""
    return html(
        "<dl>{}</dl>", joined(html("<dt>{}</dt><dd>{}</dd>", name, value) for name, value in pairs)
    )


def explained(interaction: Interaction) -> Html:
    """Every parameter that was sent, and its meaning."""
    if not interaction.sent:
        return html("")
    lines = joined(
        html(
            '<dt><code>{}</code></dt><dd><code>{}</code></dd><dd class="soft">{}</dd>',
            name,
            _short(value),
            _ticks(meaning(name)),
        )
        for name, value in interaction.sent
    )
    return html(
        "<details><summary>What does this request say?</summary><dl>{}</dl></details>", lines
    )


def _ticks(text: str) -> Html:
    """Our own text; what stands in backticks is set as code."""
    pieces = text.split("`")
    return joined(
        html("<code>{}</code>", piece) if number % 2 else piece
        for number, piece in enumerate(pieces)
    )


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"


def cause(fault: str) -> Html:
    """A sentence about the fault without which the page would not be there."""
    if not fault:
        return html("")
    return html(
        "<p>This is the work of a fault that is in force here: <code>{}</code>. It ends with "
        "<code>entra-oauth practice fault --clear</code>.</p>",
        fault,
    )
