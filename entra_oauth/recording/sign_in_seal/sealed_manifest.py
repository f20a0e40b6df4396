"""The bytes that a sign-in seals, and the nonce that is made from them.

What is sealed is the list of hashes (`SHA256SUMS`), and below it a line of the same form for
each seal that was there before: so no earlier seal can be taken out without being missed.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from entra_oauth.errors import UsageError
from entra_oauth.recording.files import SUMS
from entra_oauth.recording.sign_in_seal.seal_file import (
    MOST_SEALS,
    EarlierSeal,
    seal_name,
    seal_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SIGNED_LIST", "digest_of", "next_place", "nonce_of", "sealed_manifest"]

SIGNED_LIST = f"{SUMS}.sig"
_PREFIX = b"entra-oauth seal v1"


def next_place(files: Mapping[str, bytes]) -> tuple[str, tuple[EarlierSeal, ...]]:
    """The name of the seal that is to be made, and the seals that it follows.

    Raises `UsageError` where there are as many as may be.
    """
    names = [name for name in (SIGNED_LIST, *seal_names(files)) if name in files]
    number = len(seal_names(files)) + 1
    if number > MOST_SEALS:
        raise UsageError(
            f"This recording has {MOST_SEALS} seals by sign-in.", advice="It needs no more."
        )
    before = tuple(EarlierSeal(name, hashlib.sha256(files[name]).hexdigest()) for name in names)
    return seal_name(number), before


def sealed_manifest(sums: bytes, before: Sequence[EarlierSeal]) -> bytes:
    """The list of hashes, and a line more for each seal before."""
    return sums + "".join(f"{each.sha256}  {each.name}\n" for each in before).encode()


def digest_of(manifest: bytes) -> str:
    """The SHA-256 of what is sealed, in hex: what a person compares."""
    return hashlib.sha256(manifest).hexdigest()


def nonce_of(manifest: bytes, salt: bytes) -> str:
    """BASE64URL(SHA256("entra-oauth seal v1" ‖ salt ‖ SHA256(manifest))): 43 characters.

    The salt keeps those who see the nonce (the authority, a proxy) from telling if it was made
    from a recording that they know.
    """
    made = hashlib.sha256(_PREFIX + salt + hashlib.sha256(manifest).digest()).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")
