"""The site: one function from a request to an answer, and the host that carries it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from entra_oauth.channels.loopback.host import LoopbackHost
from entra_oauth.errors import EntraOAuthError, plain
from entra_oauth.lessons.page.frame import words
from entra_oauth.lessons.page.gate import Gate
from entra_oauth.protocol.messages import HttpResponse

if TYPE_CHECKING:
    from typing import Self

    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Asked", "Site"]

_BODY_LIMIT = 256 * 1024
"""Bytes of a form. A token is a few thousand, a learner's function too."""


class Asked:
    """One request that passed the gate: the rest of its path, its fields, and the way back."""

    __slots__ = ("address", "fields", "posts", "rest", "token")

    def __init__(self, request: HttpRequest, gate: Gate) -> None:
        self.address = gate.path
        """Of the site, with a slash at its end."""
        self.token = gate.token
        self.rest = request.path[len(gate.path) :]
        self.posts = request.method == "POST"
        self.fields = gate.fields(request)

    def number(self, name: str) -> int:
        """A field that is a number; -1 where it is none."""
        text = self.fields.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1


Room = Callable[[Asked], HttpResponse | None]
"""A part of the site; None for what is not its own."""


class Site:
    """A site on loopback while a `with` block lasts. `rooms` are asked one after the other."""

    def __init__(self, *rooms: Room, port: int = 0) -> None:
        self._rooms = rooms
        self.gate = Gate()
        self._host = LoopbackHost(self.handle, port=port, keep_alive=True, body_limit=_BODY_LIMIT)

    @property
    def url(self) -> str:
        """The address to open. Whoever has it may do what the learner may."""
        return f"http://localhost:{self._host.port}{self.gate.path}"

    def __enter__(self) -> Self:
        self._host.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._host.close()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; called from many threads."""
        refused = self.gate.refusal(request, self._host.port)
        if refused is not None:
            return refused
        asked = Asked(request, self.gate)
        try:
            for room in self._rooms:
                answer = room(asked)
                if answer is not None:
                    return answer
        except EntraOAuthError as error:
            said = f"{plain(error.what, limit=400)} {plain(error.advice, limit=400)}"
            return words(409, "That did not work", said, address=asked.address)
        return words(404, "No such page", "Nothing is here.", address=asked.address)
