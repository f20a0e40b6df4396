"""Places in free text that say by themselves what they are.

Tokens, credentials, addresses, values behind a name, and runs of characters that look like
a secret: each function gives starts and ends, and decides nothing of what becomes of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from entra_oauth.protocol.glossary.secrecy import Act, Treatment, treatment_in_text
from entra_oauth.recording.redaction.finds import PLACEHOLDER, looks_secret

__all__ = [
    "HIDDEN",
    "addresses",
    "credentials",
    "is_address",
    "may_be_form",
    "named_secrets",
    "secret_runs",
    "tokens",
    "unsigned_tokens",
]

# Quantifiers that give nothing back: a hostile page must not make any of these slow. Most texts
# have nothing of all this, and lack a character without which it cannot be.
_JWT = re.compile(r"(?<![A-Za-z0-9_-])ey[A-Za-z0-9_-]{10,}+\.ey[A-Za-z0-9_-]{2,}+\.[A-Za-z0-9_-]*+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'<>]+")
_PAIR = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,40})\s*[=:]\s*[\"']?([^\s&\"'<>,;]+)")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,40})\s*[=:]\s*[\"']?")
_END_OF_VALUE = re.compile(r"[\s&\"'<>,;]|\Z")
_BEARER = re.compile(r"(?i)\b(bearer|basic|pop|dpop)\s+([A-Za-z0-9._~+/-]{12,}=*)")
_RUN = re.compile(r"[A-Za-z0-9_~+/%-]{20,}={0,2}")
HIDDEN = frozenset({Act.SECRET, Act.TOKEN, Act.MASK})
"""What is done with values that are secrets by their names."""

_Places = Iterator[tuple[int, int]]
"""Starts and ends."""


def tokens(text: str) -> _Places:
    """The JWTs that have their signatures still."""
    if ".ey" not in text:
        return iter(())
    return (match.span() for match in _JWT.finditer(text) if not _is_unsigned(match))


def unsigned_tokens(text: str) -> _Places:
    """The JWTs whose signatures were taken out, with what stands in the place of these."""
    if ".ey" not in text or "~" not in text:
        return
    for match in _JWT.finditer(text):
        mark = PLACEHOLDER.match(text, match.end() - 3) if _is_unsigned(match) else None
        if mark:
            yield match.start(), mark.end()


def credentials(text: str) -> _Places:
    """Schemes of `Authorization:` with what follows them."""
    return (match.span() for match in _BEARER.finditer(text))


def addresses(text: str) -> _Places:
    """The absolute addresses."""
    return (match.span() for match in _URL.finditer(text)) if "://" in text else iter(())


def is_address(text: str) -> bool:
    """True if all of it is one absolute address."""
    return "://" in text and _URL.fullmatch(text) is not None


def may_be_form(text: str) -> bool:
    """True for what has the look of a form or of one parameter, and of no address."""
    if "=" not in text or "://" in text:
        return False
    return "&" in text or _PAIR.fullmatch(text) is not None


def named_secrets(text: str, *, shortest: int = 1) -> Iterator[tuple[Treatment, int, int]]:
    """Values behind a name of a secret that has so many characters; and what that name asks for."""
    if "=" not in text and ":" not in text:
        return
    end, taken = 0, 0
    # A value may hold the next name (`error: db_password=…`). Its end is looked for once.
    for match in _NAME.finditer(text):
        start = match.end()
        if start >= end and (found := _END_OF_VALUE.search(text, start)):
            end = found.start()
        rule = treatment_in_text(match[1])
        if taken <= start < end and len(match[1]) >= shortest and rule.act in HIDDEN:
            yield rule, start, end
            taken = end


def secret_runs(text: str) -> _Places:
    """Runs of characters that look like a secret, outside of addresses and unsigned tokens."""
    done = _spans(text)
    starts = [start for start, _ in done]
    for match in _RUN.finditer(text):
        before = bisect_right(starts, match.start()) - 1
        inside = before >= 0 and match.start() < done[before][1]
        if not inside and looks_secret(match[0]):
            yield match.span()


def _spans(text: str) -> list[tuple[int, int]]:
    """The addresses, and the tokens beside them whose signatures were taken out before."""
    spans: list[tuple[int, int]] = []
    if ".ey" not in text and "://" not in text:
        return spans
    unsigned = [match.span() for match in _JWT.finditer(text) if _is_unsigned(match)]
    for span in sorted([*unsigned, *addresses(text)]):
        if not spans or span[0] >= spans[-1][1]:
            spans.append(span)
    return spans


def _is_unsigned(token: re.Match[str]) -> bool:
    """True if the signature of a JWT was taken out before."""
    return token[0].endswith(".sig") and token.string.startswith("~", token.end())
