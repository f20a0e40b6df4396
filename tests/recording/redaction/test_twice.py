"""Redacting twice is redacting once: bodies of odd shapes."""

from __future__ import annotations

import pytest

from entra_oauth.recording.redaction.redact import Redactor
from entra_oauth.recording.step import Level

SECRET = "Canary-Secret-1234567890-abcdefgh"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"

BODIES = [
    f"<html {SECRET} without an end",
    f'<html a="{SECRET}-->',
    f"\xef\xbb\xbf<html><p {SECRET}",
    f"<html>/<<p {SECRET}\n",
    f"<html></{JWT}title",
    f"<html><!-- {SECRET} {SECRET}",
    f"<html><!--{SECRET}--><p>x</p>",
    f"<html>Bearer {SECRET}<svg {SECRET}",
    f"<html>password: hunter2-hunter2&{SECRET}'[\n",
    f"<html>password={SECRET}<a {SECRET}",
    f"<svg>& ={SECRET}</p>",
    f'<svg>: {SECRET}<svg]@import "x";}}',
    f"<svg>{JWT}<<Bearer {SECRET}",
    f"<svg>[/* <{JWT}\\",
    f"<svg><g>{SECRET}<!-- {SECRET}",
    f"<html><style>a{{b: url({SECRET}</style>",
    f"<html><script>{SECRET}",
]


@pytest.mark.parametrize("level", [Level.SECRETS, Level.PII])
@pytest.mark.parametrize("kind", ["text/html", "text/plain", "image/svg+xml", ""])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_was_redacted_stays_as_it_is(body: str, kind: str, level: Level) -> None:
    redactor = Redactor(level=level, key=b"k" * 32)
    once = redactor.body(body.encode("latin-1"), kind).data
    assert SECRET.encode() not in once
    assert redactor.body(once, kind).data == once
