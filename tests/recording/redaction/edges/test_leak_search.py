"""The leak search at its limits: one byte, one layer, one place in the stride."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from entra_oauth.recording.redaction.leak_search import LeakSearch, leaks, needles

SECRET = "Canary-Secret-Of-Some-Length-0123456789"


def test_a_secret_is_searched_for_from_sixteen_characters_on() -> None:
    assert needles("x" * 15) == frozenset()
    assert needles("x" * 16) == {b"x" * 16}
    assert needles("é" * 8) == {"é".encode() * 8}, "bytes count"


@pytest.mark.parametrize(("length", "pieces"), [(47, 1), (48, 3)])
def test_of_a_long_secret_both_ends_are_searched_for(length: int, pieces: int) -> None:
    secret = "".join(chr(ord("A") + at) for at in range(length))
    found = needles(secret)
    assert len(found) == pieces
    assert {len(each) for each in found} == ({length} if pieces == 1 else {length, 24})


@pytest.mark.parametrize(("dots", "count"), [(1, 3), (2, 2), (3, 3), (4, 2)])
def test_of_a_jwt_only_the_signature_is_a_piece(dots: int, count: int) -> None:
    token = "ey" + "A" * 60 + ".b" * (dots - 1) + "." + "s" * 16
    assert len(needles(token)) == count
    assert (b"s" * 16 in needles(token)) == (dots in (2, 4))
    short = "ey" + "A" * 60 + ".b." + "s" * 15
    assert needles(short) == {short.encode()}, "a signature that is short is no needle"


@pytest.mark.parametrize(("layers", "is_found"), [(1, True), (2, True), (3, True), (4, False)])
def test_gzip_is_undone_three_layers_deep(layers: int, is_found: bool) -> None:
    data = SECRET.encode()
    for _ in range(layers):
        # With what compresses well beside it: else it would be stored, and could be read.
        data = b"before" + gzip.compress(b"x" * 400 + data)
    assert leaks(data, [SECRET]) is is_found


def test_a_plus_of_a_form_is_a_space_and_elsewhere_a_plus() -> None:
    spaced, plus = "a secret with spaces in it", "a+secret+with+plus+in+it"
    assert leaks(b"password=a+secret+with+spaces+in+it", [spaced])
    assert leaks(b"password=a%20secret+with%20spaces+in+it", [spaced])
    assert leaks(b"password=a%2Bsecret%2Bwith%2Bplus%2Bin%2Bit", [plus])
    assert leaks(b"password=a%252Bsecret%252Bwith%252Bplus%252Bin%252Bit", [plus])
    assert leaks(b"token:a+secret+with+plus+in+it", [plus])


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_base64_is_found_at_each_alignment_and_in_both_alphabets(before: str) -> None:
    secret = "~~~???>>>" * 3
    plain = b64encode((before + secret + "after").encode())
    assert b"+" in plain or b"/" in plain
    assert leaks(b"<" + plain + b">", [secret])
    assert leaks(urlsafe_b64encode((before + secret + "after").encode()), [secret])
    assert leaks(secret.encode().hex().encode(), [secret])
    assert leaks(secret.encode().hex().upper().encode(), [secret])
    assert not leaks(b64encode((before + secret[:-9] + "after" * 3).encode()), [secret])


def test_nothing_is_found_where_nothing_is_looked_for() -> None:
    assert not leaks(b"", [SECRET])
    assert not leaks(SECRET.encode(), [])
    assert not leaks(SECRET[:-1].encode(), [SECRET])
    assert not leaks(b"\x1f\x8b\x08 is no gzip", [SECRET])
    other = b64encode(SECRET.encode()).replace(b"Q", b"R", 1)
    assert other[1:] == b64encode(SECRET.encode())[1:]
    assert not leaks(other, [SECRET]), "its first character is another one"


@pytest.mark.parametrize("before", range(9))
def test_a_secret_is_found_at_each_place_and_a_neighbour_of_it_at_none(before: int) -> None:
    text = b"." * before + SECRET.encode() + b"."
    search = LeakSearch([SECRET])
    assert [*search.places(text)] == [(before, before + len(SECRET))]
    assert [*search.places(text * 2)][1] == (before + len(text), before + len(text) + len(SECRET))
    for first in (b"\0", b"\xff"):  # what comes before all that is looked for, and after it
        short = LeakSearch([SECRET[:16]])
        assert [*short.places(b"." * before + first + SECRET[1:16].encode() + b"........")] == []


def test_a_secret_is_found_in_capitals_where_it_is_known_in_small_letters() -> None:
    mail = "ada.lovelace@contoso.example"
    assert leaks(mail.upper().encode(), [mail])
    assert leaks(mail.title().encode(), [mail])
    assert not leaks(mail.encode(), [mail.title().swapcase()]), "and not the other way round"


@pytest.mark.parametrize("before", range(8))
def test_of_a_secret_of_one_letter_each_place_is_found(before: int) -> None:
    places = [*LeakSearch(["x" * 16]).places(b"." * before + b"x" * 20)]
    assert places == [(at, at + 16) for at in range(before, before + 5)]


@pytest.mark.parametrize(
    "value",
    [SECRET, {"a": SECRET}, {SECRET: 1}, [1, None, {"a": [{SECRET: {}}]}], {"a": {"b": [SECRET]}}],
)
def test_of_json_names_and_values_are_read(value: object) -> None:
    search, data = LeakSearch([SECRET]), json.dumps(value).encode()
    spelt = data.replace(b"-", b"\\u002d").replace(b"S", b"\\u0053")
    assert search.is_in_json(spelt)
    assert not search.is_in_json(spelt.replace(b"9", b"8"))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", SECRET.encode()])
def test_what_is_no_json_is_not_read_as_such(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        LeakSearch([SECRET]).is_in_json(data)


@pytest.mark.parametrize(
    "secret",
    [
        "\U0001f600\U0001f9ff and some words",
        "\uffff\ue000 and some words",
        'a"b\\c/d-e' * 4,
        "\\" * 20,
    ]
    + ["\u00e9" * 12, '\u00e9/"' * 9, "\\u0041 is no letter here", "a\\\\nb\\nc and some words"],
)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_what_json_escapes_is_read(secret: str, is_ascii: bool) -> None:
    text = json.dumps({"x": f"<{secret}>"}, ensure_ascii=is_ascii)
    assert leaks(text.encode(), [secret])
    assert leaks(text.replace("/", "\\/").encode(), [secret])
    assert not leaks(text.replace("d", "D").replace("\\\\", "").encode(), [f"{secret} and more"])


@pytest.mark.parametrize(
    ("data", "is_found"),
    [
        (f"a={SECRET}".replace("-", "%2D"), True),
        (f"a={SECRET}".replace("-", "%252D"), True),
        (f"a={SECRET}".replace("-", "%25252D"), False),
        (f"a={SECRET}".replace("-", "&#45;"), True),
        (f"a={SECRET}".replace("-", "&#x2d;"), True),
        (f"a={SECRET}".replace("-", "%26%2345%3B"), True),
        (f"a={SECRET}".replace("-", "\\u002d"), True),
        (f"a={SECRET}".replace("-", "\\-"), True),
        ("\r\n ".join(SECRET), False),
        ("\r\n".join(SECRET), True),
        ("\n".join(SECRET), True),
        ("\r".join(SECRET), True),
    ],
)
def test_a_secret_is_read_through_so_many_encodings(data: str, is_found: bool) -> None:
    assert leaks(data.encode(), [SECRET]) is is_found


def test_behind_what_only_begins_as_gzip_the_rest_is_read() -> None:
    packed = gzip.compress(b"x" * 400 + SECRET.encode(), mtime=0)
    for before in (b"\x1f\x8b\x08", b"\x1f\x8b\x08 none ", gzip.compress(b"other", mtime=0)):
        assert leaks(before + packed, [SECRET])
        assert not leaks(before + packed[:12], [SECRET])
