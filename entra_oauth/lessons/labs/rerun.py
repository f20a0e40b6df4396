"""The attack of a lab, run again on a function: what came of it, and the bytes that passed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.protocol.glossary.secrecy import secret_word
from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    pass

__all__ = ["Rerun", "RerunShown", "failed", "fields_of", "shown_of"]

_MOST_LINES = 60
_LONGEST = 400
_TELLING = (
    *("authorization", "cache-control", "content-type", "location", "referrer-policy"),
    *("content-security-policy", "x-frame-options"),
)
_REASONS = {200: "OK", 302: "Found", 303: "See Other", 307: "Temporary Redirect"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """One run of the attack, with one function in the naive party's place."""

    stopped: bool
    """The attack had no success."""
    works: bool
    """What honest people do still works."""
    told: str
    """The outcome in a sentence."""
    passed: tuple[HttpRequest | HttpResponse | str, ...]
    """What passed in the attack; a text is what stands elsewhere, in a log for instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunShown:
    """A rerun as it is shown: its secrets masked, its bytes as lines."""

    stopped: bool
    works: bool
    told: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, given: dict[str, Any]) -> RerunShown:
        """The same from JSON, whatever is in it. Raises `KeyError` and `TypeError`."""
        return cls(
            stopped=given["stopped"] is True,
            works=given["works"] is True,
            told=plain(str(given["told"]), limit=_LONGEST),
            lines=tuple(plain(str(each), limit=_LONGEST) for each in given["lines"][:_MOST_LINES]),
        )


def shown_of(rerun: Rerun, masks: Masks) -> RerunShown:
    """What of a run may be shown."""
    lines: list[str] = []
    for each in rerun.passed:
        lines += ["", *_lines_of(each, masks)] if lines else _lines_of(each, masks)
    short = [plain(line, limit=_LONGEST) for line in lines[:_MOST_LINES]]
    return RerunShown(stopped=rerun.stopped, works=rerun.works, told=rerun.told, lines=tuple(short))


def failed(error: Exception) -> RerunShown:
    """A run that broke off."""
    name = type(error).__name__[:60]
    told = f"The naive client broke off: your function raised {name}, or what it gave was no use."
    return RerunShown(stopped=False, works=False, told=told, lines=())


def _lines_of(message: HttpRequest | HttpResponse | str, masks: Masks) -> list[str]:
    if isinstance(message, str):
        return [message]
    if isinstance(message, HttpRequest):
        return masks.message(message)
    reason = message.reason or _REASONS.get(message.status, "")
    lines = [f"HTTP/1.1 {message.status} {reason}".rstrip()]
    told = [each for each in message.headers if each[0].lower() in _TELLING]
    for name, value in told:
        lines.append(f"{plain(name, limit=60)}: {_header(name, value, masks)}")
    if len(message.headers) > len(told):
        lines.append(f"({len(message.headers) - len(told)} more headers)")
    return [*lines, "", _body(message.body, masks)] if message.body else lines


def _header(name: str, value: str, masks: Masks) -> str:
    if name.lower() == "location":
        place, mark, query = value.partition("?")
        return plain(place, limit=200) + mark + masks.form(query)
    return masks.header(name, value) if name.lower() == "authorization" else plain(value, limit=200)


def _body(body: bytes, masks: Masks) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        text = body.decode("utf-8", "replace")
        return text if len(body) <= 200 and "<" not in text else f"<{len(body)} bytes of a page>"
    shown = {
        name: masks.secret(secret_word(name) or "value", value)
        if isinstance(value, str) and secret_word(name)
        else value
        for name, value in found.items()
    }
    return json.dumps(shown)


def fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The parameters of a redirect or a form, as pairs."""
    return list(parse_form(request.query or request.body.decode()))
