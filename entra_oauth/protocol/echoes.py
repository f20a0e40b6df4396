"""Secrets that an answer repeats, found in whatever spelling and hidden."""

from __future__ import annotations

from base64 import b64encode

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["hide", "spellings"]

_SHORTEST = 8
"""Characters of a secret that is hidden: a shorter one could be a part of an ordinary word."""


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, should an authority repeat one. Entra does not."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) < _SHORTEST:
            continue
        data = secret.encode("utf-8", "surrogatepass")
        for each in (secret, *(spelt.decode("ascii") for spelt in spellings(data))):
            text = text.replace(each, "<hidden>")
    return text


def spellings(secret: bytes) -> Iterator[bytes]:
    """Base64 at each of three alignments, in both alphabets, without its uncertain ends; hex."""
    # Three bytes make four characters. Inside a longer text a secret begins at the first, the
    # second or the third byte of such a group, and each gives other characters. The
    # characters at its ends hold bits of its neighbours too, so they are cut off.
    for before in range(3):
        text = b64encode(b"\0" * before + secret)
        sure = text[(0, 2, 3)[before] : 8 * (before + len(secret)) // 6]
        yield sure
        yield sure.replace(b"+", b"-").replace(b"/", b"_")
    yield secret.hex().encode("ascii")
    yield secret.hex().upper().encode("ascii")
