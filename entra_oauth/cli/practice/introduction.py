"""The people and the app with which somebody can try a tenant that has just been started."""

from __future__ import annotations

from entra_oauth.errors import plain
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.practice.directory.model import AccountStatus, Platform

if TYPE_CHECKING:
    from entra_oauth.cache.account import App
    from entra_oauth.practice import Directory
    from entra_oauth.practice.directory.model import RegisteredApp, User

__all__ = ["app_to_try", "people_to_try"]

_MOST = 3


def people_to_try(directory: Directory) -> str:
    """A line that names up to three people of one domain with one password.

    They are those whose sign-in meets nothing special, if there are any.
    """
    users = [user for user in directory.users if _is_usual(user)] or list(directory.users)
    if not users:
        return "People: none"
    first = users[0]
    domain = first.name.partition("@")[2]
    alike = [
        user.name.partition("@")[0]
        for user in users
        if (user.name.partition("@")[2], user.password) == (domain, first.password)
    ][:_MOST]
    names = ", ".join(alike[:-1]) + " or " + alike[-1] + " " if len(alike) > 1 else alike[0]
    return plain(f"People: {names}@{domain}, password: {first.password}")


def app_to_try(directory: Directory, authority_host: str) -> App | None:
    """The first app of the first tenant that `login` can use as it is; None if none can."""
    from entra_oauth.cache.account import App

    tenant = directory.tenants[0]
    for app in directory.apps:
        if app.tenant_id == tenant.id and _is_for_login(app):
            return App(authority_host, tenant.id, app.client_id)
    return None


def _is_usual(user: User) -> bool:
    is_plain = user.account is AccountStatus.ACTIVE and not (user.mfa or user.federated)
    return is_plain and user.in_workspace and not user.admin


def _is_for_login(app: RegisteredApp) -> bool:
    return any(
        (redirect.uri, redirect.platform) == ("http://localhost", Platform.NATIVE)
        for redirect in app.redirects
    )
