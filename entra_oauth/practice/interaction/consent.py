"""The pages after the password: second step, confirmation of a device's app, consent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.interaction.browser_session import (
    join_session,
    pending_page,
    remember,
    session_cookie,
    session_of,
)
from entra_oauth.practice.interaction.completion import decline, finish, give_up
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request.interaction_request import AdminInteraction, DeviceInteraction
from entra_oauth.practice.state.accounts import wants_second_step
from entra_oauth.practice.state.issued import BrowserSession, PendingPage

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.state.context import Context

__all__ = ["confirm_app", "decide_admin", "decide_consent", "go_on", "lacks_consent", "second_step"]


def go_on(
    context: Context, call: Call, interaction: Interaction, user: User, session: BrowserSession
) -> Answer:
    """The next page that is needed, or the end."""
    strong = user.oid in session.strong
    page = PendingPage(interaction=interaction, shown=call.now, user=user, strong=strong)
    if wants_second_step(user, session.amr(user)):
        return forms.second_step(
            call, interaction, ctx=remember(context, page), user=user, failed=False
        )
    # Only now does the browser get its session: without the second step nobody is signed in.
    extra = session_cookie(context, call, session)
    if isinstance(interaction, DeviceInteraction) and not interaction.confirmed:
        # fidelity: device-confirm
        return forms.confirm_app(
            call, interaction, ctx=remember(context, page), user=user, extra=extra
        )
    if isinstance(interaction, AdminInteraction):
        if not user.admin:
            return forms.error(refuse(90093), call, extra=extra)
        return forms.consent(call, interaction, ctx=remember(context, page), user=user, extra=extra)
    missing = _lacking(context, interaction, user)
    if any(_only_admin(context, interaction, resource_scope, user) for resource_scope in missing):
        ctx, fault = remember(context, page), context.withdrawn_by
        return forms.admin_needed(call, interaction, ctx=ctx, user=user, fault=fault, extra=extra)
    if missing or interaction.prompt == "consent":
        return forms.consent(call, interaction, ctx=remember(context, page), user=user, extra=extra)
    return finish(context, call, interaction, user, session, extra)


def second_step(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/mfa`: yes or no, as if on the person's telephone."""
    page = pending_page(context, call)
    if page is None or page.user is None:
        return forms.error(refuse(90013), call)
    action = call.form.get("action")
    if action == "cancel":
        return give_up(context, call, page.interaction)
    if action != "approve":
        ctx = remember(context, page)  # fidelity: mfa-denied
        return forms.second_step(call, page.interaction, ctx=ctx, user=page.user, failed=True)
    session = join_session(context, call, page.user, strong=True)
    return go_on(context, call, page.interaction, page.user, session)


def confirm_app(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/confirm`: is this the app you mean to sign in to?"""
    page = pending_page(context, call)
    if page is None or page.user is None or not isinstance(page.interaction, DeviceInteraction):
        return forms.error(refuse(90013), call)
    if call.form.get("action") != "continue":
        return give_up(context, call, page.interaction)
    interaction = replace(page.interaction, confirmed=True)
    return go_on(context, call, interaction, page.user, session_of(context, call, page, page.user))


def decide_consent(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/consent`: yes or no."""
    page = pending_page(context, call)
    if page is None or page.user is None:
        return forms.error(refuse(90013), call)
    interaction, user = page.interaction, page.user
    if call.form.get("action") != "accept":
        return decline(context, call, interaction)
    for_all = isinstance(interaction, AdminInteraction)
    for resource_scope in interaction.requested.resources:
        oid = None if for_all else user.oid
        context.issued.consent(oid, interaction.app.client_id, resource_scope.resource.id)
    session = session_of(context, call, page, user)
    return finish(context, call, interaction, user, session, session_cookie(context, call, session))


def decide_admin(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/approval`: back to the app; only an administrator could have gone on."""
    page = pending_page(context, call)
    if page is None:
        return forms.error(refuse(90013), call)
    # fidelity: admin-consent-needed
    return give_up(context, call, page.interaction, fault=context.withdrawn_by)


def lacks_consent(context: Context, interaction: Interaction, user: User) -> bool:
    """True if somebody has to be asked first."""
    return bool(_lacking(context, interaction, user))


def _lacking(context: Context, interaction: Interaction, user: User) -> tuple[ResourceScope, ...]:
    return tuple(
        resource_scope
        for resource_scope in interaction.requested.resources
        if not context.consented(interaction.app, resource_scope, user)
    )


def _only_admin(
    context: Context, interaction: Interaction, resource_scope: ResourceScope, user: User
) -> bool:
    """True if that person may not say yes to it."""
    allowed = context.directory.tenant_of(user).user_consent
    return not user.admin and (resource_scope.needs_admin or not allowed)
