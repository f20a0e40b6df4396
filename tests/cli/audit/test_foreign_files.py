"""Files of other programs, given to the verbs that look: shown as an import would keep them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from entra_oauth.recording.store import load
from kit.canaries import CODE, REFRESH_TOKEN, STATE
from kit.command_line import call, error_of
from kit.foreign.files import PLANTED, burp, cassette, curl_trace, curl_verbose, flows, har_zip, saz
from kit.sweep import assert_swept

SECRETS = [*PLANTED, CODE, STATE, REFRESH_TOKEN]
FILES: dict[str, Callable[[], bytes]] = {
    "har.zip": har_zip,
    "saz": saz,
    "trace": curl_trace,
    "v": curl_verbose,
    "flows": flows,
    "burp": burp,
    "cassette": cassette,
}
FIRST = {"saz": 2}
FORMS = ["har", "curl", "http", "mermaid", "markdown", "html"]

EACH = pytest.mark.parametrize("name", FILES)


@pytest.fixture
def file(name: str, tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.write_bytes(FILES[name]())
    return path


@EACH
def test_show_lists_what_an_import_would_keep_and_writes_nothing(name: str, file: Path) -> None:
    ran = call("audit", "show", str(file))
    assert ran.code == 0, ran.err
    assert re.search(r"read from (?:a [^aeiou]|an [aeiou])", ran.out)
    assert "written nowhere" in ran.out
    assert_swept(ran.both, SECRETS)
    assert [each.name for each in file.parent.iterdir()] == ["given"]
    shown = json.loads(call("audit", "show", str(file), "--json").out)
    folder = file.parent / "rec"
    assert call("audit", "import", str(file), "-o", str(folder)).code == 0
    kept = load(folder)
    assert [s["name"] for s in shown["steps"]] == [step.name for step in kept.steps]
    assert shown["not_seen"] == list(kept.not_seen)
    first = FIRST.get(name, 1)
    assert [s["number"] for s in shown["steps"]] == [first, first + 1, first + 2]
    claims = {c["name"]: c["verdict"] for c in shown["claims"]}
    assert claims == {claim.name: claim.verdict for claim in kept.claims}
    assert claims["state-equal"] == "yes"


@EACH
@pytest.mark.parametrize("more", [(), ("--raw",), ("--hex",), ("--explain",), ("--json",)])
def test_one_entry_is_shown_without_its_secrets(
    name: str, more: tuple[str, ...], file: Path
) -> None:
    number = FIRST.get(name, 1) + 2
    for words in ((str(file), str(number)), (f"{file}#{number}",)):
        ran = call("audit", "show", *words, *more)
        assert ran.code == 0, ran.err
        assert_swept(ran.both, SECRETS)


@EACH
@pytest.mark.parametrize("form", FORMS)
def test_it_is_exported_in_every_form_without_its_secrets(name: str, form: str, file: Path) -> None:
    number = FIRST.get(name, 1) + 2
    for word in (str(file), f"{file}#{number}"):
        ran = call("audit", "export", word, "--as", form)
        assert ran.code == 0, ran.err
        assert "/oauth2/v2.0/" in ran.out
        assert_swept(ran.both, SECRETS)


@EACH
def test_it_is_linted_and_compared_without_its_secrets(name: str, file: Path) -> None:
    ran = call("audit", "lint", str(file))
    assert ran.code in (0, 9), ran.err
    assert_swept(ran.both, SECRETS)
    number = FIRST.get(name, 1) + 2
    ran = call("audit", "diff", f"{file}#{number}", f"{file}#{number}")
    # curl -v keeps no body: of that nothing is claimed.
    verdict = ran.out.strip().splitlines()[-1]
    exact = name in ("saz", "trace", "burp")
    assert verdict == ("UNDECIDABLE" if name == "v" else "BYTE-EQUAL" if exact else "BODY-EQUAL")
    ran = call("audit", "diff", f"{file}#{number}", "curl:7.88")
    assert ran.code == 9, ran.err
    assert_swept(ran.both, SECRETS)


@EACH
def test_an_entry_that_is_not_there_is_said(name: str, file: Path) -> None:
    for verb in ("show", "export", "diff"):
        words = [f"{file}#77"] + ["article:curl"] * (verb == "diff")
        ran = call("audit", verb, *words)
        assert ran.code == 2
        assert "77" in ran.err


@EACH
def test_of_a_whole_file_diff_asks_which_entry(name: str, file: Path) -> None:
    ran = call("audit", "diff", str(file), "curl:7.88")
    assert ran.code == 2
    assert "one entry is wanted" in ran.err


@pytest.mark.parametrize("verb", ["show", "export"])
def test_a_file_of_no_kind_is_refused_as_an_import_would(verb: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("hello", encoding="utf-8")
    ran = call("audit", verb, str(file))
    assert ran.code == 2
    assert "no HAR file" in ran.err


def test_bodies_beside_a_har_file_are_read_by_every_verb(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(har_zip())) as archive:
        archive.extractall(tmp_path)
    shown = json.loads(call("audit", "show", str(tmp_path / "har.har"), "3", "--json").out)
    assert shown["request"]["bytes"] > 500
    assert shown["response"]["bytes"] > 500
    word = f"{tmp_path / 'har.har'}#3"
    assert call("audit", "diff", word, word).out.strip().endswith("BODY-EQUAL")


@pytest.mark.parametrize("text", ["", "# A title\n", "<html></html>", "\0" * 10])
def test_what_is_like_nothing_that_is_read_is_called_so(text: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_text(text)
    ran = call("audit", "show", str(path))
    assert ran.code == 2
    assert "none of the other kinds" in error_of(ran)[0]
    assert "docs/importing.md" in error_of(ran)[1]
