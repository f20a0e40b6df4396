"""Tokens and texts as people have them: in quotes, in a whole JSON answer, in another encoding.

What can be read without doubt is read. What cannot is named, and nothing of it is repeated.
"""

from __future__ import annotations

import codecs
import json
import re

from entra_oauth.errors import UsageError, plain

__all__ = ["bare_token", "is_jwt", "text_of"]

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_BEFORE = re.compile(r"\A(?:authorization:)?\s*(?:bearer(?=\s|eyJ))?", re.IGNORECASE)
_QUOTES = "\"'`“”„‘’«»"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_of(content: bytes) -> str | None:
    """A text in UTF-8 or UTF-16, without its byte order mark; None for what is neither.

    UTF-16 without a mark is known by its zeros, which no token and no password has.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    if content[1:] and not any(content[1::2]):
        return _decoded(content, "utf-16-le")
    if not any(content[::2]):
        return _decoded(content, "utf-16-be")
    return _decoded(content, "utf-8")


def is_jwt(text: str) -> bool:
    """True for three parts, the first of which begins as JSON does in base64url."""
    return _JWT.fullmatch(text) is not None


def bare_token(text: str, *, what: str, members: tuple[str, ...] = ()) -> str:
    """The token in a text: alone, in quotes, behind `Bearer`, or in a JSON answer.

    Of a JSON object it is the first of `members` that is there, else the only JWT in it.
    Raises `UsageError` for a JSON text without one. `what` names the token.
    """
    bare = _BEFORE.sub("", text.strip().strip(_QUOTES).strip()).strip().strip(_QUOTES)
    if not text.strip().startswith(("{", "[")):
        return bare
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise UsageError(
            f"That is a JSON text that breaks off or is no object, and not a {what}.",
            advice=f"Give the {what} alone, or the whole answer that holds it.",
        )
    held = {name: value for name, value in answer.items() if isinstance(value, str)}
    found = next((held[name] for name in members if held.get(name)), None)
    tokens = {name: value for name, value in held.items() if is_jwt(value)}
    if found is not None:
        return found
    if len(tokens) == 1 and not members:
        return next(iter(tokens.values()))
    names = plain(", ".join(tokens), limit=80)
    several = f"several tokens ({names}), and it is not said which"
    many = several if len(tokens) > 1 else f"no {what}"
    raise UsageError(f"The JSON text holds {many}.", advice=f"Give the {what} alone.")


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None  # the error would hold all that was read
