"""The function of lab 17, WRONG ON PURPOSE: to be repaired, never to be copied."""


def headers(url: str, token: str | None, netrc: dict[str, str]) -> dict[str, str]:
    """Return the headers (a dict) for a request: Authorization, or nothing.

    `token` is an access token or None. `netrc` is what .netrc says: host -> value.
    Only what the program itself has decided to send may go out.
    """
    host = url.split("/")[2]
    if host in netrc:
        return {"Authorization": netrc[host]}
    return {"Authorization": f"Bearer {token}"} if token else {}
