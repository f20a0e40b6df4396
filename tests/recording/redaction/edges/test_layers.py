"""Containers inside one another are counted from the outermost one: each layer once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import quote

import pytest

from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.finds import Find
from entra_oauth.recording.redaction.pages import drawing, html, sheet
from entra_oauth.recording.redaction.redact import Redactor
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
    (sheet, "a{b:https://a.example/?scope=openid}", 8),
]


@pytest.mark.parametrize(("how", "text", "deepest"), INNER)
def test_what_is_harmless_stays_as_deep_as_is_looked(
    how: Callable[[Finder, View, int], Iterable[Find]], text: str, deepest: int
) -> None:
    assert [*how(FINDER, whole(text), deepest)] == []
    assert [*how(FINDER, whole(text), deepest + 1)] != []


def _inside(layers: int) -> str:
    """Parameters that are harmless, so many addresses deep."""
    text = "scope=openid"
    for _ in range(layers):
        text = "redirect_uri=" + quote(f"https://a.example/?{text}", safe="")
    return text


@pytest.mark.parametrize(
    ("kind", "body", "layers"),
    [
        ("text/html", "<html><p>https://a.example/?{}</p>", 2),
        ("text/html", "<html><a href='/p?{}'>", 2),
        ("image/svg+xml", "<svg><text>https://a.example/?{}</text></svg>", 2),
        (FORM, "{}", 3),
        ("", "{}", 3),
        ("application/json", '{"scope": "{}"}', 3),
        ("text/plain", "see https://a.example/?{}", 2),
    ],
)
def test_a_body_is_the_outermost_layer(kind: str, body: str, layers: int) -> None:
    inside = body.replace("{}", _inside(layers)).encode()
    assert REDACTOR.body(inside, kind).data == inside
    assert REDACTOR.body(body.replace("{}", _inside(layers + 1)).encode(), kind).finds


@pytest.mark.parametrize(
    ("redact", "layers"),
    [
        (REDACTOR.url, 3),
        (REDACTOR.words, 2),
        (lambda text: REDACTOR.parameter("scope", text), 2),
        (lambda text: REDACTOR.header("Location", text), 3),
        (lambda text: REDACTOR.header("Server", text), 2),
    ],
)
def test_so_is_a_part_of_a_message(redact: Callable[[str], object], layers: int) -> None:
    for more, is_found in ((0, False), (1, True)):
        done = redact(f"https://a.example/?{_inside(layers + more)}")
        assert bool(done.finds) is is_found  # type: ignore[attr-defined]
