"""The `ssh` command that brings the answer from a browser elsewhere to this machine."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from entra_oauth.protocol.messages import is_loopback

__all__ = ["tunnel"]

_SSH_PORT = "22"
_LEAST_FREE_PORT = 1024


def tunnel(url: str, redirect_uri: str, target: str | None = None) -> list[str]:
    """What to run on one's own computer, as lines for the person.

    `url` is the address to open there, `target` is `user@host` as seen from there; None
    guesses, and takes the port of the server from this session.
    """
    ports = [urlsplit(redirect_uri).port or 80]
    place = urlsplit(url)
    if is_loopback(place.hostname or ""):  # a practice authority is on this machine as well
        ports.append(place.port or (443 if place.scheme == "https" else 80))
    ports = list(dict.fromkeys(ports))
    here = _target() if target is None else target
    lines = [
        "The answer comes to this machine. For a browser on your own computer, run this there "
        "first:",
        " ".join(["ssh", *(f"-L {port}:localhost:{port}" for port in ports), here]),
    ]
    kept_back = [str(port) for port in ports if port < _LEAST_FREE_PORT]
    if kept_back:
        lines.append(
            f"Port {' and '.join(kept_back)} there may need the rights of an administrator (sudo)."
        )
    return lines


def _target() -> str:
    user = "you"
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    # "client address, client port, server address, server port" (ssh(1)).
    connection = os.environ.get("SSH_CONNECTION", "").split()
    if len(connection) != 4:
        return f"{user}@{socket.gethostname()}"
    port = connection[3]
    option = f"-p {port} " if port.isdecimal() and port != _SSH_PORT else ""
    return f"{option}{user}@{connection[2]}"
