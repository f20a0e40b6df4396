"""The pages from the request to a person who is known. Each step is one page with one form.

What follows is in `consent`, the end in `completion`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.tenant_authority import read_authority
from entra_oauth.practice.http.refusals import Refused, because_of, refuse
from entra_oauth.practice.http.responses import as_fields, redirect_answer
from entra_oauth.practice.interaction.browser_session import (
    COOKIE,
    join_session,
    pending_page,
    remember,
)
from entra_oauth.practice.interaction.completion import deliver, give_up
from entra_oauth.practice.interaction.consent import go_on, lacks_consent
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request import redirects
from entra_oauth.practice.request.authorize_request import AuthorizeRequest, RefusedTo, read_request
from entra_oauth.practice.state.accounts import check_password
from entra_oauth.practice.state.issued import BrowserSession, PendingPage

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.practice.state.context import Context

__all__ = ["authorize", "authorize_v1", "begin", "log_out", "pick_account", "sign_in"]


def authorize(context: Context, call: Call) -> Answer:
    """GET or POST `/{tenant}/oauth2/v2.0/authorize`."""
    return _authorize(context, call, version=2)


def authorize_v1(context: Context, call: Call) -> Answer:
    """GET or POST `/{tenant}/oauth2/authorize`."""
    return _authorize(context, call, version=1)


def _authorize(context: Context, call: Call, *, version: int) -> Answer:
    sent = call.form if call.method == "POST" else call.query
    try:
        authority = read_authority(call.segments[0], context.directory)
        request = read_request(sent, authority, context.directory, version=version)
        return begin(context, call, request)
    except RefusedTo as no:
        return deliver(call, no.destination, as_fields(no.refused, call))
    except Refused as refused:
        return forms.error(refused, call)


def begin(context: Context, call: Call, interaction: Interaction) -> Answer:
    """The first page of an interaction, or its end, if nothing has to be asked."""
    browser = call.cookie(COOKIE)
    session = context.issued.session(browser)
    here = interaction.authority.tenant
    users = tuple(
        u for u in (session.users if session else ()) if here is None or u.tenant_id == here.id
    )
    if interaction.prompt == "login":
        return _show_sign_in(context, call, interaction)
    if interaction.prompt == "select_account" and users:
        return _show_picker(context, call, interaction, users)
    if interaction.login_hint is not None:
        users = tuple(u for u in users if u.name == interaction.login_hint.strip().lower())
    if isinstance(interaction, AuthorizeRequest) and interaction.prompt == "none":
        _check_loop(context, call, interaction, browser)
        return _silently(context, call, interaction, session, users)
    if len(users) > 1:
        return _show_picker(context, call, interaction, users)
    if not users or session is None:
        return _show_sign_in(context, call, interaction)
    if isinstance(interaction, AuthorizeRequest):
        _check_loop(context, call, interaction, browser)
    return go_on(context, call, interaction, users[0], session)


def _check_loop(
    context: Context, call: Call, request: AuthorizeRequest, browser: str | None
) -> None:
    """AADSTS50196 for an app that sends a browser again and again with nobody asking for it."""
    # fidelity: loop-guard
    if browser is None:
        return
    words = tuple(value for name, value in request.sent if name in ("scope", "resource"))
    place = request.destination
    same = (
        browser,
        request.login_hint or "",
        request.app.client_id,
        place.redirect_uri,
        place.mode,
        *words,
    )
    if context.limits.loops(same, call.now):
        raise RefusedTo(refuse(50196), place)


def _silently(
    context: Context,
    call: Call,
    request: AuthorizeRequest,
    session: BrowserSession | None,
    users: tuple[User, ...],
) -> Answer:
    """`prompt=none`: an answer without a page, or a reason why that cannot be."""
    # fidelity: prompt-none
    if session is None or not users:
        raise RefusedTo(refuse(50058), request.destination)
    if len(users) > 1:
        raise RefusedTo(refuse(16000), request.destination)
    (user,) = users
    if lacks_consent(context, request, user):
        no = refuse(65001, request.app.client_id, request.app.name, error="interaction_required")
        raise RefusedTo(because_of(context.withdrawn_by, no), request.destination)
    return go_on(context, call, request, user, session)


def sign_in(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/login`: the sign-in form came back."""
    page = pending_page(context, call)
    if page is None:
        return forms.error(refuse(90013), call)
    interaction = page.interaction
    if call.form.get("action") == "cancel":
        return give_up(context, call, interaction)
    name, password = call.form.get("login") or "", call.form.get("passwd") or ""
    try:
        user = check_password(context, name, password, interaction.authority.tenant, call.now)
    except Refused as problem:
        known = context.directory.user(name)
        resource = interaction.requested.resources[0].resource
        context.sign_ins.note(call, known, interaction.app, resource, in_browser=True, no=problem)
        # fidelity: unknown-user - the page does not tell which of the two was wrong
        unknown = problem.kind.number == 50034
        shown = refuse(50126) if unknown else problem
        return _show_sign_in(context, call, interaction, name=name, problem=shown)
    return go_on(context, call, interaction, user, join_session(context, call, user))


def pick_account(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/pick`: somebody chose one of the signed-in accounts, or another."""
    page = pending_page(context, call)
    session = context.issued.session(call.cookie(COOKIE))
    if page is None:
        return forms.error(refuse(90013), call)
    chosen = call.form.get("account")
    user = next((u for u in (session.users if session else ()) if u.oid == chosen), None)
    if user is None or session is None:
        return _show_sign_in(context, call, page.interaction)
    return go_on(context, call, page.interaction, user, session)


def log_out(context: Context, call: Call) -> Answer:
    """GET `/{tenant}/oauth2/v2.0/logout`: forget who is signed in with this browser.

    With `post_logout_redirect_uri` the browser is sent there, if any app of the
    directory has registered that address; otherwise it stays.
    """  # fidelity: logout
    context.issued.end_session(call.cookie(COOKIE))
    extra = (("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0"),)
    target = call.query.get("post_logout_redirect_uri")
    if target is None or not any(redirects.find(app, target) for app in context.directory.apps):
        return forms.signed_out(call, extra=extra)
    state = call.query.get("state")
    if state is None:
        return redirect_answer(target, call, extra=extra)
    return redirect_answer(
        redirects.reply_url(target, (("state", state),), "query"), call, extra=extra
    )


def _show_sign_in(
    context: Context,
    call: Call,
    interaction: Interaction,
    *,
    name: str | None = None,
    problem: Refused | None = None,
) -> Answer:
    ctx = remember(context, PendingPage(interaction=interaction, shown=call.now))
    shown = name if name is not None else interaction.login_hint or ""
    return forms.sign_in(
        call, interaction, ctx=ctx, name=shown, problem=problem, users=context.directory.users
    )


def _show_picker(
    context: Context, call: Call, interaction: Interaction, users: tuple[User, ...]
) -> Answer:
    ctx = remember(context, PendingPage(interaction=interaction, shown=call.now))
    return forms.pick_account(call, interaction, ctx=ctx, users=users)
