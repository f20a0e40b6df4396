"""The function of lab 3, WRONG ON PURPOSE: to be repaired, never to be copied."""


def redeem(code: str, issued: dict[str, tuple[str, float]], spent: set[str], now: float) -> str:
    """Return the person whose code it is, or raise ValueError.

    `issued` is a dict: code -> (person, seconds when it was issued).
    `spent` is a set, kept from call to call; `now` is in seconds.
    A code is good for one use, and while it is at most 600 seconds old.
    """
    person, issued_at = issued[code]
    return person
