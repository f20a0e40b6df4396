"""A recording as text: shell script, HTTP, Mermaid, Markdown; nothing from outside gets out."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from entra_oauth.recording.report.parts import visible
from entra_oauth.recording.report.report_text import as_curl, as_http, as_markdown, as_mermaid
from entra_oauth.recording.step import Evidence
from kit import recordings as kit
from kit.sweep import assert_swept

FORMS = [as_curl, as_http, as_markdown, as_mermaid]
EVIL = (
    "\x1b[2J\x1b]0;pwned\x07 ``` </pre><script>alert(1)</script> | a | \u202egnp\u2069 "
    "end; participant X as <img> #quot; [link](http://evil.example) \r\nInjected: yes"
)


@pytest.fixture(scope="module")
def evil() -> Evidence:
    return kit.evidence(kit.failed(EVIL))


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_a_secret(form: object) -> None:
    for hardened in (False, True):
        assert callable(form)
        assert_swept(form(kit.evidence(kit.recording(hardened=hardened))), kit.PLANTED)


@pytest.mark.parametrize("form", FORMS)
def test_no_control_character_gets_through(form: object, evil: Evidence) -> None:
    assert callable(form)
    text = form(evil)
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) == []


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_the_script_is_one_for_the_shell(evil: Evidence) -> None:
    for what in (kit.evidence(), evil):
        done = subprocess.run(["sh", "-n"], input=as_curl(what).encode(), capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_script_says_what_each_request_is_and_which_variables_it_needs() -> None:
    text = as_curl(kit.evidence())
    heading = "# 3 token: Redeem the code (Program to Authority)\n"
    assert f"{heading}# CODE: parameter code\n# STATE: parameter state" in text
    assert "# The browser opened: https://login.microsoftonline.com/" in text
    assert text.count("curl -q") == 2


def test_http_shows_both_directions_of_each_step() -> None:
    text = as_http(kit.evidence())
    assert "### 3 token: Redeem the code" in text
    assert f"\nPOST {kit.PATH} HTTP/1.1\nHost: {kit.HOST}\n" in text
    assert "# request (only its address is known; the browser sent the rest; " in text
    assert "# answer (not seen)" in text


def test_mermaid_draws_each_message_and_its_answer(evil: Evidence) -> None:
    lines = as_mermaid(kit.evidence()).splitlines()
    assert lines[0] == "sequenceDiagram"
    assert "  participant AUTHORITY as Authority<br/>login.microsoftonline.com" in lines
    assert f"  PROGRAM->>AUTHORITY: Redeem the code: POST {kit.PATH}" in lines
    assert "  AUTHORITY-->>PROGRAM: 200 OK" in lines
    assert all(re.match(r"  [A-Za-z]+|sequenceDiagram", line) for line in lines)


def test_markdown_keeps_what_came_from_outside_inside_its_fences(evil: Evidence) -> None:
    text = as_markdown(evil)
    outside = re.sub(r"(?ms)^(`{3,})(?:text|mermaid)\n.*?^\1$", "", text)
    assert not re.search(r"(?<!\\)[<`]", outside)
    assert "\\<script\\>" in outside, "in the table, escaped"
    assert "](http" not in outside
    assert "| error\\_description |" in outside


def test_every_byte_is_visible() -> None:
    shown = visible(b"A: b\r\n\r\n\x00\x1b\xff\xe2\x80\xae\n\xe2\x90\x8d")
    assert shown == "A: b␍␊\n␍␊\n<U+0000><ESC><0xFF><U+202E>␊\n<U+240D>"
    assert visible(b"x" * 70_000).endswith("… and 4,464 bytes more")


def test_markdown_ends_with_the_kinds_in_the_marks_in_words() -> None:
    text = as_markdown(kit.evidence())
    told = text.rpartition("## What was taken out\n\n")[2]
    kinds = dict(re.findall(r"^\| (\w+) \| (.+) \|$", told, re.MULTILINE))
    assert kinds.keys() >= set(re.findall(r"\b([a-z]{2,5})~[0-9a-f]{10}", text))
    assert (kinds["code"], kinds["at"], kinds["sig"]) == ("codes", "access tokens", "signatures")


def test_a_recording_without_marks_has_no_words_for_them() -> None:
    evidence = kit.evidence()
    bare = replace(evidence, ledger=(), steps=evidence.steps[:1], claims=())
    assert "What was taken out" not in as_markdown(bare)
