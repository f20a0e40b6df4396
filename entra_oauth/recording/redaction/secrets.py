"""The secrets that a recording holds, and the refusal of files that hold one of them.

Nothing here shares code with the redaction: what that overlooks, this is to find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from entra_oauth.errors import SecurityError
from entra_oauth.protocol.glossary.secrecy import is_public
from entra_oauth.protocol.messages import FORM, host_of, parse_form
from entra_oauth.recording.redaction.leak_search import leaks

if TYPE_CHECKING:
    from entra_oauth.protocol.messages import Fields
    from entra_oauth.recording.record import Recording

__all__ = ["live_secrets", "refuse_leaks"]

_SEARCHED = 12
"""Characters from which on the redaction looks for a value in other places."""

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
        elif lower in ("x-identity-header", "secret"):
            yield value.strip(), "auth"
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
