"""Tokens and texts in the shapes that editors, shells and pipelines give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.jwt import decode, read_object
from entra_oauth.protocol.loose_input import bare_token, is_jwt, text_of

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_token_is_read_in_each_encoding(encoding: str) -> None:
    assert text_of(JWT.encode(encoding)) == JWT


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", ""), (b"a", "a"), (b"a\0", "a"), (b"\0a", "a"), (b"ab", "ab"), (b"a\0b\0", "ab")],
)
def test_the_shortest_texts_are_read_too(content: bytes, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize(
    "content", [b"a\xff", b"\xff\xfea", b"\0", b"\xef\xbb\xbf\xff", b"\xfe\xff\xd8"]
)
def test_what_is_no_text_is_none(content: bytes) -> None:
    assert text_of(content) is None or "\0" in str(text_of(content))


@given(st.text().filter(lambda text: "\0" not in text and not text.startswith("\ufeff")))
def test_utf_8_without_a_mark_comes_back(text: str) -> None:
    assert text_of(text.encode()) == text


TAKEN = [
    (JWT, ()),
    (f'"{JWT}"', ()),
    (f" 'Bearer {JWT}' ", ()),
    (f"Authorization: Bearer {JWT}", ()),
    (f"bearer{JWT}", ()),
    (f'Bearer "{JWT}"', ()),
    (f'" Bearer {JWT} "', ()),
    (f'" Authorization: Bearer {JWT} "', ()),
    (f'{{"value": "{JWT}", "count": 1}}', ()),
    (f' \n{{"value": "{JWT}", "count": 1}}\n', ()),
    (f'{{"access_token": "eyJh.eyJh.x", "refresh_token": "{JWT}"}}', ("refresh_token",)),
    (f'{{"b": "{JWT}", "a": ""}}', ("a", "b")),
]


@pytest.mark.parametrize(("text", "members"), TAKEN)
def test_a_token_is_taken_out_of_what_stands_around_it(text: str, members: tuple[str, ...]) -> None:
    assert bare_token(text, what="token", members=members) == JWT


@pytest.mark.parametrize(
    ("text", "members", "said"),
    [
        (f'{{"a": "{JWT}", "b": "{JWT}"}}', (), "several tokens"),
        (f'{{"access_token": "{JWT}"}}', ("refresh_token",), "holds no token"),
        ('{"a": 1}', (), "holds no token"),
        (f'{{"a": "{JWT}', (), "breaks off"),
        (f'["{JWT}"]', (), "breaks off or is no object"),
        ("[" * 100_000, (), "breaks off"),
    ],
)
def test_a_json_text_without_it_is_named_and_not_repeated(
    text: str, members: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        bare_token(text, what="token", members=members)
    assert said in raised.value.what
    assert JWT not in str(raised.value)


def test_a_word_that_begins_like_bearer_and_an_opaque_token_stay() -> None:
    for text in ("bearer-of-news", "0.ARoAx-y_z", ""):
        assert bare_token(text, what="token") == text


def test_a_jwt_is_told_from_an_opaque_token() -> None:
    assert is_jwt(JWT)
    assert not any(map(is_jwt, ("0.ARo.x", "eyJh.eyJh", JWT + ".x", "")))


@pytest.mark.parametrize(("length", "shown"), [(75, "b" * 75), (76, "b" * 75 + "…")])
def test_the_names_of_several_tokens_are_shown_up_to_eighty_characters(
    length: int, shown: str
) -> None:
    with pytest.raises(UsageError) as raised:
        bare_token(f'{{"abc": "{JWT}", "{"b" * length}": "{JWT}"}}', what="token")
    assert f"several tokens (abc, {shown})" in raised.value.what


@pytest.mark.parametrize(("length", "good"), [(64 * 1024, True), (64 * 1024 + 2, False)])
def test_a_token_has_64_kib_at_most(length: int, good: bool) -> None:
    token = f"e30.e30.{'A' * (length - 8)}"
    if good:
        assert decode(f" {token}\n").claims == {}
        return
    with pytest.raises(UsageError) as raised:
        decode(token)
    assert "longer than 64 KiB" in raised.value.what


@pytest.mark.parametrize(("digits", "good"), [(400, True), (401, False), (5000, False)])
def test_a_number_has_four_hundred_digits_at_most(digits: int, good: bool) -> None:
    body = b'{"n": ' + b"9" * digits + b"}"
    if good:
        assert read_object(body) == {"n": 10**digits - 1}
        return
    with pytest.raises(ValueError, match="more than 400 digits"):
        read_object(body)
