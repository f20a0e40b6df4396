"""Rules about who a token request says that it is from."""

from __future__ import annotations

import re
from base64 import b64decode

from entra_oauth.audit.case import Case, is_entra, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import Jwt, hidden, jwt, same, same_id
from entra_oauth.audit.rules.rule import E, N, W, form_gone, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.id_token import CLOCK_SKEW_S

FORM_AT = "/request/form"


def _credentials(item: Item) -> tuple[str, str]:
    scheme, _, rest = (item.request.header("authorization") or "").strip().partition(" ")
    return scheme.lower(), rest.strip()


def _basic(item: Item) -> tuple[str, str] | None:
    """Name and secret of Basic as they were sent; None if unreadable or taken out."""
    scheme, rest = _credentials(item)
    if scheme != "basic" or hidden(rest):
        return None
    try:
        name, _, secret = b64decode(rest, validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return name, secret


def _methods(item: Item) -> list[str]:
    found = [n for n in ("client_secret", "client_assertion") if item.get(n) is not None]
    return found + (["Authorization: Basic"] if _credentials(item)[0] == "basic" else [])


@rule("TR12", E, "RFC 6749 §2.3", at=StepKind.TOKEN, unless=form_gone)
def one_way_to_say_who_asks(item: Item, case: Case) -> Verdict:
    """The client says who it is in one way.

    Why: the standard forbids more than one; servers differ in which they believe.
    Mend: send a secret or an assertion, in one place.
    Before: Authorization: Basic …, and client_secret=… in the body
    After: client_secret=… in the body
    """
    methods = _methods(item)
    if len(methods) > 1:
        return failed(f"It uses {' and '.join(methods)}.", "/request")
    return passed("/request")


@rule("TR13", E, "RFC 6749 §2.3; the kind of CVE-2024-47081", at=StepKind.TOKEN)
def public_client_sends_nothing_else(item: Item, case: Case) -> Verdict:
    """A public client sends no Authorization header and no cookie.

    Why: HTTP libraries add credentials from .netrc, or cookies, that were meant for another.
    Mend: send the request with a client that has neither (requests: a Session
        with trust_env = False, used once).
    Before: Authorization: Basic … from ~/.netrc
    After: no such header
    """
    scheme, _ = _credentials(item)
    secret = item.get("client_secret") is not None or item.get("client_assertion") is not None
    if item.request.header("cookie") and not secret and scheme != "basic":
        return failed("It sends a cookie.", "/request/headers/cookie")
    where = "/request/headers/authorization"
    if not scheme:
        return absent("it is no public client") if secret else passed(where)
    client_id = item.get("client_id")
    if secret:
        return absent("it is no public client; TR12 tells of two ways at once")
    if scheme != "basic":
        return failed("It sends an Authorization header.", where)
    if client_id is None:
        return absent("the client says who it is by Basic")
    basic = _basic(item)
    if basic is None:
        return unknown("whose credentials they are was taken out", where)
    if same_id(basic[0], client_id):
        return absent("the client says who it is by Basic")
    return failed("It sends credentials of somebody else than the client.", where)


@rule("TR14", W, "RFC 6749 §2.3.1, RFC 8252 §8.5", at=StepKind.TOKEN, unless=form_gone)
def secret_fits_the_client(item: Item, case: Case) -> Verdict:
    """A native app uses no secret, and a server's is better not in the body.

    Why: what is shipped to people is no secret. In the body it is documented by Entra, so that
        alone is a note; a certificate is better than both.
    Mend: register the app as a public client, or use an assertion.
    Before: grant_type=authorization_code, a loopback redirect URI, and client_secret=…
    After: the same without client_secret, with code_verifier
    """
    where = f"{FORM_AT}/client_secret"
    basic, methods = _basic(item), _methods(item)
    named = item.get("client_id")
    if basic is not None and named is not None and not same_id(named, basic[0]):
        methods = [m for m in methods if not m.startswith("Authorization")]  # TR13 tells of those
    if not methods or methods == ["client_assertion"]:
        return absent("no secret is used")
    if basic is None and methods == ["Authorization: Basic"] and item.get("client_id"):
        return unknown("whose credentials Basic holds was taken out", "/request/headers")
    if on_this_machine(item.get("redirect_uri") or ""):
        return failed("An app with a loopback redirect URI uses a secret.", where)
    if item.get("client_secret") is not None:
        return failed("The secret is in the body.", where, severity=N)
    return passed("/request/headers/authorization")


@rule("TR15", W, "RFC 6749 §2.3.1", at=StepKind.TOKEN)
def basic_is_encoded_first(item: Item, case: Case) -> Verdict:
    """Name and secret are form-encoded before they become Basic.

    Why: a server that follows the standard decodes them, and then + is a space and % begins a
        code: it sees another secret.
    Mend: encode both with application/x-www-form-urlencoded, then base64.
    Before: base64(id:a+b%c)
    After: base64(id:a%2Bb%25c)
    """
    where = "/request/headers/authorization"
    if _credentials(item)[0] != "basic":
        return absent("Basic is not used")
    basic = _basic(item)
    if basic is None:
        return unknown("it was taken out, or cannot be read", where)
    if any(re.search(r"[+:&= ]|%(?![0-9A-Fa-f]{2})", part) for part in basic[1:]):
        # A + may be an encoded space; in a secret that is rarer than a plus.
        return failed("The secret holds characters that are encoded in a form.", where)
    return passed(where)


@rule("TR20", W, "RFC 7523 §3, RFC 8725 §3.1", at=StepKind.TOKEN, unless=form_gone)
def assertion_is_sound(item: Item, case: Case) -> Verdict:
    """A client assertion is signed with a key pair, for this endpoint, short-lived and new.

    Why: what is signed with a shared secret, or is good for long or elsewhere, can be used by
        others. What is not signed, or was over when it was sent, has to be refused: an error.
    Mend: PS256 or RS256, aud = the token endpoint, exp within ten minutes, a fresh jti.
    Before: {"alg":"HS256"} … "exp": in a day
    After: {"alg":"PS256","x5t#S256":…} … "exp": in ten minutes
    """
    token, where = item.get("client_assertion"), f"{FORM_AT}/client_assertion"
    if not token:
        return absent("there is no assertion")
    read = jwt(token)
    if read is None:
        if hidden(token):
            return unknown("the assertion was taken out", where)
        return failed("It is no JWT.", where)
    alg = read.header.get("alg")
    if not isinstance(alg, str) or alg.lower() == "none":
        return failed("It is not signed.", where, severity=E)
    if alg.startswith("HS"):
        return failed(f"Its algorithm is {case.show('alg', alg)}.", where)
    if text := _out_of_time(read, item, case):
        return failed(text, where, severity=E)
    own = same(read.text("iss") or "", read.text("sub") or "")
    if own is None:
        return unknown("who made it was taken out", where)
    if not own and is_entra(item):
        return absent("it is another issuer's token (federated); its life is that issuer's affair")
    ours = (item.url.partition("?")[0], item.url.partition("/oauth2/")[0] + "/v2.0")
    audience = read.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]  # RFC 7519 §4.1.3
    texts = [each for each in named if isinstance(each, str)]
    if not any(hidden(each) or each.startswith(ours) for each in texts):
        return failed("Its audience is not this endpoint.", where)
    start, end = read.number("iat") or read.number("nbf"), read.number("exp")
    if end is None:
        return failed("It has no end (exp).", where)
    if end - (start or item.step.started_at) > 660:
        return failed("It is good for more than ten minutes.", where)
    jti = read.text("jti")
    if not jti:
        return failed("It has no jti.", where)
    others = [other for i in case.all(StepKind.TOKEN) if i is not item and (other := _jti(i))]
    again = [same(jti, other) for other in others]
    if any(again) and not _is_sent_again(token, item, case):
        return failed("Its jti was used before.", where)
    return unknown("a jti was taken out", where) if None in again else passed(where)


def _out_of_time(read: Jwt, item: Item, case: Case) -> str:
    """A sentence on an assertion that was not good when it was sent; empty where it was.

    So it is too where nobody knows when that was.
    """
    sent = item.step.started_at
    if case.planned or not sent:
        return ""
    start, end = read.number("nbf"), read.number("exp")
    if end is not None and end + CLOCK_SKEW_S <= sent:
        return "It was over when it was sent (exp)."
    return "It is not good yet (nbf)." if start is not None and start - CLOCK_SKEW_S > sent else ""


def _jti(item: Item) -> str | None:
    read = jwt(item.get("client_assertion") or "")
    return read.text("jti") if read is not None else None


def _is_sent_again(token: str, item: Item, case: Case) -> bool:
    """MSAL sends one assertion again while it is good; Entra allows that."""
    others = [i.get("client_assertion") for i in case.all(StepKind.TOKEN) if i is not item]
    return is_entra(item) and any(other and same(token, other) for other in others)
