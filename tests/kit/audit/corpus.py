"""Very many recordings, with secrets of their own in each, and hostile ones among them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from entra_oauth.recording.har.har_write import har_text
from entra_oauth.recording.save import evidence_of
from entra_oauth.recording.step import Level
from kit import canaries
from kit.recordings import recording

__all__ = ["HOSTILE", "make_corpus", "secrets_of"]

_PLANTED = (canaries.CODE, canaries.STATE, canaries.VERIFIER, canaries.REFRESH_TOKEN)
_REQUEST = (
    "POST /tenant/oauth2/v2.0/token HTTP/1.1\r\nHost: login.microsoftonline.com\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    f"client_id={canaries.CLIENT_ID}&grant_type=authorization_code&code={canaries.CODE}"
)
_ADDRESS = (
    f"https://login.microsoftonline.com/{canaries.TENANT}/oauth2/v2.0/authorize"
    f"?client_id={canaries.CLIENT_ID}&response_type=code&redirect_uri=http%3A%2F%2Flocalhost"
    f"&response_mode=query&scope=openid&state={canaries.STATE}"
)


@cache
def _zip_bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.har", b'{"log": {"entries": [' + b" " * (110 * 2**20))
    return made.getvalue()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty.har": lambda: b"",
    "cut.har": lambda: _har(hardened=True).encode()[:3000],
    "nested.har": lambda: b'{"log":' + b"[" * 100_000,
    "number.har": lambda: b'{"log":{"entries":[' + b"9" * 50_000 + b"]}}",
    "noise.bin": lambda: bytes(range(256)) * 400,
    "bomb.zip": _zip_bomb,
    "not-utf8.har": lambda: b'{"log":{"creator":"\xff\xfe"}}',
    "twice.har": lambda: b'{"log":{},"log":{"entries":[]}}',
    "other.json": lambda: json.dumps({"password": canaries.CODE}).encode(),
    "address.txt": lambda: f"https://example.com/?x={canaries.CODE}\x1b[2J".encode(),
}
"""Ten that no program should choke on, by their names."""


def _har(*, hardened: bool) -> str:
    """Two exchanges of a sign-in with all its secrets, as another program writes them."""
    evidence = evidence_of(recording(hardened=hardened), level=Level.NONE, created_at=1.0)
    made = json.loads(har_text(evidence))
    del made["log"]["_redaction"]
    made["log"]["entries"] = made["log"]["entries"][:3]
    for entry in made["log"]["entries"]:
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
    return json.dumps(made)


def secrets_of(number: int) -> list[str]:
    """The secrets of one recording, as long as those that they stand for."""
    return [f"Own{at}x{number:06d}" + secret[11:] for at, secret in enumerate(_PLANTED)]


def _contents(count: int) -> Iterator[tuple[str, bytes]]:
    kinds = (_har(hardened=True), _REQUEST, _har(hardened=False), _ADDRESS)
    for number in range(count):
        text = kinds[number % len(kinds)]
        for planted, own in zip(_PLANTED, secrets_of(number), strict=True):
            text = text.replace(planted, own)
        yield f"{number // 1000}/{number:06d}", text.encode()


def make_corpus(folder: Path, count: int) -> Path:
    """A new folder with so many recordings, of which ten are hostile."""
    for name, data in _contents(count - len(HOSTILE)):
        path = folder / name
        if not path.parent.exists():
            os.makedirs(path.parent)
        path.write_bytes(data)
    for name, make in HOSTILE.items():
        (folder / name).write_bytes(make())
    return folder
