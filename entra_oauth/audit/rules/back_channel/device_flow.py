"""Rules about the device authorization flow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden, length
from entra_oauth.audit.rules.rule import E, N, W, rule, rule_of_all
from entra_oauth.audit.sign_ins import Flow
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.messages import host_of

BODY = "/response/content"
EARLY_S = 0.5
"""Two clocks, and the way there, may make an interval look shorter by so much."""
_WAITING = ("authorization_pending", "slow_down")
_PAGES = ("microsoft.com", "www.microsoft.com", "login.microsoft.com", "aka.ms")


def _polls(flow: Flow) -> list[Item]:
    return [i for i in flow.tokens() if (i.get("grant_type") or "").endswith("device_code")]


@rule_of_all("DV01", E, "RFC 8628 §3.5")
def polls_keep_their_distance(case: Case) -> Iterator[Verdict]:
    """Polls keep the interval, five seconds where none is named, and five more after slow_down.

    Why: the authority may turn the client away.
    Mend: wait for the interval after each answer.
    Before: interval 5, polls every second
    After: interval 5, polls every five seconds
    """
    for flow in case.flows:
        start = flow.first(StepKind.DEVICE)
        if start is None:
            continue
        value = start.members.get("interval", 5)
        interval = float(value) if isinstance(value, int | float) else 5.0
        before: Item | None = None
        for poll in _polls(flow):
            if before is not None:
                interval += 5 if before.text("error") == "slow_down" else 0
                waited = poll.step.started_at - before.step.ended_at
                yield replace(_distance(waited, interval, before), step=poll.number)
            before = poll
        if before is None and not case.planned:
            yield replace(unknown("no poll is in this recording"), step=start.number)


def _distance(waited: float, interval: float, before: Item) -> Verdict:
    if not before.step.ended_at:
        return unknown("the times are not known")
    if waited + EARLY_S < interval:
        return failed(f"It came after {waited:.1f} of {interval:.0f} seconds.", "/request")
    return passed("/request")


@rule_of_all("DV02", W, "RFC 8628 §3.5")
def polls_end(case: Case) -> Iterator[Verdict]:
    """Polling ends with the code's life, and with an answer that is final.

    Why: nothing more will come.
    Mend: stop at expires_in, and after any error but authorization_pending and slow_down.
    Before: expired_token, and another poll
    After: expired_token, and the end
    """
    for flow in case.flows:
        start, polls = flow.first(StepKind.DEVICE), _polls(flow)
        if start is None:
            continue
        value = start.members.get("expires_in")
        end = start.step.ended_at + value if isinstance(value, int | float) else None
        over: Item | None = None
        for poll in polls:
            verdict = passed("/request")
            if over is not None:
                verdict = failed(f"Step {over.number} was the end already.", "/request")
            elif end is not None and poll.step.started_at > end + 5:
                verdict = failed("The code was over.", "/request")
            yield replace(verdict, step=poll.number)
            error = poll.text("error")
            if "access_token" in poll.members or (error is not None and error not in _WAITING):
                over = over or poll


@rule("DV03", W, "RFC 8628 §3.2, §5.4", at=StepKind.DEVICE)
def page_is_the_authoritys(item: Item, case: Case) -> Verdict:
    """The page for the code is https, the authority's, and the code is short-lived.

    Why: the person types the code there, and their password. Entra's pages at microsoft.com
        count as its own.
    Mend: show what the authority sent, and refuse what is not https.
    Before: "verification_uri": "http://…", or "expires_in": 86400
    After: "verification_uri": "https://microsoft.com/devicelogin", "expires_in": 900
    """
    uri = item.text("verification_uri") or item.text("verification_url")
    where = f"{BODY}/verification_uri"
    if uri is None:
        return _none(item, case)
    life = item.members.get("expires_in")
    if isinstance(life, int | float) and life > 1800:
        return failed(f"The code is good for {life / 60:.0f} minutes.", f"{BODY}/expires_in")
    host, own = host_of(uri), host_of(item.url)
    loopback = host == own and item.url.startswith("http://")
    if not uri.lower().startswith("https://") and not loopback:
        return failed("It is not https.", where)
    if host not in (own, *_PAGES):
        return failed(f"Its host is {case.show_host(host)}.", where)
    return passed(where)


def _none(item: Item, case: Case) -> Verdict:
    if case.planned:
        return absent("nothing was sent yet")
    if item.response is None:
        return unknown("no answer is in this recording")
    return absent("the answer is no success")


@rule("DV04", W, "RFC 8628 §5.1, §5.2", at=StepKind.DEVICE)
def codes_cannot_be_guessed(item: Item, case: Case) -> Verdict:
    """The user code holds 20 bits or more, the device code 128.

    Why: who guesses the first can lead people astray; who guesses the second gets the token.
    Mend: the authority's to mend.
    Before: "user_code": "123"
    After: "user_code": "BL6XB575V"
    """
    user, device = item.text("user_code"), item.text("device_code")
    if user is None or device is None:
        return _none(item, case)
    size = length(device)
    if size is not None and size < 22:
        return failed(f"The device code has {size} characters.", f"{BODY}/device_code")
    if re.fullmatch(r"~dev~", device):
        return failed("The device code is short.", f"{BODY}/device_code")
    if hidden(user) or size is None:
        return unknown("the user code was taken out", f"{BODY}/user_code")
    typed = user.replace("-", "")
    kinds = 10 if typed.isdigit() else 36
    if len(typed) * math.log2(kinds) < 20:
        return failed(f"The user code has {len(user)} characters.", f"{BODY}/user_code")
    return passed(BODY)


@rule("DV05", N, "RFC 8628 §5.4, RFC 10027", at=StepKind.DEVICE)
def a_browser_would_be_better(item: Item, case: Case) -> Verdict:
    """The device flow is used only where there is no browser.

    Why: people can be talked into typing a code that somebody else asked for (phishing). Whether
        a browser was at hand is not in a recording; that one was used is.
    Mend: use the authorization code flow where the machine has a browser.
    Before: device flow beside an authorize request from the same machine
    After: authorization code flow
    """
    if case.all(StepKind.AUTHORIZE):
        return failed("A browser was used in the same recording.", "/request")
    return unknown("whether a browser was at hand is not in a recording")
