"""Values as learners are shown them: secrets by kind, length and tag.

The tag is keyed with a random key of this run: the same value has the same tag in every
step, so one can see that what comes back is what was sent, and nobody can find the value
by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus, urlsplit

from entra_oauth.errors import plain
from entra_oauth.protocol.glossary.secrecy import secret_word
from entra_oauth.protocol.messages import FORM, split_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import HttpRequest

__all__ = ["Masks"]

_HARMLESS_HEADERS = frozenset(
    [
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-length", "content-type", "host", "origin", "user-agent"),
    ]
)
_SCHEME = re.compile(r"(?:Bearer|Basic) ")


class Masks:
    """One run's masks. A known key is for values that are no secrets, and gives the same tags in
    each run."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def value(self, name: str, value: str) -> str:
        """A parameter's value as it may be shown."""
        kind = secret_word(name)
        return plain(value, limit=120) if kind is None else self.secret(kind, value)

    def secret(self, kind: str, value: str) -> str:
        """A value that must not be shown, whatever its name."""
        if kind == "password":
            return "<password>"
        tag = hmac.new(self._key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:4]
        return f"<{kind}, {len(value)} characters #{tag}>"

    def header(self, name: str, value: str) -> str:
        """A header's value: as it is only where that is known to be harmless."""
        if name.lower() in _HARMLESS_HEADERS:
            return plain(value, limit=200)
        scheme = _SCHEME.match(value) if name.lower() == "authorization" else None
        if scheme is not None:
            return scheme.group() + self.secret("token", value[scheme.end() :])
        return self.secret("value", value)

    def form(self, text: str) -> str:
        """A query or form as it stands on the wire, its secrets masked."""
        pieces = (
            f"{plain(quote_plus(name), limit=60)}="
            + (self.value(name, unquote_plus(raw)) if secret_word(name) else plain(raw, limit=300))
            for name, raw in split_form(text)
        )
        return "&".join(pieces)

    def message(self, request: HttpRequest) -> list[str]:
        """A request, line by line as it goes over the wire."""
        query = f"?{self.form(request.query)}" if request.query else ""
        lines = [f"{request.method} {plain(request.path, limit=300)}{query} HTTP/1.1"]
        headers = request.headers
        if request.header("Host") is None:  # the channel's to add
            headers = (("Host", urlsplit(request.url).netloc), *headers)
        lines += [f"{plain(name, limit=60)}: {self.header(name, value)}" for name, value in headers]
        if request.body and request.header("Content-Length") is None:
            lines.append(f"Content-Length: {len(request.body)}")
        if request.body:
            is_form = (request.header("Content-Type") or "").partition(";")[0].strip() == FORM
            shown = self.form(request.body.decode("latin-1")) if is_form else "<not a form>"
            lines += ["", shown]
        return lines
