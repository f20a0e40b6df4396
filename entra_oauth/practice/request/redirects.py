"""Redirect URIs: which ones are allowed, and how an answer reaches one.

Rules of https://learn.microsoft.com/entra/identity-platform/reply-url, as far as
they are written down there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.http.responses import encode_reply

if TYPE_CHECKING:
    from entra_oauth.practice.directory.model import Redirect, RegisteredApp
    from entra_oauth.protocol.messages import Fields

    _Parts = tuple[str, str, str | None]

__all__ = ["find", "matches", "origin_of", "reply_url"]

_VISIBLE = re.compile("[!-~]*")
_PATHLESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*(?:\?.*)?", re.ASCII)
_LOOPBACK = re.compile(
    r"(?P<place>https?://(?:localhost|127\.0\.0\.1))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.ASCII,
)


def find(app: RegisteredApp, sent: str) -> Redirect | None:
    """The registered redirect URI that `sent` is, if any."""
    theirs = _parts(sent)
    return next((r for r in app.redirects if _same(r.uri, sent, theirs)), None)


def matches(registered: str, sent: str) -> bool:
    """True if `sent` may be used where `registered` was registered.

    Text equality, case included; only the port of localhost or 127.0.0.1 is
    ignored. One is not the other.
    """
    return _same(registered, sent, _parts(sent))


def _same(registered: str, sent: str, theirs: _Parts | None) -> bool:
    ours = _registered(registered)
    if ours is None or theirs is None:
        return registered == sent and _VISIBLE.fullmatch(sent) is not None
    return ours == theirs


def _parts(uri: str) -> _Parts | None:
    """The parts that count of an address of this machine; None for every other."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or not _VISIBLE.fullmatch(uri) or int(found["port"] or 0) > 65535:
        return None
    # fidelity: redirect-port, redirect-slash
    return found["place"], found["path"] or "/", found["query"]


_registered = lru_cache(maxsize=256)(_parts)


def reply_url(redirect_uri: str, fields: Fields, mode: str) -> str:
    """The `Location` that carries `fields` by query or by fragment.

    A URI without a path comes back with `/`, and a query answer ends in an empty
    fragment, so that a fragment of the page before cannot stick to it.
    """
    if _PATHLESS.fullmatch(redirect_uri):
        place, mark, query = redirect_uri.partition("?")
        redirect_uri = f"{place}/{mark}{query}"  # fidelity: path-less-redirect
    if mode == "fragment":
        return f"{redirect_uri}#{encode_reply(fields)}"
    mark = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{mark}{encode_reply(fields)}#"  # fidelity: empty-fragment


def origin_of(redirect_uri: str) -> str:
    """The origin that a page's `form-action` must allow so that the answer can go there."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
