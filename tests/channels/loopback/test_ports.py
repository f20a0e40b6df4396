"""Binding: the whole name `localhost` or nothing, and no thief beside us."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from entra_oauth.channels.loopback import ports
from entra_oauth.errors import EntraOAuthError, LocalError, PortBusy, UsageError
from kit import needs
from kit.servers import raw_peer

FAMILY = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


@contextmanager
def bound(port: int = 0, address: str | None = None) -> Iterator[list[socket.socket]]:
    listeners = ports.bind(port, address)
    try:
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


def addresses(listeners: list[socket.socket]) -> list[str]:
    return [listener.getsockname()[0] for listener in listeners]


@needs.ipv6
def test_a_free_port_is_taken_on_both_addresses() -> None:
    with bound() as listeners:
        assert addresses(listeners) == ["127.0.0.1", "::1"]
        assert len({listener.getsockname()[1] for listener in listeners}) == 1


@needs.ipv6
@pytest.mark.parametrize("taken", [("127.0.0.1",), ("::1",), ("127.0.0.1", "::1")])
def test_a_port_that_another_program_has_on_any_address_is_busy(taken: tuple[str, ...]) -> None:
    with raw_peer.occupied(*taken) as port:
        with pytest.raises(PortBusy, match=str(port)) as caught:
            ports.bind(port, None)
        for address in {*FAMILY} - {*taken}:  # what was had of it was given back
            ports._listen(FAMILY[address], address, port).close()
        assert caught.value.what == f"Port {port} of this machine is in use by another program."


@needs.ipv6
def test_every_address_of_a_family_is_not_every_address_of_both() -> None:
    with bound(address="::") as listeners:
        assert listeners[0].getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


class Refusing:
    """Stands in for the system: refuses a family of addresses, with a limit."""

    def __init__(self, error: OSError, address: str, times: int = 1000) -> None:
        self.error, self.address, self.times = error, address, times
        self.real = ports._listen

    def __call__(self, family: int, address: str, port: int) -> socket.socket:
        if address == self.address and self.times:
            self.times -= 1
            raise self.error
        return self.real(family, address, port)


def os_error(number: int) -> OSError:
    return OSError(number, "told by the system")


@needs.ipv6
def test_a_free_port_that_is_taken_on_one_address_means_another_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = Refusing(os_error(errno.EADDRINUSE), "::1", times=3)
    monkeypatch.setattr(ports, "_listen", refusing)
    with bound() as listeners:
        assert refusing.times == 0
        assert addresses(listeners) == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("windows", [False, True])
def test_a_port_that_was_named_is_tried_once(
    windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = Refusing(os_error(errno.EADDRINUSE), "127.0.0.1", times=1)
    monkeypatch.setattr(ports, "_listen", refusing)
    monkeypatch.setattr(ports, "_WINDOWS", windows)
    with pytest.raises(PortBusy, match="in use by another program"):
        ports.bind(5000, None)


@pytest.mark.parametrize("windows", [False, True])
def test_what_else_the_system_says_is_told_with_its_words(
    windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_listen", Refusing(os_error(errno.ENOBUFS), "127.0.0.1"))
    monkeypatch.setattr(ports, "_WINDOWS", windows)
    for address, where in ((None, "127.0.0.1 or ::1"), ("127.0.0.1", "127.0.0.1")):
        with pytest.raises(LocalError) as caught:
            ports.bind(0, address)
        told = f"Listening on {where} is not possible here: told by the system."
        assert (type(caught.value), caught.value.what) == (LocalError, told)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port_can_be_named(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as some:
        monkeypatch.setattr(ports, "_listen_on", lambda *at: {(ports._LOOPBACK, port): [some]}[at])
        assert ports.bind(port, None) == [some]


def test_no_port_that_is_free_on_both_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_listen", Refusing(os_error(errno.EADDRINUSE), "::1"))
    with pytest.raises(PortBusy, match="free on both"):
        ports.bind(0, None)


@needs.ipv6
@pytest.mark.parametrize(("absent", "left"), [("::1", "127.0.0.1"), ("127.0.0.1", "::1")])
@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_machine_without_one_family_listens_on_the_other(
    monkeypatch: pytest.MonkeyPatch, absent: str, left: str, number: int
) -> None:
    monkeypatch.setattr(ports, "_listen", Refusing(os_error(number), absent))
    with bound() as listeners:
        assert addresses(listeners) == [left]


def test_a_low_port_that_the_system_keeps_is_told_without_any_advice_to_use_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(ports, "_listen", Refusing(refusal, "127.0.0.1"))
    with pytest.raises(LocalError, match="port 80") as error:
        ports.bind(80, None)
    assert not isinstance(error.value, PortBusy)
    assert "1023" in error.value.advice
    assert "sudo" not in str(error.value)


@pytest.mark.parametrize(
    ("port", "which"), [(5000, "Port 5000"), (80, "Port 80"), (0, "Every port")]
)
def test_on_windows_a_port_that_is_kept_back_is_told_with_the_ranges(
    port: int, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = PermissionError(errno.EACCES, "an attempt was made to access a socket")
    monkeypatch.setattr(ports, "_listen", Refusing(refusal, "127.0.0.1"))
    monkeypatch.setattr(ports, "_WINDOWS", True)
    with pytest.raises(PortBusy, match=f"{which}.* 10013") as caught:
        ports.bind(port, None)
    command = "netsh interface ipv4 show excludedportrange protocol=tcp"
    assert caught.value.advice.endswith(f": {command}")


@needs.ipv6
def test_on_windows_a_free_port_that_is_kept_back_on_one_address_means_another_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = PermissionError(errno.EACCES, "an attempt was made to access a socket")
    monkeypatch.setattr(ports, "_listen", Refusing(refusal, "::1", times=3))
    monkeypatch.setattr(ports, "_WINDOWS", True)
    alone = socket.SO_REUSEADDR  # there is no SO_EXCLUSIVEADDRUSE here
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", alone, raising=False)
    with bound() as listeners:
        assert addresses(listeners) == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("port", "address", "kind"),
    [
        (-1, None, UsageError),
        (65536, None, UsageError),
        (0, "nowhere", UsageError),
        (0, "localhost", UsageError),
        (0, "127.0.0.1.1", UsageError),
        (0, "::1::", UsageError),
        (0, "", UsageError),
        (0, "203.0.113.7", LocalError),
    ],
)
def test_a_place_that_cannot_be_listened_on_is_refused(
    port: int, address: str | None, kind: type[EntraOAuthError]
) -> None:
    with pytest.raises(kind) as caught:
        ports.bind(port, address)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "127.0.0.1", pytest.param("[::1]", marks=needs.ipv6)]
)
def test_another_address_is_listened_on_when_it_is_named(address: str) -> None:
    with bound(address=address) as listeners:
        assert addresses(listeners) == [address.strip("[]")]


@needs.ipv6
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("option", ["none", "SO_REUSEADDR", "SO_REUSEPORT"])
def test_nobody_can_listen_beside_us(address: str, option: str) -> None:
    if option != "none" and not hasattr(socket, option):
        pytest.skip(f"this system has no {option}")
    with bound() as listeners, socket.socket(FAMILY[address]) as thief:
        if option != "none":
            thief.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        port = listeners[0].getsockname()[1]

        def steal() -> None:
            thief.bind((address, port))
            thief.listen()

        with pytest.raises(OSError, match=r"in use|permi"):
            steal()


@needs.posix
def test_the_same_port_can_be_had_again_at_once() -> None:
    with bound() as listeners:
        port = listeners[0].getsockname()[1]
        with raw_peer.connect(port):
            listeners[0].setblocking(True)
            listeners[0].accept()[0].close()
    with bound(port) as again:
        assert again[0].getsockname()[1] == port
