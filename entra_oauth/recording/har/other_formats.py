"""Files of other tools, known by their first bytes, and what to do with each instead."""

from __future__ import annotations

import re
import zlib

__all__ = ["other_format", "plain_text"]

_IMPORT = "Make a recording of it: entra-oauth audit import FILE -o rec"
_RECORD = "Record the exchange as HAR, with the browser or a proxy."
_FORMATS = (
    (rb"[0-9]{1,9}:(?:[0-9]{1,9}:)?[a-z_]{2,40}[;,]", "It is a flow file of mitmproxy", _IMPORT),
    (rb"PK\x03\x04", "It is a zip archive, as Fiddler's SAZ and zipped HAR files are", _IMPORT),
    (rb"\s*<\?xml[^>]*>\s*<(?:!DOCTYPE\s+items|items\s+burpVersion)", "It is XML of Burp", _IMPORT),
    (rb"(?:---\s+)?(?:#[^\n]*\n)*interactions:", "It is a cassette of vcrpy", _IMPORT),
    (rb"(?:---\s+)?(?:#[^\n]*\n)*http_interactions:", "It is a cassette of Ruby's VCR", _RECORD),
    (rb"\s*\{\s*\"http_interactions\"", "It is a cassette of betamax or Ruby's VCR", _RECORD),
    (
        rb"\s*\{[\s\S]{0,2000}?https://schema\.getpostman\.com/json/collection",
        "It is a collection of Postman, which holds no exchanges",
        _RECORD,
    ),
    (
        rb"(?:\x0a\x0d\x0d\x0a|\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4)",
        "It is a capture of packets",
        _RECORD,
    ),
)
_ZLIB = (b"x\x01", b"x\x9c", b"x\xda")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def other_format(data: bytes) -> tuple[str, str] | None:
    """The format that a file has instead, in words, and what to do; None if it is not known."""
    for pattern, name, advice in _FORMATS:
        if re.match(pattern, data[:4000]):
            return name, advice
    return None


def plain_text(data: bytes, *, limit: int) -> bytes | None:
    """A file unpacked from gzip or zlib (`.zhar`), and as UTF-8; None if it is packed badly.

    More than `limit` bytes are cut to one more than that.
    """
    if data[:2] == b"\x1f\x8b" or data[:2] in _ZLIB:
        unpacker = zlib.decompressobj(47)
        try:
            data = unpacker.decompress(data, limit + 1)
        except zlib.error:
            return None
        if not unpacker.eof and len(data) <= limit:
            return None  # cut off
    if data[:2] in _UTF_16:
        return data.decode("utf-16", "replace").encode("utf-8")
    return data
