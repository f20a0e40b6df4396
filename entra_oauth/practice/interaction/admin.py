"""The endpoint at which an administrator consents for everybody.

https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.practice.directory.tenant_authority import read_authority
from entra_oauth.practice.http.refusals import Refused
from entra_oauth.practice.http.responses import as_fields
from entra_oauth.practice.interaction.completion import deliver
from entra_oauth.practice.interaction.sign_in import begin
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request.authorize_request import RefusedTo, find_destination
from entra_oauth.practice.request.interaction_request import AdminInteraction
from entra_oauth.practice.request.scope_string import RequestedScope, ResourceScope, read_scope

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.state.context import Context

__all__ = ["admin_consent", "admin_consent_v2"]


def admin_consent(context: Context, call: Call) -> Answer:
    """GET `/{tenant}/adminconsent`: for every API of the app's registration."""
    return _begin(context, call, scoped=False)


def admin_consent_v2(context: Context, call: Call) -> Answer:
    """GET `/{tenant}/v2.0/adminconsent`: for the APIs that `scope` names."""
    return _begin(context, call, scoped=True)


def _begin(context: Context, call: Call, *, scoped: bool) -> Answer:
    try:
        return begin(context, call, _read(context, call, scoped=scoped))
    except RefusedTo as no:
        return deliver(call, no.destination, as_fields(no.refused, call))
    except Refused as refused:
        return forms.error(refused, call)


def _read(context: Context, call: Call, *, scoped: bool) -> AdminInteraction:
    sent, book = call.query, context.directory
    authority = read_authority(call.segments[0], book)
    app = authority.app(sent.need("client_id"), book)
    destination, _ = find_destination(sent, app)
    scope = sent.need("scope") if scoped else None
    try:
        home = authority.home(book)
        requested = _everything(book) if scope is None else read_scope(scope, book, home, app)
    except Refused as refused:
        raise RefusedTo(refused, destination) from None
    return AdminInteraction(
        authority=authority,
        app=app,
        requested=requested,
        destination=destination,
        scope=scope,
        sent=sent.fields,
    )


def _everything(book: Directory) -> RequestedScope:
    """All the APIs there are: the practice directory keeps no list for each app."""
    # fidelity: admin-consent
    return RequestedScope(
        oidc=(),
        resources=tuple(
            ResourceScope(
                resource=resource,
                prefix=f"{resource.id}/",
                permissions=(*resource.permissions, *resource.admin_permissions),
                default=True,
            )
            for resource in book.resources
        ),
    )
