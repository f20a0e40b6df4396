"""GUIDs: one value in several spellings (RFC 9562 §4: read without regard to case).

The ids of tenants, apps and people are such values. An issuer, a subject, a nonce, a key's
name or an App ID URI is not, and is compared byte for byte.
"""

from __future__ import annotations

import re

from entra_oauth.errors import UsageError

__all__ = ["GUID", "check_client_id", "folded", "same_id"]

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HTTPS_URL = re.compile(r"https://[^/?#\s]+", re.IGNORECASE)


def folded(text: str) -> str:
    """A GUID as Entra writes it: without braces, in lower case. Any other text as it is."""
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    return bare.lower() if GUID.fullmatch(bare) else text


def check_client_id(text: str) -> None:
    """Raise `UsageError` for a client id, folded, that no app at Entra's hosts can have.

    It is a GUID, or an https URL for a client that is described by a document of its own.
    The value is not repeated: it may be a secret in the wrong place.
    """
    if GUID.fullmatch(text) or _HTTPS_URL.match(text):
        return
    raise UsageError(
        "The client id is neither a GUID nor an https URL, so no app at Entra has it.",
        advice="Copy the Application (client) ID from the app's Overview page.",
    )


def same_id(one: object, other: object) -> bool:
    """True where two ids are one: GUIDs without regard to case, all else exactly."""
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    return bool(GUID.fullmatch(one) and GUID.fullmatch(other)) and one.lower() == other.lower()
