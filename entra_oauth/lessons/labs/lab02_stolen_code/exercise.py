"""The function of lab 2, WRONG ON PURPOSE: to be repaired, never to be copied."""


def make_pkce() -> tuple[str, str]:
    """Return (verifier, challenge) for one sign-in, with the method S256."""
    verifier = "verifier-of-my-app"
    challenge = verifier
    return verifier, challenge
