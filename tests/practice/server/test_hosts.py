"""Serving the tenant: addresses, certificates that vouch for nothing else, files that go."""

from __future__ import annotations

import os
import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from entra_oauth.channels.base import now
from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import ConnectFailed, PortBusy
from entra_oauth.practice.browser.transport import http_send
from entra_oauth.practice.browser.user_agent import PracticeBrowser
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.practice.server import tls
from entra_oauth.practice.server.host_names import stands_in_for
from entra_oauth.practice.server.hosts import Hosted, serve
from entra_oauth.practice.server.tls import LOGIN_HOSTS
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit import needs
from kit.practice import ALICE, PASSWORD, authorize_url


@pytest.fixture(params=[False, True], ids=["http", "https"])
def hosted(request: pytest.FixtureRequest) -> Iterator[Hosted]:
    with serve(PracticeTenant(), tls=request.param) as host:
        yield host


def test_a_whole_sign_in_over_sockets(hosted: Hosted) -> None:
    send = partial(http_send, ca_file=hosted.ca_file or None)
    seen: list[HttpRequest] = []

    def listen(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        if request.path == "/done":
            return HttpResponse(status=200, body=b"done")
        return HttpResponse(status=303, headers=(("Location", "/done"),))

    with LoopbackHost(listen) as listener:
        url = authorize_url(
            {"redirect_uri": f"http://localhost:{listener.port}", "response_mode": "form_post"}
        ).replace("https://login.microsoftonline.com", hosted.base_url)
        page = PracticeBrowser(send, ALICE, PASSWORD).open(url)
    assert page.text == "done"
    assert page.url == f"http://localhost:{listener.port}/done"
    assert [r.method for r in seen] == ["POST", "GET"]
    assert seen[0].header("Origin") == "null"
    assert seen[0].body.startswith(b"code=1.A")


def test_the_addresses_fit_together(hosted: Hosted) -> None:
    assert hosted.base_url.endswith(f"://localhost:{hosted.port}")
    assert hosted.authority_url() == f"{hosted.base_url}/{ARTICLE_TENANT_ID}"
    assert hosted.authority_url("common") == f"{hosted.base_url}/common"


def test_one_connection_carries_many_requests() -> None:
    with serve(PracticeTenant(), tls=False) as host:
        connection = HTTPConnection("localhost", host.port, timeout=10)
        ports = set()
        for _ in range(3):
            connection.request("GET", "/common/v2.0/.well-known/openid-configuration")
            assert connection.getresponse().read().startswith(b"{")
            ports.add(connection.sock.getsockname())
        connection.close()
    assert len(ports) == 1


def test_a_name_that_is_not_this_machines_is_misdirected() -> None:
    tenant = PracticeTenant()
    with serve(tenant, tls=False) as host:
        connection = HTTPConnection("localhost", host.port, timeout=10)
        connection.request("GET", "/", headers={"Host": "evil.example"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (421, b"")
        connection.close()
    assert tenant.log == ()


def test_a_login_host_may_be_led_here() -> None:
    with serve(PracticeTenant(), tls=False) as host:
        connection = HTTPConnection("localhost", host.port, timeout=10)
        connection.request("GET", "/", headers={"Host": LOGIN_HOSTS[0]})
        assert connection.getresponse().read().startswith(b"<!doctype html>")
        connection.close()


def test_the_with_block_of_a_tenant_serves_it_over_tls() -> None:
    with PracticeTenant() as tenant:
        base, ca = tenant.base_url, tenant.ca
        assert tenant.authority == f"{base}/{ARTICLE_TENANT_ID}"
        request = HttpRequest(method="GET", url=f"{tenant.authority}/discovery/v2.0/keys")
        assert http_send(request, ca_file=ca).status == 200
    assert not Path(ca).exists()
    with pytest.raises(ConnectFailed):
        http_send(request, timeout_s=5)


def test_a_tenant_can_be_served_again() -> None:
    tenant = PracticeTenant()
    for _ in range(2):
        with tenant:
            request = HttpRequest(method="GET", url=f"{tenant.base_url}/")
            assert http_send(request, ca_file=tenant.ca).status == 200


def test_a_busy_port_is_said_and_leaves_no_files() -> None:
    with (
        serve(PracticeTenant(), tls=False) as first,
        pytest.raises(PortBusy),
        serve(PracticeTenant(), port=first.port),
    ):
        pass


@needs.posix
def test_the_files_are_for_this_person_only_and_hold_no_key() -> None:
    with serve(PracticeTenant()) as host:
        ca = Path(host.ca_file)
        assert stat.S_IMODE(os.stat(ca).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(ca.parent).st_mode) == 0o700
        assert [path.name for path in ca.parent.iterdir()] == ["ca.pem"]
        assert b"PRIVATE" not in ca.read_bytes()
    assert not ca.parent.exists()


def test_python_trusts_the_certificate_under_its_strictest_rules() -> None:
    with serve(PracticeTenant()) as host:
        context = ssl.create_default_context(cafile=host.ca_file)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        names = ("localhost", "127.0.0.1", LOGIN_HOSTS[0], "graph.microsoft.com")
        for name in (*names, "adb-1234567890123456.7.azuredatabricks.net"):
            with (
                socket.create_connection(("127.0.0.1", host.port), timeout=10) as raw,
                context.wrap_socket(raw, server_hostname=name) as secure,
            ):
                assert secure.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("login.microsoftonline.com", True),
        ("LOGIN.microsoftonline.com", True),
        ("graph.microsoft.com", True),
        ("adb-1.19.azuredatabricks.net", True),
        ("azuredatabricks.net", False),
        ("xazuredatabricks.net", False),
        ("azuredatabricks.net.evil.example", False),
        ("evil.login.microsoftonline.com", False),
        ("microsoft.com", False),
        ("", False),
    ],
)
def test_only_a_short_list_of_hosts_is_stood_in_for(host: str, ours: bool) -> None:
    assert stands_in_for(host) is ours


def test_without_the_authority_nobody_trusts_it() -> None:
    with serve(PracticeTenant()) as host:
        connection = HTTPSConnection("localhost", host.port, timeout=10)
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/")
        connection.close()


@pytest.mark.against
def test_openssl_refuses_what_the_authority_may_not_vouch_for(tmp_path: Path) -> None:
    issuer_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    start = datetime.fromtimestamp(now(), UTC) - timedelta(minutes=1)
    authority = tls._authority(issuer_key, start, [x509.DNSName("localhost")])
    names: list[x509.GeneralName] = [x509.DNSName("evil.example")]
    leaf = tls._leaf(issuer_key, key, authority.subject, start, names)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    (tmp_path / "leaf.pem").write_bytes(pem + leaf.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "leaf.pem")
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with (
        LoopbackHost(lambda _: HttpResponse(status=200), tls=server) as host,
        socket.create_connection(("127.0.0.1", host.port), timeout=10) as raw,
        pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"),
    ):
        client.wrap_socket(raw, server_hostname="evil.example")
