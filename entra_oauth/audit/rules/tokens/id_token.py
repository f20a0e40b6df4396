"""Rules about the ID token in the token endpoint's answer."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from email.utils import parsedate_to_datetime

from entra_oauth.audit.case import CODE, Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, jwt, same, same_id
from entra_oauth.audit.rules.rule import E, W, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown

TOKEN = "/response/content/id_token"  # noqa: S105 - a place
NONE = "there is no ID token"


def _unread(item: Item, case: Case) -> Verdict | None:
    """The verdict where there is no token to be read."""
    token = item.text("id_token")
    if token is None:
        return absent(NONE)
    if "id_token" in item.jwts:
        return None
    if hidden(token):
        return unknown("the ID token was taken out", TOKEN)
    return absent("the ID token cannot be read; ID01 tells of that")


@rule("ID01", E, "RFC 8725 §3.1, §3.10", at=StepKind.TOKEN)
def is_a_signed_token(item: Item, case: Case) -> Verdict:
    """The ID token is a JWT, signed with a key pair, whose header brings no key along.

    Why: with none, with a shared secret, or with a key of its own, anybody could have made it.
    Mend: refuse it; accept RS256 and the keys of the authority only.
    Before: {"alg":"none"}
    After: {"alg":"RS256","kid":"…"}
    """
    token = item.text("id_token")
    if token is None:
        return absent(NONE)
    read = jwt(token)
    if read is None:
        return (
            unknown("it was taken out", TOKEN) if hidden(token) else failed("It is no JWT.", TOKEN)
        )
    alg = read.header.get("alg")
    if not isinstance(alg, str) or alg.lower() == "none" or alg.startswith("HS"):
        return failed(f"Its algorithm is {case.show('alg', str(alg))}.", TOKEN)
    for name in ("crit", "jwk", "jku", "x5u"):
        if name in read.header:
            return failed(f"Its header holds {name}.", TOKEN)
    return passed(TOKEN)


@rule("ID02", E, "OpenID Connect Core §3.1.3.7(6)", at=StepKind.TOKEN)
def signature_is_the_authoritys(item: Item, case: Case) -> Verdict:
    """The signature was made with the key that the authority publishes under its kid.

    Why: else somebody else made the token.
    Mend: refuse it; fetch the keys again once, where the kid is new.
    Before: kid=unknown
    After: kid=one of /discovery/v2.0/keys
    """
    if item.text("id_token") is None:
        return absent(NONE)
    valid = case.claim("id-token-signature", item)
    if valid is None:
        return unknown("the authority's keys, or the signature, are not in this recording", TOKEN)
    return passed(TOKEN) if valid else failed("It was not made with the authority's key.", TOKEN)


@rule("ID03", E, "OpenID Connect Core §3.1.3.7(2)", at=StepKind.TOKEN, unless=_unread)
def issuer_is_the_authority(item: Item, case: Case) -> Verdict:
    """The issuer is the authority's, with the tenant that the token names.

    Why: another issuer knows other people by the same names.
    Mend: compare iss, to the character.
    Before: "iss": "https://login.evil.example/…"
    After: "iss": "https://login.microsoftonline.com/a1bc2d34-…/v2.0"
    """
    read = item.jwts["id_token"]
    issuer, tenant = read.text("iss"), read.text("tid")
    authority = case.authority(case.flow(item))
    if issuer is None:
        return failed("It names no issuer.", TOKEN)
    known = [i.text("issuer") for i in case.all(StepKind.METADATA) if i.text("issuer")]
    if any(same(issuer, each) for each in known if each):
        return passed(TOKEN)
    if authority is None:
        return unknown("the address of the authority cannot be read", TOKEN)
    if tenant is None or hidden(tenant) or hidden(issuer) or hidden(authority.tenant):
        if tenant is None:
            return failed("It names no tenant (tid).", TOKEN)
        return unknown("the tenant was taken out", TOKEN)
    ours = (authority.issuer(tenant), f"https://sts.windows.net/{tenant}/")
    if issuer not in ours:
        return failed("Its issuer is not the authority.", TOKEN)
    if not authority.accepts_tenant(tenant):
        return failed("Its tenant is not the one that was asked.", TOKEN)
    return passed(TOKEN)


@rule("ID04", E, "OpenID Connect Core §3.1.3.7(3–5)", at=StepKind.TOKEN, unless=_unread)
def audience_is_the_client(item: Item, case: Case) -> Verdict:
    """The token was issued to this client.

    Why: a token for another app says nothing about who uses this one.
    Mend: compare aud with the client id, and azp where there is one.
    Before: "aud": "another app"
    After: "aud": "12a34b56-…"
    """
    read = item.jwts["id_token"]
    client_id, audience = item.get("client_id"), read.claims.get("aud")
    if not client_id:
        return unknown("which client asked is not in this request", TOKEN)
    several = audience if isinstance(audience, list) else [audience]
    answers = [same_id(client_id, each) for each in several if isinstance(each, str)]
    if not any(answers):
        if None in answers:
            return unknown("the audience was taken out", TOKEN)
        return failed("It is for another application (aud).", TOKEN)
    party = read.text("azp")
    if (len(several) > 1 or party is not None) and not same_id(party or "", client_id):
        if party and hidden(party):
            return unknown("azp was taken out", TOKEN)
        return failed("It is for the use of another application (azp).", TOKEN)
    return passed(TOKEN)


@rule("ID05", E, "OpenID Connect Core §3.1.3.7(9–10)", at=StepKind.TOKEN, unless=_unread)
def times_are_of_today(item: Item, case: Case) -> Verdict:
    """The token is good at the moment at which it comes.

    Why: an old one was kept by somebody, or a clock is wrong. iat more than ten minutes off is a
        warning; Entra's lies five minutes back.
    Mend: compare exp, nbf and iat with the Date of the answer.
    Before: "exp": yesterday
    After: "exp": in an hour
    """
    read = item.jwts["id_token"]
    date = _date(item) or item.step.ended_at
    if not date:
        return unknown("the time of the answer is not known", TOKEN)
    times = {name: read.number(name) for name in ("exp", "iat", "nbf")}
    if times["exp"] is None:
        return failed("It has no end (exp).", TOKEN)
    if times["exp"] <= date:
        return failed("It was over when it came.", TOKEN)
    if times["iat"] is None or abs(date - times["iat"]) > 600:
        text = "It has no iat." if times["iat"] is None else "iat is more than ten minutes off."
        return failed(text, TOKEN, severity=W)
    if times["nbf"] is not None and times["nbf"] > date + 300:
        return failed("It is not good yet (nbf).", TOKEN, severity=W)
    return passed(TOKEN)


def _date(item: Item) -> float | None:
    value = item.response.header("date") if item.response is not None else None
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None


@rule("ID06", E, "OpenID Connect Core §3.1.3.7(11)", at=StepKind.TOKEN, unless=_unread)
def nonce_is_ours(item: Item, case: Case) -> Verdict:
    """The nonce in the token is the one that was sent.

    Why: else the token answers another sign-in.
    Mend: compare it, and refuse the token where it differs.
    Before: sent nonce=a…, token nonce=b…
    After: both a…
    """
    read = item.jwts["id_token"]
    if item.get("grant_type") != CODE:
        return absent("it does not answer an authorize request")
    asked = case.flow(item).asked
    if asked is None:
        return unknown(case.flow(item).unasked, TOKEN)
    sent, found = asked.get("nonce"), read.text("nonce")
    if not sent:
        return absent("no nonce was sent")
    if not found:
        return failed("A nonce was sent, and the token has none.", TOKEN)
    equal = same(sent, found)
    equal = case.claim("nonce-equal", item, asked) if equal is None else equal
    if equal is None:
        return unknown("the nonces were taken out, and nothing was noted of them", TOKEN)
    return passed(TOKEN) if equal else failed("It is not the nonce that was sent.", TOKEN)


@rule("ID07", E, "OpenID Connect Core §3.1.3.8, §3.3.2.11", at=StepKind.TOKEN, unless=_unread)
def hashes_fit(item: Item, case: Case) -> Verdict:
    """at_hash and c_hash, where they are, belong to the token and the code beside them.

    Why: else two answers were put together from parts.
    Mend: compare the left half of the SHA-256.
    Before: "at_hash" of another token
    After: "at_hash" of this one
    """
    read = item.jwts["id_token"]
    pairs = (("at_hash", item.text("access_token")), ("c_hash", item.get("code")))
    looked, unsure = False, False
    for name, value in pairs:
        found = read.text(name)
        if found is None or not value:
            continue
        looked = True
        if hidden(value) or hidden(found):
            unsure = True
            continue
        half = hashlib.sha256(value.encode("ascii", "replace")).digest()[:16]
        if urlsafe_b64encode(half).rstrip(b"=").decode("ascii") != found:
            return failed(f"{name} belongs to something else.", TOKEN)
    if unsure:
        return unknown("what was hashed was taken out", TOKEN)
    return passed(TOKEN) if looked else absent("there is no hash in it")


@rule("ID08", E, "OpenID Connect Core §3.1.3.3, §12.2", at=StepKind.TOKEN)
def openid_brings_an_id_token(item: Item, case: Case) -> Verdict:
    """Who asks for openid gets an ID token.

    Why: without it nobody knows who signed in. A refresh need not bring one again.
    Mend: the authority's to mend; a client that needs to know refuses the answer.
    Before: scope=openid …, and no id_token
    After: scope=openid …, and an id_token
    """
    grant = item.get("grant_type")
    if grant == "refresh_token":
        return absent("a refresh need not bring one again")
    words = (item.get("scope") or "").split()
    asked = case.flow(item).authorize
    words += (asked.get("scope") or "").split() if asked is not None else []
    if "openid" not in words:
        if asked is not None and asked.elsewhere:
            return unknown(asked.elsewhere, TOKEN)
        return absent("openid is not asked for")
    if grant == "client_credentials":
        return absent("an app by itself is nobody")
    if case.planned:
        return absent("there is no token answer")
    if item.response is None:
        return unknown("no answer is in this recording", "/response")
    if "access_token" not in item.members:
        return absent("the answer is no success")
    return passed(TOKEN) if item.text("id_token") else failed("There is no ID token.", TOKEN)


@rule("ID09", E, "OpenID Connect Core §12.2", at=StepKind.TOKEN, unless=_unread)
def person_stays_the_same(item: Item, case: Case) -> Verdict:
    """A refresh brings a token of the same person.

    Why: else one person's session goes on as another's.
    Mend: compare sub, oid and tid with those of the first token, and end the session.
    Before: sub=a, after the refresh sub=b
    After: sub=a twice
    """
    read = item.jwts["id_token"]
    if item.get("grant_type") != "refresh_token":
        return absent("it is no refresh")
    flow = case.flow(item)
    earlier = [i for i in flow.tokens() if i.number < item.number and i.text("id_token")]
    before = earlier[0].jwts.get("id_token") if earlier else None
    if before is None:
        return unknown("the first ID token is not in this recording", TOKEN)
    unsure = False
    for name in ("sub", "oid", "tid"):
        one, other = before.text(name), read.text(name)
        # An id is one value in either case; a subject is a text.
        equal = (same if name == "sub" else same_id)(one or "", other or "")
        if equal is False:
            return failed(f"{name} is another one.", TOKEN)
        unsure = unsure or equal is None
    return unknown("who it is was taken out", TOKEN) if unsure else passed(TOKEN)
