"""Rules about what ties an answer to its request: PKCE challenge, state, nonce."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, ClientKind
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import ComparedValues, comparable, hidden, same
from entra_oauth.audit.rules.rule import E, W, elsewhere, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.recording.claims import entropy_bits

STATE = "/request/query/state"


ENOUGH = 120
"""Bits: 22 random characters hold 128, and look like a few less where there is no digit in them."""


@rule("AR04", E, "RFC 9700 §2.1.1", at=StepKind.AUTHORIZE, unless=elsewhere)
def has_a_challenge(item: Item, case: Case) -> Verdict:
    """The authorize request carries a PKCE challenge.

    Why: without one, whoever gets hold of the code can redeem it. Public clients must, and for
        others it is recommended: there, and where the kind of client is not known, it is a warning.
    Mend: make a random code_verifier, and send code_challenge=BASE64URL(SHA256(code_verifier))
        and code_challenge_method=S256. The hardened procedure (entra-oauth login) does.
    Before: …&state=…
    After: …&state=…&code_challenge=E9Melhoa2Owv…&code_challenge_method=S256
    """
    if "code" not in (item.get("response_type") or "").split():
        return absent("no code is asked for")
    if item.get("code_challenge"):
        return passed("/request/query/code_challenge")
    public = case.client(item) in (ClientKind.NATIVE, ClientKind.SINGLE_PAGE)
    return failed(
        "There is no code_challenge: whoever gets the code can redeem it.",
        "/request/query/code_challenge",
        severity=E if public or not item.get("redirect_uri") else W,
    )


@rule("AR05", E, "RFC 7636 §4.3, RFC 9700 §2.1.1", at=StepKind.AUTHORIZE, unless=elsewhere)
def challenge_is_a_hash(item: Item, case: Case) -> Verdict:
    """The challenge's method is S256.

    Why: with plain, or without a method, which means plain, the challenge is the verifier, and
        the address gives it away.
    Mend: send code_challenge_method=S256.
    Before: code_challenge=…
    After: code_challenge=…&code_challenge_method=S256
    """
    if not item.get("code_challenge"):
        return absent("there is no challenge")
    method = item.get("code_challenge_method")
    if method == "S256":
        return passed("/request/query/code_challenge_method")
    said = f"It is {case.show('code_challenge_method', method)}." if method else "There is none."
    place = "in the address" if item.asked is None else "the challenge"
    return failed(f"{said} The verifier itself is {place}.", "/request/query/code_challenge_method")


@rule("AR06", E, "RFC 7636 §4.2", at=StepKind.AUTHORIZE, unless=elsewhere)
def challenge_has_its_form(item: Item, case: Case) -> Verdict:
    """An S256 challenge is 43 characters of base64url, without padding.

    Why: anything else is no SHA-256 value, and no verifier will ever fit it.
    Mend: encode the 32 bytes of the hash with base64url and drop the = at the end.
    Before: code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=
    After: code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM
    """
    value = item.get("code_challenge")
    if not value or item.get("code_challenge_method") != "S256":
        return absent("there is no S256 challenge")
    if hidden(value):
        return unknown("the challenge was taken out", "/request/query/code_challenge")
    if re.fullmatch(r"[A-Za-z0-9_-]{43}", value):
        return passed("/request/query/code_challenge")
    return failed(
        f"It has {len(value)} characters, or some that are not base64url's.",
        "/request/query/code_challenge",
    )


@rule("AR07", E, "RFC 9700 §2.1, §4.7", at=StepKind.AUTHORIZE, unless=elsewhere)
def is_tied_to_this_browser(item: Item, case: Case) -> Verdict:
    """State, nonce or PKCE ties the answer to this attempt.

    Why: without any of them a page can hand somebody else's code to the app (CSRF).
    Mend: send a random state, and PKCE. A missing state alone is a warning: PKCE helps, but the
        listener cannot tell its answer from another.
    Before: …&scope=…
    After: …&scope=…&state=5sL9… (random, 22 characters or more)
    """
    if item.get("state"):
        return passed(STATE)
    if item.get("code_challenge") or item.get("nonce"):
        return failed("There is no state.", STATE, severity=W)
    return failed("There is no state, no nonce and no challenge.", STATE)


@rule("AR08", E, "RFC 6749 §10.10, §10.12", at=StepKind.AUTHORIZE, unless=elsewhere)
def state_cannot_be_guessed(item: Item, case: Case) -> Verdict:
    """The state cannot be guessed: 128 bits of chance.

    Why: who can guess the state can forge an answer. What is counted is an upper bound, from
        the length and the kinds of characters: it finds what is too little, and cannot prove
        that something is random. Below 64 bits is an error, below 128 a warning.
    Mend: take 32 random bytes, such as secrets.token_urlsafe(32).
    Before: state=12345
    After: state=wcqFxX3mzPcZ…
    """
    value = item.get("state")
    if not value:
        return absent("there is no state")
    bits = case.bits("state", item) if hidden(value) else entropy_bits(value)
    if bits is None:
        return unknown("the state was taken out, and nothing was noted of it", STATE)
    if bits >= ENOUGH:
        return passed(STATE)
    return failed(
        f"At most {bits} bits of chance are in it.", STATE, severity=E if bits < 64 else W
    )


@rule_of_all("AR09", E, "RFC 9700 §4.7")
def state_is_used_once(case: Case) -> Iterator[Verdict]:
    """No two authorize requests have one state.

    Why: a state that comes again can be learned from the first time.
    Mend: make a new one for each attempt.
    Before: state=abc…, and again state=abc…
    After: state=abc…, then state=xyz…
    """
    yield from _once("state", case)


@rule("AR10", W, "RFC 6749 §10.8, RFC 9700 §4.7.1", at=StepKind.AUTHORIZE, unless=elsewhere)
def state_holds_no_data(item: Item, case: Case) -> Verdict:
    """The state holds no data that others could read or change.

    Why: it passes through browser, histories and logs; an address in it can become an open
        redirect, a name tells of a person.
    Mend: send a random value, and keep what it stands for on your side.
    Before: state=eyJyZXR1cm5UbyI6Ii9hZG1pbiJ9
    After: state=wcqFxX3mzPcZ…
    """
    value = item.get("state")
    if not value:
        return absent("there is no state")
    if hidden(value):
        return unknown("the state was taken out", STATE)
    if what := _data_in(value):
        return failed(f"It can be read as {what}.", STATE)
    return passed(STATE)


def _data_in(value: str) -> str:
    if re.search(r"https?://|^/[a-z]", value):
        return "an address"
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", value):
        return "an e-mail address"
    texts = [value, *_decoded(value)]
    for text in texts:
        if text[:1] in ("{", "["):
            try:
                json.loads(text)
            except ValueError:
                continue
            return "JSON"
    if any(re.match(r"https?://", text) for text in texts[1:]):
        return "an address in base64"
    return ""


def _decoded(value: str) -> list[str]:
    found = []
    for part in value.split("."):
        try:
            found.append(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8"))
        except ValueError:
            continue
    return found


@rule(
    "AR11",
    W,
    "OpenID Connect Core §3.1.2.1, RFC 9700 §2.1",
    at=StepKind.AUTHORIZE,
    unless=elsewhere,
)
def openid_has_a_nonce(item: Item, case: Case) -> Verdict:
    """A request with openid carries a nonce.

    Why: it ties the ID token to this attempt.
    Mend: send a random nonce, and compare it with the one in the ID token.
    Before: scope=openid profile …
    After: scope=openid profile …&nonce=Zk3…
    """
    if "openid" not in (item.get("scope") or "").split():
        return absent("openid is not asked for")
    if item.get("nonce"):
        return passed("/request/query/nonce")
    return failed("There is no nonce.", "/request/query/nonce")


@rule("AR12", W, "OpenID Connect Core §15.5.2", at=StepKind.AUTHORIZE, unless=elsewhere)
def nonce_is_random(item: Item, case: Case) -> Verdict:
    """The nonce is random, not the state, and used once.

    Why: one that can be guessed, or comes again, ties the ID token to nothing. A nonce that
        equals the state was given away with the first redirect.
    Mend: make one of its own for each attempt, of 128 bits or more.
    Before: state=abc…&nonce=abc…
    After: state=abc…&nonce=xyz…
    """
    nonce, where = item.get("nonce"), "/request/query/nonce"
    if not nonce:
        return absent("there is no nonce")
    equal = same(nonce, item.get("state") or "")
    if equal:
        return failed("It is the state.", where)
    if len(case.nonces.places(nonce)) > 1:  # this one is among them
        return failed("Another request has the same.", where)
    bits = case.bits("nonce", item) if hidden(nonce) else entropy_bits(nonce)
    if bits is not None and bits < ENOUGH:
        return failed(f"At most {bits} bits of chance are in it.", where)
    if bits is None or (equal is None and item.get("state")):
        return unknown("the nonce was taken out, and nothing was noted of it", where)
    if case.nonces.beyond_comparing(nonce) > (comparable(nonce) is None):
        return unknown("the nonces of two requests cannot be compared", where)
    return passed(where)


@rule_of_all("AR13", E, "RFC 9700 §2.1.1")
def challenge_is_used_once(case: Case) -> Iterator[Verdict]:
    """No two authorize requests have one challenge.

    Why: a verifier that was sent once is known to whoever saw it.
    Mend: make a new verifier for each attempt.
    Before: code_challenge=E9M…, and again code_challenge=E9M…
    After: code_challenge=E9M…, then code_challenge=k2L…
    """
    yield from _once("code_challenge", case)


def _once(name: str, case: Case) -> Iterator[Verdict]:
    seen = ComparedValues()
    where = f"/request/query/{name}"
    for item in case.all(StepKind.AUTHORIZE):
        value = item.get(name)
        if item.elsewhere:
            yield replace(unknown(item.elsewhere, "/request/query"), step=item.number)
            continue
        if not value:
            continue
        verdict = passed(where)
        if again := seen.places(value):
            verdict = failed(f"Step {again[0]} has the same.", where)
        elif seen.beyond_comparing(value):
            verdict = unknown("the values of two requests cannot be compared", where)
        elif not seen.count:
            verdict = (
                absent("there is no other sign-in to compare with") if case.planned else verdict
            )
        yield replace(verdict, step=item.number)
        seen.add(value, item.number)
