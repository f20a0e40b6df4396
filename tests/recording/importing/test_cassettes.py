"""Cassettes of vcrpy: what the library writes here is read, and YAML that unfolds is refused."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.errors import LocalError, UsageError
from entra_oauth.recording.importing.containers import plain_yaml as module
from entra_oauth.recording.importing.containers.plain_yaml import plain_yaml
from entra_oauth.recording.save import finished_files
from kit import needs
from kit.canaries import CODE, REFRESH_TOKEN, refused
from kit.foreign.files import ANSWER, brought, imported
from kit.servers.raw_server import RawServer, answering
from kit.servers.raw_server import answer as proper
from kit.sweep import assert_swept

PATH = "/t/oauth2/v2.0/token"
FORM = {"grant_type": "authorization_code", "code": CODE}
yaml = needs.python("yaml", pypi="pyyaml", group="interop")
vcrpy = needs.python("vcr", pypi="vcrpy", group="interop")


def recorded(folder: Path, serializer: str, answer: bytes, form: Any = None) -> bytes:
    """The cassette that vcrpy writes of one POST with requests."""
    import requests
    import vcr  # type: ignore[import-untyped,unused-ignore]

    file = folder / "cassette"
    with (
        RawServer(answering(answer)) as server,
        vcr.VCR(serializer=serializer).use_cassette(str(file)),
        requests.Session() as session,
    ):
        session.trust_env = False
        session.post(server.url + PATH, data=form or FORM, timeout=10)
    return file.read_bytes()


PACKED = proper(
    gzip.compress(ANSWER), more="Content-Encoding: gzip\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
)


@vcrpy
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_what_vcrpy_writes_is_read(serializer: str, tmp_path: Path) -> None:
    data = recorded(tmp_path, serializer, PACKED)
    (entry,) = (file := brought(data)).entries
    assert (file.kind, file.version) == ("cassette of vcrpy", "1")
    assert entry.request.method == "POST"
    assert entry.request.url.endswith(PATH)
    assert entry.request.body.decode() == f"grant_type=authorization_code&code={CODE}"
    assert entry.response is not None
    assert (entry.response.status, entry.response.body) == (200, ANSWER)
    assert entry.response.header("content-encoding") is None
    assert [v for n, v in entry.response.headers if n == "Set-Cookie"] == ["a=1", "b=2"]
    assert any("no times" in line for line in file.not_kept)
    done = imported(data)
    assert done.evidence.steps[0].name == "token"
    for written in finished_files(done.evidence, done.recording).values():
        assert_swept(written, [CODE, REFRESH_TOKEN])


@vcrpy
@pytest.mark.filterwarnings("ignore")
def test_bytes_are_read_and_objects_are_not_made(tmp_path: Path) -> None:
    data = recorded(tmp_path, "yaml", proper(b"\0\xff"), b"\xff\0")
    assert b"!!binary" in data
    (entry,) = brought(data).entries
    assert entry.request.body == b"\xff\0"
    assert entry.response is not None
    assert entry.response.body == b"\0\xff"
    (tmp_path / "cassette").unlink()
    data = recorded(tmp_path, "yaml", PACKED, io.BytesIO(b"abc"))
    assert b"!!python/object" in data
    with refused(UsageError) as caught:
        brought(data)
    assert "line 3 has a tag" in caught.value.what


def cassette(request: str, response: str = "{status: {code: 200, message: OK}}") -> bytes:
    """One interaction, in a line."""
    return f"version: 1\ninteractions:\n- {{request: {request}, response: {response}}}\n".encode()


ASKED = "{method: post, uri: 'https://a/oauth2/token', body: a=b, headers: {X-A: c, X-B: [d, e]}}"


@yaml
def test_older_ways_to_write_are_read() -> None:
    gz = "{body: {base64_string: H4sIAAAAAAAC/6tWKkktLlGqBQBrIcGPDAAAAA==}, status: {code: 400}}"
    (entry,) = brought(cassette(ASKED, gz)).entries
    assert (entry.request.method, entry.request.body) == ("POST", b"a=b")
    assert entry.request.headers == (("X-A", "c"), ("X-B", "d"), ("X-B", "e"))
    assert entry.response is not None
    assert entry.response.status == 400


@yaml
def test_a_body_that_was_filtered_out_is_said_to_be_gone() -> None:
    asked = ASKED.replace("body: a=b, headers: {", "headers: {Content-Length: ['7'], ")
    assert not brought(cassette(asked)).entries[0].body_exact


@yaml
@pytest.mark.parametrize("asked", ["{}", "[]", "{method: GET}", "{method: 1, uri: 2}", "null"])
def test_what_is_no_interaction_is_counted(asked: str) -> None:
    assert brought(cassette(asked)).unusable == (1,)


@yaml
@pytest.mark.parametrize(
    ("code", "answered"), [(100, True), (599, True), (99, False), (600, False)]
)
def test_a_status_that_is_none_is_no_answer(code: int, answered: bool) -> None:
    (entry,) = brought(cassette(ASKED, f"{{status: {{code: {code}}}}}")).entries
    assert (entry.response is not None) is answered


@yaml
def test_more_interactions_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_oauth.recording.importing.entries.MAX_ENTRIES", 0)
    with pytest.raises(UsageError, match="more than 0 entries"):
        brought(cassette(ASKED))


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\n"
YAML_REFUSED = [
    (cassette(ASKED)[:-20], "is no YAML, or breaks off, at line"),
    (b"interactions: []\n", "of a version that is not known"),
    (b"version: 2\ninteractions: []\n", "of a version that is not known"),
    (b"interactions:\nversion: 1\n", "no list of interactions"),
    (b"- request: {}\n  response: {}\n", "before 1.0"),
    (b"interactions: []\nversion: 1\n" + BOMB.encode(), "at line 3 stands for another"),
    (b"interactions: [*a]\nversion: 1\n", "at line 1 stands for another"),
    (b"interactions: &a []\nversion: 1\n", "at line 1 stands for another"),
    (b"interactions: !!python/object/apply:os.system ['true']\n", "line 1 has a tag"),
    (b"interactions: !!python/name:os.system ''\n", "line 1 has a tag"),
    (b"interactions: !ruby/struct:X {}\n", "line 1 has a tag"),
    (b"interactions: !!set {}\n", "line 1 has a tag"),
    (b"interactions: [!!str x]\n", "line 1 has a tag"),
    (b"interactions: [!!binary '~~']\n", "line 1 is not the base64"),
    (b"interactions: []\ninteractions: []\n", "line 2 is no text, or stands twice"),
    (b"interactions: {[a]: b}\n", "line 1 is no text"),
    (b"interactions: " + b"[" * 21 + b"]" * 21, "nested more than 20 deep at line 1"),
    (b"interactions: " + b"[" * 100_000, " at line 1"),
    (b"interactions: []\n---\na: b\n", "a second document begins at line 2"),
    (b"interactions: [\0]\n", "bytes that YAML does not allow"),
    (b"interactions: [\xff]\n", "that YAML does not allow"),
    (b"interactions: <%= x %>\n\t- a\n", "is no YAML"),
]


@yaml
@pytest.mark.parametrize(("data", "said"), YAML_REFUSED)
def test_yaml_that_is_broken_or_would_unfold_is_refused(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        brought(data)
    assert said in caught.value.what


JSON_REFUSED = [
    (b'{"version": 1, "interactions": [', "breaks off at character 32"),
    (b'{"interactions": []}', "of a version that is not known"),
    (b'{"version": 1, "interactions": {}}', "no list of interactions"),
    (b'{"interactions": [' + b"[" * 100_000, "nested too deeply"),
    (b'{"interactions": ["\xff"]}', "is not UTF-8"),
]


@pytest.mark.parametrize(("data", "said"), JSON_REFUSED)
def test_json_that_is_broken_is_refused_with_its_place(data: bytes, said: str) -> None:
    with refused(UsageError) as caught:
        brought(data)
    assert said in caught.value.what


def test_a_missing_parser_is_said_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with refused(LocalError) as caught:
        brought(cassette(ASKED))
    assert "pip install pyyaml" in caught.value.advice


def test_json_needs_no_parser_of_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    asked = {"method": "GET", "uri": "https://a/oauth2/token"}
    data = json.dumps({"version": 1, "interactions": [{"request": asked}]}).encode()
    assert brought(data).entries[0].response is None


@yaml
def test_more_values_than_anybody_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 5)
    with pytest.raises(UsageError, match="more than 5 values"):
        plain_yaml(b"[a, b, c, d, e, f]", name="x", advice="y.")


SCALARS: list[tuple[str, object]] = [
    ("12", 12),
    ("'12'", "12"),
    ("null", None),
    ("~", None),
    ("", None),
    ("true", True),
    ("0x1F", "0x1F"),
    ("1e999", "1e999"),
    ("9" * 30, "9" * 30),
    ("2026-11-25", "2026-11-25"),
    ("|\n  a\n  b\n", "a\nb\n"),
    ("!!binary AAE=", b"\0\1"),
]


@yaml
@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_value_is_text_unless_it_can_only_be_something_else(text: str, value: object) -> None:
    assert plain_yaml(f"a: {text}".encode(), name="x", advice="y.") == {"a": value}
