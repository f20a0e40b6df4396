"""The function of lab 14, WRONG ON PURPOSE: to be repaired, never to be copied."""


def token_form(given: dict[str, str]) -> dict[str, str]:
    """Return the form (a dict) for the token endpoint: the code flow with PKCE.

    `given` has client_id, username, password, code, redirect_uri, code_verifier.
    """
    return {
        "grant_type": "password",
        "client_id": given["client_id"],
        "username": given["username"],
        "password": given["password"],
    }
