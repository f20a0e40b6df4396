"""audit diff, export, import and replay as people run them."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_oauth.cli.audit.replay import _sign_in
from entra_oauth.practice import PracticeBrowser, PracticeTenant, http_send, serve
from entra_oauth.practice.server.hosts import Hosted
from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.replay import FreshSignIn, values_from_redirect
from entra_oauth.recording.step import Level
from entra_oauth.recording.store import load
from kit import canaries
from kit import recordings as kit
from kit.command_line import call, error_of, free_port, on_stdin
from kit.practice import BASE, authorize_url
from kit.servers.raw_server import RawServer, saying
from kit.sweep import assert_swept

FORMATS = ("har", "curl", "http", "mermaid", "markdown", "html")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kit.written(tmp_path / "rec")


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    with serve(PracticeTenant(), tls=False) as hosted:
        yield hosted


def recorded_mirror(folder: Path, hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mirror --record` at the practice tenant, with a browser that signs in."""

    def launch(url: str, *args: object, **more: object) -> bool:
        browser = PracticeBrowser(http_send, "alice@contoso-practice.example", "practice")
        threading.Thread(target=browser.open, args=(url,), daemon=True).start()
        return True

    monkeypatch.setattr("entra_oauth.channels.listener.system_browser.launch", launch)
    monkeypatch.setattr(
        "entra_oauth.cli.sign_in.choose_receiver.has_local_browser", lambda *_: (True, "")
    )
    ran = call(
        *("mirror", "--authority-host", hosted.base_url, "--tenant", canaries.TENANT),
        *("--client-id", canaries.CLIENT_ID, "--record", str(folder)),
        *("--redirect-uri", f"http://localhost:{free_port()}", "--quiet", "-o", "token"),
    )
    assert ran.code == 0, ran.err


# ---- diff -----------------------------------------------------------------------------


def test_mirrors_token_request_has_the_body_of_the_articles_curl(
    tmp_path: Path, hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded_mirror(tmp_path / "rec", hosted, monkeypatch)
    token = next(step for step in load(tmp_path / "rec").steps if step.name == "token")
    ran = call("audit", "diff", f"{tmp_path / 'rec'}#{token.number}", "article:curl", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["verdict"]) == (9, "BODY-EQUAL")
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["headers"]["summary"].startswith("the same names in the same order")
    (difference,) = layers["headers"]["differences"]
    assert difference.startswith("~ User-Agent: entra-oauth/")
    assert layers["body bytes"]["verdict"] == "same"


ACCEPTED = [
    ("bytes", ["curl:7.88", "curl:7.88"], 0, "BYTE-EQUAL"),
    ("bytes", ["rec#3", "article:curl"], 9, "BODY-EQUAL"),
    ("body", ["rec#3", "article:curl"], 0, "BODY-EQUAL"),
    ("parameters", ["rec#3", "article:curl"], 0, "BODY-EQUAL"),
    ("parameters", ["rec#3", "msal:1.39"], 9, "DIFFERENT"),
    ("parameters", ["rec#3", "other#3"], 9, "UNDECIDABLE"),
]


@pytest.mark.parametrize(("accept", "names", "code", "verdict"), ACCEPTED)
def test_the_exit_code_says_whether_they_are_as_equal_as_was_asked(
    accept: str,
    names: list[str],
    code: int,
    verdict: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kit.written(folder.parent / "other", key=b"j" * 32)
    monkeypatch.chdir(folder.parent)
    ran = call("audit", "diff", *names, "--accept", accept)
    assert ran.code == code
    assert ran.out.splitlines()[-1] == verdict


def test_a_diff_of_raw_files_and_har_shows_no_secret(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(kit.token_bytes())
    (tmp_path / "x.har").write_text(har_text(kit.evidence(level=Level.NONE)))
    for names in (("a.bin", "x.har#2"), ("x.har#3", "x.har#4"), ("a.bin", "msal:1.39")):
        paths = [str(tmp_path / n) if not n.startswith("msal") else n for n in names]
        for more in ((), ("--json",), ("-o", "html")):
            ran = call("audit", "diff", *paths, *more)
            assert ran.code == 9
            assert_swept(ran.both, kit.PLANTED)


def test_a_diff_is_a_page_too_with_the_same_verdict(folder: Path) -> None:
    names = (f"{folder}#3", "article:curl")
    ran = call("audit", "diff", *names, "-o", "html", "--accept", "parameters")
    assert ran.code == call("audit", "diff", *names, "--accept", "parameters").code
    assert ran.out.startswith("<!doctype html>")
    assert call("audit", "diff", *names, "-o", "json").out.startswith("{")


@pytest.mark.parametrize("words", [[], ["rec#1"], ["a", "b", "c"]])
def test_diff_wants_two(words: list[str]) -> None:
    assert "Two requests" in error_of(call("audit", "diff", *words))[0]


# ---- export ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.SECRETS, Level.PII, Level.NONE])
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_that_is_exported_holds_a_secret(form: str, level: Level, tmp_path: Path) -> None:
    for index, what in enumerate(
        (kit.recording(), kit.recording(hardened=True), kit.failed(f"no: {canaries.CODE}"))
    ):
        folder = kit.written(tmp_path / f"rec{index}", what, level=level)
        ran = call("audit", "export", str(folder), "--as", form)
        assert ran.code == 0, ran.err
        assert len(ran.out) > 200
        assert_swept(ran.both, kit.PLANTED)


def test_a_file_is_new_and_for_its_owner_only(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert call("audit", "export", str(folder), "-o", str(out)).code == 0
    assert out.read_text().startswith("<!doctype html>")
    if os.name != "nt":
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    ran = call("audit", "export", str(folder), "-o", str(out))
    assert ran.code == 8
    assert "nothing is overwritten" in error_of(ran)[0]
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec", "report.html"]
    kept = tmp_path / "kept"
    kept.mkdir()
    for form, name in (("html", f"{folder.name}.html"), ("markdown", f"{folder.name}.md")):
        ran = call("audit", "export", str(folder), "--as", form, "-o", str(kept))
        assert (ran.code, ran.err) == (0, f"Written to {kept / name}.\n")
    again = call("audit", "export", str(folder), "-o", str(kept))
    assert again.code == 8
    assert "nothing is overwritten" in again.err


def test_one_step_can_be_exported(folder: Path) -> None:
    text = call("audit", "export", f"{folder}#3", "--as", "curl").out
    assert text.count("curl -q") == 1
    assert "# 3 token" in text


WRONG = [
    (("export",), "needs a recording"),
    (("export", "nowhere"), "does not exist"),
    (("export", "rec", "--as", "har", "--blank"), "are for the report"),
    (("export", "rec", "-o", "no/such/folder"), "the folder above it does not exist"),
    (("export", "rec", "-o", "rec"), "exists"),
    (("import",), "needs a file"),
    (("import", "x.har"), "needs a file"),
    (("import", "x.har", "-o", "new"), "no OAuth exchange"),
    (("import", "x.har", "-o", "rec"), "is not empty"),
    (("import", "nowhere", "-o", "new"), "cannot be read"),
    (("replay",), "needs a step"),
    (("replay", "rec"), "one step is wanted"),
    (("replay", "rec#1"), "was not sent by the program"),
    (("replay", "rec#4"), "were taken out"),
    (("replay", "rec#3", "--to", "https://login.example"), "not on this machine"),
    (("replay", "rec#3", "--to", "http://login.example", "--live"), "plain http"),
    (("replay", "rec#3", "--to", "localhost:1"), "is no origin"),
    (("replay", "rec#3", "--to", "http://u:p@localhost:1"), "is no origin"),
    (("replay", "rec#3", "--to", "http://localhost:1/x"), "is no origin"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_cannot_be_done_is_said_in_one_sentence(
    words: tuple[str, ...], said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    Path("x.har").write_text('{"log": {"entries": []}}', encoding="utf-8")
    before = sorted(path.name for path in Path.cwd().rglob("*"))
    ran = call("audit", *words)
    assert ran.code != 0
    assert said in error_of(ran)[0]
    assert sorted(path.name for path in Path.cwd().rglob("*")) == before


# ---- import ---------------------------------------------------------------------------


def test_a_browsers_har_becomes_a_recording_that_can_be_shown_and_compared(tmp_path: Path) -> None:
    har = json.loads(har_text(kit.evidence(level=Level.NONE)))
    for entry in har["log"]["entries"]:
        for name in ("_raw", "_step", "_redaction", "_tls"):
            entry.pop(name, None)
    noise = {"request": {"method": "GET", "url": "https://cdn.example/x.js"}}
    har["log"]["entries"].append(noise)
    (tmp_path / "browser.har").write_text(json.dumps(har))
    rec = tmp_path / "rec"
    ran = call("audit", "import", str(tmp_path / "browser.har"), "-o", str(rec))
    assert ran.code == 0, ran.err
    assert [line.split()[3] for line in ran.out.splitlines()] == [
        "authorize",
        "redirect",
        "token",
        "api",
    ]
    assert "Left out as not OAuth, by host: 1.\n      1  cdn.example" in ran.err
    assert_swept(ran.both, kit.PLANTED)
    for path in rec.iterdir():
        assert_swept(path.read_bytes(), kit.PLANTED)
    assert call("audit", "show", str(rec)).code == 0
    ran = call("audit", "diff", f"{rec}#3", "article:curl", "--accept", "body")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "BODY-EQUAL")


def test_what_was_imported_is_told_as_json_too(tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text(har_text(kit.evidence()))
    ran = call("audit", "import", str(tmp_path / "x.har"), "-o", str(tmp_path / "r"), "--json")
    found = json.loads(ran.out)
    assert [step["kind"] for step in found["steps"]] == ["authorize", "redirect", "token", "api"]
    assert found["left_out"] == []


# ---- replay ---------------------------------------------------------------------------


@pytest.mark.parametrize("hardened", [False, True])
def test_a_token_request_gets_a_fresh_code_of_a_practice_tenant(
    hardened: bool, tmp_path: Path
) -> None:
    folder = kit.written(tmp_path / "rec", kit.recording(hardened=hardened))
    ran = call("audit", "replay", f"{folder}#3", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["now"]["status"] == 200
    assert found["filled"][0] == "code"
    assert "access_token" in found["now"]["members"]
    assert '"access_token":"ey' in found["now"]["body"]
    assert "sig~" in found["now"]["body"], "of the token that came, no signature is shown"


def test_a_recording_of_everything_gets_a_fresh_code_too(tmp_path: Path) -> None:
    folder = kit.written(tmp_path / "rec", level=Level.NONE)
    ran = call("audit", "replay", f"{folder}#3")
    assert "now 200" in ran.out, ran.both


def test_the_articles_redirect_uri_is_told_from_the_tenants_own_pages(hosted: Hosted) -> None:
    path = f"{canaries.TENANT}/oauth2/v2.0/authorize"
    url = authorize_url().replace(f"{BASE}/{path}", f"{hosted.base_url}/{path}")
    sign_in = FreshSignIn(url=url, redirect_uri="http://localhost", values={"state": "12345"})
    assert values_from_redirect(sign_in, _sign_in(sign_in))["code"]


def test_values_come_from_standard_input_and_are_not_shown(folder: Path) -> None:
    answer = json.dumps({"echo": canaries.CODE}).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with (
        RawServer(saying(reply % len(answer) + answer)) as server,
        on_stdin(f"code={canaries.CODE}\nstate={canaries.STATE}\n"),
    ):
        ran = call("audit", "replay", f"{folder}#3", "--to", server.url, "--values", "-")
    assert ran.code == 0, ran.err
    assert_swept(ran.both, kit.PLANTED)
    (sent,) = server.requests
    assert sent.partition(b"\r\n\r\n")[2] == kit.token_bytes().partition(b"\r\n\r\n")[2]
    assert "only recorded: token_type" in ran.out
    assert "only now: echo" in ran.out


def test_a_line_that_is_no_value_is_refused_without_being_repeated(folder: Path) -> None:
    with on_stdin(canaries.CODE):
        ran = call(
            *("audit", "replay", f"{folder}#3", "--to", "http://localhost:1"), "--values", "-"
        )
    assert ran.code == 2
    assert_swept(ran.both, kit.PLANTED)
