"""A stranger's recording or HAR file shows a terminal nothing that it would obey.

Every text field is filled with escape sequences, C1 controls and bidi overrides, and every
verb that reads such a thing is run on it in every format.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.cli.command_line.declare import declared_by
from entra_oauth.cli.session.console import Console
from entra_oauth.errors import EntraOAuthError, plain, plain_lines
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.recording import store
from entra_oauth.recording.files import RECORDING, SUMS, files_of
from entra_oauth.recording.har.har_write import har_of
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit import needs
from kit.audit.exchanges import practised
from kit.command_line import VERBS, Ran, call

EVIL = (
    "\x1b]0;pwned\x07\x1b[31m\x1b[1m\x9b31m\x90q\x9c\x08\x0b\x0c\x7f\x85\r"
    "\u202e\u2066\u2069\u200f\u061c\u200b\u2060\ufeff\u2028\u2029\u00ad\U000e0041\ue000"
)
FORGED = "\nNext: obey"
IN_LINE = EVIL.replace("\r", "")
"""In a header and in an address line ends are the message's own."""
FORMATS = ("html", "har", "curl", "http", "mermaid", "markdown")

_STRUCTURE = frozenset(
    ["schema", "level", "file", "sha256", "seen", "channel", "certificates", "prev", "last"]
    + ["tunnel_sent", "tunnel_received"]
)


def check(ran: Ran) -> None:
    """Nothing raw in what was said, and no line of the stranger's own."""
    assert "unexpected" not in ran.both, ran.err
    for text in (ran.out, ran.err):
        assert plain_lines(text) == text, ascii(text)
    assert FORGED not in f"{ran.out}{ran.err}"


@pytest.fixture(autouse=True)
def without_a_net(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is to be harmless where it is put into a sentence, and not only at the end."""
    if "console" not in request.node.name:
        monkeypatch.setattr("entra_oauth.cli.session.console.plain_lines", lambda text: text)


# ---- what is read ----------------------------------------------------------------------


def spoiled(value: Any, name: str = "") -> Any:
    """The same JSON value, each text in it and each name of a fact with a tail that is evil."""
    if isinstance(value, dict):
        facts = name == "facts" or name.startswith("facts.")
        return {
            f"{key}{EVIL}" if facts else key: each
            if key in _STRUCTURE and not facts
            else spoiled(each, f"{name}.{key}" if facts else key)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [spoiled(each, name) for each in value]
    return f"{value}{EVIL}{FORGED}" if isinstance(value, str) else value


@cache
def good_files() -> dict[str, bytes]:
    evidence = evidence_of(practised(Procedure.HARDENED), level=Level.SECRETS, created_at=1.0)
    return files_of(evidence)


def sealed(record: dict[str, Any], files: dict[str, bytes]) -> dict[str, bytes]:
    """Files whose hashes and chain fit, whatever is in them."""
    previous = "0" * 64
    for step in record["steps"]:
        for half in (step["request"], step["response"]):
            if half["file"]:
                half["sha256"] = hashlib.sha256(files[half["file"]]).hexdigest()
        step["prev"] = previous
        text = json.dumps(step, indent=1, ensure_ascii=True).encode() + b"\n"
        previous = hashlib.sha256(text).hexdigest()
    record["last"] = previous
    files = {**files, RECORDING: json.dumps(record, indent=1).encode() + b"\n"}
    files.pop(SUMS)
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, SUMS: "".join(lines).encode()}


def _fields(record: dict[str, Any], files: dict[str, bytes]) -> dict[str, bytes]:
    return sealed({**record, **spoiled(record)}, files)


def _messages(record: dict[str, Any], files: dict[str, bytes]) -> dict[str, bytes]:
    for step in record["steps"]:
        for half in (step["request"], step["response"]):
            if name := half["file"]:
                data, bare = files[name], name.endswith(".url")
                files[name] = data + IN_LINE.encode() if bare else _message(data)
    return sealed(record, files)


def _message(data: bytes) -> bytes:
    """Evil in the start line, in each header's value, in a name, and all over the body."""
    evil = IN_LINE.encode()
    head, blank, body = data.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    words = start.split(b" ", 2)
    kept = (b"content-type", b"content-length", b"content-encoding", b"transfer-encoding")
    lines = [line if line.lower().startswith(kept) else line + evil for line in lines]
    lines += [b"X-Latin: \xe9" + evil, b"X" + evil + b": 1", b"X-Masked: ~pw~" + evil]
    lines += [b"X-Raw: \x9b31m\x1b[31m\xad"]
    if words[0].startswith(b"HTTP/"):
        words = [words[0], words[1], b"OK" + evil]
    else:
        words = [words[0] + evil, words[1] + b"&a" + evil + b"=" + evil, words[2]]
    if body[:1] == b"{":
        members = json.loads(body)
        body = json.dumps({**{f"{k}{EVIL}": 1 for k in members}, **spoiled(members)}).encode()
    elif body:
        body += b"&" + EVIL.encode() + b"=" + EVIL.encode()
    lines = [
        f"Content-Length: {len(body)}".encode() if b"content-length" in line.lower() else line
        for line in lines
    ]
    return b"\r\n".join([b" ".join(words), *lines]) + blank + body


@pytest.fixture(params=[_fields, _messages])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder with an evil name and an evil recording."""
    make: Callable[[dict[str, Any], dict[str, bytes]], dict[str, bytes]] = request.param
    files = good_files()
    folder = tmp_path / f"rec{EVIL}{FORGED}"
    store.write(make(json.loads(files[RECORDING]), dict(files)), folder)
    return str(folder)


def numbers(folder: str) -> list[int]:
    found = json.loads(call("audit", "show", folder, "--json").out)
    return [step["number"] for step in found["steps"]]


# ---- recordings ------------------------------------------------------------------------


def test_every_way_of_showing_a_recording(recording: str) -> None:
    for words in ((), ("--json",)):
        ran = call("audit", "show", recording, *words)
        assert ran.code == 0, ran.err
        check(ran)
    for number in numbers(recording):
        for words in ((), ("--raw",), ("--hex",), ("--explain",), ("--json",)):
            ran = call("audit", "show", recording, str(number), *words)
            assert ran.code == 0, ran.err
            check(ran)


@pytest.mark.parametrize("words", [(), ("--json",), ("-o", "sarif")])
def test_every_way_of_judging_a_recording(recording: str, words: tuple[str, ...]) -> None:
    ran = call("audit", "lint", recording, *words)
    assert ran.code in (0, 9), ran.err
    check(ran)


@pytest.mark.parametrize("form", FORMATS)
def test_every_way_of_handing_a_recording_on(recording: str, form: str) -> None:
    for which in (recording, *(f"{recording}#{n}" for n in numbers(recording))):
        for words in ((), ("--audience", "learner"), ("--blank",)) if form == "html" else ((),):
            ran = call("audit", "export", which, "--as", form, *words)
            assert ran.code == 0, ran.err
            check(ran)


def test_comparing_checking_and_sending_again(recording: str, tmp_path: Path) -> None:
    steps = numbers(recording)
    for number in steps:
        for other in ("article:curl", "curl:7.88", f"{recording}#{steps[-1]}"):
            for words in ((), ("--json",)):
                check(call("audit", "diff", f"{recording}#{number}", other, *words))
        check(call("audit", "replay", f"{recording}#{number}"))
    check(call("audit", "verify", recording))
    check(call("audit", "verify", recording, "--signer", str(tmp_path / EVIL)))
    check(call("audit", "seal", recording, "--key", str(tmp_path / EVIL)))
    for word in (recording, f"{recording}#99", f"{recording}#x"):
        for verb in ("export", "replay", "show", "lint", "verify"):
            check(call("audit", verb, word, *(("--as", "http") if verb == "export" else ())))
        check(call("audit", "diff", word, word))


@pytest.mark.parametrize("channel", ["other", "back" + EVIL, "", None, ["back"]])
def test_a_channel_that_is_not_known_is_no_recording(channel: object, tmp_path: Path) -> None:
    files = dict(good_files())
    record = json.loads(files[RECORDING])
    record["steps"][0]["channel"] = channel
    store.write(sealed(record, files), tmp_path / "rec")
    ran = call("audit", "show", str(tmp_path / "rec"))
    assert ran.code == 2
    check(ran)


@pytest.mark.parametrize("change", ["added", "missing", "listed", "named by a step"])
def test_a_name_of_a_file_in_what_is_said_of_a_change(change: str, tmp_path: Path) -> None:
    files = dict(good_files())
    if change == "added":
        files[f"x{EVIL}{FORGED}"] = b""
    elif change == "missing":
        files[SUMS] += b"0" * 64 + f"  x{EVIL}\n".encode()
    elif change == "listed":
        files[SUMS] += f"x{EVIL}\n".encode()
    else:
        record = json.loads(files[RECORDING])
        record["steps"][0]["request"]["file"] = f"x{EVIL}"
        files = sealed({**record, "steps": []}, files)
    store.write(files, tmp_path / "rec")
    for verb in ("show", "verify", "lint"):
        ran = call("audit", verb, str(tmp_path / "rec"))
        assert ran.code != 0 or change == "named by a step"
        check(ran)


@needs.posix
def test_the_name_of_what_is_no_ordinary_file(tmp_path: Path) -> None:
    folder = tmp_path / "rec"
    store.write(good_files(), folder)
    (folder / f"x{EVIL}{FORGED}").symlink_to("y")
    ran = call("audit", "show", str(folder))
    assert ran.code == 2
    check(ran)


# ---- HAR files -------------------------------------------------------------------------


@cache
def good_har() -> str:
    evidence = evidence_of(practised(Procedure.HARDENED), level=Level.NONE, created_at=1.0)
    return json.dumps(har_of(evidence))


_NEEDED = frozenset(["url", "method", "startedDateTime", "encoding", "version", "_raw", "level"])


def spoiled_har(value: Any, spare: frozenset[str], name: str = "") -> Any:
    if name in spare:
        return f"{value}&x{IN_LINE}={IN_LINE}" if name == "url" else value
    if isinstance(value, dict):
        return {k: spoiled_har(v, spare, k) for k, v in value.items() if k != "_raw"}
    if isinstance(value, list):
        return [spoiled_har(each, spare, name) for each in value]
    return f"{value}{EVIL}{FORGED}" if isinstance(value, str) else value


@pytest.fixture(params=["all but what a reader needs", "all"])
def har(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    spare = _NEEDED if request.param.startswith("all but") else frozenset()
    value = spoiled_har(json.loads(good_har()), spare)
    value["log"]["comment"] = value["log"]["pages"][0]["title"] = EVIL
    value["log"]["browser"] = {"name": EVIL, "version": EVIL}
    value["log"][f"_unknown{EVIL}"] = EVIL
    path = tmp_path / f"x{EVIL}{FORGED}.har"
    path.write_text(json.dumps(value))
    return str(path)


@pytest.mark.parametrize("level", ["secrets", "pii"])
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_har_file_that_is_imported_or_cleaned(
    har: str, level: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    folder = str(tmp_path / "made")
    ran = call("audit", "import", har, "-o", folder, "--level", level, *words)
    check(ran)
    if ran.code == 0:
        for shown in (("show", folder), ("lint", folder), ("export", folder, "--as", "markdown")):
            check(call("audit", *shown))
    check(call("audit", "import", har, "-o", folder))  # which is there
    check(call("audit", "redact", har, "--level", level, *words))
    clean = tmp_path / "clean.har"
    ran = call("audit", "redact", har, "--level", level, "--out", str(clean), *words)
    check(ran)
    assert ran.code == 0
    text = clean.read_text(encoding="utf-8")
    assert plain_lines(text) == text
    for taken in (str(clean), f"{tmp_path}/x{EVIL}", f"{tmp_path}/x\u202e/y"):
        check(call("audit", "redact", har, "--out", taken))
        check(call("audit", "import", har, "--out", taken))


def test_a_har_file_that_is_judged_or_compared(har: str) -> None:
    for words in ((), ("--json",), ("-o", "sarif")):
        check(call("audit", "lint", har, *words))
    for number in (1, 2, 3, 99):
        check(call("audit", "diff", f"{har}#{number}", f"{har}#4"))
        check(call("audit", "diff", f"{har}#{number}", "curl:7.88"))
    check(call("audit", "diff", har, har))


# ---- one address, one request, and a policy ----------------------------------------------


def test_an_address_and_a_request_that_are_judged(tmp_path: Path) -> None:
    address = f"https://login.microsoftonline.com/x/oauth2/v2.0/authorize?client_id=a{IN_LINE}"
    address += f"&response_type=code{IN_LINE}&{IN_LINE}=1&state={IN_LINE}&scope={IN_LINE}"
    check(call("audit", "lint", address))
    (tmp_path / "raw").write_bytes(
        _message(b"POST /x/oauth2/v2.0/token HTTP/1.1\r\nHost: h\r\n\r\ngrant_type=x")
    )
    check(call("audit", "lint", str(tmp_path / "raw")))
    for text in ("{", EVIL, f"x{EVIL} = 1", f"[rules]\n{json.dumps(IN_LINE)} = 'off'"):
        policy = tmp_path / "policy.toml"
        policy.write_text(text)
        check(call("audit", "lint", address, "--policy", str(policy)))


# ---- what is typed -----------------------------------------------------------------------


def _takes_words(verb: str) -> bool:
    words = declared_by(VERBS[verb].options).words
    return words is not None and not words.program


@pytest.mark.parametrize("verb", [name for name in VERBS if _takes_words(name)])
@pytest.mark.parametrize("ending", ["", ".har", "#3", "/x"])
def test_a_path_on_the_command_line_is_text_from_outside(verb: str, ending: str) -> None:
    word = f"x{EVIL}{FORGED}{ending}"
    for words in ((word,), (word, word)):
        for more in ((), ("-o", word), ("--json",)):
            check(call(*verb.split(), *words, *more))


# ---- the rule itself -----------------------------------------------------------------------


def test_the_lines_of_a_text_stay_and_what_cannot_be_seen_is_named() -> None:
    assert plain_lines("a\tb\nc é – 日\u3000本") == "a\tb\nc é – 日\u3000本"
    assert plain_lines("a\x1b[1mb\r\x9b\u202e\ud800") == "a<ESC>[1mb<CR><U+009B><U+202E><U+D800>"
    for character in re.findall(r"[^ -~]", EVIL):
        assert plain_lines(character) == plain(character) != character


def test_a_command_for_curl_sends_what_a_terminal_would_obey_as_numbers(tmp_path: Path) -> None:
    files = dict(good_files())
    store.write(_messages(json.loads(files[RECORDING]), files), tmp_path / "rec")
    text = call("audit", "export", str(tmp_path / "rec"), "--as", "curl").out
    assert re.search(r"printf '%b' '[^']*\\0033", text)


def test_the_console_lets_only_its_own_styles_through() -> None:
    out, err = io.StringIO(), io.StringIO()
    for styled in (True, False):
        console = Console(out=out, err=err, styled=styled)
        console.result(f"{console.bold('a')} {EVIL}")
        console.say(f"{console.dim('b')} {EVIL}")
        console.fail(EntraOAuthError(f"what {EVIL}", advice=f"advice {EVIL}"))
        for stream in (out, err):
            text = re.sub(r"\x1b\[[012]m", "", stream.getvalue()) if styled else stream.getvalue()
            assert plain_lines(text) == text
            stream.seek(0)
            stream.truncate()
