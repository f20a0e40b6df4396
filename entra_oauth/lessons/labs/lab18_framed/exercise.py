"""The function of lab 18, WRONG ON PURPOSE: to be repaired, never to be copied."""


def way_back(state: str, pending: dict[str, str]) -> str:
    """Return where to go after the sign-in, or raise ValueError.

    `pending` is a dict that we filled when the sign-in began: our random state
    -> our own path. Each state is good once: take it out, and no other.
    """
    return state
