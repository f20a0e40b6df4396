"""Name and password: who it is, or why they cannot come in.

The sign-in page and the password grant ask the same question.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import AccountStatus
from entra_oauth.practice.http.refusals import refuse

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Tenant, User
    from entra_oauth.practice.state.context import Context

__all__ = ["check_account", "check_password", "wants_second_step"]


def check_password(
    context: Context, name: str, password: str, tenant: Tenant | None, now: float
) -> User:
    """Raises 50034, 50126, and what `check_account` raises."""
    user = context.directory.user(name, tenant.id if tenant else None)
    if user is None:
        raise refuse(50034, name.strip(), (tenant or context.directory.tenants[0]).name)
    check_account(context, user, now)
    if not hmac.compare_digest(user.password.encode(), password.encode()):
        context.limits.wrong_password(user.oid, password, now)  # fidelity: lock-out
        raise refuse(50126)
    context.limits.right_password(user.oid)
    if user.account is AccountStatus.EXPIRED:
        raise refuse(50055)  # fidelity: password-expired
    return user


def check_account(context: Context, user: User, now: float) -> None:
    """Raises 50057 for a disabled account and 50053 for a locked one."""
    if user.account is AccountStatus.DISABLED:
        raise refuse(50057)
    if user.account is AccountStatus.LOCKED or context.limits.locked(user.oid, now):
        raise refuse(50053)


def wants_second_step(user: User, amr: tuple[str, ...]) -> bool:
    """True if a second factor is asked of that person and has not been given."""
    # fidelity: mfa
    return user.mfa and "mfa" not in amr
