"""`practice run --record` without anybody's client: places, options, exit codes."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from entra_oauth.channels.exchange import Exchange
from entra_oauth.cli.practice import record_programs
from entra_oauth.cli.practice.record_programs import ProgramRecorder
from entra_oauth.practice.directory.model import ARTICLE_TENANT_ID
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Recorder
from entra_oauth.recording.step import Seen, steps_of
from entra_oauth.recording.store import load
from kit.command_line import Ran, call, error_of
from kit.sweep import found_in_files

LOGIN = "https://login.microsoftonline.com"
ASKING = """
import os, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=20).read()
except urllib.error.HTTPError as error:
    error.close()
for folder in sys.argv[3:]:
    os.makedirs(os.path.join(folder, "mine"))
sys.exit(int(sys.argv[2]))
"""
KEYS = f"{LOGIN}/{ARTICLE_TENANT_ID}/discovery/v2.0/keys"


def run(*options: str, url: str = KEYS, code: int = 0, spoils: tuple[str, ...] = ()) -> Ran:
    program = ("--", sys.executable, "-c", ASKING, url, str(code), *spoils)
    return call("practice", "run", *options, *program)


@pytest.mark.parametrize("code", [0, 42])
def test_the_exit_code_is_the_programs_and_the_recording_is_whole(
    code: int, tmp_path: Path
) -> None:
    ran = run("--record", str(tmp_path / "rec"), code=code)
    assert (ran.code, ran.out) == (code, "")
    assert f"Recorded 1 message in {tmp_path / 'rec'}. It holds no secrets" in ran.err
    (step,) = load(tmp_path / "rec").steps
    assert (step.name, step.channel, step.url) == ("keys", "back", KEYS)
    assert step.request.seen is step.response.seen is Seen.WIRE
    assert call("audit", "verify", str(tmp_path / "rec")).code == 0


SECRET = "CanaryOnCommandLine-Zz9.Zz9"
PLACES = [
    (SECRET,),
    ("--password", SECRET),
    (f"--token={SECRET}",),
    (f"-p{SECRET}",),
    (f"-{SECRET}",),
]


@pytest.mark.parametrize("more", PLACES)
def test_a_secret_of_the_programs_command_line_is_in_none_of_its_recordings(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "rec"
    asking = ("--", sys.executable, "-c", ASKING.replace("sys.argv[3:]", "()"), KEYS, "0", *more)
    assert call("practice", "run", "--record", str(folder), *asking).code == 0
    assert found_in_files(tmp_path, [SECRET]) == []
    facts = load(folder).facts
    assert facts["watched_program"] == Path(sys.executable).name
    assert facts["watched_command"][1] == "-c"
    for form in ("html", "markdown", "har"):
        assert SECRET not in call("audit", "export", str(folder), "--as", form).out
    assert SECRET not in call("audit", "show", str(folder)).out


def test_settings_and_machine_are_in_the_recording_as_they_were_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    options = ("--name-machine", "--fault", "csrf-state", "--user", "carol")
    assert run(*options, "--record", str(folder)).code == 0
    facts = load(folder).facts
    assert facts["recorded_on"]["machine"] == platform.node()
    assert {(each["name"], each["value"]) for each in facts["settings"]} == {
        ("--fault", "csrf-state"),
        ("--user", "(5 characters)"),
    }
    people = tmp_path / "people"
    ran = run(*options, "--redact", "pii", "--record", str(people))
    assert "neither machine nor user is named" in ran.err
    assert "recorded_on" not in load(people).facts


def test_the_programs_own_exit_code_is_not_lost_when_the_place_is(tmp_path: Path) -> None:
    spoils = (str(tmp_path / "rec"),)
    ran = run("--record", str(tmp_path / "rec"), code=42, spoils=spoils)
    assert ran.code == 42
    assert "Note: " in ran.err
    assert "is not empty" in ran.err


def test_a_success_without_its_recording_is_none(tmp_path: Path) -> None:
    spoils = (str(tmp_path / "rec"),)
    ran = run("--record", str(tmp_path / "rec"), spoils=spoils)
    assert ran.code == 8
    assert "is not empty" in error_of(ran)[0]


def test_redact_without_record_is_a_mistake() -> None:
    ran = run("--redact", "pii")
    assert ran.code == 2
    assert "--redact says how a recording is made" in error_of(ran)[0]


def test_a_program_that_cannot_be_started_leaves_no_folder(tmp_path: Path) -> None:
    ran = call("practice", "run", "--record", str(tmp_path / "rec"), "--", "no-such-program")
    assert ran.code == 127
    assert list(tmp_path.iterdir()) == []


# ---- what a message is taken for ----------------------------------------------------------


def _exchange(method: str, url: str, sent: bytes = b"x", received: bytes = b"") -> Exchange:
    request = HttpRequest(method=method, url=url)
    wire = Wire(sent=sent, received=received) if sent else None
    return Exchange(request=request, response=None, started_at=1.0, ended_at=2.0, wire=wire)


SPACE = "https://adb-1.2.azuredatabricks.net"
TENANT = f"{LOGIN}/{ARTICLE_TENANT_ID}"


@pytest.mark.parametrize(
    ("url", "channel", "name"),
    [
        (f"{TENANT}/oauth2/v2.0/authorize?client_id=x", "front", "authorize"),
        (f"{TENANT}/oauth2/authorize?client_id=x", "front", "authorize"),
        (f"{TENANT}/login", "front", "page"),
        (f"{LOGIN}/", "front", "page"),
        (f"{TENANT}/oauth2/v2.0/token", "back", "token"),
        (f"{TENANT}/oauth2/v2.0/devicecode", "back", "devicecode"),
        (f"{TENANT}/v2.0/.well-known/openid-configuration", "back", "openid-configuration"),
        (f"{LOGIN}/common/discovery/instance?api-version=1.1", "back", "instance"),
        (f"{LOGIN}/common/userrealm/a@b?api-version=1.0", "back", "a-b"),
        (f"{SPACE}/api/2.1/clusters/list", "back", "list"),
        (f"{SPACE}/oidc/oauth2/v2.0/authorize?client_id=x", "front", "authorize"),
        (f"{SPACE}/oidc/oauth2/v2.0/authorize", "back", "lookup-of-the-authority"),
        (f"{SPACE}/aad/auth", "back", "auth"),
        (f"{SPACE}/.well-known/databricks-config", "back", "databricks-config"),
    ],
)
def test_pages_are_the_browsers_and_the_rest_is_the_programs(
    url: str, channel: str, name: str
) -> None:
    recorder = Recorder()
    ProgramRecorder(recorder).at_tenant(_exchange("GET", url))
    (step,) = steps_of(recorder.recording)
    assert (step.channel, step.name) == (channel, name)
    assert recorder.recording.at_authority


FORM_POST = (
    b"POST / HTTP/1.1\r\nHost: localhost:9\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 14\r\n\r\ncode=a&state=b"
)


@pytest.mark.parametrize(
    ("url", "sent", "name"),
    [
        (
            "http://localhost:9/?code=a&state=b",
            b"GET /?code=a&state=b HTTP/1.1\r\n\r\n",
            "redirect",
        ),
        ("http://localhost:9/?error=a", b"GET /?error=a HTTP/1.1\r\n\r\n", "redirect"),
        ("http://localhost:9/", FORM_POST, "redirect"),
        ("http://localhost:9/done", b"GET /done HTTP/1.1\r\n\r\n", "page"),
        ("http://localhost:9/?code=a", b"", "redirect"),
    ],
)
def test_the_browsers_visits_to_the_program(url: str, sent: bytes, name: str) -> None:
    recorder = Recorder()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    method = sent.partition(b" ")[0].decode() or "GET"
    visit = _exchange(method, url, sent, answer if sent else b"")
    ProgramRecorder(recorder).at_program([visit], "https://localhost:8")
    (step,) = steps_of(recorder.recording)
    assert (step.channel, step.name, step.url) == ("front", name, url)
    if sent:
        assert (step.request.data, step.response.data) == (sent, answer)
        assert step.http_response == HttpResponse(
            status=200, reason="OK", headers=(("Content-Length", "2"),), body=b"ok"
        )
    else:
        assert (step.request.seen, step.response.seen) == (Seen.ADDRESS, Seen.NOTHING)


def test_a_visit_to_the_tenants_own_address_is_known_already() -> None:
    recorder = Recorder()
    visit = _exchange("GET", "https://localhost:8/x/oauth2/v2.0/authorize?code=a")
    ProgramRecorder(recorder).at_program([visit], "https://localhost:8")
    assert recorder.recording.exchanges == ()


@pytest.mark.parametrize(("limit", "value"), [("_MOST", 2), ("_MOST_BYTES", 21)])
def test_there_is_an_end_to_what_is_kept_and_it_is_counted(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_programs, limit, value)
    recorder = Recorder()
    kept = ProgramRecorder(recorder)
    for _ in range(5):
        kept.at_tenant(_exchange("GET", KEYS, b"0123456789"))
    assert (len(recorder.recording.exchanges), kept.left_out) == (2, 3)
