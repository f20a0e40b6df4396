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
from entra_oauth.practice.request.interaction import AdminErrand, DeviceErrand
from entra_oauth.practice.state.accounts import wants_second_step
from entra_oauth.practice.state.issued import IssuedCode, PageUnderWay, Session

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.request.authorize_request import Destination
    from entra_oauth.practice.request.interaction import Errand
    from entra_oauth.practice.request.scope_string import Wanted
    from entra_oauth.practice.state.context import World
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
    "page_under_way",
    "remember",
    "second_step",
]

COOKIE = "practice_session"
_PAGE_LIVES_S = 3600


def go_on(world: World, call: Call, errand: Errand, user: User, session: Session) -> HttpResponse:
    """The next page that is needed, or the end."""
    strong = user.oid in session.strong
    page = PageUnderWay(request=errand, shown=call.now, user=user, strong=strong)
    if wants_second_step(user, session.amr(user)):
        return forms.second_step(call, errand, ctx=remember(world, page), user=user, failed=False)
    extra = _cookie(world, call, session)
    if isinstance(errand, DeviceErrand) and not errand.confirmed:
        # fidelity: device-confirm
        return forms.confirm_app(call, errand, ctx=remember(world, page), user=user, extra=extra)
    if isinstance(errand, AdminErrand):
        if not user.admin:
            return forms.error(refuse(90093), call, extra=extra)
        return forms.consent(call, errand, ctx=remember(world, page), user=user, extra=extra)
    missing = _lacking(world, errand, user)
    if any(_only_admin(world, errand, wanted, user) for wanted in missing):
        return forms.admin_needed(call, errand, ctx=remember(world, page), user=user, extra=extra)
    if missing or errand.prompt == "consent":
        return forms.consent(call, errand, ctx=remember(world, page), user=user, extra=extra)
    return _finish(world, call, errand, user, session, extra)


def second_step(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/mfa`: yes or no, as if on the person's telephone."""
    page = page_under_way(world, call)
    if page is None or page.user is None:
        return forms.error(refuse(90013), call)
    action = call.form.get("action")
    if action == "cancel":
        return give_up(world, call, page.request)
    if action != "approve":
        ctx = remember(world, page)  # fidelity: mfa-denied
        return forms.second_step(call, page.request, ctx=ctx, user=page.user, failed=True)
    session = join_session(world, call, page.user, strong=True)
    return go_on(world, call, page.request, page.user, session)


def confirm_app(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/confirm`: is this the app you mean to sign in to?"""
    page = page_under_way(world, call)
    if page is None or page.user is None or not isinstance(page.request, DeviceErrand):
        return forms.error(refuse(90013), call)
    if call.form.get("action") != "continue":
        return give_up(world, call, page.request)
    errand = replace(page.request, confirmed=True)
    return go_on(world, call, errand, page.user, _session_of(world, call, page, page.user))


def decide_consent(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/consent`: yes or no."""
    page = page_under_way(world, call)
    if page is None or page.user is None:
        return forms.error(refuse(90013), call)
    errand, user = page.request, page.user
    if call.form.get("action") != "accept":
        return _decline(world, call, errand)
    for_all = isinstance(errand, AdminErrand)
    for wanted in errand.asked.wanted:
        oid = None if for_all else user.oid
        world.ledger.consent(oid, errand.app.client_id, wanted.resource.id)
    session = _session_of(world, call, page, user)
    return _finish(world, call, errand, user, session, _cookie(world, call, session))


def decide_admin(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/approval`: back to the app; only an administrator could have gone on."""
    page = page_under_way(world, call)
    if page is None:
        return forms.error(refuse(90013), call)
    return give_up(world, call, page.request)  # fidelity: admin-consent-needed


def page_under_way(world: World, call: Call) -> PageUnderWay | None:
    """What the returned form belongs to, unless it is too old or unknown."""
    page = world.ledger.page(call.form.get("ctx"))
    return page if page is not None and call.now - page.shown < _PAGE_LIVES_S else None


def remember(world: World, page: PageUnderWay) -> str:
    """Keep what a form belongs to; the result is its name."""
    name = world.chance.text(43)
    world.ledger.keep_page(name, page)
    return name


def lacks_consent(world: World, errand: Errand, user: User) -> bool:
    """Whether somebody has to be asked first."""
    return bool(_lacking(world, errand, user))


def _lacking(world: World, errand: Errand, user: User) -> tuple[Wanted, ...]:
    # fidelity: consent-default
    client_id, ledger = errand.app.client_id, world.ledger
    return tuple(
        wanted
        for wanted in errand.asked.wanted
        if not (
            ledger.consented_for_all(client_id, wanted.resource.id)
            if wanted.needs_admin and not user.admin
            else ledger.consented(user.oid, client_id, wanted.resource.id)
        )
    )


def _only_admin(world: World, errand: Errand, wanted: Wanted, user: User) -> bool:
    """Whether that person may not say yes to it."""
    allowed = world.directory.tenant_of(user).user_consent
    return not user.admin and (wanted.needs_admin or not allowed)


def join_session(world: World, call: Call, user: User, *, strong: bool = False) -> Session:
    """The browser's session with that person in it; not kept yet."""
    before = world.ledger.session(call.cookie(COOKIE))
    others = tuple(u for u in (before.users if before else ()) if u.oid != user.oid)
    had = before.strong if before else frozenset()
    return Session(
        users=(user, *others),
        state=world.chance.guid(),
        strong=had | {user.oid} if strong else had - {user.oid},
    )


def _session_of(world: World, call: Call, page: PageUnderWay, user: User) -> Session:
    """The session in which `page` was shown, or where there are no cookies one like it."""
    session = world.ledger.session(call.cookie(COOKIE))
    if session is not None and user in session.users:
        return session
    return join_session(world, call, user, strong=page.strong)


def _cookie(world: World, call: Call, session: Session) -> Fields:
    """Keep the session under a fresh name each time it changes hands."""
    before = call.cookie(COOKIE)
    if world.ledger.session(before) is session:
        return ()
    world.ledger.end_session(before)
    name = world.chance.text(43)
    world.ledger.keep_session(name, session)
    secure = "; Secure" if call.base_url.startswith("https:") else ""
    return (("Set-Cookie", f"{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax{secure}"),)


def give_up(world: World, call: Call, errand: Errand) -> HttpResponse:
    """Somebody pressed Cancel."""
    if isinstance(errand, DeviceErrand):
        return _decline_device(world, call, errand)
    # fidelity: cancel
    fields = (("error", "access_denied"), ("error_subcode", "cancel"))
    return deliver(call, errand.destination, fields)


def _decline(world: World, call: Call, errand: Errand) -> HttpResponse:
    """Somebody said no to an app's wishes."""
    if isinstance(errand, DeviceErrand):
        return _decline_device(world, call, errand)
    if isinstance(errand, AdminErrand):
        fields = (
            ("error", "permission_denied"),
            ("error_description", "The admin canceled the request"),
        )
        return deliver(call, errand.destination, fields)
    # fidelity: decline
    return deliver(call, errand.destination, as_fields(refuse(65004), call))


def _decline_device(world: World, call: Call, errand: DeviceErrand) -> HttpResponse:
    world.ledger.change_device(
        errand.device_code, lambda grant: replace(grant, declined=grant.user is None)
    )
    return forms.device_done(call, errand, granted=False, extra=())


def _finish(
    world: World, call: Call, errand: Errand, user: User, session: Session, extra: Fields
) -> HttpResponse:
    if isinstance(errand, DeviceErrand):
        return _finish_device(world, call, errand, user, session, extra)
    if isinstance(errand, AdminErrand):
        # fidelity: admin-consent
        scope = (("scope", errand.scope),) if errand.scope is not None else ()
        tenant = world.directory.tenant_of(user)
        fields = (("admin_consent", "True"), ("tenant", tenant.id), *scope)
        return deliver(call, errand.destination, fields, extra=extra)
    return _issue_code(world, call, errand, user, session, extra)


def _finish_device(
    world: World,
    call: Call,
    errand: DeviceErrand,
    user: User,
    session: Session,
    extra: Fields,
) -> HttpResponse:
    def agree(grant: DeviceGrant) -> DeviceGrant | None:
        if grant.declined or grant.user is not None:
            return None
        return replace(grant, user=user, amr=session.amr(user))

    if not world.ledger.change_device(errand.device_code, agree):
        return forms.error(refuse(90120), call, extra=extra)
    return forms.device_done(call, errand, granted=True, extra=extra)


def _issue_code(
    world: World,
    call: Call,
    request: AuthorizeRequest,
    user: User,
    session: Session,
    extra: Fields,
) -> HttpResponse:
    tenant = world.directory.tenant_of(user)
    code = _make_code(world)
    world.ledger.keep_code(
        code,
        IssuedCode(
            request=request, user=user, tenant=tenant, issued=call.now, amr=session.amr(user)
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


def _make_code(world: World) -> str:
    """Opaque, about 900 characters, two dots: what real ones look like."""  # fidelity: code-shape
    return f"1.A{world.chance.text(85)}.AgABBAIAAAD{world.chance.text(800)}"


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
