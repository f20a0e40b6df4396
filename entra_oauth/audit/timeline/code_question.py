"""The question: was this code redeemed by anyone else? Answered, or called undecidable.

No answer says "no" because nothing was there to look at. The log must hold the program's own
redemption, must hold rows of the kind that redemptions are, and must reach beyond its own delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from entra_oauth.audit.timeline.exported_log import Export
from entra_oauth.audit.timeline.seen_sign_in import SeenSignIn
from entra_oauth.audit.timeline.sign_in_rows import SignInRow

__all__ = ["DELAY_S", "SKEW_S", "Answer", "AnswerKind", "answer", "other_rows", "session_of"]

CODE_LIVES_S = 600.0
"""About ten minutes (v2-oauth2-auth-code-flow)."""
DELAY_S = 7_200.0
"""Rows may take up to two hours to settle (reports-faq); no figure is promised."""
SKEW_S = 300.0
"""Clocks of two machines may differ by so much."""
SPENT = 54005
"""AADSTS54005: the code was already redeemed."""
_RENEWALS = frozenset(("refreshtoken", "primaryrefreshtoken"))


class AnswerKind(StrEnum):
    """The answers."""

    YES = "yes"
    TRIED = "tried"
    """Somebody handed it in after it was spent, and was refused."""
    NO = "no"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, and why."""

    kind: AnswerKind
    why: str
    """In sentences; holds nothing from outside."""
    until: float | None = None
    """Seconds since 1970 from which on an export can tell."""
    rows: tuple[SignInRow, ...] = ()
    """Those that it rests on."""


def answer(seen: SeenSignIn, log: Export | None, *, exported_at: float | None) -> Answer:
    """The answer for one sign-in. `exported_at` is the word of whoever exported the log."""
    others = other_rows(seen, log.rows if log is not None else ())
    spent = _already_spent(seen, others)
    if spent is not None:
        return spent
    found = _of_rows(seen, others, log)
    if found is not None:
        return found
    return _of_silence(seen, others, log, exported_at)


def _already_spent(seen: SeenSignIn, others: Sequence[SignInRow]) -> Answer | None:
    first = seen.redemptions[0] if seen.redemptions else None
    if first is None or SPENT not in first.errors:
        return None
    rows = tuple(row for row in others if row.ok)
    more = " The log has a redemption that is not in the recording." if rows else ""
    return Answer(
        kind=AnswerKind.YES,
        why="When the program handed the code in for the first time, the authority said that it "
        f"was already redeemed (AADSTS54005).{more}",
        rows=rows,
    )


def _of_rows(seen: SeenSignIn, others: Sequence[SignInRow], log: Export | None) -> Answer | None:
    """The answer that rows give by being there."""
    sessions = session_of(seen, log.rows if log is not None else ())
    apart = tuple(row for row in others if row.interactive is False)
    certain = tuple(row for row in apart if row.session_id in sessions)
    good = tuple(row for row in certain if row.ok)
    if good and seen.redeemed is None:
        return Answer(
            kind=AnswerKind.YES,
            why="The log has a redemption in this sign-in's session, and the recorded program got "
            "no tokens for the code.",
            rows=good,
        )
    if good and log is not None:
        elsewhere = _from_elsewhere(seen, good, log.rows)
        if elsewhere:
            return Answer(
                kind=AnswerKind.YES,
                why="The log has tokens given out in this sign-in's session, within the life of "
                "its code, to another address than the recorded program's.",
                rows=elsewhere,
            )
        return Answer(
            kind=AnswerKind.UNDECIDABLE,
            why="The log has a row within the life of the code that is not in the recording, "
            f"{_address_words(seen)}. It may be a renewal by the same program.",
            rows=good,
        )
    tried = tuple(row for row in certain if row.error == SPENT)
    if tried:
        return Answer(
            kind=AnswerKind.TRIED,
            why="The log has an attempt that is not in the recording to redeem a code of this "
            "session again; the authority refused it (AADSTS54005).",
            rows=tried,
        )
    if apart:
        return Answer(
            kind=AnswerKind.UNDECIDABLE,
            why="The log has a row of this app within the life of the code that is not in the "
            "recording, and the session that it belongs to cannot be told. Graph's beta has it.",
            rows=apart,
        )
    return None


def _address_words(seen: SeenSignIn) -> str:
    if seen.is_public is False:
        return "and of an app that proves itself the log shows no address but the person's"
    return "and no other address tells it apart"


def _from_elsewhere(
    seen: SeenSignIn, rows: Sequence[SignInRow], every: Sequence[SignInRow]
) -> tuple[SignInRow, ...]:
    """Those from another address than our own redemption. Only of public clients it tells."""
    if seen.is_public is not True:
        return ()
    ours = {row.ip for row in every if seen.is_ours(row) and row.interactive is False and row.ip}
    return tuple(row for row in rows if ours and row.ip and row.ip not in ours)


def _of_silence(
    seen: SeenSignIn, others: Sequence[SignInRow], log: Export | None, exported_at: float | None
) -> Answer:
    """The answer where no row speaks against it: no, if the log could have told."""
    if log is None:
        return _undecidable("No sign-in log was given.")
    own = [row for row in log.rows if seen.is_ours(row) and row.interactive is not True]
    if not log.has_redemptions and not own:
        return _undecidable(
            "The export has no rows without a person (non-interactive ones), and a redemption is "
            "such a row. Export those too."
        )
    settled = seen.code_at + CODE_LIVES_S + DELAY_S
    reach = max(log.newest or 0.0, exported_at or 0.0)
    if reach < settled:
        return Answer(
            kind=AnswerKind.UNDECIDABLE,
            why="The log may be younger than its own delay: rows take up to two hours to settle, "
            "and the code lived ten minutes. Export it again after that time, with a later "
            "sign-in in it, or say --exported-at.",
            until=settled,
        )
    if any(row.interactive is None for row in others):
        return _undecidable(
            "The export does not say at which rows a person was, and one of them is not in the "
            "recording. Export from Microsoft Graph."
        )
    if seen.redeemed is not None and not own:
        return _undecidable(
            "The program's own redemption is not in the export: it is of other people, apps or "
            "days, or not whole."
        )
    if seen.redeemed is None and not session_of(seen, log.rows):
        return _undecidable("This sign-in cannot be told from others in the export.")
    return Answer(
        kind=AnswerKind.NO,
        why="The log reaches beyond its delay, has the program's own requests, and no other "
        "redemption of this session within the life of the code.",
    )


def _undecidable(why: str) -> Answer:
    return Answer(kind=AnswerKind.UNDECIDABLE, why=why)


def session_of(seen: SeenSignIn, rows: Sequence[SignInRow]) -> frozenset[str]:
    """The sessions of this sign-in: as they were seen, or of its only row with a person."""
    known = seen.sessions | {r.session_id for r in rows if seen.is_ours(r) and r.session_id}
    if known:
        return known
    near = [row for row in rows if row.ok and row.interactive and seen.is_near(row)]
    # Of several it cannot be told which of them it was.
    found = {(row.session_id, row.user_id) for row in near}
    return frozenset(session for session, _ in found if session) if len(found) == 1 else frozenset()


def other_rows(seen: SeenSignIn, rows: Sequence[SignInRow]) -> tuple[SignInRow, ...]:
    """Rows within the life of the code that are no request of the recorded program's."""
    sessions = session_of(seen, rows)
    return tuple(
        row
        for row in rows
        if row.interactive is not True
        and not seen.is_ours(row)
        and seen.code_at - SKEW_S <= row.at <= seen.code_at + CODE_LIVES_S + SKEW_S
        and not (sessions and row.session_id and row.session_id not in sessions)
        and row.incoming_token.lower() not in _RENEWALS
    )
