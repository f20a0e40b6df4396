"""Planted secrets, and a search for them in everything that an error can reach.

The values here stand for a real code, state, verifier, nonce and tokens. `refused`
expects an error and looks for them in its text, its repr, its arguments and
attributes, and in what is chained to it, however deep.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from entra_oauth.errors import EntraOAuthError, plain
from entra_oauth.protocol.authority import Authority
from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest, Pkce, Procedure

__all__ = [
    "ACCESS_TOKEN",
    "CANARIES",
    "CLIENT_ID",
    "CODE",
    "NONCE",
    "REFRESH_TOKEN",
    "STATE",
    "TENANT",
    "VERIFIER",
    "article_request",
    "assert_clean",
    "assert_in_no_frame",
    "found_in",
    "hardened_request",
    "jwt",
    "refused",
]

TENANT = "a1bc2d34-5e67-8f89-01ab-c2345d6c78de"
CLIENT_ID = "12a34b56-789c-0d12-e3fa-b456789c0123"

CODE = "0.CanaryCode-" + "Cc1_" * 8
STATE = "CanaryState~" + "Ss2." * 8
VERIFIER = "CanaryVerifier-" + "Vv3_" * 8
NONCE = "CanaryNonce-" + "Nn4_" * 8
ACCESS_TOKEN = "eyJCanaryAccess" + "Aa5_" * 8 + ".eyJB.c2ln"
REFRESH_TOKEN = "1.CanaryRefresh-" + "Rr6_" * 8

CANARIES = (CODE, STATE, VERIFIER, NONCE, ACCESS_TOKEN, REFRESH_TOKEN)


def article_request(
    *, response_mode: str = "query", authority: Authority | None = None, state: str = STATE
) -> AuthorizationRequest:
    """The article's request, with a planted state."""
    return AuthorizationRequest.article(
        authority=authority or Authority.of(TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost",
        scopes=("databricks",),
        state=state,
        response_mode=response_mode,
    )


def hardened_request(
    *, response_mode: str = "form_post", authority: Authority | None = None
) -> AuthorizationRequest:
    """A hardened request all of whose secrets are planted."""
    return AuthorizationRequest(
        procedure=Procedure.HARDENED,
        authority=authority or Authority.of(TENANT),
        client_id=CLIENT_ID,
        redirect_uri="http://localhost:8400/back",
        response_mode=response_mode,
        scopes=("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default", "openid", "offline_access"),
        state=STATE,
        pkce=Pkce(VERIFIER),
        nonce=NONCE,
    )


def jwt(header: Mapping[str, Any], claims: Mapping[str, Any], signature: str = "c2ln") -> str:
    """A compact JWT with a signature that is none."""
    parts = (json.dumps(part).encode() for part in (header, claims))
    encoded = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return ".".join((*encoded, signature))


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote_plus(secret), secret[:24])
    yield base64.b64encode(secret.encode()).decode()[:24]
    yield base64.urlsafe_b64encode(secret.encode()).decode()[:24]


def found_in(subject: object, secrets: Iterable[str] = CANARIES) -> list[str]:
    """Where a secret is found in an object, or in anything that it leads to."""
    needles = [spelling for secret in secrets for spelling in _spellings(secret)]
    return list(_search(subject, needles, "", set()))


def _search(subject: object, needles: list[str], path: str, seen: set[int]) -> Iterator[str]:
    if subject is None or isinstance(subject, int | float | type) or id(subject) in seen:
        return
    seen.add(id(subject))
    if isinstance(subject, bytes | bytearray):
        subject = subject.decode("latin-1")
    if isinstance(subject, str):
        yield from (f"{path}: {needle}" for needle in needles if needle in subject)
        return
    for text in (repr(subject), str(subject)):
        yield from (f"{path} as text: {needle}" for needle in needles if needle in text)
    if isinstance(subject, BaseException | Mapping | list | tuple | set | frozenset):
        for name, value in _parts(subject):
            yield from _search(value, needles, f"{path}.{name}", seen)


def _parts(subject: object) -> Iterator[tuple[str, object]]:
    if isinstance(subject, Mapping):
        yield from ((str(key), value) for key, value in subject.items())
        yield "keys", tuple(subject)
    elif isinstance(subject, BaseException):
        # Slots included: UnicodeError.object and JSONDecodeError.doc hold what they read.
        names = [n for n in dir(subject) if not n.startswith("__")]
        names += ["__dict__", "__cause__", "__context__", "__notes__"]
        yield from ((name, getattr(subject, name, None)) for name in names)
    elif isinstance(subject, Iterable):
        yield from ((str(index), value) for index, value in enumerate(subject))


def assert_clean(subject: object) -> None:
    """Fail if a planted secret can be reached from `subject`."""
    assert found_in(subject) == []


@contextmanager
def refused(kind: type[EntraOAuthError]) -> Iterator[pytest.ExceptionInfo[EntraOAuthError]]:
    """Expect exactly this error: clean, with a sentence on what happened and one to act on."""
    with pytest.raises(EntraOAuthError) as caught:
        yield caught
    error = caught.value
    assert type(error) is kind, error
    assert_clean(error)
    assert error.what.endswith((".", "!", "?", "…"))
    assert error.advice.endswith(".")
    assert str(error) == f"{error.what} {error.advice}"
    assert str(error) == plain(str(error), limit=10_000)


def _values_in_frames(error: BaseException) -> Iterator[str]:
    """The values that a tool would print: of all frames in the package, chained errors included."""
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None:
            continue
        waiting += [each.__cause__, each.__context__]
        step = each.__traceback__
        while step is not None:
            if "/entra_oauth/" in step.tb_frame.f_code.co_filename.replace("\\", "/"):
                yield from map(repr, step.tb_frame.f_locals.values())
            step = step.tb_next


def assert_in_no_frame(error: BaseException, *secrets: str) -> None:
    """Fail if a tool that prints the values of the package's frames would show a secret."""
    shown = list(_values_in_frames(error))
    assert shown
    inner = {secret: repr(secret)[1:-1] for secret in secrets}
    assert [s for s, text in inner.items() if any(text in value for value in shown)] == []
