"""Lab 7, one solution of many: whatever the redirect says, nothing is sent again."""

from collections.abc import Callable


def post(send: Callable[[str, str], tuple[int, str, str]], url: str, body: str) -> str:
    status, _, answer = send(url, body)
    if 300 <= status < 400:
        raise ValueError("a token endpoint does not redirect")
    return answer
