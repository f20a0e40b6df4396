"""A body that is not there is no mistake of whoever sent it."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

import pytest

from entra_oauth.audit import lint
from entra_oauth.audit.inputs import har_case
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM
from entra_oauth.recording.har.har_write import har_of
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit.audit.exchanges import practised

OWN = ("_raw", "_step", "_redaction", "_tls")


@cache
def _exported() -> dict[str, Any]:
    evidence = evidence_of(practised(Procedure.HARDENED), level=Level.NONE, created_at=1.0)
    har = har_of(evidence)
    for entry in har["log"]["entries"]:
        for name in OWN:
            entry.pop(name, None)
    del har["log"]["_redaction"]
    return har


def _har() -> tuple[dict[str, Any], dict[str, Any]]:
    """A sign-in as a browser's file has it, and its token request's entry."""
    har = deepcopy(_exported())
    entries = har["log"]["entries"]
    return har, next(e for e in entries if "/token" in e["request"]["url"])


def _findings(har: dict[str, Any]) -> set[tuple[str, str]]:
    report = lint(har_case(json.dumps(har).encode()), today=date(2026, 11, 25))
    return {(judged.rule.id, judged.severity.value) for judged in report.failures()}


POSTS = [
    None,
    {"mimeType": FORM, "params": [], "_file": "0123456789abcdef.dat"},
    *({"mimeType": FORM, "text": text} for text in ("[REDACTED]", "<REDACTED>", "***", "FILTERED")),
    {"mimeType": FORM, "text": "body~0123456789~~~~~~~~~~~~~"},
]


@pytest.mark.parametrize("post", POSTS)
def test_a_form_that_is_not_there_is_never_a_finding(post: dict[str, Any] | None) -> None:
    before = _findings(_har()[0])
    har, token = _har()
    headers = token["request"]["headers"]
    token["request"]["headers"] = [h for h in headers if h["name"].lower() != "content-length"]
    token["request"]["postData"] = post
    assert {found for found in _findings(har) - before if found[0] != "HR02"} == set()


def test_a_form_that_is_said_to_be_empty_is_one() -> None:
    har, token = _har()
    headers = [h for h in token["request"]["headers"] if h["name"].lower() != "content-length"]
    token["request"]["headers"] = [*headers, {"name": "Content-Length", "value": "0"}]
    token["request"]["postData"] = None
    assert ("TR17", "error") in _findings(har)


@pytest.mark.parametrize("content", [{}, {"text": "[REDACTED]"}, {"_file": "89ab.json"}])
def test_an_answer_that_is_not_there_is_never_a_finding(content: dict[str, Any]) -> None:
    before = _findings(_har()[0])
    har, token = _har()
    token["response"]["content"] = {"size": 900, "mimeType": "application/json", **content}
    assert _findings(har) - before == set()


def test_an_error_whose_body_is_not_there_is_no_error_without_a_name() -> None:
    har, token = _har()
    token["response"]["status"] = 400
    token["response"]["content"] = {"size": 0, "mimeType": "application/json"}
    assert "TS09" not in {rule for rule, _ in _findings(har)}


def _packed(text: str, pieces: int) -> str:
    data = gzip.compress(text.encode())
    size = len(data) // pieces + 1
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return json.dumps([b64encode(part).decode() for part in parts])


@pytest.mark.parametrize("pieces", [1, 3])
def test_an_answer_in_packed_pieces_is_put_together(pieces: int) -> None:
    before = _findings(_har()[0])
    har, token = _har()
    content = token["response"]["content"]
    token["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    content |= {"encoding": "base64", "text": _packed(content["text"], pieces)}
    assert _findings(har) == before


def test_headers_in_front_of_a_form_are_no_part_of_it() -> None:
    before = _findings(_har()[0])
    har, token = _har()
    post = token["request"]["postData"]
    text = post["text"]
    post["params"] = []
    post["text"] = f"Content-Type: {FORM}\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    assert _findings(har) == before


def test_an_empty_cookie_header_is_no_cookie() -> None:
    har, token = _har()
    token["request"]["headers"].append({"name": "Cookie", "value": ""})
    assert "TR13" not in {rule for rule, _ in _findings(har)}
    token["request"]["headers"][-1]["value"] = "fpc=abc"
    assert ("TR13", "error") in _findings(har)
