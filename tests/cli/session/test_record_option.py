"""`--record`: evidence on success, on each failure and on Ctrl-C, and no secret in any of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from entra_oauth.recording.step import Evidence, Level, Seen
from entra_oauth.recording.store import load
from kit import canaries
from kit.back_channels import eventually
from kit.command_line import (
    Person,
    Ran,
    Running,
    at,
    authority,
    call,
    error_of,
    free_port,
    good,
    on_stdin,
    token_answer,
)
from kit.servers import raw_peer
from kit.servers.raw_server import Peer, RawServer, Script, answer, hearing, saying
from kit.sweep import found_in_bytes, found_in_files

COOKIE = "CanaryCookie-" + "Kk7_" * 8
CLIENT_SECRET = "CanaryClientSecret-" + "Xx9~" * 6
PASSWORD = "CanaryPassword-" + "Pw8!" * 6
DEVICE_CODE = "CanaryDevice-" + "Dd0_" * 8
HOPELESS = "CanaryForged-" + "Ff6_" * 8

Reply = Callable[[str, Person], bytes]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, no_terminal: None) -> Person:
    person = Person(before=_forge)
    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", person.launch)
    return person


def _forge(person: Person) -> None:
    """Somebody else's redirect comes first; it is refused, and recorded."""
    person.bring([("code", HOPELESS), ("state", HOPELESS)])


def planted(person: Person) -> list[str]:
    """Every secret of a sign-in: those that were made for it, and those of the tests."""
    made = [person.asked[name] for name in ("state", "nonce") if name in person.asked]
    return [*made, *canaries.CANARIES, COOKIE, HOPELESS]


def with_cookie(reply: Reply) -> Reply:
    def cookied(base_url: str, person: Person) -> bytes:
        head, blank, body = reply(base_url, person).partition(b"\r\n\r\n")
        return head + f"\r\nSet-Cookie: fpc={COOKIE}; path=/; secure".encode() + blank + body

    return cookied


def run(person: Person, folder: Path, *more: str, verb: str = "login", reply: Reply = good) -> Ran:
    with authority(person, with_cookie(reply)) as server:
        ran = call(verb, *at(server.url), "--browser", "x", "--record", str(folder), *more)
        person.join()
    return ran


def assert_no_secret(folder: Path, ran: Ran, secrets: list[str]) -> None:
    assert found_in_files(folder, secrets) == []
    # The authorize URL is shown to the person, and with it what is in its query.
    shown = "\n".join(line for line in ran.err.splitlines() if "/authorize?" not in line)
    assert found_in_bytes(shown, secrets) == []


def names(evidence: Evidence) -> list[str]:
    """Of the steps; the keys are fetched beside them, early or late."""
    return [step.name for step in evidence.steps if step.name != "keys"]


def test_a_login_leaves_a_recording_without_a_secret(person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    ran = run(person, folder, "-o", "token")
    assert (ran.code, ran.out) == (0, f"{canaries.ACCESS_TOKEN}\n")
    assert f" messages in {folder}. It holds no secrets" in ran.err
    evidence = load(folder)
    assert names(evidence) == ["authorize", "redirect-refused", "redirect", "token", "page"]
    assert_no_secret(folder, ran, planted(person))
    claims = {(c.name, c.verdict) for c in evidence.claims}
    assert {("state-equal", "no"), ("state-equal", "yes"), ("pkce-matches", "yes")} <= claims
    assert evidence.facts["program"]["verb"] == "login"
    settings = {each["name"]: each for each in evidence.facts["settings"]}
    assert settings["--browser"] == {
        "name": "--browser",
        "value": "(1 character)",
        "from": "the command line",
    }
    assert settings["--client-id"]["value"] == "(36 characters)"
    assert "--record" not in settings


def test_mirror_is_recorded_too_and_equals_curls_request(person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    ran = run(person, folder, "--port", free_port(), verb="mirror")
    assert ran.code == 0
    assert_no_secret(folder, ran, planted(person))
    claims = {c.name: c.verdict for c in load(folder).claims}
    assert claims["request-equals-curl"] == "yes"


def test_the_bytes_that_were_sent_have_their_length_in_the_recording(
    person: Person, tmp_path: Path
) -> None:
    with authority(person) as server:
        call("login", *at(server.url), "--browser", "x", "--record", str(tmp_path / "rec"))
        person.join()
    token = next(step for step in load(tmp_path / "rec").steps if step.name == "token")
    (sent,) = [request for request in server.requests if request.startswith(b"POST")]
    assert len(token.request.data) == len(sent) == token.request.original_size
    assert token.request.data.partition(b"\r\n\r\n")[0] == sent.partition(b"\r\n\r\n")[0]


def _fails(body: bytes, status: str) -> Reply:
    return lambda url, person: answer(body, status=status)


ECHO = json.dumps(
    {
        "error": "invalid_grant",
        "error_description": f"AADSTS70008: The code '{canaries.CODE}' has expired.\r\n"
        f"<b>\x1b[31m{canaries.VERIFIER}",
        "error_codes": [70008],
        "error_uri": f"https://login.example/error?code={canaries.CODE}",
        canaries.CODE: "a name",
    }
).encode()

FAILURES: dict[str, tuple[Reply, int]] = {
    "the authority says no, and repeats the code": (_fails(ECHO, "400 Bad Request"), 3),
    "an answer that is a page": (
        _fails(f"<html><body>{canaries.CODE}</body></html>".encode(), "502 Bad Gateway"),
        6,
    ),
    "tokens in an error": (_fails(json.dumps(token_answer()).encode(), "500 Oh"), 6),
    "broken JSON": (_fails(b'{"access_token": "' + canaries.ACCESS_TOKEN.encode(), "200 OK"), 6),
    "a redirect with the code": (
        lambda url, person: answer(
            b"", status="302 Found", more=f"Location: https://x.example/?code={canaries.CODE}\r\n"
        ),
        6,
    ),
    "no HTTP": (lambda url, person: canaries.REFRESH_TOKEN.encode() + b"\r\n\r\n", 6),
    "an ID token of another": (
        lambda url, person: answer(
            json.dumps(token_answer(id_token=f"eyJ{canaries.NONCE}.eyJ.x")).encode()
        ),
        5,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_is_recorded_and_stays_the_failure(
    name: str, person: Person, tmp_path: Path
) -> None:
    reply, code = FAILURES[name]
    folder = tmp_path / "rec"
    ran = run(person, folder, reply=reply)
    assert ran.code == code, ran.err
    error_of(ran)
    assert "Recorded " in ran.err
    assert any(step.name == "token" for step in load(folder).steps)
    assert found_in_files(folder, planted(person)) == []


@pytest.mark.parametrize("script", [hearing, saying(b""), saying(b"HTTP/1.1 200 OK\r\nContent-")])
def test_an_authority_that_breaks_off_is_recorded(
    script: Script, person: Person, tmp_path: Path
) -> None:
    with RawServer(script) as server:
        options = ("--http-timeout", "1", "--record", str(tmp_path / "rec"))
        ran = call("login", *at(server.url), "--browser", "x", *options)
        person.join()
    assert ran.code == 6
    token = next(step for step in load(tmp_path / "rec").steps if step.name == "token")
    assert token.request.seen is Seen.WIRE
    assert_no_secret(tmp_path / "rec", ran, planted(person))


def test_where_nobody_comes_the_refused_redirects_are_the_evidence(
    person: Person, tmp_path: Path
) -> None:
    person.answer = lambda asked: [("code", HOPELESS), ("state", "x" * 43)]
    ran = run(person, tmp_path / "rec", "--timeout", "1")
    assert ran.code == 5
    evidence = load(tmp_path / "rec")
    assert [step.name for step in evidence.steps].count("redirect-refused") == 2
    assert_no_secret(tmp_path / "rec", ran, planted(person))


def test_a_person_who_declines_is_recorded(person: Person, tmp_path: Path) -> None:
    person.answer = lambda asked: [
        ("error", "access_denied"),
        ("error_description", f"AADSTS65004: declined {canaries.CODE}"),
        ("state", asked["state"]),
    ]
    ran = run(person, tmp_path / "rec")
    assert ran.code == 3
    assert found_in_files(tmp_path / "rec", planted(person)) == []


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_stops_it_still_has_the_recording(number: int, code: int, tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    with (
        RawServer(hearing) as server,
        Running("login", *at(server.url), "--record", str(folder), browser=tmp_path) as running,
    ):
        asked = {k: v[0] for k, v in parse_qs(urlsplit(running.address()).query).items()}
        port = urlsplit(asked["redirect_uri"]).port or 80
        form = f"code={canaries.CODE}&state={asked['state']}"
        assert raw_peer.post(port, "/", form).status == 303
        _until_asked(server)
        running.signal(number)
        ran = running.finish()
    assert ran.code == code
    assert "Recorded " in ran.err
    token = next(step for step in load(folder).steps if step.name == "token")
    assert token.failure is not None
    secrets = [asked["state"], asked["nonce"], canaries.CODE]
    assert found_in_files(folder, secrets) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".rec")] == []


def _until_asked(server: RawServer) -> None:
    assert eventually(lambda: any(r.startswith(b"POST") for r in server.requests))


def test_both_halves_of_the_article_are_recorded(tmp_path: Path, no_terminal: None) -> None:
    person = Person()
    with authority(person) as server:
        url = call("authorize-url", *at(server.url)).out.strip()
        person.see(url)
        with on_stdin(person.final_address()):
            ran = call("exchange", "--record", str(tmp_path / "rec"), "-o", "summary")
    assert ran.code == 0, ran.err
    evidence = load(tmp_path / "rec")
    assert names(evidence) == ["authorize", "redirect", "token"]
    assert evidence.steps[1].request.seen is Seen.ADDRESS
    assert "The redirect was pasted: of it only the address is known." in evidence.not_seen
    assert ("state-equal", "yes") in {(c.name, c.verdict) for c in evidence.claims}
    assert_no_secret(tmp_path / "rec", ran, planted(person))


def _answering(members: dict[str, object], status: str = "200 OK") -> RawServer:
    return RawServer(saying(answer(json.dumps(members).encode(), status=status)))


def test_a_password_and_a_client_secret_leave_no_trace_not_even_their_length(
    tmp_path: Path, no_terminal: None
) -> None:
    for length in (1, 3):
        folder = tmp_path / f"password{length}"
        with _answering(token_answer()) as server, on_stdin(PASSWORD * length):
            options = ("--flow", "password", "--username", "ada@example.test", "--password-stdin")
            ran = call("login", *at(server.url), *options, "--record", str(folder))
        assert len(server.requests) == 1, ran.err
        token = load(folder).steps[0]
        assert token.request.original_size is None
        assert b"password=~pw~" in token.request.data
        assert_no_secret(folder, ran, [PASSWORD * length, *canaries.CANARIES])
    sizes = {(p / "001.token.request.bin").stat().st_size for p in tmp_path.iterdir()}
    assert len(sizes) == 1
    folder = tmp_path / "secret"
    with _answering(token_answer()) as server, on_stdin(CLIENT_SECRET):
        flow = ("--flow", "client-credentials", "--client-secret-stdin")
        ran = call("login", *at(server.url), *flow, "--record", str(folder))
    assert len(server.requests) == 1, ran.err
    assert_no_secret(folder, ran, [CLIENT_SECRET, *canaries.CANARIES])


def test_a_device_code_is_a_secret_too(tmp_path: Path, no_terminal: None) -> None:
    members = {
        "device_code": DEVICE_CODE,
        "user_code": "CANARY-77",
        "verification_uri": "https://microsoft.com/devicelogin",
        "expires_in": 900,
        "interval": 1,
    }
    refusal = answer(b'{"error": "expired_token"}', status="400 Bad Request")
    first = answer(json.dumps(members).encode())

    def play(peer: Peer) -> None:
        while request := peer.request():
            peer.send(first if b"/devicecode " in request else refusal)

    with RawServer(play) as server:
        options = ("--flow", "device-code", "--record", str(tmp_path / "rec"))
        ran = call("login", *at(server.url), *options)
    assert ran.code != 0
    assert names(load(tmp_path / "rec")) == ["devicecode", "token"]
    assert found_in_files(tmp_path / "rec", [DEVICE_CODE, "CANARY-77"]) == []


# ---- levels --------------------------------------------------------------------------


def test_names_of_people_go_where_that_was_asked_for(person: Person, tmp_path: Path) -> None:
    ran = run(person, tmp_path / "rec", "--redact", "pii", "--login-hint", "ada@example.test")
    assert ran.code == 0
    assert load(tmp_path / "rec").level is Level.PII
    assert found_in_files(tmp_path / "rec", ["ada@example.test", canaries.TENANT]) == []
    assert_no_secret(tmp_path / "rec", ran, planted(person))


def test_with_nothing_taken_out_it_is_said_loudly_and_the_bytes_are_the_wires(
    person: Person, tmp_path: Path
) -> None:
    with authority(person) as server:
        options = ("--browser", "x", "--record", str(tmp_path / "rec"), "--redact", "none", "-q")
        ran = call("login", *at(server.url), *options)
        person.join()
    assert "WARNING: with --redact none" in ran.err
    assert "ALL SECRETS" in ran.err
    token = next(step for step in load(tmp_path / "rec").steps if step.name == "token")
    assert token.request.data in server.requests
    assert "WARNING" in (tmp_path / "rec" / "VERIFY.txt").read_text()


# ---- places --------------------------------------------------------------------------


def test_a_place_that_cannot_be_used_is_said_before_anything_begins(
    person: Person, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    with authority(person) as server:
        ran = call("login", *at(server.url), "--browser", "x", "--record", str(tmp_path))
    assert ran.code == 8
    assert "is not empty" in error_of(ran)[0]
    assert (person.urls, server.requests) == ([], [])
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_place_that_is_lost_meanwhile_fails_a_success_and_only_adds_to_a_failure(
    person: Person, tmp_path: Path
) -> None:
    place = tmp_path / "place"

    def occupy(visitor: Person) -> None:
        (place / "rec").mkdir(parents=True)
        (place / "rec" / "mine").write_text("mine")

    for reply, code in ((good, 8), (_fails(b"{}", "500 Oh"), 6)):
        place.mkdir()
        person.before = lambda p: occupy(p) if not (place / "rec").exists() else None
        ran = run(person, place / "rec", reply=reply)
        assert ran.code == code, ran.err
        assert "is not empty" in ran.err
        (place / "rec" / "mine").unlink()
        (place / "rec").rmdir()
        place.rmdir()


def test_redact_without_record_is_a_mistake() -> None:
    ran = call("login", *at("http://localhost:9"), "--redact", "pii")
    assert ran.code == 2
    assert "--redact says how a recording is made" in error_of(ran)[0]


@pytest.mark.parametrize("option", ["--print", "--prove"])
def test_where_no_authority_is_talked_to_there_is_nothing_to_record(
    option: str, tmp_path: Path
) -> None:
    ran = call("mirror", option, *at("http://localhost:9"), "--record", str(tmp_path / "rec"))
    assert ran.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_fails_before_it_sends_leaves_no_folder(tmp_path: Path) -> None:
    options = ("--response-mode", "form_post", "--paste", "--record", str(tmp_path / "rec"))
    ran = call("login", *at("http://localhost:9"), *options)
    assert ran.code == 2
    assert "nothing was sent or received" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_demo_is_recorded_with_its_call(tmp_path: Path) -> None:
    ran = call("demo", "--record", str(tmp_path / "rec"))
    assert ran.code == 0
    assert [step.name for step in load(tmp_path / "rec").steps][-1] == "list"
