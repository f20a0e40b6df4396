"""The two halves: an authorize URL now, its answer later."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from kit import canaries, needs
from kit.command_line import (
    AT_NOBODY,
    CLIENT,
    TENANT,
    Person,
    Ran,
    Running,
    as_program,
    at,
    authority,
    call,
    error_of,
    free_port,
    on_stdin,
)
from kit.servers.raw_server import RawServer

TOKEN = f"{canaries.ACCESS_TOKEN}\n"
FORGOTTEN = "No request on this machine is waiting for an answer."


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def server(person: Person) -> Iterator[RawServer]:
    with authority(person) as server:
        yield server


def begin(person: Person, url: str, *options: str) -> Ran:
    ran = call("authorize-url", *at(url), *options)
    assert ran.code == 0, ran.err
    person.see(ran.out.rstrip("\n"))
    return ran


def exchange(text: str, *options: str) -> Ran:
    with on_stdin(text):
        return call("exchange", *options)


def folder() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "entra-oauth" / "pending"


def pending() -> list[Path]:
    return sorted(folder().iterdir())


# ---- both procedures ----------------------------------------------------------------


@pytest.mark.parametrize("procedure", ["article", "hardened"])
def test_the_two_halves(person: Person, server: RawServer, procedure: str) -> None:
    ran = begin(person, server.url, "--procedure", procedure)
    assert ran.out.count("\n") == 1
    assert ran.err.endswith("Next: entra-oauth exchange\n")
    assert person.asked["response_mode"] == "query"
    assert ("code_challenge" in person.asked) == (procedure == "hardened")

    ran = exchange(person.final_address())
    assert (ran.code, ran.out) == (0, TOKEN)
    body = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert f"code={quote_plus(canaries.CODE)}&" in body
    assert ("code_verifier=" in body) == (procedure == "hardened")
    assert ("state=" in body) == (procedure == "article")
    assert pending() == []
    assert canaries.CODE not in ran.err


def test_the_url_as_json(person: Person) -> None:
    ran = call("authorize-url", *AT_NOBODY, "--json", "--login-hint", "ada@example.test")
    result = json.loads(ran.out)
    assert result["schema"] == "entra-oauth/authorize-url/1"
    assert result["procedure"] == "article"
    assert result["url"].startswith(f"http://localhost:9/{TENANT}/oauth2/v2.0/authorize?client_id=")
    assert ["login_hint", "ada@example.test"] in result["parameters"]


def test_quiet_leaves_the_url_alone(person: Person) -> None:
    ran = call("authorize-url", *AT_NOBODY, "--quiet")
    assert (ran.err, ran.out.count("\n")) == ("", 1)


@pytest.mark.parametrize("name", ["token", "header", "json", "summary"])
def test_the_formats_of_the_second_half(person: Person, server: RawServer, name: str) -> None:
    begin(person, server.url, "--procedure", "hardened")
    ran = exchange(person.final_address(), "-o", name)
    assert ran.code == 0
    if name == "json":
        assert json.loads(ran.out)["client_id"] == CLIENT
    else:
        start = {"token": TOKEN[:6], "header": "Authorization: Bearer ", "summary": "Signed in as"}
        assert ran.out.startswith(start[name])


def test_a_query_alone_and_a_wrapped_address_will_do(person: Person, server: RawServer) -> None:
    begin(person, server.url)
    query = person.final_address().partition("?")[2]
    assert exchange(query).code == 0
    begin(person, server.url)
    address = person.final_address()
    assert exchange("\n".join((address[:40], address[40:80], address[80:]))).code == 0


def test_the_answer_is_found_among_several_requests(person: Person, server: RawServer) -> None:
    others = [Person(), Person()]
    begin(others[0], server.url, "--redirect-uri", "http://localhost:8765/other")
    begin(person, server.url, "--procedure", "hardened")
    begin(others[1], server.url, "--state", "a state/with=odd&letters~")
    assert len(pending()) == 3
    assert exchange(person.final_address()).code == 0
    # The state comes back as the authority spells it, which need not be our spelling.
    odd = others[1].final_address().replace("+", "%20").replace("~", "%7e")
    assert exchange(odd).code == 0
    assert len(pending()) == 1


def test_a_second_exchange_of_the_same_answer_sends_nothing(
    person: Person, server: RawServer
) -> None:
    begin(person, server.url)
    assert exchange(person.final_address()).code == 0
    ran = exchange(person.final_address())
    assert (ran.code, error_of(ran)[0]) == (2, FORGOTTEN)
    assert len(server.requests) == 1


def test_a_request_is_forgotten_before_its_code_is_sent(person: Person) -> None:
    with authority(
        person, lambda url, p: b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    ) as server:
        begin(person, server.url)
        assert exchange(person.final_address()).code == 6
        assert pending() == []
        assert error_of(exchange(person.final_address()))[0] == FORGOTTEN
        assert len(server.requests) == 1


def test_where_nothing_was_sent_the_same_answer_may_be_brought_again(person: Person) -> None:
    begin(person, "http://localhost:" + free_port())
    for _ in range(2):
        ran = exchange(person.final_address())
        _, advice = error_of(ran)
        assert ran.code == 6
        assert "Nothing was sent." in advice
        assert len(pending()) == 1


def test_an_answer_that_another_run_has_taken_is_not_sent_again(
    person: Person, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(person, server.url)
    from entra_oauth.cli.article import pending_request as room

    real = room.waiting

    def waiting() -> Any:
        found = real()
        for path in pending():
            path.unlink()
        return found

    monkeypatch.setattr(room, "waiting", waiting)
    ran = exchange(person.final_address())
    assert (ran.code, server.requests) == (5, [])
    assert "just redeemed by another run" in error_of(ran)[0]


WRONG: list[tuple[dict[str, str | None], int, str]] = [
    ({"state": "theirs"}, 5, "a state that is not ours"),
    ({"state": None}, 5, "There is no state"),
    ({"code": None}, 5, "neither code nor error"),
    ({"code": None, "error": "access_denied"}, 3, "access_denied"),
]


@pytest.mark.parametrize(("changes", "code", "said"), WRONG)
def test_a_wrong_answer_is_refused_and_the_request_waits_on(
    person: Person, server: RawServer, changes: dict[str, str | None], code: int, said: str
) -> None:
    begin(Person(), server.url, "--redirect-uri", "http://localhost:8765/other")
    begin(person, server.url)
    ran = exchange(person.final_address(**changes))
    what, _ = error_of(ran)
    assert (ran.code, server.requests) == (code, [])
    assert said in what
    assert canaries.CODE not in ran.err
    assert exchange(person.final_address()).code == 0


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_on_standard_input(person: Person, text: str) -> None:
    begin(person, "http://localhost:9")
    ran = exchange(text)
    error_of(ran)
    assert ran.code == (8 if not text else 5)


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00", b"\x1b[31mhttp://localhost/?code=x&state=y", b"eyJ.eyJ.x" * 9000]
)
def test_rubbish_on_standard_input(person: Person, text: bytes) -> None:
    begin(person, "http://localhost:9")
    with on_stdin(text):
        ran = call("exchange")
    error_of(ran)
    assert ran.code in (2, 5)


# ---- by hand --------------------------------------------------------------------------


def test_a_state_of_ones_own_needs_no_first_half(person: Person, server: RawServer) -> None:
    address = f"http://localhost/?code={canaries.CODE}&state=12345&session_state=x"
    ran = exchange(address, "--state", "12345", *at(server.url))
    assert (ran.code, ran.out) == (0, TOKEN)
    assert not folder().exists()
    assert b"&state=12345" in server.requests[0]


def test_a_state_of_ones_own_is_checked(person: Person, server: RawServer) -> None:
    ran = exchange(
        f"http://localhost/?code={canaries.CODE}&state=12346", "--state", "12345", *at(server.url)
    )
    assert (ran.code, server.requests) == (5, [])
    what, advice = error_of(ran)
    assert "a state that is not ours" in what
    assert "entra-oauth exchange" in advice, "nobody waits for an answer any more"


def test_ids_from_the_environment_do_not_disturb_a_kept_request(
    person: Person, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(person, server.url)
    monkeypatch.setenv("AZURE_TENANT_ID", "another.example")
    monkeypatch.setenv("AZURE_CLIENT_ID", "another")
    assert exchange(person.final_address()).code == 0
    assert server.requests[0].startswith(f"POST /{TENANT}/".encode())


# ---- what is kept -------------------------------------------------------------------


@needs.posix
def test_what_is_kept_is_for_ones_own_eyes_only(person: Person) -> None:
    before = os.umask(0)
    try:
        begin(person, "http://localhost:9", "--procedure", "hardened")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700
    (kept,) = pending()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert person.asked["state"] not in kept.name


@needs.posix
def test_a_folder_that_others_can_read_is_closed(person: Person) -> None:
    folder().mkdir(parents=True, mode=0o755)
    folder().chmod(0o755)
    begin(person, "http://localhost:9")
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700


def _age(path: Path, seconds: float) -> None:
    at_time = time.time() - seconds
    os.utime(path, (at_time, at_time))


@pytest.mark.parametrize(("age", "code"), [(3500, 0), (3700, 2), (-30, 0), (-4000, 2)])
def test_a_request_waits_for_an_hour(
    person: Person, server: RawServer, age: float, code: int
) -> None:
    begin(person, server.url)
    _age(pending()[0], age)
    ran = exchange(person.final_address())
    assert ran.code == code
    if code:
        assert error_of(ran)[0] == FORGOTTEN


def test_what_is_too_old_is_removed_with_the_next_request(person: Person) -> None:
    begin(person, "http://localhost:9")
    old = pending()[0]
    left = folder() / ".new-left-by-a-killed-run"
    left.write_text("x")
    for path in (old, left):
        _age(path, 4000)
    begin(person, "http://localhost:9")
    assert len(pending()) == 1
    assert old not in pending()


def _spoilt(record: dict[str, Any], **changes: Any) -> str:
    return json.dumps({**record, **changes})


def test_files_that_cannot_be_used_are_passed_over(person: Person, server: RawServer) -> None:
    begin(person, server.url)
    (kept,) = pending()
    record = json.loads(kept.read_text())
    spoilt = [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        "\udcff",
        _spoilt(record, schema="entra-oauth/pending/2"),
        _spoilt(record, base="http://evil.example"),
        _spoilt(record, tenant="../.."),
        _spoilt(record, state=""),
        _spoilt(record, state=5),
        _spoilt(record, state="a\nb"),
        _spoilt(record, verifier="short"),
        _spoilt(record, procedure="hardened"),
        _spoilt(record, procedure="mine"),
        _spoilt(record, scopes=[1]),
        _spoilt(record, scopes=None),
        _spoilt(record, hints=[]),
        _spoilt(record, hints={"prompt": "x"}),
        _spoilt(record, redirect_uri="http://["),
        json.dumps({name: value for name, value in record.items() if name != "nonce"}),
        json.dumps(record) + " " * (1 << 20),
    ]
    for number, text in enumerate(spoilt):
        (folder() / f"{number}.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    (folder() / "a-folder.json").mkdir()
    (folder() / "a-link.json").symlink_to(kept)
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder() / "a-pipe.json")
    ran = exchange(person.final_address())
    assert (ran.code, ran.out) == (0, TOKEN)


@needs.posix
@pytest.mark.parametrize("verb", ["authorize-url", "exchange"])
def test_a_folder_that_is_a_link_is_refused(verb: str, tmp_path: Path) -> None:
    folder().parent.mkdir(parents=True)
    folder().symlink_to(tmp_path)
    ran = call(verb, *(AT_NOBODY if verb == "authorize-url" else ()))
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (8, "")
    assert what.endswith("is not a folder of your own.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["authorize-url", "exchange"])
def test_a_home_that_cannot_be_written_to(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "x"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "file" / "x"))
    ran = call(verb, *(AT_NOBODY if verb == "authorize-url" else ()))
    what, advice = error_of(ran)
    assert (ran.code, ran.out) == (8, "")
    assert "cannot be used: " in what
    assert "entra-oauth mirror" in advice


def test_a_full_disk_leaves_nothing_behind(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("entra_oauth.cli.article.pending_request.os.replace", full)
    ran = call("authorize-url", *AT_NOBODY)
    what, _ = error_of(ran)
    assert (ran.code, ran.out) == (8, "")
    assert what.endswith("cannot be used: No space left on device.")
    assert pending() == []


@needs.posix
def test_in_a_terminal_the_address_is_asked_for_until_it_fits(
    person: Person, server: RawServer
) -> None:
    from kit.processes.ptys import Session

    begin(person, server.url, "--procedure", "hardened")
    with Session(as_program("exchange")) as terminal:
        terminal.wait_for("address> ")
        terminal.wait_until_raw()
        terminal.press(person.final_address(state="theirs") + "\r")
        terminal.wait_for("Not usable: A redirect came with a state that is not ours")
        terminal.wait_for("address> ", times=2)
        terminal.wait_until_raw()
        terminal.press(person.final_address() + "\r")
        code, out = terminal.finish()
        assert terminal.modes() == terminal.before
    assert (code, out) == (0, TOKEN)
    assert canaries.CODE not in terminal.shown


def test_two_processes_and_one_answer_make_one_request(person: Person, server: RawServer) -> None:
    begin(person, server.url)
    address = person.final_address().encode()
    ends = [os.pipe() for _ in range(2)]
    with (
        Running("exchange", stdin=ends[0][0]) as one,
        Running("exchange", stdin=ends[1][0]) as other,
    ):
        for read_end, write_end in ends:
            os.close(read_end)
            os.write(write_end, address)
        for _, write_end in ends:
            os.close(write_end)
        codes = sorted(running.finish().code for running in (one, other))
    assert codes in ([0, 2], [0, 5])  # it was gone, or went while the other looked
    assert len(server.requests) == 1
