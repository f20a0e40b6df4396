"""A recording that is handed on holds no secret, and redacting twice changes nothing more."""

from __future__ import annotations

import pytest

from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.save import handed_on, live_in
from entra_oauth.recording.step import Level
from kit import canaries
from kit import recordings as kit
from kit.sweep import assert_swept


def test_a_recording_of_everything_is_redacted_first() -> None:
    everything = kit.evidence(level=Level.NONE)
    assert canaries.CODE.encode() in everything.steps[2].request.data
    clean = handed_on(everything)
    assert clean.level is Level.SECRETS
    assert_swept(har_text(clean), kit.PLANTED)
    assert set(live_in(everything)) >= set(kit.PLANTED[:5]) - {canaries.VERIFIER} - {canaries.NONCE}


@pytest.mark.parametrize("level", [Level.SECRETS, Level.PII])
def test_a_redacted_recording_stays_as_it_is(level: Level) -> None:
    evidence = kit.evidence(level=level)
    assert handed_on(evidence) is evidence
    assert live_in(evidence) == {}


@pytest.mark.parametrize("hardened", [False, True])
def test_redacting_twice_changes_nothing_more(hardened: bool) -> None:
    again = Redactor(level=Level.SECRETS, key=b"another key" * 3)
    steps = kit.evidence(kit.recording(hardened=hardened)).steps
    assert steps
    for step in steps:
        done, finds = again.step(step)
        assert (done.request.data, done.response.data, done.url, finds) == (
            step.request.data,
            step.response.data,
            step.url,
            (),
        )
