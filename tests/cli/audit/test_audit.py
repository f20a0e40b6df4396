"""audit show, redact, seal and verify, as a person runs them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.protocol.messages import HttpRequest, HttpResponse, Wire
from entra_oauth.recording import Exchange, FrontEvent, Occurred, Recording
from entra_oauth.recording.save import save
from entra_oauth.recording.step import Level
from kit.canaries import CODE
from kit.command_line import Ran, call, error_of
from kit.sweep import found_in_bytes, found_in_files

HOSTILE = "AADSTS50011: \x1b]0;owned\x07\u202egnp.exe <script>alert(1)</script>"
BODY = json.dumps({"error": "invalid_grant", "error_description": HOSTILE}, ensure_ascii=False)
SENT = (
    b"POST /t/oauth2/v2.0/token HTTP/1.1\r\nHost: login.example\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 59\r\n\r\n"
    b"grant_type=authorization_code&client_id=app&code=" + CODE.encode()
)
RECEIVED = (
    b"HTTP/1.1 400 Bad\x1b[31m Request\r\nContent-Type: application/json\r\n"
    b"X-Note: \x9b1mhello\r\n\r\n" + BODY.encode()
)
WIRE = Wire(sent=SENT, received=RECEIVED, peer="192.0.2.1:443", tls_version="TLSv1.3", cipher="X")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    request = HttpRequest(
        method="POST",
        url="https://login.example/t/oauth2/v2.0/token",
        headers=(("Content-Type", "application/x-www-form-urlencoded"),),
        body=SENT.partition(b"\r\n\r\n")[2],
    )
    exchange = Exchange(
        request=request,
        response=HttpResponse(status=400, body=BODY.encode(), wire=WIRE),
        started_at=1.0,
        ended_at=1.25,
        wire=WIRE,
    )
    asked = Exchange(
        event=FrontEvent(Occurred.ASKED),
        request=HttpRequest(method="GET", url="https://login.example/t/authorize?state=x"),
        response=None,
        started_at=0.5,
        ended_at=0.5,
    )
    save(Recording((asked, exchange)), tmp_path / "rec", level=Level.SECRETS, created_at=2.0)
    return tmp_path / "rec"


def show(folder: Path, *more: str) -> Ran:
    return call("audit", "show", str(folder), *more)


def test_the_list_names_each_step_and_what_was_not_seen(folder: Path) -> None:
    ran = show(folder)
    assert ran.code == 0
    assert "secrets were taken out" in ran.out
    assert "  1  front  Browser to Authority  authorize" in ran.out
    second = "  2  back   Program to Authority  token\n     POST login.example"
    assert f"{second}/t/oauth2/v2.0/token  400" in ran.out
    assert "250 ms" in ran.out
    assert "Not in this recording:" in ran.out
    assert "code-spent-once" in ran.out
    assert "What the marks mean: " in ran.out
    assert "code, codes" in " ".join(ran.out.split())


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_the_list_fits_its_terminal(
    columns: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = show(folder).out.splitlines()
    assert max(map(len, lines)) <= columns
    (first,) = (n for n, line in enumerate(lines) if "back   Program to Authority" in line)
    assert "POST login.example/t/oauth2/v2.0/token  400" in " ".join(lines[first : first + 2])


@pytest.mark.parametrize("more", [[], ["1"], ["2"], ["2", "--raw"], ["2", "--explain"], ["#2"]])
def test_nothing_from_outside_reaches_the_terminal_as_it_is(folder: Path, more: list[str]) -> None:
    ran = show(folder, *more)
    assert ran.code == 0
    assert all(line.isprintable() for line in ran.both.splitlines())
    assert found_in_bytes(ran.both, [CODE]) == []
    if more[:1] in (["2"], ["#2"]):
        for name in ("<ESC>", "<U+202E>"):
            assert name in ran.out


def test_a_step_shows_its_bytes_and_its_connection(folder: Path) -> None:
    out = show(folder, "2").out
    assert "POST /t/oauth2/v2.0/token HTTP/1.1" in out
    assert "to 192.0.2.1:443" in out
    assert "TLSv1.3" in out
    assert "as it was on the wire" in out
    assert "code=code~" in out


def test_a_claim_names_the_steps_that_it_is_about(folder: Path) -> None:
    ran = " ".join(show(folder).out.split())
    assert "(step 1)" in ran
    assert "(steps 1)" not in ran
    assert "()" not in ran


def test_raw_names_every_line_end(folder: Path) -> None:
    lines = show(folder, "2", "--raw").out.splitlines()
    assert "  Host: login.example␍␊" in lines
    assert "  ␍␊" in lines


def test_hex_is_every_byte(folder: Path) -> None:
    out = show(folder, "2", "--hex").out
    digits = "".join(
        line[10:57].replace(" ", "") for line in out.splitlines() if line.startswith("  0")
    )
    files = [folder / f"002.token.{name}.bin" for name in ("request", "response")]
    assert bytes.fromhex(digits) == b"".join(path.read_bytes() for path in files)


def test_explain_says_what_each_parameter_is_for(folder: Path) -> None:
    out = show(folder, "2", "--explain").out
    assert "parameters in the form:" in out
    assert "parameters in the answer:" in out
    assert "grant_type" in out


def test_json_is_for_programs(folder: Path) -> None:
    listed = json.loads(show(folder, "--json").out)
    assert listed["schema"] == "entra-oauth/recording-list/1"
    assert [step["status"] for step in listed["steps"]] == [None, 400]
    step = json.loads(show(folder, "2", "--json").out)
    assert step["schema"] == "entra-oauth/step/1"
    assert step["request"]["seen"] == "wire"
    assert step["request"]["base64"]


def test_a_step_is_named_as_the_other_audit_verbs_name_it_too(folder: Path, tmp_path: Path) -> None:
    assert call("audit", "show", f"{folder}#2") == show(folder, "2")
    odd = folder.rename(tmp_path / "odd#2")
    assert show(odd) == call("audit", "show", str(odd))
    assert "Step 1:" in call("audit", "show", f"{odd}#1").out


WRONG: list[tuple[list[str], str]] = [
    ([], "needs a folder"),
    (["1", "2", "3"], "needs a folder"),
    (["{rec}", "two"], "is not a number"),
    (["{rec}", "3"], "has no step 3; it has 2"),
    (["{rec}", "--raw"], "Which step is to be shown so"),
    (["{rec}/absent"], "absent does not exist"),
    (["/dev/null"], "/dev/null is not a folder"),
    (["{rec}/.."], "is no recording: it has no SHA256SUMS"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_a_mistake_is_one_clear_message(words: list[str], said: str, folder: Path) -> None:
    ran = call("audit", "show", *(word.replace("{rec}", str(folder)) for word in words))
    assert ran.code == 2
    assert said in error_of(ran)[0]


@pytest.mark.parametrize("verb", ["show", "lint", "diff", "export", "replay", "verify", "seal"])
@pytest.mark.parametrize("name", ["9" * 400, "9" * 400 + "#3", "x/" * 3000])
def test_a_name_that_is_too_long_for_a_file_is_one_that_is_not_there(verb: str, name: str) -> None:
    more = {"diff": (name,), "seal": ("--key", name)}.get(verb, ())
    ran = call("audit", verb, name, *more)
    assert ran.code in (2, 8)
    assert "unexpected" not in error_of(ran)[0]


@pytest.mark.parametrize("verb", ["import", "redact"])
def test_a_place_that_is_too_long_for_a_file_is_refused(verb: str, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text('{"log": {"entries": []}}')
    ran = call("audit", verb, str(file), "--out", str(tmp_path / ("9" * 400)))
    assert ran.code in (2, 8)
    assert "unexpected" not in error_of(ran)[0]


def test_audit_alone_says_what_there_is() -> None:
    ran = call("audit")
    assert ran.code == 2
    assert "show" in error_of(ran)[1]


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_a_recording_changed_by_hand_ends_with_five(verb: str, folder: Path) -> None:
    path = folder / "002.token.response.bin"
    path.write_bytes(path.read_bytes().replace(b"400", b"200"))
    ran = call("audit", verb, str(folder))
    assert ran.code == 5
    assert "002.token.response.bin is not what SHA256SUMS says" in error_of(ran)[0]


# ---- seal and verify ------------------------------------------------------------------

needs_ssh = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="needs ssh-keygen (openssh-client)"
)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@needs_ssh
def test_seal_and_verify(folder: Path, key: Path) -> None:
    before = call("audit", "verify", str(folder))
    assert (before.code, "It is not sealed" in before.out) == (0, True)
    sealed = call("audit", "seal", str(folder), "--key", str(key))
    assert sealed.code == 0
    assert "SHA256:" in sealed.out
    ran = call("audit", "verify", str(folder), "--signer", f"{key}.pub", "--json")
    result = json.loads(ran.out)
    assert (result["sealed"], result["by_named_signer"], result["unchanged"]) == (True, True, True)
    assert stat.S_IMODE((folder / "SHA256SUMS.sig").stat().st_mode) == 0o600
    assert show(folder, "2").code == 0, "a seal does not keep it from being read"


@needs_ssh
def test_a_broken_seal_ends_with_five(folder: Path, key: Path) -> None:
    call("audit", "seal", str(folder), "--key", str(key))
    path = folder / "SHA256SUMS.sig"
    data = bytearray(path.read_bytes())
    data[110] ^= 1
    path.write_bytes(data)
    ran = call("audit", "verify", str(folder))
    assert ran.code == 5
    error_of(ran)


@pytest.mark.parametrize("words", [["seal"], ["seal", "{rec}"], ["verify"], ["redact"]])
def test_what_is_missing_is_named(words: list[str], folder: Path) -> None:
    ran = call("audit", *(word.replace("{rec}", str(folder)) for word in words))
    assert ran.code == 2
    error_of(ran)


# ---- redact ---------------------------------------------------------------------------


def _har(**changes: object) -> str:
    entry = {
        "startedDateTime": "2026-11-25T09:00:00.000Z",
        "request": {"method": "GET", "url": f"http://localhost/?code={CODE}&prompt=login"},
        "_odd": "\x1b[31m",
    }
    return json.dumps({"log": {"version": "1.2", "entries": [entry], **changes}})


@pytest.fixture
def har(tmp_path: Path) -> Path:
    path = tmp_path / "browser.har"
    path.write_text(_har())
    return path


def test_a_clean_file_is_written_for_its_owner_and_reported_on(har: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.har"
    ran = call("audit", "redact", str(har), "-o", str(clean))
    assert ran.code == 0
    assert stat.S_IMODE(clean.stat().st_mode) == 0o600
    har.unlink()
    assert found_in_files(tmp_path, [CODE]) == []
    assert "codes" in ran.out
    assert "the member _odd, left out" in ran.out
    assert found_in_bytes(ran.both, [CODE]) == []
    assert json.loads(clean.read_text())["log"]["entries"][0]["request"]["url"].endswith(
        "&prompt=login"
    )


def test_without_a_file_it_goes_to_standard_output_and_the_report_beside_it(har: Path) -> None:
    ran = call("audit", "redact", str(har))
    assert json.loads(ran.out)["log"]["version"] == "1.2"
    assert "Taken out:" in ran.err
    whole = json.loads(call("audit", "redact", str(har), "--json").out)
    assert whole["removed"]["code"] == 1
    assert json.loads(whole["har"])["log"]["version"] == "1.2"


FAULTS: list[tuple[Callable[[Path, Path], object], int, str]] = [
    (lambda har, out: out.write_text("mine"), 8, "exists; nothing is overwritten"),
    (lambda har, out: out.symlink_to(har), 8, "exists; nothing is overwritten"),
    (lambda har, out: har.unlink(), 8, "cannot be read"),
    (lambda har, out: har.write_text(_har()[:-20]), 2, "breaks off"),
    (lambda har, out: har.write_bytes(b"\x00" * 10), 2, "This is no HAR file"),
    (lambda har, out: os.truncate(har, 200 * 1024 * 1024), 2, "MiB of memory"),
]


@pytest.mark.parametrize(("spoil", "code", "said"), FAULTS)
def test_a_fault_is_one_clear_message_and_nothing_is_overwritten(
    spoil: Callable[[Path, Path], object], code: int, said: str, har: Path, tmp_path: Path
) -> None:
    out = tmp_path / "clean.har"
    spoil(har, out)
    before = {path.name: path.lstat().st_size for path in tmp_path.iterdir()}
    ran = call("audit", "redact", str(har), "-o", str(out))
    assert ran.code == code
    assert said in error_of(ran)[0]
    assert {path.name: path.lstat().st_size for path in tmp_path.iterdir()} == before
