"""The function of lab 19, WRONG ON PURPOSE: to be repaired, never to be copied."""

from typing import Any


def alarms(rows: list[dict[str, Any]]) -> set[str]:
    """Return the sessions of a sign-in log that look stolen.

    Each row has session, user, app, ip, time (seconds), interactive and ok (bool).
    Stolen: a person signs in (interactive), and at most 600 seconds after that the
    same session, user and app gets a token (not interactive) at another ip. Both
    must be ok. The rows come in any order.
    """
    return {row["session"] for row in rows if row["interactive"] and not row["ok"]}
