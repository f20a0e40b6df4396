"""The sentence on where the bytes of a message come from: `on the wire` only where it is so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from entra_oauth.errors import plain
from entra_oauth.recording.compare.sameness import PLACEHOLDERS
from entra_oauth.recording.redaction.bodies import LARGEST_BODY
from entra_oauth.recording.step import Seen

if TYPE_CHECKING:
    from entra_oauth.recording.step import Half

__all__ = ["change_words", "hides_a_length", "is_as_sent", "seen_words", "taken_out"]

_WORDS = {
    Seen.WIRE: "as it was on the wire",
    Seen.REBUILT: "put together from its parts; spacing may have differed",
    Seen.ADDRESS: "only its address is known; the browser sent the rest",
    Seen.NOTHING: "not seen",
}
_CHANGES = {
    "not-understood": "what was not understood, taken out whole",
    "too-large": f"a body larger than {LARGEST_BODY // 2**20} MiB, taken out whole",
    "compressed-again": "compressed again",
    "chunks": "put into one chunk",
    "trailer": "what stood behind the last chunk, left out",
    "content-length": "Content-Length",
}
_WITHOUT_LENGTH = re.compile(rb"(?<![a-z])~[a-z]{1,5}~")


def taken_out(half: Half) -> int:
    """The values in it that were replaced, as far as they can be counted."""
    return len(PLACEHOLDERS.findall(_readable(half)))


def hides_a_length(half: Half) -> bool:
    """True if a value was replaced so that its length cannot be told."""
    unsized = half.original_size is None and bool(half.changes or taken_out(half))
    return unsized or _WITHOUT_LENGTH.search(_readable(half)) is not None


def is_as_sent(half: Half) -> bool:
    """True if each byte is the one that was on the wire."""
    whole = half.original_size == len(half.data) and not half.changes
    return half.seen is Seen.WIRE and whole and not taken_out(half)


def seen_words(half: Half) -> str:
    """The sentence, with what was taken out of it and whether that hides a length."""
    if half.seen is Seen.NOTHING or is_as_sent(half):
        return _WORDS[half.seen]
    count = taken_out(half)
    gone = f"{count} value{'' if count == 1 else 's'}" if count else ""
    if half.seen is Seen.WIRE:
        words = f"as it was on the wire, but for {gone or 'what was'} taken out"
    else:
        words = f"{_WORDS[half.seen]}; {gone} taken out" if gone else _WORDS[half.seen]
    return f"{words}; of a secret in it the length is hidden too" if hides_a_length(half) else words


def change_words(half: Half) -> str:
    """What else had to change, beside the values that were taken out; empty if nothing had to."""
    return ", ".join(_CHANGES.get(each, plain(each, limit=40)) for each in half.changes)


def _readable(half: Half) -> bytes:
    """Its bytes, with a body that was packed as what it is unpacked."""
    message = half.message
    if not message.whole or not (message.coding or message.is_chunked):
        return half.data
    head = half.data[: len(half.data) - len(message.body)]
    return head + (message.decoded() or message.body)
