"""Device code: the request of the device, and the page on which a person types the code.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from entra_oauth.practice.directory.tenant_authority import read_authority
from entra_oauth.practice.http.refusals import Refused, refuse
from entra_oauth.practice.http.responses import as_json, json_answer, redirect_answer
from entra_oauth.practice.interaction.sign_in import begin
from entra_oauth.practice.pages import forms
from entra_oauth.practice.request.interaction_request import DeviceInteraction
from entra_oauth.practice.request.scope_string import read_resource, read_scope
from entra_oauth.practice.state.issued import DEVICE_LIVES_S, INTERVAL_S, DeviceGrant

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.pages.reply_to_app import Answer
    from entra_oauth.practice.state.context import Context
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["device_code", "device_code_v1", "device_login", "enter_code", "typed_code"]

_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 9


def device_code(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/v2.0/devicecode` (RFC 8628 §3.1)."""
    return _device_code(context, call, version=2)


def device_code_v1(context: Context, call: Call) -> HttpResponse:
    """POST `/{tenant}/oauth2/devicecode`: the same with `resource`."""
    return _device_code(context, call, version=1)


def _device_code(context: Context, call: Call, *, version: int) -> HttpResponse:
    book, form = context.directory, call.form
    try:
        authority = read_authority(call.segments[0], book)
        app = authority.app(form.need("client_id"), book)
        home = authority.home(book)
        if version == 1:
            requested = read_resource(form.need("resource"), book, home, app)
        else:
            requested = read_scope(form.need("scope"), book, home, app)
    except Refused as refused:
        return as_json(refused, call)
    device = f"{_letter(context)}AQABIQEAAAD{context.chance.text(200)}"
    user = "".join(_letter(context) for _ in range(_LENGTH))
    grant = DeviceGrant(
        authority=authority, app=app, requested=requested, device_call=call, issued_at=call.now
    )
    context.issued.save_device(device, user, grant)
    where = f"{call.base_url}/devicelogin"  # fidelity: verification-uri
    body: dict[str, object] = {  # fidelity: device-code, device-code-v1
        "user_code": user,
        "device_code": device,
        "verification_uri" if version == 2 else "verification_url": where,
        "expires_in": DEVICE_LIVES_S if version == 2 else str(DEVICE_LIVES_S),
        "interval": INTERVAL_S if version == 2 else str(INTERVAL_S),
        "message": f"To sign in, use a web browser to open the page {where} and enter the code "
        f"{user} to authenticate.",
    }
    return json_answer(200, json.dumps(body, separators=(",", ":")), call, telemetry="1,0,0,,")


def _letter(context: Context) -> str:
    return _CHARACTERS[context.chance.between(0, len(_CHARACTERS) - 1)]


def device_login(context: Context, call: Call) -> HttpResponse:
    """GET `/devicelogin`: the short address on the screen of a device."""
    return redirect_answer(f"{call.base_url}/common/oauth2/deviceauth", call)


def enter_code(context: Context, call: Call) -> HttpResponse:
    """GET `/{tenant}/oauth2/deviceauth`."""
    return forms.enter_code(call, code="", refused=None)


def typed_code(context: Context, call: Call) -> Answer:
    """POST `/{tenant}/oauth2/deviceauth`: somebody typed a code."""
    typed = call.form.get("otc") or ""
    try:
        interaction = _find(context, call, typed)
    except Refused as refused:
        return forms.enter_code(call, code=typed, refused=refused)
    return begin(context, call, interaction)


def _find(context: Context, call: Call, typed: str) -> DeviceInteraction:
    """The interaction that the code begins. Raises 90119, 70018, 70019 or 90120."""
    code = "".join(typed.upper().split()).replace("-", "")
    if not code:
        raise refuse(90119)
    device = context.issued.device_code(code)
    grant = context.issued.device(device) if device is not None else None
    if device is None or grant is None:
        raise refuse(70018)
    if call.now - grant.issued_at > DEVICE_LIVES_S:
        raise refuse(70019)
    if grant.user is not None or grant.declined:
        raise refuse(90120)
    return DeviceInteraction(
        authority=grant.authority, app=grant.app, requested=grant.requested, device_code=device
    )
