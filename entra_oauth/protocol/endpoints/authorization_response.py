"""The second half of the front channel: what the browser brings back.

`AuthorizationResponse.read(callback, answering=request)` reads an answer against the request it
answers. The response holds its request and cannot be made in any other way, so a code whose
`state` was never checked cannot be redeemed.
"""

from __future__ import annotations

import hmac
from urllib.parse import unquote_plus

from entra_oauth.errors import AuthorityError, CallbackRefused, StateMismatch, plain
from entra_oauth.light import TYPE_CHECKING, dataclass, field
from entra_oauth.protocol.endpoints.authorize import VISIBLE
from entra_oauth.protocol.messages import FORM, split_form

if TYPE_CHECKING:
    from entra_oauth.protocol.authority import Authority
    from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
    from entra_oauth.protocol.messages import HttpRequest, RawFields

__all__ = ["AuthorizationResponse"]

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
    made_by: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.made_by is not _MADE_BY_READ:
            raise TypeError("an AuthorizationResponse is made by AuthorizationResponse.read only")
        # Forgotten: `dataclasses.replace` would take it along to another code.
        object.__setattr__(self, "made_by", None)

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
        if code and not VISIBLE.fullmatch(code):
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
    from entra_oauth.protocol.echoes import hide
    from entra_oauth.protocol.glossary.aadsts import as_sentence, judge, read_description

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
        error_uri=request.authority.own_page(text("error_uri", 300)),
        meaning=judged.meaning,
        cause=judged.cause,
        helps=judged.helps,
    )
