"""Bodies that a HAR file keeps in files of their own, as Playwright does (`_file`)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entra_oauth.recording.importing.entries import Beside

__all__ = ["with_bodies"]


def with_bodies(entry: dict[str, Any], beside: Beside) -> dict[str, Any]:
    """The entry with the bodies that its files hold; the same where it names none."""
    request, response = entry.get("request"), entry.get("response")
    if isinstance(request, dict) and (asked := _asked(request.get("postData"), beside)):
        entry = entry | {"request": request | {"postData": asked}}
    if isinstance(response, dict) and (came := _came(response.get("content"), beside)):
        entry = entry | {"response": response | {"content": came}}
    return entry


def _asked(post: object, beside: Beside) -> dict[str, Any] | None:
    data = _named(post, beside)
    if data is None or not isinstance(post, dict):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None  # no form, and no JSON: it stays what it was, a body that is not there
    return post | {"text": text}


def _came(content: object, beside: Beside) -> dict[str, Any] | None:
    data = _named(content, beside)
    if data is None or not isinstance(content, dict):
        return None
    return content | {"text": b64encode(data).decode("ascii"), "encoding": "base64"}


def _named(part: object, beside: Beside) -> bytes | None:
    if not isinstance(part, dict) or part.get("text"):
        return None
    name = part.get("_file")
    return beside(name) if isinstance(name, str) and name else None
