"""The proxy of the environment: which counts, whom it leaves out, and what cannot be used."""

from __future__ import annotations

import base64
import itertools
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack

import pytest

from entra_oauth.channels.https.environment_proxy import (
    EnvironmentProxy,
    environment_proxy,
    exception_for,
    exceptions_without_effect,
    offered_schemes,
)
from entra_oauth.errors import ConnectFailed, ProxyRefused, plain
from kit import needs
from kit.servers.raw_server import Peer, RawServer

URL = "https://a.example:8443/token"


def shown(value: str, url: str = URL, name: str = "HTTPS_PROXY") -> str | None:
    proxy = environment_proxy(url, {name: value})
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("environ", "expected", "source"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": "http://p"}, None, None),
        ({"HTTPS_PROXY": "http://p.example:8080"}, "http://p.example:8080", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "p.example:8080"}, "http://p.example:8080", "HTTPS_PROXY"),
        ({"https_proxy": "http://low", "HTTPS_PROXY": "http://up"}, "http://low", "https_proxy"),
        ({"https_proxy": "", "HTTPS_PROXY": "http://up"}, "http://up", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "", "all_proxy": ""}, None, None),
        ({"https_proxy": " ", "HTTPS_PROXY": "http://up"}, None, None),
        ({"ALL_PROXY": "http://all", "HTTPS_PROXY": "http://up"}, "http://up", "HTTPS_PROXY"),
        ({"ALL_PROXY": "http://all"}, "http://all", "ALL_PROXY"),
        ({"all_proxy": "http://low", "ALL_PROXY": "http://all"}, "http://low", "all_proxy"),
        ({"HTTPS_PROXY": "https://user:word@P.Example"}, "https://P.Example", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": " http://p.example\t"}, "http://p.example", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "HTTP://[::1]:3128/x"}, "http://[::1]:3128", "HTTPS_PROXY"),
    ],
)
def test_the_variable_that_counts_is_curls(
    environ: Mapping[str, str], expected: str | None, source: str | None
) -> None:
    proxy = environment_proxy(URL, environ)
    assert (proxy and proxy.url, proxy and proxy.source) == (expected, source)
    assert "word" not in repr(proxy)


NAMES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
ORDERS = [
    *((set(NAMES[first:]), set[str](), NAMES[first]) for first in range(4)),
    *((set(NAMES[first:]), set(NAMES[:first]), NAMES[first]) for first in range(1, 4)),
    (set[str](), set(NAMES), None),
    ({"HTTP_PROXY", "http_proxy"}, set[str](), None),
]
"""Variables that name a proxy, those that are empty, and the one that counts."""


@needs.curl
@pytest.mark.parametrize(("named", "empty", "counts"), ORDERS)
def test_curl_itself_takes_the_same_variable(
    named: set[str], empty: set[str], counts: str | None
) -> None:
    assert needs.CURL
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(RawServer(_refusing)) for name in named}
        direct = stack.enter_context(RawServer())
        environ = {name: f"http://127.0.0.1:{each.port}" for name, each in proxies.items()}
        environ |= dict.fromkeys(empty, "")
        found = environment_proxy(URL, environ)
        ends_here = f"::127.0.0.1:{direct.port}"
        command = [needs.CURL, "-sS", "-m", "5", "--connect-to", ends_here, URL]
        subprocess.run(command, env=environ, capture_output=True, timeout=90, check=False)
        asked = [name for name, each in proxies.items() if each.accepted]
        assert (asked, bool(direct.accepted)) == ([counts] if counts else [], counts is None)
    assert (found and found.source) == counts


def test_a_cgi_programs_http_proxy_is_the_askers() -> None:
    environ = {"HTTP_PROXY": "http://p"}
    assert environment_proxy("http://a.example/", environ)
    assert environment_proxy("http://a.example/", {**environ, "REQUEST_METHOD": "GET"}) is None


@pytest.mark.parametrize("host", ["localhost:8443", "127.0.0.1", "[::1]:1", "127.0.0.2"])
def test_this_machine_is_reached_without_a_proxy(host: str) -> None:
    assert shown("http://p.example", f"https://{host}/") is None


EXCEPTIONS = [
    ("foo.example", "foo.example", True),
    ("foo.example", "a.foo.example", True),
    (".foo.example", "foo.example", True),
    ("FOO.example", "foo.Example", True),
    ("foo.example", "notfoo.example", False),
    ("*.foo.example", "a.foo.example", False),
    ("*", "foo.example", True),
    (" * ", "foo.example", False),
    ("a.b,*", "foo.example", False),
    ("x foo.example", "foo.example", True),
    ("x\tfoo.example", "foo.example", True),
    ("foo.example ,x", "foo.example", True),
    ("x, foo.example", "foo.example", True),
    ("x;foo.example", "foo.example", False),
    ("foo.example:8443", "foo.example", False),
    ("foo.example.", "foo.example", True),
    ("10.0.0.0/8", "10.1.2.3", True),
    ("10.0.0.0/8", "11.1.2.3", False),
    ("10.9.9.9/8", "10.1.2.3", True),
    ("10.9.9.9/8", "11.1.2.3", False),
    ("10.1.2.3", "10.1.2.3", True),
    ("10.1.2.3:8443", "10.1.2.3", False),
    ("10.*", "10.1.2.3", False),
    ("3", "10.1.2.3", False),
    ("2001:db8::1", "[2001:db8::1]", True),
    ("", "foo.example", False),
]


@pytest.mark.parametrize(("value", "host", "direct"), EXCEPTIONS)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_read_as_curl_reads_it(name: str, value: str, host: str, direct: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p.example", name: value}
    assert (environment_proxy(f"https://{host}:8443/", environ) is None) is direct


@pytest.mark.parametrize(("host", "direct"), [("[2001:db8:9::1]", True), ("[2001:db9::1]", False)])
def test_a_network_of_ipv6_addresses_counts_though_curl_7_passes_it_by(
    host: str, direct: bool
) -> None:
    environ = {"HTTPS_PROXY": "http://p.example", "NO_PROXY": "2001:db8::/32"}
    assert (environment_proxy(f"https://{host}:8443/", environ) is None) is direct


@needs.curl
@pytest.mark.parametrize(("value", "host", "direct"), EXCEPTIONS)
def test_curl_itself_reads_no_proxy_so(value: str, host: str, direct: bool) -> None:
    """`--connect-to` keeps the direct way on this machine too."""
    assert needs.CURL
    with RawServer(_refusing) as proxy, RawServer() as direct_way:
        environ = {"http_proxy": f"http://127.0.0.1:{proxy.port}", "no_proxy": value}
        ends_here = f"::127.0.0.1:{direct_way.port}"
        command = [needs.CURL, "-sS", "-m", "5", "--connect-to", ends_here, f"http://{host}:8443/"]
        subprocess.run(command, env=environ, capture_output=True, timeout=90, check=False)
        went_direct = bool(direct_way.accepted)
    assert went_direct is direct


@pytest.mark.parametrize(("lower", "direct"), [("", True), ("x", False), (None, True)])
@needs.curl
def test_an_empty_no_proxy_is_none_for_curl_too(lower: str | None, direct: bool) -> None:
    assert needs.CURL
    with RawServer(_refusing) as proxy, RawServer() as direct_way:
        environ = {"all_proxy": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "a.example"}
        environ |= {} if lower is None else {"no_proxy": lower}
        ends_here = f"::127.0.0.1:{direct_way.port}"
        command = [needs.CURL, "-sS", "-m", "5", "--connect-to", ends_here, URL]
        subprocess.run(command, env=environ, capture_output=True, timeout=90, check=False)
        assert bool(direct_way.accepted) is direct
    assert (environment_proxy(URL, environ) is None) is direct


def _refusing(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")


def test_what_has_no_effect_in_no_proxy_is_listed() -> None:
    idle = ["*.foo.example", "foo.example:8443", "x;y", "127.", "<local>", "10.*"]
    fine = ["foo.example", ".bar.example", "10.1.2.3/8", "2001:db8::1", "a_b"]
    mixed = ", ".join(itertools.chain(*zip(idle, fine, strict=False), idle[5:]))
    found = exceptions_without_effect({"NO_PROXY": mixed})
    assert sorted(found) == sorted(["*.foo.example", "127", *idle[1:3], *idle[4:]])
    assert exceptions_without_effect({"NO_PROXY": "*"}) == ()
    (cut,) = exceptions_without_effect({"NO_PROXY": "*" * 61})
    assert cut == plain("*" * 61, limit=60) != plain("*" * 61, limit=61)
    assert exceptions_without_effect({}) == ()


@pytest.mark.parametrize(
    ("lines", "schemes"),
    [
        ([], []),
        ([""], []),
        (["Basic realm=x"], ["Basic"]),
        (["Negotiate, NTLM, , Basic realm=a"], ["Negotiate", "NTLM", "Basic"]),
        (["Negotiate", "NTLM", "NTLM"], ["Negotiate", "NTLM"]),
        (['Digest realm="a, b=c", qop="auth"'], ["Digest"]),
        (["A, B, C, D, E, F, G"], ["A", "B", "C", "D", "E", "F"]),
        (["x" * 30], ["x" * 30]),
        (["x" * 31], [plain("x" * 31, limit=30)]),
    ],
)
def test_the_ways_that_a_proxy_offers_are_named_in_their_order(
    lines: list[str], schemes: list[str]
) -> None:
    assert offered_schemes(lines) == schemes


CREDENTIALS = {
    "plain": ("user:word", b"user:word"),
    "percent-encoded": ("u%40corp:p%23%2F%3F%40w", b"u@corp:p#/?@w"),
    "UTF-8, encoded": ("u:%C3%A4", b"u:\xc3\xa4"),
    "UTF-8, raw": ("u:ä", b"u:\xc3\xa4"),
    "a byte that is no UTF-8": ("u:%E4", b"u:\xe4"),
    "a plus": ("u:a+b", b"u:a+b"),
    "a colon": ("u:a:b", b"u:a:b"),
    "no password": ("user", b"user:"),
    "an empty password": ("user:", b"user:"),
    "a percent that escapes nothing": ("u:100%", b"u:100%"),
}


@pytest.mark.parametrize(("given", "sent"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_credentials_are_sent_byte_for_byte(given: str, sent: bytes) -> None:
    proxy = environment_proxy(URL, {"HTTPS_PROXY": f"http://{given}@p.example"})
    assert proxy
    basic = base64.b64encode(sent).decode()
    assert proxy.headers == {"Proxy-Authorization": f"Basic {basic}"}
    assert given not in f"{proxy!r} {proxy.url}"


@needs.curl
@pytest.mark.parametrize(("given", "sent"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_curl_itself_sends_the_same_bytes(given: str, sent: bytes) -> None:
    assert needs.CURL
    with RawServer(_refusing) as proxy:
        address = f"http://{given}@127.0.0.1:{proxy.port}"
        command = [needs.CURL, "-sS", "-m", "5", "-x", address, "http://a.example/"]
        subprocess.run(command, env={}, capture_output=True, timeout=90, check=False)
        (request,) = proxy.requests
    assert b"Proxy-Authorization: Basic " + base64.b64encode(sent) in request


def test_without_credentials_no_header_goes_out() -> None:
    proxy = environment_proxy(URL, {"HTTPS_PROXY": "http://p.example"})
    assert proxy
    assert proxy.headers == {}
    assert EnvironmentProxy(scheme="socks5h", place="p", source="x", user=b"u").headers == {}


@pytest.mark.parametrize("host", ["localhost.", "127.0.0.1.", "a.example."])
def test_a_dot_at_the_end_of_a_host_changes_nothing(host: str) -> None:
    environ = {"HTTPS_PROXY": "http://p.example", "NO_PROXY": "a.example"}
    assert environment_proxy(f"https://{host}/token", environ) is None


def test_a_proxy_that_speaks_http_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "entra_oauth.channels.https.environment_proxy.find_spec"
    monkeypatch.setattr(path, lambda name: None)
    assert environment_proxy(URL, {"HTTPS_PROXY": "http://p.example"})


UNUSABLE = {
    "a raw @": ("http://user:p@CanaryWord#w@127.0.0.1:9", "raw @, #, / or ?"),
    "a raw @ alone": ("http://user:p@CanaryWord@127.0.0.1:9", "raw @, #, / or ?"),
    "a raw #": ("http://user:CanaryWord#w@p.example:9", "raw @, #, / or ?"),
    "a raw /": ("http://user:CanaryWord/w@p.example:9", "raw @, #, / or ?"),
    "a raw ?": ("user:CanaryWord?w@p.example:9", "raw @, #, / or ?"),
    "a raw blank": ("http://user:Canary Word@p.example:9", "blank or a control character"),
    "an encoded line break": ("http://u:CanaryWord%0A@p.example:9", "blank or a control"),
    "an encoded null": ("http://u:CanaryWord%00@p.example:9", "blank or a control"),
    "no host": ("http://user:CanaryWord@", "HTTPS_PROXY gives is malformed"),
    "nothing behind the scheme": ("http://", "malformed"),
    "a scheme without strokes": ("http:", "malformed"),
    "a broken bracket": ("http://user:CanaryWord@[bad", "malformed"),
    "a port that is none": ("http://user:CanaryWord@127.0.0.1:port", "malformed"),
    "a port that is too large": ("http://127.0.0.1:99999", "malformed"),
    "another kind": ("gopher://user:CanaryWord@127.0.0.1:70", "kind of proxy"),
}


@pytest.mark.parametrize(("value", "said"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_used_is_refused_and_no_part_of_it_is_shown(value: str, said: str) -> None:
    with pytest.raises(ProxyRefused) as caught:
        environment_proxy(URL, {"HTTPS_PROXY": value})
    error = caught.value
    assert isinstance(error, ConnectFailed)
    assert said in error.what
    assert "HTTPS_PROXY" in str(error)
    assert error.what.startswith("The proxy on the way to a.example:8443 cannot be used: ")
    assert error.advice.endswith("Nothing was sent.")
    told = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
    assert "Canary" not in told
    assert "p.example" not in told


@pytest.mark.parametrize(
    ("platform", "environ", "bypassed", "url"),
    [
        ("win32", {}, False, "http://of.the.system:8080"),
        ("darwin", {}, False, "http://of.the.system:8080"),
        ("win32", {}, True, None),
        ("win32", {"NO_PROXY": "other.example"}, False, None),
        ("win32", {"HTTPS_PROXY": ""}, False, "http://of.the.system:8080"),
        ("win32", {"HTTPS_PROXY": "http://p"}, False, "http://p"),
        ("linux", {}, False, None),
        ("linux", {"HTTPS_PROXY": ""}, False, None),
    ],
)
def test_the_proxy_of_the_system_counts_where_the_environment_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    environ: Mapping[str, str],
    bypassed: bool,
    url: str | None,
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    of_the_system = {"https": "http://of.the.system:8080", "http": "http://other"}
    monkeypatch.setattr("urllib.request.getproxies", lambda: of_the_system)
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: bypassed, raising=False)
    proxy = environment_proxy(URL, environ)
    assert (proxy and proxy.url) == url
    assert environment_proxy(URL.replace("https", "ftp"), {}) is None


NAMED = ("HTTPS_PROXY", "NO_PROXY")


@pytest.mark.parametrize(
    ("url", "environ", "told"),
    [
        (URL, {"HTTPS_PROXY": "http://p", "NO_PROXY": "a.example"}, ("HTTPS_PROXY", "NO_PROXY")),
        (URL, {"ALL_PROXY": "http://p", "no_proxy": "*"}, ("ALL_PROXY", "no_proxy")),
        (URL, {"HTTPS_PROXY": "http://p", "NO_PROXY": "b.example"}, None),
        (URL, {"NO_PROXY": "a.example"}, None),
        (URL, {"https_proxy": " ", "ALL_PROXY": "http://p", "NO_PROXY": "*"}, None),
        (
            "http://a.example/",
            {"HTTP_PROXY": "http://p", "NO_PROXY": "*", "REQUEST_METHOD": "GET"},
            None,
        ),
        ("https://a.example./", {"HTTPS_PROXY": "http://p", "NO_PROXY": "a.example"}, NAMED),
        ("https:///x", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, NAMED),
        ("https://[", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, None),
    ],
)
def test_a_proxy_that_is_passed_by_is_the_one_that_would_have_counted(
    url: str, environ: Mapping[str, str], told: tuple[str, str] | None
) -> None:
    assert exception_for(url, environ) == told
