"""The function of lab 9, WRONG ON PURPOSE: to be repaired, never to be copied."""


def answer(method: str, fields: list[tuple[str, str]]) -> tuple[int, str]:
    """Say how our listener answers a redirect: return (status, location).

    `fields` are the (name, value) pairs that came: code or error, and state. They
    shall come by POST only (405 for all else). Then the browser is sent on to a
    path of our own, and nothing of what came may stand in it.
    """
    code = dict(fields)["code"]
    return 302, "/done?code=" + code
