from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from authlib.common.urls import url_decode, url_encode
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import (
    FORM,
    HttpRequest,
    HttpResponse,
    Wire,
    encode_form,
    host_of,
    is_link_local,
    is_loopback,
    is_redirect,
    not_followed,
    parse_form,
    refuse_control_characters,
    split_form,
    split_origin,
)
from kit import canaries

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=8)


@given(PAIRS)
def test_a_form_is_encoded_as_authlib_encodes_it(pairs: list[tuple[str, str]]) -> None:
    assert encode_form(tuple(pairs)) == url_encode(pairs)


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT.filter(bool)), max_size=8))
def test_authlib_reads_an_encoded_form_as_it_was_meant(pairs: list[tuple[str, str]]) -> None:
    assert url_decode(encode_form(tuple(pairs))) == pairs


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=8))
def test_a_form_survives_encoding_and_parsing(pairs: list[tuple[str, str]]) -> None:
    assert parse_form(encode_form(tuple(pairs))) == tuple(pairs)


@given(st.text())
def test_reading_a_form_never_fails_and_keeps_values_verbatim(text: str) -> None:
    fields = split_form(text)
    assert [raw for _, raw in fields] == [p.partition("=")[2] for p in text.split("&") if p]
    assert len(parse_form(text)) == len(fields)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", ()),
        ("&&", ()),
        ("a", (("a", ""),)),
        ("a=", (("a", ""),)),
        ("=a", (("", "a"),)),
        ("a=b=c", (("a", "b=c"),)),
        ("a=1&a=2", (("a", "1"), ("a", "2"))),
        ("a=x+y%20z", (("a", "x y z"),)),
        ("%61=%3d%3D", (("a", "=="),)),
        ("a=1;b=2", (("a", "1;b=2"),)),
        ("a=%ff", (("a", "\ufffd"),)),
        ("a=%zz%", (("a", "%zz%"),)),
    ],
)
def test_a_form_is_split_as_browsers_do(text: str, fields: tuple[tuple[str, str], ...]) -> None:
    assert parse_form(text) == fields


def test_a_header_is_found_without_regard_to_case_and_the_first_one_counts() -> None:
    request = HttpRequest(method="GET", url="http://localhost", headers=(("A", "1"), ("a", "2")))
    response = HttpResponse(status=200, headers=(("Content-type", FORM),))
    assert request.header("a") == request.header("A") == "1"
    assert request.header("b") is None
    assert response.header("CONTENT-TYPE") == FORM


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("http://localhost", "/", ""),
        ("http://localhost?a=b", "/", "a=b"),
        ("http://localhost/?a=b#", "/", "a=b"),
        ("http://localhost/x/y?a=?#f?g", "/x/y", "a=?"),
        ("http://[::1]:80/%2F?%61", "/%2F", "%61"),
        ("http://[/x?a=b", "/x", "a=b"),
        ("http://localhost/?a=b\tc", "/", "a=b\tc"),
    ],
)
def test_path_and_query_are_taken_from_any_url_as_they_stand(
    url: str, path: str, query: str
) -> None:
    request = HttpRequest(method="GET", url=url)
    assert (request.path, request.query) == (path, query)


@given(st.from_regex(r"\Ahttp://[a-z]{1,5}(:[0-9]{1,4})?(/[a-z%;:@]*){0,3}(\?[a-z%/?=&@:]*)?\Z"))
def test_path_and_query_are_what_the_standard_library_finds(url: str) -> None:
    request = HttpRequest(method="GET", url=url)
    assert request.path == (urlsplit(url).path or "/")
    assert request.query == urlsplit(url).query


def test_the_repr_of_a_message_shows_neither_query_nor_body_nor_user() -> None:
    secret = canaries.CODE
    request = HttpRequest(
        method="POST",
        url=f"https://{secret}@host.example/path?code={secret}#{secret}",
        headers=(("Cookie", secret),),
        body=secret.encode(),
    )
    response = HttpResponse(
        status=200,
        reason=secret,
        headers=(("Set-Cookie", secret),),
        body=secret.encode(),
        wire=Wire(sent=secret.encode(), peer="127.0.0.1:443"),
    )
    assert repr(request) == f"<HttpRequest POST https://host.example/path, {len(secret)} bytes>"
    assert repr(response) == f"<HttpResponse 200, {len(secret)} bytes>"
    canaries.assert_clean([request, response, response.wire])


def test_how_a_message_came_makes_it_no_other() -> None:
    response, request = HttpResponse(status=200), HttpRequest(method="GET", url="http://localhost")
    assert response == replace(response, wire=Wire(peer="127.0.0.1:443"))
    assert request == replace(request, raw=b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    ("status", "is_one"), [(299, False), (300, True), (399, True), (400, False)]
)
def test_a_redirect_is_told_from_all_other_answers(status: int, is_one: bool) -> None:
    assert is_redirect(status) is is_one
    assert not_followed(status) == (": it is a redirect, which is not followed" if is_one else "")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user@Host.Example:8443/x", "host.example"),
        ("https://[::1]/", "::1"),
        ("/path", ""),
        ("https:///path", ""),
        ("https://[x/", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address_is_a_text_in_any_case(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://user@host:8443/x?a=b#c", "https://host:8443", "/x?a=b"),
        ("https://host", "https://host", "/"),
        ("https://host?", "https://host", "/?"),
        ("https://host/x#?a", "https://host", "/x"),
        ("https://host/x?#", "https://host", "/x?"),
    ],
)
def test_an_address_is_its_origin_and_what_stands_in_a_request_line(
    url: str, origin: str, target: str
) -> None:
    assert split_origin(url) == (origin, target)


@given(st.text())
def test_the_repr_of_a_request_never_fails(url: str) -> None:
    assert repr(HttpRequest(method="GET", url=url)).startswith("<HttpRequest GET ")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.255.255.255", "::1", "[::1]"]
)
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.evil.com",
        "evil-localhost",
        "localhost.",
        "127.0.0.1.evil.com",
        "127.1",
        "127.0.0.256",
        "127.0.0.-1",
        "127.0.0.٣",
        "127.0.0.²",
        "127.0.0.0001",
        "127.0.0.",
        "127.0.0." + "1" * 5000,
        "0.0.0.0",
        "128.0.0.1",
        "1270.0.1",
        "::",
        "::ffff:8.8.8.8",
        "10.0.0.1",
    ],
)
def test_these_hosts_are_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("169.254.169.254.evil.example", False),
        ("169.254.169", False),
        ("169.254.169.256", False),
        ("169.254.169.-1", False),
        ("169.254.169.0254", False),
        ("169.254.169.٣", False),
        ("169.254.169.²", False),
        ("169.254.169.", False),
        ("169.254.255.255", True),
        ("169.255.1.1", False),
        ("1169.254.1.1", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_a_link_local_address_is_told_from_all_others(host: str, is_one: bool) -> None:
    assert is_link_local(host) is is_one


@given(st.text())
def test_whether_a_host_is_this_machine_is_always_answered(host: str) -> None:
    assert is_loopback(host) in (True, False)


@pytest.mark.parametrize("character", ["\0", "\t", "\n", "\r", "\x1b", "\x7f", "\x9b", "\ud800"])
def test_a_control_character_is_refused_and_not_repeated(character: str) -> None:
    with canaries.refused(UsageError) as caught:
        refuse_control_characters("The state", canaries.STATE + character)
    assert caught.value.what == "The state holds a control character."


@pytest.mark.parametrize(
    ("last_refused", "next_good"), [("\x1f", " "), ("\x9f", "\xa0"), ("\udfff", "\ue000")]
)
@pytest.mark.parametrize(("first_refused", "good"), [("\x7f", "~"), ("\ud800", "\ud7ff")])
def test_what_is_just_beside_a_control_character_may_be_sent(
    last_refused: str, next_good: str, first_refused: str, good: str
) -> None:
    for character in (last_refused, first_refused):
        with canaries.refused(UsageError):
            refuse_control_characters("It", character)
    refuse_control_characters("It", next_good + good)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_every_other_character_may_be_sent(text: str) -> None:
    refuse_control_characters("It", text)
