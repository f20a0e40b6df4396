"""Consent: the one question that the pages and the grants ask alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import RegisteredApp, User
    from entra_oauth.practice.request.scope_string import ResourceScope
    from entra_oauth.practice.state.issued import Issued

__all__ = ["has_consent"]


def has_consent(
    issued: Issued, app: RegisteredApp, resource_scope: ResourceScope, user: User
) -> bool:
    """True if that person, or an administrator, agreed that the app may call that API.

    A permission that only an administrator can give is not covered by a yes that the person
    gave for the others of the same API, unless the person is one.
    """
    # fidelity: consent-default
    client_id, resource_id = app.client_id, resource_scope.resource.id
    if resource_scope.needs_admin and not user.admin:
        return issued.consented_for_all(client_id, resource_id)
    return issued.consented(user.oid, client_id, resource_id)
