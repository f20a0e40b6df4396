"""A recording as it may be handed on: of one that holds everything, the secrets are taken out."""

from __future__ import annotations

import secrets
from dataclasses import replace

from entra_oauth.recording.record import Exchange, Recording
from entra_oauth.recording.redact import Redactor
from entra_oauth.recording.secrets import live_secrets
from entra_oauth.recording.step import Evidence, Level

__all__ = ["handed_on", "live_in"]


def handed_on(evidence: Evidence) -> Evidence:
    """The same, without secrets. What was redacted already stays as it is."""
    if evidence.level is not Level.NONE:
        return evidence
    redactor = Redactor(
        level=Level.SECRETS, key=secrets.token_bytes(32), known=dict(live_in(evidence))
    )
    steps = tuple(redactor.step(step)[0] for step in evidence.steps)
    return replace(evidence, steps=steps, level=Level.SECRETS)


def live_in(evidence: Evidence) -> dict[str, str]:
    """The secrets of a recording from which nothing was taken out, with their kinds."""
    if evidence.level is not Level.NONE:
        return {}
    exchanges = (
        Exchange(
            channel=step.channel,
            note=step.note,
            request=replace(step.http_request, url=step.url),
            response=step.http_response,
            started_at=step.started_at,
            ended_at=step.ended_at,
        )
        for step in evidence.steps
    )
    return live_secrets(Recording(tuple(exchanges)))
