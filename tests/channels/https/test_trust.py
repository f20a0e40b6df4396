"""The trust of the back channel: one source of certificates, and never without checking."""

from __future__ import annotations

import os
import socket
import ssl
import time
import warnings
from pathlib import Path

import pytest
import truststore

from entra_oauth.channels.https import requests_adapter
from entra_oauth.channels.https.back_channel import RequestsBack, key_log_file
from entra_oauth.channels.https.trust import BUNDLE_VARIABLES, read_tickets, tls_context, with_tls
from entra_oauth.errors import ConnectFailed, LocalError, SecurityError, TlsFailed
from entra_oauth.protocol.messages import Times, Wire
from kit import needs
from kit.back_channels import a_back, token_post
from kit.canaries import refused
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import Peer, RawServer, answering


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("other"), "another one")


def _status(server: RawServer, ca_bundle: object = None) -> int:
    with a_back(ca_bundle=None if ca_bundle is None else str(ca_bundle)) as back:
        return back.send(token_post(server.url), timeout_s=10).status


# The bundle of the environment is honoured.
@pytest.mark.parametrize("variable", BUNDLE_VARIABLES)
def test_each_variable_can_name_the_certificates(
    variable: str, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = ca.folder() if variable == "SSL_CERT_DIR" else ca.bundle
    monkeypatch.setenv(variable, str(named))
    with RawServer(tls=ca.server()) as server:
        assert _status(server) == 200


def test_a_folder_or_a_list_of_folders_can_be_named(
    ca: CertificateAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(tls=ca.server()) as server:
        assert _status(server, ca.folder()) == 200
        monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}{ca.folder()}")
        assert _status(server) == 200


def _der(bundle: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(bundle.read_text("ascii"))


@pytest.mark.parametrize("name", ["corp.pem", "corp.crt", "corp"])
def test_a_folder_is_read_whatever_its_files_are_called(
    name: str, ca: CertificateAuthority, tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "read me").write_text("no certificate", "utf-8")
    (tmp_path / name).write_bytes(ca.bundle.read_bytes())
    with RawServer(tls=ca.server()) as server:
        assert _status(server, tmp_path) == 200


def test_a_certificate_in_der_is_read_as_a_file_and_in_a_folder(
    ca: CertificateAuthority, tmp_path: Path
) -> None:
    (tmp_path / "corp.cer").write_bytes(_der(ca.bundle))
    with RawServer(tls=ca.server()) as server:
        assert _status(server, tmp_path / "corp.cer") == 200
        assert _status(server, tmp_path) == 200


@pytest.mark.parametrize("kind", ["nothing", "a read-me", "a broken one"])
def test_a_folder_without_a_certificate_is_told_by_name(
    kind: str, ca: CertificateAuthority, tmp_path: Path
) -> None:
    if kind == "a read-me":
        (tmp_path / "read me").write_text("no certificate", "utf-8")
    elif kind == "a broken one":
        (tmp_path / "corp.cer").write_bytes(_der(ca.bundle)[:-9])
    with RawServer(tls=ca.server()) as server:
        with refused(LocalError) as caught:
            _status(server, tmp_path)
        assert server.accepted == 0
    assert "holds no certificate" in caught.value.what
    assert "--ca-bundle" in caught.value.advice


@pytest.mark.parametrize("variable", BUNDLE_VARIABLES)
def test_the_named_bundle_stands_before_every_variable(
    variable: str,
    ca: CertificateAuthority,
    other: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(tls=ca.server()) as server:
        monkeypatch.setenv(variable, str(other.bundle))
        assert _status(server, ca.bundle) == 200
        monkeypatch.setenv(variable, str(ca.bundle))
        with pytest.raises(TlsFailed):
            _status(server, other.bundle)
    assert len(server.requests) == 1


def test_the_variables_stand_in_their_order(
    ca: CertificateAuthority, other: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in BUNDLE_VARIABLES[1:]:
        monkeypatch.setenv(variable, str(other.bundle))
    monkeypatch.setenv(BUNDLE_VARIABLES[0], str(ca.bundle))
    with RawServer(tls=ca.server()) as server:
        assert _status(server) == 200


# Verification is always on.
@pytest.mark.parametrize(
    ("hosts", "flaw", "said"),
    [
        (("localhost",), "self_signed", "self-signed certificate"),
        (("localhost",), "expired", "certificate has expired"),
        (("elsewhere.example",), "", "not valid for 'localhost'"),
        (("*.localhost",), "", "not valid for 'localhost'"),
        (("127.0.0.1",), "", "not valid for 'localhost'"),
    ],
    ids=["self-signed", "expired", "another host", "a wildcard below", "the address only"],
)
def test_a_certificate_that_does_not_fit_ends_it_before_anything_is_sent(
    hosts: tuple[str, ...], flaw: str, said: str, ca: CertificateAuthority
) -> None:
    tls = ca.server(*hosts, self_signed=flaw == "self_signed", expired=flaw == "expired")
    with RawServer(tls=tls) as server:
        with refused(TlsFailed) as caught:
            _status(server, ca.bundle)
        assert server.requests == []
    assert said in caught.value.what


def test_the_common_name_of_a_certificate_counts_for_nothing(ca: CertificateAuthority) -> None:
    tls = ca.server("elsewhere.example", common_name="localhost")
    with RawServer(tls=tls) as server, refused(TlsFailed):
        _status(server, ca.bundle)


def test_with_nothing_named_the_systems_certificates_count_and_not_ours(
    ca: CertificateAuthority,
) -> None:
    context = tls_context(None)
    assert isinstance(context, truststore.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    with RawServer(tls=ca.server()) as server, refused(TlsFailed):
        _status(server)


def test_certifi_is_never_trusted_on_top(
    ca: CertificateAuthority, other: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle that requests would load by itself knows the server here."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(ca.bundle))
    monkeypatch.setattr("certifi.where", lambda: str(ca.bundle))
    with RawServer(tls=ca.server()) as server:
        for named in (other.bundle, None):
            with refused(TlsFailed):
                _status(server, named)
        assert server.requests == []


@pytest.mark.parametrize("named", [None, "bundle"], ids=["the system's", "a bundle"])
def test_tls_1_1_is_refused(named: str | None, ca: CertificateAuthority) -> None:
    context = tls_context(str(ca.bundle) if named else None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = ca.server()
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
    with RawServer(tls=old) as server:
        with refused(TlsFailed) as caught:
            _status(server, ca.bundle if named else None)
        assert server.requests == []
    assert "VERSION" in caught.value.what.upper()


def test_tls_1_2_will_do(ca: CertificateAuthority) -> None:
    tls = ca.server()
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with RawServer(tls=tls) as server, a_back(ca_bundle=str(ca.bundle)) as back:
        response = back.send(token_post(server.url), timeout_s=10)
    assert response.wire is not None
    assert response.wire.tls_version == "TLSv1.2"


def test_a_server_that_speaks_no_tls_is_a_failed_handshake(ca: CertificateAuthority) -> None:
    def no_tls(peer: Peer) -> None:
        peer.sock.recv(100)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with RawServer(no_tls) as server, a_back(ca_bundle=str(ca.bundle)) as back, refused(TlsFailed):
        back.send(token_post(server.url.replace("http:", "https:")), timeout_s=10)
    assert server.requests == []


@needs.posix
def test_a_connection_that_was_reset_before_the_handshake_is_not_taken_for_encrypted(
    ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ssl` leaves the handshake out there, and would go on in the clear."""
    connect = requests_adapter.Tapped._new_conn

    def slowly(self: requests_adapter.Tapped) -> object:
        sock = connect(self)
        time.sleep(0.2)
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # takes the error away
        return sock

    monkeypatch.setattr(requests_adapter.Tapped, "_new_conn", slowly)
    with (
        RawServer(Peer.reset) as server,
        a_back(ca_bundle=str(ca.bundle)) as back,
        refused(ConnectFailed) as caught,
    ):
        back.send(token_post(server.url.replace("http:", "https:")), timeout_s=10)
    assert caught.value.advice.endswith("Nothing was sent.")


def _unreadable(folder: Path, kind: str) -> Path:
    path = folder / "bundle\x1b[2J.pem"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "no certificate":
        path.write_text("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n")
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "no certificate", "binary"])
def test_a_bundle_that_cannot_be_read_is_told_by_name(
    kind: str, tmp_path: Path, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _unreadable(tmp_path, kind)
    with RawServer(tls=ca.server()) as server:
        with refused(LocalError) as caught:
            _status(server, path)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with refused(LocalError):
            _status(server)
        assert server.accepted == 0
    assert "bundle<ESC>[2J.pem cannot be read" in caught.value.what
    assert "--ca-bundle" in caught.value.advice


# ---- SSLKEYLOGFILE ---------------------------------------------------------------


def test_a_key_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    with refused(SecurityError) as caught:
        RequestsBack()
    assert "--allow-keylog" in caught.value.advice
    assert not path.exists()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "")
    assert key_log_file(allowed=False) is None
    monkeypatch.delenv("SSLKEYLOGFILE")
    assert key_log_file(allowed=True) is None


def test_a_key_log_that_was_allowed_is_written(
    tmp_path: Path, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    with (
        RawServer(tls=ca.server()) as server,
        a_back(ca_bundle=str(ca.bundle), allow_keylog=True) as back,
    ):
        back.send(token_post(server.url), timeout_s=10)
    assert "CLIENT_TRAFFIC_SECRET_0" in path.read_text()


@pytest.mark.parametrize("named", [True, False], ids=["a bundle", "the system's"])
def test_a_variable_that_is_set_later_has_no_effect(
    named: bool, tmp_path: Path, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """urllib3 and `ssl.create_default_context` would look at it for each context."""
    path = tmp_path / "keys"
    with (
        RawServer(tls=ca.server()) as server,
        a_back(ca_bundle=str(ca.bundle) if named else None) as back,
    ):
        monkeypatch.setenv("SSLKEYLOGFILE", str(path))
        if named:
            assert back.send(token_post(server.url), timeout_s=10).status == 200
        else:
            with refused(TlsFailed):
                back.send(token_post(server.url), timeout_s=10)
    assert not path.exists()


def test_nor_has_it_on_the_way_through_a_proxy_that_speaks_tls(
    tmp_path: Path, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    with (
        RawServer(answering(b"HTTP/1.1 403 No\r\n\r\n"), tls=ca.server()) as proxy,
        a_back(ca_bundle=str(ca.bundle)) as back,
    ):
        monkeypatch.setenv("SSLKEYLOGFILE", str(path))
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        with refused(ConnectFailed):
            back.send(token_post("https://login.test.example"), timeout_s=10)
        assert len(proxy.requests) == 1
    assert not path.exists()


@needs.posix
def test_a_key_log_that_cannot_be_written_is_told(
    tmp_path: Path, ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "such" / "folder"))
    with RawServer(tls=ca.server()) as server:
        with a_back(ca_bundle=str(ca.bundle), allow_keylog=True) as back, refused(LocalError):
            back.send(token_post(server.url), timeout_s=10)
        assert server.accepted == 0


class _Socket:
    """What is asked of a socket over TLS, with the answers of this test."""

    def __init__(self, *, chain: list[bytes] | None = None, leaf: bytes | None = None) -> None:
        self._leaf = leaf
        self.timeouts: list[float | None] = [7.0]
        self.comes: bytes | Exception = b""
        if chain is not None:
            self.get_unverified_chain = lambda: chain

    def cipher(self) -> tuple[str, str, int]:
        return "TLS_AES_256_GCM_SHA384", "TLSv1.3", 256

    def version(self) -> str:
        return "TLSv1.3"

    def selected_alpn_protocol(self) -> str:
        return "http/1.1"

    def getpeercert(self, binary: bool) -> bytes | None:
        assert binary, "else it is a dictionary"
        return self._leaf

    def gettimeout(self) -> float | None:
        return self.timeouts[-1]

    def settimeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)

    def recv(self, size: int) -> bytes:
        assert size == 1
        if isinstance(self.comes, Exception):
            raise self.comes
        return self.comes


@pytest.mark.parametrize(
    ("chain", "leaf", "found"),
    [
        ([b"leaf", b"above"], b"x", (b"leaf", b"above")),
        ([], b"leaf", (b"leaf",)),
        (None, b"leaf", (b"leaf",)),
        (None, None, ()),
    ],
)
def test_the_certificates_of_the_peer_are_kept(
    chain: list[bytes] | None, leaf: bytes | None, found: tuple[bytes, ...]
) -> None:
    link = Wire(peer="p", times=Times(dns=1.0, connect=2.0, tunnel=3.0))
    agreed = with_tls(link, _Socket(chain=chain, leaf=leaf), 10.0)
    assert agreed.certificates == found
    assert (agreed.tls_version, agreed.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (agreed.alpn, agreed.peer, agreed.times.tls) == ("http/1.1", "p", 4.0)
    assert with_tls(link, _Socket(), 5.0).times.tls == 0.0
    assert with_tls(Wire(), _Socket(), 5.0).times == Times(tls=5.0)


@pytest.mark.parametrize(
    ("comes", "is_open"),
    [
        (ssl.SSLWantReadError(), True),
        (ConnectionResetError(), False),
        (ssl.SSLError(), False),
        (b"", False),
        (b"x", False),
    ],
)
def test_a_connection_on_which_only_tickets_came_is_open(
    comes: bytes | Exception, is_open: bool
) -> None:
    sock = _Socket()
    sock.comes = comes
    assert read_tickets(sock) is is_open  # type: ignore[arg-type]
    assert sock.timeouts == [7.0, 0, 7.0], "it does not wait, and is as it was"
