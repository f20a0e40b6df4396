"""The function of lab 7, WRONG ON PURPOSE: to be repaired, never to be copied."""

from collections.abc import Callable


def post(send: Callable[[str, str], tuple[int, str, str]], url: str, body: str) -> str:
    """Post a form to the token endpoint and return the body of the answer.

    `send(url, body)` sends once and returns (status, location, body of the answer).
    Raise ValueError for an answer that is a redirect. Errors such as 400 are returned.
    """
    status, location, answer = send(url, body)
    if 300 <= status < 400:
        return post(send, location, body)
    return answer
