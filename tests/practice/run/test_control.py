"""The control endpoint obeys a program with the token, and no web page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import ConnectFailed, UsageError
from entra_oauth.practice.browser.control_client import command
from entra_oauth.practice.run.control import Control
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpResponse

Headers = dict[str, str]


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(clock=lambda: 1_000_000.0)


@pytest.fixture
def control(tenant: PracticeTenant) -> Iterator[Control]:
    with Control(tenant) as control:
        yield control


def _send(
    control: Control, method: str, path: str, headers: Headers, body: bytes = b""
) -> tuple[int, bytes]:
    port = int(control.address.partition("/#")[0].rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body or None, headers=headers)
    response = connection.getresponse()
    answer = (response.status, response.read())
    connection.close()
    return answer


def _good(control: Control) -> Headers:
    token = control.address.partition("/#")[2]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def test_a_fault_is_added_listed_and_taken_away(tenant: PracticeTenant, control: Control) -> None:
    answer = command(control.address, "POST", "/faults", {"fault": "token status=503"})
    assert answer == {"faults": [{"fault": "token status=503", "touched": 0}]}
    assert [rule.text for rule, _ in tenant.faults.rules] == ["token status=503"]
    assert command(control.address, "GET", "/faults") == answer
    assert command(control.address, "DELETE", "/faults") == {"faults": []}
    assert tenant.faults.rules == ()


def test_the_clock_is_put_forward_and_back(tenant: PracticeTenant, control: Control) -> None:
    assert command(control.address, "POST", "/clock", {"seconds": 3600}) == {"now": 1_003_600}
    assert command(control.address, "POST", "/clock", {"seconds": -7200}) == {"now": 996_400}
    assert command(control.address, "GET", "/clock") == {"now": 996_400}
    assert tenant.now() == 996_400.0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
        ({"Authorization": "Basic eA=="}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "https://evil.example/"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "login.microsoftonline.com"}, 421),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_a_request_that_a_page_could_send_changes_nothing(
    change: Headers, status: int, tenant: PracticeTenant, control: Control
) -> None:
    body = b'{"fault": "any status=500"}'
    assert _send(control, "POST", "/faults", _good(control) | change, body)[0] == status
    assert tenant.faults.rules == ()
    assert _send(control, "POST", "/faults", _good(control), body)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/faults", b"", 400),
        ("POST", "/faults", b"{", 400),
        ("POST", "/faults", b"[]", 400),
        ("POST", "/faults", b"\xff\xfe", 400),
        ("POST", "/faults", b"[" * 20_000, 400),
        ("POST", "/faults", b'{"fault": 7}', 400),
        ("POST", "/faults", b'{"fault": "nonsense"}', 400),
        ("POST", "/clock", b'{"seconds": "1"}', 400),
        ("POST", "/clock", b'{"seconds": true}', 400),
        ("POST", "/clock", b'{"seconds": 1e400}', 400),
        ("POST", "/clock", b'{"seconds": 99999999999}', 400),
        ("POST", "/faults", b" " * 70_000, 413),
        ("PUT", "/faults", b"", 405),
        ("DELETE", "/clock", b"", 405),
        ("GET", "/", b"", 404),
        ("GET", "/faults/", b"", 404),
    ],
)
def test_what_does_not_fit_is_refused_and_the_next_request_served(
    method: str, path: str, body: bytes, status: int, tenant: PracticeTenant, control: Control
) -> None:
    assert _send(control, method, path, _good(control), body)[0] == status
    assert tenant.faults.rules == ()
    assert json.loads(_send(control, "GET", "/clock", _good(control))[1]) == {"now": 1_000_000}


def test_a_refusal_reaches_the_person_with_its_advice(control: Control) -> None:
    with pytest.raises(UsageError, match="not understood") as caught:
        command(control.address, "POST", "/faults", {"fault": "token sttus=500"})
    assert "practice fault" in caught.value.advice


def test_a_tenant_that_has_ended_is_told_of(tenant: PracticeTenant) -> None:
    with Control(tenant) as control:
        address = control.address
    with pytest.raises(ConnectFailed):
        command(address, "GET", "/clock")


def test_another_program_on_the_port_is_not_believed() -> None:
    with (
        LoopbackHost(lambda request: HttpResponse(status=200, body=b"<html>")) as other,
        pytest.raises(UsageError, match="no practice tenant"),
    ):
        command(f"http://127.0.0.1:{other.port}/#token", "GET", "/clock")


def test_two_tenants_have_two_tokens(tenant: PracticeTenant) -> None:
    with Control(tenant) as one, Control(tenant) as other:
        assert one.address.partition("#")[2] != other.address.partition("#")[2]
        assert len(one.address.partition("#")[2]) >= 43
