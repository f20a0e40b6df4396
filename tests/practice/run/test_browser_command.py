"""The browser of `practice run` is faster than a person, and a program may listen late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.practice import serve
from entra_oauth.practice.browser import transport
from entra_oauth.practice.directory.defaults import DEFAULT
from entra_oauth.practice.run.browser_command import main as browser
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.practice.tenant import PracticeTenant
from entra_oauth.protocol.messages import HttpRequest, HttpResponse
from kit.command_line import free_port
from kit.practice import BASE, authorize_url


class Program:
    """One that listens when it is first found absent, and not before."""

    def __init__(self) -> None:
        self.port = int(free_port())
        self.looked_for = 0
        self.received: list[HttpRequest] = []
        self._host: LoopbackHost | None = None

    def late(self, seconds: float) -> None:
        """In the place of a pause."""
        self.looked_for += 1
        if self._host is None:
            self._host = LoopbackHost(self._answer, port=self.port)
            self._host.start()

    def stop(self) -> None:
        if self._host is not None:
            self._host.close()

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.received.append(request)
        return HttpResponse(status=200, body=b"thanks")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    made = Program()
    monkeypatch.setattr(transport, "sleep", made.late)
    yield made
    made.stop()


@pytest.fixture
def tenant() -> PracticeTenant:
    return PracticeTenant(directory=DEFAULT.with_admin_consent())


@pytest.fixture
def hosted(tenant: PracticeTenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with serve(tenant, tls=False) as hosted:
        yield hosted


def _url(hosted: Hosted, program: Program) -> str:
    here = authorize_url({"redirect_uri": f"http://localhost:{program.port}"})
    return here.replace(BASE, hosted.base_url)


def test_a_program_that_opens_the_browser_first_and_listens_second_gets_its_answer(
    hosted: Hosted, program: Program
) -> None:
    assert browser([_url(hosted, program)]) == 0
    assert [request.query.split("=")[0] for request in program.received] == ["code"]
    assert program.looked_for >= 1


def test_where_somebody_was_there_before_nobody_is_waited_for(
    tenant: PracticeTenant,
    hosted: Hosted,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tenant.faults.add("delivered-twice")
    answer = program._answer

    def once(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        program.stop()
        return response

    monkeypatch.setattr(program, "_answer", once)
    browser([_url(hosted, program)])
    assert (len(program.received), program.looked_for) == (1, 1)


def test_the_address_that_it_was_given_is_not_waited_for(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert browser([f"http://127.0.0.1:{program.port}/"]) == 6
    assert program.looked_for == 0


def test_there_is_an_end_to_waiting(
    hosted: Hosted,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(transport, "sleep", waited.append)
    monkeypatch.setattr(transport, "monotonic", lambda: sum(waited))
    assert browser([_url(hosted, program)]) == 6
    assert 10 < sum(waited) < 20
    assert f"at port {program.port}" in capsys.readouterr().err
