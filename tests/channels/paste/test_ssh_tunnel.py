"""The way of the answer from one's own computer to this machine, as an `ssh` command."""

from __future__ import annotations

import socket

import pytest

from entra_oauth.channels.paste.ssh_tunnel import tunnel
from entra_oauth.cli.session.wrap import filled

REAL = "https://login.microsoftonline.com/t/oauth2/v2.0/authorize"
HERE = "http://localhost:8400/t/oauth2/v2.0/authorize"
HOST = socket.gethostname()

COMMANDS = [
    ("192.0.2.7 5000 192.0.2.9 22", REAL, 5000, "ssh -L 5000:localhost:5000 ada@192.0.2.9"),
    (
        "192.0.2.7 5000 192.0.2.9 2222",
        REAL,
        5000,
        "ssh -L 5000:localhost:5000 -p 2222 ada@192.0.2.9",
    ),
    ("", REAL, 5000, f"ssh -L 5000:localhost:5000 ada@{HOST}"),
    ("strange words", REAL, 5000, f"ssh -L 5000:localhost:5000 ada@{HOST}"),
    ("a b 192.0.2.9 x", REAL, 5000, "ssh -L 5000:localhost:5000 ada@192.0.2.9"),
    ("", HERE, 5000, f"ssh -L 5000:localhost:5000 -L 8400:localhost:8400 ada@{HOST}"),
    ("", HERE, 8400, f"ssh -L 8400:localhost:8400 ada@{HOST}"),
    (
        "",
        "https://localhost/t",
        5000,
        f"ssh -L 5000:localhost:5000 -L 443:localhost:443 ada@{HOST}",
    ),
    ("", REAL, None, f"ssh -L 80:localhost:80 ada@{HOST}"),
]


@pytest.mark.parametrize(("connection", "url", "port", "command"), COMMANDS)
def test_it_carries_every_port_that_the_browser_needs(
    connection: str, url: str, port: int | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", connection)
    monkeypatch.setenv("LOGNAME", "ada")
    redirect_uri = f"http://localhost:{port}" if port else "http://localhost"
    _, told, *_ = lines = tunnel(url, redirect_uri)
    assert told == command
    assert filled(told, 40) == told
    rights = [line for line in lines if "administrator" in line]
    assert bool(rights) is (":localhost:80 " in command or ":localhost:443 " in command)


def test_a_place_that_was_named_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 5000 192.0.2.9 2222")
    assert tunnel(REAL, "http://localhost:5000", "you@there")[1].endswith("5000 you@there")
