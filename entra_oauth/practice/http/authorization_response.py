"""The answer that a browser carries to an app, read back out of what was made for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from entra_oauth.practice.http.responses import encode_reply

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields, HttpResponse

__all__ = ["Reply", "read_reply"]

_INPUT = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_TO_THE_APP = re.compile(r'<form method="post" action="([a-z][a-z0-9+.-]*:[^"]*)"')


@dataclass(frozen=True, slots=True)
class Reply:
    """Its fields, and how to make the same answer with others."""

    response: HttpResponse
    fields: Fields

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key == name), None)

    @property
    def target(self) -> str:
        """Where it goes, without the fields."""
        location = self.response.header("Location")
        if location is not None:
            return _parts(location)[0]
        form = _TO_THE_APP.search(self.response.body.decode("utf-8"))
        return unescape(form[1]) if form else ""

    def saying(self, fields: Fields) -> HttpResponse:
        """The same answer with other fields."""
        location = self.response.header("Location")
        if location is None:
            return replace(self.response, body=_refilled(self.response.body, fields))
        start, mark, _, end = _parts(location)
        moved = f"{start}{mark}{encode_reply(fields)}{end}"
        headers = tuple(
            (n, moved if n.lower() == "location" else v) for n, v in self.response.headers
        )
        return replace(self.response, headers=headers)


def read_reply(response: HttpResponse) -> Reply | None:
    """The answer to the app that this is, if it is one."""
    location = response.header("Location")
    if location is not None:
        fields = tuple(parse_qsl(_parts(location)[2], keep_blank_values=True))
    elif response.status == 200 and _TO_THE_APP.search(response.body.decode("utf-8", "replace")):
        found = _INPUT.findall(response.body.decode("utf-8"))
        fields = tuple((unescape(name), unescape(value)) for name, value in found)
    else:
        return None
    return Reply(response, fields) if {"code", "error"} & {name for name, _ in fields} else None


def _parts(location: str) -> tuple[str, str, str, str]:
    """What stands before the fields, the mark, the fields, and what stands after them."""
    start, query_mark, query = location.partition("?")
    if query_mark:
        fields, hash_mark, _ = query.partition("#")
        return start, query_mark, fields, hash_mark
    start, hash_mark, fragment = location.partition("#")
    return start, hash_mark, fragment, ""


def _refilled(page: bytes, fields: Fields) -> bytes:
    html = page.decode("utf-8")
    inputs = "".join(
        f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields
    )
    first = _INPUT.search(html)
    at = first.start() if first else html.index("</form>")
    return (html[:at] + inputs + _INPUT.sub("", html[at:])).encode("utf-8")
