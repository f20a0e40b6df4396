"""The memory of one browser: its session cookie, and the form that it has been shown.

A form carries a random name for what the tenant remembers about it (`ctx`), so no cookie is
needed to get through the pages. A cookie only spares a person the second sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.state.issued import BrowserSession

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.state.issued import PendingPage
    from entra_oauth.protocol.messages import Fields

__all__ = ["COOKIE", "join_session", "pending_page", "remember", "session_cookie", "session_of"]

COOKIE = "practice_session"
_PAGE_LIVES_S = 3600


def pending_page(context: Context, call: Call) -> PendingPage | None:
    """The page whose form came back; None if it is too old or unknown."""
    page = context.issued.page(call.form.get("ctx"))
    return page if page is not None and call.now - page.shown < _PAGE_LIVES_S else None


def remember(context: Context, page: PendingPage) -> str:
    """Store the page of a form; the result is its name, for the field `ctx`."""
    name = context.chance.text(43)
    context.issued.save_page(name, page)
    return name


def join_session(
    context: Context, call: Call, user: User, *, strong: bool = False
) -> BrowserSession:
    """The browser's session with that person in it; not stored yet."""
    before = context.issued.session(call.cookie(COOKIE))
    others = tuple(u for u in (before.users if before else ()) if u.oid != user.oid)
    had = before.strong if before else frozenset()
    return BrowserSession(
        users=(user, *others),
        state=context.chance.guid(),
        strong=had | {user.oid} if strong else had - {user.oid},
    )


def session_of(context: Context, call: Call, page: PendingPage, user: User) -> BrowserSession:
    """The session in which `page` was shown, or where there are no cookies one like it."""
    session = context.issued.session(call.cookie(COOKIE))
    if session is not None and user in session.users:
        return session
    return join_session(context, call, user, strong=page.strong)


def session_cookie(context: Context, call: Call, session: BrowserSession) -> Fields:
    """Store the session under a fresh name, and send that; nothing if it is stored already.

    The name changes with each sign-in, so that one planted before it is worth nothing.
    """
    before = call.cookie(COOKIE)
    if context.issued.session(before) is session:
        return ()
    context.issued.end_session(before)
    name = context.chance.text(43)
    context.issued.save_session(name, session)
    # A page's script asks in a frame who is signed in; browsers allow that over TLS alone.
    where = "None; Secure" if call.base_url.startswith("https:") else "Lax"
    return (("Set-Cookie", f"{COOKIE}={name}; Path=/; HttpOnly; SameSite={where}"),)
