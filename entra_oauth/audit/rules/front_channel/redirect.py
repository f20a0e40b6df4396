"""Rules about the answer that the browser brings: what is in it, and how it is received."""

from __future__ import annotations

import re

from entra_oauth.audit.case import CODE, Case, ClientKind, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, length, same
from entra_oauth.audit.rules.front_channel.addresses import normal
from entra_oauth.audit.rules.rule import E, N, W, rule
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.aadsts import error_words
from entra_oauth.recording.findings import Severity


@rule("RR01", E, "RFC 6749 §4.1.2, §10.12", at=StepKind.REDIRECT)
def state_is_ours(item: Item, case: Case) -> Verdict:
    """The state that came is the one that was sent.

    Why: an answer with another state answers somebody else's request.
    Mend: compare before anything else, and go on waiting where it differs.
    Before: sent state=abc…, taken: state=xyz…
    After: sent state=abc…, taken: state=abc…
    """
    where, came = item.at("state"), item.get("state")
    asked = case.flow(item).asked
    if asked is None:
        return unknown(case.flow(item).unasked, where)
    sent = asked.get("state")
    if not sent:
        return absent("no state was sent")
    if not came:
        return failed("There is no state in what was taken for the answer.", where)
    equal = same(sent, came)
    equal = case.claim("state-equal", item, asked) if equal is None else equal
    if equal is None:
        return unknown("the states were taken out, and nothing was noted of them", where)
    return passed(where) if equal else failed("It is not the state that was sent.", where)


@rule("RR02", E, "RFC 6749 §4.1.2", at=StepKind.REDIRECT)
def code_or_error(item: Item, case: Case) -> Verdict:
    """The answer holds a code or an error, and not both.

    Why: with both, one program sees success where another sees failure.
    Mend: refuse such an answer.
    Before: ?code=…&error=access_denied
    After: ?code=…&state=…
    """
    found = [name for name in ("code", "error") if item.get(name)]
    where = "/request/form" if item.form else "/request/query"
    if len(found) == 1:
        return passed(where)
    return failed("It has both code and error." if found else "It has neither.", where)


@rule("RR03", E, "RFC 6749 §3.1", at=StepKind.REDIRECT)
def nothing_twice(item: Item, case: Case) -> Verdict:
    """Code, state, error and iss stand once each.

    Why: of two codes one program takes the first, another the last.
    Mend: refuse such an answer.
    Before: ?code=a&code=b
    After: ?code=a
    """
    for name in ("code", "state", "error", "iss"):
        if len(item.every(name)) > 1:
            return failed(f"{name} stands {len(item.every(name))} times.", item.at(name))
    return passed("/request")


@rule("RR04", E, "RFC 9207 §2.4", at=StepKind.REDIRECT)
def issuer_is_ours(item: Item, case: Case) -> Verdict:
    """The iss of the answer is the authority's.

    Why: it tells which authority the code is from, so that it is not handed to another.
    Mend: compare it with the issuer of the metadata, to the character.
    Before: iss=https://evil.example
    After: iss=https://login.microsoftonline.com/a1bc2d34-…/v2.0
    """
    came, where = item.get("iss"), item.at("iss")
    metadata = [i for i in case.all(StepKind.METADATA) if i.members]
    promised = any(
        i.members.get("authorization_response_iss_parameter_supported") is True for i in metadata
    )
    if came is None:
        if promised:
            return failed("The metadata promises iss, and there is none.", where)
        return absent("there is no iss, and nothing promises one")
    issuers = [issuer for i in metadata if (issuer := i.text("issuer"))]
    authority = case.authority(case.flow(item))
    if not issuers and authority is not None and not authority.is_shared:
        issuers = [authority.issuer(authority.tenant)]
    if not issuers:
        return unknown("which issuer it should be is not in this recording", where)
    answers = [same(came, issuer) for issuer in issuers]
    if any(answers):
        return passed(where)
    if None in answers:
        return unknown("the issuer was taken out", where)
    return failed(f"It is {case.show('iss', came)}.", where)


@rule(
    "RR05",
    E,
    "OAuth 2.0 Multiple Response Types §3, §5, RFC 9700 §2.1.2, RFC 10017 §7.2",
    at=StepKind.REDIRECT,
)
def no_token_in_front(item: Item, case: Case) -> Verdict:
    """No token comes through the browser.

    Why: it stays there, in the history or the page. In a query or to a single-page app it is
        forbidden, and a refresh token everywhere; else it is advised against.
    Mend: ask for a code only, and refuse an answer with a token.
    Before: ?access_token=…
    After: ?code=…
    """
    for name in ("access_token", "id_token", "refresh_token"):
        if item.get(name):
            return failed(
                f"{name} is in it.", item.at(name), severity=_token_level(name, item, case)
            )
    return passed("/request")


def _token_level(name: str, item: Item, case: Case) -> Severity:
    """How bad a token in the answer is: by what it is, how it came, and to whom."""
    in_query = not item.form and "#" not in item.url
    implicit = name == "access_token" and case.client(item) is ClientKind.SINGLE_PAGE
    return E if name == "refresh_token" or in_query or implicit else W


@rule("RR06", E, "RFC 6749 §3.1.2.3, RFC 9700 §4.1", at=StepKind.REDIRECT)
def came_where_it_should(item: Item, case: Case) -> Verdict:
    """The answer came to the redirect URI of the request.

    Why: another path may belong to somebody else. That Entra adds the slash of an empty path is
        taken into account, and that it leaves the port of localhost to the app.
    Mend: accept the exact path only.
    Before: redirect_uri=http://localhost/cb, taken at /other
    After: redirect_uri=http://localhost/cb, taken at /cb
    """
    asked, where = case.flow(item).asked, "/request/url"
    uri = asked.get("redirect_uri") if asked is not None else None
    if not uri:
        known = asked is not None
        why = "the redirect URI that was sent is not in this recording"
        return unknown(why if known else case.flow(item).unasked, where)
    want, got = normal(uri), normal(item.url.partition("?")[0])
    if want is None or got is None:
        return unknown("a part of the address was taken out", where)
    if want == got:
        return passed(where)
    part = next(n for n, a, b in zip(_PARTS, want, got, strict=True) if a != b)
    return failed(f"The {part} is not the one of the redirect URI.", where)


_PARTS = ("scheme", "host", "port", "path")


@rule("RR07", E, "RFC 9700 §2.6", at=StepKind.REDIRECT)
def came_over_https(item: Item, case: Case) -> Verdict:
    """The answer came over https, or within this machine.

    Why: the code is readable on the way.
    Mend: register an https redirect URI, or a loopback one.
    Before: http://app.example/cb?code=…
    After: https://app.example/cb?code=…
    """
    if item.url.lower().startswith("http:") and not on_this_machine(item.url):
        return failed("It came over plain http from elsewhere.", "/request/url")
    return passed("/request/url")


@rule("RR08", W, "OAuth 2.0 Form Post Response Mode", at=StepKind.REDIRECT)
def came_as_asked(item: Item, case: Case) -> Verdict:
    """The answer came in the way that was asked for.

    Why: an authority answers in the mode that was asked for; what comes otherwise may be somebody
        else's.
    Mend: accept only POST for form_post, and only GET for query.
    Before: response_mode=form_post, and GET /?code=…
    After: response_mode=form_post, and POST /
    """
    asked = case.flow(item).asked
    if asked is None:
        return unknown(case.flow(item).unasked, "/request/method")
    expected = "POST" if asked.get("response_mode") == "form_post" else "GET"
    if item.request.method == expected:
        return passed("/request/method")
    return failed(
        f"It is {plain(item.request.method, limit=12)}, not {expected}.", "/request/method"
    )


_ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@rule("RR15", W, "RFC 6749 §4.1.2.1", at=StepKind.REDIRECT)
def error_is_an_error(item: Item, case: Case) -> Verdict:
    """An error is a known word, and its text has no control characters.

    Why: it is shown to people and written to logs. The line ends before Entra's Trace ID are
        Entra's way, and pass.
    Mend: show error texts with control characters by name.
    Before: error=oops&error_description=%1b[2J
    After: error=access_denied
    """
    error = item.get("error")
    if not error:
        return absent("it is no error")
    if not _ALLOWED.fullmatch(error):
        return failed("The error holds a character that none may have.", item.at("error"))
    text = item.get("error_description") or ""
    text = text.replace("\r\n", " ") if "AADSTS" in text else text
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        return failed("The description holds a control character.", item.at("error_description"))
    if error not in {*error_words(), "account_selection_required", "request_not_supported"}:
        return failed(f"{case.show('error', error)} is no known error.", item.at("error"))
    return passed(item.at("error"))


@rule("RR16", W, "RFC 6749 §4.1.2", at=StepKind.REDIRECT)
def code_is_redeemed_soon(item: Item, case: Case) -> Verdict:
    """The code is redeemed within ten minutes.

    Why: the longer it lies about, the more can find it. More than a minute is a note: a person
        who pastes takes that long.
    Mend: redeem at once.
    Before: redirect at 09:00, token request at 09:15
    After: redirect at 09:00:00.0, token request at 09:00:00.1
    """
    if not item.get("code"):
        return absent("there is no code")
    redeemed = case.flow(item).tokens(CODE)
    if not redeemed:
        return unknown("the token request is not in this recording", item.at("code"))
    came, went = item.step.ended_at, redeemed[0].step.started_at
    if not came or not went:
        return unknown("the times are not known")
    age = went - came
    if age > 60:
        text = f"It was {age:.0f} seconds old."
        return failed(text, item.at("code"), severity=W if age > 600 else N)
    return passed(item.at("code"))


@rule("RR17", W, "RFC 6749 §10.10, RFC 6819 §5.1.4.2.2", at=StepKind.REDIRECT)
def code_cannot_be_guessed(item: Item, case: Case) -> Verdict:
    """The code is long enough to hold 128 bits.

    Why: a short one can be tried out. Only its length is looked at: 22 characters.
    Mend: the authority's to mend.
    Before: code=12345678
    After: code=0.ASkAIj… (some hundred characters)
    """
    code, where = item.get("code"), item.at("code")
    if not code:
        return absent("there is no code")
    size = length(code)
    if size is None or (hidden(code) and size < 66):
        # It may have been shortened, or written in three characters for one, before.
        return unknown("the code's length is not known", where)
    return passed(where) if size >= 22 else failed(f"It has {size} characters.", where)
