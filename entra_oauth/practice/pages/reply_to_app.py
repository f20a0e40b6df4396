"""The answer that a browser carries to an app, as a value until nothing can change it any more.

Endpoints return it unrendered, so that a fault can give it other fields, another response mode
or another header. The tenant renders it last.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.practice.http.responses import dated, page_answer, redirect_answer
from entra_oauth.practice.pages.page import page
from entra_oauth.practice.pages.page_style import AUTO_SUBMIT, policy
from entra_oauth.practice.request.redirects import origin_of, reply_url
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.protocol.messages import Fields

__all__ = ["Answer", "ReplyToApp", "rendered", "truncated", "with_header"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyToApp:
    """An authorization response, good or bad (RFC 6749 §4.1.2)."""

    call: Call
    """The request that it answers; its ids and time go into the headers."""
    redirect_uri: str
    mode: str
    """The response mode: `query`, `fragment` or `form_post`."""
    fields: Fields = field(repr=False)
    cookies: Fields = field(default=(), repr=False)
    """`Set-Cookie` headers."""
    headers: Fields = field(default=(), repr=False)
    """Headers that replace those of the same name, put there by a fault."""
    body_limit: int | None = None
    """So many bytes of the body are sent, though all were promised; a fault cuts it."""

    def get(self, name: str) -> str | None:
        """The first field of that name."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def is_authorization_response(self) -> bool:
        """True if it has a code, an ID token or an error, as an administrator's consent has not."""
        return not {"code", "id_token", "error"}.isdisjoint(name for name, _ in self.fields)

    def render(self) -> HttpResponse:
        """The message that carries it, by redirect or by a form that sends itself."""
        if self.mode == "form_post":
            response = _form_post(self)
        else:
            location = reply_url(self.redirect_uri, self.fields, self.mode)
            response = redirect_answer(location, self.call, extra=self.cookies)
        response = dated(response, self.call.now)
        for name, value in self.headers:
            response = with_header(response, name, value)
        return response if self.body_limit is None else truncated(response, self.body_limit)


Answer = HttpResponse | ReplyToApp
"""An endpoint's answer: a message, or a reply to the app that is yet to be rendered."""


def rendered(answer: Answer) -> HttpResponse:
    """The message of an answer."""
    return answer.render() if isinstance(answer, ReplyToApp) else answer


def with_header(response: HttpResponse, name: str, value: str) -> HttpResponse:
    """The same message with one more header, in the place of those that have the name."""
    others = tuple((n, v) for n, v in response.headers if n.lower() != name.lower())
    return replace(response, headers=(*others, (name, value)))


def truncated(response: HttpResponse, length: int) -> HttpResponse:
    """The same message with so many bytes of its body, while the header promises all."""
    promised = ("Content-Length", str(len(response.body)))
    headers = (*response.headers, promised, ("Connection", "close"))
    return replace(response, headers=headers, body=response.body[:length])


def _form_post(reply: ReplyToApp) -> HttpResponse:
    """A form that sends itself (OAuth 2.0 Form Post Response Mode §2)."""
    # fidelity: form-post
    inputs = joined(
        html('<input type="hidden" name="{}" value="{}">', name, value)
        for name, value in reply.fields
    )
    body = html(
        "<h1>Back to the app</h1><p>Your browser is taking the answer to the app. If nothing "
        'happens, press the button.</p><form method="post" action="{}" accept-charset="utf-8">{}'
        '<p class="buttons"><button class="main">Continue</button></p></form><script>{}</script>',
        reply.redirect_uri,
        inputs,
        Html(AUTO_SUBMIT),
    )
    rules = policy(form_to=origin_of(reply.redirect_uri), script=True)
    document = page("Back to the app", body)
    return page_answer(200, document, reply.call, policy=rules, extra=reply.cookies)
