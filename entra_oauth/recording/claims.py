"""Claims that only somebody who sees the secrets can make, made before they are taken out.

Each claim is the recorder's own word: afterwards nobody can check it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from entra_oauth.protocol.messages import (
    FORM,
    Fields,
    HttpRequest,
    parse_form,
    split_form,
    split_origin,
)
from entra_oauth.protocol.request_object import parameters_of, pushed_by
from entra_oauth.recording.redaction.marks.taken_out import comparable, hidden, same
from entra_oauth.recording.step import Claim, Seen, Step

__all__ = ["claims_of", "curls_request", "entropy_bits", "s256"]

_GONE = "A value that this needs was taken out before."
_CODE_GRANT = "authorization_code"
_ARTICLE = ("client_id", "scope", "code", "redirect_uri", "grant_type", "state")


def claims_of(steps: Sequence[Step]) -> tuple[Claim, ...]:
    """Every verdict that these steps allow. They must not be redacted yet.

    Several sign-ins may stand in one recording, one inside another: each message is held against
    the one whose secret it brings, and only where there is none against the latest.
    """
    asked: dict[str, _Request] = {}  # by state, and under no state the latest
    posted = (step for step in steps if step.method == "POST")
    given = [pushed_by(step.http_request, step.http_response) for step in posted]
    pushed = dict(each for each in given if each is not None)
    answered: dict[str, _Answer] = {}  # by code, and under no code the latest
    found: list[Claim] = []
    for step in steps:
        if step.name == "authorize":
            request = _asking(step, pushed)
            asked[""] = asked[request.fields.get("state", "")] = request
            found += _measures(request)
        elif step.name.startswith("redirect") and asked:
            fields = _fields(step)
            answer = _Answer(step, asked.get(fields.get("state", ""), asked[""]))
            found.append(_states(answer))
            if step.name == "redirect":
                answered[""] = answered[fields.get("code", "")] = answer
        elif _grant(step) == _CODE_GRANT:
            brought = answered.get(_fields(step).get("code", ""), answered.get(""))
            before = brought.asked if brought is not None else asked.get("")
            found += _redemption(step, before, brought)
            found += _nonces(step, before)
    if _is_torn(steps):
        found = [each if len(each.steps) == 1 else _unchecked(each) for each in found]
    found += _codes_spent(steps)
    found += _signatures(steps)
    return tuple(found)


def _is_torn(steps: Sequence[Step]) -> bool:
    """True if which answer belongs to which of several requests was taken out."""
    several = sum(step.name == "authorize" for step in steps) > 1
    ties = (_fields(step).get(name) for step in steps for name in ("state", "code"))
    return several and any(value and comparable(value) is None for value in ties)


def _unchecked(claim: Claim) -> Claim:
    return replace(claim, verdict="not checked", detail=_GONE)


@dataclass(frozen=True, slots=True)
class _Request:
    """An authorize request, and its parameters wherever it says them."""

    step: Step
    fields: dict[str, str]
    elsewhere: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """A redirect, and the authorize request that it answers."""

    step: Step
    asked: _Request


def _asking(step: Step, pushed: dict[str, Fields]) -> _Request:
    asked = parameters_of(_pairs(step), pushed.get)
    return _Request(step, dict(reversed(asked.fields)), asked.elsewhere)


def _fields(step: Step) -> dict[str, str]:
    """The parameters of a request: of its query, and of its form."""
    return dict(reversed(_pairs(step)))


def _pairs(step: Step) -> Fields:
    request = step.http_request
    pairs = parse_form(request.query)
    if (request.header("content-type") or "").lower().startswith(FORM):
        pairs += parse_form(request.body.decode("latin-1"))
    return pairs


def _grant(step: Step) -> str | None:
    return _fields(step).get("grant_type") if step.channel == "back" else None


def _equal(one: str | None, other: str | None) -> bool | None:
    """None where one of them was taken out before, by another program maybe."""
    if not one or not other:
        return False
    if hidden(one) or hidden(other):
        return same(one, other)
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _claim(name: str, true: bool | None, detail: tuple[str, str], *steps: Step) -> Claim:
    numbers = tuple(step.number for step in steps)
    if true is None:
        return Claim(name=name, verdict="not checked", detail=_GONE, steps=numbers)
    return Claim(name=name, verdict=_yes(true), detail=detail[not true], steps=numbers)


def entropy_bits(value: str) -> int:
    """At most how many bits of chance are in a value of these characters."""
    alphabets = (
        (str.isdigit, 10),
        (str.islower, 26),
        (str.isupper, 26),
        (lambda c: not c.isalnum(), 2),
    )
    size = sum(count for test, count in alphabets if any(map(test, value)))
    if all(c in "0123456789abcdef-" for c in value):
        size = min(size, 16)
    different = len(set(value))
    if different <= 4:  # such a value was not drawn from all of them
        size = min(size, different)
    return int(len(value) * math.log2(size)) if size else 0


def _unknown(name: str, asked: _Request, step: Step) -> Claim:
    """A claim that cannot be made of an authorize request that says its parameters elsewhere."""
    detail, numbers = f"{asked.elsewhere.capitalize()}.", (asked.step.number, step.number)
    return Claim(name=name, verdict="not checked", detail=detail, steps=numbers)


def _measures(asked: _Request) -> Iterator[Claim]:
    for name in ("state", "nonce"):
        if value := asked.fields.get(name):
            yield _measure(name, value, asked.step)


def _measure(name: str, value: str, step: Step, *, is_real: bool = False) -> Claim:
    measured = f"{name}-entropy"
    if hidden(value) and not is_real:
        return _claim(measured, None, ("", ""), step)
    bits = entropy_bits(value)
    return Claim(
        name=measured,
        verdict=f"{bits} bits",
        detail=f"At most so much chance is in the {name}: {len(value)} characters of their kind.",
        steps=(step.number,),
    )


def _states(answer: _Answer) -> Claim:
    if answer.asked.elsewhere:
        return _unknown("state-equal", answer.asked, answer.step)
    equal = _equal(answer.asked.fields.get("state"), _fields(answer.step).get("state"))
    words = ("The state that came back is the one that was sent.", "The state is not the one sent.")
    return _claim("state-equal", equal, words, answer.asked.step, answer.step)


def _redemption(step: Step, asked: _Request | None, answer: _Answer | None) -> Iterator[Claim]:
    fields = _fields(step)
    if answer is not None:
        came = _fields(answer.step).get("code")
        words = ("The code that was sent is the one that came.", "It is another code.")
        yield _claim("code-equal", _equal(came, fields.get("code")), words, answer.step, step)
    is_real = False
    if asked is not None and asked.elsewhere:
        yield _unknown("redirect-uri-equal", asked, step)
        if fields.get("code_verifier"):
            yield _unknown("pkce-matches", asked, step)
    elif asked is not None:
        sent = asked.fields
        is_same = _equal(sent.get("redirect_uri"), fields.get("redirect_uri"))
        words = ("The redirect URI is the same in both requests.", "The redirect URIs differ.")
        yield _claim("redirect-uri-equal", is_same, words, asked.step, step)
        is_real = _is_proved(fields.get("code_verifier"), sent)
        yield from _pkce(step, asked.step, fields.get("code_verifier"), sent)
    if verifier := fields.get("code_verifier"):
        yield _measure("verifier", verifier, step, is_real=is_real)
    yield _as_curl(step)


def _pkce(step: Step, asked: Step, verifier: str | None, sent: dict[str, str]) -> Iterator[Claim]:
    challenge = sent.get("code_challenge")
    if challenge is None and verifier is None:
        return
    method = sent.get("code_challenge_method", "plain")
    if method != "S256":
        fits = _equal(challenge, verifier)
    elif verifier and hidden(verifier) and not _is_proved(verifier, sent):
        fits = None
    else:
        fits = _equal(challenge, s256(verifier or ""))
    words = (
        f"The verifier fits the challenge ({method}).",
        "The verifier does not fit the challenge.",
    )
    yield _claim("pkce-matches", fits, words, asked, step)


def s256(verifier: str) -> str:
    """The challenge that belongs to a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _is_proved(verifier: str | None, sent: dict[str, str]) -> bool:
    """True if the hash of a verifier was sent: whatever it looks like, it is no mask."""
    is_hashed = sent.get("code_challenge_method") == "S256"
    return is_hashed and verifier is not None and s256(verifier) == sent.get("code_challenge")


def curls_request(request: HttpRequest, *, user_agent: str) -> bytes:
    """The request that curl sends for the article's command with these fields, over HTTP/1.1."""
    origin, target = split_origin(request.url)
    host = origin.partition("://")[2]
    for scheme, port in (("https", ":443"), ("http", ":80")):
        if origin.startswith(f"{scheme}://"):
            host = host.removesuffix(port)
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\nAccept: */*\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(request.body)}\r\n\r\n"
    )
    return head.encode("latin-1", "replace") + request.body


def _as_curl(step: Step) -> Claim:
    """The claim that the token request is the article's: the same fields, headers and bytes."""
    request = step.http_request
    names = tuple(name for name, _ in split_form(request.body.decode("latin-1")))
    agent = request.header("user-agent") or ""
    whole = HttpRequest(method="POST", url=step.url, body=request.body)
    if names != _ARTICLE:
        verdict, detail = "no", "It has other fields, or another order, than the article's command."
    elif step.request.seen is not Seen.WIRE:
        verdict, detail = "not checked", "Its bytes were not seen."
    elif step.request.data == curls_request(whole, user_agent=agent):
        verdict, detail = "yes", "Every byte is curl's, save for the name in User-Agent."
    else:
        verdict, detail = "body", "The body is curl's byte for byte; the head is not."
    return Claim(name="request-equals-curl", verdict=verdict, detail=detail, steps=(step.number,))


def _codes_spent(steps: Sequence[Step]) -> Iterator[Claim]:
    uses: dict[str, list[Step]] = {}
    for step in steps:
        if _grant(step) == _CODE_GRANT and (code := _fields(step).get("code")):
            if comparable(code) is None:
                continue  # two masks tell nothing of two codes
            uses.setdefault(code, []).append(step)
    for several in uses.values():
        words = (
            "The code was sent to the token endpoint once.",
            "The code was sent more than once.",
        )
        yield _claim("code-spent-once", len(several) == 1, words, *several)


# ---- the ID token ----------------------------------------------------------------------


def _nonces(step: Step, asked: _Request | None) -> Iterator[Claim]:
    """Only a code answers a request with a nonce: a renewal's token need not have one (OpenID
    Connect Core §12.2)."""
    token = _id_token(step)
    nonce = asked.fields.get("nonce") if asked is not None else None
    if token is None or asked is None or nonce is None:
        return
    found = _part(token.split(".")[1]).get("nonce")
    words = ("The ID token holds the nonce that was sent.", "Its nonce is not the one sent.")
    equal = isinstance(found, str) and _equal(found, nonce)
    yield _claim("nonce-equal", equal, words, asked.step, step)


def _signatures(steps: Sequence[Step]) -> Iterator[Claim]:
    keys: list[Any] = []
    for step in steps:
        published = _members(step).get("keys")
        keys += published if isinstance(published, list) else []
    for step in steps:
        token = _id_token(step)
        if token is not None:
            yield _signature(token, keys, step)


def _id_token(step: Step) -> str | None:
    token = _members(step).get("id_token")
    return token if isinstance(token, str) and token.count(".") == 2 else None


def _members(step: Step) -> dict[str, Any]:
    response = step.http_response if step.channel == "back" else None
    if response is None:
        return {}
    try:
        value = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _part(part: str) -> dict[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _signature(token: str, keys: Sequence[Any], step: Step) -> Claim:
    kid = _part(token.split(".")[0]).get("kid")
    fitting = [key for key in keys if isinstance(key, dict) and key.get("kid") == kid]
    if not fitting:
        verdict, detail = "not checked", "The authority's keys are not in this recording."
    else:
        valid = any(_is_signed(token, key) for key in fitting)
        verdict = _yes(valid)
        detail = "It was made with the key that the authority publishes under its kid."
        if not valid:
            detail = "It was not made with the key that the authority publishes under its kid."
    return Claim(name="id-token-signature", verdict=verdict, detail=detail, steps=(step.number,))


def _is_signed(token: str, key: dict[str, Any]) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        jws.deserialize_compact(token, RSAKey.import_key(key), algorithms=["RS256"])
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True
