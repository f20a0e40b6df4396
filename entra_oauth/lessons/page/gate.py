"""The gate of the site: who may ask, before anything is looked at.

The path holds a random word that only the terminal has shown. A name of this machine must
stand in `Host`, or a page elsewhere whose name was made to point here could ask (DNS
rebinding). A form must bring the token of this run, and must not come from another site.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from entra_oauth.lessons.page.frame import words
from entra_oauth.protocol.messages import FORM, parse_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest, HttpResponse

__all__ = ["Gate"]

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_MOST_FIELDS = 250


class Gate:
    """One run's secrets, and what is said to those who lack them."""

    def __init__(self) -> None:
        self.path = f"/{secrets.token_urlsafe(24)}/"
        self.token = secrets.token_urlsafe(24)

    def refusal(self, request: HttpRequest, port: int) -> HttpResponse | None:
        """The answer to whoever may not come in; None for those who may."""
        host = (request.header("host") or "").lower()
        if host not in {f"{name}:{port}" for name in _NAMES}:
            return words(
                421,
                "Not here",
                "This site answers to the names of this machine only, such as localhost. Open the "
                "address that the terminal shows.",
            )
        if not _same(request.path[: len(self.path)], self.path):
            return words(
                404,
                "Nothing is here",
                "The address is another one in each run. Open the one that the terminal shows.",
            )
        if request.method not in ("GET", "HEAD", "POST"):
            return words(405, "Not so", "This site is read and filled in, no more.")
        return self._form_refusal(request) if request.method == "POST" else None

    def _form_refusal(self, request: HttpRequest) -> HttpResponse | None:
        host = (request.header("host") or "").lower()
        # Without a referrer a form's own Origin is null (Fetch §3.2), so null says nothing.
        origin = request.header("origin") or "null"
        site = request.header("sec-fetch-site") or "same-origin"
        if origin not in ("null", f"http://{host}") or site not in ("same-origin", "none"):
            return words(
                403,
                "Not from there",
                "That form stood on a page of another site. Nothing was done with it. Use the page "
                "whose address the terminal shows.",
            )
        if not (request.header("content-type") or "").lower().startswith(FORM):
            return words(400, "Not a form", "Only the forms of these pages are taken.")
        token = self.fields(request).get("token", "")
        if not _same(token, self.token):
            return words(
                403,
                "An old page",
                "The form is of another run of this program, or it was changed. Nothing was done "
                "with it, and nothing is lost. Load the page anew.",
                address=self.path,
            )
        return None

    def fields(self, request: HttpRequest) -> dict[str, str]:
        """The fields of a form or of a query, the first of each name."""
        text = request.query
        if request.method == "POST":
            text = request.body.decode("utf-8", "replace")
        found: dict[str, str] = {}
        for name, value in parse_form(text)[:_MOST_FIELDS]:
            found.setdefault(name, value)
        return found


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
