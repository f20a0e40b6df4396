"""Redirect URIs: the ones that match, and an answer put on one."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.practice.request.redirects import matches, origin_of, reply_url


@pytest.mark.parametrize(
    ("registered", "sent", "expected"),
    [
        ("http://localhost", "http://localhost", True),
        ("http://localhost", "http://localhost:1", True),
        ("http://localhost", "http://localhost:65535", True),
        ("http://localhost", "http://localhost/", True),
        ("http://localhost/", "http://localhost:8400", True),
        ("http://localhost:3000/a", "http://localhost/a", True),
        ("https://localhost/a", "https://localhost:8443/a", True),
        ("http://127.0.0.1/ip", "http://127.0.0.1:9/ip", True),
        ("http://localhost/a?x=1", "http://localhost:5/a?x=1", True),
        ("https://app.example/cb", "https://app.example/cb", True),
        ("myapp://auth", "myapp://auth", True),
        ("http://localhost", "https://localhost", False),
        ("http://localhost", "http://localhost:65536", False),
        ("http://localhost", "http://localhost:", False),
        ("http://localhost", "http://localhost:80x", False),
        ("http://localhost", "http://localhost:٣", False),
        ("http://localhost", "http://LOCALHOST", False),
        ("http://localhost", "HTTP://localhost", False),
        ("http://localhost", "http://127.0.0.1", False),
        ("http://127.0.0.1/ip", "http://localhost/ip", False),
        ("http://localhost", "http://[::1]", False),
        ("http://localhost", "http://localhost.", False),
        ("http://localhost", "http://localhost.evil.example", False),
        ("http://localhost", "http://localhost@evil.example", False),
        ("http://localhost", "http://localhost:80@evil.example", False),
        ("http://localhost", "http://evil.example", False),
        ("http://localhost", "http://localhost/callback", False),
        ("http://localhost", "http://localhost//", False),
        ("http://localhost", "http://localhost?x=1", False),
        ("http://localhost", "http://localhost#", False),
        ("http://localhost", "http://localhost\n", False),
        ("http://localhost", " http://localhost", False),
        ("http://localhost", "http://localhost\\@evil.example", False),
        ("http://localhost", "", False),
        ("http://localhost/a", "http://localhost/A", False),
        ("http://localhost/a", "http://localhost/a/", False),
        ("http://localhost/a", "http://localhost/a/../a", False),
        ("http://localhost/a", "http://localhost/%61", False),
        ("https://app.example/cb", "https://app.example/CB", False),
        ("https://app.example/cb", "https://app.example:444/cb", False),
        ("https://app.example/cb", "https://app.example:443/cb", False),
        ("https://app.example", "https://app.example/", False),
        ("https://app.example/cb", "https://app.example/cb?x", False),
    ],
)
def test_a_redirect_uri_matches_as_text_but_for_the_port_of_localhost(
    registered: str, sent: str, expected: bool
) -> None:
    assert matches(registered, sent) is expected


_PATHS = st.from_regex(r"(/[A-Za-z0-9._~%-]{1,8}){1,3}", fullmatch=True)


@given(port=st.integers(0, 65535), path=_PATHS)
def test_every_port_of_localhost_matches(port: int, path: str) -> None:
    assert matches(f"http://localhost{path}", f"http://localhost:{port}{path}")


@given(registered=_PATHS, sent=_PATHS)
def test_a_path_matches_only_itself(registered: str, sent: str) -> None:
    same = registered == sent
    assert matches(f"http://localhost{registered}", f"http://localhost:81{sent}") is same


@given(st.text(max_size=60))
def test_whatever_matches_localhost_goes_to_localhost(sent: str) -> None:
    for prefix in ("", "http://localhost", "http://localhost:"):
        uri = prefix + sent
        if matches("http://localhost", uri):
            parts = urlsplit(uri)
            assert (parts.scheme, parts.hostname, parts.path) in (
                ("http", "localhost", ""),
                ("http", "localhost", "/"),
            )


@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.text()).map(
            lambda f: (
                f[0].encode("utf-8", "replace").decode(),
                f[1].encode("utf-8", "replace").decode(),
            )
        ),
        max_size=5,
    )
)
def test_what_is_put_on_a_url_can_be_read_from_it(fields: list[tuple[str, str]]) -> None:
    url = reply_url("http://localhost:8400/cb", tuple(fields), "query")
    assert url.isascii()
    assert url.count("#") == 1
    assert url.endswith("#")
    assert parse_qsl(url[url.index("?") + 1 : -1], keep_blank_values=True) == fields


def test_a_registered_query_is_kept() -> None:
    assert reply_url("http://localhost/a?x=1", (("code", "c"),), "query") == (
        "http://localhost/a?x=1&code=c#"
    )
    assert reply_url("http://localhost?x=1", (("code", "c"),), "fragment") == (
        "http://localhost/?x=1#code=c"
    )


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("http://localhost:8400/cb", "http://localhost:8400"),
        ("https://app.example/cb?x=1", "https://app.example"),
        ("myapp://auth", "myapp://auth"),
        ("urn:ietf:wg:oauth:2.0:oob", "urn:"),
    ],
)
def test_the_origin_for_the_forms_policy(uri: str, origin: str) -> None:
    assert origin_of(uri) == origin
