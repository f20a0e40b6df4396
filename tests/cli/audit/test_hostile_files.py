"""Files of any kind with numbers, times and characters out of all bounds: plain errors, or reports.

Nothing unexpected comes of them, no character that a terminal obeys, and no long wait.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.errors import plain_lines
from entra_oauth.recording import Exchange, Recording
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level
from kit.audit.client_kinds import RIGHT
from kit.audit.producers import PRODUCERS
from kit.command_line import Ran, call

EVIL = "\x1b]0;pwned\x07\x1b[31m\x9b31m\x08\x7f\x85\u202e\u2066\u200f\u200b\ufeff\u2028\xad"
SURROGATE = "\ud800"
ADDRESS = "https://login.microsoftonline.com/x/oauth2/v2.0/authorize?client_id=a&response_type=code"


def check(ran: Ran) -> None:
    assert "unexpected" not in ran.both, ran.err
    assert plain_lines(ran.both) == ran.both


def check_all(file: Path, folder: Path) -> None:
    """Judged, imported, shown and handed on; a HAR file is cleaned too."""
    for words in ((), ("--json",), ("-o", "sarif")):
        check(call("audit", "lint", str(file), *words))
    check(call("audit", "redact", str(file)))
    rec = folder / "rec"
    ran = call("audit", "import", str(file), "-o", str(rec))
    check(ran)
    assert rec.exists() == (ran.code == 0)
    if rec.exists():
        for shown in (("show", str(rec)), ("show", str(rec), "1"), ("lint", str(rec))):
            check(call("audit", *shown))
        for form in ("html", "har", "curl", "markdown", "mermaid"):
            check(call("audit", "export", str(rec), "--as", form))


# ---- numbers and times -----------------------------------------------------------------


@cache
def _har() -> str:
    return PRODUCERS["Chrome"](RIGHT["native"]()).decode()


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The file with each entry changed."""
    har = json.loads(_har())
    for entry in har["log"]["entries"]:
        change(entry)
    return json.dumps(har)


TIMES = [
    *("9" * 351, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999Z"),
    *("9999-12-31T23:59:59-14:00", "2025-13-45T99:99:99Z", "-1", "NaN", "1e999"),
    f"2025-11-24T16:00:00.{'1' * 351}Z",
]


@pytest.mark.parametrize("when", TIMES, ids=lambda when: when[:26])
def test_a_time_out_of_all_bounds_is_none(when: str, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text(changed(lambda entry: entry.update(startedDateTime=when)))
    check_all(file, tmp_path)


NUMBERS = ["1e999", "-1e999", "9" * 351, "9" * 5000, "NaN", "1e308", "1e-400"]
MARK = 123454321
PLACES: dict[str, Callable[[dict[str, Any]], object]] = {
    "durations": lambda e: [e.update(time=MARK), e["timings"].update(send=MARK, wait=MARK)],
    "statuses and sizes": lambda e: [
        e["response"].update(status=MARK, bodySize=MARK),
        e["response"]["content"].update(size=MARK),
    ],
}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:8])
@pytest.mark.parametrize("place", PLACES)
def test_a_number_out_of_all_bounds_is_none(place: str, number: str, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text(changed(PLACES[place]).replace(str(MARK), number))
    check_all(file, tmp_path)


# ---- characters ------------------------------------------------------------------------


def _names(entry: dict[str, Any], text: str) -> None:
    request, response = entry["request"], entry["response"]
    entry[f"_x{text}"] = 1
    request["url"] += f"{'&' if '?' in request['url'] else '?'}a{text}={text}"
    request["headers"].append({"name": f"X{text}", "value": text})
    request["queryString"].append({"name": text, "value": text})
    request["cookies"].append({"name": text, "value": text, "path": text, "expires": text})
    response |= {"statusText": text, "httpVersion": text, "redirectURL": f"/{text}"}
    response["content"]["comment"] = text
    if "postData" in request:
        request["postData"]["text"] += f"&a{text}={text}"
        request["postData"]["params"].append({"name": text, "value": text})
    answered = response["content"]["text"]
    if answered.startswith("{"):
        response["content"]["text"] = f'{answered[:-1]}, "a{text}": "{text}", "\\ud800": 1}}'


@pytest.mark.parametrize("text", [SURROGATE, "\udfff\ud800", EVIL], ids=["half", "halves", "evil"])
def test_odd_characters_in_every_name_are_shown_by_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text(changed(lambda entry: _names(entry, text)))
    check_all(file, tmp_path)


def _spoiled(exchange: Exchange) -> Exchange:
    request, response = exchange.request, exchange.response
    assert response is not None
    evil = EVIL.encode().decode("latin-1").replace("\x85", "")
    body = request.body and request.body + f"&x{EVIL}={EVIL}".encode()
    is_json = response.body[:1] == b"{"
    answered = (
        response.body[:-1] + json.dumps({EVIL: EVIL}).encode()[1:].join((b", ", b""))
        if is_json
        else response.body + EVIL.encode()
    )
    return replace(
        exchange,
        request=replace(
            request,
            url=request.url + ("&" if "?" in request.url else "?") + f"x={evil}",
            headers=(*request.headers, ("X-Evil", evil)),
            body=body,
        ),
        response=replace(
            response, headers=(*response.headers, ("X-Evil", evil)), body=answered, reason=evil
        ),
    )


OTHER_KINDS = ("mitmproxy's flows", "Burp", "Fiddler's archive", "vcrpy", "curl's trace")


@pytest.mark.parametrize("name", [*OTHER_KINDS, "Playwright, zipped", "Polly.js"])
def test_a_file_of_any_program_shows_a_terminal_nothing_to_obey(name: str, tmp_path: Path) -> None:
    spoiled = Recording(tuple(_spoiled(each) for each in RIGHT["native"]().exchanges))
    file = tmp_path / f"file{EVIL[:3]}"
    file.write_bytes(PRODUCERS[name](spoiled))
    check_all(file, tmp_path)


# ---- TOML ------------------------------------------------------------------------------

TOML = {
    "digits": f"x = {'9' * 5000}\n",
    "brackets": f"x = {'[' * 3000}{']' * 3000}\n",
    "no end": f"x = {'[' * 3000}",
    "tables": f"x = {'{a=' * 3000}1{'}' * 3000}\n",
}


@pytest.mark.parametrize("name", TOML)
def test_toml_out_of_all_bounds_is_a_plain_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text(TOML[name])
    monkeypatch.setenv("ENTRA_OAUTH_CONFIG", str(file))
    for words in (
        ("audit", "lint", ADDRESS, "--policy", str(file)),
        ("practice", "run", "--directory", str(file), "--", "true"),
        ("profile", "list"),
        ("profile", "show", "one"),
    ):
        ran = call(*words)
        check(ran)
        assert ran.code == 2, (words, ran.err)
        assert "out of all range" in ran.err or "TOML: " in ran.err, words


# ---- patterns --------------------------------------------------------------------------

RUNS = (
    *(" ", "\n", "\t", "\r\n", "<", "&", "=", '"', "/", "%", "\\", ";", "[", "{", "~", "-", "A"),
    *("a=", "ab: ", "/*", "<!--", "url(", "ey", "a.", "http://", "<?xml ", "<svg ", "<meta "),
    *("Bearer ", "<a b='", "&#", "eyJhbGciOiJSUzI1NiJ9.", "val~0123456789", "~val~"),
)
KINDS = ("text/html", "text/plain", "application/json", "text/css", "image/svg+xml", "")


@pytest.mark.parametrize("run", RUNS)
def test_forty_thousand_characters_of_a_kind_take_no_time(run: str) -> None:
    redactor = Redactor(level=Level.PII, key=b"k" * 32, known={"Q7-opaque-Value": "ck"})
    padding = (run * 40_000)[:40_000]
    began = time.process_time()
    for kind in KINDS:
        for before in ("", "<html>", "<svg>", "{", "a="):
            redactor.body(f"{before}{padding}x".encode(), kind)
    # Thirty bodies. One that takes the square of its length takes a second and more by itself.
    assert time.process_time() - began < 8
