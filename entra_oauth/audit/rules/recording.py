"""Rules about the recording itself: what it still holds, what it lacks, whether it opens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from entra_oauth.audit.case import CODE, Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import hidden
from entra_oauth.audit.rules.rule import E, N, W, rule_of_all
from entra_oauth.audit.verdict import Verdict, absent, failed, passed, unknown
from entra_oauth.protocol.glossary.secrecy import Act, treatment_of

_LIVE_JWT = re.compile(r"ey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{40,}(?![~\w-])")


@rule_of_all("HR01", E, "Okta's root cause report, November 2023")
def shareable_means_without_secrets(case: Case) -> Iterator[Verdict]:
    """A recording that says its secrets were taken out holds none.

    Why: recordings are handed to support, and stay there. It was with such files that sessions
        of Okta's customers were taken over.
    Mend: redact it again with entra-oauth audit redact, and revoke what was in it.
    Before: a file marked as redacted, with code=0.AS… in it
    After: code=code~5c1f0a9e77~~~
    """
    if not case.shareable:
        yield absent("the recording does not say that its secrets were taken out")
        return
    for item in case.items:
        where = _secret_in(item)
        verdict = failed("A secret is still there.", where) if where else passed()
        yield replace(verdict, step=item.number)


def _secret_in(item: Item) -> str:
    """The place of a secret that was not taken out; empty if there is none."""
    for name, value in item.fields:
        if _is_secret(name, value):
            return item.at(name)
    for name, value in item.members.items():
        if isinstance(value, str) and _is_secret(name, value):
            return f"/response/content/{name}"
    for name, value in item.request.headers:
        words = value.split(" ", 1)
        if name.lower() == "authorization" and len(words) == 2 and not hidden(words[1]):
            return "/request/headers/authorization"
        if name.lower() == "cookie" and not hidden(value):
            return "/request/headers/cookie"
    texts = (item.step.request.data, item.step.response.data)
    if any(_LIVE_JWT.search(data.decode("latin-1")) for data in texts):
        return "/request or /response"
    return ""


def _is_secret(name: str, value: str) -> bool:
    if not value or hidden(value):
        return False
    return treatment_of(name).act in (Act.SECRET, Act.TOKEN, Act.MASK)


@rule_of_all("HR02", W, "HAR 1.2; what Chrome's and Firefox's importers ask for")
def file_opens_elsewhere(case: Case) -> Iterator[Verdict]:
    """The HAR file opens in Chrome and Firefox.

    Why: what others cannot open they cannot check.
    Mend: write it again with entra-oauth audit import, then audit export --as har.
    Before: an entry without timings
    After: "timings": {"send": 0, "wait": 12, "receive": 1}
    """
    if case.har is None:
        yield absent("it is no HAR file")
        return
    problem = _problem(dict(case.har))
    yield failed(f"{problem}.", "/log") if problem else passed("/log")


def _problem(har: dict[str, Any]) -> str:
    log = har.get("log")
    if not isinstance(log, dict):
        return "There is no log"
    if not isinstance(log.get("pages"), list):
        return "log.pages is missing, without which Firefox opens nothing"
    for name in ("version", "creator", "entries"):
        if not log.get(name) and name != "entries":
            return f"log.{name} is missing"
    entries = log.get("entries")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        if problem := _entry_problem(entry if isinstance(entry, dict) else {}):
            return f"Entry {number}: {problem}"
    return ""


def _entry_problem(entry: dict[str, Any]) -> str:
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        return "request or response is missing"
    if not isinstance(entry.get("cache"), dict):
        return "cache is missing, without which Firefox opens nothing"
    timings = entry.get("timings")
    for name in ("send", "wait", "receive"):
        value = timings.get(name) if isinstance(timings, dict) else None
        if not isinstance(value, int | float) or value < 0:
            return f"timings.{name} is no number"
    for side in (request, response):
        for name in ("headersSize", "bodySize"):
            if not isinstance(side.get(name), int | float):
                return f"{name} is no number, which Chrome needs"
    try:
        zone = datetime.fromisoformat(str(entry.get("startedDateTime"))).tzinfo
    except ValueError:
        zone = None
    return "" if zone is not None else "startedDateTime is no time with a zone"


@rule_of_all("HR03", N, "what a recording has to hold to be judged")
def nothing_is_missing(case: Case) -> Iterator[Verdict]:
    """The recording holds every part of the sign-in.

    Why: what is not there cannot be judged; the rules that need it are undecidable.
    Mend: record from before the sign-in until it has ended, with the log kept over page changes.
    Before: a HAR file that begins with the token request
    After: authorize, redirect, token
    """
    if case.planned:
        yield absent("nothing was sent yet")
        return
    for flow in case.flows:
        first = flow.items[0]
        codes = [i for i in flow.tokens() if i.form_gone or i.get("grant_type") == CODE]
        parts = {
            "authorize request": flow.authorize is not None,
            "redirect": flow.redirect is not None,
            "token request": bool(codes) or _was_refused(flow.redirect),
        }
        is_code_flow = bool(codes) or flow.authorize is not None or flow.redirect is not None
        verdict = absent("it is no sign-in through a browser")
        if is_code_flow:
            missing = [name for name, there in parts.items() if not there]
            text = f"Not in it: {', '.join(missing)}."
            verdict = failed(text, "") if missing else passed()
            if missing and _is_torn(case):
                verdict = unknown("which redirect answers which request was taken out")
        elif first.kind not in (StepKind.TOKEN, StepKind.DEVICE, StepKind.RESOURCE):
            continue
        yield replace(verdict, step=first.number)


def _is_torn(case: Case) -> bool:
    """True if there are requests without a redirect beside redirects without a request."""
    asking = [flow for flow in case.flows if flow.authorize is not None]
    alone = [flow for flow in case.flows if flow.authorize is None and flow.redirect is not None]
    return bool(alone) and any(flow.redirect is None for flow in asking)


def _was_refused(redirect: Item | None) -> bool:
    return redirect is not None and bool(redirect.get("error"))
