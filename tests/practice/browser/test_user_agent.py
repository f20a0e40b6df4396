"""The browser without a screen does what a browser does, and goes nowhere else."""

from __future__ import annotations

import errno
import http.client
import ssl

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import ConnectFailed, DestinationRefused, ExchangeBroken, UnexpectedAnswer
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.practice import ALICE, PASSWORD


class _Site:
    """Answers by path; remembers what was asked."""

    def __init__(self, answers: dict[str, HttpResponse]) -> None:
        self.answers = answers
        self.asked: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return self.answers[request.path]


def _go(location: str, status: int = 302, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=status, headers=(("Location", location), *headers))


def _page(html: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status=200, headers=headers, body=html.encode())


def test_redirects_are_followed_with_cookies_of_the_same_origin() -> None:
    site = _Site(
        {
            "/a": _go("/b", 302, ("Set-Cookie", "one=1; Path=/"), ("Set-Cookie", "two=2")),
            "/b": _go("https://other.example/c#x"),
            "/c": _go("https://site.example/d", 302, ("Set-Cookie", "three=3")),
            "/d": _go("/e", 302, ("Set-Cookie", "one=; Max-Age=0")),
            "/e": _page("end"),
        }
    )
    page = PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/a")
    assert (page.status, page.url, page.text) == (200, "https://site.example/e", "end")
    assert [r.header("Cookie") for r in site.asked] == [
        None,
        "one=1; two=2",
        None,
        "one=1; two=2",
        "two=2",
    ]
    assert site.asked[2].url == "https://other.example/c"


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST")])
def test_a_redirect_after_a_form_keeps_the_method_only_if_it_says_so(
    status: int, method: str
) -> None:
    site = _Site(
        {
            "/": _page('<form method="post" action="/f"><input type="hidden" name="a" value="1">'),
            "/f": _go("/end", status),
            "/end": HttpResponse(status=204),
        }
    )
    PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/")
    assert site.asked[1].body == b"a=1"
    assert site.asked[1].header("Origin") == "https://site.example"
    assert (site.asked[2].method, site.asked[2].body) == (method, b"a=1" * (method == "POST"))


def test_a_form_for_another_origin_says_null_as_chromium_does() -> None:
    site = _Site(
        {
            "/": _page('<form method="POST" action="http://localhost:1/cb"></form>'),
            "/cb": HttpResponse(status=204),
        }
    )
    PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/")
    assert site.asked[1].header("Origin") == "null"


def test_values_are_read_as_html_and_sent_as_a_form() -> None:
    value = "&quot;&lt;é&amp;amp;+ %"
    site = _Site(
        {
            "/": _page(
                f'<form method=post action=/f><input type=hidden name="a&amp;b" value="{value}">'
            ),
            "/f": HttpResponse(status=204),
        }
    )
    PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/")
    assert site.asked[1].body == b"a%26b=%22%3C%C3%A9%26amp%3B%2B+%25"


def test_a_page_without_a_form_is_the_end_and_so_is_an_error_page_with_one() -> None:
    site = _Site({"/": HttpResponse(status=400, body=b"<form action=/f></form>")})
    assert PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/").status == 400
    assert len(site.asked) == 1


def test_only_the_frames_of_a_fault_are_looked_into() -> None:
    asked: list[str] = []
    frames = (
        '<iframe src="/other"></iframe><iframe srcdoc="hello"></iframe>'
        '<iframe name="visit" src="/first"></iframe><iframe src="about:blank"></iframe>'
        '<iframe name="visit" srcdoc="&lt;form method=post action=/second>"></iframe>'
    )

    def send(request: HttpRequest) -> HttpResponse:
        asked.append(f"{request.method} {request.url}")
        return _page(frames if request.url == "http://a/" else "done")

    page = PracticeBrowser(send, "alice", "x").open("http://a/")
    assert asked == ["GET http://a/", "GET http://a/first", "POST http://a/second"]
    assert (page.url, page.text) == ("http://a/second", "done")


def test_a_frame_in_which_nobody_answers_is_no_failure_of_the_page() -> None:
    def send(request: HttpRequest) -> HttpResponse:
        if request.url == "http://a/":
            return _page('<iframe name="visit" src="http://b/?code=1"></iframe>')
        raise ConnectFailed("Nobody.", advice="Wait.")

    page = PracticeBrowser(send, "alice", "x").open("http://a/")
    assert (page.status, page.url) == (502, "http://b/?code=1")


def test_a_way_without_an_end_is_given_up() -> None:
    site = _Site({"/": _go("/")})
    with pytest.raises(UnexpectedAnswer):
        PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/")


def test_the_repr_of_a_page_does_not_show_the_code() -> None:
    site = _Site({"/": _page("secret-text")})
    page = PracticeBrowser(site, ALICE, PASSWORD).open("https://site.example/?code=secret-code")
    assert "secret" not in repr(page)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://login.microsoftonline.com/",
        "http://localhost.evil.example/",
        "http://user@evil.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_it_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(DestinationRefused):
        http_send(HttpRequest(method="GET", url=url))


def test_a_request_arrives_as_it_was_given() -> None:
    site = _Site({"/p": HttpResponse(status=200, headers=(("X-A", "b"),), body=b"body")})
    with LoopbackHost(site) as host:
        response = http_send(
            HttpRequest(
                method="POST",
                url=f"http://127.0.0.1:{host.port}/p?q=%2F",
                headers=(("Content-Type", "text/plain"),),
                body=b"hello",
            )
        )
    assert (response.status, response.header("x-a"), response.body) == (200, "b", b"body")
    (asked,) = site.asked
    assert (asked.method, asked.query, asked.body) == ("POST", "q=%2F", b"hello")
    assert asked.header("Content-Type") == "text/plain"


def test_nobody_there_and_a_broken_answer_are_told_apart() -> None:
    with LoopbackHost(lambda _: HttpResponse(status=200, headers=(("Bad", "\n"),))) as host:
        port = host.port
        url = f"http://127.0.0.1:{port}/"
        assert http_send(HttpRequest(method="GET", url=url)).status == 500
    with pytest.raises(ConnectFailed):
        http_send(HttpRequest(method="GET", url=url), timeout_s=5)


@pytest.mark.parametrize(
    ("fault", "told", "advice"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "ConnectionRefusedError", "is running"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is", "ip link set lo up"),
        (OSError(errno.ENETDOWN, "Network is down"), "Network is down", "ip link set lo up"),
        (ssl.SSLCertVerificationError(1, "x"), "SSLCertVerification", "certificate is trusted"),
    ],
    ids=["nobody", "no way", "down", "certificate"],
)
def test_what_keeps_a_page_away_is_told_with_what_to_do(
    fault: OSError, told: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: object) -> None:
        raise fault

    monkeypatch.setattr(http.client.HTTPConnection, "connect", fail)
    with pytest.raises(ConnectFailed) as error:
        http_send(HttpRequest(method="GET", url="http://127.0.0.1:9/"))
    assert told in error.value.what
    assert advice in error.value.advice
    assert ("certificate" in error.value.advice) is ("SSL" in told)


def test_a_connection_that_ends_early_is_said() -> None:
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            peer, _ = server.accept()
            peer.recv(1000)
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(ExchangeBroken):
            http_send(HttpRequest(method="GET", url=url), timeout_s=10)
        thread.join()
