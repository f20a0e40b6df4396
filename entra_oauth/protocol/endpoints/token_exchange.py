"""Databricks' token exchange: a signed token of Entra's, for one of Databricks' own (RFC 8693).

"Authenticate with an OAuth token exchange" (Databricks). The request has the fields of
Databricks' own SDK in its order: no secret, no `audience`, no `assertion`. Where the token
endpoint is, the workspace says itself (RFC 8414), and only its own host is believed.
"""

from __future__ import annotations

import re
from typing import Any

from entra_oauth.errors import (
    AuthorityError,
    DestinationRefused,
    SecurityError,
    UnexpectedAnswer,
    UsageError,
    plain,
)
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.authority import folded
from entra_oauth.protocol.echoes import hide
from entra_oauth.protocol.endpoints.json_response import retry_after_s, said_by
from entra_oauth.protocol.endpoints.token import TokenResponse
from entra_oauth.protocol.federated_token import claims_of, described
from entra_oauth.protocol.jwt import read_object
from entra_oauth.protocol.messages import (
    FORM,
    USER_AGENT,
    HttpRequest,
    check_opaque,
    encode_form,
    is_redirect,
    not_followed,
    split_origin,
)
from entra_oauth.protocol.resource.workspace import Workspace

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpResponse

__all__ = [
    "EXCHANGE_GRANT",
    "LEAST_LIFE_S",
    "ExchangeRequest",
    "ExchangeTarget",
    "account_meant",
    "check_exchange_ids",
]

EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
"""RFC 8693 §2.1."""
LEAST_LIFE_S = 60
"""Seconds. What has fewer left is neither exchanged nor given out."""

_JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
_ACCOUNT = re.compile(r"[0-9A-Za-z-]{1,64}")
_CLIENT = re.compile(r"[0-9A-Za-z._-]{1,128}")
_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
_POLICY = (
    "Look whether a federation policy has that issuer, audience and subject, letter by letter "
    "(entra-oauth decode shows other claims that it may name), and whether that user or service "
    "principal is in the account. With a person's token leave --exchange-client-id out; with an "
    "app's give it."
)


def account_meant(url: str | None, account_id: str | None) -> str | None:
    """The account's id, where the address is that of an account's host.

    Beside a workspace it is often set for other programs, and does not say where to exchange.
    """
    return account_id if url is None or "//accounts." in f"//{url}" else None


def check_exchange_ids(account_id: str | None, client_id: str | None) -> None:
    """Raise `UsageError` for an id that cannot be an account's, or a service principal's."""
    for name, value, form in (
        ("account's id", account_id, _ACCOUNT),
        ("service principal's client id", client_id, _CLIENT),
    ):
        if value is not None and not form.fullmatch(value):
            raise UsageError(f"The {name} does not look like one.", advice="Copy it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTarget:
    """The place that exchanges: a workspace, or an account."""

    workspace: Workspace
    """Of an account, its host."""
    account_id: str | None = None
    client_id: str | None = None
    """The service principal whose policy is meant. None: the account's policy, for people."""

    @classmethod
    def of(
        cls, url: str | None, *, account_id: str | None = None, client_id: str | None = None
    ) -> ExchangeTarget:
        """Raises `UsageError` for ids that are none, and `DestinationRefused` as `Workspace`."""
        if not url:
            raise UsageError(
                "No workspace was given that could exchange the token.",
                advice="Give it with --workspace-url or DATABRICKS_HOST; for an account, "
                "https://accounts.azuredatabricks.net and --exchange-account.",
            )
        check_exchange_ids(account_id, client_id)
        workspace = Workspace(url)
        is_account = workspace.host.startswith("accounts.")
        if workspace.cloud is not None and is_account is not (account_id is not None):
            raise UsageError(
                "An account's host and an account's id go together.",
                advice="Give --exchange-account with accounts.azuredatabricks.net, and with a "
                "workspace leave it out.",
            )
        client = folded(client_id) if client_id else None
        return cls(workspace=workspace, account_id=account_id, client_id=client)

    @property
    def issuer_path(self) -> str:
        """The path of Databricks as an authority, at its host."""
        return f"oidc/accounts/{self.account_id}" if self.account_id else "oidc"

    @property
    def key(self) -> str:
        """The part of a token's key in the store that tells what it was exchanged for."""
        return f"-> {self.workspace.url}/{self.account_id or ''} {self.client_id or '*'}"

    def takes(self, url: str) -> bool:
        """True where a token that was exchanged here may be meant: at the workspace itself.

        An account's serves all of its workspaces, of which nothing is known here.
        """
        return self.account_id is not None or split_origin(url)[0].lower() == self.workspace.url

    def metadata_request(self) -> HttpRequest:
        """The question for the token endpoint. It carries nothing secret."""
        return HttpRequest(
            method="GET",
            url=f"{self.workspace.url}/{self.issuer_path}/.well-known/oauth-authorization-server",
            headers=(("User-Agent", USER_AGENT), ("Accept", "application/json")),
        )

    def read_endpoint(self, reply: HttpResponse) -> str:
        """The token endpoint that an answer names.

        Raises `DestinationRefused` for one at another host, and `UnexpectedAnswer`.
        """
        members = _members(reply) if reply.status == 200 else {}
        endpoint = members.get("token_endpoint")
        if not isinstance(endpoint, str):
            raise UnexpectedAnswer(
                f"{self.workspace.host} answered HTTP {reply.status} and no metadata of a token "
                f"endpoint{not_followed(reply.status)}.",
                advice="Check the workspace URL: it may be another program, or one that "
                "exchanges no tokens.",
            )
        origin, _, path = endpoint.partition("//")[2].partition("/")
        own = self.workspace.url.partition("//")[2]
        scheme = self.workspace.url.partition("//")[0]
        if f"{scheme}//{origin.lower()}" != f"{scheme}//{own}" or not endpoint.startswith(
            f"{scheme}//"
        ):
            raise DestinationRefused(
                f"{self.workspace.host} names a token endpoint at another host, and the token "
                "was not sent.",
                advice="Do not exchange there. Check the workspace URL.",
            )
        if not _PATH.fullmatch(f"/{path}"):
            raise UnexpectedAnswer(
                f"{self.workspace.host} names a token endpoint that is no plain address.",
                advice="Check the workspace URL.",
            )
        return f"{self.workspace.url}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRequest:
    """One exchange. Its repr shows no token. Made where its endpoint has passed the gate."""

    endpoint: str
    subject_token: str = field(repr=False)
    client_id: str | None = None
    scope: str = "all-apis"

    def to_http(self) -> HttpRequest:
        """The message, with the form of Databricks' own SDK byte for byte."""
        check_opaque("token to exchange", self.subject_token)
        fields = (
            ("grant_type", EXCHANGE_GRANT),
            ("scope", self.scope),
            ("subject_token_type", _JWT_TYPE),
            ("subject_token", self.subject_token),
            *((("client_id", self.client_id),) if self.client_id else ()),
        )
        return HttpRequest(
            method="POST",
            url=self.endpoint,
            headers=(
                ("User-Agent", USER_AGENT),
                ("Accept", "application/json"),
                ("Content-Type", FORM),
            ),
            body=encode_form(fields).encode("ascii"),
        )

    @property
    def host(self) -> str:
        """Host, and port if there is one."""
        return split_origin(self.endpoint)[0].partition("://")[2]

    def read(self, reply: HttpResponse, *, received_at: float) -> TokenResponse:
        """Read the answer. `received_at` is in seconds since 1970.

        Raises `AuthorityError` for a refusal in either of Databricks' two dialects or in
        words, `UnexpectedAnswer` for what is no answer to this, and `SecurityError` for a token
        that is over or is somebody else's.
        """
        members = _members(reply)
        refusal = members.get("error") or members.get("errorCode")
        if refusal is not None or (400 <= reply.status < 500 and reply.status not in (404, 429)):
            raise self._refused(reply, members, received_at)
        token, life_s = members.get("access_token"), _seconds(members.get("expires_in"))
        if reply.status != 200 or not isinstance(token, str) or not _is_sendable(token):
            raise self._unexpected(reply, "that is no exchanged token")
        if str(members.get("token_type", "")).lower() != "bearer":
            raise self._unexpected(reply, "its token_type is not Bearer")
        if life_s is None:
            raise self._unexpected(reply, "it does not say how long the token is good")
        self._check(token, life_s, received_at)
        scope = members.get("scope")
        return TokenResponse(
            token_type="Bearer",  # noqa: S106
            access_token=token,
            scope=plain(scope, limit=300) if isinstance(scope, str) and scope else None,
            expires_in=life_s,
            received_at=received_at,
        )

    def _check(self, token: str, life_s: int, received_at: float) -> None:
        claims = claims_of(token)
        ends = claims.get("exp")
        left = float(life_s)
        if isinstance(ends, int | float) and not isinstance(ends, bool):
            left = min(left, ends - received_at)
        if left < LEAST_LIFE_S:
            raise SecurityError(
                f"{self.host} gave a token that is good for less than {LEAST_LIFE_S} seconds, and "
                "it was not used.",
                advice="Check this machine's clock (entra-oauth doctor), then run this again with "
                "--force-refresh: the new token ends with the one that was exchanged.",
            )
        subject = claims.get("sub")
        if self.client_id and isinstance(subject, str) and folded(subject) != self.client_id:
            raise SecurityError(
                f"{self.host} gave a token of another subject than the service principal that was "
                "named, and it was not used.",
                advice="Check --exchange-client-id and the service principal's federation policy.",
            )

    def _refused(
        self, reply: HttpResponse, members: dict[str, Any], received_at: float
    ) -> AuthorityError:
        secrets = (self.subject_token,)

        def text(*names: str, limit: int = 300) -> str:
            found = next((v for n in names if isinstance(v := members.get(n), str) and v), "")
            return plain(hide(" ".join(found.split()), secrets), limit=limit)

        error = text("error", "errorCode", limit=80) or f"HTTP {reply.status}"
        said = text("error_description", "errorSummary", "message") or said_by(reply, secrets)
        reason = f": {said.rstrip('.')}." if said else ", and gave no reason."
        return AuthorityError(
            f"{self.host} refused to exchange the token ({error}, HTTP {reply.status}){reason}"
            + described(self.subject_token),
            advice=_POLICY,
            stage="token",
            error=error,
            description=said,
            http_status=reply.status,
            retry_after_s=retry_after_s(reply, received_at),
        )

    def _unexpected(self, reply: HttpResponse, why: str) -> UnexpectedAnswer:
        if is_redirect(reply.status):
            why = "it is a redirect, which is never followed with a token"
        return UnexpectedAnswer(
            f"{self.host} answered the exchange with HTTP {reply.status}: {why}.",
            advice="Check the workspace URL and any proxy in between, then try again.",
        )


def _members(reply: HttpResponse) -> dict[str, Any]:
    """The object of a JSON answer; nothing of any other, whatever it looks like."""
    kind = (reply.header("Content-Type") or "").partition(";")[0].strip().lower()
    try:
        return read_object(reply.body) if kind == "application/json" else {}
    except ValueError:
        return {}


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**10:
        return None
    return int(value)


def _is_sendable(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token
