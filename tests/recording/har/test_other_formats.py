"""Files of other tools are named, with what to do; packed and UTF-16 HAR files are read."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.recording.har.har_json import har_object
from entra_oauth.recording.har.other_formats import other_format, plain_text

HAR = {"log": {"version": "1.2", "entries": []}}
TEXT = json.dumps(HAR).encode()

READ = [
    gzip.compress(TEXT, mtime=0),
    *(zlib.compress(TEXT, level) for level in (0, 6, 9)),
    json.dumps(HAR).encode("utf-16"),
    json.dumps(HAR).encode("utf-16-le"),
    json.dumps(HAR).encode("utf-16-be"),
    b"\xfe\xff" + json.dumps(HAR).encode("utf-16-be"),
    b"\xef\xbb\xbf" + TEXT,
]


@pytest.mark.parametrize("data", READ)
def test_a_har_file_is_read_however_it_is_packed(data: bytes) -> None:
    assert har_object(data) == HAR


REFUSED = [
    (b"6:length;,4419:9:websocket;0:~8:response;", "flow file of mitmproxy", "audit import"),
    (b"1759:9:websocket;0:~", "flow file of mitmproxy", "audit import"),
    (b"PK\x03\x04\x14\x00raw/1_c.txt", "zip archive", "audit import"),
    (b'<?xml version="1.0"?>\n<!DOCTYPE items [\n]>\n<items/>', "XML of Burp", "audit import"),
    (b'<?xml version="1.1"?><items burpVersion="2024.1"/>', "XML of Burp", "audit import"),
    (b"interactions:\n- request:\n    body: null\n", "cassette of vcrpy", "audit import"),
    (b'{"http_interactions": []}', "cassette of betamax", "HAR"),
    (b"---\nhttp_interactions:\n- request:\n", "cassette of Ruby's VCR", "HAR"),
    (
        b'{"info":{"schema":"https://schema.getpostman.com/json/collection/v2.1.0/x"},"item":[]}',
        "collection of Postman",
        "HAR",
    ),
    *(
        (magic + b"\0\0", "capture of packets", "tshark")
        for magic in (
            b"\x0a\x0d\x0d\x0a",
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\xc3\xd4",
            b"\x4d\x3c\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
        )
    ),
    (b'{"constants":{"x":1},"events":[]}', "Chrome's network log", "Export HAR"),
    (b'{"Entries": [], "Variables": {}}', "test proxy of Azure's SDKs", "HAR"),
    (
        b'{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns"}',
        "log of sign-ins",
        "HAR",
    ),
    (b"\xac\xed\x00\x05sr", r"session of Charles \(\.chls\)", "charles convert"),
    (b'[{"status":"COMPLETE","method":"GET"}]', "session of Charles in JSON", "charles convert"),
    (b"\x78\x9c" + b"\xff" * 20, "zlib, but broken", "Export"),
    (b"hello", "malformed", "Export"),
]


@pytest.mark.parametrize(("data", "said", "advice"), REFUSED)
def test_what_is_none_is_named_with_what_to_do(data: bytes, said: str, advice: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        har_object(data)
    assert advice in caught.value.advice
    assert caught.value.advice.endswith(".")


@pytest.mark.parametrize("data", [b"", TEXT, b"{", b"<html>", b"12:34"])
def test_what_could_be_anything_has_no_name(data: bytes) -> None:
    assert other_format(data) is None


def test_no_more_is_unpacked_than_is_read() -> None:
    packed = zlib.compress(bytes(100_000))
    assert plain_text(packed, limit=99) == bytes(100)
