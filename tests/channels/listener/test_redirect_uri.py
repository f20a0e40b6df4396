"""Redirect URIs of this machine: taken apart, never normalised."""

from __future__ import annotations

import pytest

from entra_oauth.channels.listener.redirect_latch import LoopbackUri
from entra_oauth.errors import UsageError


@pytest.mark.parametrize(
    ("uri", "port", "path", "sent"),
    [
        ("http://localhost", None, "/", "http://localhost:9"),
        ("http://localhost/", None, "/", "http://localhost:9/"),
        ("http://localhost/My%2fApp/", None, "/My%2fApp/", "http://localhost:9/My%2fApp/"),
        ("http://localhost:8400/cb", 8400, "/cb", "http://localhost:9/cb"),
        ("http://localhost:80", 80, "/", "http://localhost:9"),
        ("http://127.0.0.1/a", None, "/a", "http://127.0.0.1:9/a"),
        ("http://[::1]:7", 7, "/", "http://[::1]:9"),
        ("http://localhost?a=b", None, "/", "http://localhost:9?a=b"),
        ("http://localhost/x?a=/", None, "/x", "http://localhost:9/x?a=/"),
    ],
)
def test_a_loopback_uri_keeps_its_spelling(
    uri: str, port: int | None, path: str, sent: str
) -> None:
    parsed = LoopbackUri.parse(uri)
    assert (parsed.port, parsed.path) == (port, path)
    assert parsed.with_port(9) == sent
    assert parsed.with_port(parsed.port) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "localhost",
        "//localhost",
        "https://localhost",
        "HTTP://localhost",
        "http://LOCALHOST",
        "http://localhost.example",
        "http://localhost.",
        "http://example.com/localhost",
        "http://127.0.0.2",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::1",
        "http://::1",
        "http://user@localhost",
        "http://localhost@example.com",
        "http://localhost:",
        "http://localhost:0",
        "http://localhost:080",
        "http://localhost:65536",
        "http://localhost:http",
        "http://localhost:80:80",
        "http://localhost/#",
        "http://localhost/#code",
        "http://localhost#",
        "http://localhost/a b",
        "http://localhost/ä",
        'http://localhost/"',
        "http://localhost\\evil",
        " http://localhost",
        "http://localhost\n",
        "http://local\thost",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_any_other_uri_is_refused(uri: str) -> None:
    with pytest.raises(UsageError):
        LoopbackUri.parse(uri)
