"""Files of other tools, known by their first bytes, and what to do with each instead."""

from __future__ import annotations

import re
import zlib

__all__ = ["CHARLES", "other_format", "plain_text"]

_IMPORT = "entra-oauth audit import FILE -o rec makes a recording of it."
_RECORD = "Record the exchange as HAR, with the browser or a proxy."
_DEVTOOLS = "Save it as HAR from Chrome's developer tools: Network, Export HAR (sensitive data)."
_CAPTURE = (
    "entra-oauth audit import FILE --keys KEYLOG -o rec makes a recording of it, with the tshark "
    "that is installed."
)
CHARLES = "charles convert FILE FILE.har makes a HAR file of it, which can be read."
"""What to do with a session of Charles."""
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
    (rb"\s*\{\s*\"constants\"\s*:", "It is Chrome's network log (net-export)", _DEVTOOLS),
    (rb"\s*\{\s*\"Entries\"\s*:", "It is a recording of the test proxy of Azure's SDKs", _RECORD),
    (
        rb"\s*\{\s*\"@odata\.context\"\s*:\s*\"[^\"]{1,300}auditLogs/signIns",
        "It is a log of sign-ins, which holds no messages",
        _RECORD,
    ),
    (rb"\xac\xed\x00\x05", "It is a session of Charles (.chls)", CHARLES),
    (
        rb"\s*\[\s*\{\s*\"status\"\s*:\s*\"[A-Z_]{1,20}\"\s*,\s*\"method\"",
        "It is a session of Charles in JSON (.chlsj)",
        CHARLES,
    ),
    (
        rb"(?:\x0a\x0d\x0d\x0a|\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d)",
        "It is a capture of packets",
        _CAPTURE,
    ),
)
_ZLIB = (b"x\x01", b"x\x9c", b"x\xda")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UNMARKED = {b"{\0": "utf-16-le", b"\0{": "utf-16-be"}
"""JSON in UTF-16 that does not say so."""


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
    if data[:2] in _UNMARKED:
        return data.decode(_UNMARKED[data[:2]], "replace").encode("utf-8")
    return data
