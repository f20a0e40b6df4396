"""A message edited and sent again: the form for it, and the request that is made of it.

Only method and path are the message's own. The host is the practice tenant's, whatever host
the message names, so a form can send nothing to anybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.lessons.page.views.task_view import hidden
from entra_oauth.markup import Html, html, joined
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, encode_form, parse_form
from entra_oauth.recording.report.parts import NOTHING, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.recording.step import Step

__all__ = ["edited", "send_view"]

_MOST = 60
"""Parameters of one message."""


@dataclass(frozen=True, slots=True)
class _Field:
    place: str
    """`query`, `form` or `header`."""
    name: str
    value: str


def send_view(step: Step, *, tenant_url: str, address: str, token: str) -> Html:
    """The form, or the reason why there is none."""
    head = (
        '<section class="card again" aria-labelledby="again-title">'
        '<h2 id="again-title">Edit and send again</h2>{}</section>'
    )
    if not tenant_url:
        return html(head, Html("<p>What was recorded elsewhere is shown, and never sent.</p>"))
    if urlsplit(step.url).netloc != urlsplit(tenant_url).netloc:
        words = (
            "This message went to the program, and is made of the answer before it. What goes to "
            "the authority or to the API can be edited here: choose another message."
        )
        return html(head, html("<p>{}</p>", words))
    request = step.http_request
    fields = _fields(request)
    rows = joined(_row(number, each) for number, each in enumerate(fields))
    more = _row(len(fields), _Field("form" if request.method == "POST" else "query", "", ""))
    return html(
        head,
        html(
            '<form method="post" action="{}send" accept-charset="utf-8">{}'
            '<input type="hidden" name="m" value="{}">'
            '<p class="quiet"><code>{} {}</code> goes to the practice tenant at {}, whatever host '
            "the message names.</p>"
            '<div class="edit">{}{}</div>'
            '<p class="buttons"><button class="main">Send to the practice tenant</button></p>'
            "</form>",
            *(address, hidden(token), step.number),
            *(text(request.method, limit=10), text(request.path, limit=200), tenant_url),
            *(rows, more),
        ),
    )


def _fields(request: HttpRequest) -> list[_Field]:
    found = [_Field("query", *pair) for pair in parse_form(request.query)]
    if (request.header("content-type") or "").lower().startswith(FORM):
        body = request.body.decode("utf-8", "replace")
        found += [_Field("form", *pair) for pair in parse_form(body)]
    bearer = request.header("authorization")
    if bearer is not None:
        found.append(_Field("header", "Authorization", bearer))
    return found[: _MOST - 1]


def _row(number: int, each: _Field) -> Html:
    label = each.name or "one more"
    named = html('<input type="hidden" name="n{}" value="{}">', number, each.name)
    if not each.name:
        named = html(
            '<input class="new" name="n{}" value="" aria-label="Name of one more parameter" '
            'placeholder="one more: its name" autocomplete="off" spellcheck="false">',
            number,
        )
    box = '<label class="leave"><input type="checkbox" name="x{}" value="1"> leave out</label>'
    field = (
        '<input id="e{}" name="v{}" value="{}" autocomplete="off" spellcheck="false"{}>'
        if len(each.value) <= 120
        else '<textarea id="e{}" name="v{}" rows="3" spellcheck="false">{}</textarea>{}'
    )
    shown = html('<label for="e{}"><code>{}</code></label>', number, text(label, limit=80))
    if not each.name:
        shown = NOTHING
    value = html(
        field, number, number, each.value, NOTHING if each.name else Html(' aria-label="Its value"')
    )
    return html(
        '<div class="{}"><input type="hidden" name="p{}" value="{}">{}{}{}{}</div>',
        *("row" if each.name else "row more", number, each.place, shown, named, value),
        html(box, number) if each.name else NOTHING,
    )


def edited(step: Step, given: Mapping[str, str], tenant_url: str) -> HttpRequest:
    """The request that a form asks for, to the tenant."""
    fields = _given(given)
    query: Fields = tuple((f.name, f.value) for f in fields if f.place == "query")
    form: Fields = tuple((f.name, f.value) for f in fields if f.place == "form")
    headers = [(f.name, f.value) for f in fields if f.place == "header"]
    if step.method == "POST":
        headers.append(("Content-Type", FORM))
    base = urlsplit(tenant_url)
    path = step.http_request.path
    address = f"{base.scheme}://{base.netloc}/{path.lstrip('/')}"
    return HttpRequest(
        method=step.method,
        url=f"{address}?{encode_form(query)}" if query else address,
        headers=(("Accept", "*/*"), *headers),
        body=encode_form(form).encode("ascii") if step.method == "POST" else b"",
    )


def _given(given: Mapping[str, str]) -> list[_Field]:
    found = []
    for number in range(_MOST):
        name = given.get(f"n{number}", "").strip()
        if not name or f"x{number}" in given:
            continue
        place = given.get(f"p{number}", "")
        if place == "header" and name != "Authorization":
            continue
        value = given.get(f"v{number}", "")
        if place == "header":
            value = "".join(each for each in value if " " <= each <= "~")
        found.append(_Field(place if place in ("query", "header") else "form", name, value))
    return found
