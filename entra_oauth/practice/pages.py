"""The pages a person sees. Plain forms, one file each, no script but one line.

Everything that came from outside is escaped, attribute quotes included.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.answers import page_answer
from entra_oauth.practice.explain import meaning
from entra_oauth.practice.redirects import origin_of
from entra_oauth.practice.refusals import stamp
from entra_oauth.practice.style import AUTO_SUBMIT, CSS, policy

if TYPE_CHECKING:
    from entra_oauth.practice.authorize import AuthorizeRequest
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import User
    from entra_oauth.practice.refusals import Refused
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = [
    "consent",
    "error",
    "form_post",
    "missing",
    "page",
    "pick_account",
    "sign_in",
    "signed_out",
]

_BANNER = (
    '<header class="banner"><b>PRACTICE</b> This is not Microsoft. '
    "Nothing typed here leaves this computer.</header>"
)
_SHOWN_VALUE = 64


def page(title: str, body: str, *, wide: bool = False) -> str:
    """A whole document around the body of a page."""
    kind = ' class="wide"' if wide else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} – practice tenant</title><style>{CSS}</style></head>\n"
        f"<body>{_BANNER}<main{kind}>\n{body}\n</main></body></html>\n"
    )


def sign_in(
    call: Call,
    request: AuthorizeRequest,
    *,
    ctx: str,
    name: str,
    problem: Refused | None,
    users: tuple[User, ...],
) -> HttpResponse:
    """User name and password."""
    said = f'<p class="problem" role="alert">{escape(problem.text)}</p>' if problem else ""
    first = "" if name else " autofocus"
    second = " autofocus" if name else ""
    form = (
        '<label for="login">User name</label>'
        f'<input id="login" name="login" value="{escape(name)}" autocomplete="username" '
        f'autocapitalize="none" spellcheck="false" required{first}>'
        '<label for="passwd">Password</label>'
        '<input id="passwd" name="passwd" type="password" autocomplete="current-password" '
        f"required{second}>"
        '<p class="buttons"><button class="main" name="action" value="signin">Sign in</button>'
        '<button name="action" value="cancel" formnovalidate>Cancel</button></p>'
    )
    body = (
        f"<h1>Sign in</h1><p>to continue to <b>{escape(request.app.name)}</b></p>{said}"
        f"{_form(call, 'login', ctx, form)}{_who_is_here(users)}{_explained(request)}"
    )
    return _answer(call, request, page("Sign in", body))


def pick_account(
    call: Call, request: AuthorizeRequest, *, ctx: str, users: tuple[User, ...]
) -> HttpResponse:
    """Which of the accounts that are signed in."""
    tiles = "".join(
        f'<button class="account" name="account" value="{escape(u.oid)}">'
        f'<b>{escape(u.display_name)}</b><br><span class="soft">{escape(u.name)}</span></button>'
        for u in users
    )
    other = '<button class="account" name="account" value="other">Use another account</button>'
    body = (
        f"<h1>Pick an account</h1><p>to continue to <b>{escape(request.app.name)}</b></p>"
        f"{_form(call, 'pick', ctx, tiles + other)}{_explained(request)}"
    )
    return _answer(call, request, page("Pick an account", body))


def consent(
    call: Call, request: AuthorizeRequest, *, ctx: str, user: User, extra: Fields
) -> HttpResponse:
    """May this app do that in my name?"""
    wishes = "".join(f"<li>{line}</li>" for line in _wishes(request))
    buttons = (
        '<p class="buttons"><button class="main" name="action" value="accept">Accept</button>'
        '<button name="action" value="decline">Cancel</button></p>'
    )
    body = (
        f'<p class="soft">{escape(user.name)}</p><h1>Permissions requested</h1>'
        f"<p><b>{escape(request.app.name)}</b> would like to:</p><ul>{wishes}</ul>"
        '<p class="soft">The answer goes to '
        f"<code>{escape(request.destination.redirect_uri)}</code>. If you did not start this "
        "yourself, cancel.</p>"
        f"{_form(call, 'consent', ctx, buttons)}{_explained(request)}"
    )
    return _answer(call, request, page("Permissions requested", body), extra=extra)


def form_post(call: Call, redirect_uri: str, fields: Fields, *, extra: Fields) -> HttpResponse:
    """The answer as a form that sends itself to the app (OAuth form_post response mode)."""
    # fidelity: form-post
    inputs = "".join(
        f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields
    )
    body = (
        "<h1>Back to the app</h1><p>Your browser is taking the answer to the app. If nothing "
        "happens, press the button.</p>"
        f'<form method="post" action="{escape(redirect_uri)}" accept-charset="utf-8">{inputs}'
        '<p class="buttons"><button class="main">Continue</button></p></form>'
        f"<script>{AUTO_SUBMIT}</script>"
    )
    rules = policy(form_to=origin_of(redirect_uri), script=True)
    return page_answer(200, page("Back to the app", body), call, policy=rules, extra=extra)


def error(refused: Refused, call: Call) -> HttpResponse:
    """What stays here because it must not, or cannot, be sent to the app."""
    facts = (
        ("Request Id", call.trace_id),
        ("Correlation Id", call.correlation_id),
        ("Timestamp", stamp(call.now)),
        ("Message", refused.text),
    )
    told = "".join(f"<dt>{n}</dt><dd>{escape(v)}</dd>" for n, v in facts)
    body = (
        "<h1>This sign-in cannot go on</h1><p>The app gets no answer: this page is the last thing "
        f"that happens.</p><dl>{told}</dl><h2>What to do</h2><p>{escape(refused.kind.advice)}</p>"
    )
    # fidelity: error-page-status
    return page_answer(400, page("Error", body), call, policy=policy())


def missing(call: Call) -> HttpResponse:
    """404."""
    body = '<h1>Nothing here</h1><p>The <a href="/">start page</a> lists what there is.</p>'
    return page_answer(404, page("Nothing here", body), call, policy=policy())


def signed_out(call: Call, *, extra: Fields) -> HttpResponse:
    """After the logout endpoint."""
    body = "<h1>You are signed out</h1><p>The next sign-in asks for a password again.</p>"
    return page_answer(200, page("Signed out", body), call, policy=policy(), extra=extra)


def _answer(
    call: Call, request: AuthorizeRequest, html: str, *, extra: Fields = ()
) -> HttpResponse:
    rules = policy(form_to=origin_of(request.destination.redirect_uri))
    return page_answer(200, html, call, policy=rules, extra=extra)


def _form(call: Call, where: str, ctx: str, inner: str) -> str:
    action = f"/{escape(call.segments[0])}/{where}"
    hidden = f'<input type="hidden" name="ctx" value="{escape(ctx)}">'
    return f'<form method="post" action="{action}" accept-charset="utf-8">{hidden}{inner}</form>'


def _who_is_here(users: tuple[User, ...]) -> str:
    lines = "".join(
        f"<li><code>{escape(u.name)}</code>, password <code>{escape(u.password)}</code></li>"
        for u in users
    )
    return f"<details><summary>Who can sign in here?</summary><ul>{lines}</ul></details>"


def _wishes(request: AuthorizeRequest) -> list[str]:
    lines = [
        f"use <b>{escape(w.resource.name)}</b> as you (<code>{escape(p)}</code>)"
        for w in request.asked.wanted
        for p in w.permissions
        if p not in request.asked.oidc
    ]
    if {"openid", "profile", "email"} & set(request.asked.oidc):
        lines.append("sign you in and read your name")
    if "offline_access" in request.asked.oidc:
        lines.append("keep that access when you are not there")
    return lines


def _explained(request: AuthorizeRequest) -> str:
    lines = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd><code>{escape(_short(value))}</code></dd>"
        f'<dd class="soft">{_ticks(meaning(name))}</dd>'
        for name, value in request.sent
    )
    return f"<details><summary>What does this request say?</summary><dl>{lines}</dl></details>"


def _ticks(text: str) -> str:
    """Our own text; what stands in backticks is set as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN_VALUE else f"{value[:_SHOWN_VALUE]}…"
