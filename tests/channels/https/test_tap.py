"""Whoever gives up a request can end it, and knows for good whether any of it was sent."""

from __future__ import annotations

import socket
import ssl

import pytest

from entra_oauth.channels.https.job import Tap
from entra_oauth.protocol.messages import Wire
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import RawServer, silent

LINK = Wire(peer="127.0.0.1:1")


def test_what_is_noted_is_what_was_sent_since_the_start() -> None:
    tap = Tap()
    tap.add_sent(LINK, b"one")
    tap.start()
    assert (tap.sent, tap.link) == (b"", Wire())
    tap.add_sent(LINK, b"tw")
    tap.add_sent(LINK, b"o")
    assert (tap.sent, tap.link) == (b"two", LINK)


def test_after_the_cut_nothing_goes_out_any_more() -> None:
    tap = Tap()
    tap.add_sent(LINK, b"before")
    tap.cut()
    with pytest.raises(ConnectionAbortedError):
        tap.add_sent(LINK, b"after")
    assert tap.sent == b"before"


def test_after_the_cut_no_new_socket_is_used() -> None:
    tap = Tap()
    tap.cut()
    with socket.socket() as sock, pytest.raises(ConnectionAbortedError):
        tap.hold(sock)


def test_the_cut_wakes_up_who_is_reading() -> None:
    left, right = socket.socketpair()
    with left, right:
        tap = Tap()
        tap.hold(left)
        tap.cut()
        left.settimeout(5)
        assert left.recv(1) == b""


def test_to_cut_twice_or_a_closed_socket_does_no_harm() -> None:
    left, right = socket.socketpair()
    tap = Tap()
    tap.hold(left)
    with left, right:
        tap.cut()
    tap.cut()


def test_the_cut_does_not_take_the_encryption_away(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between that and the end of the socket, the other thread would send in the clear."""
    ca = CertificateAuthority(tmp_path_factory.mktemp("ca"))
    context = ssl.create_default_context(cafile=str(ca.bundle))
    with RawServer(silent, tls=ca.server()) as server:
        plain = socket.create_connection(("127.0.0.1", server.port))
        with context.wrap_socket(plain, server_hostname="localhost") as sock:
            tap = Tap()
            tap.hold(sock)
            with monkeypatch.context() as patch:
                patch.setattr(socket.socket, "shutdown", lambda self, how: None)
                tap.cut()
            assert sock.version() == "TLSv1.3"
