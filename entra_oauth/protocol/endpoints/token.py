"""The token endpoint: something is handed in, tokens come back (RFC 6749 §4 and §5).

A request is built by the class method that is named after its grant. Whatever the
grant, the form begins with the article's `client_id` and `scope`, then comes what
is handed in, then `grant_type`, then how the app proves itself.
"""

from __future__ import annotations

from urllib.parse import quote_plus, unquote_plus

from entra_oauth.errors import EntraOAuthError, UsageError, bare
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.endpoints.json_response import JsonAnswer, RequestFacts, http_date
from entra_oauth.protocol.id_token import Beside, IdToken
from entra_oauth.protocol.messages import (
    FORM,
    USER_AGENT,
    Fields,
    HttpRequest,
    HttpResponse,
    RawFields,
    check_opaque,
    refuse_control_characters,
)
from entra_oauth.protocol.scopes import not_granted

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.access_request import AccessRequest
    from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
    from entra_oauth.protocol.endpoints.client_auth import Proof

__all__ = ["DEVICE_GRANT", "OBO_GRANT", "TokenRequest", "TokenResponse"]


DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628 §3.4."""

OBO_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""RFC 7523 §2.1, with Entra's `requested_token_use=on_behalf_of`."""

_HARMLESS = frozenset(
    [
        "claims",
        "client_assertion_type",
        "client_id",
        "grant_type",
        "redirect_uri",
        "requested_token_use",
        "scope",
        "username",
    ]
)
_LONGEST_PASSWORD = 256


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
    extra_headers: Fields = field(default=(), repr=False)
    """Headers beside curl's three: Basic authentication, a correlation id."""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that stand in the headers, as an answer could repeat them."""

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
        if request.hints.claims is not None:
            fields.append(("claims", quote_plus(request.hints.claims)))
        return cls(
            authority=request.authority,
            client_id=request.client_id,
            scopes=request.scopes,
            nonce=request.nonce,
            accept="*/*" if article else "application/json",
            raw_fields=tuple(fields),
            extra_headers=_correlation(request.hints.correlation_id),
        )

    @classmethod
    def refresh(
        cls, access_request: AccessRequest, refresh_token: str, *, proof: Proof | None = None
    ) -> TokenRequest:
        """A refresh token for fresh tokens (RFC 6749 §6)."""
        check_opaque("refresh token", refresh_token)
        return cls._grant(
            access_request, "refresh_token", (("refresh_token", refresh_token),), proof
        )

    @classmethod
    def password(
        cls,
        access_request: AccessRequest,
        username: str,
        password: str,
        *,
        proof: Proof | None = None,
    ) -> TokenRequest:
        """User name and password (RFC 6749 §4.3), the flow that is on its way out.

        Raises `UsageError` for what Entra cannot accept: /common and /consumers, a
        user name or password that is empty, a password of more than 256 characters.
        """
        _check_password(access_request, username, password)
        handed_in = (("username", username), ("password", password))
        return cls._grant(access_request, "password", handed_in, proof)

    @classmethod
    def device(cls, access_request: AccessRequest, device_code: str) -> TokenRequest:
        """One question of the device flow: has the person finished? (RFC 8628 §3.4)."""
        return cls._grant(access_request, DEVICE_GRANT, (("device_code", device_code),), None)

    @classmethod
    def client_credentials(cls, access_request: AccessRequest, *, proof: Proof) -> TokenRequest:
        """A token in the app's own name (RFC 6749 §4.4)."""
        return cls._grant(access_request, "client_credentials", (), proof)

    @classmethod
    def on_behalf_of(
        cls, access_request: AccessRequest, assertion: str, *, proof: Proof
    ) -> TokenRequest:
        """The access token that a service was called with, for one to call the next.

        `assertion` is an access token whose audience is this app.
        """
        check_opaque("assertion", assertion)
        handed_in = (("assertion", assertion), ("requested_token_use", "on_behalf_of"))
        return cls._grant(access_request, OBO_GRANT, handed_in, proof)

    @classmethod
    def _grant(
        cls, access_request: AccessRequest, grant_type: str, handed_in: Fields, proof: Proof | None
    ) -> TokenRequest:
        fields = (
            ("client_id", access_request.client_id),
            ("scope", access_request.scope),
            *handed_in,
            ("grant_type", grant_type),
            *(proof.fields if proof else ()),
            *((("claims", access_request.claims),) if access_request.claims is not None else ()),
        )
        return cls(
            authority=access_request.authority,
            client_id=access_request.client_id,
            scopes=access_request.scopes,
            raw_fields=tuple((name, quote_plus(value)) for name, value in fields),
            extra_headers=(
                *(proof.headers if proof else ()),
                *_correlation(access_request.correlation_id),
            ),
            hidden=proof.secrets if proof else (),
        )

    @property
    def grant_type(self) -> str:
        """The kind of thing that is handed in."""
        return dict(self.parameters)["grant_type"]

    @property
    def code(self) -> str | None:
        """The code that is redeemed, if one is."""
        return dict(self.parameters).get("code")

    @property
    def parameters(self) -> Fields:
        """The form, decoded, in wire order."""
        return tuple((name, unquote_plus(raw)) for name, raw in self.raw_fields)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that no error may repeat: all but those known to be harmless."""
        secret = [(name, raw) for name, raw in self.raw_fields if name not in _HARMLESS]
        spelt = (value for _, raw in secret for value in (raw, unquote_plus(raw)))
        return tuple(dict.fromkeys((*spelt, *self.hidden)))

    @property
    def facts(self) -> RequestFacts:
        """The facts that the answer is read against."""
        return RequestFacts(
            authority=self.authority,
            secrets=self.secrets,
            spent=self.code is not None,
            grant_type=self.grant_type,
            assertion=dict(self.parameters).get("client_assertion"),
        )

    def to_http(self, *, user_agent: str = USER_AGENT) -> HttpRequest:
        """The message: curl's header set in curl's order, then what the request adds."""
        body = "&".join(f"{name}={raw}" for name, raw in self.raw_fields)
        return HttpRequest(
            method="POST",
            url=self.authority.token_endpoint,
            headers=(
                ("User-Agent", user_agent),
                ("Accept", self.accept),
                ("Content-Type", FORM),
                *self.extra_headers,
            ),
            body=body.encode("ascii"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """A good answer of the token endpoint (RFC 6749 §5.1). Its repr shows no token."""

    token_type: str
    access_token: str = field(repr=False)
    scope: str | None
    """The scopes that were granted, as the authority said it; None if it said nothing."""
    expires_in: int | None
    """Seconds from the answer; None if the authority did not say."""
    received_at: float
    """Seconds since 1970."""
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    identity: IdToken | None = None
    """The person, if an ID token came; it has been checked."""
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
        error, whatever else the answer holds, `UnexpectedAnswer` for anything
        that is not OAuth, `IdTokenRefused` for an ID token that says something else. No frame
        that such an error leaves behind holds a token.
        """
        try:
            return cls._read(reply, answering, received_at)
        except EntraOAuthError as error:
            failure = bare(error)
        raise failure

    @classmethod
    def _read(
        cls, reply: HttpResponse, answering: TokenRequest, received_at: float
    ) -> TokenResponse:
        answer = JsonAnswer.read(reply, answering.facts, received_at=received_at)
        if answer.required("token_type").lower() != "bearer":
            raise answer.unexpected("its token_type is not Bearer")
        scope, id_token = answer.text("scope"), answer.text("id_token")
        access_token = answer.required("access_token")
        identity = None
        if id_token is not None:
            identity = IdToken.read(
                id_token,
                authority=answering.authority,
                client_id=answering.client_id,
                nonce=answering.nonce,
                now=received_at,
                beside=Beside(
                    access_token=access_token,
                    code=answering.code,
                    authority_time=http_date(reply.header("Date")),
                ),
            )
        return cls(
            token_type="Bearer",  # noqa: S106
            access_token=access_token,
            scope=scope,
            expires_in=_life_s(answer, received_at),
            received_at=received_at,
            refresh_token=answer.text("refresh_token"),
            id_token=id_token,
            identity=identity,
            warnings=_warnings(scope, id_token, answering),
        )


def _life_s(answer: JsonAnswer, received_at: float) -> int | None:
    """Seconds until the access token expires; None if the answer does not say."""
    if (life := answer.seconds("expires_in")) is not None:
        return life
    # Older endpoints of Entra name the moment beside it; by the authority's clock, if it is told.
    expires_on = answer.members.get("expires_on")
    if isinstance(expires_on, str) and expires_on.isascii() and expires_on.isdigit():
        expires_on = int(expires_on[:12])
    if isinstance(expires_on, bool) or not isinstance(expires_on, int):
        return None
    left = expires_on - int(http_date(answer.reply.header("Date")) or received_at)
    if left < 1:
        raise answer.unexpected("its expires_on is over")
    if left >= 10**10:
        raise answer.unexpected("its expires_on is no time")
    return left


def _correlation(correlation_id: str | None) -> Fields:
    return (("client-request-id", correlation_id),) if correlation_id else ()


def _check_password(access_request: AccessRequest, username: str, password: str) -> None:
    if access_request.authority.tenant in ("common", "consumers"):
        # AADSTS9001023
        raise UsageError(
            "The password flow does not go with common or consumers.",
            advice="Name the tenant with --tenant, or use organizations.",
        )
    for name, value in (("user name", username), ("password", password)):
        refuse_control_characters(f"The {name}", value)
        if not value:
            raise UsageError(f"The {name} is empty.", advice=f"Give the {name}.")
    if len(password) > _LONGEST_PASSWORD:
        raise UsageError(
            f"The password is longer than {_LONGEST_PASSWORD} characters, which Entra refuses.",
            advice="Check what was read: a whole file, perhaps.",
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
