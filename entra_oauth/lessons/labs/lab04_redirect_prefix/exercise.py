"""The function of lab 4, WRONG ON PURPOSE: to be repaired, never to be copied."""


def is_registered(registered: list[str], asked: str) -> bool:
    """Return whether the redirect URI `asked` is one of the list `registered`.

    The whole text is compared. Only the port of http://localhost does not count,
    neither in what is registered nor in what is asked for.
    """
    return any(asked.startswith(uri) for uri in registered)
