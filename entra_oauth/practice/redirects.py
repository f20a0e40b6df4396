"""Redirect URIs: which ones are allowed, and how an answer reaches one.

Rules of https://learn.microsoft.com/entra/identity-platform/reply-url, as far as
they are written down there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from entra_oauth.practice.answers import encode_reply

if TYPE_CHECKING:
    from entra_oauth.practice.directory import App, Redirect
    from entra_oauth.protocol.messages import Fields

__all__ = ["find", "matches", "origin_of", "reply_url"]

_VISIBLE = re.compile("[!-~]*")
_LOOPBACK = re.compile(
    r"(?P<place>https?://(?:localhost|127\.0\.0\.1))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.ASCII,
)


def find(app: App, sent: str) -> Redirect | None:
    """The registered redirect URI that `sent` is, if any."""
    return next((r for r in app.redirects if matches(r.uri, sent)), None)


def matches(registered: str, sent: str) -> bool:
    """Whether `sent` may be used where `registered` was registered.

    Text equality, case included; only the port of localhost or 127.0.0.1 is
    ignored. One is not the other.
    """
    if not _VISIBLE.fullmatch(sent):
        return False
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(sent)
    if ours is None or theirs is None:
        return registered == sent
    if int(theirs["port"] or 0) > 65535:
        return False
    # fidelity: redirect-port, redirect-slash
    return all(
        (ours[part] or default) == (theirs[part] or default)
        for part, default in (("place", ""), ("path", "/"), ("query", ""))
    )


def reply_url(redirect_uri: str, fields: Fields, mode: str) -> str:
    """The `Location` that carries `fields` by query or by fragment.

    A URI without a path comes back with `/`, and a query answer ends in an empty
    fragment, so that a fragment of the page before cannot stick to it.
    """
    if not urlsplit(redirect_uri).path:
        place, mark, query = redirect_uri.partition("?")
        redirect_uri = f"{place}/{mark}{query}"  # fidelity: path-less-redirect
    if mode == "fragment":
        return f"{redirect_uri}#{encode_reply(fields)}"
    mark = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{mark}{encode_reply(fields)}#"  # fidelity: empty-fragment


def origin_of(redirect_uri: str) -> str:
    """What a page's `form-action` must allow so that the answer can go there."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
