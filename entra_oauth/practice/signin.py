"""From a checked authorize request to an answer: who, consent, code.

Each step is one page with one form. The form carries a random name for what the
tenant remembers about it (`ctx`), so no cookie is needed to get through. A cookie
only spares a person the second sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice import pages, redirects
from entra_oauth.practice.answers import redirect_answer
from entra_oauth.practice.authorize import RefusedTo, read_request
from entra_oauth.practice.ledger import IssuedCode, PageUnderWay, Session
from entra_oauth.practice.refusals import Refused, as_fields, refuse
from entra_oauth.practice.tokens import client_info
from entra_oauth.practice.world import read_authority

if TYPE_CHECKING:
    from entra_oauth.practice.authorize import AuthorizeRequest, Destination
    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import Tenant, User
    from entra_oauth.practice.world import World
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["authorize", "decide_consent", "log_out", "pick_account", "sign_in"]

COOKIE = "practice_session"
_PAGE_LIVES_S = 3600


def authorize(world: World, call: Call) -> HttpResponse:
    """GET or POST `/{tenant}/oauth2/v2.0/authorize`."""
    sent = call.form if call.method == "POST" else call.query
    try:
        authority = read_authority(call.segments[0], world.directory)
        request = read_request(sent, authority, world.directory)
        return _begin(world, call, request)
    except RefusedTo as no:
        return _deliver(call, no.destination, as_fields(no.refused, call))
    except Refused as refused:
        return pages.error(refused, call)


def _begin(world: World, call: Call, request: AuthorizeRequest) -> HttpResponse:
    session = world.ledger.session(call.cookie(COOKIE))
    here = request.authority.tenant
    users = tuple(
        u for u in (session.users if session else ()) if here is None or u.tenant_id == here.id
    )
    if request.prompt == "login":
        return _show_sign_in(world, call, request)
    if request.prompt == "select_account" and users:
        return _show_picker(world, call, request, users)
    if request.login_hint is not None:
        users = tuple(u for u in users if u.name == request.login_hint.strip().lower())
    if request.prompt == "none":
        return _silently(world, call, request, session, users)
    if len(users) > 1:
        return _show_picker(world, call, request, users)
    if not users or session is None:
        return _show_sign_in(world, call, request)
    return _after_sign_in(world, call, request, users[0], session)


def _silently(
    world: World,
    call: Call,
    request: AuthorizeRequest,
    session: Session | None,
    users: tuple[User, ...],
) -> HttpResponse:
    """`prompt=none`: an answer without a page, or a reason why that cannot be."""
    # fidelity: prompt-none
    if session is None or not users:
        raise RefusedTo(refuse(50058), request.destination)
    if len(users) > 1:
        raise RefusedTo(refuse(16000), request.destination)
    if _lacks_consent(world, request, users[0]):
        no = refuse(65001, request.app.client_id, request.app.name, error="interaction_required")
        raise RefusedTo(no, request.destination)
    return _finish(world, call, request, users[0], session)


def sign_in(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/login`: the sign-in form came back."""
    page = _page(world, call)
    if page is None:
        return pages.error(refuse(90013), call)
    request = page.request
    if call.form.get("action") == "cancel":
        # fidelity: cancel
        fields = (("error", "access_denied"), ("error_subcode", "cancel"))
        return _deliver(call, request.destination, fields)
    name, password = call.form.get("login") or "", call.form.get("passwd") or ""
    here = request.authority.tenant
    user = world.directory.user(name, here.id if here else None)
    if user is None or user.password != password:
        # fidelity: unknown-user
        return _show_sign_in(world, call, request, name=name, problem=refuse(50126))
    session = _join_session(world, call, user)
    return _after_sign_in(world, call, request, user, session)


def pick_account(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/pick`: somebody chose one of the signed-in accounts, or another."""
    page = _page(world, call)
    session = world.ledger.session(call.cookie(COOKIE))
    if page is None:
        return pages.error(refuse(90013), call)
    chosen = call.form.get("account")
    user = next((u for u in (session.users if session else ()) if u.oid == chosen), None)
    if user is None or session is None:
        return _show_sign_in(world, call, page.request)
    return _after_sign_in(world, call, page.request, user, session)


def decide_consent(world: World, call: Call) -> HttpResponse:
    """POST `/{tenant}/consent`: yes or no."""
    page = _page(world, call)
    if page is None or page.user is None:
        return pages.error(refuse(90013), call)
    request, user = page.request, page.user
    if call.form.get("action") != "accept":
        # fidelity: decline
        return _deliver(call, request.destination, as_fields(refuse(65004), call))
    for wanted in request.asked.wanted:
        world.ledger.consent(user.oid, request.app.client_id, wanted.resource.id)
    session = world.ledger.session(call.cookie(COOKIE)) or _join_session(world, call, user)
    return _finish(world, call, request, user, session)


def log_out(world: World, call: Call) -> HttpResponse:
    """GET `/{tenant}/oauth2/v2.0/logout`: forget who is signed in with this browser."""
    world.ledger.end_session(call.cookie(COOKIE))
    return pages.signed_out(call, extra=(("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0"),))


def _page(world: World, call: Call) -> PageUnderWay | None:
    """What the returned form belongs to, unless it is too old or unknown."""
    page = world.ledger.page(call.form.get("ctx"))
    return page if page is not None and call.now - page.shown < _PAGE_LIVES_S else None


def _remember(world: World, page: PageUnderWay) -> str:
    name = world.chance.text(43)
    world.ledger.keep_page(name, page)
    return name


def _show_sign_in(
    world: World,
    call: Call,
    request: AuthorizeRequest,
    *,
    name: str | None = None,
    problem: Refused | None = None,
) -> HttpResponse:
    ctx = _remember(world, PageUnderWay(request=request, shown=call.now))
    shown = name if name is not None else request.login_hint or ""
    return pages.sign_in(
        call, request, ctx=ctx, name=shown, problem=problem, users=world.directory.users
    )


def _show_picker(
    world: World, call: Call, request: AuthorizeRequest, users: tuple[User, ...]
) -> HttpResponse:
    ctx = _remember(world, PageUnderWay(request=request, shown=call.now))
    return pages.pick_account(call, request, ctx=ctx, users=users)


def _after_sign_in(
    world: World, call: Call, request: AuthorizeRequest, user: User, session: Session
) -> HttpResponse:
    """The person is known; now consent, if it is missing or asked for anew."""
    if request.prompt != "consent" and not _lacks_consent(world, request, user):
        return _finish(world, call, request, user, session)
    ctx = _remember(world, PageUnderWay(request=request, shown=call.now, user=user))
    return pages.consent(call, request, ctx=ctx, user=user, extra=_cookie(world, call, session))


def _lacks_consent(world: World, request: AuthorizeRequest, user: User) -> bool:
    # fidelity: consent-default
    return not all(
        world.ledger.consented(user.oid, request.app.client_id, wanted.resource.id)
        for wanted in request.asked.wanted
    )


def _join_session(world: World, call: Call, user: User) -> Session:
    before = world.ledger.session(call.cookie(COOKIE))
    others = tuple(u for u in (before.users if before else ()) if u.oid != user.oid)
    return Session(users=(user, *others), state=world.chance.guid())


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


def _finish(
    world: World, call: Call, request: AuthorizeRequest, user: User, session: Session
) -> HttpResponse:
    """Issue a code and send it."""
    tenant = _tenant_of(world, user)
    code = make_code(world)
    world.ledger.keep_code(
        code, IssuedCode(request=request, user=user, tenant=tenant, issued=call.now)
    )
    info = (("client_info", client_info(user, tenant)),) if request.client_info else ()
    fields = (("code", code), *info)
    return _deliver(
        call,
        request.destination,
        fields,
        after=(("session_state", session.state),),  # fidelity: session-state
        extra=_cookie(world, call, session),
    )


def make_code(world: World) -> str:
    """Opaque, about 900 characters, two dots: what real ones look like."""  # fidelity: code-shape
    return f"1.A{world.chance.text(85)}.AgABBAIAAAD{world.chance.text(800)}"


def _tenant_of(world: World, user: User) -> Tenant:
    return next(t for t in world.directory.tenants if t.id == user.tenant_id)


def _deliver(
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
        return pages.form_post(call, destination.redirect_uri, fields, extra=extra)
    location = redirects.reply_url(destination.redirect_uri, fields, destination.mode)
    return redirect_answer(location, call, extra=extra)
