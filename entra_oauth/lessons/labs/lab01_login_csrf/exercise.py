"""The function of lab 1, WRONG ON PURPOSE: to be repaired, never to be copied."""


def accept(expected_state: str, fields: list[tuple[str, str]]) -> str:
    """Return the code of a redirect, or raise ValueError if it is not our answer.

    `expected_state` is what we sent. `fields` are (name, value) pairs as they stood
    in the redirect: a name may stand there twice, empty, or not at all.
    """
    values = dict(fields)
    return values["code"]
