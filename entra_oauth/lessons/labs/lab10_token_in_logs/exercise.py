"""The function of lab 10, WRONG ON PURPOSE: to be repaired, never to be copied."""


def log_line(status: int, answer: dict[str, object]) -> str:
    """Return one line about the answer of the token endpoint, for the log.

    Helpful are the status, expires_in, error, error_description. All else in the
    dict `answer` may be a secret, and the text of an error is not ours.
    """
    return f"token endpoint: {status} {answer}"
