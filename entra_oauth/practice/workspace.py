"""A toy Databricks workspace: enough to see that a token works, or why it does not.

It believes only tokens that this tenant signed for Databricks and that are still
good. How a real workspace words its refusals is known from reports only.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from html import escape
from typing import TYPE_CHECKING

from entra_oauth.practice.directory import DATABRICKS
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.calls import Call
    from entra_oauth.practice.directory import User
    from entra_oauth.practice.keys import SigningKey
    from entra_oauth.practice.world import World

__all__ = ["clusters", "who_am_i"]


class _TurnedAway(Exception):
    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(answer.status)
        self.answer = answer


def clusters(world: World, call: Call) -> HttpResponse:
    """GET `/api/2.0/clusters/list`."""
    try:
        user = _bearer(world, call)
    except _TurnedAway as no:
        return no.answer
    listed = [
        {
            "cluster_id": f"0101-120000-practice{number}",
            "cluster_name": name,
            "creator_user_name": user.name,
            "spark_version": "15.4.x-scala2.12",
            "node_type_id": "Standard_DS3_v2",
            "state": state,
        }
        for number, (name, state) in enumerate(
            (("lesson", "RUNNING"), ("nightly", "TERMINATED")), 1
        )
    ]
    return _json(200, {"clusters": listed})


def who_am_i(world: World, call: Call) -> HttpResponse:
    """GET `/api/2.0/preview/scim/v2/Me`."""
    try:
        user = _bearer(world, call)
    except _TurnedAway as no:
        return no.answer
    return _json(
        200,
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": str(int(user.oid[-12:], 16)),
            "userName": user.name,
            "displayName": user.display_name,
            "active": True,
            "emails": [{"type": "work", "value": user.name, "primary": True}],
        },
    )


def _bearer(world: World, call: Call) -> User:
    """Whose token it is. Raises `_TurnedAway`."""
    scheme, _, token = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _TurnedAway(
            _refusal(
                401,
                "Credential was not sent or was of an unsupported type for this API.",
                ("WWW-Authenticate", 'Bearer realm="practice workspace"'),
            )
        )
    claims = _claims(token.strip(), world.keys.key())
    if claims is None:
        raise _TurnedAway(_refusal(403, "Invalid access token."))
    if claims.get("aud") != DATABRICKS:
        raise _TurnedAway(_wrong_audience(str(claims.get("aud"))))
    if not _number(claims, "nbf") <= call.now < _number(claims, "exp"):
        raise _TurnedAway(_refusal(403, "Invalid access token."))
    user = world.directory.user_with_oid(str(claims.get("oid")))
    if user is None or not user.in_workspace:
        raise _TurnedAway(_page(403, "Error 403 User not authorized."))
    return user


def _claims(token: str, key: SigningKey) -> Mapping[str, object] | None:
    """The claims of a token that `key` signed; None for anything else."""
    pieces = token.split(".")
    if len(pieces) != 3 or not token.isascii():
        return None
    try:
        header, claims, signature = (urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in pieces)
        head, body = json.loads(header), json.loads(claims)
    except (ValueError, RecursionError):
        return None
    if not isinstance(head, dict) or head.get("alg") != "RS256" or head.get("kid") != key.kid:
        return None
    signed = f"{pieces[0]}.{pieces[1]}".encode("ascii")
    return body if isinstance(body, dict) and key.verifies(signature, signed) else None


def _number(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    return float(value) if isinstance(value, int) else float("nan")


def _json(status: int, content: dict[str, object], *extra: tuple[str, str]) -> HttpResponse:
    return HttpResponse(
        status=status,
        reason={200: "OK", 401: "Unauthorized", 403: "Forbidden"}[status],
        headers=(
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *extra,
        ),
        body=json.dumps(content).encode("utf-8"),
    )


def _refusal(status: int, message: str, *extra: tuple[str, str]) -> HttpResponse:
    # fidelity: workspace-refusals
    return _json(status, {"error_code": status, "message": message}, *extra)


def _wrong_audience(audience: str) -> HttpResponse:
    """An HTML page with status 400, as reported for Databricks (azure-docs#83517)."""
    text = (
        "io.jsonwebtoken.IncorrectClaimException: Expected aud claim to be: "
        f"{DATABRICKS}, but was: {audience}."
    )
    return _page(400, text)


def _page(status: int, text: str) -> HttpResponse:
    head = f"<head><title>Error {status}</title></head>"
    html = f"<html>{head}<body><pre>{escape(text)}</pre></body></html>"
    return HttpResponse(
        status=status,
        reason={400: "Bad Request", 403: "Forbidden"}[status],
        headers=(
            ("Content-Type", "text/html;charset=utf-8"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=html.encode("utf-8"),
    )
