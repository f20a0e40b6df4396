"""A proxy of the environment: used for remote hosts, never for this machine, and said first.

The remote host is a made-up name that only the proxy knows: it leads every
CONNECT to a TLS server of the test.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator

import pytest

from entra_oauth.channels.base import Channels, NoFront
from entra_oauth.channels.https import environment_proxy as module
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.https.environment_proxy import environment_proxy
from entra_oauth.errors import ConnectFailed, DeadlineExceeded, ProxyRefused, TlsFailed
from entra_oauth.flows.patience import send_patiently
from kit import needs
from kit.back_channels import BODY, a_back, eventually, token_post
from kit.canaries import found_in, refused
from kit.servers import tunnel
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, Script, answer, answering, each, hearing, silent

REMOTE = "https://login.test.example"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def remote(ca: CertificateAuthority) -> Iterator[RawServer]:
    with RawServer(tls=ca.server("login.test.example")) as server:
        yield server


@pytest.fixture
def back(ca: CertificateAuthority) -> Iterator[RequestsBack]:
    with a_back(ca_bundle=str(ca.bundle)) as one:
        yield one


def leading_to(server: RawServer) -> Script:
    """A CONNECT proxy, all of whose tunnels end at one server."""

    def play(peer: Peer) -> None:
        if not peer.request().startswith(b"CONNECT "):
            peer.send(b"HTTP/1.1 405 No\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            peer.send(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            tunnel.join(peer.sock, onward)

    return play


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_request_to_a_remote_host_goes_through_the_proxy(
    variable: str, remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(leading_to(remote)) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        response = back.send(token_post(REMOTE), timeout_s=10)
        again = back.send(token_post(REMOTE), timeout_s=10)
    (connect,) = proxy.requests
    assert connect.startswith(b"CONNECT login.test.example:443 HTTP/1.")
    assert found_in(connect) == []
    assert (response.status, again.status) == (200, 200)
    assert response.wire is not None
    assert remote.requests == [response.wire.sent] * 2
    assert remote.requests[0].endswith(BODY.encode())
    assert b"CONNECT" not in response.wire.sent
    assert response.wire.tunnel_sent == connect
    assert response.wire.tunnel_received.startswith(b"HTTP/1.1 200 Connection established\r\n")
    assert response.wire.peer == f"127.0.0.1:{proxy.port}"
    assert response.wire.proxy == f"http://127.0.0.1:{proxy.port}"
    assert response.wire.tls_version == "TLSv1.3"


def test_a_proxy_without_a_scheme_is_one_too(
    remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(leading_to(remote)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        response = back.send(token_post(REMOTE), timeout_s=10)
    assert response.wire is not None
    assert response.wire.proxy == f"http://127.0.0.1:{proxy.port}"


def test_it_is_said_once_and_before_anything_is_sent_without_user_and_password(
    ca: CertificateAuthority, remote: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []

    def noted(peer: Peer) -> None:
        happened.append("a connection")
        leading_to(remote)(peer)

    with RawServer(noted) as proxy, a_back(ca_bundle=str(ca.bundle), say=happened.append) as back:
        monkeypatch.setenv("HTTPS_PROXY", f"http://someone:p%40ss@127.0.0.1:{proxy.port}/x")
        response = back.send(token_post(REMOTE), timeout_s=10)
        back.send(token_post(REMOTE), timeout_s=10)
    place = f"http://127.0.0.1:{proxy.port}"
    assert happened == [f"Requests go through the proxy {place}.", "a connection"]
    assert response.wire is not None
    assert response.wire.proxy == place
    expected = base64.b64encode(b"someone:p@ss")
    assert b"Proxy-Authorization: Basic " + expected in proxy.requests[0]
    assert b"Proxy-Authorization" not in response.wire.sent
    assert [b"Authorization" in each for each in remote.requests] == [False, False]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", pytest.param("[::1]", marks=needs.ipv6)]
)
def test_a_proxy_is_never_used_for_this_machine(
    host: str, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as proxy, RawServer(address="::1" if "[" in host else "127.0.0.1") as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.port}")
        back.send(token_post(f"http://{host}:{server.port}"), timeout_s=5)
        assert (len(server.requests), proxy.accepted) == (1, 0)


def test_http_proxy_is_for_plain_requests_and_gets_the_whole_url(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        response = back.send(token_post("http://plain.test.example"), timeout_s=5)
    assert response.wire is not None
    assert proxy.requests == [response.wire.sent]
    assert proxy.requests[0].startswith(b"POST http://plain.test.example/a1bc2d34")


def test_no_proxy_is_obeyed(back: RequestsBack, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "other.example,.invalid")
        with refused(ConnectFailed) as caught:
            back.send(token_post("https://login.invalid"), timeout_s=5)
        assert "proxy" not in caught.value.what
        assert proxy.accepted == 0


def test_with_a_proxy_nothing_is_connected_beforehand(
    remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(leading_to(remote)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        back.warm(REMOTE)
        back.send(token_post(REMOTE), timeout_s=10)
    # In order, in one thread: a warm-up that connected would have made the first of two.
    assert (proxy.accepted, remote.accepted) == (1, 1)


def refusing(status: str) -> Script:
    return each(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


def wanting(*offers: str) -> Script:
    """A proxy that wants a user, and offers these ways."""
    lines = "".join(f"Proxy-Authenticate: {offer}\r\n" for offer in offers)
    return each(f"HTTP/1.1 407 No\r\n{lines}Content-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("offers", "user", "named", "advice"),
    [
        (["Negotiate, NTLM"], "", "and offers Negotiate, NTLM.", "such as px or cntlm"),
        (["Negotiate", "NTLM"], "u:CanaryProxy@", "and offers Negotiate, NTLM.", "px or cntlm"),
        (['Basic realm="a, b"'], "", "and offers Basic.", "http://USER:PASSWORD@127.0.0.1:"),
        (["NTLM", "Basic"], "u:CanaryProxy@", "and offers NTLM, Basic.", "did not take those of"),
        ([], "", "(407 Proxy Authentication Required).", "USER:PASSWORD"),
    ],
)
@pytest.mark.parametrize("address", [REMOTE, "http://plain.test.example"])
def test_a_proxy_that_wants_a_sign_in_is_told_with_what_it_offers_and_asked_once(
    address: str,
    offers: list[str],
    user: str,
    named: str,
    advice: str,
    back: RequestsBack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    channels = Channels(front=NoFront(), back=back, say=said.append)
    with RawServer(wanting(*offers)) as proxy:
        monkeypatch.setenv("all_proxy", f"http://{user}127.0.0.1:{proxy.port}")
        with refused(ProxyRefused) as caught:
            send_patiently(token_post(address), back, channels, timeout_s=10)
        assert len(proxy.requests) == 1
    assert named in caught.value.what
    assert advice in caught.value.advice
    assert "all_proxy" in caught.value.advice
    assert said == []
    assert found_in(caught.value, ["CanaryProxy"]) == []


def test_https_before_a_proxy_that_speaks_none_is_recognised(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bewildered(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with RawServer(bewildered) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{proxy.port}")
        with refused(ProxyRefused) as caught:
            back.send(token_post(REMOTE), timeout_s=10)
    assert "speaks no TLS" in caught.value.what
    assert "http:// in the place of https:// in HTTPS_PROXY" in caught.value.advice


def test_the_advice_names_the_variable_that_counted(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as gone:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{gone.port}")
    with refused(ConnectFailed) as caught:
        back.send(token_post(REMOTE), timeout_s=10)
    assert caught.value.advice.startswith("Check ALL_PROXY, ")


def test_another_password_is_sent_by_the_same_channel(
    remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(leading_to(remote)) as proxy:
        for word in (b"one", b"two"):
            monkeypatch.setenv("HTTPS_PROXY", f"http://u:{word.decode()}@127.0.0.1:{proxy.port}")
            back.send(token_post(REMOTE), timeout_s=10)
            assert base64.b64encode(b"u:" + word) in proxy.requests[-1]


def socks(server: RawServer) -> Script:
    """A SOCKS5 proxy (RFC 1928) that wants a user and leads to one server; the name is noted."""

    def play(peer: Peer) -> None:
        sock = peer.sock
        assert sock.recv(2)[:1] == b"\x05"
        sock.recv(10)
        sock.sendall(b"\x05\x02")  # a user name and a password, RFC 1929
        peer.server.requests.append(sock.recv(600))
        sock.sendall(b"\x01\x00")
        peer.server.requests.append(sock.recv(600))
        sock.sendall(b"\x05\x00\x00\x01" + bytes(6))
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            tunnel.join(sock, onward)

    return play


@needs.python("socks", pypi="PySocks", group="interop")
def test_socks_is_spoken_where_its_package_is_there(
    remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(socks(remote)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://u%40c:p%23@127.0.0.1:{proxy.port}")
        response = back.send(token_post(REMOTE), timeout_s=10)
        assert proxy.requests[0] == b"\x01\x03u@c\x02p#"
        assert b"login.test.example" in proxy.requests[1]
    assert response.wire is not None
    assert response.wire.sent == remote.requests[0]
    assert response.wire.proxy == f"socks5h://127.0.0.1:{proxy.port}"


def test_socks_says_what_it_needs(back: RequestsBack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with RawServer() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://u:CanaryProxy@127.0.0.1:{proxy.port}")
        with refused(ProxyRefused) as caught:
            back.send(token_post(REMOTE), timeout_s=10)
        assert proxy.accepted == 0
    assert "PySocks" in caught.value.what
    assert "pip install PySocks" in caught.value.advice
    assert "ALL_PROXY" in caught.value.advice
    assert found_in(caught.value, ["CanaryProxy"]) == []


BAD_PROXIES: dict[str, tuple[Script, str]] = {
    "does not allow it": (refusing("403 Forbidden\x1b[2J"), "403 Forbidden<ESC>"),
    "is broken": (refusing("502 Bad Gateway"), "502 Bad Gateway"),
    "hangs up": (lambda peer: None, "cannot be used"),
    "speaks something else": (each(b"SSH-2.0-OpenSSH\r\n"), "cannot be used"),
}


@pytest.mark.parametrize(("script", "said"), BAD_PROXIES.values(), ids=BAD_PROXIES.keys())
def test_a_proxy_that_refuses_is_a_failed_connection(
    script: Script, said: str, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:CanaryProxy@127.0.0.1:{proxy.port}")
        with refused(ConnectFailed) as caught:
            back.send(token_post(REMOTE), timeout_s=10)
        assert proxy.accepted == 1
    assert said in caught.value.what
    assert caught.value.what.startswith("The proxy on the way to login.test.example ")
    assert caught.value.advice.endswith("Nothing was sent.")
    assert found_in(caught.value, ["CanaryProxy"]) == []


def test_a_proxy_that_is_not_there_is_a_failed_connection(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer() as gone:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{gone.port}")
    with refused(ConnectFailed) as caught:
        back.send(token_post(REMOTE), timeout_s=10)
    assert caught.value.what.startswith("The proxy on the way to login.test.example ")


@pytest.mark.parametrize("script", [silent, hearing], ids=["not even TCP", "to CONNECT"])
def test_a_silent_proxy_ends_at_the_deadline(
    script: Script, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with refused(DeadlineExceeded) as caught:
            back.send(token_post(REMOTE), timeout_s=0.5)
        assert eventually(lambda: proxy.accepted)
    assert caught.value.advice.endswith("Nothing was sent.")


@pytest.mark.parametrize(
    "address",
    [
        "http://user:CanaryProxy@[bad",
        "http://user:CanaryProxy/more@127.0.0.1:8080",
        "http://user:CanaryProxy@",
        "http://",
        "gopher://user:CanaryProxy@127.0.0.1:70",
        "http://user:CanaryProxy@127.0.0.1:port",
    ],
)
def test_a_proxy_address_that_makes_no_sense_is_told_without_quoting_it(
    address: str, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setenv("HTTPS_PROXY", address)
    with a_back(ca_bundle=str(ca.bundle), say=said.append) as back, refused(ProxyRefused) as caught:
        back.send(token_post(REMOTE), timeout_s=10)
    assert "proxy" in caught.value.what
    assert found_in([caught.value, *said], ["CanaryProxy"]) == []


def test_a_tunnel_to_the_wrong_host_is_a_failed_handshake(
    ca: CertificateAuthority, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(tls=ca.server("elsewhere.example")) as other:
        with RawServer(leading_to(other)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            with refused(TlsFailed) as caught:
                back.send(token_post(REMOTE), timeout_s=10)
        assert other.requests == []
    assert "login.test.example" in caught.value.what


def test_a_proxy_may_be_spoken_to_over_tls(
    ca: CertificateAuthority, remote: RawServer, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(leading_to(remote), tls=ca.server()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        response = back.send(token_post(REMOTE), timeout_s=10)
        back.send(token_post(REMOTE), timeout_s=10)
    assert response.wire is not None
    assert response.wire.sent == remote.requests[0]
    assert response.wire.proxy == f"https://localhost:{proxy.port}"
    assert response.wire.tls_version == "TLSv1.3"


@pytest.mark.parametrize("script", [hearing, answering(answer())], ids=["silent", "answering"])
def test_a_proxy_over_tls_is_trusted_no_further_than_the_authority(
    script: Callable[[Peer], None],
    ca: CertificateAuthority,
    back: RequestsBack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(script, tls=ca.server(self_signed=True)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://u:CanaryProxy@localhost:{proxy.port}")
        with refused(ConnectFailed) as caught:
            back.send(token_post(REMOTE), timeout_s=10)
        assert eventually(lambda: proxy.failed_handshakes)
        assert proxy.requests == []
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.what


@pytest.mark.parametrize(
    ("set_to", "shown"),
    [
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://[2001:db8::1]", "http://[2001:db8::1]"),
        ("http://ada:CanaryProxy@[::1]:3128", "http://[::1]:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
    ],
)
def test_a_proxy_is_named_with_the_brackets_of_its_address_and_without_its_user(
    set_to: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", set_to)
    proxy = environment_proxy("https://login.example/")
    assert proxy
    assert proxy.url == shown
