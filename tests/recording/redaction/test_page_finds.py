"""Pages, drawings and style sheets: what goes from each part of them, and what stays."""

from __future__ import annotations

import pytest

from entra_oauth.recording.redaction.finder import Finder
from entra_oauth.recording.redaction.pages import html, is_sheet
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.redaction.views import whole
from entra_oauth.recording.step import Level

REDACTOR = Redactor(level=Level.SECRETS, key=b"k" * 32)
RUN = "ab1" * 6 + "ab"
"""Twenty characters that look like a secret."""
PLAIN_16, PLAIN_15 = "abcdefghijklmnop", "abcdefghijklmno"


def gone(body: str, kind: str) -> list[str]:
    done = REDACTOR.body(body.encode(), kind)
    assert done.understood, body
    return [find.value for find in done.finds]


def of_page(inner: str) -> list[str]:
    return gone(f"<html>{inner}</html>", "text/html")


# ---- pages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "values"),
    [
        ("<input name=code value=12345>", ["12345"]),
        ("<INPUT NAME='code' VALUE='12345'>", ["12345"]),
        ('<input value="12345" name = "code">', ["12345"]),
        ('<input name="co&#100;e" value="1&amp;2">', ["1&2"]),
        ("<input name=client_id value=12345>", []),
        ("<input value=12345>", []),
        ("<button name=code value=12345>", ["12345"]),
        ("<param name=code value=12345>", ["12345"]),
        ("<option name=code value=12345>", ["12345"]),
        ("<textarea name=code value=12345>", ["12345"]),
        ("<meta name=code content=12345>", ["12345"]),
        ("<meta name=viewport content=initial-scale>", []),
        ("<meta http-equiv=refresh content='0;url=https://a.e/?code=12345'>", ["12345"]),
        ("<div name=code value=12345>", []),
        (f"<div name=code value={PLAIN_16}>", [PLAIN_16]),
    ],
)
def test_a_field_of_a_form_goes_by_its_name(inner: str, values: list[str]) -> None:
    assert of_page(inner) == values


@pytest.mark.parametrize(
    "name",
    ["href", "src", "action", "formaction", "data", "content", "cite", "poster", "xlink:href"],
)
def test_an_address_in_an_attribute_is_looked_into(name: str) -> None:
    assert of_page(f"<a {name}='https://a.example/?code=12345'>") == ["12345"]
    assert of_page(f"<a {name}='/p#code=12345'>") == ["12345"]
    assert of_page(f"<a {name}='/p/{RUN}/x'>") == [RUN]
    assert of_page(f"<a {name}=/a/path>") == []


TAME = (
    *("class", "id", "type", "name", "method", "lang", "charset", "rel", "for", "style", "role"),
    *("width", "height", "http-equiv", "enctype", "autocomplete", "dir", "title", "alt"),
)


@pytest.mark.parametrize("name", TAME)
def test_an_attribute_that_tells_nothing_stays(name: str) -> None:
    assert of_page(f"<p {name}='{PLAIN_16}'>") == []


def test_another_attribute_goes_from_sixteen_characters_on() -> None:
    assert of_page(f"<p data-x='{PLAIN_15}'>") == []
    assert of_page(f"<p data-x='{PLAIN_16}'>") == [PLAIN_16]
    assert of_page("<p xmlns:x='https://a.example/?code=12345'>") == ["12345"]


@pytest.mark.parametrize("tag", ["script", "style", "noscript", "template"])
def test_what_is_no_text_goes_from_sixteen_characters_on(tag: str) -> None:
    """A style sheet that is one stays."""
    assert of_page(f"<{tag}>{PLAIN_15}</{tag.upper()}>") == []
    inner = f"{PLAIN_16[:-1]}{{"
    assert of_page(f"<{tag} x=y> {inner} </{tag}><p>code=12345</p>") == [inner, "12345"]
    assert of_page(f"<{tag}>{inner}") == [f"{inner}</html>"]


@pytest.mark.parametrize(
    ("inner", "values"),
    [
        (f"<!--{PLAIN_16[:12]}-->", []),
        (f"<!--{PLAIN_16[:13]}-->", [PLAIN_16[:13]]),
        (f"<!--{PLAIN_16}-->", [PLAIN_16]),
        (f"<!-- {PLAIN_16} --> x", [f"{PLAIN_16} "]),
        ("<!--page~0123456789~~~-->", []),
        ("<p>code=12345</p>", ["12345"]),
        ("<p>co&#100;e&#61;12345</p>", ["12345"]),
        (f"<p>{RUN}</p>", [RUN]),
        ("<p>a < b code=12345</p>", ["12345"]),
        (f"<page~0123456789 a={PLAIN_16}>", []),
        (f"<apage~0123456789 a={PLAIN_16}>", []),
        (f"<aapage~0123456789 a={PLAIN_16}>", [PLAIN_16]),
        (f"<p>1 <<p data-x='{PLAIN_16}'>", [PLAIN_16]),
        ("<style>p { color: red }</style>", []),
        *(
            (f"<{tag}>{PLAIN_16}{{}}</{tag}>", [f"{PLAIN_16}{{}}"])
            for tag in ("script", "template")
        ),
        (f"<style>{PLAIN_16}{{}}</style>", []),
        ("<style>p { background: url(/x?code=12345) }</style>", ["12345"]),
    ],
)
def test_comments_words_and_styles(inner: str, values: list[str]) -> None:
    assert of_page(inner) == values


def test_an_address_in_a_style_is_looked_into() -> None:
    assert "12345" not in REDACTOR.body(b"<html><p style='a: url(/x?code=12345)'>").text
    assert of_page("<p style='color: red; width: 5px'>") == []


def test_an_address_in_a_style_ends_where_it_ends() -> None:
    inner = "<p style='background:url(https://h.example/a.png?code=12345);color:red'>"
    shown = REDACTOR.body(f"<html>{inner}".encode()).text
    assert "url(https://h.example/a.png?code=~code~);color:red" in shown
    known = Redactor(level=Level.SECRETS, key=b"k" * 32, known={"a-known-secret-value": "sec"})
    assert "known-secret" not in known.body(b"<html><p style='a-known-secret-value'>").text


def test_after_a_tag_without_an_end_nothing_is_understood() -> None:
    assert of_page(f"<p>x</p><a href='{PLAIN_16}")[-1].startswith("<a href='")
    assert gone(f"<html x='{PLAIN_16}", "text/html") == [f"<html x='{PLAIN_16}"]
    assert of_page(f"<p>x <<<a href='{PLAIN_16}")[-1].startswith("<<<a href='")


# ---- drawings ---------------------------------------------------------------------------


def of_drawing(inner: str) -> list[str]:
    return gone(f"<svg xmlns='http://www.w3.org/2000/svg'>{inner}</svg>", "image/svg+xml")


@pytest.mark.parametrize(
    ("inner", "values"),
    [
        ("<path d='M10 10 L 20.5,.5 Z'/>", []),
        ("<PATH D='M10 10 L 20.5,.5 Z'/>", []),
        (f"<path d='{PLAIN_16}'/>", [PLAIN_16]),
        ("<g transform='translate(10 20) rotate(45)'/>", []),
        ("<rect width='12345'/>", []),
        ("<text>code=12345</text>", ["12345"]),
        ("<text>a word</text>", []),
        *((f"<{tag}>words</{tag}>", []) for tag in ("tspan", "textPath", "title", "desc", "a")),
        ("<metadata>words</metadata>", ["words"]),
        ("<metadata> two words\n</metadata>", ["two words"]),
        ("<metadata> ~val~ val~0123456789~~ </metadata>", []),
        ("<x:metadata>words</x:metadata>", ["words"]),
        ("<x:text>words</x:text>", []),
        ("<a xlink:href='/?code=12345'/>", ["12345"]),
        ("<g code='12345'/>", ["12345"]),
        ("<g code />", []),
        (f"<page~0123456789~~ a='{PLAIN_16}'/>", [PLAIN_16]),
        ("<g code=''/>", []),
        (f"<g class='{RUN}'/>", [RUN]),
        ("<g class='plain'/>", []),
        ("<g class='d:none'/>", ["none"]),
        ("<g style='d:none'/>", []),
        ("<g data-x='d:none'/>", []),
        (f"<{RUN}{RUN}{RUN}{RUN}/>", [RUN * 4]),
        (f"<g {RUN}{RUN}{RUN}{RUN}='1'/>", [RUN * 4]),
        ("<style>p { fill: url(/x?code=12345) }</style>", ["12345"]),
    ],
)
def test_of_a_drawing_its_lines_stay_and_data_goes(inner: str, values: list[str]) -> None:
    assert of_drawing(inner) == values


# ---- style sheets -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("", True),
        ("p{}", True),
        ("a{b{}}", True),
        ("@import 'x';", True),
        ("p{} @import 'x';", True),
        ("/* } */ p{}", True),
        ("p{content:'}'}", True),
        ("p{background:url(a})}", True),
        ("words", False),
        ("p{} words", False),
        ("@import 'x'", False),
        ("p{", False),
        ("}p{", False),
        ("p}", False),
        ("p{content:'x}", False),
        ("p{} 'x", False),
        ('p{} "x', False),
        ("p{a:'x\n}", False),
        ('p{a:"x\n}', False),
        ('p{content:"x}', False),
        ('{"a": "b"}', False),
        ("{'a' : 'b'}", False),
    ],
)
def test_a_style_sheet_has_rules_in_balanced_braces(text: str, is_one: bool) -> None:
    assert is_sheet(text) is is_one


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"/*{PLAIN_15}*/ p{{}}", []),
        (f"/*{PLAIN_16}*/ p{{}}", [PLAIN_16]),
        ("p{content:'code=12345'}", ["12345"]),
        ("p{content:'/x?code=12345'}", ["12345"]),
        ("p{content:' /x?code=12345 '}", ["12345"]),
        ("p{content:'/x?never_heard_of_it=word'}", ["word"]),
        ('p{content:"https://a.e/#code=12345"}', ["12345"]),
        ("p{background:URL( /x?code=12345 )}", ["12345"]),
        (f"p{{background:url(/x/{RUN[:16]})}}", [RUN[:16]]),
        (f"p{{background:'/x/{RUN[:16]}'}}", []),
        ("p{--password:'12345'}", ["12345"]),
        ("p{--color:'12345'}", []),
        ("p{code:'12345'}", ["12345"]),
        ("p{code:12345}", ["12345"]),
        ("p{pwd:'12345'}", []),
        ("p{password:12345}", ["12345"]),
        ("p{b:https://a.example/?code=12345}q{}", ["12345"]),
        (f"p{{content:{RUN}}}", [RUN]),
        ("p:hover{color:red}", []),
        ("@import 'https://a.example/x.css?state=12345';", ["12345"]),
    ],
)
def test_of_a_style_sheet_strings_and_addresses_are_looked_into(
    text: str, values: list[str]
) -> None:
    assert gone(text, "text/css") == values


@pytest.mark.parametrize(
    "sheet", ["{}a{{b:c}}", "a{{b:c}}@x {};", "a{{{}:c}}", "/**/{}a{{}}", "'x'{}{{}}"]
)
def test_a_known_secret_is_found_at_each_end_of_a_style_sheet(sheet: str) -> None:
    secret = "a-known-secret-value"
    known = Redactor(level=Level.SECRETS, key=b"k" * 32, known={secret: "sec"})
    done = known.body(sheet.format(secret).encode(), "text/css")
    assert [find.value for find in done.finds] == [secret]


def test_a_page_is_looked_at_from_its_first_character_on() -> None:
    assert gone(f"<html data-x='{PLAIN_16}'>", "text/html") == [PLAIN_16]
    finder = Finder(key=b"k" * 32, known={"a-known-secret-value": "sec"})
    found = [*html(finder, whole("a-known-secret-value<p>a-known-secret-value"))]
    assert [find.start for find in found] == [0, 23]
