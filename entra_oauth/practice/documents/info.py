"""Pages about the tenant itself: the start page, the error lookup, the fidelity table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.error_kinds import error_kinds
from entra_oauth.practice.fidelity import fidelity_rows
from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.forms import peculiarities
from entra_oauth.practice.pages.page import page
from entra_oauth.practice.pages.page_style import policy

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp, User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["error_lookup", "fidelity", "start"]


def start(context: Context, call: Call) -> HttpResponse:
    """GET `/`: what this is, and what can be done with it."""
    book = context.directory
    tenant = book.tenants[0]
    at = f"{call.base_url}/{tenant.id}"
    body = (
        "<h1>A practice tenant</h1>"
        "<p>It behaves like Microsoft Entra ID as far as a sign-in needs it, knows invented "
        "people, and runs on this computer alone. Its tokens open nothing anywhere else.</p>"
        "<h2>For a client</h2>"
        + _facts(
            ("Authority", at),
            ("OpenID configuration", f"{at}/v2.0/.well-known/openid-configuration"),
            ("Workspace", f"{call.base_url}/api/2.0/clusters/list"),
            ("Where a device's code is typed", f"{call.base_url}/devicelogin"),
            (
                "Where an administrator consents",
                f"{at}/adminconsent?client_id={book.apps[0].client_id}" if book.apps else at,
            ),
        )
        + "<h2>People</h2>"
        + _facts(*((u.name, _who(u)) for u in book.users))
        + "<h2>Apps</h2><p>The port of a redirect URI at localhost does not matter.</p>"
        + _facts(*((app.name, _described(app)) for app in book.apps))
        + "<h2>APIs</h2>"
        + _facts(*((r.name, f"{r.id}/.default") for r in book.resources))
        + '<h2>How real is it?</h2><p><a href="/fidelity">Every behaviour and its source</a></p>'
    )
    return page_answer(200, page("Start", body, wide=True), call, policy=policy())


def fidelity(context: Context, call: Call) -> HttpResponse:
    """GET `/fidelity`: what is Entra's, what is not, what nobody knows."""
    rows = "".join(
        f'<dt><span class="chip">{row.label}</span> <code>{row.key}</code></dt>'
        f"<dd>{escape(row.behaviour)}"
        + (f' <span class="soft">Source: {escape(row.source)}.</span>' if row.source else "")
        + "</dd>"
        for row in fidelity_rows()
    )
    body = (
        "<h1>How real is it?</h1><p>AS ENTRA: documented or seen. STRICTER: Entra may take what is "
        "refused here. TOY: simplified. UNKNOWN: a choice was made. Nothing of this was compared "
        f"with a live tenant.</p><dl>{rows}</dl>"
        '<p><a href="/">Start page</a></p>'
    )
    return page_answer(200, page("How real is it?", body, wide=True), call, policy=policy())


def error_lookup(context: Context, call: Call) -> HttpResponse:
    """GET `/error?code=`: what a number means; where `error_uri` points."""
    asked = next((v for n, v in call.query.fields if n == "code"), "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 9
    kind = error_kinds().get(int(asked)) if is_number else None
    if kind is None:
        body = "<h1>Error lookup</h1><p>The practice tenant never gives this number.</p>"
    else:
        body = f"<h1>AADSTS{kind.number}</h1>" + _facts(
            ("Error", kind.error),
            ("Message", kind.text.replace("{}", "…")),
            ("What to do", kind.advice),
        )
    return page_answer(200, page("Error lookup", body), call, policy=policy())


def _described(app: RegisteredApp) -> str:
    told = [app.client_id, *(f"{r.uri} ({r.platform})" for r in app.redirects)]
    if app.secret is not None:
        told.append(f"secret {app.secret}")
    if app.own_certificate or app.certificates:
        told.append("certificate")
    told += (f"trusts {each.issuer}" for each in app.federated)
    if app.public_flows:
        told.append("password and device code allowed")
    if app.family:
        told.append("family")
    return " · ".join(told)


def _who(user: User) -> str:
    notes = "".join(f" · {note}" for note in peculiarities(user))
    return f"password {user.password}{notes}"


def _facts(*facts: tuple[str, str]) -> str:
    lines = "".join(f"<dt>{escape(n)}</dt><dd><code>{escape(v)}</code></dd>" for n, v in facts)
    return f"<dl>{lines}</dl>"
