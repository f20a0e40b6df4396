"""The authorization code flow, from top to bottom (RFC 6749 §4.1, RFC 8252).

Both procedures run through here; they differ in the request that is built, and
in nothing else.
"""

from __future__ import annotations

from entra_oauth.channels.base import Outcome
from entra_oauth.errors import AuthorityError, EntraOAuthError, TransportError
from entra_oauth.flows.id_token_signature import KeyStore, SignatureCheck
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.authorize import (
    NO_HINTS,
    AuthorizationRequest,
    Hints,
    Procedure,
)

if TYPE_CHECKING:
    from entra_oauth.channels.base import Channels
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse
    from entra_oauth.protocol.endpoints.token import TokenResponse
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Commitment", "SignIn", "redeem", "sign_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A thing that a sign-in is made for: its nonce was made from it."""

    nonce: str = field(repr=False)
    told: str
    """A sentence on it, for the browser's last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The plan of a sign-in: all that it is to ask for."""

    procedure: Procedure
    authority: Authority
    client_id: str
    scopes: tuple[str, ...]
    state: str | None = field(default=None, repr=False)
    """Only the article's procedure takes a given state; None makes a random one."""
    hints: Hints = NO_HINTS
    timeout_s: float = 300.0
    """Seconds that the person has."""
    http_timeout_s: float = 30.0
    """Seconds that the authority has for the token request, all in all."""
    commitment: Commitment | None = None
    """With one only an ID token is asked for, and its nonce says what the sign-in was for."""
    keys: KeyStore = field(default_factory=KeyStore, repr=False, compare=False)
    """The store of the authority's keys; a program that lives long shares one."""

    def request(self, *, redirect_uri: str, response_mode: str) -> AuthorizationRequest:
        """The authorization request for one way back. Fresh secrets every time."""
        if self.procedure is Procedure.ARTICLE:
            return AuthorizationRequest.article(
                authority=self.authority,
                client_id=self.client_id,
                redirect_uri=redirect_uri,
                response_mode=response_mode,
                scopes=self.scopes,
                state=self.state,
                hints=self.hints,
            )
        if self.commitment is not None:
            return AuthorizationRequest.identity_only(
                authority=self.authority,
                client_id=self.client_id,
                redirect_uri=redirect_uri,
                nonce=self.commitment.nonce,
                response_mode=response_mode,
                hints=self.hints,
            )
        return AuthorizationRequest.hardened(
            authority=self.authority,
            client_id=self.client_id,
            redirect_uri=redirect_uri,
            response_mode=response_mode,
            scopes=self.scopes,
            hints=self.hints,
        )


def sign_in(plan: SignIn, channels: Channels) -> TokenResponse:
    """Send the person to sign in, and redeem the code that comes back.

    Raises what the receivers, the back channel and the readers raise; the browser's
    last page tells the same, once.
    """
    with channels.front.open() as receiver:
        request = plan.request(
            redirect_uri=receiver.redirect_uri, response_mode=receiver.response_mode
        )
        channels.back.warm(request.authority.token_endpoint)

        def read(callback: HttpRequest) -> AuthorizationResponse:
            # Here, because the browser opens sooner without it, as without what follows.
            from entra_oauth.protocol.endpoints.authorization_response import AuthorizationResponse

            return AuthorizationResponse.read(callback, answering=request)

        hardened = plan.procedure is Procedure.HARDENED
        check = SignatureCheck.begin(plan.authority, channels, plan.keys, wanted=hardened)
        try:
            with check as signature:
                response = receiver.receive(request.url, read, timeout_s=plan.timeout_s)
                tokens = redeem(response, channels, timeout_s=plan.http_timeout_s)
                tokens = signature.check(tokens)
        except EntraOAuthError as error:
            receiver.report_outcome(_failure(error))
            raise
        except BaseException:  # Ctrl-C, above all: the browser must not be left waiting
            receiver.report_outcome(_GIVEN_UP)
            raise
        receiver.report_outcome(_success(tokens, plan.commitment))
        return tokens


def redeem(
    response: AuthorizationResponse, channels: Channels, *, timeout_s: float
) -> TokenResponse:
    """Exchange a code for tokens: once, whatever happens (RFC 6749 §4.1.2)."""
    from entra_oauth.protocol.endpoints.token import TokenRequest, TokenResponse

    request = TokenRequest.redeem(response)
    try:
        reply = channels.back.send(request.to_http(), timeout_s=timeout_s)
    except TransportError as error:
        if error.was_sent:
            error.advice += " The code counts as spent: sign in again."
        raise
    return TokenResponse.read(reply, answering=request, received_at=channels.now())


_ARRIVED = "The token has arrived in the program that asked for it."
_GIVEN_UP = Outcome(
    succeeded=False,
    headline="Not signed in",
    detail="This attempt was given up before it came to its end.",
    advice="Go back to the program that opened this page.",
)


def _success(tokens: TokenResponse, commitment: Commitment | None) -> Outcome:
    who = tokens.identity.username if tokens.identity else None
    return Outcome(
        succeeded=True,
        headline=f"Signed in as {who}" if who else "Signed in",
        detail=commitment.told if commitment else _ARRIVED,
        advice="You can close this window.",
    )


def _failure(error: EntraOAuthError) -> Outcome:
    reference = ""
    if isinstance(error, AuthorityError):
        parts = (
            ("Correlation ID", error.correlation_id),
            ("Trace ID", error.trace_id),
            ("Time", error.timestamp),
        )
        reference = "\n".join(f"{name}: {value}" for name, value in parts if value)
    return Outcome(
        succeeded=False,
        headline="Not signed in",
        detail=error.what,
        advice=error.advice,
        reference=reference,
    )
