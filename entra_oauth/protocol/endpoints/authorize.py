"""The first half of the code flow: what the browser is sent to, and what it brings back.

`AuthorizationRequest` is built; `AuthorizationResponse.read(callback,
answering=request)` reads an answer against the request it answers. The response
holds its request and cannot be made in any other way, so a code whose `state`
was never checked cannot be redeemed.

Two procedures, one request value:

* *article*: the documented browser-and-curl procedure, parameter for parameter.
* *hardened*: the same parameters in the same order, then PKCE and a nonce.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlsplit

from entra_oauth.errors import AuthorityError, CallbackRefused, StateMismatch, UsageError, plain
from entra_oauth.protocol.messages import (
    FORM,
    Fields,
    HttpRequest,
    RawFields,
    encode_form,
    is_loopback,
    refuse_control_characters,
    split_form,
)
from entra_oauth.protocol.pkce import Pkce, fresh_secret
from entra_oauth.protocol.scopes import OPENID, expand

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority

__all__ = ["NO_HINTS", "AuthorizationRequest", "AuthorizationResponse", "Hints", "Procedure"]

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
        if not self.client_id.strip():
            raise UsageError(
                "There is no client id.",
                advice="Copy the Application (client) ID from the app's Overview page "
                "and give it with --client-id.",
            )
        if not self.state:
            # NOTE: an empty expected state would match an answer that has none.
            raise UsageError("The state is empty.", advice="Leave it out: a random one is made.")
        if self.response_mode not in RESPONSE_MODES:
            raise UsageError(
                "A listener cannot receive that response mode.",
                advice=f"Use one of {', '.join(RESPONSE_MODES)}.",
            )
        _check_redirect_uri(self.redirect_uri)
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


_VISIBLE = re.compile(r"[\x21-\x7e]+")


def _check_redirect_uri(uri: str) -> None:
    advice = "Use the URI that the app has registered, for example http://localhost."
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageError("The redirect URI is not a URL.", advice=advice) from None
    # RFC 6749 §3.1.2: absolute, and without a fragment, even an empty one. RFC 3986:
    # visible ASCII only.
    if parts.scheme not in ("http", "https") or not host or not _VISIBLE.fullmatch(uri):
        raise UsageError("The redirect URI is not an absolute http URL.", advice=advice)
    if "#" in uri:
        raise UsageError("The redirect URI has a part after a #.", advice=advice)
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            "The redirect URI is plain http and not on this machine: the code could be read "
            "on the way.",
            advice=advice,
        )


_MADE_BY_READ = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationResponse:
    """An accepted answer: its `state` was ours, and it carries one code."""

    request: AuthorizationRequest
    code: str = field(repr=False)
    raw_code: str = field(repr=False)
    """The code as it stood on the wire, still percent-encoded. A person who copies
    it from the address bar into curl's `-d` sends these characters."""
    session_state: str | None = field(default=None, repr=False)
    # Not a field: `dataclasses.replace` would take it along to another code.
    made_by: InitVar[object] = None

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _MADE_BY_READ:
            raise TypeError("an AuthorizationResponse is made by AuthorizationResponse.read only")

    @classmethod
    def read(
        cls, callback: HttpRequest, *, answering: AuthorizationRequest
    ) -> AuthorizationResponse:
        """Read a redirect against the request that it must answer.

        `callback` is the GET or POST as it reached the redirect URI. `state` is
        compared first, in constant time (RFC 6749 §10.12); until it is known to be
        ours, nothing else in the message counts, not even an `error`.

        Raises `StateMismatch` or `CallbackRefused` for what cannot be the answer:
        the wait goes on. Raises `AuthorityError` for a genuine refusal.
        """
        fields = _callback_fields(callback, answering.response_mode)
        _check_state(fields, answering.state)
        _check_shape(fields)
        _check_issuer(fields, answering.authority)
        error = _value(fields, "error")
        if error:
            raise _refusal(error, fields, answering)
        raw_code = dict(fields)["code"]
        session_state = _value(fields, "session_state")
        return cls(
            request=answering,
            code=unquote_plus(raw_code),
            raw_code=raw_code,
            session_state=session_state,
            made_by=_MADE_BY_READ,
        )


_KEEP_WAITING = "Nothing was used. The genuine answer is still awaited: finish in the browser."


def _callback_fields(callback: HttpRequest, response_mode: str) -> RawFields:
    if response_mode == "query" and callback.method == "GET":
        return split_form(callback.query)
    if response_mode == "form_post" and callback.method == "POST":
        media_type = (callback.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type == FORM and not callback.query:
            return split_form(callback.body.decode("latin-1"))
    raise CallbackRefused(
        f"A redirect came in another way than {response_mode}, the one that was asked for.",
        advice=_KEEP_WAITING,
    )


def _value(fields: RawFields, name: str) -> str | None:
    return next((unquote_plus(raw) for key, raw in fields if key == name), None)


def _check_state(fields: RawFields, expected: str) -> None:
    states = [unquote_plus(raw) for name, raw in fields if name == "state"]
    if not states:
        raise StateMismatch(
            "A redirect came without the state that was sent along: nothing shows that it "
            "answers this sign-in.",
            advice=_KEEP_WAITING,
        )
    # Bytes, because compare_digest refuses text that is not ASCII.
    equal = hmac.compare_digest(
        states[0].encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
    if len(states) > 1 or not equal:
        raise StateMismatch(
            "A redirect came with a state that is not ours: it answers another request, "
            "or somebody forged it.",
            advice=_KEEP_WAITING,
        )


_ONCE = (
    "code",
    "state",
    "error",
    "error_description",
    "error_subcode",
    "error_uri",
    "iss",
    "session_state",
)
_NEVER = ("access_token", "id_token", "refresh_token")


def _check_shape(fields: RawFields) -> None:
    names = [name for name, _ in fields]
    for name in _ONCE:
        if names.count(name) > 1:
            # RFC 6749 §3.1: parameters must not be included more than once.
            raise CallbackRefused(f"A redirect came with {name} twice.", advice=_KEEP_WAITING)
    for name in _NEVER:
        if name in names:
            raise CallbackRefused(
                f"A redirect came with {name}, which was not asked for.", advice=_KEEP_WAITING
            )
    # RFC 6749 §3.1: a parameter without a value counts as left out.
    has_code, has_error = bool(_value(fields, "code")), bool(_value(fields, "error"))
    if has_code == has_error:
        both = "both code and error" if has_code else "neither code nor error"
        raise CallbackRefused(f"A redirect came with {both}.", advice=_KEEP_WAITING)
    for code in (_value(fields, "code"), dict(fields).get("code")):
        # RFC 6749 app. A.11, less the space, which no authority uses. The spelling
        # on the wire too: the article sends it on as it is.
        if code and not _VISIBLE.fullmatch(code):
            raise CallbackRefused(
                "A redirect came with a code that holds a character no code has.",
                advice=_KEEP_WAITING,
            )


def _check_issuer(fields: RawFields, authority: Authority) -> None:
    issuer = _value(fields, "iss")
    if issuer is None:
        return
    # RFC 9207 §2.4: compared when present. Entra does not send it today.
    tenant_id = "".join(issuer.split("/")[3:4])
    if not authority.accepts_tenant(tenant_id) or issuer != authority.issuer(tenant_id):
        raise CallbackRefused(
            "A redirect came from another issuer than the one that was asked.", advice=_KEEP_WAITING
        )


def _refusal(error: str, fields: RawFields, request: AuthorizationRequest) -> AuthorityError:
    # Late: nothing of it is needed on the way to the browser.
    from entra_oauth.protocol.glossary.aadsts import as_sentence, hide, judge, read_description

    secrets = [request.state, request.pkce.verifier if request.pkce else "", request.nonce or ""]

    def text(name: str, limit: int = 80) -> str | None:
        value = _value(fields, name)
        return plain(hide(value, secrets), limit=limit) if value else None

    described = read_description(hide(_value(fields, "error_description") or "", secrets))
    shown, subcode = text("error") or "", text("error_subcode")
    said = described.text or subcode or "No reason was given"
    judged = judge(error, described.codes, subcode)
    return AuthorityError(
        f"The authority refused the sign-in ({shown}): {as_sentence(said)}",
        advice=judged.advice,
        stage="authorize",
        error=shown,
        description=described.text,
        error_codes=described.codes,
        suberror=subcode,
        trace_id=described.trace_id,
        correlation_id=described.correlation_id,
        timestamp=described.timestamp,
        error_uri=text("error_uri", 300),
        meaning=judged.meaning,
        cause=judged.cause,
        helps=judged.helps,
    )
