"""Bodies by what they are: a label alone lets none of them pass."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entra_oauth.recording.har.har_redact import redact_har
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.step import Level
from kit.canaries import jwt
from kit.sweep import found_in_bytes

LEVELS = (Level.SECRETS, Level.PII)
SECRET = "CanaryK7wq2ZrT9xLm4VbN8sDf3HjG6pYc1AeUoI5tR0"
SIGNATURE = base64.urlsafe_b64encode(b"signature" * 30).rstrip(b"=").decode()
TOKEN = jwt({"alg": "RS256"}, {"nonce": SECRET, "aud": "a"}, SIGNATURE)
LINK = f"https://a.example/?code={SECRET}"

BODIES = {
    "JSON": json.dumps({"access_token": SECRET, "other": [SECRET]}),
    "form": f"grant_type=authorization_code&code={SECRET}&other={SECRET}",
    "HTML": f"<!doctype html><style>a{{background:url(/?x={SECRET})}}</style><a href='{LINK}'>x</a>"
    f"<p style='background:url(?x={SECRET})'>",
    "SVG": f'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg">'
    f'<a xlink:href="{LINK}"/><style>a{{--token:"{SECRET}"}}</style>'
    f'<text id="{SECRET}" data-x="{SECRET}">{SECRET}</text></svg>',
    "CSS": f"@import '?x={SECRET}';/* {SECRET} */a{{background:url({LINK});--token: {SECRET}}}"
    f'b{{background:url( "/?x={SECRET}" );content:"{SECRET}"}}',
    "text": f"see {LINK} for more",
    "XML": f'<?xml version="1.0"?><a><access_token>{SECRET}</access_token></a>',
    "JWT": TOKEN,
    "multipart": f'--b\r\nContent-Disposition: form-data; name="code"\r\n\r\n{SECRET}\r\n--b--\r\n',
}
LABELS = [
    *("image/gif", "image/png", "image/jpeg", "image/webp", "image/x-icon", "image/svg+xml"),
    *("IMAGE/GIF; charset=utf-8", "image/", "font/woff", "font/woff2", "font/ttf", "font/otf"),
    *("text/css", "text/css; charset=utf-8", "audio/mpeg", "video/mp4", "application/font-woff"),
    *("", "text/plain", "text/html", "application/json", "application/xml", "x/y"),
    *("application/octet-stream", "application/x-www-form-urlencoded", "text/javascript"),
]


def redacted(body: bytes, label: str, level: Level = Level.SECRETS) -> Redacted:
    return Redactor(level=level, key=b"k" * 32).body(body, label)


def check(body: bytes, label: str, level: Level) -> None:
    done = redacted(body, label, level)
    assert found_in_bytes(done.data, [SECRET, SIGNATURE]) == []
    assert redacted(done.data, label, level).data == done.data


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("level", LEVELS)
def test_no_label_lets_a_body_pass(name: str, label: str, level: Level) -> None:
    check(BODIES[name].encode(), label, level)
    if not label.startswith(("text/plain", "application/x-www")):
        for begin in ("\ufeff", "\n \t", "GIF89a", "OTTO", "wOFF", "BM"):
            check((begin + BODIES[name]).encode(), label, level)


KINDS = st.sampled_from(["image", "font", "audio", "video", "text/css;x=", "application"])
WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-+.;= ", max_size=12)


@given(st.sampled_from(sorted(BODIES)), KINDS, WORD, st.sampled_from(LEVELS))
@settings(max_examples=100, deadline=None)
def test_no_label_at_all_lets_a_body_pass(name: str, kind: str, word: str, level: Level) -> None:
    check(BODIES[name].encode(), f"{kind}/{word}", level)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("label", ["image/gif", "font/otf", "text/css"])
@pytest.mark.parametrize("coded", [False, True])
def test_nor_does_one_in_a_file(name: str, label: str, coded: bool) -> None:
    text = base64.b64encode(BODIES[name].encode()).decode() if coded else BODIES[name]
    content = {"mimeType": label, "text": text, **({"encoding": "base64"} if coded else {})}
    request: dict[str, object] = {"method": "POST", "url": "https://a.example/"}
    if not coded:
        request["postData"] = content
    entry = {"request": request, "response": {"status": 200, "content": content}}
    data, _ = redact_har({"log": {"version": "1.2", "entries": [entry]}}, Level.SECRETS)
    assert found_in_bytes(data, [SECRET, SIGNATURE]) == []
    twice, _ = redact_har(json.loads(data), Level.SECRETS)
    assert json.loads(twice) == json.loads(data)


# ---- pictures and fonts ------------------------------------------------------------------


def _png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"\0\xff")), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PICTURES = {
    "image/png": _png(),
    "image/gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00",
    "image/x-icon": b"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00",
    "image/bmp": b"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00",
    "image/avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
}
FONTS = {
    "font/woff": b"wOFF\x00\x01\x00\x00\x00\x00\x10\x00\x00\x0a",
    "font/woff2": b"wOF2\x00\x01\x00\x00\x00\x00\x10\x00\x00\x0a",
    "font/ttf": b"\x00\x01\x00\x00\x00\x0c\x00\x80\x00\x03",
    "font/otf": b"OTTO\x00\x0a\x00\x80\x00\x03\x00\x20",
}


@pytest.mark.parametrize("label", PICTURES)
def test_a_picture_stays_but_where_people_are_to_go(label: str) -> None:
    body = PICTURES[label]
    assert redacted(body, label).data == body
    done = redacted(body, label, Level.PII)
    assert (done.data[:4], done.understood) in ((b"pic~", True), (b"~pic", True))
    assert redacted(done.data, label, Level.PII).data == done.data


@pytest.mark.parametrize("label", FONTS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_font_stays(label: str, level: Level) -> None:
    assert redacted(FONTS[label], label, level).data == FONTS[label]


@pytest.mark.parametrize("label", PICTURES)
@pytest.mark.parametrize("other", ["font/woff", "text/css", "application/octet-stream"])
def test_a_picture_under_the_label_of_something_else_goes_whole(label: str, other: str) -> None:
    assert not redacted(PICTURES[label], other).understood


@pytest.mark.parametrize("label", FONTS)
@pytest.mark.parametrize("other", ["image/png", "text/css", "application/octet-stream"])
def test_a_font_under_the_label_of_something_else_goes_whole(label: str, other: str) -> None:
    assert not redacted(FONTS[label], other).understood


HIDDEN = [
    f'{{"access_token": "{SECRET}"}}',
    f"access_token={SECRET}",
    f"<refresh_token>{SECRET}",
    TOKEN,
]


@pytest.mark.parametrize("label", [*PICTURES, *FONTS])
@pytest.mark.parametrize("text", HIDDEN)
def test_a_picture_that_holds_a_token_goes_whole(label: str, text: str) -> None:
    body = (PICTURES | FONTS)[label] + b"\x00\x01" + text.encode()
    assert not redacted(body, label).understood


def test_one_that_holds_a_secret_that_is_known_goes_whole() -> None:
    knowing = Redactor(level=Level.SECRETS, key=b"k" * 32, known={SECRET: "code"})
    assert not knowing.body(_png() + SECRET.encode(), "image/png").understood


@pytest.mark.parametrize("known", ["hunter2", "elevenchars", "twelve-chars", "p\u00e4ss"])
@pytest.mark.parametrize("label", ["image/png", "font/ttf"])
def test_in_a_picture_short_secrets_count_too(known: str, label: str) -> None:
    body = (PICTURES | FONTS)[label] + b"\x00\xff"
    knowing = Redactor(level=Level.SECRETS, key=b"k" * 32, known={known: "pw"})
    assert not knowing.body(body + known.encode() + b"\x00", label).understood
    assert knowing.body(body + known.encode()[:-1], label).understood


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("code=abcd", True),
        ("code: 'abcd'", True),
        ('"code" : "abcd"', True),
        ("<code>abcd", True),
        ("code=abc", False),
        ("cod=abcd", False),
        ("scope=abcd", False),
        ("xcode=abcd", False),
        ("code    =    abcd", True),
        ("code     =abcd", False),
        ("A" * 10 + ".eyAB.", True),
        ("A" * 9 + ".eyAB.", False),
        ("A" * 10 + ".eyA.", False),
    ],
)
def test_what_tells_that_a_picture_is_more_than_that(text: str, tells: bool) -> None:
    body = PICTURES["image/png"] + b"\x00 " + text.encode() + b" \x00"
    assert redacted(body, "image/png").understood is not tells


@pytest.mark.parametrize("body", ["~body~", " ~body~\n", "body~0123456789~~~body~0123456789~~"])
@pytest.mark.parametrize("label", ["image/png", "text/html", "application/json", "x/y", ""])
def test_what_was_taken_out_before_stays_under_each_label(body: str, label: str) -> None:
    done = redacted(body.encode(), label)
    assert (done.text, done.finds, done.understood) == (body, (), True)


# ---- what stays in what is looked into -----------------------------------------------------

SHEET = """@charset "utf-8";
@import url("a.css") screen;
/* short */
p:hover, q::before, a[href^="http"] { color: #1a2b3c; content: "\\201C"; d: 1 }
@media (max-width: 600px) { .very-long-class-name-of-a-button { background: url(img/a.png) } }
"""
DRAWING = (
    '<?xml version="1.0" encoding="utf-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
    'viewBox="0 0 1000.5 1000" width="100%"><title>A drawing</title><g fill="none" '
    'transform="translate(10 20) rotate(45)"><path d="M10.5-20h5.5.5a1,1 0 0 1 2e-3 4z"/>'
    '<use xlink:href="#a"/></g><style>.a{fill:#fff}</style><text x="1">Words</text></svg>'
)


def test_a_style_sheet_without_a_secret_stays() -> None:
    assert redacted(SHEET.encode(), "text/css").text == SHEET


@pytest.mark.parametrize("label", ["image/svg+xml", "text/css", ""])
def test_a_drawing_without_a_secret_stays(label: str) -> None:
    assert redacted(DRAWING.encode(), label).text == DRAWING


def test_a_drawing_is_a_picture_where_people_are_to_go() -> None:
    assert redacted(DRAWING.encode(), "image/svg+xml", Level.PII).text.startswith("pic~")


SHORT = [
    ("image/svg+xml", "<svg><access_token>hunter2</access_token></svg>"),
    ("image/svg+xml", "<svg><sid>hunter2</sid></svg>"),
    ("image/svg+xml", '<svg password="hunter2" password="x"/>'),
    ("image/svg+xml", '<svg xlink:href="?a=hunter2"/>'),
    ("image/svg+xml", '<svg><!DOCTYPE svg [<!ENTITY a "hunter2">]><a/></svg'),
    ("image/svg+xml", '<!DOCTYPE svg [<!ENTITY a "hunter2">]><svg/>'),
    ("text/css", 'a{--password: "hunter2"}'),
    ("text/css", "a{background:url(/?a=hunter2)}"),
    ("text/css", 'cb({"a":"hunter2"})'),
    ("text/css", 'var a={"b":"hunter2"}'),
    ("text/css", "var a = 'hunter2';"),
    ("text/css", "a} hunter2 {"),
    ("text/html", "<html><input type=hidden name=code value=hunter2 value=x>"),
    ("text/html", "<html><style>var a='hunter2 hunter2 hunter2';</style>"),
]


@pytest.mark.parametrize(("label", "body"), SHORT)
def test_a_short_secret_goes_by_its_place(label: str, body: str) -> None:
    assert "hunter2" not in redacted(body.encode(), label).text


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("label", ["image/png", "image/x-own", "font/woff2", "font/own"])
def test_bytes_that_begin_as_no_picture_and_no_font_go_whole(label: str, level: Level) -> None:
    done = redacted(b"\x00\x01\xfe\xff" * 20 + b"some words", label, level)
    assert not done.understood
    assert b"words" not in done.data


DRAWN = "<svg><text>state=12345</text></svg>"


@pytest.mark.parametrize(
    ("label", "is_read"),
    [
        *(
            (label, True)
            for label in ("", "image/own", "font/own", "text/own", "application/a.xml")
        ),
        ("application/octet-stream", False),
        ("application/json", False),
        ("video/own", False),
    ],
)
def test_a_drawing_is_read_as_one_under_the_label_of_any_markup(label: str, is_read: bool) -> None:
    done = redacted(DRAWN.encode(), label)
    assert done.understood is is_read
    assert (done.text == DRAWN.replace("12345", "~state~")) is is_read
    assert redacted(DRAWN.encode(), label.upper()) == done


@pytest.mark.parametrize("label", ["", "text/plain", "text/html", "application/own", "a/b+xml"])
@pytest.mark.parametrize("start", ["<html>", "<!DOCTYPE html>", " \n<FORM>", "<!-- x -->"])
def test_what_begins_as_a_page_is_read_as_one_whatever_its_label(label: str, start: str) -> None:
    page = f"{start}<input name=code value=12345>"
    assert redacted(page.encode(), label).text == page.replace("12345", "~code~")


@pytest.mark.parametrize(
    ("label", "is_read"),
    [("text/css", True), ("text/plain", False), ("application/json", False), ("", False)],
)
def test_only_a_style_sheet_may_begin_like_json_and_be_none(label: str, is_read: bool) -> None:
    body = b"[hidden]{color:red}"
    done = redacted(body, label)
    assert (done.understood, done.data == body) == (is_read, is_read)


PAIR = "_never_heard_of_it=word"


@pytest.mark.parametrize(
    ("label", "left"),
    [
        *(
            (label, "_never_heard_of_it=~val~")
            for label in ("", "image/own", "font/own", "text/css")
        ),
        ("text/plain", PAIR),
        ("text/markdown", None),
        ("text/html", None),
        ("image/svg+xml", None),
        ("application/octet-stream", None),
    ],
)
def test_what_looks_like_a_form_is_one_where_the_label_says_nothing(
    label: str, left: str | None
) -> None:
    done = redacted(PAIR.encode(), label)
    assert done.understood is (left is not None)
    assert done.text == left or left is None


SLOW = [
    *(("image/svg+xml", b"<!-->" * 60_000), ("image/svg+xml", b"<!---->" * 60_000)),
    *(("image/svg+xml", b"<svg>" + b"<a>x" * 30_000), ("image/svg+xml", b"<?xml " * 60_000)),
    *(("image/svg+xml", b'<svg d="' + b"1 " * 60_000 + b'x">'), ("text/css", b"url(" * 60_000)),
    *(("text/css", b'"\\' * 60_000), ("text/css", b"/*" * 60_000), ("text/css", b"a{" * 60_000)),
    *(("text/css", b"a{}" * 60_000), ("text/css", b"a-" * 60_000), ("text/css", b" " * 200_000)),
    *(("image/gif", b"GIF89a\0" + b"abcd" * 60_000), ("image/gif", b"GIF89a\0" + b"eya" * 60_000)),
    ("image/gif", b"GIF89a\0" + b"abcd=" * 60_000),
]


@pytest.mark.parametrize(("label", "body"), SLOW, ids=lambda value: value[:14])
def test_a_body_made_to_be_slow_is_not(label: str, body: bytes) -> None:
    redacted(body, label)
