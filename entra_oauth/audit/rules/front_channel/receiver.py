"""Rules about how the answer is received: what the listener says, and what leaks afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case, on_this_machine
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, same
from entra_oauth.audit.rules.rule import E, N, W, rule, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.messages import host_of

NO_ANSWER = "what the listener answered is not in this recording"
_BROWSERS = "the browser's own requests are"


def _unanswered(item: Item, case: Case) -> Verdict | None:
    return unknown(NO_ANSWER, "/response") if item.response is None else None


_WANTED = (
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "'none'"),
)


@rule("RR09", W, "RFC 9700 §4.2.4", at=StepKind.REDIRECT, unless=_unanswered)
def listener_answers_carefully(item: Item, case: Case) -> Verdict:
    """The listener's answer is not kept, sends no Referer and loads nothing.

    Why: the page's address may hold the code.
    Mend: send Cache-Control: no-store, Referrer-Policy: no-referrer, X-Content-Type-Options:
        nosniff and Content-Security-Policy: default-src 'none'.
    Before: HTTP/1.1 200 OK, and no such header
    After: HTTP/1.1 303 See Other, with all four
    """
    missing = [n for n, v in _WANTED if v not in (item.answer.header(n) or "").lower()]
    if missing:
        return failed(f"Without {', '.join(missing)}.", "/response/headers")
    return passed("/response/headers")


@rule("RR10", W, "RFC 9700 §4.2.4, RFC 6749 §3.1.2.5", at=StepKind.REDIRECT, unless=_unanswered)
def listener_repeats_nothing(item: Item, case: Case) -> Verdict:
    """The listener's page repeats no code and no state, and loads nothing from elsewhere.

    Why: what is on a page can be read by what is loaded into it, and is kept with it.
    Mend: answer with a text of your own, without scripts and without addresses of others.
    Before: <p>Your code is 0.AS…</p>
    After: <p>You can close this window.</p>
    """
    body = item.answer.body.decode("utf-8", "replace")
    text = "\n".join([body, *(value for _, value in item.answer.headers)])
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

    Why: the last page's address is what people copy, bookmark and synchronise.
    Mend: answer 303 to an address without parameters, or use form_post.
    Before: 200 OK at http://localhost/?code=…
    After: 303 See Other to /done
    """
    if not any(name == "code" for name, _ in item.query):
        return absent("the code is not in the address")
    if item.response is None:
        return unknown(NO_ANSWER, "/response")
    location = item.answer.header("location") or ""
    if item.answer.status in (302, 303) and "code=" not in location:
        return passed("/response/status")
    return failed(f"{item.answer.status}: the page's address keeps it.", "/response/status")


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
