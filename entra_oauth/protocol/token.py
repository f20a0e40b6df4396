"""The second half of the code flow: the code for tokens (RFC 6749 §4.1.3 to §5.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus

from entra_oauth._version import __version__
from entra_oauth.errors import AuthorityError, UnexpectedAnswer, plain
from entra_oauth.protocol.aadsts import advice_for, as_sentence, hide, read_description
from entra_oauth.protocol.authorize import Procedure
from entra_oauth.protocol.jwt import IdToken
from entra_oauth.protocol.messages import FORM, Fields, HttpRequest, HttpResponse, RawFields
from entra_oauth.protocol.scopes import not_granted
from entra_oauth.protocol.strict_json import read_object

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.authorize import AuthorizationResponse

__all__ = ["USER_AGENT", "TokenRequest", "TokenResponse"]

USER_AGENT = f"entra-oauth/{__version__}"

_HARMLESS = frozenset(["client_id", "scope", "redirect_uri", "grant_type", "username"])
_BUSY = {429: "too many requests were made", 503: "it is not available for the moment"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """One request to the token endpoint. Its repr shows no secret."""

    authority: Authority
    client_id: str
    scopes: tuple[str, ...]
    nonce: str | None = field(default=None, repr=False)
    """The nonce that an ID token in the answer must carry."""
    accept: str = "application/json"
    raw_fields: RawFields = field(repr=False)
    """The form, each value percent-encoded as it goes on the wire."""

    @classmethod
    def redeem(cls, response: AuthorizationResponse) -> TokenRequest:
        """Redeem a code that came with our state.

        The article's six fields in the article's order, the code exactly as it stood
        in the address bar; hardened, the verifier takes the place of `state`, which
        means nothing here (RFC 6749 §4.1.3, RFC 7636 §4.5).
        """
        request = response.request
        article = request.procedure is Procedure.ARTICLE
        fields = [
            ("client_id", quote_plus(request.client_id)),
            ("scope", quote_plus(request.scope)),
            ("code", response.raw_code if article else quote_plus(response.code)),
            ("redirect_uri", quote_plus(request.redirect_uri)),
            ("grant_type", "authorization_code"),
        ]
        if article:
            fields.append(("state", quote_plus(request.state)))
        if request.pkce is not None:
            fields.append(("code_verifier", quote_plus(request.pkce.verifier)))
        return cls(
            authority=request.authority,
            client_id=request.client_id,
            scopes=request.scopes,
            nonce=request.nonce,
            accept="*/*" if article else "application/json",
            raw_fields=tuple(fields),
        )

    @property
    def parameters(self) -> Fields:
        """The form, decoded, in wire order."""
        return tuple((name, unquote_plus(raw)) for name, raw in self.raw_fields)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat: every value but those known to be harmless."""
        secret = [(name, raw) for name, raw in self.raw_fields if name not in _HARMLESS]
        return tuple(dict.fromkeys(v for _, raw in secret for v in (raw, unquote_plus(raw))))

    def to_http(self, *, user_agent: str = USER_AGENT) -> HttpRequest:
        """The message: curl's header set in curl's order, no more and no less."""
        body = "&".join(f"{name}={raw}" for name, raw in self.raw_fields)
        return HttpRequest(
            method="POST",
            url=self.authority.token_endpoint,
            headers=(
                ("User-Agent", user_agent),
                ("Accept", self.accept),
                ("Content-Type", FORM),
            ),
            body=body.encode("ascii"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """A good answer of the token endpoint (RFC 6749 §5.1). Its repr shows no token."""

    token_type: str
    access_token: str = field(repr=False)
    scope: str | None
    """What was granted, as the authority said it; None if it said nothing."""
    expires_in: int | None
    """Seconds from the answer; None if the authority did not say."""
    received_at: float
    """Seconds since 1970."""
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    identity: IdToken | None = None
    """Who signed in, if an ID token came; it has been checked."""
    warnings: tuple[str, ...] = ()

    @property
    def expires_at(self) -> float | None:
        """Seconds since 1970."""
        return None if self.expires_in is None else self.received_at + self.expires_in

    @classmethod
    def read(
        cls, reply: HttpResponse, *, answering: TokenRequest, received_at: float
    ) -> TokenResponse:
        """Read an answer against the request it answers.

        `received_at` is in seconds since 1970. Raises `AuthorityError` for an OAuth
        error, whatever else the answer holds (E08), `UnexpectedAnswer` for anything
        that is not OAuth, `IdTokenRefused` for an ID token that says something else.
        """
        host = answering.authority.host
        if reply.status in _BUSY and not _holds_error(reply):
            raise _busy(reply, host, received_at)
        members = _members(reply, host)
        if "error" in members:
            raise _refusal(members, reply, received_at, answering)
        if reply.status != 200:
            raise _unexpected(reply, host, "it is neither a token nor an OAuth error")
        if _required_text(members, "token_type", reply, host).lower() != "bearer":
            raise _unexpected(reply, host, "its token_type is not Bearer")
        scope = _optional_text(members, "scope", reply, host)
        id_token = _optional_text(members, "id_token", reply, host)
        return cls(
            token_type="Bearer",  # noqa: S106
            access_token=_required_text(members, "access_token", reply, host),
            scope=scope,
            expires_in=_lifetime(members, reply, host),
            received_at=received_at,
            refresh_token=_optional_text(members, "refresh_token", reply, host),
            id_token=id_token,
            identity=_identity(id_token, answering, received_at),
            warnings=_warnings(scope, id_token, answering),
        )


def _identity(token: str | None, request: TokenRequest, now: float) -> IdToken | None:
    if token is None:
        return None
    return IdToken.read(
        token,
        authority=request.authority,
        client_id=request.client_id,
        nonce=request.nonce,
        now=now,
    )


def _warnings(scope: str | None, id_token: str | None, request: TokenRequest) -> tuple[str, ...]:
    warnings = []
    if "openid" in request.scopes and id_token is None:
        warnings.append("No ID token came, so who signed in is not known.")
    # RFC 6749 §5.1: without `scope` in the answer, all that was asked is granted.
    missing = () if scope is None else not_granted(request.scopes, scope)
    if missing:
        warnings.append(f"Less was granted than asked: without {' '.join(missing)}.")
    return tuple(warnings)


def _members(reply: HttpResponse, host: str) -> dict[str, Any]:
    if 300 <= reply.status < 400:
        # RFC 9700 §4.12: a redirect would carry the code on to somebody else.
        raise _unexpected(reply, host, "it is a redirect, which is never followed with a code")
    if _media_type(reply) != "application/json":
        raise _unexpected(reply, host, "it is not JSON; a proxy or a gateway may have sent it")
    try:
        return read_object(reply.body)
    except ValueError as error:
        raise _unexpected(reply, host, str(error)) from None


def _media_type(reply: HttpResponse) -> str:
    return (reply.header("Content-Type") or "").partition(";")[0].strip().lower()


def _holds_error(reply: HttpResponse) -> bool:
    try:
        return _media_type(reply) == "application/json" and "error" in read_object(reply.body)
    except ValueError:
        return False


def _unexpected(reply: HttpResponse, host: str, why: str) -> UnexpectedAnswer:
    kind = plain(_media_type(reply), limit=60) or "no content type"
    return UnexpectedAnswer(
        f"{host} answered HTTP {reply.status} ({kind}, {len(reply.body)} bytes), "
        f"and that is no token answer: {why}.",
        advice="Check the authority's address and any proxy in between, then sign in again: "
        "a code can be sent only once.",
    )


def _busy(reply: HttpResponse, host: str, received_at: float) -> UnexpectedAnswer:
    seconds = math.ceil(retry_after_s(reply, received_at) or 60)
    return UnexpectedAnswer(
        f"{host} answered HTTP {reply.status}: {_BUSY[reply.status]}.",
        advice=f"Wait {seconds} seconds, then sign in again: a code can be sent only once.",
    )


def retry_after_s(reply: HttpResponse, received_at: float) -> float | None:
    """Seconds that the authority asks us to wait, 0 to 3600 (RFC 9110 §10.2.3)."""
    value = (reply.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), 3600))
    if not value:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        # The obsolete form without a zone means GMT as well (RFC 9110 §5.6.7).
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = moment.timestamp() - received_at
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), 3600.0)


def _refusal(
    members: dict[str, Any], reply: HttpResponse, received_at: float, request: TokenRequest
) -> AuthorityError:
    said = {n: hide(v, request.secrets) for n, v in members.items() if isinstance(v, str)}

    def text(name: str, limit: int = 300) -> str | None:
        return plain(said.get(name, ""), limit=limit) or None

    error = text("error", 80) or "an error without a name"
    described = read_description(said.get("error_description", ""))
    codes = _codes(members.get("error_codes")) or described.codes
    reason = as_sentence(described.text or "No reason was given")
    return AuthorityError(
        f"The authority refused the token ({error}): {reason}",
        advice=advice_for(error, codes),
        stage="token",
        error=error,
        description=described.text,
        error_codes=codes,
        suberror=text("suberror", 80),
        claims=said.get("claims"),
        trace_id=text("trace_id", 64) or described.trace_id,
        correlation_id=text("correlation_id", 64) or described.correlation_id,
        timestamp=text("timestamp", 40) or described.timestamp,
        error_uri=text("error_uri"),
        http_status=reply.status,
        retry_after_s=retry_after_s(reply, received_at),
    )


def _codes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(code for code in value if isinstance(code, int) and not isinstance(code, bool))


def _required_text(members: dict[str, Any], name: str, reply: HttpResponse, host: str) -> str:
    value = _optional_text(members, name, reply, host)
    if value is None:
        raise _unexpected(reply, host, f"it has no {name}")
    return value


def _optional_text(
    members: dict[str, Any], name: str, reply: HttpResponse, host: str
) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _unexpected(reply, host, f"its {name} is not a text")
    if not value.isprintable() or not value.isascii():
        # It would go into a header as it is.
        raise _unexpected(reply, host, f"its {name} holds characters that cannot be sent")
    return value


def _lifetime(members: dict[str, Any], reply: HttpResponse, host: str) -> int | None:
    value = members.get("expires_in")
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unexpected(reply, host, "its expires_in is not a number")
    if not 1 <= value < 10**10:
        raise _unexpected(reply, host, "its expires_in is not a positive number of seconds")
    return int(value)
