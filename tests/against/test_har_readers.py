"""Our HAR files, read by software that was not written here: the schema, and Chrome's importer."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from entra_oauth.recording.har.har_write import har_of, har_text
from entra_oauth.recording.step import Evidence, Level
from kit import needs
from kit import recordings as kit

pytestmark = [pytest.mark.against, needs.node_package("har-validator")]

EVIL = "\x1b]0;x\x07<script>alert(1)</script>\u202e\ud7ff\U0001f600 \"'\\"
RECORDINGS: dict[str, Evidence] = {
    "article": kit.evidence(),
    "hardened": kit.evidence(kit.recording(hardened=True)),
    "people": kit.evidence(level=Level.PII),
    "everything": kit.evidence(level=Level.NONE),
    "hostile": kit.evidence(kit.failed(EVIL)),
    "broken": kit.evidence(kit.recording(answer=b"\x00\xffnot http")),
    "binary": kit.evidence(
        kit.recording(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
        level=Level.NONE,
    ),
    "empty": Evidence(steps=(), created_at=0.0, level=Level.SECRETS),
}
_VALIDATE = """
const har = JSON.parse(require("fs").readFileSync(0, "utf8"));
require("har-validator").har(har).then(
  () => console.log("valid"),
  (error) => console.log(JSON.stringify(error.errors ?? String(error))),
);
"""


def node(*arguments: str, text: str = "") -> str:
    assert needs.NODE
    environ = {"PATH": os.environ["PATH"], "NODE_PATH": str(needs.NODE_MODULES)}
    done = subprocess.run(
        [needs.NODE, *arguments],
        input=text,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def validated(text: str) -> str:
    return node("-e", _VALIDATE, text=text).strip()


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_file_is_what_the_schema_says(name: str) -> None:
    assert validated(har_text(RECORDINGS[name])) == "valid"


def test_the_schema_would_say_what_is_wrong() -> None:
    har = har_of(RECORDINGS["article"])
    del har["log"]["entries"][2]["request"]["headersSize"]
    assert "headersSize" in validated(json.dumps(har))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundle")


def seen_by_chrome(har: dict[str, Any], scratch: Path) -> list[dict[str, Any]]:
    file = scratch / "x.har"
    file.write_text(json.dumps(har))
    program = Path(__file__).with_name("chrome_har.mjs")
    found: list[dict[str, Any]] = json.loads(
        node(str(program), str(needs.NODE_MODULES), str(scratch), str(file))
    )
    return found


@needs.node_package("chrome-devtools-frontend")
@needs.node_package("esbuild")
@pytest.mark.parametrize("name", RECORDINGS)
def test_chromes_own_importer_reads_what_was_recorded(name: str, scratch: Path) -> None:
    evidence = RECORDINGS[name]
    found = seen_by_chrome(har_of(evidence), scratch)
    assert len(found) == len(evidence.steps)
    for request, step in zip(found, evidence.steps, strict=True):
        response = step.http_response
        assert request["method"] == step.method
        assert request["url"] == step.url
        assert request["status"] == (response.status if response else 0)
        assert "undefined" not in json.dumps(request)
        if response is not None and response.body:
            assert request["body"] in (
                response.body.decode("utf-8", "replace"),
                b64encode(response.body).decode(),
            )
        if step.channel == "back":
            assert request["headers"] == [list(pair) for pair in step.http_request.headers]
            assert request["address"] == "192.0.2.7:443"
            assert request["seconds"] == pytest.approx(0.0851, abs=0.001)
        if step.name == "token":
            assert request["form"] == step.http_request.body.decode()
            assert [each["name"] for each in request["parameters"]][:2] == ["client_id", "scope"]


@needs.node_package("chrome-devtools-frontend")
@needs.node_package("esbuild")
def test_chromes_importer_would_fail_on_a_file_that_lacks_what_it_needs(scratch: Path) -> None:
    har = har_of(RECORDINGS["article"])
    del har["log"]["entries"][2]["request"]["bodySize"]
    with pytest.raises(AssertionError, match="NaN"):
        seen_by_chrome(har, scratch)
