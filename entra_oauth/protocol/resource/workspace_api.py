"""A call of a Databricks workspace's API, and what its refusals mean.

As the article has it: the token in the `Authorization` header (RFC 6750 §2.1), and a
header that names the workspace's Azure resource where the person is no member of the
workspace. How a workspace words its refusals is known from reports and from Databricks'
own SDK, which meets six shapes of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from entra_oauth.errors import ApiRefused, UsageError
from entra_oauth.light import dataclass, field
from entra_oauth.protocol.endpoints.json_response import said_by
from entra_oauth.protocol.jwt import decode
from entra_oauth.protocol.messages import USER_AGENT, HttpRequest, check_opaque, split_origin
from entra_oauth.protocol.resource.claims_challenge import challenge_claims
from entra_oauth.protocol.resource.destination import check_audience, check_destination
from entra_oauth.shell_words import json_word

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.messages import HttpResponse

__all__ = ["RESOURCE_ID_HEADER", "ApiCall", "check_call", "resource_id"]

RESOURCE_ID_HEADER = "X-Databricks-Azure-Workspace-Resource-Id"

_METHODS = frozenset(["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])
_RESOURCE_ID = re.compile(
    r"/subscriptions/[!-.0-~]+/resourcegroups/[!-.0-~]+"
    r"/providers/microsoft\.databricks/workspaces/[!-.0-~]+",
    re.IGNORECASE,
)


def resource_id(subscription: str, resource_group: str, workspace: str) -> str:
    """The name of a workspace as an Azure resource, put together as in the article.

    Raises `UsageError` for a part that cannot be one.
    """
    for part in (subscription, resource_group, workspace):
        if not re.fullmatch(r"[!-.0-~]+", part):
            raise UsageError(
                "A part of the workspace's resource id is empty, or holds a slash, a space or a "
                "letter that a header cannot carry.",
                advice="Copy subscription id, resource group and workspace name from the "
                "workspace's Overview page in the Azure portal.",
            )
    return (
        f"/subscriptions/{subscription}/resourcegroups/{resource_group}"
        f"/providers/microsoft.databricks/workspaces/{workspace}"
    )


def check_call(method: str, body: bytes | None, resource_id: str | None) -> None:
    """Raise `UsageError` for what no call can be, whoever makes it."""
    if method not in _METHODS:
        raise UsageError(
            "There is no such method.", advice=f"Use one of {', '.join(sorted(_METHODS))}."
        )
    if body is not None and method in ("GET", "HEAD"):
        raise UsageError(
            f"A {method} has no body.", advice="Put what it asks for into the address."
        )
    if resource_id is not None and not _RESOURCE_ID.fullmatch(resource_id):
        raise UsageError(
            "The workspace's resource id does not look like one.",
            advice="It is /subscriptions/ID/resourceGroups/NAME/providers/"
            "Microsoft.Databricks/workspaces/NAME: see Properties in the Azure portal.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One request with a token. There is none that has not passed the gate.

    Raises `DestinationRefused` where the token must not go, `UsageError` for what
    cannot be sent.
    """

    method: str
    url: str
    """The whole address: `https://adb-….azuredatabricks.net/api/2.0/clusters/list`."""
    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    """The audience of the token."""
    authority: Authority
    """The issuer of the token."""
    is_exchanged: bool = False
    """True for a token of Databricks' own, which has an audience of its own too."""
    body: bytes | None = field(default=None, repr=False)
    """JSON."""
    resource_id: str | None = None
    """Of the workspace in Azure, for whoever is no member of the workspace but
    Contributor or Owner of that resource."""
    sign_in_with: str = "entra-oauth login"
    """The command that a person is told, with all that it needs."""
    sign_in_there_with: str | None = None
    """The same for the tenant of the workspace; None: it is made of the other one."""

    def __post_init__(self) -> None:
        check_call(self.method, self.body, self.resource_id)
        check_opaque("access token", self.access_token)
        check_destination(self.url, scopes=self.scopes, authority=self.authority)
        if not self.is_exchanged:
            check_audience(self.access_token, self.scopes)

    @property
    def host(self) -> str:
        """Host, and port if there is one."""
        return split_origin(self.url)[0].partition("://")[2]

    @property
    def is_repeatable(self) -> bool:
        """True where it does no harm when it is sent again (RFC 9110 §9.2.1)."""
        return self.method in ("GET", "HEAD")

    def to_http(self) -> HttpRequest:
        """The message."""
        headers = [
            ("User-Agent", USER_AGENT),
            ("Accept", "application/json"),
            ("Authorization", f"Bearer {self.access_token}"),
        ]
        if self.resource_id is not None:
            headers.append((RESOURCE_ID_HEADER, self.resource_id))
        if self.body is not None:
            headers.append(("Content-Type", "application/json"))
        return HttpRequest(
            method=self.method, url=self.url, headers=tuple(headers), body=self.body or b""
        )

    def refusal(self, reply: HttpResponse, *, now: float) -> ApiRefused | None:
        """The refusal that an answer holds, with the remedy; None if it is a good one.

        A redirect is a no: it is not followed. So is a page in the place of an API's answer:
        that is how a workspace asks whoever it does not know to sign in. `now` is in seconds
        since 1970.
        """
        if reply.status < 300 and not self._is_page(reply):
            return None
        what, advice, claims = self._explain(reply, now)
        said = said_by(reply, (self.access_token,))
        return ApiRefused(
            f"{self.host} answered HTTP {reply.status}: {what}"
            + (f" It says: {said}" * bool(said)),
            advice=advice,
            http_status=reply.status,
            claims=claims,
        )

    def _is_page(self, reply: HttpResponse) -> bool:
        kind = (reply.header("Content-Type") or "").lower()
        return kind.startswith("text/html") and urlsplit(self.url).path.startswith("/api/")

    def _explain(self, reply: HttpResponse, now: float) -> tuple[str, str, str | None]:
        """Meaning, remedy, and a claims challenge if there is one."""
        claims = challenge_claims(_challenges(reply)) if reply.status == 401 else None
        if claims is not None:
            return (
                "it wants a newer or stronger sign-in (a claims challenge).",
                f"{self.sign_in_with} --claims {json_word(claims)}, then this again.",
                claims,
            )
        if reply.status in (400, 401, 403) and (aged := self._age(now)) is not None:
            return *aged, None
        if self._is_not_taken(reply) or (self.is_exchanged and reply.status == 401):
            return *(_OWN_NOT_TAKEN if self.is_exchanged else self._not_taken()), None
        usual = 300 if reply.status < 400 else 400 if reply.status < 500 else 500
        known = _BY_STATUS.get(reply.status, _BY_STATUS[usual])
        what, advice = self._by_message(reply) or known
        if reply.status == 401:
            advice = advice.replace("{sign_in}", self.sign_in_with) + _EXCHANGE
        return what, advice, None

    @property
    def _sign_in_there(self) -> str:
        usual = f"{self.sign_in_with} --workspace-url {split_origin(self.url)[0]}"
        return self.sign_in_there_with or usual

    def _not_taken(self) -> tuple[str, str]:
        return (
            "it does not take the token, and asks for a sign-in instead.",
            "Get a fresh one for Azure Databricks from the workspace's own tenant: "
            f"{self._sign_in_there}. entra-oauth decode shows its audience, tenant and times.",
        )

    def _is_not_taken(self, reply: HttpResponse) -> bool:
        """True for the answers beside 401 by which a workspace turns a token away."""
        if reply.status < 300:
            return True
        if reply.status < 400:
            return urlsplit(reply.header("Location") or "").path.startswith("/login")
        return (
            reply.status == 400 and "invalid token" in said_by(reply, (self.access_token,)).lower()
        )

    def _age(self, now: float) -> tuple[str, str] | None:
        """A sentence on the token's own times, if they are the cause. Not verified."""
        try:
            claims = decode(self.access_token).claims
        except UsageError:
            return None
        expires, begins = (_seconds(claims, name) for name in ("exp", "nbf"))
        if expires is not None and expires <= now:
            return (
                f"the token expired {_minutes(now - expires)} ago, by what it says of itself.",
                _ANEW
                if self.is_exchanged
                else f"Get a fresh one: entra-oauth token, or {self.sign_in_with}.",
            )
        if begins is not None and begins > now:
            return (
                f"the token is good in {_minutes(begins - now)} only, by this machine's clock.",
                "Check this machine's date and time: entra-oauth doctor.",
            )
        return None

    def _by_message(self, reply: HttpResponse) -> tuple[str, str] | None:
        text = said_by(reply, (self.access_token,)).lower()
        if "expected aud claim" in text:
            return (
                "the token is for another API (wrong audience).",
                "Get one for Azure Databricks: --scope databricks.",
            )
        if reply.status == 403 and "not authorized" in text and "user" in text:
            return _NOT_A_MEMBER if self.resource_id is None else _NO_ROLE
        if reply.status in (401, 403) and "invalid access token" in text:
            return (
                _OWN_NOT_TAKEN
                if self.is_exchanged
                else (
                    "the token is expired, damaged, or of another tenant than the workspace.",
                    f"Get a fresh one from the workspace's own tenant: {self._sign_in_there}.",
                )
            )
        return None


_NOT_A_MEMBER = (
    "the person of this token is no member of the workspace.",
    "Ask a workspace administrator to add them. A Contributor or Owner of the workspace's Azure "
    "resource gets in with --workspace-resource-id.",
)
_NO_ROLE = (
    "the person of this token is no member of the workspace, and not Contributor or Owner of the "
    "Azure resource that was named.",
    "Check the resource id, or ask a workspace administrator to add the person.",
)

_ANEW = "Exchange anew, with --force-refresh, and check the clock: entra-oauth doctor."
_OWN_NOT_TAKEN = (
    "it does not take the token, though it was exchanged.",
    "Look whether the user or service principal that the federation policy names is in this "
    "workspace. A token near its end is not taken either: exchange anew, with --force-refresh.",
)

_EXCHANGE = (
    " A workspace that takes tokens of its own alone wants it exchanged: --exchange databricks."
)

_BY_STATUS = {
    300: ("it redirects elsewhere, and a token is not carried along.", "Check the address."),
    400: ("it does not understand the request.", "Check the path, and the body if there is one."),
    401: (
        "it does not take the token.",
        "Get a fresh one for Azure Databricks: {sign_in}. entra-oauth decode shows its audience "
        "and times.",
    ),
    403: (
        "the person of this token may not do that here.",
        "Ask whoever owns the object or administers the workspace for the permission.",
    ),
    404: ("there is no such path or object.", "Check the path and the ids in it."),
    429: ("too many requests were made.", "Wait a minute, then run this again."),
    500: ("it has a fault of its own, or is busy.", "Wait a minute, then run this again."),
}


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 10**12 else None


def _minutes(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 120 else f"{round(seconds / 60)} min"


def _challenges(reply: HttpResponse) -> list[str]:
    return [value for name, value in reply.headers if name.lower() == "www-authenticate"]
