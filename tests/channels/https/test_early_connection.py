"""A connection that is made beside the imports is the one that the transport would have made.

Same errors, same facts, nothing sent twice, and none where something stands in between.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.channels.https import early_connection
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.https.early_connection import EarlyConnection
from entra_oauth.errors import (
    ConnectFailed,
    DeadlineExceeded,
    EntraOAuthError,
    ExchangeBroken,
    LocalError,
    ProxyRefused,
    SecurityError,
    TlsFailed,
)
from kit.back_channels import a_back, eventually, token_post
from kit.canaries import refused
from kit.processes import child_process
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, answer, answering, silent


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def back(ca: CertificateAuthority) -> Iterator[RequestsBack]:
    with a_back(ca_bundle=str(ca.bundle)) as one:
        yield one


@pytest.fixture
def no_overlap(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Switches it off: the transport connects, after all imports."""

    def off() -> None:
        path = "entra_oauth.channels.https.early_connection.begin"
        monkeypatch.setattr(path, lambda *_: None)

    return off


# ---- the same safe connection -----------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_the_facts_of_the_link_are_those_without_overlap(
    tls: bool, ca: CertificateAuthority, no_overlap: Callable[[], None]
) -> None:
    wires = []
    context = ca.server() if tls else None
    if context is not None:
        context.set_alpn_protocols(["http/1.1"])
    with RawServer(*[answering()] * 2, tls=context) as server:
        for _ in range(2):
            with a_back(ca_bundle=str(ca.bundle)) as back:
                wire = back.send(token_post(server.url), timeout_s=10).wire
            assert wire is not None
            wires.append(wire)
            no_overlap()
        one, other = wires
        assert server.accepted == len(server.requests) == 2
    for name in ("sent", "peer", "tls_version", "cipher", "alpn", "certificates", "reused"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.alpn == ("http/1.1" if tls else None)
    for name in ("dns", "connect", "tls", "send", "wait"):
        assert (getattr(one.times, name) is None) is (getattr(other.times, name) is None), name
    assert one.times.tunnel is None


@pytest.mark.parametrize("overlaps", [True, False])
def test_the_time_of_a_look_up_is_told_apart_from_that_of_connecting(
    overlaps: bool,
    back: RequestsBack,
    no_overlap: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(0.2)
        return look_up(*given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    if not overlaps:
        no_overlap()
    with RawServer(answering()) as server:
        wire = back.send(
            token_post(server.url.replace("127.0.0.1", "localhost")), timeout_s=10
        ).wire
    assert wire is not None
    assert wire.times.dns is not None
    assert wire.times.connect is not None
    assert wire.times.dns >= 0.2
    assert wire.times.connect < wire.times.dns


def test_a_connection_that_has_idled_too_long_is_not_used_again(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from entra_oauth.channels.https import requests_adapter

    with RawServer(answering(), answering()) as server:
        assert back.send(token_post(server.url), timeout_s=10).status == 200
        monkeypatch.setattr(requests_adapter, "MAX_IDLE_S", -1.0)
        again = back.send(token_post(server.url), timeout_s=10)
        assert again.wire is not None
        assert (again.status, again.wire.reused, server.accepted) == (200, False, 2)


@pytest.mark.parametrize("begun", ["early_connection", "trust.Trust"])
def test_it_is_begun_before_the_transport_is_imported(begun: str, ca: CertificateAuthority) -> None:
    program = (
        "import sys\n"
        "from entra_oauth.channels.https import back_channel, early_connection, trust\n"
        f"begin = {begun}.begin\n"
        "def noting(*given):\n"
        "    print('requests' in sys.modules, 'urllib3' in sys.modules, flush=True)\n"
        "    return begin(*given)\n"
        f"{begun}.begin = noting\n"
        "from entra_oauth.protocol.messages import HttpRequest\n"
        "with back_channel.RequestsBack(ca_bundle=sys.argv[2]) as back:\n"
        "    request = HttpRequest(method='GET', url=sys.argv[1])\n"
        "    print(back.send(request, timeout_s=20).status)\n"
    )
    with (
        RawServer(tls=ca.server()) as server,
        child_process.running(program, server.url, str(ca.bundle)) as child,
    ):
        assert child.line() == "False False\n"
        assert child.end(timeout_s=20) == ("200\n", "")
    assert (server.accepted, len(server.requests)) == (1, 1)


def test_the_handshake_offers_what_the_transport_offers(ca: CertificateAuthority) -> None:
    from urllib3.util.ssl_ import ALPN_PROTOCOLS

    assert early_connection._PROTOCOLS == ALPN_PROTOCOLS


def test_after_a_failed_handshake_no_other_address_is_tried(
    back: RequestsBack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *at, **more: look_up(*at, **more) * 2)
    stranger = CertificateAuthority(tmp_path)
    with RawServer(answering(), answering(), tls=stranger.server()) as server:
        with refused(TlsFailed):
            back.send(token_post(server.url), timeout_s=10)
        assert server.accepted == 1


def test_a_connection_without_a_handshake_is_none(
    back: RequestsBack, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(sock: ssl.SSLSocket) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(early_connection, "check_handshake", never)
    with RawServer(answering(), tls=ca.server()) as server:
        with refused(ConnectFailed) as caught:
            back.send(token_post(server.url), timeout_s=10)
        assert "ConnectionResetError" in caught.value.what
        assert (server.accepted, server.requests) == (1, [])


@pytest.mark.parametrize(
    ("host", "is_begun"),
    [
        ("a.invalid", True),
        ("a.invalid.", True),
        (f"{'a' * 63}.invalid", True),
        (f"{'a' * 64}.invalid", False),
        ("a..invalid", False),
        (".invalid", False),
        ("ä.invalid", False),
    ],
)
def test_it_is_begun_for_a_name_that_can_be_one(
    host: str, is_begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*given: object, **more: object) -> object:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    begun = early_connection.begin(f"http://{host}/", None, lambda _: None, time.monotonic() + 9)
    assert (begun is not None) is is_begun
    eventually(lambda: not _connecting())


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
def test_what_a_request_needs_is_rehearsed_unless_it_goes_through_a_proxy(
    proxy: str | None, back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from entra_oauth.channels.https import requests_adapter

    rehearsed: list[str] = []
    monkeypatch.setattr(requests_adapter, "make_ready", lambda _, url: rehearsed.append(url))
    if proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    url = "http://login.invalid/token"
    back.warm(url)
    assert back._get_worker().is_free(time.monotonic() + 10)
    assert rehearsed == ([] if proxy else [url])


# ---- nothing is begun where something stands in between ------------------------------------


def _begun(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    begun: list[object] = []
    path = "entra_oauth.channels.https.early_connection.begin"
    monkeypatch.setattr(path, lambda *given: begun.append(given))
    return begun


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, ConnectFailed),
        ({"HTTPS_PROXY": "http://a:b@c@127.0.0.1:9"}, ProxyRefused),
        ({"ALL_PROXY": "gopher://127.0.0.1:9"}, ProxyRefused),
        ({"SSL_CERT_FILE": "/nowhere/at/all.pem"}, LocalError),
    ],
)
def test_nothing_is_connected_to_before_proxy_and_bundle_have_been_judged(
    variables: dict[str, str], error: type[EntraOAuthError], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[object] = []
    look_up = socket.getaddrinfo

    def noting(host: Any, *rest: Any, **more: Any) -> object:
        looked_up.append(host)
        return look_up(host, *rest, **more)

    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket, "getaddrinfo", noting)
    with RequestsBack() as back, refused(error):
        back.send(token_post("https://login.invalid"), timeout_s=10)
    assert "login.invalid" not in looked_up


def test_nothing_is_connected_to_where_a_key_log_is_not_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = _begun(monkeypatch)
    monkeypatch.setenv("SSLKEYLOGFILE", "/nowhere/keys")
    with pytest.raises(SecurityError):
        RequestsBack()
    assert begun == []


# ---- what goes wrong is told as without overlap ---------------------------------------------


def _connecting() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "entra-oauth-connect"]


def _breaks_off(peer: Peer) -> None:
    peer.request()


def _speaks_no_tls(peer: Peer) -> None:
    peer.sock.recv(100)
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _nobody() -> str:
    with RawServer() as server:
        return server.url


def _told(ca: CertificateAuthority, url: str, timeout_s: float = 10) -> tuple[object, ...]:
    with a_back(ca_bundle=str(ca.bundle)) as back, pytest.raises(EntraOAuthError) as caught:
        back.send(token_post(url), timeout_s=timeout_s)
    error = caught.value
    return type(error), error.what, error.advice, error.exit_code


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("nobody", ConnectFailed),
        ("no such name", ConnectFailed),
        ("an odd name", ConnectFailed),
        ("a certificate for another host", TlsFailed),
        ("a certificate of a stranger", TlsFailed),
        ("no TLS", TlsFailed),
        ("silence in the handshake", DeadlineExceeded),
    ],
)
def test_an_error_is_the_same_with_and_without_overlap(
    what: str,
    error: type[EntraOAuthError],
    ca: CertificateAuthority,
    tmp_path_factory: pytest.TempPathFactory,
    no_overlap: Callable[[], None],
) -> None:
    stranger = CertificateAuthority(tmp_path_factory.mktemp("stranger"))
    tls = {
        "a certificate for another host": ca.server("other.example"),
        "a certificate of a stranger": stranger.server(),
    }
    urls = {
        "nobody": _nobody(),
        "no such name": "https://login.invalid",
        "an odd name": f"https://{'a' * 70}.invalid",
    }
    play = silent if what.startswith("silence") else _speaks_no_tls
    with RawServer(*[play] * 2, tls=tls.get(what)) as server:
        url = urls.get(what) or server.url.replace("http:", "https:")
        timeout_s = 0.6 if what.startswith("silence") else 10
        with_it = _told(ca, url, timeout_s)
        before = server.accepted
        no_overlap()
        without = _told(ca, url, timeout_s)
        assert (before, server.accepted) in ((0, 0), (1, 2))  # each time once
        assert not any(b"POST" in message for message in server.requests)
    assert with_it == without
    assert with_it[0] is error


def test_a_dead_first_address_is_passed_over(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = int(_nobody().rpartition(":")[2])
    with RawServer() as server:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*kind, ("127.0.0.1", dead)), (*kind, ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        response = back.send(token_post(server.url), timeout_s=10)
    assert response.status == 200
    assert response.wire is not None
    assert response.wire.peer == f"127.0.0.1:{server.port}"
    assert (server.accepted, len(server.requests)) == (1, 1)


def test_a_connection_that_breaks_under_the_first_request_is_not_replaced(
    back: RequestsBack,
) -> None:
    with RawServer(_breaks_off, answering(answer())) as server, refused(ExchangeBroken):
        back.send(token_post(server.url), timeout_s=10)
    assert (server.accepted, len(server.requests)) == (1, 1)


def test_a_deadline_ends_a_look_up_that_hangs_and_a_late_answer_to_it_connects_to_nobody(
    back: RequestsBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, look_up = threading.Event(), socket.getaddrinfo

    def hanging(*given: Any, **more: Any) -> object:
        released.wait(20)
        return look_up(*given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with RawServer() as server:
        began = time.monotonic()
        with refused(DeadlineExceeded):
            back.send(token_post(server.url), timeout_s=0.5)
        assert time.monotonic() - began < 5
        released.set()
        assert eventually(lambda: not _connecting(), within_s=5.0)
        assert server.accepted == 0


def test_one_that_nobody_takes_is_closed(ca: CertificateAuthority) -> None:
    closed = threading.Event()

    def play(peer: Peer) -> None:
        if peer.sock.recv(1) == b"":
            closed.set()

    with RawServer(play) as server:
        early = early_connection.begin(server.url, None, lambda sock: None, time.monotonic() + 10)
        assert isinstance(early, EarlyConnection)
        assert early.wait_idle()
        assert early.take("other.example", server.port) is None
        early.close()
        assert closed.wait(10)
        assert early.take("localhost", server.port) is None


def test_ctrl_c_while_it_is_made_sends_nothing(ca: CertificateAuthority) -> None:
    program = (
        "import sys\n"
        "from entra_oauth.channels.https.back_channel import RequestsBack\n"
        "from entra_oauth.protocol.messages import HttpRequest\n"
        "request = HttpRequest(method='POST', url=sys.argv[1], body=b'secret')\n"
        "try:\n"
        "    with RequestsBack(ca_bundle=sys.argv[2]) as back:\n"
        "        back.send(request, timeout_s=30)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', flush=True)\n"
    )
    with RawServer(silent) as server:
        url = server.url.replace("http:", "https:")
        with subprocess.Popen(
            [sys.executable, "-P", "-c", program, url, str(ca.bundle)], stdout=subprocess.PIPE
        ) as process:
            assert eventually(lambda: server.accepted, within_s=20.0)
            process.send_signal(2)
            out, _ = process.communicate(timeout=90)
    assert out == b"stopped\n"
    assert not any(b"secret" in message for message in server.requests)


def test_each_socket_is_told_before_it_connects() -> None:
    held: list[tuple[int, bool]] = []

    def hold(sock: socket.socket) -> None:
        try:
            sock.getpeername()
        except OSError:
            held.append((sock.fileno(), False))
        else:
            held.append((sock.fileno(), True))

    with RawServer() as server:
        early = EarlyConnection("127.0.0.1", server.port, None, hold, time.monotonic() + 9)
        early.connect()
        taken = early.take("127.0.0.1", server.port)
        assert taken is not None
        assert held == [(taken[0].fileno(), False)]
        taken[0].close()
