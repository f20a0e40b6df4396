"""A redirect URI that leads to this machine, taken apart once and then kept as it is.

Entra compares the path of a redirect URI exactly, and ignores the port of
`http://localhost` (Entra documentation, "Redirect URI restrictions"). So the
spelling that was given is never normalised; a port is put in, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from entra_oauth.errors import UsageError
from entra_oauth.protocol.messages import refuse_control_characters

__all__ = ["LoopbackUri"]

_NAMES = ("localhost", "127.0.0.1", "[::1]")
_REST = re.compile(r"([/?][A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?")
_ADVICE = "Use http://localhost, with a port or a path if the app is registered so."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackUri:
    """An `http` URI of this machine, as it was given."""

    host: str
    """`localhost`, `127.0.0.1` or `[::1]`."""
    port: int | None
    """None if the URI names none."""
    rest: str
    """Path and query as they were spelled; may be empty."""

    @classmethod
    def parse(cls, text: str) -> LoopbackUri:
        """Raises `UsageError` for a URI that no listener on this machine can serve."""
        refuse_control_characters("The redirect URI", text)
        scheme, _, after = text.partition("://")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise UsageError("The redirect URI is not a URI.", advice=_ADVICE) from None
        host = parts.netloc.removesuffix(f":{port}")
        if scheme != "http" or host not in _NAMES or port == 0:
            raise UsageError(
                "The redirect URI does not lead to a port of this machine over plain HTTP.",
                advice=_ADVICE,
            )
        rest = after[len(parts.netloc) :]
        if not _REST.fullmatch(rest):
            raise UsageError(
                "The redirect URI holds a fragment, or a character that a URI cannot hold "
                "(RFC 6749 §3.1.2).",
                advice=_ADVICE,
            )
        return cls(host=host, port=port, rest=rest)

    @property
    def path(self) -> str:
        """The path as a request line will have it, without the query: at least `/`."""
        return self.rest.partition("?")[0] or "/"

    def with_port(self, port: int | None) -> str:
        """The URI as it is to be sent; None puts no port in."""
        return f"http://{self.host}{'' if port is None else f':{port}'}{self.rest}"
