"""Two requests on five layers: what is equal is said to be so, and nothing is by accident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.recording.compare.layers import Comparison, Equality, Side, compare
from entra_oauth.recording.compare.named_step import pair
from entra_oauth.recording.compare.sameness import Truth, same, same_pieces
from entra_oauth.recording.raw import split_message
from kit import recordings as kit

POST = b"POST /t/token HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nContent-Length: 7\r\n\r\n"
FORM = POST.replace(b"Accept: */*", b"Content-Type: application/x-www-form-urlencoded")
JSON = POST.replace(b"Accept: */*", b"Content-Type: application/json")
GET = b"GET /t?a=1&b=2 HTTP/1.1\r\nHost: h\r\n\r\n"
TAG, OTHER = b"code~0123456789~~~~~", b"code~abcdef0123~~~~~"


def side(data: bytes, *, origin: str = "", length: int | None = None) -> Side:
    tags = {"0123456789": len(TAG) if length is None else length, "abcdef0123": len(OTHER)}
    return Side(label="x", message=split_message(data), origin=origin, tags=tags)


def held(a: Side, b: Side) -> Comparison:
    return compare(a, b, show=lambda where, name, value: value)


EQUALITIES = [
    (FORM + b"a=1&b=2", FORM + b"a=1&b=2", Equality.BYTE_EQUAL),
    (GET, GET, Equality.BYTE_EQUAL),
    (FORM + b"a=1&b=2", FORM.replace(b"Host: h", b"host: h") + b"a=1&b=2", Equality.BODY_EQUAL),
    (FORM + b"a=1&b=2", FORM.replace(b"h\r\n", b"i\r\n") + b"a=1&b=2", Equality.BODY_EQUAL),
    (FORM + b"a=1&b=2", FORM.replace(b"\r\n", b"\n") + b"a=1&b=2", Equality.BODY_EQUAL),
    (FORM + b"a=1&b=2", FORM + b"b=2&a=1", Equality.SAME_PARAMETERS),
    (FORM + b"a=%2F&b=2", FORM + b"a=%2f&b=2", Equality.SAME_PARAMETERS),
    (FORM + b"a=x+y&b=2", FORM + b"a=x%20y&b=2", Equality.SAME_PARAMETERS),
    (JSON + b'{"a":1}', JSON + b'{ "a": 1 }', Equality.SAME_PARAMETERS),
    (GET, GET.replace(b"a=1&b=2", b"b=2&a=1"), Equality.SAME_PARAMETERS),
    (FORM + b"a=1&b=2", FORM + b"a=1&b=3", Equality.DIFFERENT),
    (FORM + b"a=1&a=1", FORM + b"a=1", Equality.DIFFERENT),
    (FORM + b"a=1&a=2", FORM + b"a=2&a=1", Equality.DIFFERENT),
    (FORM + b"a=1&b=2", FORM.replace(b"/t/", b"/u/") + b"a=1&b=2", Equality.DIFFERENT),
    (FORM + b"a=1&b=2", FORM.replace(b"POST", b"PUT") + b"a=1&b=2", Equality.DIFFERENT),
    (GET, GET.replace(b"a=1", b"A=1"), Equality.DIFFERENT),
    (POST + b"\x00\x01\x02", POST + b"\x00\x01\x03", Equality.DIFFERENT),
]


@pytest.mark.parametrize(("one", "other", "equality"), EQUALITIES)
def test_the_verdict_is_the_strongest_thing_that_holds(
    one: bytes, other: bytes, equality: Equality
) -> None:
    assert held(side(one), side(other)).equality is equality
    assert held(side(other), side(one)).equality is equality


REDACTED = [
    ("r", "r", FORM + b"a=" + TAG, FORM + b"a=" + TAG, Equality.BYTE_EQUAL),
    ("r", "r", FORM + b"a=" + TAG, FORM + b"a=" + OTHER, Equality.DIFFERENT),
    ("r", "r", FORM + b"a=" + TAG, FORM + b"a=" + TAG + b"~~", Equality.SAME_PARAMETERS),
    ("r", "s", FORM + b"a=" + TAG, FORM + b"a=" + TAG, Equality.UNDECIDABLE),
    ("", "", FORM + b"a=" + TAG, FORM + b"a=" + TAG, Equality.UNDECIDABLE),
    ("r", "", FORM + b"a=" + TAG, FORM + b"a=secret", Equality.UNDECIDABLE),
    ("r", "r", FORM + b"a=~pw~", FORM + b"a=~pw~", Equality.UNDECIDABLE),
    ("r", "r", FORM + b"a=~pw~&b=1", FORM + b"a=~pw~&b=2", Equality.DIFFERENT),
    ("r", "", FORM + b"a=~pw~", FORM + b"b=x", Equality.DIFFERENT),
    ("r", "", FORM + b"a=~pw~", FORM + b"a=x&c=1", Equality.DIFFERENT),
    (
        "r",
        "r",
        GET.replace(b"/t?", b"/~pii~?"),
        GET.replace(b"/t?", b"/~pii~?"),
        Equality.UNDECIDABLE,
    ),
]


@pytest.mark.parametrize(("a", "b", "one", "other", "equality"), REDACTED)
def test_what_was_taken_out_is_equal_only_where_its_tags_say_so(
    a: str, b: str, one: bytes, other: bytes, equality: Equality
) -> None:
    assert held(side(one, origin=a), side(other, origin=b)).equality is equality


def test_the_spelling_of_a_value_that_was_escaped_on_the_wire_is_not_known() -> None:
    """`%2f` and `%2F` have one length and one tag, and are other bytes."""
    data = FORM + b"a=" + TAG
    found = held(side(data, origin="r", length=12), side(data, origin="r", length=12))
    assert found.equality is Equality.SAME_PARAMETERS


def test_what_a_file_put_together_again_is_never_called_equal_to_the_byte() -> None:
    one = side(FORM + b"a=1")
    assert held(one, replace(one, exact=False)).equality is Equality.BODY_EQUAL
    assert (
        held(one, replace(one, exact=False, body_exact=False)).equality is Equality.SAME_PARAMETERS
    )


def test_a_header_that_the_redaction_changed_is_undecidable() -> None:
    one = replace(side(FORM + b"a=1"), corrected=frozenset({"content-length"}))
    found = held(one, side(FORM + b"a=1"))
    assert found.layers[2].truth is Truth.UNKNOWN
    assert found.equality is Equality.BODY_EQUAL


def test_layers_name_each_difference() -> None:
    a = replace(side(FORM + b"a=1&b=2"), link=kit.LINK)
    b = replace(
        side(FORM.replace(b"Host: h", b"Host: i\r\nX-More: y") + b"b=3&c=4"),
        link=replace(kit.LINK, tls_version="TLSv1.2"),
    )
    tls, line, headers, body, fields = held(a, b).layers
    assert tls.lines == ("~ version: TLSv1.3   |   TLSv1.2",)
    assert line.truth is Truth.YES
    assert headers.lines == ("~ Host: h   |   i", "+ only B: X-More: y")
    assert body.summary == "different (7 bytes)"
    assert fields.lines == ("- only A: a=1", "~ b: 2   |   3", "+ only B: c=4")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_texts_without_placeholders_are_the_same_only_if_they_are(one: bytes, other: bytes) -> None:
    tags = {"0123456789": 5}
    for compare_them in (same, same_pieces):
        found = compare_them(one, other, tags=tags)
        if one == other and b"~" not in one:
            assert found is Truth.YES
        elif one != other:
            assert found is not Truth.YES


WILD = st.lists(st.sampled_from([b"a", b"&", b"=", b"?", b"~pw~", TAG, OTHER, b"%2F"]), max_size=8)


@given(WILD, st.lists(st.binary(min_size=1, max_size=4), min_size=8, max_size=8))
def test_a_text_and_what_it_may_have_been_are_never_called_different(
    pieces: list[bytes], values: list[bytes]
) -> None:
    """Whatever stood in the place of a mask, the whole cannot be told apart from the original."""
    redacted = b" ".join(pieces)
    original = b" ".join(
        value if piece in (b"~pw~", TAG, OTHER) else piece
        for piece, value in zip(pieces, values, strict=False)
    )
    assert same(redacted, original, tags=None) is not Truth.NO


# ---- what is named --------------------------------------------------------------------


def test_the_token_step_has_the_body_of_the_articles_curl(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec")
    a, b = pair(f"{folder}#3", "article:curl")
    found = held(a, b)
    assert found.equality is Equality.BODY_EQUAL
    headers = found.layers[2]
    assert headers.summary == "the same names in the same order; 1 value not the same"
    assert headers.lines == ("~ User-Agent: entra-oauth/0   |   curl/7.88.1",)


def test_curl_as_the_tool_makes_it_byte_equal(tmp_path: Path) -> None:
    what = kit.recording()
    exchanges = list(what.exchanges)
    sent = kit.token_bytes(agent="curl/7.88.1")
    wire = replace(kit.LINK, sent=sent)
    exchanges[2] = replace(exchanges[2], wire=wire)
    folder = kit.written(tmp_path / "rec", replace(what, exchanges=tuple(exchanges)))
    assert held(*pair("article:curl", f"{folder}#3")).equality is Equality.BYTE_EQUAL


def test_a_raw_file_of_a_recording_is_the_step_that_it_is_of(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec")
    found = held(*pair(f"{folder}#3", f"{folder / '003.token.request.bin'}"))
    assert found.equality is Equality.BYTE_EQUAL


def test_a_copy_elsewhere_has_tags_of_nobody_knows_what(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec")
    copy = tmp_path / "copy.bin"
    copy.write_bytes((folder / "003.token.request.bin").read_bytes())
    assert held(*pair(f"{folder}#3", str(copy))).equality is Equality.UNDECIDABLE
