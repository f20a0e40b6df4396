"""The authorization request, which the browser is sent to (RFC 6749 §4.1.1), and its PKCE.

Two procedures, one request value:

* *article*: the documented browser-and-curl procedure, parameter for parameter.
* *hardened*: the same parameters in the same order, then PKCE and a nonce.
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from enum import StrEnum
from urllib.parse import urlsplit

from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING, dataclass, field, pattern
from entra_oauth.protocol.authority import require_client_id
from entra_oauth.protocol.messages import (
    Fields,
    encode_form,
    is_loopback,
    refuse_control_characters,
)
from entra_oauth.protocol.scopes import IDENTITY, OPENID, expand
from entra_oauth.sha256 import sha256

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority

__all__ = [
    "NO_HINTS",
    "AuthorizationRequest",
    "Hints",
    "Pkce",
    "Procedure",
    "check_redirect_uri",
    "fresh_secret",
    "s256",
]

RESPONSE_MODES = ("query", "form_post")
PROMPTS = ("login", "none", "consent", "select_account")


class Procedure(StrEnum):
    """The two sets of requests that can be sent."""

    ARTICLE = "article"
    HARDENED = "hardened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Hints for the sign-in page; all optional.

    Raises `UsageError` for a prompt that Entra does not know, claims that are no JSON,
    a correlation id that is no GUID.
    """

    prompt: str | None = None
    login_hint: str | None = None
    """User name to be filled in. The authority and its logs will see it."""
    domain_hint: str | None = None
    claims: str | None = None
    """A claims challenge to be answered: a JSON object, as it came."""
    correlation_id: str | None = None
    """A GUID by which both requests are found in Entra's logs."""

    def __post_init__(self) -> None:
        if (self.claims, self.correlation_id) != (None, None):
            from entra_oauth.protocol.endpoints.access_request import (
                check_claims,
                check_correlation_id,
            )

            check_claims(self.claims)
            check_correlation_id(self.correlation_id)
        if self.prompt is not None and self.prompt not in PROMPTS:
            raise UsageError(
                "Entra knows no such prompt.", advice=f"Use one of {', '.join(PROMPTS)}."
            )

    @property
    def fields(self) -> Fields:
        """The hints that are set, in a fixed order. Entra refuses empty ones (AADSTS90100)."""
        pairs = (
            ("prompt", self.prompt),
            ("login_hint", self.login_hint),
            ("domain_hint", self.domain_hint),
            ("claims", self.claims),
            ("client-request-id", self.correlation_id),
        )
        return tuple((name, value) for name, value in pairs if value)


NO_HINTS = Hints()


_VERIFIER = pattern(r"[A-Za-z0-9._~-]{43,128}")


def fresh_secret() -> str:
    """256 random bits as 43 characters of the URL alphabet (RFC 7636 §7.1).

    The same as `secrets.token_urlsafe(32)`, whose module imports `random` besides.
    """
    return _base64url(os.urandom(32))


def s256(verifier: str) -> str:
    """BASE64URL(SHA256(ASCII(verifier))) without padding: 43 characters (RFC 7636 §4.2)."""
    return _base64url(sha256(verifier.encode("ascii")).digest())


_URL_ALPHABET = bytes.maketrans(b"+/", b"-_")


def _base64url(octets: bytes) -> str:
    """The octets without padding (RFC 4648 §5), as module `base64` has it, which imports more."""
    return b2a_base64(octets, newline=False).translate(_URL_ALPHABET).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Pkce:
    """A verifier that stays here until the code is redeemed, and its challenge.

    The only method is S256: `plain` would show the secret to whoever sees the
    authorize URL (RFC 9700 §2.1.1). Raises `UsageError` for a verifier that is not
    43 to 128 unreserved characters (RFC 7636 §4.1).
    """

    verifier: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _VERIFIER.fullmatch(self.verifier):
            raise UsageError(
                "The PKCE verifier is not 43 to 128 letters, digits, '-', '.', '_' or '~'.",
                advice="Leave it out: Pkce.fresh() makes a random one for each sign-in.",
            )

    @classmethod
    def fresh(cls) -> Pkce:
        """A pair for one attempt."""
        return cls(fresh_secret())

    @property
    def challenge(self) -> str:
        """The hash that the authorize URL carries."""
        return s256(self.verifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """The parameters of one authorize URL (RFC 6749 §4.1.1).

    Make one with `.article()` or `.hardened()`. Raises `UsageError` for values
    that must not be sent.
    """

    procedure: Procedure
    authority: Authority
    client_id: str
    redirect_uri: str
    response_mode: str
    scopes: tuple[str, ...]
    state: str = field(repr=False)
    pkce: Pkce | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    hints: Hints = NO_HINTS

    def __post_init__(self) -> None:
        for name, value in self.parameters:
            refuse_control_characters(name, value)
        require_client_id(self.client_id)
        if not self.state:
            # NOTE: an empty expected state would match an answer that has none.
            raise UsageError("The state is empty.", advice="Leave it out: a random one is made.")
        if self.response_mode not in RESPONSE_MODES:
            raise UsageError(
                "A listener cannot receive that response mode.",
                advice=f"Use one of {', '.join(RESPONSE_MODES)}.",
            )
        check_redirect_uri(self.redirect_uri)
        if self.procedure is Procedure.HARDENED and None in (self.pkce, self.nonce):
            raise UsageError(
                "The hardened procedure does not go without PKCE and a nonce.",
                advice="Make the request with AuthorizationRequest.hardened().",
            )

    @classmethod
    def article(
        cls,
        *,
        authority: Authority,
        client_id: str,
        redirect_uri: str,
        scopes: tuple[str, ...],
        state: str | None = None,
        response_mode: str = "query",
        hints: Hints = NO_HINTS,
    ) -> AuthorizationRequest:
        """The documented request: six parameters, no PKCE. `state` is random unless given."""
        return cls(
            procedure=Procedure.ARTICLE,
            authority=authority,
            client_id=client_id,
            redirect_uri=redirect_uri,
            response_mode=response_mode,
            scopes=expand(scopes, cloud=authority.cloud),
            state=fresh_secret() if state is None else state,
            hints=hints,
        )

    @classmethod
    def hardened(
        cls,
        *,
        authority: Authority,
        client_id: str,
        redirect_uri: str,
        scopes: tuple[str, ...],
        response_mode: str = "form_post",
        hints: Hints = NO_HINTS,
    ) -> AuthorizationRequest:
        """The request for every day: PKCE S256, a 256-bit state, a nonce (RFC 9700 §2.1)."""
        return cls(
            procedure=Procedure.HARDENED,
            authority=authority,
            client_id=client_id,
            redirect_uri=redirect_uri,
            response_mode=response_mode,
            scopes=expand((*scopes, *OPENID), cloud=authority.cloud),
            state=fresh_secret(),
            pkce=Pkce.fresh(),
            nonce=fresh_secret(),
            hints=hints,
        )

    @classmethod
    def identity_only(
        cls,
        *,
        authority: Authority,
        client_id: str,
        redirect_uri: str,
        nonce: str,
        response_mode: str = "form_post",
        hints: Hints = NO_HINTS,
    ) -> AuthorizationRequest:
        """A hardened request for an ID token alone, with a nonce that was made beforehand."""
        return cls(
            procedure=Procedure.HARDENED,
            authority=authority,
            client_id=client_id,
            redirect_uri=redirect_uri,
            response_mode=response_mode,
            scopes=IDENTITY,
            state=fresh_secret(),
            pkce=Pkce.fresh(),
            nonce=nonce,
            hints=hints,
        )

    @property
    def scope(self) -> str:
        """The scopes as one parameter value."""
        return " ".join(self.scopes)

    @property
    def parameters(self) -> Fields:
        """The parameters of the URL, in wire order: the article's six first."""
        own: list[tuple[str, str]] = [
            ("client_id", self.client_id),
            ("response_type", "code"),
            ("redirect_uri", self.redirect_uri),
            ("response_mode", self.response_mode),
            ("scope", self.scope),
            ("state", self.state),
        ]
        if self.pkce is not None:
            own.append(("code_challenge", self.pkce.challenge))
            own.append(("code_challenge_method", "S256"))
        if self.nonce is not None:
            own.append(("nonce", self.nonce))
        return (*own, *self.hints.fields)

    @property
    def url(self) -> str:
        """The authorize URL, one line."""
        return f"{self.authority.authorization_endpoint}?{encode_form(self.parameters)}"


VISIBLE = pattern(r"[\x21-\x7e]+")


def check_redirect_uri(uri: str) -> None:
    """Raise `UsageError` for what no app can have registered, or must not."""
    advice = "Use the URI that the app has registered, for example http://localhost."
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageError("The redirect URI is not a URL.", advice=advice) from None
    # RFC 6749 §3.1.2: absolute, and without a fragment, even an empty one. RFC 3986:
    # visible ASCII only.
    if parts.scheme not in ("http", "https") or not host or not VISIBLE.fullmatch(uri):
        raise UsageError("The redirect URI is not an absolute http URL.", advice=advice)
    if "#" in uri:
        raise UsageError("The redirect URI has a part after a #.", advice=advice)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            "The redirect URI is plain http and not on this machine: the code could be read "
            "on the way.",
            advice=advice,
        )
