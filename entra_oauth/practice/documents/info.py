"""Pages about the tenant itself: the start page, the error lookup, the fidelity table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.markup import Html, html, joined
from entra_oauth.practice.directory.workloads import ManagedIdentity
from entra_oauth.practice.error_kinds import error_kinds
from entra_oauth.practice.fidelity import fidelity_rows
from entra_oauth.practice.http.responses import page_answer
from entra_oauth.practice.pages.forms import peculiarities
from entra_oauth.practice.pages.page import facts, page
from entra_oauth.practice.pages.page_style import policy

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp, User
    from entra_oauth.practice.fidelity import FidelityRow
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["error_lookup", "fidelity", "start"]


def start(context: Context, call: Call) -> HttpResponse:
    """GET `/`: the start page, with everything and everybody of the directory."""
    book = context.directory
    at = f"{call.base_url}/{book.tenants[0].id}"
    consent = f"{at}/adminconsent?client_id={book.apps[0].client_id}" if book.apps else at
    body = html(
        "<h1>A practice tenant</h1>"
        "<p>It behaves like Microsoft Entra ID as far as a sign-in needs it, knows invented "
        "people, and runs on this computer alone. Its tokens open nothing anywhere else.</p>"
        "<h2>For a client</h2>{}"
        "<h2>People</h2>{}"
        "<h2>Apps</h2><p>The port of a redirect URI at localhost does not matter.</p>{}"
        "<h2>Microsoft's own apps</h2><p>Their ids are the real ones. Microsoft has nothing to do "
        "with them here.</p>{}"
        "<h2>APIs</h2>{}"
        "<h2>Issuers beside Entra</h2><p>Build servers and clusters, played by the tenant.</p>{}"
        '<h2>How real is it?</h2><p><a href="/fidelity">Every behaviour and its source</a></p>',
        _as_code(
            ("Authority", at),
            ("OpenID configuration", f"{at}/v2.0/.well-known/openid-configuration"),
            ("Workspace", f"{call.base_url}/api/2.0/clusters/list"),
            ("Microsoft Graph", f"{call.base_url}/v1.0/me"),
            ("Azure", f"{call.base_url}/subscriptions?api-version=2022-12-01"),
            ("Where a device's code is typed", f"{call.base_url}/devicelogin"),
            ("Where an administrator consents", consent),
        ),
        _as_code(*((user.name, _account(user)) for user in book.users)),
        _as_code(*((app.name, _described(app)) for app in book.apps)),
        _as_code(*((app.name, _described(app)) for app in book.microsoft_apps)),
        _as_code(*((api.name, f"{api.id}/.default") for api in book.resources)),
        _as_code(*((issuer.kind, f"{issuer.url} {issuer.subject}") for issuer in book.issuers)),
    )
    return page_answer(200, page("Start", body, wide=True), call, policy=policy())


def fidelity(context: Context, call: Call) -> HttpResponse:
    """GET `/fidelity`: the behaviours that are Entra's, that are not, and that nobody knows."""
    body = html(
        "<h1>How real is it?</h1><p>AS ENTRA: documented or seen. STRICTER: Entra may take what is "
        "refused here. TOY: simplified. UNKNOWN: a choice was made. Nothing of this was compared "
        "with a live tenant.</p><dl>{}</dl>"
        '<p><a href="/">Start page</a></p>',
        joined(map(_behaviour, fidelity_rows())),
    )
    return page_answer(200, page("How real is it?", body, wide=True), call, policy=policy())


def _behaviour(row: FidelityRow) -> Html:
    source = html(' <span class="soft">Source: {}.</span>', row.source) if row.source else ""
    return html(
        '<dt><span class="chip">{}</span> <code>{}</code></dt><dd>{}{}</dd>',
        row.label,
        row.key,
        row.behaviour,
        source,
    )


def error_lookup(context: Context, call: Call) -> HttpResponse:
    """GET `/error?code=`: the meaning of a number; where `error_uri` points."""
    asked = next((v for n, v in call.query.fields if n == "code"), "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 9
    kind = error_kinds().get(int(asked)) if is_number else None
    if kind is None:
        body = html("<h1>Error lookup</h1><p>The practice tenant never gives this number.</p>")
    else:
        body = html(
            "<h1>AADSTS{}</h1>{}",
            kind.number,
            _as_code(
                ("Error", kind.error),
                ("Message", kind.text.replace("{}", "…")),
                ("What to do", kind.advice),
            ),
        )
    return page_answer(200, page("Error lookup", body), call, policy=policy())


def _described(app: RegisteredApp) -> str:
    notes = [app.client_id, *(f"{r.uri} ({r.platform})" for r in app.redirects)]
    if app.secret is not None:
        notes.append(f"secret {app.secret}")
    if app.own_certificate or app.certificates:
        notes.append("certificate")
    notes += (f"trusts {each.issuer}" for each in app.federated)
    if app.managed is not ManagedIdentity.NONE:
        notes.append(f"managed identity ({app.managed})")
    if app.public_flows:
        notes.append("password and device code allowed")
    if app.id_tokens:
        notes.append("ID tokens from the sign-in page")
    if app.family:
        notes.append("family")
    return " · ".join(notes)


def _account(user: User) -> str:
    notes = "".join(f" · {note}" for note in peculiarities(user))
    return f"password {user.password}{notes}"


def _as_code(*pairs: tuple[str, str]) -> Html:
    return facts(*((name, html("<code>{}</code>", value)) for name, value in pairs))
