"""The practice tenant: an Entra-shaped authority, embedded and offline.

It shares no OAuth code with the client of this package, so that the two cannot
agree on a mistake. It sees the rooms `errors`, `protocol.messages`,
`channels.base` and `channels.loopback`, and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.practice.browser.transport import http_send
    from entra_oauth.practice.browser.user_agent import PracticeBrowser
    from entra_oauth.practice.directory.defaults import read_directory
    from entra_oauth.practice.directory.model import Directory
    from entra_oauth.practice.server.hosts import serve
    from entra_oauth.practice.tenant import PracticeTenant, Trailer

__all__ = [
    "Directory",
    "PracticeBrowser",
    "PracticeTenant",
    "Trailer",
    "http_send",
    "read_directory",
    "serve",
]

_HOMES = {
    "Directory": "directory.model",
    "PracticeBrowser": "browser.user_agent",
    "PracticeTenant": "tenant",
    "Trailer": "tenant",
    "http_send": "browser.transport",
    "read_directory": "directory.defaults",
    "serve": "server.hosts",
}


if not TYPE_CHECKING:  # a type checker must see a misspelt name

    def __getattr__(name: str) -> object:
        """The public names, imported when they are first used."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
