"""The secrets that a recording holds, and a last search for them in what is to be written.

Nothing here shares code with the redaction: what that overlooks, this is to find.
"""

from __future__ import annotations

import json
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from entra_oauth.errors import SecurityError
from entra_oauth.protocol.echoes import spellings
from entra_oauth.protocol.glossary.secrecy import is_public
from entra_oauth.protocol.messages import FORM, host_of, parse_form

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields
    from entra_oauth.recording.record import Recording

__all__ = ["leaks", "live_secrets", "needles", "refuse_leaks"]

SHORTEST = 16
"""Characters of a secret that is searched for; shorter ones are found everywhere."""
_PIECE = 24
"""Characters at each end of a long secret: a piece of it that was left is found too."""
_SEARCHED = 12
"""Characters from which on the redaction looks for a value in other places."""
_STRIDE = 8
"""Bytes from one place that is looked at to the next."""
_MAX_UNPACKED = 16 * 1024 * 1024

_KINDS = {
    "access_token": "at",
    "actor_token": "at",
    "assertion": "asrt",
    "client_assertion": "asrt",
    "client_info": "info",
    "client_secret": "sec",
    "code": "code",
    "code_verifier": "pkce",
    "device_code": "dev",
    "id_token": "idt",
    "id_token_hint": "idt",
    "nonce": "nonce",
    "passwd": "pw",
    "password": "pw",
    "refresh_token": "rt",
    "samlresponse": "saml",
    "session_state": "sess",
    "state": "state",
    "subject_token": "at",
    "user_code": "user",
}
_TAKEN_OUT = re.compile(r"(?:ey[^.]*\.[^.]*\.)?(?:[a-z]{1,5}~[0-9a-f]{10}~*|~[a-z]{1,5}~)")
"""What stands there instead of a secret."""
_NEXT_COOKIE = re.compile(r",\s*(?=[^\s=;,]{1,256}+\s*=)")
_GZIP = b"\x1f\x8b\x08"
_BACKSLASH = re.compile(
    rb"\\u([dD][89abAB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})"
    rb"|\\u([0-9A-Fa-f]{4})|\\(.)",
    re.DOTALL,
)
_ENTITY = re.compile(rb"&[#A-Za-z][A-Za-z0-9]{0,30};?")


def live_secrets(recording: Recording) -> dict[str, str]:
    """Every secret value that passed, with its kind."""
    found: dict[str, str] = {}
    for exchange in recording.exchanges:
        for message in (exchange.request, exchange.response):
            if message is None:
                continue
            for name, value in _named_values(message.headers, message.body):
                _keep(found, name, value)
            for value, kind in _in_headers(message.headers):
                found.setdefault(value, kind)
        for name, value in _in_address(exchange.request.url):
            _keep(found, name, value)
    hosts = {host_of(exchange.request.url) for exchange in recording.exchanges}
    known = {v: kind for v, kind in found.items() if v and not _TAKEN_OUT.fullmatch(v)}
    return {v: kind for v, kind in known.items() if len(v) < _SEARCHED or not is_public(v, hosts)}


def _keep(found: dict[str, str], name: str, value: str) -> None:
    kind = _KINDS.get(name.lower())
    if kind is not None:
        found.setdefault(value, kind)


def _named_values(headers: Fields, body: bytes) -> Iterator[tuple[str, str]]:
    kind = next((v for n, v in headers if n.lower() == "content-type"), "").lower()
    if kind.startswith(FORM):
        yield from parse_form(body.decode("latin-1"))
    elif body.lstrip()[:1] in (b"{", b"["):
        try:
            yield from _strings("", json.loads(body))
        except (ValueError, RecursionError):
            return


def _strings(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(name, inner)


def _in_headers(headers: Fields) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        lower = name.lower()
        if lower in ("authorization", "proxy-authorization"):
            yield value.partition(" ")[2].strip(), "auth"
        elif lower in ("cookie", "set-cookie"):
            for piece in _cookies(value, is_set=lower == "set-cookie"):
                yield piece.partition("=")[2].strip(), "ck"
        elif lower in ("location", "referer"):
            for inner, found in _in_address(value):
                if kind := _KINDS.get(inner.lower()):
                    yield found, kind


def _in_address(url: str) -> Iterator[tuple[str, str]]:
    before, _, fragment = url.partition("#")
    yield from parse_form(before.partition("?")[2])
    yield from parse_form(fragment)


def _cookies(value: str, *, is_set: bool) -> Iterator[str]:
    """Names with values, of all cookies in a header, however several were joined."""
    for line in re.split(r"[\r\n]", value):
        yield from line.split(";")[:1] if is_set else line.split(";")
        for joined in _NEXT_COOKIE.split(line)[1:]:
            yield joined.partition(";")[0]


# ---- the search ------------------------------------------------------------------------


def needles(secret: str) -> frozenset[bytes]:
    """The pieces by which a secret is known: of a JWT its signature, else its ends too."""
    data = secret.encode("utf-8", "surrogatepass")
    if len(data) < SHORTEST:
        return frozenset()
    pieces = {data}
    # The claims of a token may stay readable, and two tokens begin alike. Only the signature
    # is the secret of a JWT.
    signature = data.rpartition(b".")[2]
    if data.startswith(b"ey") and data.count(b".") in (2, 4):
        if len(signature) >= SHORTEST:
            pieces.add(signature)
    elif len(data) >= 2 * _PIECE:
        pieces |= {data[:_PIECE], data[-_PIECE:]}
    return frozenset(pieces)


def leaks(data: bytes, secrets: Iterable[str]) -> bool:
    """True if one of these secrets is in there, in any usual spelling."""
    search = _Search(secrets)
    return any(map(search.finds_any, _readings(data)))


class _Search:
    """Looks for all spellings of all secrets at once, at every eighth byte of a text."""

    # Each spelling has 16 bytes or more. So wherever one stands, one of its first eight blocks
    # of eight bytes begins at a place that is looked at.

    def __init__(self, secrets: Iterable[str]) -> None:
        wanted = {needle for secret in secrets for needle in needles(secret)}
        coded = {spelling for needle in wanted for spelling in spellings(needle)}
        self._sorted: list[bytes] = []
        for each in sorted(wanted | coded):
            # Where one stands that begins with another, that stands there too.
            if not self._sorted or not each.startswith(self._sorted[-1]):
                self._sorted.append(each)
        self._longest = max(map(len, self._sorted), default=0)
        self._offsets: dict[bytes, set[int]] = {}
        for start in {each[:SHORTEST] for each in self._sorted}:
            for offset in range(_STRIDE):
                self._offsets.setdefault(start[offset : offset + _STRIDE], set()).add(offset)

    def finds_any(self, text: bytes) -> bool:
        """True if one stands in the text."""
        offsets = self._offsets
        for at in range(0, len(text) - _STRIDE + 1 if offsets else 0, _STRIDE):
            block = text[at : at + _STRIDE]
            if block in offsets and any(
                self._begins(text, at - offset) for offset in offsets[block] if at >= offset
            ):
                return True
        return False

    def _begins(self, text: bytes, at: int) -> bool:
        here = text[at : at + self._longest]
        index = bisect_right(self._sorted, here) - 1
        return index >= 0 and here.startswith(self._sorted[index])


def _readings(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The data as it is, and with the usual encodings undone."""
    # In a form a plus is a space, elsewhere it is a plus, as in base64: both are tried. Twice
    # percent-encoded is an address inside of an address.
    once = unquote_to_bytes(data.replace(b"+", b" "))
    twice = unquote_to_bytes(once)
    joined = data.replace(b"\r", b"").replace(b"\n", b"")
    seen = {data, unquote_to_bytes(data), once, twice, data.lower(), joined}
    for text in tuple(seen):
        if b"&" in text:
            seen.add(_ENTITY.sub(_reference, text))
        if b"\\" in text:
            seen.add(_BACKSLASH.sub(_character, text))
    yield from seen
    if depth < 3:  # gzip inside of gzip, but no bomb of a thousand layers
        at = data.find(_GZIP)
        while at >= 0:
            try:
                inner = zlib.decompressobj(31).decompress(data[at:], _MAX_UNPACKED)
            except zlib.error:
                inner = b""
            if inner:
                yield from _readings(inner, depth + 1)
            at = data.find(_GZIP, at + 1)


def _reference(match: re.Match[bytes]) -> bytes:
    return unescape(match[0].decode("ascii")).encode("utf-8", "surrogatepass")


def _character(match: re.Match[bytes]) -> bytes:
    if match[4]:
        return match[4]
    units = [int(unit, 16) for unit in match.groups()[:3] if unit]
    code = units[0] if len(units) == 1 else 0x10000 + (units[0] % 0x400 << 10) + units[1] % 0x400
    return chr(code).encode("utf-8", "surrogatepass")


def refuse_leaks(files: Mapping[str, bytes], secrets: Iterable[str]) -> None:
    """Raise `SecurityError` if a finished file still holds a secret. Names the file only."""
    values = tuple(secrets)
    for name, data in files.items():
        if leaks(data, values):
            raise SecurityError(
                f"The recording was not written: {name} would still have held a secret.",
                advice="Please report the verb and the kind of authority. With --redact none it "
                "is written as it is, secrets and all.",
            )
