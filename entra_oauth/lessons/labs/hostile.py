"""Mallory's own server: what the labs send codes and tokens to, so that it can be seen there."""

from __future__ import annotations

from entra_oauth.protocol.messages import HttpRequest, HttpResponse, parse_form

__all__ = ["HostileServer"]


class HostileServer:
    """Collects every form that is posted to it, and answers each with `answer`.

    A GET is sent on to `forward_to`, its query as it is: so an authority of Mallory's hands
    the browser to the honest one.
    """

    def __init__(self, answer: HttpResponse, *, forward_to: str = "") -> None:
        self.forms: list[dict[str, str]] = []
        self._answer = answer
        self._forward_to = forward_to

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer to one message."""
        if request.method == "GET":
            return HttpResponse(
                status=302, headers=(("Location", f"{self._forward_to}?{request.query}"),)
            )
        self.forms.append(dict(parse_form(request.body.decode())))
        return self._answer
