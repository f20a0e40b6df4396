"""A recording told to a person: who sends what to whom, and why; secrets masked.

Meanings are the glossary's. Values are masked by `lessons/masking.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.cli.session.wrap import row, width
from entra_oauth.errors import plain
from entra_oauth.lessons.masking import Masks
from entra_oauth.protocol.glossary.message_kind import MessageKind, kind_of_answer
from entra_oauth.protocol.glossary.parameters import meaning_of
from entra_oauth.protocol.messages import parse_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields, HttpRequest, HttpResponse

__all__ = ["Narrator"]


class Narrator:
    """Turns messages into lines."""

    def __init__(self) -> None:
        self._masks = Masks()
        self._columns = width()

    def mask(self, name: str, value: str) -> str:
        """A value as it may be shown."""
        return self._masks.value(name, value)

    def fields(self, fields: Fields, *, of: MessageKind) -> list[str]:
        """A table of the parameters of a message, each with its meaning there."""
        lines: list[str] = []
        for name, value in fields:
            meaning = meaning_of(of, name, value)
            shown = self.mask(name, value)
            lines += row(plain(name, limit=40), shown, meaning, indent=5, columns=self._columns)
        return lines

    def request_line(self, request: HttpRequest) -> str:
        """Method, address without its query, version."""
        parts = urlsplit(request.url)
        return f"{request.method} {parts.path or '/'} (host {parts.netloc})"

    def url_fields(self, request: HttpRequest, *, of: MessageKind) -> list[str]:
        """The parameters in the address."""
        return self.fields(parse_form(request.query), of=of)

    def body_fields(self, request: HttpRequest, *, of: MessageKind) -> list[str]:
        """The parameters in a form body."""
        return self.fields(parse_form(request.body.decode("latin-1")), of=of)

    def answer(self, response: HttpResponse) -> list[str]:
        """The status and the members of a JSON answer."""
        lines = [f"   <- {response.status} {response.reason}".rstrip()]
        try:
            members = json.loads(response.body)
        except ValueError:
            return [*lines, f"     {len(response.body)} bytes, not JSON"]
        if isinstance(members, dict):
            pairs = tuple((str(name), _text(value)) for name, value in members.items())
            lines += self.fields(pairs, of=kind_of_answer(MessageKind.TOKEN_REQUEST, members))
        return lines


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
