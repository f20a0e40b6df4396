"""One list of what recording, browser and log have seen, and what contradicts in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from entra_oauth.audit.case import Case
from entra_oauth.audit.classify import Item, StepKind
from entra_oauth.audit.redacted_values import same
from entra_oauth.audit.timeline.code_question import (
    SKEW_S,
    SPENT,
    Answer,
    answer,
    other_rows,
    session_of,
)
from entra_oauth.audit.timeline.exported_log import Export
from entra_oauth.audit.timeline.seen_sign_in import SeenSignIn, sign_ins_of
from entra_oauth.audit.timeline.sign_in_rows import SignInRow
from entra_oauth.errors import UsageError

__all__ = ["SeenBy", "Timeline", "TimelineEvent", "log_filter", "timeline_of"]

_LEFT_OUT = frozenset((StepKind.PAGE, StepKind.KEYS, StepKind.METADATA))


class SeenBy(StrEnum):
    """The place at which something was seen."""

    RECORDING = "recording"
    BROWSER = "browser"
    LOG = "Entra"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """One line."""

    at: float
    source: SeenBy
    what: str
    """Holds text of strangers, which is made plain where it is shown."""
    step: int | None = None
    joined_by: str = ""
    """By what it belongs to the sign-in; empty for the recording itself."""
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole of it."""

    events: tuple[TimelineEvent, ...]
    answers: tuple[Answer, ...]
    """For each sign-in of the recording."""
    contradictions: tuple[str, ...]
    remark: str = ""
    """What there is to say of the authority."""


def log_filter(case: Case, browser: Case | None) -> tuple[SeenSignIn, ...]:
    """The sign-ins of a recording. Raises `UsageError` if no code was asked for."""
    seen = sign_ins_of(case, browser)
    if not seen:
        raise UsageError(
            "There is no sign-in with a code in this recording.",
            advice="Name a recording that has an authorize request, or a code that was handed in.",
        )
    return seen


def timeline_of(
    case: Case,
    browser: Case | None,
    log: Export | None,
    *,
    exported_at: float | None = None,
    remark: str = "",
) -> Timeline:
    """Everything joined, in the order of time. Raises `UsageError` if there is no sign-in."""
    seen = log_filter(case, browser)
    answers = tuple(answer(each, log, exported_at=exported_at) for each in seen)
    flagged = {id(row) for each in answers for row in each.rows}
    events = [_of_item(item, SeenBy.RECORDING) for item in _told(case)]
    events += _of_browser(case, browser)
    for row in log.rows if log is not None else ():
        events.append(_of_row(row, seen, flagged=id(row) in flagged))
    return Timeline(
        events=tuple(sorted(events, key=lambda event: event.at)),
        answers=answers,
        contradictions=tuple(dict.fromkeys(_contradictions(case, browser, log, seen))),
        remark=remark,
    )


def _told(case: Case) -> list[Item]:
    return [item for item in case.items if item.kind not in _LEFT_OUT]


_WORDS = {
    StepKind.AUTHORIZE: "authorization request",
    StepKind.REDIRECT: "authorization response",
    StepKind.UNSOLICITED: "a redirect that was turned down",
    StepKind.DEVICE: "device authorization request",
    StepKind.RESOURCE: "API call",
    StepKind.LOGOUT: "sign-out",
}


def _of_item(item: Item, source: SeenBy, joined_by: str = "") -> TimelineEvent:
    what = _WORDS.get(item.kind, f"token request ({item.get('grant_type') or 'no grant type'})")
    codes = item.members.get("error_codes")
    error = item.text("error") or (item.get("error") if item.kind is StepKind.REDIRECT else None)
    if isinstance(codes, list) and codes:
        what += f": AADSTS{codes[0]}"
    elif error:
        what += f": {error}"
    elif item.kind is StepKind.TOKEN:
        what += ": tokens" if "access_token" in item.members else ": no tokens"
    return TimelineEvent(
        at=item.step.started_at,
        source=source,
        what=what,
        step=item.number,
        joined_by=joined_by,
        flagged=isinstance(codes, list) and SPENT in codes,
    )


def _of_browser(case: Case, browser: Case | None) -> Iterator[TimelineEvent]:
    if browser is None:
        return
    for item in _told(browser):
        yield _of_item(item, SeenBy.BROWSER, _joined_by(case, item))


def _joined_by(case: Case, item: Item) -> str:
    """`state` where both have it; else the time, which is no proof."""
    mine = item.get("state")
    for other in _told(case):
        theirs = other.get("state")
        if mine and theirs and same(mine, theirs):
            return "state"
    ids = {each.request.header("client-request-id") for each in case.items} - {None}
    if item.request.header("client-request-id") in ids:
        return "correlation id"
    return "time"


def _of_row(row: SignInRow, seen: Sequence[SeenSignIn], *, flagged: bool) -> TimelineEvent:
    kind = {True: "a person signed in", False: "an app handed something in", None: "a sign-in"}
    outcome = "success" if row.ok else f"AADSTS{row.error}" if row.error is not None else "unknown"
    where = f" from {row.ip}" if row.ip and not any(s.is_public is False for s in seen) else ""
    resource = f" for {row.resource}" if row.resource else ""
    return TimelineEvent(
        at=row.at,
        source=SeenBy.LOG,
        what=f"{kind[row.interactive]}{resource}{where}: {outcome}",
        joined_by=_row_joined_by(row, seen),
        flagged=flagged,
    )


def _row_joined_by(row: SignInRow, seen: Sequence[SeenSignIn]) -> str:
    for each in seen:
        if row.uti and row.uti in each.utis:
            return "uti"
        if each.is_ours(row):
            return "request id"
    for each in seen:
        if row.session_id and row.session_id in each.sessions:
            return "session"
        if row.correlation_id and row.correlation_id in each.correlation_ids:
            return "correlation id"
    return "app, person and time"


# ---- contradictions ----------------------------------------------------------------------


def _contradictions(
    case: Case, browser: Case | None, log: Export | None, seen: Sequence[SeenSignIn]
) -> Iterator[str]:
    for each in seen:
        if len(each.redemptions) > 1:
            yield "The recorded program handed the same code in more than once."
        yield from _with_log(each, log)
    if browser is not None:
        yield from _with_browser(case, browser)


def _with_log(seen: SeenSignIn, log: Export | None) -> Iterator[str]:
    if log is None:
        return
    if session_of(seen, log.rows) and not seen.code_arrived:
        yield (
            "Entra let the person in, and no code reached the recorded program: it went elsewhere, "
            "or nowhere."
        )
    for row in log.rows:
        if seen.redeemed is not None and seen.is_ours(row) and row.interactive is False:
            apart = row.at - seen.redeemed.at
            if abs(apart) > SKEW_S:
                yield f"The clocks of recording and log are {abs(apart):,.0f} seconds apart."
            if row.error not in (0, None):
                yield "In the log the program's redemption failed; the recording has its tokens."
    sessions = session_of(seen, log.rows)
    more = [row for row in other_rows(seen, log.rows) if row.ok and row.session_id in sessions]
    if more and seen.redeemed is not None:
        yield "The log has tokens given out in this session that are not in the recording."


def _with_browser(case: Case, browser: Case) -> Iterator[str]:
    ours, theirs = case.all(StepKind.REDIRECT), browser.all(StepKind.REDIRECT)
    if theirs and not ours:
        yield "The browser carried an answer away, and the recorded program received none."
    for one in ours:
        for other in theirs:
            code, brought = one.get("code"), other.get("code")
            states = same(one.get("state") or "", other.get("state") or "")
            if states and code and brought and same(code, brought) is False:
                yield "The browser was given another code than the one that the program received."
    if _hands_in(browser) and _hands_in(case):
        yield "Both the browser and the recorded program handed a code in."


def _hands_in(case: Case) -> bool:
    return any(item.get("grant_type") == "authorization_code" for item in case.items)
