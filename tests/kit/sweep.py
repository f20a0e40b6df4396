"""A search for planted secrets in whatever a program put out, in every usual spelling.

Written apart from the package's own search, so that the two cannot overlook the same.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

__all__ = ["ENCODINGS", "assert_swept", "found_in_bytes", "found_in_files", "spellings", "swept"]


def spellings(secret: str) -> Iterator[tuple[str, bytes]]:
    """The name of each spelling, and how the secret looks in it."""
    data = secret.encode()
    yield "raw", data
    yield "hex", data.hex().encode()
    yield "HEX", data.hex().upper().encode()
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + data)
        first, last = (shift * 8 + 5) // 6, (shift + len(data)) * 8 // 6
        yield f"base64+{shift}", coded[first:last]
        yield f"base64url+{shift}", coded[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def swept(data: bytes, secrets: Iterable[str]) -> list[str]:
    """Which secrets are in there, and how they are spelled."""
    wanted = [(secret, *pair) for secret in secrets for pair in spellings(secret)]
    return sorted(
        {
            f"{secret[:14]}… as {name} in {reading}"
            for reading, text in _readings(data)
            for secret, name, needle in wanted
            if needle in text
        }
    )


def assert_swept(data: bytes | str, secrets: Iterable[str]) -> None:
    """Fail if a secret is in there."""
    assert swept(data.encode() if isinstance(data, str) else data, secrets) == []


def _readings(data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    text = data.decode("latin-1")
    yield "plain", data
    once = _unquoted(data)
    yield "percent", once
    yield "percent twice", _unquoted(once)
    yield "HTML", html.unescape(text).encode("utf-8", "surrogatepass")
    yield "JSON", _unescaped(text)
    yield "without line ends", re.sub(rb"[\r\n]", b"", data)
    for at in (match.start() for match in re.finditer(rb"\x1f\x8b\x08", data)):
        try:
            inner = zlib.decompressobj(31).decompress(data[at:])
        except zlib.error:
            continue
        if depth < 3:
            yield from ((f"gzip, {name}", found) for name, found in _readings(inner, depth + 1))
    if depth < 2:
        for run in re.findall(rb"[A-Za-z0-9+/_-]{40,}", data):
            inner = base64.urlsafe_b64decode(
                run.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(run) % 4)
                if len(run) % 4 != 1
                else run[:-1]
            )
            yield "base64 inside", inner
            if inner.startswith(b"\x1f\x8b"):
                yield from _readings(inner, 2)


def _unquoted(data: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def _unescaped(text: str) -> bytes:
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", plain).encode("utf-8", "surrogatepass")


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


def _forms(secret: str) -> frozenset[bytes]:
    """The secret in every one of these but gzip, which is unpacked instead."""
    return frozenset(make(secret) for name, make in ENCODINGS.items() if name != "gzip")


def found_in_bytes(data: bytes | str, secrets: Iterable[str]) -> list[str]:
    """Which of the secrets are in there, in any spelling."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    texts = {text for _, text in _readings(raw)}
    return [s for s in secrets if any(form in text for form in _forms(s) for text in texts)]


def found_in_files(folder: Path, secrets: Iterable[str]) -> list[str]:
    """File and secret, for each that is found below the folder, in names and in contents."""
    secrets = tuple(secrets)
    found = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found += [f"{path.name}: {s[:12]}…" for s in found_in_bytes(path.name, secrets)]
        found += [f"{path.name}: {s[:12]}…" for s in found_in_bytes(data, secrets)]
    return found
