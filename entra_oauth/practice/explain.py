"""What each parameter of a request means, for the pages that explain themselves."""

from __future__ import annotations

__all__ = ["meaning"]

_MEANINGS = {
    "client_id": "Which app asks. It is no secret; anybody may copy it.",
    "response_type": "What shall come back. `code`: a short-lived code, not a token.",
    "redirect_uri": "Where the answer goes. It must be registered for the app, so that a thief "
    "cannot have the code sent to himself.",
    "response_mode": "How it travels: in the address (`query`), after the # (`fragment`), or "
    "posted as a form (`form_post`), which keeps the code out of the browser's history.",
    "scope": "What the token shall be good for. `<resource>/.default` means all that was agreed "
    "for that API.",
    "state": "A random value of the app's. It comes back unchanged, and the app compares it: an "
    "answer to a request that the app never made is found out.",
    "nonce": "A random value of the app's that comes back inside the ID token and ties the token "
    "to this sign-in.",
    "code_challenge": "PKCE: the hash of a secret that only the app knows. Whoever redeems the "
    "code must show that secret, so a stolen code is worth nothing.",
    "code_challenge_method": "How the challenge was made: S256 is SHA-256; plain hides nothing.",
    "prompt": "Whether to ask the person again even if they are signed in, or not at all.",
    "login_hint": "Who will probably sign in.",
    "domain_hint": "Which organisation the person belongs to. Accepted here, and not used.",
    "claims": "Extra demands on the token, as JSON: what an API asked for when it turned a token "
    "down, or that the app can handle being asked (`cp1`).",
    "resource": "Which API the token is for, on the older v1.0 endpoint.",
    "client_info": "Asks for the person's ids beside the token; Microsoft's libraries do.",
    "max_age": "How long ago the sign-in may be, in seconds. Accepted here, and not used.",
}


def meaning(name: str) -> str:
    """One or two sentences on a parameter of the authorize request."""
    return _MEANINGS.get(name, "Not a parameter of this endpoint: ignored.")
