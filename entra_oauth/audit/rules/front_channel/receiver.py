"""Rules about how the answer is received: what the listener says, and what leaks afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, ClientKind, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, same
from entra_oauth.audit.rules.rule import E, N, W, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.messages import Fields, host_of, parse_form
from entra_oauth.recording.recognise import answer_fields

NO_ANSWER = "what the listener answered is not in this recording"
_NOT_IN_ADDRESS = "the code is in no address that a server or a Referer is told"
_BROWSERS = "the browser's own requests are"


def _unanswered(item: Item, case: Case) -> Verdict | None:
    return unknown(NO_ANSWER, "/response") if item.response is None else None


_WANTED = (
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
_FOR_A_LISTENER = ("content-security-policy", "'none'")
"""A listener's page needs no script; an app's own page does."""


def _is_listener(item: Item, case: Case) -> bool:
    """True where an app on the person's machine took the answer, and no server or page."""
    return case.client(item) is ClientKind.NATIVE or on_this_machine(item.url)


def _in_address(item: Item) -> Fields:
    """What came in the part of the address that a server and a Referer are told."""
    return parse_form(item.url.partition("#")[0].partition("?")[2])


def _is_told(item: Item, case: Case) -> bool:
    """True where the page's address may hold the code: always for who was given an address."""
    return _is_listener(item, case) or bool(_in_address(item))


@rule("RR09", W, "RFC 9700 §4.2.4", at=StepKind.REDIRECT, unless=_unanswered)
def listener_answers_carefully(item: Item, case: Case) -> Verdict:
    """The listener's answer is not kept, sends no Referer and loads nothing.

    Why: the page's address may hold the code. A web app's or a single-page app's does not if the
        code came in a form or a fragment; and its page may load what it needs.
    Mend: send Cache-Control: no-store, Referrer-Policy: no-referrer, X-Content-Type-Options:
        nosniff, and from a listener Content-Security-Policy: default-src 'none'.
    Before: HTTP/1.1 200 OK, and no such header
    After: HTTP/1.1 303 See Other, with all four
    """
    if not _is_told(item, case):
        return absent(_NOT_IN_ADDRESS)
    wanted = (*_WANTED, _FOR_A_LISTENER) if _is_listener(item, case) else _WANTED
    missing = [n for n, v in wanted if v not in (item.answer.header(n) or "").lower()]
    if missing:
        return failed(f"Without {', '.join(missing)}.", "/response/headers")
    return passed("/response/headers")


@rule("RR10", W, "RFC 9700 §4.2.4, RFC 6749 §3.1.2.5", at=StepKind.REDIRECT, unless=_unanswered)
def listener_repeats_nothing(item: Item, case: Case) -> Verdict:
    """The listener's page repeats no code and no state, and loads nothing from elsewhere.

    Why: what is on a page can be read by what is loaded into it, and is kept with it. A listener's
        page has no script at all; a web app's or a single-page app's has none of another host.
    Mend: answer with a text of your own, without scripts and without addresses of others.
    Before: <p>Your code is 0.AS…</p>
    After: <p>You can close this window.</p>
    """
    body = item.answer.body.decode("utf-8", "replace")
    text = "\n".join([body, *(value for _, value in item.answer.headers)])
    if found := _loaded(body, item, case):
        return failed(found, "/response/content")
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


_ADDRESS = r"\b(?:src|href|action)\s*=\s*[\"']?\s*((?:https?:)?//[^\s\"'>]+)"


def _loaded(body: str, item: Item, case: Case) -> str:
    """A sentence on what the page loads or leads to; empty where that is nothing."""
    is_listener = _is_listener(item, case)
    if is_listener and re.search(r"(?i)<script\b", body):
        return "There is a script in the page."
    scripts = re.findall(rf"(?i)<script\b[^>]{{0,500}}?{_ADDRESS}", body)
    if "#" in item.url and any(_is_elsewhere(url, item) for url in scripts):
        return "There is a script of another host in the page."
    found = re.findall(rf"(?i){_ADDRESS}", body)
    if _is_told(item, case) and any(_is_elsewhere(url, item) for url in found):
        return "The page leads to another host."
    return ""


def _is_elsewhere(url: str, item: Item) -> bool:
    return not on_this_machine(url) and host_of(url) != host_of(item.url)


@rule("RR11", E, "RFC 9700 §4.11.1", at=StepKind.REDIRECT, unless=_unanswered)
def listener_leads_nowhere_else(item: Item, case: Case) -> Verdict:
    """The listener does not send the browser to an address from the query.

    Why: anybody could use it to lead people astray (an open redirect).
    Mend: lead to a fixed path of your own.
    Before: /?code=…&next=https://evil.example answered with Location: https://evil.example
    After: Location: /done
    """
    location = item.answer.header("location")
    if not location:
        return absent("the answer leads nowhere")
    for _, value in item.fields:
        if "//" in value and location.startswith(value):
            return failed("It leads where a parameter says.", "/response/headers/location")
    return passed("/response/headers/location")


@rule("RR12", W, "RFC 9700 §4.3.1", at=StepKind.REDIRECT)
def code_leaves_the_address_bar(item: Item, case: Case) -> Verdict:
    """The code leaves the address bar.

    Why: the last page's address is what people copy, bookmark and synchronise. Where a page's
        script has to read the code there, it is the script that takes it away.
    Mend: answer 303 to an address without parameters, or use form_post.
    Before: 200 OK at http://localhost/?code=…
    After: 303 See Other to /done
    """
    if not any(name == "code" for name, _ in item.query):
        return absent("the code is not in the address")
    by_script = case.client(item) is ClientKind.SINGLE_PAGE
    if by_script or not any(name == "code" for name, _ in _in_address(item)):
        return unknown("what the page's script does with its address is not here", "/request/url")
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    location, status = item.answer.header("location") or "", item.answer.status
    if status not in _MOVED or not location:
        return failed(f"{status}: the page's address keeps it.", "/response/status")
    kept = _keeps(location, item)
    if kept is None:
        return unknown("a part of where it leads was taken out", "/response/headers/location")
    text = f"{status}: the address that it leads to has the code."
    return failed(text, "/response/headers/location") if kept else passed("/response/status")


_MOVED = (301, 302, 303, 307, 308)
"""What a browser follows; it shows the new address (RFC 9110 §15.4)."""


def _keeps(location: str, item: Item) -> bool | None:
    """True if the code is in the address that the answer leads to; None if that is open."""
    fields, codes = answer_fields(location), item.every("code")
    if any(name == "code" for name, _ in fields):
        return True
    found = [same(value, code) for _, value in fields for code in codes]
    return None if None in found and True not in found else any(found)


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
    if not bad and case.all(StepKind.REDIRECT):
        where = "/request/headers/referer"
        sure = case.browser_side
        yield passed(where) if sure else unknown(f"{_BROWSERS} not here", where)


def _asked(referer: str) -> bool:
    return "response_type=" in referer


@rule_of_all("RR14", E, "RFC 9700 §4.12")
def password_does_not_travel_on(case: Case) -> Iterator[Verdict]:
    """After the person's password was posted, the authority does not answer 307 or 308.

    Why: the browser would post the password to the app.
    Mend: the authority's to mend: 303.
    Before: POST /login answered with 307 and Location: http://localhost/…
    After: 303
    """
    if not case.all(StepKind.REDIRECT):
        return
    found = [i for i in case.items if _leads_to_the_app(i, case) and i.request.method == "POST"]
    for item in found:
        status = item.answer.status
        good = status not in (307, 308)
        verdict = passed() if good else failed(f"It answered {status}.", "/response/status")
        yield replace(verdict, step=item.number)
    if not found and _was_posted_by_a_page(case):
        yield passed("/response/status")
    elif not found:
        what = "what led the browser to the app is" if case.browser_side else _BROWSERS
        yield unknown(f"{what} not here", "/response/status")


def _was_posted_by_a_page(case: Case) -> bool:
    """True if the answers came by form_post: then a page leads to the app, and no redirect."""
    pages = [i for i in case.items if i.kind is StepKind.PAGE and i.request.method == "POST"]
    told = [i.response.status for i in pages if i.response is not None]
    by_form = all(i.request.method == "POST" for i in case.all(StepKind.REDIRECT))
    return case.browser_side and by_form and bool(told) and not {307, 308} & set(told)


def _leads_to_the_app(item: Item, case: Case) -> bool:
    location = item.answer.header("location")
    if not location or item.kind not in (StepKind.PAGE, StepKind.AUTHORIZE):
        return False
    targets = {host_of(i.url) for i in case.all(StepKind.REDIRECT)}
    return host_of(location) in targets and bool(re.search(r"[?&#](?:code|error)=", location))


@rule_of_all("RR18", E, "RFC 9700 §4.7")
def one_answer_is_taken(case: Case) -> Iterator[Verdict]:
    """One answer is taken for each request.

    Why: a second one with the same state comes from somebody who saw the first.
    Mend: take the first, and answer all others with an error.
    Before: two redirects with one state, both answered with success
    After: the second answered 409
    """
    for flow in case.flows:
        redirects = flow.all(StepKind.REDIRECT)
        for again in redirects[1:]:
            equal = same(again.get("state") or "", redirects[0].get("state") or "")
            text = f"Step {redirects[0].number} was taken for the answer already."
            verdict = failed(text, again.at("state")) if equal else passed(again.at("state"))
            if equal is None:
                verdict = unknown("the states were taken out", again.at("state"))
            yield replace(verdict, step=again.number)
        if len(redirects) == 1:
            yield replace(passed(redirects[0].at("state")), step=redirects[0].number)


@rule("RR19", N, "RFC 9700 §4.7; how many came, and from where", at=StepKind.UNSOLICITED)
def strangers_were_turned_down(item: Item, case: Case) -> Verdict:
    """Answers that were turned down are counted.

    Why: each is somebody, or something, that tried the listener during the sign-in.
    Mend: nothing, if you know what it was; else look which page or program sent it.
    Before: GET /?code=x&state=wrong during the sign-in
    After: nothing but the answer
    """
    origin = item.request.header("origin") or item.request.header("referer") or ""
    who = f" from {case.show_host(host_of(origin))}" if host_of(origin) else ""
    return failed(f"Something{who} was turned down.", "/request")
