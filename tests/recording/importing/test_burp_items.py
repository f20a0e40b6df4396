"""Burp's saved items: what is in base64 is the wire's, and XML that unfolds is refused."""

from __future__ import annotations

import pytest

from entra_oauth.errors import UsageError
from entra_oauth.recording.save import finished_files
from entra_oauth.recording.step import Seen
from kit.canaries import CODE, refused
from kit.foreign.files import ANSWER, MESSAGES, PLANTED, brought, burp, burp_item, imported
from kit.sweep import assert_swept

TOKEN = burp_item(*MESSAGES[2])


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_items_are_the_messages_byte_by_byte(version: str) -> None:
    file = brought(burp(version=version))
    assert (file.creator, file.version) == ("Burp 2024.1", "2024.1")
    assert [(e.sent, e.received) for e in file.entries] == [each[1:] for each in MESSAGES]
    token = file.entries[2]
    assert token.request.url.startswith("https://login.microsoftonline.com/a1bc2d34")
    assert token.response is not None
    assert token.response.body == ANSWER
    assert token.link.peer == "192.0.2.7:443"


def test_what_is_imported_of_items_is_of_the_wire_and_holds_no_secret() -> None:
    done = imported(burp())
    assert [s.name for s in done.evidence.steps] == ["authorize", "redirect", "token"]
    assert {s.request.seen for s in done.evidence.steps} == {Seen.WIRE}
    for data in finished_files(done.evidence, done.recording).values():
        assert_swept(data, [*PLANTED, CODE])


def test_http2_is_a_text_that_burp_made() -> None:
    origin, sent, received = MESSAGES[2]
    both = sent.replace(b"HTTP/1.1", b"HTTP/2", 1), received.replace(b"HTTP/1.1", b"HTTP/2", 1)
    (entry,) = brought(burp(burp_item(origin, *both))).entries
    assert (entry.sent, entry.http_version) == (b"", "HTTP/2")
    assert entry.response is not None
    assert entry.response.body == ANSWER


def test_items_that_are_not_in_base64_are_read_and_not_called_exact() -> None:
    text = b"GET /t/oauth2/token HTTP/1.1\nHost: a\n\n"
    item = b'<item><url>https://a/</url><request base64="false">%s</request></item>' % text
    file = brought(burp(item))
    assert file.entries[0].request.url == "https://a/t/oauth2/token"
    assert file.entries[0].sent == b""
    assert "not in base64" in file.not_kept[1]


@pytest.mark.parametrize(
    ("about", "url"),
    [
        (b"<protocol>http</protocol><host>a</host><port>8400</port>", "http://a:8400/x"),
        (b"<protocol>https</protocol><host>a</host><port>443</port>", "https://a/x"),
        (b"", "https://b/x"),
    ],
)
def test_the_address_is_put_together_where_it_is_not_told(about: bytes, url: str) -> None:
    request = b'<request base64="true">R0VUIC94IEhUVFAvMS4xDQpIb3N0OiBiDQoNCg==</request>'
    (entry,) = brought(burp(b"<item>" + about + request + b"</item>")).entries
    assert entry.request.url == url


def test_an_item_without_a_request_is_not_understood() -> None:
    file = brought(burp(b"<item><url>https://a/</url></item>", TOKEN))
    assert (file.unusable, file.entries[0].number) == ((1,), 2)


def _dtd(inside: str) -> bytes:
    return f"<!DOCTYPE items [{inside}]>".encode()


REFUSED = [
    (burp()[:-10], "is no XML, or breaks off, at line"),
    (burp()[: len(burp()) // 2], "breaks off"),
    (burp(b"<item>\0</item>"), "is no XML"),
    (burp(b"<item>&a;</item>", dtd=_dtd('<!ENTITY a "b">')), "declares an entity"),
    (burp(dtd=_dtd('<!ENTITY a SYSTEM "file:///etc/passwd">')), "declares an entity"),
    (burp(dtd=_dtd('<!ENTITY % a SYSTEM "http://localhost/"> %a;')), "declares an entity"),
    (burp(b"&a;", dtd=b'<!DOCTYPE items SYSTEM "http://localhost:1/x.dtd">'), "an entity"),
    (burp(b"&undeclared;"), "is no XML"),
    (burp(b"<item>" + b"<a>" * 20 + b"</a>" * 20 + b"</item>"), "nested more than 16 deep"),
    (burp(b'<item><request base64="true">~~~</request></item>'), "request of item 1 is not"),
    (burp(TOKEN, b'<item><response base64="true">A</response></item>'), "response of item 2"),
    (b'<?xml version="1.0"?><issues burpVersion="1"></issues>', "report of Burp's on issues"),
    (b'<?xml version="1.0" encoding="no-such"?><items burpVersion="1"></items>', "cannot be read"),
]


@pytest.mark.parametrize(("data", "said"), REFUSED)
def test_xml_that_is_broken_or_would_unfold_is_refused(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        brought(data)
    assert said in caught.value.what


def test_more_elements_than_anybody_saves_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.recording.importing.containers.xml_nodes._MOST", 10)
    with pytest.raises(UsageError, match="more than 10 elements"):
        brought(burp())
