"""A search for planted secrets in anything that was written, however they are spelt there.

Raw, percent- and double-percent-encoded, JSON, HTML, base64 and base64url at each of
three alignments, hex, and all of that inside gzip. It shares no code with the package.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

__all__ = ["ENCODINGS", "found_in_bytes", "found_in_files", "spellings"]


def _aligned(data: bytes, before: int) -> bytes:
    """Base64 of the data after so many bytes, without the characters that others share."""
    encoded = base64.b64encode(b"A" * before + data + b"A" * 2)
    first = -(-8 * before // 6)
    return encoded[first : 8 * (before + len(data)) // 6]


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda s: s.encode(),
    "percent": lambda s: quote(s, safe="").encode(),
    "form": lambda s: quote_plus(s).encode(),
    "percent, lower case": lambda s: quote(s, safe="").replace("%2B", "%2b").encode(),
    "every character percent": lambda s: "".join(f"%{b:02X}" for b in s.encode()).encode(),
    "double percent": lambda s: quote(quote(s, safe=""), safe="").encode(),
    "JSON": lambda s: json.dumps(s)[1:-1].encode(),
    "JSON, slashes escaped": lambda s: json.dumps(s)[1:-1].replace("/", "\\/").encode(),
    "JSON, all escaped": lambda s: _escaped(s).encode(),
    "HTML": lambda s: html.escape(s).encode(),
    "HTML, numbers": lambda s: "".join(f"&#{ord(c)};" for c in s).encode(),
    "base64": lambda s: _aligned(s.encode(), 0),
    "base64, one on": lambda s: _aligned(s.encode(), 1),
    "base64, two on": lambda s: _aligned(s.encode(), 2),
    "base64url": lambda s: _aligned(s.encode(), 0).translate(bytes.maketrans(b"+/", b"-_")),
    "base64url, one on": lambda s: _aligned(s.encode(), 1).translate(bytes.maketrans(b"+/", b"-_")),
    "base64url, two on": lambda s: _aligned(s.encode(), 2).translate(bytes.maketrans(b"+/", b"-_")),
    "hex": lambda s: s.encode().hex().encode(),
    "HEX": lambda s: s.encode().hex().upper().encode(),
    "gzip": lambda s: gzip.compress(b"before " + s.encode() + b" after"),
}
"""Ways to write a secret down, by name."""


def spellings(secret: str) -> frozenset[bytes]:
    """The secret in every way but gzip."""
    return frozenset(make(secret) for name, make in ENCODINGS.items() if name != "gzip")


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        with suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(data[at:])
        at = data.find(b"\x1f\x8b\x08", at + 1)


def found_in_bytes(data: bytes | str, secrets: Iterable[str]) -> list[str]:
    """Which of the secrets are in there, in any spelling."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    texts = list(_unpacked(raw))
    return [s for s in secrets if any(form in text for form in spellings(s) for text in texts)]


def found_in_files(folder: Path, secrets: Iterable[str]) -> list[str]:
    """File and secret, for each that is found below the folder, in names and in contents."""
    secrets = tuple(secrets)
    found = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found += [f"{path.name}: {s[:12]}…" for s in found_in_bytes(path.name, secrets)]
        found += [f"{path.name}: {s[:12]}…" for s in found_in_bytes(data, secrets)]
    return found
