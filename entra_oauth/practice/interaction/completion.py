"""The end of an interaction: a code, a device's grant, a consent for all, or a no."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.model import client_info
from entra_oauth.practice.http.refusals import because_of, refuse
from entra_oauth.practice.http.responses import as_fields
from entra_oauth.practice.pages import forms
from entra_oauth.practice.pages.reply_to_app import ReplyToApp
from entra_oauth.practice.request.interaction_request import AdminInteraction, DeviceInteraction
from entra_oauth.practice.state.issued import IssuedCode

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import User
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.request.authorize_request import AuthorizeRequest, Destination
    from entra_oauth.practice.request.interaction_request import Interaction
    from entra_oauth.practice.state.context import Context
    from entra_oauth.practice.state.issued import BrowserSession, DeviceGrant
    from entra_oauth.protocol.messages import Fields

__all__ = ["decline", "deliver", "finish", "give_up"]


def give_up(context: Context, call: Call, interaction: Interaction, *, fault: str = "") -> Answer:
    """Somebody pressed Cancel, or could do nothing else because of a fault."""
    if isinstance(interaction, DeviceInteraction):
        return _decline_device(context, call, interaction, fault)
    if fault:
        no = because_of(fault, refuse(90094, error="access_denied"))
        return deliver(call, interaction.destination, as_fields(no, call))
    # fidelity: cancel
    fields = (("error", "access_denied"), ("error_subcode", "cancel"))
    return deliver(call, interaction.destination, fields)


def decline(context: Context, call: Call, interaction: Interaction) -> Answer:
    """Somebody said no to an app's wishes."""
    if isinstance(interaction, DeviceInteraction):
        return _decline_device(context, call, interaction, "")
    if isinstance(interaction, AdminInteraction):
        fields = (
            ("error", "permission_denied"),
            ("error_description", "The admin canceled the request"),
        )
        return deliver(call, interaction.destination, fields)
    # fidelity: decline
    return deliver(call, interaction.destination, as_fields(refuse(65004), call))


def _decline_device(
    context: Context, call: Call, interaction: DeviceInteraction, fault: str
) -> Answer:
    context.issued.change_device(
        interaction.device_code,
        lambda grant: replace(grant, declined=grant.user is None, fault=fault),
    )
    return forms.device_declined(call, fault=fault)


def finish(
    context: Context,
    call: Call,
    interaction: Interaction,
    user: User,
    session: BrowserSession,
    cookies: Fields,
) -> Answer:
    """Answer the device or the app, now that nothing is left to ask."""
    if not isinstance(interaction, AdminInteraction):
        resource = interaction.requested.resources[0].resource
        context.sign_ins.note(
            call, user, interaction.app, resource, in_browser=True, session=session.state
        )
    if isinstance(interaction, DeviceInteraction):
        return _finish_device(context, call, interaction, user, session, cookies)
    if isinstance(interaction, AdminInteraction):
        # fidelity: admin-consent
        scope = (("scope", interaction.scope),) if interaction.scope is not None else ()
        tenant = context.directory.tenant_of(user)
        fields = (("admin_consent", "True"), ("tenant", tenant.id), *scope)
        return deliver(call, interaction.destination, fields, cookies=cookies)
    return _reply(context, call, interaction, user, session, cookies)


def _finish_device(
    context: Context,
    call: Call,
    interaction: DeviceInteraction,
    user: User,
    session: BrowserSession,
    cookies: Fields,
) -> Answer:
    def agree(grant: DeviceGrant) -> DeviceGrant | None:
        if grant.declined or grant.user is not None:
            return None
        return replace(grant, user=user, amr=session.amr(user))

    if not context.issued.change_device(interaction.device_code, agree):
        return forms.error(refuse(90120), call, extra=cookies)
    return forms.device_granted(call, interaction, extra=cookies)


def _reply(
    context: Context,
    call: Call,
    request: AuthorizeRequest,
    user: User,
    session: BrowserSession,
    cookies: Fields,
) -> Answer:
    """A code, an ID token, or both, as `response_type` wants it."""
    tenant = context.directory.tenant_of(user)
    code = _code(context, call, request, user, session) if "code" in request.wants else None
    fields: Fields = (("code", code),) if code is not None else ()
    if "id_token" in request.wants:
        fields += (("id_token", _id_token(context, call, request, user, session, code)),)
    if request.client_info:
        fields += (("client_info", client_info(user, tenant)),)
    return deliver(
        call,
        request.destination,
        fields,
        after=(("session_state", session.state),),  # fidelity: session-state
        cookies=cookies,
    )


def _code(
    context: Context, call: Call, request: AuthorizeRequest, user: User, session: BrowserSession
) -> str:
    code = context.chance.authorization_code()
    issued_code = IssuedCode(
        request=request,
        user=user,
        tenant=context.directory.tenant_of(user),
        issued_at=call.now,
        amr=session.amr(user),
        session=session.state,
    )
    context.issued.save_code(code, issued_code)
    return code


def _id_token(
    context: Context,
    call: Call,
    request: AuthorizeRequest,
    user: User,
    session: BrowserSession,
    code: str | None,
) -> str:
    """An ID token for the front channel; beside a code it vouches for that (`c_hash`)."""
    from entra_oauth.practice.token.signed_tokens import Subject, make_id_token  # seldom needed

    subject = Subject(
        app=request.app,
        tenant=context.directory.tenant_of(user),
        user=user,
        proof="0",
        amr=session.amr(user),
    )
    return make_id_token(
        context,
        call,
        subject,
        user,
        oidc=request.requested.oidc,
        nonce=request.nonce,
        version=request.version,
        code=code,
    )


def deliver(
    call: Call,
    destination: Destination,
    fields: Fields,
    *,
    after: Fields = (),
    cookies: Fields = (),
) -> ReplyToApp:
    """A reply with fields, and `state` behind them, by the way that was asked for."""
    # fidelity: state-html
    state = (("state", destination.state),) if destination.state is not None else ()
    return ReplyToApp(
        call=call,
        redirect_uri=destination.redirect_uri,
        mode=destination.mode,
        fields=(*fields, *state, *after),
        cookies=cookies,
    )
