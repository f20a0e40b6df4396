"""The proxy plays the hosts it knows, and cannot be made to do anything else."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from entra_oauth.errors import ConnectFailed, DestinationRefused, ExchangeBroken
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.faults import fault_rule
from entra_oauth.practice.server.host_names import CERTIFIED, CONSTRAINED, stands_in_for
from entra_oauth.practice.server.hosts import Hosted, serve
from entra_oauth.practice.server.proxy import Proxy
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest
from kit.practice import ALICE, PASSWORD, authorize_url

LOGIN = "login.microsoftonline.com"
ASKED = b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\nHost: x\r\n"
PLAYED = [
    LOGIN,
    "LOGIN.MicrosoftOnline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.windows.net",
    "sts.windows.net",
    "adb-1234567890123456.7.azuredatabricks.net",
    "adb-1234567890123456.19.azuredatabricks.net",
    "accounts.azuredatabricks.net",
    "adb-12.3.databricks.azure.us",
    "adb-12.3.databricks.azure.cn",
]
APIS = [
    "graph.microsoft.com",
    "graph.microsoft.us",
    "management.azure.com",
    "Management.Core.windows.net",
]
NOT_PLAYED = [
    "example.com:443",
    "login.microsoftonline.com.evil.example:443",
    "evil-login.microsoftonline.com:443",
    "azuredatabricks.net:443",
    "azuredatabricks.net.evil.example:443",
    f"{LOGIN}.:443",
    f"{LOGIN}:80",
    f"{LOGIN}:22",
    f"{LOGIN}:0443",
    LOGIN,
    ":443",
    "127.0.0.1:443",
    "localhost:443",
    "[::1]:443",
    "0:443",
    "169.254.169.254:443",
]


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant()


@pytest.fixture
def hosted(tenant: PracticeTenant) -> Iterator[Hosted]:
    with serve(tenant, proxy_port=0) as hosted:
        yield hosted


def _proxy(hosted: Hosted) -> Proxy:
    assert hosted.proxy is not None
    return hosted.proxy


def _connect(hosted: Hosted) -> socket.socket:
    return socket.create_connection(("127.0.0.1", _proxy(hosted).port), timeout=10)


def _head(sock: socket.socket) -> bytes:
    """The bytes up to the empty line, or up to the end."""
    answer = b""
    while b"\r\n\r\n" not in answer and (more := sock.recv(4096)):
        answer += more
    return answer


def _say(hosted: Hosted, request: bytes) -> bytes:
    with _connect(hosted) as sock:
        sock.sendall(request)
        return _head(sock)


def _tunnel(hosted: Hosted, host: str = LOGIN) -> ssl.SSLSocket:
    """A connection inside a tunnel, its certificate checked for that host."""
    sock = _connect(hosted)
    try:
        sock.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert _head(sock).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cafile=hosted.ca_file)
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


@pytest.mark.parametrize("host", PLAYED)
def test_a_known_host_is_played_under_its_own_name(host: str, hosted: Hosted) -> None:
    assert stands_in_for(host)
    url = f"https://{host}/common/v2.0/.well-known/openid-configuration"
    send = partial(http_send, ca_file=hosted.ca_file, proxy_port=_proxy(hosted).port)
    response = send(HttpRequest(method="GET", url=url))
    assert response.status == 200
    assert f'"issuer":"https://{host.lower()}/{{tenantid}}/v2.0"'.encode() in response.body
    assert _proxy(hosted).refused == ()


@pytest.mark.parametrize("host", APIS)
def test_the_host_of_an_api_answers_as_that_api(host: str, hosted: Hosted) -> None:
    assert stands_in_for(host)
    send = partial(http_send, ca_file=hosted.ca_file, proxy_port=_proxy(hosted).port)
    response = send(HttpRequest(method="GET", url=f"https://{host}/common/oauth2/v2.0/authorize"))
    assert response.status in (400, 401)
    assert (response.header("Content-Type") or "").startswith("application/json")
    assert _proxy(hosted).refused == ()


@pytest.mark.parametrize("target", NOT_PLAYED)
def test_every_other_host_and_port_is_refused(target: str, hosted: Hosted) -> None:
    answer = _say(hosted, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close" in answer
    assert _proxy(hosted).refused == (target,)


@pytest.mark.parametrize("target", ["http://example.com/", f"http://{LOGIN}/common/", "/"])
def test_plain_http_is_refused_with_a_reason(target: str, hosted: Hosted) -> None:
    host = target.split("/")[2] if "//" in target else "localhost"
    answer = _say(hosted, f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"does not carry plain http" in answer


METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"


@pytest.mark.parametrize(
    ("target", "is_played"),
    [
        (f"{METADATA}?api-version=2018-02-01&resource=https://vault.azure.net", True),
        ("http://169.254.169.254/", False),
        ("http://169.254.169.254:8080/metadata/identity/oauth2/token", False),
        ("http://169.254.169.254.evil.example/metadata/identity/oauth2/token", False),
        ("http://evil.example/metadata/identity/oauth2/token", False),
        (f"http://{LOGIN}/metadata/identity/oauth2/token", False),
    ],
)
def test_the_metadata_service_alone_is_played_without_tls_and_only_if_it_is_asked_for(
    target: str, is_played: bool, tenant: PracticeTenant, hosted: Hosted
) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: {target.split('/')[2]}\r\nMetadata: true\r\n\r\n"
    assert b"does not carry plain http" in _say(hosted, request.encode())
    with serve(tenant, proxy_port=0, plays_metadata=True) as machine:
        answer = _say(machine, request.encode())
    if is_played:
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"access_token"' in answer
    else:
        assert b"does not carry plain http" in answer


@pytest.mark.parametrize("host", ["token.actions.githubusercontent.com", "vstoken.dev.azure.com"])
def test_the_issuers_of_builds_are_played_and_their_neighbours_are_not(
    host: str, hosted: Hosted
) -> None:
    asked = "CONNECT {0}:443 HTTP/1.1\r\nHost: {0}:443\r\n\r\n"
    assert _say(hosted, asked.format(host).encode()).startswith(b"HTTP/1.1 200 ")
    for neighbour in (f"evil.{host}", f"{host}.evil.example", f"evil-{host}", "dev.azure.com"):
        assert _say(hosted, asked.format(neighbour).encode()).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"CONNECT  HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT login.microsoftonline.com:443 HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"CONNECT login.microsoftonline.com:443\r\n\r\n", 400),
        (ASKED + b"Content-Length: 5\r\n\r\n", 400),
        (ASKED + b"\r\nGET / HTTP/1.1\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"\x05\x01\x00", 400),
        (b"CONNECT " + b"a" * 70_000, 431),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", 431),
    ],
    ids=range(12),
)
def test_what_is_no_request_is_refused_and_the_next_client_served(
    request_bytes: bytes, status: int, hosted: Hosted
) -> None:
    assert _say(hosted, request_bytes).startswith(f"HTTP/1.1 {status} ".encode())
    with _tunnel(hosted) as tls:
        tls.sendall(f"GET /common/discovery/keys HTTP/1.1\r\nHost: {LOGIN}\r\n\r\n".encode())
        assert _head(tls).startswith(b"HTTP/1.1 200 ")


def test_a_tunnel_carries_many_requests(hosted: Hosted) -> None:
    with _tunnel(hosted) as tls:
        for _ in range(3):
            tls.sendall(f"HEAD /nothing HTTP/1.1\r\nHost: {LOGIN}\r\n\r\n".encode())
            assert _head(tls).startswith(b"HTTP/1.1 40")


@pytest.mark.parametrize("host", ["evil.example", "localhost", "graph.microsoft.com"])
def test_a_tunnel_leads_to_the_host_that_was_asked_for_and_to_no_other(
    host: str, hosted: Hosted
) -> None:
    with _tunnel(hosted) as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert _head(tls).startswith(b"HTTP/1.1 421 ")


def test_there_is_no_tunnel_in_a_tunnel(hosted: Hosted) -> None:
    with _tunnel(hosted) as tls:
        tls.sendall(f"CONNECT {LOGIN}:443 HTTP/1.1\r\nHost: {LOGIN}\r\n\r\n".encode())
        assert _head(tls).startswith(b"HTTP/1.1 400 ")


def test_whoever_says_nothing_in_a_tunnel_delays_nobody(hosted: Hosted) -> None:
    silent = [_connect(hosted) for _ in range(20)]
    try:
        for sock in silent:
            sock.sendall(f"CONNECT {LOGIN}:443 HTTP/1.1\r\nHost: {LOGIN}\r\n\r\n".encode())
            assert _head(sock).startswith(b"HTTP/1.1 200 ")
        silent[0].sendall(b"this is no TLS at all" * 10)
        started = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            for tls in pool.map(lambda _: _tunnel(hosted), range(16)):
                tls.close()
        assert time.monotonic() - started < 4
    finally:
        for sock in silent:
            sock.close()


# ---- faults at the proxy itself ----------------------------------------------------------


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_the_proxy_can_refuse_the_way_to_a_host_that_it_plays(
    status: int, tenant: PracticeTenant, hosted: Hosted
) -> None:
    tenant.faults.add(f"connect status={status} times=1")
    assert _say(hosted, ASKED + b"\r\n").startswith(f"HTTP/1.1 {status} ".encode())
    with _tunnel(hosted):
        pass
    assert _proxy(hosted).refused == ()


@pytest.mark.parametrize("word", ["drop", "reset"])
def test_the_proxy_can_end_the_connection_without_an_answer(
    word: str, tenant: PracticeTenant, hosted: Hosted
) -> None:
    tenant.faults.add(f"connect {word} match=host:{LOGIN}")
    with _connect(hosted) as sock:
        sock.sendall(ASKED + b"\r\n")
        if word == "reset":
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        else:
            assert sock.recv(1) == b""
    with _tunnel(hosted, "graph.microsoft.com"):
        pass


def test_the_proxy_can_take_its_time(tenant: PracticeTenant, hosted: Hosted) -> None:
    tenant.faults.add("connect delay=0.3 times=1")
    started = time.monotonic()
    with _tunnel(hosted):
        assert time.monotonic() - started >= 0.3


def test_a_proxy_that_takes_its_time_does_not_hold_up_the_end(
    tenant: PracticeTenant, hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = threading.Event()
    monkeypatch.setattr(fault_rule, "sleep", enough.wait)
    tenant.faults.add("connect delay=60")
    with _connect(hosted) as sock:
        sock.sendall(ASKED + b"\r\n")
        deadline = time.monotonic() + 10
        while not tenant.faults.rules[0][1] and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            started = time.monotonic()
            hosted.__exit__(None, None, None)
            assert time.monotonic() - started < 10
        finally:
            enough.set()


def test_a_program_without_the_certificate_does_not_talk_to_it(hosted: Hosted) -> None:
    send = partial(http_send, proxy_port=_proxy(hosted).port)
    with pytest.raises(ConnectFailed, match="SSLCertVerificationError"):
        send(HttpRequest(method="GET", url=f"https://{LOGIN}/"))


def test_the_built_in_browser_signs_in_through_it(hosted: Hosted) -> None:
    send = partial(http_send, ca_file=hosted.ca_file, proxy_port=_proxy(hosted).port)
    there = {"redirect_uri": "https://login.microsoftonline.com/common/oauth2/nativeclient"}
    page = PracticeBrowser(send, ALICE, PASSWORD).open(authorize_url(there))
    assert page.url.startswith(there["redirect_uri"])
    assert "code=1.A" in page.url


@pytest.mark.parametrize("url", ["http://login.microsoftonline.com/", "ftp://localhost/"])
def test_the_built_in_browser_goes_nowhere_else(url: str, hosted: Hosted) -> None:
    with pytest.raises(DestinationRefused):
        http_send(HttpRequest(method="GET", url=url), proxy_port=_proxy(hosted).port)


def test_what_it_refused_is_kept_once_and_not_for_ever(hosted: Hosted) -> None:
    for number in range(60):
        target = f"host{number % 55}.example:443"
        _say(hosted, f"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    refused = _proxy(hosted).refused
    assert len(refused) == len(set(refused)) <= 50


def test_a_fault_can_end_a_connection_inside_a_tunnel(hosted: Hosted) -> None:
    tenant = hosted._tenant
    assert isinstance(tenant, PracticeTenant)
    for word in ("drop", "reset", "truncate=5"):
        tenant.faults.clear()
        tenant.faults.add(f"keys {word}")
        send = partial(http_send, ca_file=hosted.ca_file, proxy_port=_proxy(hosted).port)
        with pytest.raises(ExchangeBroken):
            send(HttpRequest(method="GET", url=f"https://{LOGIN}/common/discovery/keys"))
    tenant.faults.clear()
    with _tunnel(hosted):
        pass


def test_the_certificate_vouches_for_what_is_played_and_its_authority_for_no_more() -> None:
    assert len(CERTIFIED) > 1
    assert len(CONSTRAINED) > 1
    for name in CERTIFIED[1:]:
        assert stands_in_for(name.replace("*", "adb-1"))
    for name in CONSTRAINED[1:]:
        assert stands_in_for(name) or stands_in_for(f"x.{name}")


def test_the_variables_of_a_tenant_lead_a_client_to_its_proxy() -> None:
    with PracticeTenant() as tenant:
        environ = tenant.env()
        port = int(environ["HTTPS_PROXY"].rpartition(":")[2])
        request = HttpRequest(method="GET", url=f"https://{LOGIN}/common/discovery/keys")
        response = http_send(request, ca_file=environ["SSL_CERT_FILE"], proxy_port=port)
        assert response.status == 200
        assert len({environ[n] for n in ("HTTPS_PROXY", "https_proxy", "http_proxy")}) == 1
