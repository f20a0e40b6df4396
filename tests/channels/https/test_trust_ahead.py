"""Certificates that are read beside something else: the same, once, and with the same refusals."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from entra_oauth.channels.https import trust
from entra_oauth.channels.https.back_channel import RequestsBack
from entra_oauth.channels.https.trust import Trust, begin_ahead, trust_in
from entra_oauth.errors import LocalError
from kit.back_channels import a_back, eventually, token_post, workers
from kit.canaries import refused
from kit.servers.certificates import CertificateAuthority
from kit.servers.raw_server import RawServer, answering


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The bundles that contexts were made of, one after the other."""
    bundles: list[str | None] = []
    make = trust.tls_context

    def noting(ca_bundle: str | None, *, key_log: str | None = None) -> object:
        bundles.append(ca_bundle)
        return make(ca_bundle, key_log=key_log)

    monkeypatch.setattr(trust, "tls_context", noting)
    return bundles


def test_a_context_is_made_once_however_many_ask(
    ca: CertificateAuthority, made: list[str | None]
) -> None:
    one = Trust(str(ca.bundle))
    one.begin()
    found: list[object] = []
    asking = [threading.Thread(target=lambda: found.append(one.context())) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert found == [one.context()] * 4
    assert made == [str(ca.bundle)]


def test_what_cannot_be_read_is_told_to_who_asks(tmp_path: Path) -> None:
    one = Trust(str(tmp_path / "missing"))
    one.begin()
    for _ in range(2):
        with refused(LocalError):
            one.context()


def test_without_a_thread_it_is_made_when_it_is_asked_for(
    ca: CertificateAuthority, made: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_more)
    one = Trust(str(ca.bundle))
    one.begin()
    assert made == []
    one.context()
    assert made == [str(ca.bundle)]


def test_what_is_begun_ahead_is_read_before_anybody_asks(
    ca: CertificateAuthority, made: list[str | None]
) -> None:
    begin_ahead(str(ca.bundle))
    assert eventually(lambda: made == [str(ca.bundle)])
    trust_in(None, key_log=None)  # it is given up


def test_what_was_begun_ahead_is_for_the_first_who_wants_that_bundle(
    ca: CertificateAuthority, made: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca.bundle))
    begin_ahead(None)
    with RawServer(*[answering()] * 2, tls=ca.server()) as server:
        for expected in (1, 2):
            with a_back() as back:
                assert back.send(token_post(server.url), timeout_s=10).status == 200
            assert made == [str(ca.bundle)] * expected


@pytest.mark.parametrize("differs", ["bundle", "key log"])
def test_what_was_begun_ahead_is_for_nobody_who_wants_another(
    differs: str, ca: CertificateAuthority, tmp_path: Path
) -> None:
    begin_ahead(str(ca.bundle))
    ahead = trust._ahead[0]
    wanted = str(ca.bundle) if differs == "key log" else str(tmp_path)
    key_log = str(tmp_path / "keys") if differs == "key log" else None
    assert trust_in(wanted, key_log=key_log) is not ahead
    assert trust_in(str(ca.bundle), key_log=None) is not ahead, "it is given up"


def test_who_leaves_waits_for_certificates_that_are_being_read(
    ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a program that ends meanwhile ends with signal 11: OpenSSL is taken apart by then."""
    begun, read = threading.Event(), threading.Event()
    make = trust.tls_context

    def slowly(ca_bundle: str | None, *, key_log: str | None = None) -> object:
        begun.set()
        made = make(ca_bundle, key_log=key_log)
        time.sleep(0.2)
        read.set()
        return made

    monkeypatch.setattr(trust, "tls_context", slowly)
    with RequestsBack(ca_bundle=str(ca.bundle)) as back:
        back.warm("https://localhost:9")
        assert begun.wait(20)
    assert read.is_set()


def test_nothing_is_read_for_who_has_left(ca: CertificateAuthority, made: list[str | None]) -> None:
    one = Trust(str(ca.bundle))
    one.close()
    one.begin()
    with pytest.raises(ConnectionAbortedError):
        one.context()
    with a_back(ca_bundle=str(ca.bundle)) as back:
        back.warm("https://localhost:9")  # it begins a moment later
    assert eventually(lambda: not workers())
    assert made == []


def test_a_bundle_that_never_ends_does_not_hold_up_who_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end, begun = threading.Event(), threading.Event()

    def endless(ca_bundle: str | None, *, key_log: str | None = None) -> object:
        begun.set()
        assert may_end.wait(20)
        raise LocalError("It is no bundle.", advice="Name another.")

    monkeypatch.setattr(trust, "tls_context", endless)
    monkeypatch.setattr(trust, "_LEAVE_S", 0.05)
    one = Trust(None)
    one.begin()
    assert begun.wait(20)
    reading = [each for each in threading.enumerate() if each.name == "entra-oauth-trust"]
    assert [each.daemon for each in reading] == [True]
    leaving = threading.Thread(target=one.close)
    leaving.start()
    leaving.join(3)
    has_left = not leaving.is_alive()
    may_end.set()
    leaving.join()
    assert has_left


def test_what_is_begun_ahead_finds_ssl_imported(ca: CertificateAuthority) -> None:
    source = (
        "import sys, threading\n"
        "from entra_oauth.channels.https.trust import begin_ahead\n"
        "assert 'ssl' not in sys.modules\n"
        "threading.Thread.start = lambda thread: print('ssl' in sys.modules)\n"
        "begin_ahead(sys.argv[1])"
    )
    command = [sys.executable, "-P", "-c", source, str(ca.bundle)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"
