"""Rules that compare a token request with what came before it: code, verifier, redirect URI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import CODE, Case, is_entra
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import ComparedValues, hidden, length, same, same_id
from entra_oauth.audit.rules.rule import E, N, W, form_gone, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.scopes import not_granted, resource_of
from entra_oauth.recording.claims import entropy_bits, s256

ENOUGH = 240
"""Bits: 43 random characters hold 256, and look like a few less where there is no digit in them."""
NO_CODE = "no code is redeemed"


@rule("TR05", E, "RFC 9700 §4.5", at=StepKind.TOKEN, unless=form_gone)
def code_is_the_one_that_came(item: Item, case: Case) -> Verdict:
    """The code that is redeemed is the one that the redirect brought.

    Why: another code was injected, or belongs to another sign-in.
    Mend: take the code from the answer whose state was checked, and from nowhere else.
    Before: redirect code=a…, token request code=b…
    After: both code=a…
    """
    if item.get("grant_type") != CODE:
        return absent(NO_CODE)
    came, where = case.flow(item).redirect, item.at("code")
    if case.planned:
        return absent("nothing was sent yet")
    if came is None:
        return unknown("the redirect is not in this recording", where)
    code = item.get("code")
    if not code:
        return failed("There is no code.", where)
    equal = same(came.get("code") or "", code)
    equal = case.claim("code-equal", item, came) if equal is None else equal
    if equal is None:
        return unknown("the codes were taken out, and nothing was noted of them", where)
    return passed(where) if equal else failed("It is not the code that came.", where)


@rule("TR06", E, "RFC 6749 §4.1.3", at=StepKind.TOKEN, unless=form_gone)
def redirect_uri_is_the_same(item: Item, case: Case) -> Verdict:
    """The redirect URI is that of the authorize request, byte for byte.

    Why: the authority compares them, to see that the code went where it should.
    Mend: keep the string, and send it twice.
    Before: http://localhost, then http://localhost/
    After: http://localhost, then http://localhost
    """
    if item.get("grant_type") != CODE:
        return absent(NO_CODE)
    asked, where = case.flow(item).asked, item.at("redirect_uri")
    if asked is None:
        return unknown(case.flow(item).unasked, where)
    one, other = asked.get("redirect_uri"), item.get("redirect_uri")
    if one is None and other is None:
        return absent("neither request has one")
    equal = same(one or "", other or "")
    equal = case.claim("redirect-uri-equal", item, asked) if equal is None else equal
    if equal is None:
        return unknown("a part of it was taken out", where)
    return passed(where) if equal else failed("It is not the one of the authorize request.", where)


@rule("TR07", E, "RFC 7636 §4.5, RFC 9700 §4.8", at=StepKind.TOKEN, unless=form_gone)
def verifier_follows_challenge(item: Item, case: Case) -> Verdict:
    """Where there was a challenge there is a verifier, and none without.

    Why: a verifier without a challenge means that somebody took the challenge out on the way
        (a downgrade).
    Mend: send code_verifier with the code, and refuse to go on where the challenge was lost.
    Before: code_challenge=… at authorize, no code_verifier at token
    After: both
    """
    if item.get("grant_type") != CODE:
        return absent(NO_CODE)
    asked, where = case.flow(item).asked, item.at("code_verifier")
    if asked is None:
        return unknown(case.flow(item).unasked, where)
    sent, shown = bool(asked.get("code_challenge")), bool(item.get("code_verifier"))
    if sent and not shown:
        return failed("There was a challenge, and there is no verifier.", where)
    if shown and not sent:
        return failed("There is a verifier, and there was no challenge.", where)
    return passed(where) if sent else absent("PKCE is not used; AR04 tells of that")


@rule("TR08", E, "RFC 7636 §4.6", at=StepKind.TOKEN, unless=form_gone)
def verifier_fits_challenge(item: Item, case: Case) -> Verdict:
    """The verifier fits the challenge.

    Why: the authority will refuse it (AADSTS501481), or does not check, which is worse.
    Mend: keep the verifier of each attempt beside its state.
    Before: code_challenge=E9Mel…, code_verifier=another
    After: code_challenge=BASE64URL(SHA256(code_verifier))
    """
    verifier, where = item.get("code_verifier"), item.at("code_verifier")
    asked = case.flow(item).asked
    challenge = asked.get("code_challenge") if asked is not None else None
    if item.get("grant_type") != CODE or not verifier:
        return absent("there is no verifier")
    if asked is None:
        return unknown(case.flow(item).unasked, where)
    if not challenge:
        return absent("there was no challenge; TR07 tells of that")
    fits = _fits(verifier, challenge, asked.get("code_challenge_method"))
    fits = case.claim("pkce-matches", item, asked) if fits is None else fits
    if fits is None:
        return unknown("the verifier was taken out, and nothing was noted of it", where)
    return passed(where) if fits else failed("It does not fit the challenge.", where)


def _fits(verifier: str, challenge: str, method: str | None) -> bool | None:
    if method != "S256":
        return same(verifier, challenge)
    if s256(verifier) == challenge:
        return True  # a verifier whose hash was sent is no mask, whatever it looks like
    return None if hidden(verifier) or hidden(challenge) else False


@rule("TR09", E, "RFC 7636 §4.1, §7.1", at=StepKind.TOKEN, unless=form_gone)
def verifier_cannot_be_guessed(item: Item, case: Case) -> Verdict:
    """The verifier is 43 to 128 unreserved characters, with 256 bits of chance.

    Why: who can guess it has no need of the one that was stolen. Fewer than 256 bits, by an
        upper bound, are a warning.
    Mend: take 32 random bytes in base64url: secrets.token_urlsafe(32).
    Before: code_verifier=verifier
    After: code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
    """
    value, where = item.get("code_verifier"), item.at("code_verifier")
    if not value:
        return absent("there is no verifier")
    size = length(value)
    if size is not None and not 43 <= size <= 128:
        return failed(f"It has {size} characters.", where)
    if hidden(value):
        bits = case.bits("verifier", item)
        if bits is not None and bits < ENOUGH:
            return failed(f"At most {bits} bits of chance are in it.", where, severity=W)
        if size is None:
            return unknown("the verifier was taken out", where)
        return unknown("of which characters it was made was taken out", where)
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", value):
        return failed("It holds characters that none may have.", where)
    bits = entropy_bits(value)
    if bits < ENOUGH:
        return failed(f"At most {bits} bits of chance are in it.", where, severity=W)
    return passed(where)


@rule_of_all("TR10", E, "RFC 6749 §4.1.2")
def code_is_spent_once(case: Case) -> Iterator[Verdict]:
    """No code and no verifier is sent to the token endpoint twice.

    Why: the authority takes a second time for theft, and may revoke what the first gave.
    Mend: do not repeat a redemption, not even after an error; begin a new sign-in.
    Before: two token requests with code=a…
    After: one
    """
    sent = {name: ComparedValues() for name in ("code", "code_verifier")}
    items = [i for i in case.all(StepKind.TOKEN) if i.get("grant_type") == CODE]
    for index, item in enumerate(items):
        verdict = passed(item.at("code"))
        values = {name: value for name in sent if (value := item.get(name))}
        same_ones = {name: sent[name].places(value) for name, value in values.items()}
        found = [(places[0], name) for name, places in same_ones.items() if places]
        if found:
            first, again = min(found, key=lambda each: each[0])
            text = f"Step {items[first].number} sent the same {again}."
            verdict = failed(text, item.at(again))
        elif any(sent[name].beyond_comparing(value) for name, value in values.items()):
            verdict = unknown("the codes of two requests cannot be compared", item.at("code"))
        for name, value in values.items():
            sent[name].add(value, index)
        yield replace(verdict, step=item.number)


@rule("TR11", E, "RFC 6749 §4.1.3", at=StepKind.TOKEN, unless=form_gone)
def client_is_the_same(item: Item, case: Case) -> Verdict:
    """The token request names the client of the authorize request.

    Why: a code is for the client that asked for it.
    Mend: send the same client_id twice.
    Before: client_id=a at authorize, client_id=b at token
    After: client_id=a twice
    """
    mine, where = item.get("client_id"), item.at("client_id")
    if not mine:
        if (item.request.header("authorization") or "").lower().startswith("basic "):
            return absent("the client says who it is by Basic")
        return failed("There is no client_id.", where)
    if item.get("grant_type") != CODE:
        return absent(NO_CODE)
    asked = case.flow(item).authorize
    if asked is None:
        return unknown(case.flow(item).unasked, where)
    if asked.elsewhere and not asked.get("client_id"):
        return unknown(asked.elsewhere, where)
    equal = same_id(mine, asked.get("client_id") or "")
    if equal is None:
        return unknown("a client_id was taken out", where)
    return passed(where) if equal else failed("It is another than at authorize.", where)


@rule("TR22", E, "RFC 6749 §6", at=StepKind.TOKEN, unless=form_gone)
def refresh_stays_within(item: Item, case: Case) -> Verdict:
    """A refresh asks for no more than was granted, as the same client.

    Why: a refresh token is bound to its client and to what the person agreed to. Entra lets one
        reach other resources that were agreed to, so there that is a note.
    Mend: send the same client_id, and the scope that was granted.
    Before: granted a.read, refresh with scope=a.read a.write
    After: refresh with scope=a.read
    """
    if item.get("grant_type") != "refresh_token":
        return absent("it is no refresh")
    before = _origin(item, case)
    if before is None:
        why = "the request that this refresh token came from is not in this recording"
        return unknown(why, item.at("refresh_token"))
    mine, first = item.get("client_id"), before.get("client_id")
    if mine and first and same_id(mine, first) is False:
        if before.text("foci"):
            text = "Another client of the same family uses it."
            return failed(text, item.at("client_id"), severity=N)
        return failed("Another client uses it.", item.at("client_id"))
    wanted = (item.get("scope") or "").split()
    granted = before.text("scope") or before.get("scope")
    if not wanted:
        return passed(item.at("scope"))
    if not granted:
        return unknown("what was granted is not in this recording", item.at("scope"))
    more = set(not_granted(tuple(wanted), granted)) - set((before.get("scope") or "").split())
    if not more:
        return passed(item.at("scope"))
    elsewhere = {resource_of(s) for s in more}.isdisjoint({resource_of(s) for s in granted.split()})
    if is_entra(item) and elsewhere:
        return failed("It asks for another resource.", item.at("scope"), severity=N)
    return failed("It asks for more than was granted.", item.at("scope"))


def _origin(item: Item, case: Case) -> Item | None:
    """The token request whose answer held this refresh token."""
    mine = item.get("refresh_token")
    if not mine:
        return None
    others = (i for i in case.all(StepKind.TOKEN) if i is not item)
    return next((i for i in others if same(mine, i.text("refresh_token") or "")), None)
