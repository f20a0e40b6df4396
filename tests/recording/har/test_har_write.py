"""A recording as HAR: what readers need is there, what was not seen is not made up."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

from entra_oauth.protocol.messages import Times
from entra_oauth.recording.har.har_write import har_of, har_text, recording_id
from entra_oauth.recording.step import Evidence, Level
from kit import recordings as kit
from kit.sweep import assert_swept


def entries(evidence: Evidence | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = har_of(evidence or kit.evidence())["log"]["entries"]
    return found


def test_each_step_is_an_entry_in_order() -> None:
    found = entries()
    assert [e["_step"]["name"] for e in found] == ["authorize", "redirect", "token", "list"]
    assert [e["startedDateTime"] for e in found][:2] == [
        "1970-01-01T00:00:01.000Z",
        "1970-01-01T00:00:02.000Z",
    ]
    assert [e["request"]["method"] for e in found] == ["GET", "GET", "POST", "GET"]


def test_the_browsers_own_request_has_no_answer_that_nobody_saw() -> None:
    authorize = entries()[0]
    assert authorize["response"]["status"] == 0
    assert authorize["request"]["headers"] == []
    assert authorize["request"]["headersSize"] == -1
    assert "its answer was not seen" in authorize["comment"]


def test_bytes_sizes_and_times_are_those_of_the_step() -> None:
    evidence = kit.evidence()
    token, step = entries(evidence)[2], evidence.steps[2]
    assert b64decode(token["_raw"]["request"]) == step.request.data
    assert b64decode(token["_raw"]["response"]) == step.response.data
    sizes = token["request"]["headersSize"], token["request"]["bodySize"]
    assert sum(sizes) == len(step.request.data)
    timings = token["timings"]
    assert (timings["dns"], timings["connect"], timings["ssl"]) == (4, 30, 20)
    counted = ("dns", "connect", "send", "wait", "receive")
    assert token["time"] == round(sum(timings[name] for name in counted), 3)
    assert (token["serverIPAddress"], token["connection"]) == ("192.0.2.7", "443")
    assert token["_tls"]["version"] == "TLSv1.3"
    assert len(token["_tls"]["certificates_sha256"][0]) == 64


def test_a_kept_connection_was_not_made_again() -> None:
    evidence = kit.evidence()
    step = evidence.steps[2]
    link = replace(step.link, reused=True)
    timings = entries(replace(evidence, steps=(replace(step, link=link),)))[0]["timings"]
    assert (timings["dns"], timings["connect"], timings["ssl"]) == (-1, -1, -1)


def test_without_times_the_whole_is_waiting() -> None:
    evidence = kit.evidence()
    step = evidence.steps[2]
    link = replace(step.link, times=Times())
    entry = entries(replace(evidence, steps=(replace(step, link=link),)))[0]
    assert (entry["timings"]["wait"], entry["time"]) == (85.1, 85.1)


def test_a_form_is_there_as_text_and_as_parameters() -> None:
    post = entries()[2]["request"]["postData"]
    assert post["mimeType"] == "application/x-www-form-urlencoded"
    assert [p["name"] for p in post["params"]][:2] == ["client_id", "scope"]
    assert post["params"][1]["value"] == kit.SCOPE
    assert f"scope={kit.SCOPE.replace('/', '%2F')}" in post["text"]
    assert "postData" not in entries()[3]["request"]


def test_cookies_have_what_their_line_says() -> None:
    (cookie,) = entries()[2]["response"]["cookies"]
    assert (cookie["name"], cookie["path"], cookie["secure"], cookie["httpOnly"]) == (
        "fpc",
        "/",
        True,
        True,
    )
    assert "expires" not in cookie
    assert entries()[1]["request"]["cookies"][0]["name"] == "a"


def test_a_body_that_is_no_text_is_base64() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\n\x89PN\xff"
    what = kit.evidence(kit.recording(answer=answer), level=Level.NONE)
    content = entries(what)[2]["response"]["content"]
    assert (content["encoding"], b64decode(content["text"])) == ("base64", b"\x89PN\xff")


def test_a_failure_is_said() -> None:
    evidence = kit.evidence()
    step = replace(evidence.steps[2], failure="ExchangeBroken")
    assert entries(replace(evidence, steps=(step,)))[0]["_error"] == "ExchangeBroken"


def test_nothing_planted_is_in_the_file() -> None:
    for hardened in (False, True):
        what = kit.recording(hardened=hardened)
        assert_swept(har_text(kit.evidence(what)), kit.PLANTED)


def test_the_file_names_its_recording_and_its_tags() -> None:
    evidence = kit.evidence()
    about = json.loads(har_text(evidence))["log"]["_redaction"]
    assert about["recording"] == recording_id(evidence)
    assert about["tags"] == {e.tag: e.length for e in evidence.ledger if e.tag}
    assert recording_id(kit.evidence(key=b"j" * 32)) != recording_id(evidence)
