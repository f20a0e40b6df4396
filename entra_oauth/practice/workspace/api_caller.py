"""The caller of the toy workspace's API, let in or turned away."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from entra_oauth.markup import html
from entra_oauth.practice.directory.model import DATABRICKS
from entra_oauth.practice.request.claims_request import challenge_json
from entra_oauth.practice.signing.jws import believed, is_current, seconds
from entra_oauth.practice.workspace.identity import Identity
from entra_oauth.practice.workspace.own_tokens import ALL_APIS, is_own, read_own
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from entra_oauth.practice.http.call import Call
    from entra_oauth.practice.state.context import Context

__all__ = ["TurnedAway", "as_json", "claims_challenge", "identify_caller"]

_RESOURCE_ID = re.compile(
    r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.databricks/workspaces/[^/]+",
    re.ASCII | re.IGNORECASE,
)
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}


class TurnedAway(Exception):
    """A caller that is not let in; `answer` gives the reason."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(answer.status)
        self.answer = answer


def identify_caller(context: Context, call: Call) -> Identity:
    """The person or app whose token it is. Raises `TurnedAway`."""
    scheme, _, token = (call.request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TurnedAway(
            _refusal(
                401,
                "Credential was not sent or was of an unsupported type for this API.",
                ("WWW-Authenticate", 'Bearer realm="practice workspace"'),
            )
        )
    claims = believed(token.strip(), context.keys.key())
    if claims is None:
        raise TurnedAway(_refusal(403, "Invalid access token."))
    if is_own(claims):
        return _with_own_token(context, call, token.strip())
    resource = context.directory.resource(DATABRICKS)
    if resource is None or not resource.answers_to(str(claims.get("aud"))):
        raise TurnedAway(_wrong_audience(str(claims.get("aud"))))
    if not is_current(claims, call.now):
        raise TurnedAway(_refusal(403, "Invalid access token."))
    who = _found(context, claims)
    if who is None or not _member(context, call, who):
        raise TurnedAway(_page(403, "Error 403 User not authorized."))
    _challenge(context, call, who, claims)
    return who


def _with_own_token(context: Context, call: Call, token: str) -> Identity:
    """The caller by a token of Databricks' own, which is good for one workspace."""
    # fidelity: either-token
    read = read_own(context, call, token)
    if read is None:
        raise TurnedAway(_refusal(403, "Invalid access token."))
    who, scopes = read
    if ALL_APIS not in scopes:
        raise TurnedAway(_refusal(403, "The access token does not have the required scopes."))
    if not who.known.in_workspace:
        raise TurnedAway(_page(403, "Error 403 User not authorized."))
    return who


def _found(context: Context, claims: Mapping[str, object]) -> Identity | None:
    app = context.directory.app(str(claims.get("appid", claims.get("azp"))))
    oid = str(claims.get("oid"))
    if app is None:
        return None
    if "scp" not in claims:
        return Identity(app, oid)
    user = context.directory.user_with_oid(oid)
    return Identity(user, oid) if user is not None else None


def _member(context: Context, call: Call, who: Identity) -> bool:
    """In the workspace, or with a role on its Azure resource and the headers that say so.

    https://learn.microsoft.com/azure/databricks/dev-tools/auth: a service principal must
    show a token for Azure's management API too.
    """
    # fidelity: workspace-admin-header
    if who.known.in_workspace:
        return True
    named = call.request.header("X-Databricks-Azure-Workspace-Resource-Id") or ""
    if not who.known.contributor or not _RESOURCE_ID.fullmatch(named):
        return False
    return who.user is not None or _manages(context, call, who)


def _manages(context: Context, call: Call, who: Identity) -> bool:
    """True if the management token is this service principal's, and still good."""
    text = call.request.header("X-Databricks-Azure-SP-Management-Token") or ""
    claims = believed(text, context.keys.key())
    if claims is None or claims.get("oid") != who.oid:
        return False
    # It must be for Azure's own API. Whichever name that was asked for by, Entra's
    # management resource answers to it.
    resource = context.directory.resource(str(claims.get("aud")))
    management = context.directory.resource("https://management.core.windows.net/")
    if resource is None or resource is not management:
        return False
    return is_current(claims, call.now)


def _challenge(context: Context, call: Call, who: Identity, claims: Mapping[str, object]) -> None:
    """A client that can handle it is asked for a token made after the person's session ended."""
    # fidelity: cae-challenge
    since = context.issued.challenged(who.oid)
    if since is None or "xms_cc" not in claims or seconds(claims, "nbf") >= int(since):
        return
    raise TurnedAway(claims_challenge(int(since)))


def claims_challenge(not_before: int) -> HttpResponse:
    """A demand for a token that is not older than this (seconds since 1970)."""
    wanted = b64encode(challenge_json(not_before).encode()).decode("ascii")
    return _refusal(
        401,
        "Continuous access evaluation resulted in claims challenge.",
        (
            "WWW-Authenticate",
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/'
            f'authorize", error="insufficient_claims", claims="{wanted}"',
        ),
    )


def as_json(status: int, content: dict[str, object], *extra: tuple[str, str]) -> HttpResponse:
    """An answer of the workspace's API."""
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
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
    return as_json(status, {"error_code": status, "message": message}, *extra)


def _wrong_audience(audience: str) -> HttpResponse:
    """An HTML page with status 400, as reported for Databricks (azure-docs#83517)."""
    text = (
        "io.jsonwebtoken.IncorrectClaimException: Expected aud claim to be: "
        f"{DATABRICKS}, but was: {audience}."
    )
    return _page(400, text)


def _page(status: int, text: str) -> HttpResponse:
    document = html(
        "<html><head><title>Error {}</title></head><body><pre>{}</pre></body></html>", status, text
    )
    return HttpResponse(
        status=status,
        reason=_REASONS[status],
        headers=(
            ("Content-Type", "text/html;charset=utf-8"),
            ("Content-Security-Policy", "default-src 'none'"),
            ("X-Content-Type-Options", "nosniff"),
        ),
        body=document.encode("utf-8"),
    )
