"""The person is known: second step, confirmation, consent, and then the errand's end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import client_info
from entra_oauth.practice.http.error_responses import as_fields
from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.http.responses import redirect_answer
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request import redirects
from entra_oauth.practice.request.authorize_request import AuthorizeRequest
from entra_oauth.practice.request.interaction_request import AdminInteraction, DeviceInteraction
from entra_oauth.practice.state.accounts import wants_second_step
from entra_oauth.practice.state.issued import IssuedCode, PendingPage, Session

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.authorize_request import Destination
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.state.issued import DeviceGrant
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = [
    "COOKIE",
    "confirm_app",
    "decide_admin",
    "decide_consent",
    "deliver",
    "give_up",
    "go_on",
    "join_session",
    "lacks_consent",
    "pending_page",
    "remember",
    "second_step",
]

COOKIE = "practice_session"
_PAGE_LIVES_S = 3600


def go_on(
    context: Context, call: Call, interaction: Interaction, user: User, session: Session
) -> HttpResponse:
    """The next page that is needed, or the end."""
    strong = user.oid in session.strong
    page = PendingPage(interaction=interaction, shown=call.now, user=user, strong=strong)
    if wants_second_step(user, session.amr(user)):
        return forms.second_step(
            call, interaction, ctx=remember(context, page), user=user, failed=False
        )
    extra = _cookie(context, call, session)
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
        return forms.admin_needed(
            call, interaction, ctx=remember(context, page), user=user, extra=extra
        )
    if missing or interaction.prompt == "consent":
        return forms.consent(call, interaction, ctx=remember(context, page), user=user, extra=extra)
    return _finish(context, call, interaction, user, session, extra)


def second_step(context: Context, call: Call) -> HttpResponse:
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


def confirm_app(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/confirm`: is this the app you mean to sign in to?"""
    page = pending_page(context, call)
    if page is None or page.user is None or not isinstance(page.interaction, DeviceInteraction):
        return forms.error(refuse(90013), call)
    if call.form.get("action") != "continue":
        return give_up(context, call, page.interaction)
    interaction = replace(page.interaction, confirmed=True)
    return go_on(context, call, interaction, page.user, _session_of(context, call, page, page.user))


def decide_consent(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/consent`: yes or no."""
    page = pending_page(context, call)
    if page is None or page.user is None:
        return forms.error(refuse(90013), call)
    interaction, user = page.interaction, page.user
    if call.form.get("action") != "accept":
        return _decline(context, call, interaction)
    for_all = isinstance(interaction, AdminInteraction)
    for resource_scope in interaction.requested.resources:
        oid = None if for_all else user.oid
        context.issued.consent(oid, interaction.app.client_id, resource_scope.resource.id)
    session = _session_of(context, call, page, user)
    return _finish(context, call, interaction, user, session, _cookie(context, call, session))


def decide_admin(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/approval`: back to the app; only an administrator could have gone on."""
    page = pending_page(context, call)
    if page is None:
        return forms.error(refuse(90013), call)
    return give_up(context, call, page.interaction)  # fidelity: admin-consent-needed


def pending_page(context: Context, call: Call) -> PendingPage | None:
    """What the returned form belongs to, unless it is too old or unknown."""
    page = context.issued.page(call.form.get("ctx"))
    return page if page is not None and call.now - page.shown < _PAGE_LIVES_S else None


def remember(context: Context, page: PendingPage) -> str:
    """Keep what a form belongs to; the result is its name."""
    name = context.chance.text(43)
    context.issued.keep_page(name, page)
    return name


def lacks_consent(context: Context, interaction: Interaction, user: User) -> bool:
    """Whether somebody has to be asked first."""
    return bool(_lacking(context, interaction, user))


def _lacking(context: Context, interaction: Interaction, user: User) -> tuple[ResourceScope, ...]:
    # fidelity: consent-default
    client_id, issued = interaction.app.client_id, context.issued
    return tuple(
        resource_scope
        for resource_scope in interaction.requested.resources
        if not (
            issued.consented_for_all(client_id, resource_scope.resource.id)
            if resource_scope.needs_admin and not user.admin
            else issued.consented(user.oid, client_id, resource_scope.resource.id)
        )
    )


def _only_admin(
    context: Context, interaction: Interaction, resource_scope: ResourceScope, user: User
) -> bool:
    """Whether that person may not say yes to it."""
    allowed = context.directory.tenant_of(user).user_consent
    return not user.admin and (resource_scope.needs_admin or not allowed)


def join_session(context: Context, call: Call, user: User, *, strong: bool = False) -> Session:
    """The browser's session with that person in it; not kept yet."""
    before = context.issued.session(call.cookie(COOKIE))
    others = tuple(u for u in (before.users if before else ()) if u.oid != user.oid)
    had = before.strong if before else frozenset()
    return Session(
        users=(user, *others),
        state=context.chance.guid(),
        strong=had | {user.oid} if strong else had - {user.oid},
    )


def _session_of(context: Context, call: Call, page: PendingPage, user: User) -> Session:
    """The session in which `page` was shown, or where there are no cookies one like it."""
    session = context.issued.session(call.cookie(COOKIE))
    if session is not None and user in session.users:
        return session
    return join_session(context, call, user, strong=page.strong)


def _cookie(context: Context, call: Call, session: Session) -> Fields:
    """Keep the session under a fresh name each time it changes hands."""
    before = call.cookie(COOKIE)
    if context.issued.session(before) is session:
        return ()
    context.issued.end_session(before)
    name = context.chance.text(43)
    context.issued.keep_session(name, session)
    secure = "; Secure" if call.base_url.startswith("https:") else ""
    return (("Set-Cookie", f"{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax{secure}"),)


def give_up(context: Context, call: Call, interaction: Interaction) -> HttpResponse:
    """Somebody pressed Cancel."""
    if isinstance(interaction, DeviceInteraction):
        return _decline_device(context, call, interaction)
    # fidelity: cancel
    fields = (("error", "access_denied"), ("error_subcode", "cancel"))
    return deliver(call, interaction.destination, fields)


def _decline(context: Context, call: Call, interaction: Interaction) -> HttpResponse:
    """Somebody said no to an app's wishes."""
    if isinstance(interaction, DeviceInteraction):
        return _decline_device(context, call, interaction)
    if isinstance(interaction, AdminInteraction):
        fields = (
            ("error", "permission_denied"),
            ("error_description", "The admin canceled the request"),
        )
        return deliver(call, interaction.destination, fields)
    # fidelity: decline
    return deliver(call, interaction.destination, as_fields(refuse(65004), call))


def _decline_device(context: Context, call: Call, interaction: DeviceInteraction) -> HttpResponse:
    context.issued.change_device(
        interaction.device_code, lambda grant: replace(grant, declined=grant.user is None)
    )
    return forms.device_done(call, interaction, granted=False, extra=())


def _finish(
    context: Context,
    call: Call,
    interaction: Interaction,
    user: User,
    session: Session,
    extra: Fields,
) -> HttpResponse:
    if isinstance(interaction, DeviceInteraction):
        return _finish_device(context, call, interaction, user, session, extra)
    if isinstance(interaction, AdminInteraction):
        # fidelity: admin-consent
        scope = (("scope", interaction.scope),) if interaction.scope is not None else ()
        tenant = context.directory.tenant_of(user)
        fields = (("admin_consent", "True"), ("tenant", tenant.id), *scope)
        return deliver(call, interaction.destination, fields, extra=extra)
    return _issue_code(context, call, interaction, user, session, extra)


def _finish_device(
    context: Context,
    call: Call,
    interaction: DeviceInteraction,
    user: User,
    session: Session,
    extra: Fields,
) -> HttpResponse:
    def agree(grant: DeviceGrant) -> DeviceGrant | None:
        if grant.declined or grant.user is not None:
            return None
        return replace(grant, user=user, amr=session.amr(user))

    if not context.issued.change_device(interaction.device_code, agree):
        return forms.error(refuse(90120), call, extra=extra)
    return forms.device_done(call, interaction, granted=True, extra=extra)


def _issue_code(
    context: Context,
    call: Call,
    request: AuthorizeRequest,
    user: User,
    session: Session,
    extra: Fields,
) -> HttpResponse:
    tenant = context.directory.tenant_of(user)
    code = _make_code(context)
    context.issued.keep_code(
        code,
        IssuedCode(
            request=request, user=user, tenant=tenant, issued_at=call.now, amr=session.amr(user)
        ),
    )
    info = (("client_info", client_info(user, tenant)),) if request.client_info else ()
    return deliver(
        call,
        request.destination,
        (("code", code), *info),
        after=(("session_state", session.state),),  # fidelity: session-state
        extra=extra,
    )


def _make_code(context: Context) -> str:
    """Opaque, about 900 characters, two dots: what real ones look like."""  # fidelity: code-shape
    return f"1.A{context.chance.text(85)}.AgABBAIAAAD{context.chance.text(800)}"


def deliver(
    call: Call,
    destination: Destination,
    fields: Fields,
    *,
    after: Fields = (),
    extra: Fields = (),
) -> HttpResponse:
    """Send fields and `state` to the redirect URI, the way that was asked for."""
    # fidelity: state-html
    state = (("state", destination.state),) if destination.state is not None else ()
    fields = (*fields, *state, *after)
    if destination.mode == "form_post":
        return forms.form_post(call, destination.redirect_uri, fields, extra=extra)
    location = redirects.reply_url(destination.redirect_uri, fields, destination.mode)
    return redirect_answer(location, call, extra=extra)
