"""The function of lab 8, WRONG ON PURPOSE: to be repaired, never to be copied."""


def rotate(token: str, family: dict[str, str], newest: dict[str, str | None], fresh: str) -> str:
    """Take a refresh token, return `fresh`; raise ValueError if it is not good.

    `family` is a dict: token -> name of its family. `newest` is a dict: family ->
    its newest token, or None once the family is dead; keep it up to date.
    A token that is not the newest is a theft: its whole family dies.
    """
    name = family[token]
    newest[name] = fresh
    return fresh
