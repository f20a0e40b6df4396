"""The practice tenant: an Entra-shaped authority, embedded and offline.

It shares no OAuth code with the client of this package, so that the two cannot
agree on a mistake. It sees the rooms `errors`, `protocol.messages`,
`channels.base` and `channels.loopback`, and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.carrier import http_send
    from entra_oauth.practice.directory import Directory
    from entra_oauth.practice.hosts import serve
    from entra_oauth.practice.tenant import PracticeTenant, Trailer
    from entra_oauth.practice.user_agent import PracticeBrowser

__all__ = ["Directory", "PracticeBrowser", "PracticeTenant", "Trailer", "http_send", "serve"]

_HOMES = {
    "Directory": "directory",
    "PracticeBrowser": "user_agent",
    "PracticeTenant": "tenant",
    "Trailer": "tenant",
    "http_send": "carrier",
    "serve": "hosts",
}


if not TYPE_CHECKING:  # a type checker must see a misspelt name

    def __getattr__(name: str) -> object:
        """The public names, imported when they are first used."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
