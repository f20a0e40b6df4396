"""Rules about the answer that the browser brings: what is in it, and how it is received."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import CODE, Case, is_entra, on_this_machine
from entra_oauth.audit.legs import Item, Leg
from entra_oauth.audit.rule import rule, rule_of_all
from entra_oauth.audit.rules_target import normal
from entra_oauth.audit.values import hidden, host_of, length, same
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.errors import plain
from entra_oauth.protocol.glossary import ERRORS
from entra_oauth.recording.findings import Severity

__all__: list[str] = []

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
NO_ANSWER = "what the listener answered is not in this recording"


@rule("RR01", E, "RFC 6749 §4.1.2, §10.12", at=Leg.REDIRECT)
def state_is_ours(item: Item, case: Case) -> Verdict:
    """The state that came is the one that was sent.

    Why: an answer with another state answers somebody else's request.
    Mend: compare before anything else, and go on waiting where it differs.
    Before: sent state=abc…, taken: state=xyz…
    After: sent state=abc…, taken: state=abc…
    """
    where, came = item.at("state"), item.get("state")
    asked = case.flow(item).authorize
    if asked is None:
        return unknown("the authorize request is not in this recording", where)
    sent = asked.get("state")
    if not sent:
        return absent("no state was sent")
    if not came:
        return failed("There is no state in what was taken for the answer.", where)
    equal = same(sent, came)
    equal = case.claim("state-equal", item) if equal is None else equal
    if equal is None:
        return unknown("the states were taken out, and nothing was noted of them", where)
    return passed(where) if equal else failed("It is not the state that was sent.", where)


@rule("RR02", E, "RFC 6749 §4.1.2", at=Leg.REDIRECT)
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


@rule("RR03", E, "RFC 6749 §3.1", at=Leg.REDIRECT)
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


@rule("RR04", E, "RFC 9207 §2.4", at=Leg.REDIRECT)
def issuer_is_ours(item: Item, case: Case) -> Verdict:
    """The iss of the answer is the authority's.

    Why: it tells which authority the code is from, so that it is not handed to another.
    Mend: compare it with the issuer of the metadata, to the character.
    Before: iss=https://evil.example
    After: iss=https://login.microsoftonline.com/a1bc2d34-…/v2.0
    """
    came, where = item.get("iss"), item.at("iss")
    metadata = [i for i in case.all(Leg.METADATA) if i.members]
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


@rule("RR05", E, "RFC 9700 §2.1.2, §4.3.2", at=Leg.REDIRECT)
def no_token_in_front(item: Item, case: Case) -> Verdict:
    """No token comes through the browser.

    Why: it stays there, in the history or the page.
    Mend: ask for a code only, and refuse an answer with a token.
    Before: ?access_token=…
    After: ?code=…
    """
    for name in ("access_token", "id_token", "refresh_token"):
        if item.get(name):
            hybrid = name == "id_token" and item.form
            return failed(f"{name} is in it.", item.at(name), severity=W if hybrid else E)
    return passed("/request")


@rule("RR06", E, "RFC 6749 §3.1.2.3, RFC 9700 §4.1", at=Leg.REDIRECT)
def came_where_it_should(item: Item, case: Case) -> Verdict:
    """The answer came to the redirect URI of the request.

    Why: another path may belong to somebody else. That Entra adds the slash of an empty path is
        taken into account, and that it leaves the port of localhost to the app.
    Mend: accept the exact path only.
    Before: redirect_uri=http://localhost/cb, taken at /other
    After: redirect_uri=http://localhost/cb, taken at /cb
    """
    asked, where = case.flow(item).authorize, "/request/url"
    uri = asked.get("redirect_uri") if asked is not None else None
    if not uri:
        return unknown("the redirect URI that was sent is not in this recording", where)
    want, got = normal(uri), normal(item.url.partition("?")[0])
    if want is None or got is None:
        return unknown("a part of the address was taken out", where)
    if want == got:
        return passed(where)
    part = next(n for n, a, b in zip(_PARTS, want, got, strict=True) if a != b)
    return failed(f"The {part} is not the one of the redirect URI.", where)


_PARTS = ("scheme", "host", "port", "path")


@rule("RR07", E, "RFC 9700 §2.6", at=Leg.REDIRECT)
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


@rule("RR08", W, "OAuth 2.0 Form Post Response Mode", at=Leg.REDIRECT)
def came_as_asked(item: Item, case: Case) -> Verdict:
    """The answer came in the way that was asked for.

    Why: an answer in another mode was not made by the authority for this request.
    Mend: accept only POST for form_post, and only GET for query.
    Before: response_mode=form_post, and GET /?code=…
    After: response_mode=form_post, and POST /
    """
    asked = case.flow(item).authorize
    if asked is None:
        return unknown("the authorize request is not in this recording", "/request/method")
    expected = "POST" if asked.get("response_mode") == "form_post" else "GET"
    if item.request.method == expected:
        return passed("/request/method")
    return failed(
        f"It is {plain(item.request.method, limit=12)}, not {expected}.", "/request/method"
    )


_WANTED = (
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "'none'"),
)


@rule("RR09", W, "RFC 9700 §4.2.4", at=Leg.REDIRECT)
def listener_answers_carefully(item: Item, case: Case) -> Verdict:
    """The listener's answer is not kept, sends no Referer and loads nothing.

    Why: the page's address may hold the code.
    Mend: send Cache-Control: no-store, Referrer-Policy: no-referrer, X-Content-Type-Options:
        nosniff and Content-Security-Policy: default-src 'none'.
    Before: HTTP/1.1 200 OK, and no such header
    After: HTTP/1.1 303 See Other, with all four
    """
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    missing = [n for n, v in _WANTED if v not in (item.response.header(n) or "").lower()]
    if missing:
        return failed(f"Without {', '.join(missing)}.", "/response/headers")
    return passed("/response/headers")


@rule("RR10", E, "OAuth 2.1 §2.3.6", at=Leg.REDIRECT)
def listener_repeats_nothing(item: Item, case: Case) -> Verdict:
    """The listener's page repeats no code and no state, and loads nothing from elsewhere.

    Why: what is on a page can be read by what is loaded into it, and is kept with it.
    Mend: answer with a text of your own, without scripts and without addresses of others.
    Before: <p>Your code is 0.AS…</p>
    After: <p>You can close this window.</p>
    """
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    body = item.response.body.decode("utf-8", "replace")
    text = "\n".join([body, *(value for _, value in item.response.headers)])
    if re.search(r"(?i)<script\b", body):
        return failed("There is a script in the page.", "/response/content")
    found = re.findall(r"(?i)(?:src|href|action)\s*=\s*[\"']?\s*(https?://[^\s\"'>]+)", body)
    if any(not on_this_machine(url) for url in found):
        return failed("The page leads to another host.", "/response/content")
    unsure = False
    for name in ("code", "state"):
        for value in item.every(name):
            tag = re.search(r"[a-z]{1,5}~([0-9a-f]{10})", value)
            if (len(value) >= 8 and not hidden(value) and value in text) or (
                tag and f"~{tag[1]}" in text
            ):
                return failed(f"The {name} is repeated.", "/response/content")
            unsure = unsure or (hidden(value) and not tag) or "body~" in body
    if unsure and body:
        return unknown("the values were taken out", "/response/content")
    return passed("/response/content")


@rule("RR11", E, "RFC 9700 §4.11.1", at=Leg.REDIRECT)
def listener_leads_nowhere_else(item: Item, case: Case) -> Verdict:
    """The listener does not send the browser to an address from the query.

    Why: anybody could use it to lead people astray (an open redirect).
    Mend: lead to a fixed path of your own.
    Before: /?code=…&next=https://evil.example answered with Location: https://evil.example
    After: Location: /done
    """
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    location = item.response.header("location")
    if not location:
        return absent("the answer leads nowhere")
    for _, value in item.fields:
        if "//" in value and value and location.startswith(value):
            return failed("It leads where a parameter says.", "/response/headers/location")
    return passed("/response/headers/location")


@rule("RR12", W, "RFC 9700 §4.3.1", at=Leg.REDIRECT)
def code_leaves_the_address_bar(item: Item, case: Case) -> Verdict:
    """The code leaves the address bar.

    Why: the last page's address is what people copy, bookmark and synchronise.
    Mend: answer 303 to an address without parameters, or use form_post.
    Before: 200 OK at http://localhost/?code=…
    After: 303 See Other to /done
    """
    if not any(name == "code" for name, _ in item.query):
        return absent("the code is not in the address")
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    location = item.response.header("location") or ""
    if item.response.status in (302, 303) and "code=" not in location:
        return passed("/response/status")
    return failed(f"{item.response.status}: the page's address keeps it.", "/response/status")


@rule_of_all("RR13", E, "RFC 9700 §4.2")
def referer_tells_nothing(case: Case) -> Iterator[Verdict]:
    """No Referer header carries the code or the state.

    Why: it hands them to whoever is linked to.
    Mend: send Referrer-Policy: no-referrer with the page that the redirect ends on.
    Before: Referer: http://localhost/?code=…
    After: no Referer
    """
    seen = [(i, r) for i in case.items if (r := i.request.header("referer"))]
    bad = [i for i, r in seen if re.search(r"[?&#](?:code|state)=", r) and not _asked(r)]
    for item in bad:
        text = "The Referer holds a code or a state."
        yield replace(failed(text, "/request/headers/referer"), step=item.number)
    if not bad and case.all(Leg.REDIRECT):
        where = "/request/headers/referer"
        sure = case.browser_side
        yield passed(where) if sure else unknown("the browser's own requests are not here", where)


def _asked(referer: str) -> bool:
    return "response_type=" in referer


@rule_of_all("RR14", W, "RFC 9700 §4.12")
def password_does_not_travel_on(case: Case) -> Iterator[Verdict]:
    """After the person's password was posted, the authority does not answer 307 or 308.

    Why: the browser would post the password to the app.
    Mend: the authority's to mend: 303.
    Before: POST /login answered with 307 and Location: http://localhost/…
    After: 303
    """
    if not case.all(Leg.REDIRECT):
        return
    found = [i for i in case.items if _leads_to_the_app(i, case) and i.request.method == "POST"]
    for item in found:
        status = item.response.status if item.response is not None else 0
        good = status not in (307, 308)
        verdict = passed() if good else failed(f"It answered {status}.", "/response/status")
        yield replace(verdict, step=item.number)
    if not found:
        yield unknown("the browser's own requests are not here", "/response/status")


def _leads_to_the_app(item: Item, case: Case) -> bool:
    location = item.response.header("location") if item.response is not None else None
    if not location or item.leg not in (Leg.PAGE, Leg.AUTHORIZE):
        return False
    targets = {host_of(i.url) for i in case.all(Leg.REDIRECT)}
    return host_of(location) in targets and bool(re.search(r"[?&#](?:code|error)=", location))


_ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@rule("RR15", W, "RFC 6749 §4.1.2.1", at=Leg.REDIRECT)
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
    if error not in {*ERRORS, "account_selection_required", "request_not_supported"}:
        return failed(f"{case.show('error', error)} is no known error.", item.at("error"))
    return passed(item.at("error"))


@rule("RR16", W, "RFC 6749 §4.1.2", at=Leg.REDIRECT)
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


@rule("RR17", W, "RFC 6749 §10.10, RFC 6819 §5.1.4.2.2", at=Leg.REDIRECT)
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


@rule_of_all("RR18", E, "RFC 9700 §4.7")
def one_answer_is_taken(case: Case) -> Iterator[Verdict]:
    """One answer is taken for each request.

    Why: a second one with the same state comes from somebody who saw the first.
    Mend: take the first, and answer all others with an error.
    Before: two redirects with one state, both answered with success
    After: the second answered 409
    """
    for flow in case.flows:
        redirects = flow.all(Leg.REDIRECT)
        for again in redirects[1:]:
            equal = same(again.get("state") or "", redirects[0].get("state") or "")
            text = f"Step {redirects[0].number} was taken for the answer already."
            verdict = failed(text, again.at("state")) if equal else passed(again.at("state"))
            if equal is None:
                verdict = unknown("the states were taken out", again.at("state"))
            yield replace(verdict, step=again.number)
        if len(redirects) == 1:
            yield replace(passed(redirects[0].at("state")), step=redirects[0].number)


@rule("RR19", N, "RFC 9700 §4.7; how many came, and from where", at=Leg.UNSOLICITED)
def strangers_were_turned_down(item: Item, case: Case) -> Verdict:
    """Answers that were turned down are counted.

    Why: each is somebody, or something, that tried the listener during the sign-in.
    Mend: nothing, if you know what it was; else look which page or program sent it.
    Before: GET /?code=x&state=wrong during the sign-in
    After: nothing but the answer
    """
    origin = item.request.header("origin") or item.request.header("referer") or ""
    who = f" from {case.show('origin', host_of(origin))}" if host_of(origin) else ""
    return failed(f"Something{who} was turned down.", "/request")


def entra_flow(item: Item, case: Case) -> bool:
    """Whether the sign-in that the item is part of is at Entra."""
    flow = case.flow(item)
    return any(is_entra(i) for i in flow.items if i.leg in (Leg.AUTHORIZE, Leg.TOKEN, Leg.DEVICE))
