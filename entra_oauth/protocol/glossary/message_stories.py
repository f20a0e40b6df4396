"""Who sends which message to whom, and why; and where each parameter is defined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["LIVE", "SOURCES", "Question", "Story", "story_of"]

_ENTRA_CODE = "Microsoft Learn, OAuth 2.0 authorization code flow"
_ERRORS = "Microsoft Learn, authentication error codes"

SOURCES = {
    "access_token": "RFC 6749 §5.1",
    "claims": "OpenID Connect Core §5.5",
    "client_assertion": "RFC 7521 §4.2",
    "client_assertion_type": "RFC 7521 §4.2",
    "client_id": "RFC 6749 §2.2",
    "client_secret": "RFC 6749 §2.3.1",
    "code": "RFC 6749 §4.1.2",
    "code_challenge": "RFC 7636 §4.3",
    "code_challenge_method": "RFC 7636 §4.3",
    "code_verifier": "RFC 7636 §4.5",
    "correlation_id": _ERRORS,
    "device_code": "RFC 8628 §3.2",
    "domain_hint": _ENTRA_CODE,
    "error": "RFC 6749 §5.2",
    "error_codes": _ERRORS,
    "error_description": "RFC 6749 §5.2",
    "expires_in": "RFC 6749 §5.1",
    "ext_expires_in": _ENTRA_CODE,
    "grant_type": "RFC 6749 §4.1.3",
    "id_token": "OpenID Connect Core §3.1.3.3",
    "interval": "RFC 8628 §3.2",
    "login_hint": "OpenID Connect Core §3.1.2.1",
    "nonce": "OpenID Connect Core §3.1.2.1",
    "password": "RFC 6749 §4.3.2",
    "prompt": "OpenID Connect Core §3.1.2.1",
    "redirect_uri": "RFC 6749 §3.1.2",
    "refresh_token": "RFC 6749 §6",
    "response_mode": "OAuth 2.0 Multiple Response Types §2.1",
    "response_type": "RFC 6749 §3.1.1",
    "scope": "RFC 6749 §3.3",
    "session_state": "OpenID Connect Session Management §3",
    "state": "RFC 6749 §10.12",
    "suberror": _ERRORS,
    "timestamp": _ERRORS,
    "token_type": "RFC 6749 §7.1",
    "trace_id": _ERRORS,
    "user_code": "RFC 8628 §3.2",
    "username": "RFC 6749 §4.3.2",
    "verification_uri": "RFC 8628 §3.2",
}
"""Where a parameter is defined."""


LIVE = {
    ("authorize", "state"): "a random value that must come back unchanged with the answer",
    ("authorize", "code_challenge"): "the hash of a secret that stays in this program until the "
    "code is redeemed",
    ("authorize", "nonce"): "a random value that must come back inside the ID token",
    ("redirect", "state"): "is it the one that was sent? That is checked before anything else",
    ("token", "code"): "the one that the browser has just brought",
    ("token", "redirect_uri"): "the same as in the first address, byte for byte",
    ("token", "code_verifier"): "the secret whose hash went out in the first address",
}
"""What is said of a parameter at one step while it happens; else the glossary's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked before a message is shown. `accepts` holds words, any of which will do."""

    asks: str
    accepts: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is said of one message."""

    sender: str
    receiver: str
    why: str
    step: str = ""
    """Its name in `glossary.AT_STEP`, if it has one."""
    is_address: bool = False
    """An address that is opened, and no request of ours."""
    is_opaque: bool = False
    """Its body is not a form."""
    question: Question | None = None


_US, _AUTHORITY, _API = "this program", "the authority", "the API"

_AUTHORIZE = Story(
    sender=_US,
    receiver="the authority, by way of your browser",
    why="it asks for a code. The sign-in itself is between you and the authority: this program "
    "never sees your password (RFC 6749 §4.1.1).",
    step="authorize",
    is_address=True,
    question=Question(
        asks="which value in the address must come back unchanged?",
        accepts=("state",),
        answer="state. Whoever sends a forged answer does not know it, so an answer without it "
        "is refused (RFC 6749 §10.12).",
    ),
)
_REDIRECT = Story(
    sender="your browser",
    receiver="the door of this program",
    why="the authority sent it back here with the answer. The state is compared before anything "
    "else is looked at (RFC 6749 §4.1.2).",
    step="redirect",
)
_REDEEM = Story(
    sender=_US,
    receiver="the authority's token endpoint, directly",
    why="the code went through a browser, where others may read it. It becomes a token only here, "
    "once (RFC 6749 §4.1.3).",
    step="token",
    question=Question(
        asks="which value must be the same here as in the first address, to the byte?",
        accepts=("redirect", "client"),
        answer="redirect_uri; the client_id too. The authority compares both with those the code "
        "was made for (RFC 6749 §4.1.3).",
    ),
)
_REFRESH = Story(
    sender=_US,
    receiver="the authority's token endpoint, directly",
    why="an access token is good for about an hour. The refresh token gets a new one without you "
    "(RFC 6749 §6).",
    step="token",
)
_PASSWORD = Story(
    sender=_US,
    receiver="the authority's token endpoint, directly",
    why="it hands in your password. The browser flow never does that; RFC 9700 §2.4 says that "
    "this flow must not be used.",
    step="token",
    question=Question(
        asks="which value of this message would let somebody do everything that you can?",
        accepts=("password",),
        answer="password. That is why this flow is to be avoided.",
    ),
)
_CREDENTIALS = Story(
    sender=_US,
    receiver="the authority's token endpoint, directly",
    why="the app asks in its own name; no person is involved (RFC 6749 §4.4.2).",
    step="token",
)
_POLL = Story(
    sender=_US,
    receiver="the authority's token endpoint, directly",
    why="it asks whether the person has finished yet. That is repeated until they have "
    "(RFC 8628 §3.4).",
    step="token",
)
_DEVICE = Story(
    sender=_US,
    receiver="the authority's device code endpoint, directly",
    why="it asks for two codes: one for this program, one for the person to type (RFC 8628 §3.1).",
    question=Question(
        asks="which of the two codes is the person shown?",
        accepts=("user",),
        answer="user_code. The device_code stays in this program.",
    ),
)
_KEYS = Story(
    sender=_US,
    receiver="the authority, directly",
    why="it fetches the public keys with which the ID token's signature is checked.",
)
_WORKSPACE = Story(
    sender=_US,
    receiver=_API,
    why="the token goes in the Authorization header, never in the address (RFC 6750 §2.1).",
    is_opaque=True,
)
_OTHER = Story(
    sender=_US,
    receiver="the host in the address, directly",
    why="it is part of what you asked for.",
    is_opaque=True,
)

_BY_GRANT = {
    "authorization_code": _REDEEM,
    "refresh_token": _REFRESH,
    "password": _PASSWORD,
    "client_credentials": _CREDENTIALS,
    "urn:ietf:params:oauth:grant-type:device_code": _POLL,
}


def story_of(kind: str, request: HttpRequest) -> Story:
    """What there is to say of a message. `kind` is `authorize`, `redirect` or `back`."""
    if kind == "authorize":
        return _AUTHORIZE
    if kind == "redirect":
        return _REDIRECT
    last = request.path.rpartition("/")[2]
    if last == "token" and request.method == "POST":
        grant = dict(parse_form(request.body.decode("latin-1"))).get("grant_type", "")
        return _BY_GRANT.get(grant, _OTHER)
    if last == "devicecode":
        return _DEVICE
    if last == "keys":
        return _KEYS
    return _WORKSPACE if request.header("Authorization") else _OTHER
