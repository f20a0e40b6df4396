"""Containers inside one another are counted from the outermost one: each layer once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import quote

import pytest

from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import Find
from entra_oauth.recording.redaction.pages import drawing, html, sheet
from entra_oauth.recording.redaction.redact import Redacted, Redactor
from entra_oauth.recording.redaction.views import View, whole
from entra_oauth.recording.step import Level

REDACTOR = Redactor(level=Level.SECRETS, key=b"k" * 32)
FINDER = Finder(key=b"k" * 32)
FORM = "application/x-www-form-urlencoded"

INNER: list[tuple[Callable[[Finder, View, int], Iterable[Find]], str, int]] = [
    (Finder.words, "openid", 11),
    (Finder.inside, "https://a.example/?scope=openid", 8),
    (Finder.inside, "scope=openid", 9),
    (Finder.inside, '{"scope": "openid"}', 10),
    (Finder.url, "https://a.example/?scope=openid", 9),
    (Finder.url, "/p#scope=openid", 9),
    (Finder.form, "scope=openid", 10),
    (Finder.json, '{"scope": "openid"}', 11),
    (Finder.json, '[{"scope": ["openid"]}]', 11),
    (html, "<p>openid</p>", 10),
    (html, '<p class="openid">', 10),
    (html, '<input name="scope" value="openid">', 10),
    (html, '<meta name="description" content="openid">', 10),
    (html, '<meta scheme="openid">', 10),
    (html, '<p x=\'{"scope": "openid"}\'>', 9),
    (html, '<a href="/p?scope=openid">', 8),
    (html, '<p style="a:url(/p?scope=openid)">', 7),
    (html, "<p style=\"content:'openid'\">", 9),
    (html, '<p style="a:https://a.example/?scope=openid;">', 7),
    (drawing, "<svg><text>openid</text></svg>", 10),
    (drawing, '<svg><metadata>{"scope": "openid"}</metadata></svg>', 9),
    (drawing, '<svg class="openid"/>', 10),
    (sheet, "a{b:url(/p?scope=openid)}", 8),
    (sheet, "a{content:'openid'}", 10),
    (sheet, "a{b:url(a.png)}", 10),
    (sheet, "a{b:'https://a.example/?scope=openid'}", 7),
    (sheet, "a{b:https://a.example/?scope=openid}", 8),
]


@pytest.mark.parametrize(("how", "text", "deepest"), INNER)
def test_what_is_harmless_stays_as_deep_as_is_looked(
    how: Callable[[Finder, View, int], Iterable[Find]], text: str, deepest: int
) -> None:
    assert [*how(FINDER, whole(text), deepest)] == []
    assert [*how(FINDER, whole(text), deepest + 1)] != []


def test_blanks_between_tags_stay_however_deep_they_lie() -> None:
    for how in (html, drawing):
        assert [*how(FINDER, whole("<svg> \n<g> <a>\t"), 20)] == []


def _inside(layers: int) -> str:
    """A harmless value, in so many objects of JSON inside one another."""
    text = "openid"
    for _ in range(layers):
        text = json.dumps({"scope": text})
    return text


def _body(kind: str, form: str, spelt: Callable[[str], str]) -> Callable[[str], Redacted]:
    return lambda text: REDACTOR.body(form.replace("{}", spelt(text)).encode(), kind)


def _line(text: str) -> Redacted:
    data, finds, _ = REDACTOR.message(f"{text}\r\n\r\n".encode())
    return Redacted(data, finds)


@pytest.mark.parametrize(
    ("redact", "layers"),
    [
        (_body("text/html", "<html><p>{}<br>", escape), 10),
        (_body("image/svg+xml", "<svg><text>{}<a/></svg>", escape), 10),
        (_body(FORM, "scope={}", quote), 10),
        (_body("", "scope={}", quote), 10),
        (_body("application/json", "{}", str), 12),
        (_body("text/plain", "see https://a.example/?scope={}", quote), 8),
        (lambda text: REDACTOR.url(f"/p?scope={quote(text)}"), 9),
        (REDACTOR.words, 11),
        (lambda text: REDACTOR.parameter("scope", text), 11),
        (lambda text: REDACTOR.header("Location", f"/p?scope={quote(text)}"), 9),
        (lambda text: REDACTOR.header("Server", text), 11),
        (lambda text: _line(f"GET /p?scope={quote(text)} HTTP/1.1"), 9),
        (lambda text: _line(f"https://a.example/?scope={quote(text)} /p HTTP/1.1"), 8),
        (lambda text: _line(f"HTTP/1.1 200 https://a.example/?scope={quote(text)}"), 8),
        (REDACTOR.cookie_name, 11),
        (lambda text: REDACTOR.cookie_attribute("path", f"/p?scope={quote(text)}"), 9),
    ],
)
def test_what_is_given_is_the_outermost_layer(
    redact: Callable[[str], Redacted], layers: int
) -> None:
    assert redact(_inside(layers)).finds == ()
    assert redact(_inside(layers + 1)).finds != ()
