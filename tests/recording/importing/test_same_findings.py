"""One sign-in in every kind of file: the linter finds the same, whatever program wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache

import pytest

from entra_oauth.audit import lint
from entra_oauth.audit.inputs import file_case
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import split_origin
from entra_oauth.recording.har.har_write import har_of
from entra_oauth.recording.importing.entries import GivenFile
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level, Seen, rebuilt, steps_of
from kit.audit.exchanges import practised
from kit.foreign import files

OWN = ("_raw", "_step", "_tls")
NO_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@cache
def _messages(procedure: Procedure) -> files.Messages:
    found = []
    for step in steps_of(practised(procedure)):
        half = step.request
        sent = rebuilt(step.http_request) if half.seen is Seen.ADDRESS else half.data
        found.append((split_origin(step.url)[0], sent, step.response.data or NO_ANSWER))
    return tuple(found)


@cache
def _har(procedure: Procedure) -> bytes:
    """As a browser would have it, without what only our own files have."""
    har = har_of(evidence_of(practised(procedure), level=Level.NONE, created_at=1.0))
    del har["log"]["_redaction"]
    for entry in har["log"]["entries"]:
        for name in OWN:
            entry.pop(name, None)
    return json.dumps(har).encode()


def _findings(data: bytes) -> set[tuple[str, str]]:
    report = lint(file_case(GivenFile(data=data)), today=date(2026, 11, 25))
    return {(judged.rule.id, judged.severity.value) for judged in report.failures()}


WRITERS: dict[str, Callable[[files.Messages], bytes]] = {
    "saz": files.saz,
    "trace": files.curl_trace,
    "flows": files.flows,
    "burp": lambda messages: files.burp(*(files.burp_item(*each) for each in messages)),
    "cassette": files.cassette,
}


@pytest.mark.parametrize("procedure", list(Procedure))
@pytest.mark.parametrize("name", WRITERS)
def test_the_findings_do_not_depend_on_the_program_that_recorded(
    name: str, procedure: Procedure
) -> None:
    found = _findings(WRITERS[name](_messages(procedure)))
    assert found == _findings(_har(procedure))
    assert (("AR04", "error") in found) == (procedure is Procedure.ARTICLE)


@pytest.mark.parametrize("procedure", list(Procedure))
def test_what_curl_does_not_show_with_v_is_no_mistake(procedure: Procedure) -> None:
    more = _findings(files.curl_verbose(_messages(procedure))) - _findings(_har(procedure))
    assert [found for found in more if found[1] != "note"] == []
