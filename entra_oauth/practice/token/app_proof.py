"""The proofs of an app: secret, certificate, or another issuer's word for it.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials and
https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from entra_oauth.practice.directory.model import Platform
from entra_oauth.practice.http.refusals import refuse
from entra_oauth.practice.token.assertion import check_assertion
from entra_oauth.practice.token.grant_request import AppCredential

if TYPE_CHECKING:
    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.token.grant_request import GrantRequest

__all__ = [
    "basic_proof",
    "check_confidential",
    "check_platform",
    "check_public_flow",
    "read_credential",
]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def read_credential(call: Call) -> tuple[str | None, AppCredential]:
    """Read the request's proof, and the client id of its Authorization header, if there is one."""
    form = call.form
    assertion = form.get("client_assertion")
    basic_id, basic_secret = basic_proof(call)
    secret = form.get("client_secret")
    return basic_id, AppCredential(secret if secret is not None else basic_secret, assertion)


def basic_proof(call: Call) -> tuple[str | None, str | None]:
    """Client id and secret of an Authorization header (RFC 6749 §2.3.1), if there is one.

    Raises 9002313.
    """
    scheme, _, value = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except ValueError:  # not base64, or not UTF-8 in it
        raise refuse(9002313) from None
    return unquote_plus(name), unquote_plus(secret)


def check_platform(request: GrantRequest, platform: Platform) -> None:
    """Does the client behave as the platform of its redirect URI demands?"""
    # fidelity: platforms
    origin = request.call.origin
    if platform is Platform.SPA and origin is None:
        raise refuse(9002327)
    if platform is not Platform.SPA and origin is not None:
        raise refuse(9002326, origin)
    if platform is Platform.WEB:
        _check_proof(request)
    elif request.credential.given:
        raise refuse(700025)


def check_confidential(request: GrantRequest) -> None:
    """For grants that only an app with a credential may use. No browser may send one."""
    if request.call.origin is not None:
        raise refuse(9002326, request.call.origin)
    _check_proof(request)


def check_public_flow(request: GrantRequest) -> Platform:
    """For grants without a redirect URI, which the app's registration must allow."""
    # fidelity: public-flows
    if request.call.origin is not None:
        raise refuse(9002326, request.call.origin)
    if request.credential.given and request.app.confidential:
        _check_proof(request)
        return Platform.WEB
    if not request.app.public_flows:
        raise refuse(7000218)
    if request.credential.given:
        raise refuse(700025)
    return Platform.NATIVE


def _check_proof(request: GrantRequest) -> None:
    """AADSTS7000218 without a credential, and one of several for a wrong one."""
    app, credential = request.app, request.credential
    if credential.assertion is not None:
        if request.need("client_assertion_type") != _ASSERTION_TYPE:
            raise refuse(90023, "client_assertion_type")
        check_assertion(request, credential.assertion)
        return
    if credential.secret is None:
        raise refuse(7000218)
    if app.secret is not None and _same(app.secret, credential.secret):
        return
    if app.expired_secret is not None and _same(app.expired_secret, credential.secret):
        raise refuse(7000222, app.client_id)
    raise refuse(7000215, app.client_id)


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode())
